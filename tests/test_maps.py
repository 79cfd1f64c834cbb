"""The map says only what is public, asks nobody for anything, and no name can run as a script."""

import json
import re

import folium
import folium.plugins
import geopandas as gpd
import pytest
import shapely
from folium.elements import JSCSSMixin

from famgeo.outputs.maps import (
    MAP_SCRIPTS,
    MAP_STYLES,
    SCRIPTS,
    MapView,
    draw_map,
    own_links,
    paint,
    script_json,
    use_own_scripts,
)
from famgeo.settings import bundled

WEST, SOUTH = -99.7, 38.3

PAYLOADS = (
    "${alert(1)}",
    "`${alert(1)}`",
    "`+alert(1)+`",
    "{{ alert(1) }}",
    "{% raw %}{{7*7}}",
    "{{ 'x' }}",
    "</script><script>alert(1)</script>",
    "</SCRIPT ><svg/onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/x.png>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    '";alert(1);//',
    '\\");alert(1);//',
    "\\u0022);alert(1)//",
    "\\",
    "\\\\",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mi xlink:href='javascript:alert(1)'>",
    "\u2028alert(1)\u2029",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;script&#x3e;alert(1)",
    "<style>@import 'https://evil.example'</style>",
    "<a href='//evil.example'>x</a>",
    "${`${alert(1)}`}",
    "%3Cscript%3Ealert(1)",
    "drawnItems_draw_control_div_1 alert(coords);",
    "\x00<b>\x07",
)


def home_areas(**more: object) -> gpd.GeoDataFrame:
    boxes = [shapely.box(WEST + i, SOUTH, WEST + i + 1, SOUTH + 1) for i in range(3)]
    ids = [f"h{i}" for i in range(3)]
    return gpd.GeoDataFrame(
        {"home_area_id": ids, "families": [10, 20, 30], **more}, geometry=boxes, crs="EPSG:4326"
    )


def sites(*names: str, **more: object) -> gpd.GeoDataFrame:
    table = {"site_id": [f"s{i}" for i in range(len(names))], "name": names, "kind": "library"}
    points = [shapely.Point(WEST + 0.5, SOUTH + 0.5)] * len(names)
    return gpd.GeoDataFrame({**table, **more}, geometry=points, crs="EPSG:4326")


def world_of(drawn: folium.Map) -> dict[str, object]:
    html = drawn.get_root().render()
    call = re.search(r"famgeo\.open\(map_\w+, (\{.*\})\);", html)
    assert call
    return json.loads(call.group(1))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_comes_out_as_it_went_in_and_nothing_around_it_can_see_it(payload: str) -> None:
    written = script_json({"name": payload})

    assert json.loads(written) == {"name": payload}
    inside = written.removeprefix('{"name":').removesuffix("}")
    assert not set(inside) & set("`${}<>&'(_\u2028\u2029")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_map_with_a_hostile_name_holds_no_tag_and_no_template_of_it(payload: str) -> None:
    plain_tags = re.findall(r"<[a-z!/]+", draw("Library").get_root().render())
    drawn = draw(payload)

    assert re.findall(r"<[a-z!/]+", drawn.get_root().render()) == plain_tags
    assert world_of(drawn)["sites"][0]["name"] == payload


def draw(*names: str) -> folium.Map:
    return draw_map(home_areas(), sites(*names), static_url="/public", ground_url="/ground")


def test_a_map_holds_the_allowed_properties_and_no_other() -> None:
    secret = "4 Privet Drive"
    drawn = draw_map(
        home_areas(address=[secret] * 3, students=[secret] * 3),
        sites("Library", contact=[secret], reached=[secret]),
        static_url="/public",
    )

    world = world_of(drawn)
    assert secret not in drawn.get_root().render()
    assert set(world) == {"areas", "sites", "ground", "words"}
    assert [area[0] for area in world["areas"]] == ["h0", "h1", "h2"]
    assert {len(area) for area in world["areas"]} == {2}
    assert set(world["sites"][0]) == {"id", "name", "kind", "lat", "lon"}


def test_families_are_not_on_the_map() -> None:
    many = home_areas().assign(families=[98765, 87654, 76543])
    html = draw_map(many, sites("Library"), static_url="/public").get_root().render()
    assert not any(str(count) in html for count in many.families)


def test_the_view_is_the_box_around_the_home_areas_wherever_the_places_are() -> None:
    far = sites("Far away").set_geometry([shapely.Point(10, 10)])
    bounds = draw_map(home_areas(), far, static_url="/public").get_root().render()
    assert f"[[{SOUTH}, {WEST}], [{SOUTH + 1}, {WEST + 3}]]" in bounds


def test_an_area_of_two_parts_with_a_hole_is_drawn_part_by_part() -> None:
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    shape = shapely.MultiPolygon([ring, shapely.box(5, 5, 6, 6)])
    areas = gpd.GeoDataFrame({"home_area_id": ["h"], "families": [10]}, geometry=[shape], crs=4326)

    parts = world_of(draw_map(areas, sites("x"), static_url="/p"))["areas"][0][1]

    assert [len(rings) for rings in parts] == [2, 1]
    assert all(len(ring) == 4 for rings in parts for ring in rings)


def test_every_script_and_style_is_a_file_of_our_own() -> None:
    drawn = draw("Library")
    links = re.findall(r'(?:src|href)="([^"]+)"', drawn.get_root().render())

    assert links
    assert all(link.startswith("/public/") for link in links)
    static = bundled() / "static"
    assert all((static / SCRIPTS[name]).is_file() for name in (*MAP_SCRIPTS, *MAP_STYLES))


def every_folium_element() -> list[type[JSCSSMixin]]:
    found = [JSCSSMixin]
    for kind in found:
        found += kind.__subclasses__()
    return found[1:]


@pytest.mark.parametrize("kind", every_folium_element())
def test_no_element_folium_offers_would_ask_a_stranger_for_a_file(kind: type[JSCSSMixin]) -> None:
    links = own_links([*kind.default_js, *kind.default_css], "/public")
    assert all(link.startswith("/public/") and ".." not in link for _, link in links)


def test_an_element_inside_a_map_gets_our_files_too() -> None:
    drawn = draw("Library")
    folium.plugins.Fullscreen().add_to(drawn)
    use_own_scripts(drawn, "/public")
    html = drawn.get_root().render()
    assert not re.findall(r'(?:src|href)="(https?:[^"]+)"', html)
    assert '"/public/missing/' in html


def test_the_vendored_files_are_small_and_hold_no_source_map() -> None:
    files = [file for file in (bundled() / "static").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 4_000_000
    scripts = [file for file in files if file.suffix in {".js", ".css"}]
    assert not [file for file in scripts if b"sourceMappingURL" in file.read_bytes()]
    assert {f.parent.name for f in files if f.name == "LICENSE"} == {
        "leaflet",
        "protomaps-leaflet",
        "inter",
    }


def test_painting_sends_looks_and_words_but_no_shape() -> None:
    view = MapView(
        looks={"h0": "m0"}, labels={"h0": "12 min there"}, place="s0", chosen=["s1"], area="h0"
    )
    group = paint(view)
    group.add_to(draw("Library"))
    text = next(iter(group._children.values())).value

    assert json.loads(text)["classes"] == {"h0": "m0"}
    assert len(text) < 250


def test_the_script_stays_the_same_while_the_view_changes() -> None:
    def script(look: str) -> str:
        drawn = draw("Library")
        paint(MapView(looks={"h0": look}, labels={}))
        return re.sub(r"map_\w+", "map", drawn.get_root().render())

    scripts = {re.sub(r"[0-9a-f]{32}", "", script(look)) for look in ("m0", "no-way-home")}
    assert len(scripts) == 1
