"""Read the polygons of a shapefile and one field of them; no other file is ever opened.

Standard: ESRI Shapefile Technical Description (1998) and dBASE III. GDAL is not used: it opens
whatever it recognises, and some of the formats that it knows point to other files.
"""

import struct
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from famgeo.errors import SourceError
from famgeo.sources.rings import Ring, Rings, no_field, polygons
from famgeo.sources.sheets import read_bytes

MAGIC = b"\0\0\x27\x0a"
HEADER_BYTES = 100
POLYGONS = frozenset({5, 15, 25})
"""Polygon, PolygonZ and PolygonM: their x and y lie the same way."""
BOX_BYTES = 36
DELETED = ord("*")
FIELD_BYTES = 32


def read_shapefile(path: Path, data: bytes, field: str) -> gpd.GeoDataFrame:
    """Return the polygons with the field as float ``people``, in the file's own projection.

    The .dbf beside the file is needed; without a .prj there is no projection (``crs`` None).
    Raises ``SourceError`` when either is damaged, of another kind, or lacks the field.
    """
    table = _table(path)
    try:
        rings = _rings(data)
        people = _column(table, field, path.name)
        whole = len(people) == len(rings)
    except (struct.error, ValueError, IndexError) as error:
        if isinstance(error, SourceError):
            raise
        whole = False
    if not whole:
        message = f"{path.name} or its .dbf is damaged or cut off; copy all of its files again."
        raise SourceError(message)
    return gpd.GeoDataFrame({"people": people}, geometry=polygons(rings), crs=_projection(path))


def _table(path: Path) -> bytes:
    beside = _beside(path, ".dbf")
    if not beside.is_file():
        message = f"{path.name} lies alone; keep its .dbf and .prj beside it."
        raise SourceError(message)
    return read_bytes(beside)


def _beside(path: Path, ending: str) -> Path:
    """Return the file's sibling, whose ending may be written in capitals."""
    siblings = [path.with_suffix(ending), path.with_suffix(ending.upper())]
    return next((p for p in siblings if p.is_file()), siblings[0])


def _rings(data: bytes) -> Rings:
    """Return the rings of every record, in order."""
    (kind,) = struct.unpack_from("<i", data, 32)
    if kind not in POLYGONS:
        message = "there are no polygons"
        raise ValueError(message)
    found: Rings = []
    at = HEADER_BYTES
    while at < len(data):
        _, words = struct.unpack_from(">ii", data, at)
        content = data[at + 8 : at + 8 + 2 * words]
        if words < 2 or len(content) < 2 * words:  # noqa: PLR2004 - a record holds its kind at least
            message = "a record is cut off"
            raise ValueError(message)
        found.append(_rings_of(content))
        at += 8 + 2 * words
    return found


def _rings_of(content: bytes) -> list[Ring]:
    (kind,) = struct.unpack_from("<i", content)
    if kind not in POLYGONS:
        return []
    n_rings, n_points = struct.unpack_from("<ii", content, BOX_BYTES)
    if not (0 <= n_rings <= len(content) and 0 <= n_points <= len(content)):
        message = "a record counts more than it holds"
        raise ValueError(message)
    starts = np.frombuffer(content, "<i4", n_rings, BOX_BYTES + 8)
    points = np.frombuffer(content, "<f8", 2 * n_points, BOX_BYTES + 8 + 4 * n_rings)
    if n_rings and (starts[0] or (np.diff(starts) < 0).any() or starts[-1] > n_points):
        message = "rings overlap"
        raise ValueError(message)
    return [r.astype(np.float64) for r in np.split(points.reshape(-1, 2), starts[1:])]


def _column(table: bytes, field: str, name: str) -> NDArray[np.float64]:
    """Return one field of a dBASE table as numbers; what is blank or no number is NaN."""
    n_rows, header_bytes, row_bytes = struct.unpack_from("<IHH", table, 4)
    fields: dict[str, tuple[int, int]] = {}
    at, end = FIELD_BYTES, 1
    while at + FIELD_BYTES <= header_bytes and table[at : at + 1] not in {b"\r", b""}:
        label = table[at : at + 11].split(b"\0")[0].decode("utf-8", "replace")
        fields.setdefault(label, (end, table[at + 16]))
        end += table[at + 16]
        at += FIELD_BYTES
    if field not in fields:
        raise no_field(name, field, list(fields))
    if end > row_bytes or header_bytes + n_rows * row_bytes > len(table):
        message = "the table is cut off"
        raise ValueError(message)
    rows = np.frombuffer(table, np.uint8, n_rows * row_bytes, header_bytes).reshape(n_rows, -1)
    first, width = fields[field]
    cells = [bytes(c).strip(b" \0").decode("latin-1") for c in rows[:, first : first + width]]
    people = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)
    return np.where(rows[:, 0] == DELETED, np.nan, people)


def _projection(path: Path) -> pyproj.CRS | None:
    projection = _beside(path, ".prj")
    if not projection.is_file():
        return None
    try:
        return pyproj.CRS.from_wkt(read_bytes(projection).decode("utf-8", "replace"))
    except CRSError as error:
        message = f"{projection.name} names no projection that is known; export it as WGS 84."
        raise SourceError(message) from error
