"""Attack 12: read the map's source.

The attacker opens the map and reads all it was sent: the page around it, the script, the shapes,
the words, the opening view. They look for a column that should not be there (folium's GeoJson
embeds every one, whatever the tooltip lists), for a point that is neither a corner of a home area
nor a place to meet, and for a view that was fitted to homes and so gives away their outermost. The
attack passes when every key is on the list below, every coordinate is a public one, and the view
is the box of the home areas, or of the places before there are any.
"""

import json
import re
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely
from districts import District
from screens import pages_of

from famgeo.outputs.maps import MapView, draw_map, paint

WORLD = {"areas", "sites", "ground", "words"}
SITE = {"id", "name", "kind", "lat", "lon"}
WORDS = {"legend", "two_fingers", "credit", "signs"}
VIEW = {"classes", "labels", "place", "chosen", "area", "legend"}
LOOKS = {*(f"m{n}" for n in range(5)), "no-way-home", "no-way-there", "blank"}
NUMBER = re.compile(r"-?\d+\.\d{3,}")
DECIMALS = 6
NEAR_DEGREES = 0.5


def faults_of(sent: str, areas: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[str]:
    """Return what a map's source holds that is not on the list."""
    values = {verb: _values(sent, verb) for verb in ("open", "paint")}
    faults = [f"{len(values['open'])} worlds"] if len(values["open"]) != 1 else []
    for world in values["open"]:
        faults += _world_faults(world)
    for view in values["paint"]:
        faults += _view_faults(view, areas)
    faults += [word for word in ("properties", "FeatureCollection", "geojson") if word in sent]
    return faults + _point_faults(sent, areas, sites)


def _values(sent: str, verb: str) -> list[Any]:
    """Return the JSON values that the map's script is called with."""
    read = json.JSONDecoder()
    starts = re.finditer(rf"famgeo\.{verb}\((?:\w+, )?", sent)
    return [read.raw_decode(sent[found.end() :])[0] for found in starts]


def _world_faults(world: dict[str, Any]) -> list[str]:
    faults = [f"world: {sorted(set(world) ^ WORLD)}"] if set(world) != WORLD else []
    sites, areas, words = (world.get(part, ()) for part in ("sites", "areas", "words"))
    faults += [f"site: {sorted(set(site) ^ SITE)}" for site in sites if set(site) != SITE]
    faults += [f"area: {area[:1]}" for area in areas if len(area) != 2]
    return faults + [f"words: {sorted(extra)}" for extra in [set(words) - WORDS] if extra]


def _view_faults(view: dict[str, Any], areas: gpd.GeoDataFrame) -> list[str]:
    ids = set(areas["home_area_id"])
    told = {
        "view": set(view) ^ VIEW,
        "looks": set(view["classes"].values()) - LOOKS,
        "looks of": set(view["classes"]) ^ ids if view["classes"] else set(),
        "labels of": set(view["labels"]) - ids,
    }
    return [f"{what}: {sorted(found)}" for what, found in told.items() if found]


def _point_faults(sent: str, areas: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[str]:
    """Return numbers that look like a coordinate of the district and are no public one."""
    corners = shapely.get_coordinates([*areas.geometry, *sites.geometry])
    known = {round(float(degrees), DECIMALS) for degrees in corners.ravel()}
    lon, lat = corners.mean(axis=0)
    numbers = {round(float(text), DECIMALS) for text in NUMBER.findall(sent)}
    return [
        f"a coordinate: {number}"
        for number in sorted(numbers - known)
        if min(abs(number - lon), abs(number - lat)) < NEAR_DEGREES
    ]


def view_of(sent: str) -> list[list[float]]:
    """Return the box that a map opens with: south-west and north-east, as lat, lon."""
    (found,) = re.findall(r"fitBounds\(\s*(\[\[.*?\]\])", sent, re.DOTALL)
    return json.loads(found)


def drawn(district: District, **changes: object) -> str:
    """Return the whole source of the map the page shows."""
    parts = {"home_areas": district.release.home_areas, "sites": district.study.sites()}
    return source(draw_map(**(parts | changes), static_url="/public", ground_url="/ground"))


def source(shown: folium.Map) -> str:
    """Return a map's whole page."""
    return shown.get_root().render()


def test_the_map_s_page_holds_what_is_listed_and_nothing_else(district):
    assert faults_of(drawn(district), district.release.home_areas, district.study.sites()) == []


def test_what_the_app_sends_for_the_map_holds_what_is_listed(district):
    areas, sites = district.release.home_areas, district.study.sites()
    for page in pages_of(district):
        (component,) = page.get("component_instance")
        sent = json.loads(component.proto.json_args)
        texts = [value for value in sent.values() if isinstance(value, str)]
        assert sum("famgeo.paint" in text for text in texts) == 1
        assert faults_of("\n".join(texts), areas, sites) == []


def test_the_view_is_the_box_of_the_home_areas(district):
    west, south, east, north = district.release.home_areas.total_bounds
    assert np.allclose(view_of(drawn(district)), [[south, west], [north, east]], atol=0)


def test_before_there_are_home_areas_the_view_is_the_box_of_the_places(district):
    none = district.release.home_areas.iloc[:0]
    west, south, east, north = district.study.sites().total_bounds
    assert np.allclose(view_of(drawn(district, home_areas=none)), [[south, west], [north, east]])


def test_the_box_of_the_home_areas_tells_no_home_s_coordinate(district):
    bounds = district.release.home_areas.total_bounds
    homes = {
        f"{degrees:.6f}" for degrees in shapely.get_coordinates(district.homes.geometry).ravel()
    }
    assert not {f"{degrees:.6f}" for degrees in bounds} & homes


WEAK = {
    "every column of the homes": lambda shown, d: folium.GeoJson(
        d.mapped, tooltip=folium.GeoJsonTooltip(["school_ids"])
    ).add_to(shown),
    "a marker at the middle of the homes": lambda shown, d: folium.Marker(
        [d.mapped.geometry.y.mean(), d.mapped.geometry.x.mean()]
    ).add_to(shown),
    "a view fitted to homes": lambda shown, d: shown.fit_bounds(
        d.mapped.total_bounds[[1, 0, 3, 2]].reshape(2, 2).tolist()
    ),
    "a count of families": lambda shown, d: shown.add_child(
        paint(MapView(looks={d.release.home_areas["home_area_id"][0]: "17 families"}, labels={}))
    ),
    "a second layer": lambda shown, d: shown.get_root().script.add_child(
        folium.Element(f"famgeo.open({json.dumps({'homes': d.mapped.total_bounds.tolist()})});")
    ),
}


@pytest.mark.parametrize("weakness", WEAK)
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_map_that_says_more(small, weakness):
    areas, sites = small.release.home_areas, small.study.sites()
    shown = draw_map(areas, sites, static_url="/public")
    WEAK[weakness](shown, small)
    assert faults_of(source(shown), areas, sites) != []


@pytest.mark.parametrize("column", ["families", "household_id"])
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_when_a_column_is_let_through(small, monkeypatch, column):
    def every_column(areas):
        rows = areas.assign(household_id="H1")[["home_area_id", column]].to_numpy().tolist()
        return [[*row, []] for row in rows]

    monkeypatch.setattr("famgeo.outputs.maps._areas", every_column)
    assert faults_of(drawn(small), small.release.home_areas, small.study.sites()) != []
