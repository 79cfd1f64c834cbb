"""Read the polygons of a GeoPackage and one field of them, as plain rows of a database.

Standard: OGC GeoPackage 1.3 (12-128r18). GDAL is not used: it opens whatever it recognises. The
file is a stranger's database, so it is read as SQLite advises for one: nothing of its own may run,
neither a view nor a trigger, a function or a virtual table.
"""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from famgeo.errors import SourceError
from famgeo.sources.rings import Ring, no_field, polygons

MAGIC = b"SQLite format 3\0"
MOST_STEPS = 500_000_000
STEPS_AT_ONCE = 1_000_000
LONGEST_VALUE = 100_000_000
ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
EMPTY = 0x10
POLYGON, MULTIPOLYGON = 3, 6
ODD_BYTES = (IndexError, KeyError, TypeError, OverflowError)
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})
CAREFUL = ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "query_only = ON")


def read_geopackage(path: Path, field: str) -> gpd.GeoDataFrame:
    """Return the polygons of the first layer with the field as ``people``, in its projection.

    Raises ``SourceError`` when the file is damaged, has no table of features or lacks the field.
    """
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            _guard(database)
            table, column, system = _layer(database, path.name)
            projection = _projection(database, system)
            rows = _rows(database, table, column, field, path.name)
        shapes = polygons([_rings(shape) for _, shape in rows])
    except (sqlite3.Error, CRSError, struct.error, ValueError, *ODD_BYTES) as error:
        if isinstance(error, SourceError):
            raise
        message = f"{path.name} cannot be read as a GeoPackage; export it again."
        raise SourceError(message) from error
    return gpd.GeoDataFrame(
        {"people": [people for people, _ in rows]}, geometry=shapes, crs=projection
    )


def _guard(database: sqlite3.Connection) -> None:
    """Let the database answer plain questions alone, and not for ever."""
    for setting in CAREFUL:
        database.execute(f"PRAGMA {setting}")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    left = iter(range(MOST_STEPS // STEPS_AT_ONCE))
    database.set_progress_handler(lambda: int(next(left, None) is None), STEPS_AT_ONCE)
    database.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY
    )


def _layer(database: sqlite3.Connection, name: str) -> tuple[str, str, int]:
    """Return the first table of features that is a real table, its shapes and its projection."""
    found = database.execute(
        "SELECT g.table_name, g.column_name, g.srs_id FROM gpkg_contents AS c "
        "JOIN gpkg_geometry_columns AS g ON g.table_name = c.table_name "
        "JOIN sqlite_master AS m ON m.name = g.table_name "
        # what is computed when it is read has no page of its own
        "WHERE c.data_type = 'features' AND m.type = 'table' AND m.rootpage > 0 "
        "ORDER BY g.rowid LIMIT 1"
    ).fetchone()
    if found is None:
        message = f"{name} has no table of shapes in it; export the areas again as a layer."
        raise SourceError(message)
    return str(found[0]), str(found[1]), int(found[2])


def _projection(database: sqlite3.Connection, system: int) -> pyproj.CRS | None:
    row = database.execute(
        "SELECT organization, organization_coordsys_id, definition "
        "FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (system,),
    ).fetchone()
    if row is None or system <= 0:
        return None
    if str(row[0]).upper() == "EPSG":
        return pyproj.CRS.from_epsg(int(row[1]))
    return pyproj.CRS.from_wkt(str(row[2]))


def _rows(
    database: sqlite3.Connection, table: str, column: str, field: str, name: str
) -> list[tuple[object, object]]:
    names = [
        str(about[0])
        for about in database.execute(f"SELECT * FROM {_quoted(table)} LIMIT 0").description  # noqa: S608
    ]
    if field not in names or field == column:
        raise no_field(name, field, [n for n in names if n != column])
    wanted = f"SELECT {_quoted(field)}, {_quoted(column)} FROM {_quoted(table)}"  # noqa: S608
    return database.execute(wanted).fetchall()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rings(shape: object) -> list[Ring]:
    """Return the rings of a GeoPackage shape; none when it is no polygon."""
    if not isinstance(shape, bytes) or shape[:2] != b"GP" or shape[3] & EMPTY:
        return []
    rings, _ = _wkb_rings(shape, 8 + ENVELOPE_BYTES[shape[3] >> 1 & 7])
    return rings


def _wkb_rings(data: bytes, at: int, *, part: bool = False) -> tuple[list[Ring], int]:
    """Return the rings of a WKB polygon or multipolygon that starts at a byte, and its end.

    A part of a multipolygon is a polygon: nothing nests deeper, however the bytes are made.
    """
    order = "<" if data[at] else ">"
    kind, n_parts = struct.unpack_from(f"{order}II", data, at + 1)
    flags, kind = kind & 0xE0000000, kind & 0x1FFFFFFF
    width = 2 + bool(flags & 0x80000000) + bool(flags & 0x40000000) + (0, 1, 1, 2)[kind // 1000 % 4]
    at += 9
    if kind % 1000 == POLYGON:
        rings = []
        for _ in range(n_parts):
            (n_points,) = struct.unpack_from(f"{order}I", data, at)
            points = np.frombuffer(data, f"{order}f8", n_points * width, at + 4)
            rings.append(points.reshape(-1, width)[:, :2].astype(np.float64))
            at += 4 + 8 * n_points * width
        return rings, at
    if kind % 1000 != MULTIPOLYGON or part:
        return [], at
    return _parts(data, at, n_parts)


def _parts(data: bytes, at: int, n_parts: int) -> tuple[list[Ring], int]:
    rings: list[Ring] = []
    for _ in range(n_parts):
        more, at = _wkb_rings(data, at, part=True)
        rings += more
    return rings, at
