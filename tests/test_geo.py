"""GeoJSON of a release: what RFC 7946 asks, and nothing that was not released."""

import json
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from released import SECRET, draw_release

from famgeo.errors import ReleaseError
from famgeo.outputs import EXPORTERS
from famgeo.outputs.geo import write_geojson

SITE_PROPERTIES = {
    *("site_id", "name", "kind", "capacity", "wheelchair", "child_care", "languages"),
    *("opening_hours", "meetings"),
}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def properties(path):
    return [feature["properties"] for feature in read(path)["features"]]


def numbers(value):
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value]


def test_a_district_gets_its_sites_and_home_areas(tmp_path):
    written = write_geojson(draw_release(), "autumn", tmp_path)
    assert [path.name for path in written] == ["autumn-sites.geojson", "autumn-home-areas.geojson"]
    sites, areas = map(properties, written)
    assert set(sites[0]) == SITE_PROPERTIES | {"cost_usd", "families", "families_text"}
    assert [(s["families"], s["families_text"]) for s in sites] == [
        (120, "120"),
        (None, "fewer than 10"),
    ]
    assert [s["capacity"] for s in sites] == [80, None]
    assert areas == [
        {"home_area_id": "a1", "families": 85},
        {"home_area_id": "a2", "families": 40},
    ]


def test_a_partner_gets_places_and_no_count_of_families(tmp_path):
    written = write_geojson(draw_release(), "autumn", tmp_path, audience="partner")
    assert [path.name for path in written] == ["autumn-for-partners-sites.geojson"]
    assert set(properties(written[0])[0]) == SITE_PROPERTIES
    text = written[0].read_text(encoding="utf-8")
    assert "families" not in text
    assert "120" not in text


def test_a_column_that_is_not_allowed_stays_behind(tmp_path):
    for audience in ("district", "partner"):
        for path in write_geojson(draw_release(), "autumn", tmp_path, audience=audience):
            assert SECRET.encode() not in path.read_bytes()


def test_rings_run_counter_clockwise_and_holes_clockwise(tmp_path):
    areas = write_geojson(draw_release(), "autumn", tmp_path)[1]
    for feature in read(areas)["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        for polygon in getattr(shape, "geoms", [shape]):
            assert polygon.exterior.is_ccw
            assert not any(ring.is_ccw for ring in polygon.interiors)


def test_coordinates_are_short_and_there_is_no_crs(tmp_path):
    for path in write_geojson(draw_release(), "autumn", tmp_path):
        collection = read(path)
        assert "crs" not in collection
        assert collection["attribution"] == "© OpenStreetMap contributors, ODbL"
        for feature in collection["features"]:
            for number in numbers(feature["geometry"]["coordinates"]):
                assert number == round(number, 7)


def test_map_programs_read_back_what_was_released(tmp_path):
    release = draw_release(names=('Tom\'s "Hall" é', "=1+1"))
    sites, areas = map(gpd.read_file, write_geojson(release, "autumn", tmp_path))
    assert sites["name"].tolist() == ['Tom\'s "Hall" é', "=1+1"]
    assert sites.crs == "EPSG:4326"
    assert shapely.equals_exact(
        areas.geometry.normalize(), release.home_areas.geometry.normalize(), 1e-6
    ).all()


def test_a_table_in_metres_is_written_in_degrees(tmp_path):
    release = draw_release()
    metric = replace(release, home_areas=release.home_areas.to_crs("EPSG:32616"))
    bounds = [
        gpd.read_file(write_geojson(r, "autumn", tmp_path)[1]).total_bounds
        for r in (release, metric)
    ]
    assert bounds[0] == pytest.approx(bounds[1], abs=1e-6)


def test_the_same_release_gives_the_same_bytes(tmp_path):
    first = [p.read_bytes() for p in write_geojson(draw_release(), "autumn", tmp_path)]
    assert [p.read_bytes() for p in write_geojson(draw_release(), "autumn", tmp_path)] == first
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("write", EXPORTERS.values(), ids=EXPORTERS)
def test_what_cannot_be_written_is_said_plainly(tmp_path, write):
    release = draw_release()
    with pytest.raises(ReleaseError, match=r"no released plan 'spring'.*autumn"):
        write(release, "spring", tmp_path)
    with pytest.raises(ReleaseError, match="no audience 'everyone'"):
        write(release, "autumn", tmp_path, audience="everyone")
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="cannot be written"):
        write(release, "autumn", tmp_path / "file")


@pytest.mark.parametrize("name", ["../up", "a/b", "", "x" * 65, "a b", "C:", ".hidden"])
@pytest.mark.parametrize("write", EXPORTERS.values(), ids=EXPORTERS)
def test_a_name_is_never_a_path(tmp_path, write, name):
    release = draw_release()
    named = replace(release, plans=(replace(release.plans[0], name=name),))
    with pytest.raises(ReleaseError, match="cannot be a file's name"):
        write(named, name, tmp_path / "to")
    assert list(tmp_path.rglob("*")) == []
