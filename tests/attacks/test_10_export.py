"""Attack 10: open every exported file and look for what was not meant to leave.

The attacker is sent a file and looks beyond what a viewer shows: every column of every layer, the
members around them, the tables that describe a GeoPackage (in which an old extent can outlive the
row it came from), the properties of a workbook and a picture, the comment of a zip. The attack
passes when all of it is exactly what the lists below allow, for the district and for a partner; a
format that has no list here fails, so that none is added unseen.
"""

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from districts import PLANS, District
from PIL import Image, PngImagePlugin

from famgeo.outputs import EXPORTERS

PLACE = (
    *("site_id", "name", "kind", "capacity", "wheelchair", "child_care"),
    *("languages", "opening_hours", "meetings"),
)
OWN_PLACE = (*PLACE[:-1], "cost_usd", "meetings", "families")
POINT = ("lon", "lat")
COLLECTION = {"type", "attribution", "study", "release_id", "features"}
ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("district", "sites.csv"): (*OWN_PLACE, *POINT),
    ("district", "summary.csv"): ("what", "value"),
    ("district", "about.txt"): (),
    ("district", "sites.geojson"): (*OWN_PLACE, "families_text"),
    ("district", "home-areas.geojson"): ("home_area_id", "families"),
    ("partner", "sites.csv"): (*PLACE, *POINT),
    ("partner", "about.txt"): (),
    ("partner", "sites.geojson"): PLACE,
}
"""What each file may hold, by audience: its columns, in order."""

SYSTEM_TABLES = re.compile(r"gpkg_(?!metadata)\w+|rtree_\w+|sqlite_sequence")
OFFICE_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(app|core)\.xml"
    r"|xl/(workbook|styles|sharedStrings|theme/theme1|worksheets/sheet\d+)\.xml"
    r"|xl/_rels/workbook\.xml\.rels"
)
AUTHOR = "famgeo"
EXTENT_DEGREES = 2e-5
"""An index of shapes keeps four bytes of a number."""


def faults_of(path: Path, *, audience: str, plan: str) -> list[str]:
    """Return all that a file holds beyond its list."""
    what = path.name.removeprefix(f"{plan}-").removeprefix("for-partners-")
    if (audience, what) not in ALLOWED:
        return [f"{path.name}: there is no list of what it may hold"]
    listed = ALLOWED[audience, what]
    found = [f"columns {columns}" for columns in columns_of(path) if columns != listed]
    return [f"{path.name}: {fault}" for fault in (*found, *hidden_in(path))]


def columns_of(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the columns of every layer, sheet or feature of a file."""
    if path.suffix == ".csv":
        yield tuple(next(csv.reader(io.StringIO(path.read_text("utf-8-sig")))))
    if path.suffix == ".geojson":
        for feature in json.loads(path.read_text())["features"]:
            yield tuple(feature["properties"])
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            for (layer,) in database.execute("select table_name from gpkg_contents").fetchall():
                rows = database.execute(f'pragma table_info("{layer}")').fetchall()
                yield tuple(row[1] for row in rows if row[1] not in {"fid", "geom"})
    if path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path).worksheets:
            yield tuple(cell.value for cell in sheet[1])


def hidden_in(path: Path) -> Iterator[str]:
    """Yield what a viewer does not show: members, extents, properties, comments."""
    if path.suffix == ".geojson":
        collection = json.loads(path.read_text())
        yield from (f"member {name}" for name in sorted(set(collection) ^ COLLECTION))
        for feature in collection["features"]:
            yield from _feature_members(feature)
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            yield from _package_faults(path, database)
    if path.suffix == ".xlsx":
        yield from _workbook_faults(path)
    if path.suffix in {".png", ".jpg"}:
        picture = Image.open(path)
        yield from (f"property {name}" for name in picture.info if name not in {"dpi", "gamma"})
        yield from (f"EXIF {tag}" for tag in picture.getexif())
    if path.suffix == ".txt":
        yield from _sentence_faults(path.read_text("utf-8"))


def _feature_members(feature: dict[str, Any]) -> Iterator[str]:
    extra = set(feature) ^ {"type", "geometry", "properties"}
    extra |= set(feature["geometry"]) ^ {"type", "coordinates"}
    yield from (f"member {name}" for name in sorted(extra))


def _package_faults(path: Path, database: sqlite3.Connection) -> Iterator[str]:
    tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
    layers = database.execute(
        "select table_name, identifier, description, min_x, min_y, max_x, max_y from gpkg_contents"
    ).fetchall()
    known = {layer[0] for layer in layers}
    yield from (
        f"table {name}" for (name,) in tables if name not in known and not SYSTEM_TABLES.match(name)
    )
    for layer, identifier, description, *extent in layers:
        if identifier != layer or description:
            yield f"layer {layer} is described as {identifier}: {description}"
        drawn = gpd.read_file(path, layer=layer).total_bounds
        if not np.allclose(drawn, extent, atol=EXTENT_DEGREES):
            yield f"layer {layer} has an extent that is not that of its rows"


def _workbook_faults(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        parts = archive.namelist()
        yield from (f"part {name}" for name in parts if not OFFICE_PARTS.fullmatch(name))
        if archive.comment:
            yield "a comment on the zip"
    book = openpyxl.load_workbook(path)
    told = {key: value for key, value in vars(book.properties).items() if value}
    allowed = {"creator", "created", "modified", "title"}
    yield from (f"property {key}" for key in sorted(told.keys() - allowed))
    if book.properties.creator not in {AUTHOR, None}:
        yield f"creator {book.properties.creator}"
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible" or any(
            d.hidden for d in (*sheet.column_dimensions.values(), *sheet.row_dimensions.values())
        ):
            yield f"something hidden on sheet {sheet.title}"
        yield from (f"a comment on {c.coordinate}" for row in sheet for c in row if c.comment)


def _sentence_faults(text: str) -> Iterator[str]:
    """Yield lines with a figure that are neither the release's name, the meetings nor a rule."""
    known = re.compile(r"Release: |Meetings: |.*the places of the plan|.*WGS 84|.*fewer than \d+ ")
    yield from (
        line for line in text.splitlines() if re.search(r"\d", line) and not known.match(line)
    )


def exported(district: District, audience: str) -> list[tuple[str, Path]]:
    """Return each exported file with its plan."""
    return [
        (plan, path)
        for plan in PLANS
        for path in sorted((district.out / audience).glob(f"{plan}-*"))
    ]


@pytest.mark.parametrize("audience", ["district", "partner"])
def test_every_file_holds_what_is_listed_and_nothing_else(district, audience):
    files = exported(district, audience)
    assert len(files) == len(list((district.out / audience).iterdir())) > 0
    assert [f for plan, p in files for f in faults_of(p, audience=audience, plan=plan)] == []


def test_every_format_was_exported_to_attack_it(district):
    written = {path.suffix.lstrip(".") for _, path in exported(district, "district")}
    assert written >= set(EXPORTERS)


def test_a_partner_s_file_says_nothing_of_families(district):
    for _, path in exported(district, "partner"):
        assert b"famil" not in path.read_bytes().lower()


def test_points_of_an_export_are_those_of_the_directory(district):
    directory = {point.wkb for point in district.study.sites().geometry}
    for plan in PLANS:
        places = gpd.read_file(district.out / "partner" / f"{plan}-for-partners-sites.geojson")
        assert {point.wkb for point in places.geometry} <= directory


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_column_that_was_left_in(small, tmp_path):
    places = pd.read_csv(small.out / "partner" / "one-for-partners-sites.csv")
    path = tmp_path / "one-for-partners-sites.csv"
    places.assign(families=40).to_csv(path, index=False)
    assert faults_of(path, audience="partner", plan="one") != []
    areas = small.release.home_areas.assign(households=";".join(small.homes["household_id"][:3]))
    areas.to_file(tmp_path / "one-home-areas.geojson")
    assert faults_of(tmp_path / "one-home-areas.geojson", audience="district", plan="one") != []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_file_nobody_listed(tmp_path):
    (tmp_path / "one-homes.gpkg").touch()
    assert faults_of(tmp_path / "one-homes.gpkg", audience="district", plan="one") != []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_an_extent_that_outlived_its_row(small, tmp_path):
    path = tmp_path / "areas.gpkg"
    small.release.home_areas.to_file(path, layer="areas")
    assert list(hidden_in(path)) == []
    with closing(sqlite3.connect(path)) as database:
        database.execute("update gpkg_contents set min_x = -99.6771339")
        database.execute("create table homes_kept (lon real)")
        database.commit()
    assert {fault.split(" ")[0] for fault in hidden_in(path)} == {"layer", "table"}


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_workbook_and_a_picture_that_say_who_and_where(tmp_path):
    book = openpyxl.Workbook()
    book.properties.creator, book.properties.keywords = "steward", "H0001"
    book.active["A1"], book.active.column_dimensions["B"].hidden = "site_id", True
    book.save(tmp_path / "plan.xlsx")
    faults = " ".join(hidden_in(tmp_path / "plan.xlsx"))
    assert "creator steward" in faults
    assert "property keywords" in faults
    assert "hidden" in faults

    note = PngImagePlugin.PngInfo()
    note.add_text("Location", "38.2713347")
    Image.new("RGB", (2, 2)).save(tmp_path / "map.png", pnginfo=note)
    assert list(hidden_in(tmp_path / "map.png")) == ["property Location"]


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_members_around_the_rows(small, tmp_path):
    there = small.out / "district" / "one-sites.geojson"
    content = json.loads(there.read_text())
    content["bbox"] = list(small.mapped.total_bounds)
    content["features"][0]["id"] = "H0001"
    path = tmp_path / there.name
    path.write_text(json.dumps(content))
    assert len(faults_of(path, audience="district", plan="one")) == 2


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_figure_in_the_words(tmp_path):
    path = tmp_path / "one-for-partners-about.txt"
    path.write_text("Meetings: 2026-12-08T18:30/20:30\nThree families of 7 live near.\n")
    assert faults_of(path, audience="partner", plan="one") != []
