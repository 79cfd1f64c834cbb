import gzip
from pathlib import Path

import numpy as np
import osmium
import pytest
from shapely.geometry import Point

from famgeo.errors import SourceError
from famgeo.sources.osm import read_basemap, read_pois, read_streets

NODES = {
    1: (24.0, 60.0, {"barrier": "gate"}),
    2: (24.001, 60.0, {}),
    3: (24.002, 60.001, {"amenity": "library", "name": "Corner Library", "wheelchair": "limited"}),
    4: (24.002, 60.0, {}),
    5: (24.000, 60.001, {"amenity": "library"}),
    6: (24.0005, 60.0002, {}),
    7: (24.0015, 60.0002, {}),
    8: (24.0015, 60.0008, {}),
    9: (24.0005, 60.0008, {}),
}
WAYS = {
    11: ([1, 2, 4], {"highway": "residential", "name": "Long Street", "maxspeed": "30"}),
    12: ([2, 3, 99], {"highway": "footway"}),
    13: ([1, 2, 3, 5, 1], {"building": "yes", "name": "Hall"}),
    14: ([5, 1], {"waterway": "stream"}),
    15: ([6, 7, 8, 9, 6], {}),
    16: ([1, 4, 3, 5, 1], {}),
    17: (
        [6, 7, 8, 9, 6],
        {"amenity": "place_of_worship", "name": "Chapel", "opening_hours": "every noon, perhaps"},
    ),
}
RELATIONS = {
    21: ([(16, "outer"), (15, "inner")], {"type": "multipolygon", "leisure": "park"}),
}


def draw(path: Path, *, order: str = "nwr", backwards: bool = False, ways: dict = WAYS) -> Path:
    """Write the drawn world; `order` says which kind of object comes first."""
    turn = (lambda items: reversed(list(items))) if backwards else iter
    tag = "".join
    parts = {
        "n": tag(
            f'<node id="{i}" version="1" lat="{lat}" lon="{lon}">{_tags(tags)}</node>'
            for i, (lon, lat, tags) in turn(NODES.items())
        ),
        "w": tag(
            f'<way id="{i}" version="1">{"".join(f"<nd ref={r!r}/>" for r in map(str, refs))}'
            f"{_tags(tags)}</way>"
            for i, (refs, tags) in turn(ways.items())
        ),
        "r": tag(
            f'<relation id="{i}" version="1">'
            + "".join(f'<member type="way" ref="{r}" role="{role}"/>' for r, role in members)
            + f"{_tags(tags)}</relation>"
            for i, (members, tags) in turn(RELATIONS.items())
        ),
    }
    body = "".join(parts[kind] for kind in order)
    path.write_text(f"<?xml version='1.0'?><osm version='0.6'>{body}</osm>", encoding="utf-8")
    return path


def _tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())


def as_pbf(source: Path, path: Path) -> Path:
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)
    return path


def test_streets_keep_their_tags_and_pieces_follow_the_way(tmp_path):
    streets = read_streets(draw(tmp_path / "a.osm")).table
    assert list(streets.ways["highway"]) == ["residential", "footway"]
    assert streets.ways["name"][0] == "Long Street"
    ids = streets.nodes["node_id"].to_numpy()
    pieces = list(zip(ids[streets.from_node], ids[streets.to_node], strict=True))
    assert pieces == [(1, 2), (2, 4), (2, 3)]
    assert list(streets.way_of) == [0, 0, 1]
    assert streets.nodes.set_index("node_id")["barrier"][1] == "gate"
    assert streets.nodes.set_index("node_id")["lon"][2] == pytest.approx(24.001, abs=1e-9)


def test_a_way_cut_by_the_edge_keeps_the_pieces_that_are_there(tmp_path):
    report = read_streets(draw(tmp_path / "a.osm")).report
    assert (report.rows_read, report.rows_used) == (2, 2)
    assert "Ways that cross the edge of the file and were cut there: 1." in report.notes


@pytest.mark.parametrize("order", ["nwr", "wnr", "rwn"])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_in_the_file_changes_nothing(tmp_path, order, backwards):
    plain = read_streets(draw(tmp_path / "a.osm")).table
    mixed = read_streets(draw(tmp_path / "b.osm", order=order, backwards=backwards)).table
    assert plain.nodes.equals(mixed.nodes)
    pieces = [
        sorted(zip(t.ways["way_id"][t.way_of], t.from_node, t.to_node, strict=True))
        for t in (plain, mixed)
    ]
    assert pieces[0] == pieces[1]


def test_the_content_decides_what_a_file_is_not_its_name(tmp_path):
    plain = draw(tmp_path / "a.osm")
    packed = tmp_path / "streets.zip"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    pbf = as_pbf(plain, tmp_path / "a.osm.pbf").rename(tmp_path / "a.txt")
    tables = [read_streets(path).table for path in (plain, packed, pbf)]
    assert all(t.nodes.equals(tables[0].nodes) for t in tables)
    assert all(np.array_equal(t.to_node, tables[0].to_node) for t in tables)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"id,lon,lat\n1,2,3\n", "is not an OpenStreetMap file"),
        (b"%PDF-1.7 nonsense", "is not an OpenStreetMap file"),
        (b"<html><body>404</body></html>", "is not an OpenStreetMap file"),
        (b"\x1f\x8b\x08\x00broken", "is not an OpenStreetMap file"),
        (gzip.compress(b"just text", mtime=0), "is not an OpenStreetMap file"),
        (b"\x00\x00\x00\x0e\n\tOSMHeader\x18\xff\x01", "breaks off or is damaged"),
        (b"<?xml version='1.0'?><osm version='0.6'></osm>", "has no streets"),
        (b"<?xml version='1.0'?><osm version='0.6'><node id='1' lat='1' lon='2'>", "breaks off"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "streets.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as error:
        read_streets(path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) not in str(error.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "nowhere.pbf", tmp_path):
        with pytest.raises(SourceError, match="cannot be opened"):
            read_streets(path)


def test_streets_without_any_place_are_refused(tmp_path):
    path = draw(tmp_path / "a.osm", order="w")
    with pytest.raises(SourceError, match="not where their nodes are"):
        read_streets(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.97])
def test_a_truncated_extract_is_refused(cities, tmp_path, share):
    whole = (cities / "spo" / "spo_osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SourceError, match=r"cut\.osm\.pbf breaks off"):
        read_streets(path)


def test_an_unsorted_city_is_read_whole(cities):
    read = read_streets(cities / "nky" / "streets.osm.pbf")
    assert (read.report.rows_read, read.report.rows_used) == (16_667, 16_667)
    assert len(read.table.nodes) == 90_780
    assert len(read.table.way_of) == 99_044
    west, east = read.table.nodes["lon"].agg(["min", "max"])
    assert (round(west, 2), round(east, 2)) == (-84.69, -84.37)


@pytest.mark.parametrize("order", ["nwr", "rwn"])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_background_map_has_areas_lines_and_holes(tmp_path, order, backwards):
    layers = read_basemap(draw(tmp_path / "a.osm", order=order, backwards=backwards))
    assert set(layers) == {"buildings", "parks", "water", "waterlines", "rail", "streets"}
    assert list(layers["buildings"]["name"]) == ["Hall"]
    assert list(layers["waterlines"]["kind"]) == ["stream"]
    assert list(layers["streets"]["kind"]) == ["residential"]
    park = layers["parks"]
    assert list(park["kind"]) == ["park"]
    assert not park.geometry[0].contains(Point(24.001, 60.0005))
    assert park.geometry[0].contains(Point(24.0002, 60.0005))
    assert all(layer.crs == "EPSG:4326" for layer in layers.values())


def test_a_map_without_streets_is_still_a_map(tmp_path):
    layers = read_basemap(draw(tmp_path / "a.osm", ways={13: WAYS[13]}))
    assert len(layers["buildings"]) == 1
    assert len(layers["streets"]) == 0


def test_places_need_a_name_and_claim_nothing(tmp_path):
    read = read_pois(draw(tmp_path / "a.osm"))
    table = read.table.set_index("asset_id")
    assert set(table.index) == {"osm-n3", "osm-w17"}
    assert (read.report.rows_read, read.report.rows_used) == (4, 2)
    assert set(table["hosts"]) == {"unknown"}
    assert table["wheelchair"]["osm-n3"] == "unknown"
    assert table["kind"]["osm-w17"] == "place_of_worship"
    assert table["opening_hours"]["osm-w17"] == ""
    chapel = table.geometry["osm-w17"]
    assert 24.0005 < chapel.x < 24.0015
    assert 60.0002 < chapel.y < 60.0008


def test_a_file_without_places_gives_an_empty_table(tmp_path):
    read = read_pois(draw(tmp_path / "a.osm", order="w"))
    assert len(read.table) == 0
    assert read.report.rows_read == 0


def test_a_city_names_its_libraries(cities):
    table = read_pois(cities / "helsinki" / "Helsinki.osm.pbf").table
    counts = table["kind"].value_counts()
    assert (counts["library"], counts["place_of_worship"]) == (7, 8)
    assert set(table["wheelchair"]) == {"yes", "unknown"}
    assert table["asset_id"].is_unique
