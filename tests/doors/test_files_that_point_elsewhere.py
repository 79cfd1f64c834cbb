"""A file of areas that makes the reader open another file.

The weakness: GDAL opens whatever it recognises, whatever the name, and some of its formats point to
other files or addresses. An attacker sends "areas.geojson" that is a VRT, or a GeoPackage whose
view, trigger or virtual table runs when it is read, or a shapefile with something else beside it;
the answer then holds what another file of this computer says. What closes it: areas are read
without GDAL, by their first bytes; a GeoPackage is read as plain rows, with nothing of its own
allowed to run; the one thing GDAL does here is to write the background map.
"""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from famgeo.errors import FamgeoError, SourceError
from famgeo.sources.population import read_population

BOX = shapely.box(10, 50, 10.1, 50.1)
SECRET = 44717

POINTERS = {
    "vrt": "<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{}</SrcDataSource>"
    "</OGRVRTLayer></OGRVRTDataSource>",
    # 68 bytes of XML, then the mark by which a GeoPackage is known
    "vrt with the mark of a GeoPackage": "<OGRVRTDataSource><!--".ljust(68)
    + "GPKG--><OGRVRTLayer name='secret'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>"
    "</OGRVRTDataSource>",
    "pipeline": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {}"}}',
    "kml": "<kml><Document><NetworkLink><Link><href>{}</href></Link></NetworkLink></Document>"
    "</kml>",
    "entity": '<!DOCTYPE gml [<!ENTITY x SYSTEM "file://{}">]><gml>&x;</gml>',
    "service": "<OGRWFSDataSource><URL>http://127.0.0.1:9/{}</URL></OGRWFSDataSource>",
    "crs": '{{"type": "FeatureCollection", "features": [], "crs": {{"type": "link", "properties": '
    '{{"href": "file://{}"}}}}}}',
    "name of another file": "{}",
}
ENDINGS = ("geojson", "gpkg", "shp", "zip", "vrt", "gpkg.zip")


def people(folder, name, n=5, **options):
    path = folder / name
    areas = gpd.GeoDataFrame({"people": [n]}, geometry=[BOX], crs=4326)
    pyogrio.write_dataframe(areas, path, **options)
    return path


def is_refused(path):
    with pytest.raises(SourceError) as told:
        read_population(path, people_field="people")
    assert "\n" not in str(told.value)
    assert str(SECRET) not in str(told.value)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", POINTERS)
def test_a_pointer_under_any_name_is_refused(tmp_path, kind, ending):
    secret = people(tmp_path, "secret.geojson", SECRET)
    path = tmp_path / f"areas.{ending}"
    path.write_text(POINTERS[kind].format(secret))
    is_refused(path)


def test_gdal_itself_would_have_followed_the_pointer(tmp_path):
    secret = people(tmp_path, "secret.geojson", SECRET)
    path = tmp_path / "areas.gpkg"
    path.write_text(POINTERS["vrt with the mark of a GeoPackage"].format(secret))
    assert pyogrio.read_dataframe(path)["people"].tolist() == [SECRET]


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://127.0.0.1:9/areas.geojson",
        "/vsizip//etc/hostname.zip/areas.shp",
        "/vsimem/areas.geojson",
        "zip:///etc/areas.zip!areas.shp",
        "WFS:http://127.0.0.1:9/",
        "PG:host=127.0.0.1",
        "GPKG:/etc/passwd:areas",
    ],
)
def test_a_name_that_gdal_reads_as_an_address_is_a_missing_file(name):
    with pytest.raises(SourceError, match="there is no such file"):
        read_population(Path(name), people_field="people")


@pytest.mark.parametrize("ending", ["dbf", "prj", "shx", "cpg", "qix", "shp.xml", "aux.xml"])
@pytest.mark.parametrize("kind", POINTERS)
def test_a_pointer_beside_a_shapefile_is_not_followed(tmp_path, kind, ending):
    secret = people(tmp_path, "secret.geojson", SECRET)
    path = people(tmp_path, "areas.shp")
    path.with_name(f"areas.{ending}").write_text(POINTERS[kind].format(secret))
    try:
        found = str(read_population(path, people_field="people")["people"].tolist())
    except SourceError as error:
        found = str(error)
    assert found == "[5.0]" or "areas." in found
    assert str(SECRET) not in found


def package(tmp_path, *statements):
    """Write a GeoPackage and change it as its maker could, whatever the rules of the format."""
    path = people(tmp_path, "areas.gpkg", driver="GPKG", layer="areas")
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda _: 0)
        for statement in statements:
            database.executescript(statement)
    database.close()
    return path


SWAP = (
    "UPDATE gpkg_contents SET table_name = 'other';"
    "UPDATE gpkg_geometry_columns SET table_name = 'other';"
)
UNGUARDED = "PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON;"


COMPUTED = {
    "library": "CREATE VIEW other AS SELECT geom, load_extension('/tmp/evil.so') AS people "
    "FROM areas;",
    "endless": "CREATE VIEW other AS WITH RECURSIVE n(people) AS (SELECT 1 UNION ALL SELECT "
    "people + 1 FROM n) SELECT n.people, a.geom FROM n, areas AS a;",
    "file": "CREATE VIEW other AS SELECT geom, readfile('/etc/passwd') AS people FROM areas;",
    "huge": "CREATE TABLE other (geom BLOB, n INT, people AS (hex(zeroblob(90000000))));"
    "INSERT INTO other (geom, n) SELECT geom, 1 FROM areas;",
    "any file of GDAL's": "INSERT INTO sqlite_master VALUES ('table', 'other', 'other', 0, "
    "'CREATE VIRTUAL TABLE other USING VirtualOGR(''/etc/passwd'', 0)');",
    "said to be plain": "INSERT INTO sqlite_master VALUES ('table', 'other', 'other', 9999, "
    "'CREATE VIRTUAL TABLE other USING VirtualText(''/etc/passwd'')');",
    "index of words": "CREATE VIRTUAL TABLE other USING fts5(people, geom);",
}


@pytest.mark.parametrize("made", COMPUTED)
def test_a_layer_that_would_be_computed_is_refused(tmp_path, made):
    is_refused(package(tmp_path, UNGUARDED, SWAP, COMPUTED[made]))


def test_a_trigger_is_never_set_off(tmp_path):
    path = package(
        tmp_path,
        "CREATE TABLE seen (x);"
        "CREATE TRIGGER on_people AFTER UPDATE ON areas BEGIN INSERT INTO seen VALUES (1); END;",
    )
    before = path.read_bytes()
    assert read_population(path, people_field="people")["people"].tolist() == [5]
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*-journal")) + list(tmp_path.glob("*-wal"))


@pytest.mark.parametrize("depth", [2, 1000, 1_000_000])
def test_a_shape_within_a_shape_within_a_shape_does_not_end_the_program(tmp_path, depth):
    shape = b"GP\0\1\xe6\x10\0\0" + b"\1\6\0\0\0\1\0\0\0" * depth
    path = package(tmp_path)
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda _: 0)
        for trigger in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{trigger[0]}"')
        database.execute("UPDATE areas SET geom = ?", (shape,))
    database.close()
    is_refused(path)


def test_a_shape_may_not_count_more_points_than_it_holds(tmp_path):
    path = people(tmp_path, "areas.shp")
    data = bytearray(path.read_bytes())
    data[108 + 36 : 108 + 44] = b"\xff\xff\xff\x7f" * 2
    path.write_bytes(data)
    is_refused(path)


READ_ALL = """
import builtins, json, sqlite3, sys
from pathlib import Path
opened = []
def watch(event, args):
    if event in ("open", "sqlite3.connect", "ctypes.dlopen"):
        opened.append(str(args[0]))
from famgeo.sources.population import read_population
import pyproj, shapely
pyproj.CRS.from_epsg(4326)
sys.addaudithook(watch)
for name in sys.argv[1:]:
    read_population(Path(name), people_field="people")
strangers = {"pyogrio", "fiona", "osgeo", "pyogrio._io"} & set(sys.modules)
print(json.dumps([sorted(set(opened)), sorted(strangers), pyproj.network.is_network_enabled()]))
"""


def test_reading_areas_of_every_kind_opens_those_files_and_loads_no_gdal(tmp_path):
    files = [
        people(tmp_path, "a.geojson"),
        people(tmp_path, "b.gpkg", driver="GPKG"),
        people(tmp_path, "c.shp"),
        tmp_path / "d.csv",
    ]
    files[-1].write_text("id,lon,lat,people\na,10,50,7\n")
    (tmp_path / "c.vrt").write_text(POINTERS["vrt"].format(files[0]))
    command = [sys.executable, "-c", READ_ALL, *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    opened, strangers, asks_the_network = json.loads(ran.stdout)
    theirs = {
        Path(name.removeprefix("file://").split("?")[0]).name
        for name in opened
        if str(tmp_path) in name
    }
    assert theirs == {"a.geojson", "b.gpkg", "c.shp", "c.dbf", "c.prj", "d.csv"}
    assert not any(name.startswith(("/etc/", "http")) for name in opened)
    assert strangers == []
    assert not asks_the_network


def test_no_source_imports_a_library_that_guesses_what_a_file_is():
    folder = Path(sys.modules["famgeo.sources.population"].__file__).parent
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.py")))
    for word in ("pyogrio", "fiona", "osgeo", "read_file(", "read_excel", "pd.read_"):
        assert word not in text


def test_what_a_hostile_package_says_of_itself_is_an_error_of_ours(tmp_path):
    path = package(
        tmp_path,
        UNGUARDED,
        "UPDATE gpkg_spatial_ref_sys SET definition = 'x', organization = 'NONE';",
    )
    with pytest.raises(FamgeoError, match="cannot be read as a GeoPackage"):
        read_population(path, people_field="people")
