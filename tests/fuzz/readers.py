"""Every reader of a stranger's bytes: its seeds, how they are damaged, and how it is called."""

import bz2
import gzip
import io
import json
import os
import re
import struct
import sys
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import geopandas as gpd
import mutating
import openpyxl
import osmium
import pyogrio
import shapely

sys.path.append(str(Path(__file__).parents[1]))
from released import draw_release

from famgeo.domain import Meeting
from famgeo.outputs.exports import export_path
from famgeo.sources.assets import read_assets
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_basemap, read_pois, read_streets
from famgeo.sources.places import read_places
from famgeo.sources.population import read_population
from famgeo.sources.roster import households, read_roster
from famgeo.sources.schools import read_schools
from famgeo.store.releases import release_from_json, release_to_json
from famgeo.store.toml import read_settings

SAMPLE = Path(__file__).parents[2] / "data" / "riverbend"
ZONE = ZoneInfo("America/New_York")
ROWS = 40
UNWRITABLE = re.compile(r"[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
CANARY = re.compile(r"canary|4471\d|3390\d", re.IGNORECASE)
"""In every cell of a roster that tells of a family: ids, a name, an address, both coordinates."""


def city(path):
    """Return a file of a real city, where there are any."""
    folder = os.environ.get("FAMGEO_CITIES")
    return [Path(folder, path)] if folder else []


@dataclass(frozen=True)
class Case:
    """One file as damaged: its name, its bytes, and the files beside it."""

    name: str
    data: bytes
    beside: dict[str, bytes]


@dataclass(frozen=True)
class Reader:
    """``seeds()`` → files; ``damage(chance, seed)`` → Case; ``read(path)``, ``no_canary``."""

    seeds: object
    damage: object
    read: object


def first_rows(path, n=ROWS):
    return b"".join(path.read_bytes().splitlines(keepends=True)[: n + 1])


@cache
def roster_seeds():
    """Return rosters of which every telling cell holds a canary, one of the sample's shape."""
    rows = mutating.rows_of(first_rows(SAMPLE / "roster.csv"))
    header = [*rows[0], "guardian_name", "street_address"]
    told = {"student_id": "CANARYSTU{:04}", "household_id": "CANARYFAM{:04}"}
    told |= {"lon": "-99.{:04}4471", "lat": "38.{:04}3390"}
    out = [header]
    for i, row in enumerate(rows[1:]):
        cells = dict(zip(header, [*row, f"Canary Q {i}", f"{i} Canary Street"], strict=True))
        for name, form in told.items():
            last = str(i % 10) if name in {"lon", "lat"} else ""
            cells[name] = form.format(4000 + i % 30) + last
        out.append(list(cells.values()))
    family = header.index("household_id")
    no_household = [row[:family] + row[family + 1 :] for row in out]
    csv_of = lambda table: "\n".join(",".join(row) for row in table).encode()  # noqa: E731
    return [csv_of(out), csv_of(no_household)]


def sheet_damage(chance, seed):
    """Damage a table as CSV or as a workbook, which is damaged as a table, a zip or bytes."""
    if chance.random() < 0.7:
        return Case("any.csv", mutating.damaged_table(chance, seed), {})
    rows = mutating.rows_of(seed)[:12]
    if chance.random() < 0.5:
        rows = mutating.damaged_rows(chance, rows)
    data = workbook(rows)
    if chance.random() < 0.6:
        data = mutating.damaged_zip(chance, data, lambda chance, _, xml: damaged_xml(chance, xml))
    return Case(chance.choice(("any.xlsx", "any.csv")), data, {})


def workbook(rows):
    book, data = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append([UNWRITABLE.sub("", cell)[:9000] for cell in row])
    book.save(data)
    return data.getvalue()


XML_WORDS = (
    *("<", ">", "/>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&#0;", "]]>", "<!--", "</"),
    *('r="XFD1048576"', 'r="A0"', 'r="ZZZZ9"', 't="s"', 't="d"', "<v>99999999999</v>", 'id="-1"'),
    *('id="99999999999999999999"', 'lat="999"', 'lon="nan"', 'ref="1"', '<tag k="highway" v="x"/>'),
    *('id="9223372036854775807"', '<nd ref="0"/>', 'version="9.9"', 'k=""', "xmlns:a='b'"),
    *mutating.NASTY,
)


def damaged_xml(chance, data):
    return mutating.damaged_text(chance, data.decode("utf-8", "replace"), XML_WORDS)


def damaged_values(chance, data):
    """Replace values of attributes, and lose or repeat lines: the file stays well-formed."""
    lines = data.decode().splitlines()
    for _ in range(chance.choice((1, 2, 10, 100))):
        at = chance.randrange(2, len(lines) - 1)
        what = chance.randrange(6)
        if what == 0:
            del lines[at]
        elif what == 1:
            lines.insert(chance.randrange(2, len(lines) - 1), lines[at])
        else:
            values = re.findall(r'="([^"]*)"', lines[at]) or [""]
            other = re.findall(r'="([^"]*)"', chance.choice(lines[2:])) or ["0"]
            word = chance.choice((*other, *other, *other, chance.choice(mutating.NASTY)))
            word = re.sub(r"[\x00-\x1f\ud800-\udfff]", "", word)
            lines[at] = lines[at].replace(f'"{chance.choice(values)}"', quoteattr(word), 1)
    return "\n".join(lines).encode()


def table_seeds(name):
    return [first_rows(SAMPLE / name), *(first_rows(p) for p in city(f"nky/{name}"))]


@cache
def gtfs_seeds():
    """Return small feeds: the first rows of each file, and the rows that these refer to."""
    feeds = [SAMPLE / "gtfs.zip", *city("spo/spo.zip"), *city("nky/gtfs.zip")]
    return [mutating.zipped(small_feed(p.read_bytes())) for p in feeds]


def small_feed(data):
    return [
        (name, b"".join(content.splitlines(keepends=True)[: 121 if "times" in name else 4000]))
        for name, content in mutating.members_of(data)
        if not name.startswith(("shapes", "fare"))
    ]


def gtfs_damage(chance, seed):
    def one(chance, _, content):
        if chance.random() < 0.3:
            return mutating.damaged(chance, content)
        return mutating.damaged_table(chance, content)

    return Case("feed.zip", mutating.damaged_zip(chance, seed, one), {})


@cache
def street_seeds():
    """Return small extracts: some streets, buildings and places with all their nodes."""
    files = [SAMPLE / "streets.osm.pbf", *city("helsinki/Helsinki.osm.pbf")]
    return [small_extract(path) for path in files]


def small_extract(path):
    with TemporaryDirectory() as folder:
        out = Path(folder, "small.osm.pbf")
        with osmium.BackReferenceWriter(str(out), ref_src=str(path)) as writer:
            left = {"w": 120, "r": 6, "n": 60}
            for thing in osmium.FileProcessor(str(path)):
                kind = thing.type_str()
                if left[kind] and (kind != "n" or thing.tags):
                    left[kind] -= 1
                    writer.add(thing)
        return out.read_bytes()


@cache
def xml_seed(seed):
    with TemporaryDirectory() as folder:
        frm, out = Path(folder, "a.osm.pbf"), Path(folder, "a.osm")
        frm.write_bytes(seed)
        with osmium.SimpleWriter(str(out)) as writer:
            for thing in osmium.FileProcessor(str(frm)):
                writer.add(thing)
        return out.read_bytes()


def street_damage(chance, seed):
    if chance.random() < 0.5:
        return Case("x.osm.pbf", mutating.damaged_pbf(chance, seed), {})
    xml = xml_seed(seed)
    data = damaged_xml(chance, xml) if chance.random() < 0.3 else damaged_values(chance, xml)
    pack = chance.choice((bytes, bytes, bz2.compress, gzip.compress))
    packed = pack(data)
    if pack is not bytes and chance.random() < 0.4:
        packed = mutating.damaged(chance, packed)
    return Case(chance.choice(("x.osm", "x.osm.bz2", "x.pbf")), packed, {})


def people():
    boxes = [shapely.box(i / 10, 50, i / 10 + 0.1, 50.1) for i in range(6)]
    boxes[1] = boxes[1].difference(boxes[1].centroid.buffer(0.02))
    boxes[2] = shapely.MultiPolygon([boxes[2], shapely.box(3, 50, 3.1, 50.1)])
    return gpd.GeoDataFrame({"people": [5, 2, 9, 0, 1, 7], "note": "x"}, geometry=boxes, crs=4326)


@cache
def area_seeds():
    """Return the same areas as GeoJSON, GeoPackage, shapefile and a table of centres."""
    with TemporaryDirectory() as folder:
        kinds = {"a.gpkg": "GPKG", "a.shp": "ESRI Shapefile", "a.geojson": "GeoJSON"}
        for name, driver in kinds.items():
            pyogrio.write_dataframe(people(), Path(folder, name), driver=driver)
        files = {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}
    cells = "id,lon,lat,people\n" + "".join(f"{i},{i / 9},{50 + i / 7},{i}\n" for i in range(30))
    shapes = {n: files[n] for n in ("a.shp", "a.dbf", "a.prj", "a.cpg")}
    return [
        {"a.geojson": files["a.geojson"]},
        {"a.gpkg": files["a.gpkg"]},
        shapes,
        shapes,
        {"a.csv": cells.encode()},
    ]


def area_damage(chance, seed):
    files, main = dict(seed), next(iter(seed))
    which = chance.choice(list(files))
    if which == "a.geojson":
        files[which] = mutating.damaged_tree(chance, json.loads(files[which]))
    elif which == "a.csv":
        return sheet_damage(chance, files[which])
    elif which == "a.prj":
        files[which] = mutating.damaged_text(chance, files[which].decode())
    elif which == "a.gpkg" and chance.random() < 0.5:
        files[which] = with_damaged_shape(chance, files[which])
    else:
        files[which] = mutating.damaged(chance, files[which])
    data = files.pop(main)
    return Case(main, data, files)


def with_damaged_shape(chance, data):
    """Damage the bytes of a shape where they lie in the database's pages."""
    starts = [m.start() for m in re.finditer(rb"GP\x00.", data)]
    at = chance.choice(starts)
    shape = data[at : at + 120]
    changed = chance.choice((mutating.flipped, mutating.with_number))(chance, shape)[: len(shape)]
    if chance.random() < 0.2:
        changed = shape[:40] + struct.pack("<BII", 1, 6, 1) * 9
    return data[:at] + changed.ljust(len(shape), b"\1")[: len(shape)] + data[at + len(shape) :]


def text_damage(words, name, chance, seed):
    return Case(name, mutating.damaged_text(chance, seed.decode(), words), {})


TOML_WORDS = (
    *("[", "]", "[[", "{", "}", "=", "'''", '"""', "#", "limits", "k = 3", "1e400", "-inf", "nan"),
    *("0x" + "f" * 5000, "9" * 5000, "[" * 3000, "a.b.c = 1", "true", "1979-05-27"),
    *mutating.NASTY,
)
MEETING_WORDS = (
    *("0000", "9999-12-31", "24:00", "23:59", "00:00", "/", "//", " ", "T", "+01:00", "Z", "٣"),
    *("2026-03-08 02:30", "2026-11-01 01:30/01:10", *mutating.NASTY),
)
NAME_WORDS = ("..", "/", "\\", "CON", "a" * 70, "-", "_", "é", "\n", "~", "$HOME", *mutating.NASTY)


def read_meeting(path):
    return Meeting.parse(path.read_bytes().decode("utf-8", "surrogateescape"), ZONE)


def read_name(path):
    """Take a text as the name of a plan, and stay in the folder."""
    name = path.read_bytes().decode("utf-8", "surrogateescape")
    target = export_path(path.parent, name, "sites.csv", audience="district")
    assert target.parent.resolve() == path.parent.resolve()
    assert target.name.endswith("-sites.csv")
    return target


def read_release(path):
    return release_from_json(path.read_bytes().decode("utf-8", "surrogateescape"))


def release_damage(chance, seed):
    return Case("release.json", mutating.damaged_tree(chance, json.loads(seed)), {})


def read_households(path):
    read = read_roster(path, schools={"riverbend-high", "S1"})
    households(read.table)
    return read


PLACES = b"id,lon,lat\na,1,50\nb,2,51\nc,2.5,50.2\n"
TABLES = {
    "schools": Reader(partial(table_seeds, "schools.csv"), sheet_damage, read_schools),
    "assets": Reader(partial(table_seeds, "assets.csv"), sheet_damage, read_assets),
    "places": Reader(lambda: [PLACES], sheet_damage, read_places),
}
TEXTS = {
    "settings": Reader(
        lambda: [(SAMPLE / "famgeo.toml").read_bytes()],
        partial(text_damage, TOML_WORDS, "famgeo.toml"),
        read_settings,
    ),
    "meeting": Reader(
        lambda: [b"2020-02-05 18:00/20:00", b"2026-03-08T02:30/03:30"],
        partial(text_damage, MEETING_WORDS, "meeting.txt"),
        read_meeting,
    ),
    "name": Reader(lambda: [b"three-places"], partial(text_damage, NAME_WORDS, "n.txt"), read_name),
}
READERS = {
    "roster": Reader(roster_seeds, sheet_damage, read_households),
    **TABLES,
    **TEXTS,
    "release": Reader(
        lambda: [release_to_json(draw_release()).encode()], release_damage, read_release
    ),
    "areas": Reader(area_seeds, area_damage, partial(read_population, people_field="people")),
    "timetable": Reader(gtfs_seeds, gtfs_damage, partial(read_timetable, feed_id="f")),
    "streets": Reader(street_seeds, street_damage, read_streets),
    "places-of-osm": Reader(street_seeds, street_damage, read_pois),
    "basemap": Reader(street_seeds, street_damage, read_basemap),
}
