"""What fuzzing found, each as small as it can be: it was a traceback, a crash or a leak."""

import bz2
import json
import struct
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import mutating
import osmium
import pytest
import shapely

sys.path.append(str(Path(__file__).parents[1]))
from feeds import FEED, write_feed
from released import draw_release

from famgeo.domain import Meeting
from famgeo.errors import PlanError, ReleaseError, SourceError, StudyError
from famgeo.outputs.exports import export_path
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_basemap, read_pois, read_streets
from famgeo.sources.population import read_population
from famgeo.sources.roster import read_roster
from famgeo.store.releases import plan_from_json, release_from_json, release_to_json
from famgeo.store.toml import read_settings

ZONE = ZoneInfo("America/New_York")
SETTINGS = 'name = "Ours"\ntimezone = "UTC"\n'
LONGEST = 700


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < LONGEST
    return text


@pytest.mark.parametrize("name", ["trips.txt", "stop_times.txt", "calendar.txt"])
@pytest.mark.parametrize(
    "damage", [lambda t: t.replace(",", "\r", 1), lambda t: '"' + t[:1] * 200_000]
)
def test_a_timetable_s_header_that_is_no_header(tmp_path, name, damage):
    path = write_feed(tmp_path / "feed.zip", {name: damage(FEED[name]) + "\n"})
    with pytest.raises(SourceError) as told:
        read_timetable(path, feed_id="f")
    assert name in one_sentence(told)


@pytest.mark.parametrize("lon", ["inf", "1e", "", "1" * 9000, "10,5", "ü"])
def test_a_place_on_the_map_that_is_no_place(tmp_path, lon):
    path = tmp_path / "town.osm"
    path.write_text(
        f'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="5" lon="{lon}"/></osm>'
    )
    for read in (read_streets, read_pois):
        with pytest.raises(SourceError) as told:
            read(path)
        one_sentence(told)


def test_a_street_file_packed_with_bzip2_is_known_however_large_its_first_block(tmp_path):
    nodes = "".join(
        f'<node id="{i}" lat="{50 + i % 997 / 999}" lon="{i % 89}"/>' for i in range(1, 9000)
    )
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    path = tmp_path / "town.osm.bz2"
    path.write_bytes(
        bz2.compress(f"<?xml version='1.0'?><osm version='0.6'>{nodes}{way}</osm>".encode())
    )
    assert path.stat().st_size > 4096
    assert len(read_streets(path).table.ways) == 1


@pytest.mark.parametrize("word", ["building", "library", "abcdefgh", "someone"])
@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_zero_byte_in_a_text_of_a_street_file_does_not_end_the_program(tmp_path, word, at):
    town, packed = tmp_path / "town.osm", tmp_path / "town.osm.pbf"
    corners = ((50, 10), (50, 11), (51, 11), (51, 10))
    nodes = "".join(
        f'<node id="{i}" lat="{lat}" lon="{lon}"/>' for i, (lat, lon) in enumerate(corners, 1)
    )
    refs = "".join(f'<nd ref="{i}"/>' for i in (1, 2, 3, 4, 1))
    tags = (
        '<tag k="building" v="abcdefgh"/><tag k="amenity" v="library"/><tag k="name" v="someone"/>'
    )
    town.write_text(
        f"<?xml version='1.0'?><osm version='0.6'>{nodes}<way id='1'>{refs}{tags}</way></osm>"
    )
    with osmium.SimpleWriter(str(packed)) as writer:
        for thing in osmium.FileProcessor(str(town)):
            writer.add(thing)
    assert len(read_pois(packed).table) == 1
    hurt = word[:at] + "\0" + word[at + 1 :]
    blocks = [
        (kind, raw.replace(word.encode(), hurt.encode()))
        for kind, raw in mutating.blocks_of(packed.read_bytes())
    ]
    packed.write_bytes(mutating.pbf(blocks))
    for read in (read_pois, read_basemap, read_streets):
        with pytest.raises(SourceError, match="a text in it is damaged"):
            read(packed)


def test_opening_hours_of_a_novel_s_length_are_left_out(tmp_path):
    hours = "Mo-Fr 09:00-17:00; " * 40
    path = tmp_path / "town.osm"
    tags = (
        f'<tag k="amenity" v="library"/><tag k="name" v="A"/><tag k="opening_hours" v="{hours}"/>'
    )
    path.write_text(
        f"<?xml version='1.0'?><osm version='0.6'><node id='1' lat='5' lon='6'>{tags}</node></osm>"
    )
    assert read_pois(path).table["opening_hours"].tolist() == [""]


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "k = " + "9" * 5_000,
        f"{SETTINGS}k = 0x{'f' * 5_000}",
        f"{SETTINGS}[limits]\nchange_s = 0x{'f' * 5_000}",
        f"{SETTINGS}[limits]\nlimit_min = {10**400}",
        f"{SETTINGS}[limits]\nlimit_min = '{'a' * 5_000}'",
        f"{SETTINGS}{'a' * 5_000} = 1",
        f'name = "Ours"\ntimezone = "{"a" * 5_000}"',
        f'{SETTINGS}k = "{"x" * 5_000}',
    ],
)
def test_settings_too_deep_or_too_large(tmp_path, text):
    path = tmp_path / "famgeo.toml"
    path.write_text(text)
    with pytest.raises(StudyError) as told:
        read_settings(path)
    one_sentence(told)


@pytest.mark.parametrize("text", ["9999-12-31 23:00/01:00", "2020\n-02-05", "x" * 9_000, "\0"])
def test_a_meeting_after_the_end_of_time_or_on_two_lines(text):
    with pytest.raises(PlanError) as told:
        Meeting.parse(text, ZONE)
    one_sentence(told)


@pytest.mark.parametrize("name", ["a\nb", "x" * 9_000, "a\r\n\tb"])
def test_a_plan_s_name_on_two_lines_or_without_end(tmp_path, name):
    with pytest.raises(ReleaseError) as told:
        export_path(tmp_path, name, "sites.csv", audience="district")
    one_sentence(told)


@pytest.mark.parametrize("far", [1e300, -1e308, float("inf"), float("nan")])
@pytest.mark.parametrize("kind", ["shapefile", "geojson"])
def test_a_corner_beyond_every_projection(tmp_path, far, kind):
    areas = gpd.GeoDataFrame({"people": [5]}, geometry=[shapely.box(10, 50, 11, 51)], crs=4326)
    path = tmp_path / ("a.shp" if kind == "shapefile" else "a.geojson")
    areas.to_file(path)
    data = path.read_bytes()
    corner = struct.pack("<d", 11.0) if kind == "shapefile" else b"11.0"
    other = struct.pack("<d", far) if kind == "shapefile" else json.dumps(far).encode()
    assert corner in data
    path.write_bytes(data.replace(corner, other))
    with pytest.raises(SourceError) as told:
        read_population(path, people_field="people")
    one_sentence(told)


def test_a_cell_of_a_roster_in_the_place_of_its_header(tmp_path):
    path = tmp_path / "roster.csv"
    rows = "Quill,S1,10.44717,50.33903\nQuill,S1,10.44718,50.33904\n"
    path.write_text("Quill,school_id,lon,lat,student_id\nJo,S1,10.1,50.1,4471\n")
    assert "Quill" not in str(read_roster(path).report)
    path.write_text(f"studnt_id Quill,school_id,10.44717,lat\n{rows}")
    with pytest.raises(SourceError) as told:
        read_roster(path)
    assert "Quill" not in one_sentence(told)
    assert "44717" not in one_sentence(told)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "[" * 100_000, '{"plans": 1}'])
def test_a_stored_release_that_is_damaged(text):
    for read in (release_from_json, plan_from_json):
        with pytest.raises(StudyError, match="is damaged") as told:
            read(text)
        one_sentence(told)


def test_a_stored_release_with_a_shape_that_is_none():
    document = json.loads(release_to_json(draw_release()))
    document["home_areas"][0]["geometry"] = "01"
    with pytest.raises(StudyError, match="is damaged"):
        release_from_json(json.dumps(document))
