"""A file that is not what its name or its browser says.

The weakness: an upload's type is checked in the browser alone (CVE-2025-1684), where whoever sends
it decides. An attacker sends a program, a web page or a database as "roster.csv". What closes it:
every reader looks at the first bytes on this side and refuses what it does not read, in one
sentence that says what the file is; a name decides nothing, so a good file under a wrong name is
read as well.
"""

import bz2
import gzip
import io
import shutil
import sqlite3
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hostile import feed, workbook

from famgeo.errors import FamgeoError, SourceError
from famgeo.sources.assets import read_assets
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_basemap, read_pois, read_streets
from famgeo.sources.places import read_places
from famgeo.sources.population import read_population
from famgeo.sources.roster import read_roster
from famgeo.sources.schools import read_schools

SAMPLE = Path(__file__).parents[2] / "data" / "riverbend"
PLACES = b"id,lon,lat\na,10,50\nb,11,51\n"

TABLES = {
    "roster.csv": read_roster,
    "schools.xlsx": read_schools,
    "assets.csv": read_assets,
    "places.csv": read_places,
}
STREETS = {"a.osm.pbf": read_streets, "b.osm.pbf": read_pois, "c.osm.gz": read_basemap}
OTHERS = {
    "gtfs.zip": partial(read_timetable, feed_id="f"),
    "areas.geojson": partial(read_population, people_field="people"),
    "areas.shp": partial(read_population, people_field="people"),
    "areas.gpkg": partial(read_population, people_field="people"),
}
READERS = {**TABLES, **STREETS, **OTHERS}


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE people (id, lon, lat)")
    return connection.serialize()


def saved(write):
    data = io.BytesIO()
    write(data)
    return data.getvalue()


CONTENTS = {
    "nothing": b"",
    "blanks": b" \r\n\t" * 9,
    "program": b"\x7fELF\x02\x01\x01" + bytes(400),
    "windows program": b"MZ\x90\0\x03" + bytes(400),
    "script": b"#!/bin/sh\nrm -rf /\n",
    "web page": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "svg": b"<svg onload='alert(1)'/>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "old excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "rar": b"Rar!\x1a\x07\x01\0" + bytes(40),
    "gzip of a program": gzip.compress(b"\x7fELF" + bytes(400)),
    "bzip2 of a table": bz2.compress(PLACES),
    "database": database(),
    "pickle": b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "parquet": saved(pd.DataFrame({"id": ["a"]}).to_parquet),
    "arrays": saved(lambda file: np.savez(file, a=np.zeros(3))),
    "noise": bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8)),
    "half a workbook": workbook()[:2000],
    "header of a shapefile": b"\0\0\x27\x0a" + bytes(24) + struct.pack("<ii", 1000, 5) + bytes(64),
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", READERS)
def test_what_a_reader_does_not_read_is_refused_whatever_its_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(CONTENTS[content])
    with pytest.raises(SourceError) as told:
        READERS[name](path)
    assert name.split(".")[0] in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize(
    ("good", "name"),
    [
        ("roster.csv", "roster.xlsx"),
        ("roster.csv", "roster.exe"),
        ("schools.csv", "schools"),
        ("assets.csv", "assets.png"),
        ("gtfs.zip", "gtfs.csv"),
        ("streets.osm.pbf", "streets.html"),
    ],
)
def test_a_good_file_under_a_wrong_name_is_read(tmp_path, good, name):
    readers = {
        "roster.csv": read_roster,
        "schools.csv": read_schools,
        "assets.csv": read_assets,
        "gtfs.zip": partial(read_timetable, feed_id="f"),
        "streets.osm.pbf": read_streets,
    }
    path = shutil.copy(SAMPLE / good, tmp_path / name)
    assert readers[good](Path(path)).report.rows_used > 0


def test_a_workbook_called_csv_and_a_timetable_called_xlsx_are_known(tmp_path):
    path = tmp_path / "places.csv"
    path.write_bytes(workbook())
    assert read_places(path).table["id"].tolist() == ["HERE"]
    path = tmp_path / "places.xlsx"
    path.write_bytes(feed())
    with pytest.raises(SourceError, match="looks like a GTFS timetable; add it as transit instead"):
        read_places(path)


@pytest.mark.parametrize("name", READERS)
def test_a_device_or_a_pipe_is_no_file(name):
    for path in (Path("/dev/null"), Path("/dev/zero"), Path("/proc/self/mem")):
        if path.exists() and path.name != "zero":
            with pytest.raises(FamgeoError):
                READERS[name](path)
