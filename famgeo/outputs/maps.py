"""One map of a study: home areas coloured by minutes, schools, and places to meet.

Everything drawn is public geography or went through the gate. The shapes and places are written
once; what changes while someone explores (colours, labels, the chosen places) is a small
``MapView`` painted on top, so the map neither blinks nor loses its zoom.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import folium
import geopandas as gpd
import shapely
from branca.element import Element, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template

from famgeo.outputs.exports import OSM_CREDIT

MAX_ZOOM = 19
DEGREE_DECIMALS = 6
LEGEND_PX = (12, 84)
"""Kept free at the right and at the bottom, where the legend lies."""
PUBLIC_SITE_COLUMNS = ("site_id", "name", "kind")
"""All a map may say of a place; of a home area it says its id, its look and its label."""

SCRIPTS = {
    "leaflet.js": "vendored/leaflet/leaflet.js",
    "leaflet.css": "vendored/leaflet/leaflet.css",
    "protomaps-leaflet.js": "vendored/protomaps-leaflet/protomaps-leaflet.js",
    "signs.js": "map/signs.js",
    "ground.js": "map/ground.js",
    "map.js": "map/map.js",
    "map.css": "map/map.css",
}
MAP_SCRIPTS = ("leaflet.js", "protomaps-leaflet.js", "signs.js", "ground.js", "map.js")
MAP_STYLES = ("leaflet.css", "map.css")

TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
RISKY = re.compile(r"[`${}<>&'(_\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class MapView:
    """What changes on a map: ids to looks and words.

    looks : home_area_id → "m0" … "m4" (near to far), "no-way-home", "no-way-there" or "blank".
    labels : home_area_id → what a tap or a pointer says. place : the site travelled to.
    chosen : the plan's sites, numbered in this order. area : the home area picked, "" = none.
    legend : (look, words) rows under ``title``.
    """

    looks: Mapping[str, str]
    labels: Mapping[str, str]
    place: str = ""
    chosen: Sequence[str] = ()
    area: str = ""
    title: str = ""
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class MapWords:
    """The few fixed words on a map, so that it can speak another language."""

    legend: str = "What the colours mean"
    two_fingers: str = "Use two fingers to move the map"
    credit: str = field(default=OSM_CREDIT)
    signs: Mapping[str, str] = field(
        default_factory=lambda: {
            "chosen": "place the plan chose",
            "school": "school",
            "place": "other place to meet",
        }
    )


def draw_map(
    home_areas: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    static_url: str,
    ground_url: str | None = None,
    words: MapWords | None = None,
) -> folium.Map:
    """Draw the parts of a map that never change while someone explores.

    The view is the box around the home areas, or around the sites when there are none: public
    shapes, never homes. Every script and style comes from ``static_url``.

    Parameters
    ----------
    home_areas
        HOME_AREAS; only ``home_area_id`` and the shape are used.
    sites
        SITES; only the id, name, kind and point are used.
    static_url
        Where this program's own static files are served.
    ground_url
        Where the study's background map is served; None draws none.
    """
    drawn = folium.Map(tiles=None, max_zoom=MAX_ZOOM, zoom_snap=0.25, zoom_control=True)
    west, south, east, north = (home_areas if len(home_areas) else sites).total_bounds
    drawn.fit_bounds(
        [[south, west], [north, east]], padding_top_left=(12, 12), padding_bottom_right=LEGEND_PX
    )
    world = {
        "areas": _areas(home_areas),
        "sites": _sites(sites),
        "ground": ground_url,
        "words": vars(words or MapWords()),
    }
    drawn.add_child(_Call(verb="open", on_map=True, value=world))
    use_own_scripts(drawn, static_url)
    return drawn


def paint(view: MapView) -> folium.FeatureGroup:
    """Return a view as the tiny element a running map is repainted with."""
    group = folium.FeatureGroup()
    value = {
        "classes": dict(view.looks),
        "labels": dict(view.labels),
        "place": view.place,
        "chosen": list(view.chosen),
        "area": view.area,
        "legend": {"title": view.title, "rows": [list(row) for row in view.legend]},
    }
    group.add_child(_Call(verb="paint", on_map=False, value=value))
    return group


class _Call(MacroElement):
    """One call of the map script with one JSON value."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "famgeo.{{ this.verb }}({{ this.target() }}{{ this.value }});"
        "{% endmacro %}"
    )

    def __init__(self, *, verb: str, on_map: bool, value: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "famgeo"
        self.verb = verb
        self.on_map = on_map
        self.value = script_json(value)

    def target(self) -> str:
        """Return the map's variable as a first argument, where the verb takes one."""
        return f"{self._parent.get_name()}, " if self.on_map and self._parent else ""


def script_json(value: object) -> str:
    r"""Write a value as JSON that is inert in any script, template or HTML around it.

    Inside texts every character that could end or open such a context is written as its code, and
    the map script turns texts into text nodes only.

    >>> script_json({"name": "${alert(1)}</script>"})
    '{"name":"\\u0024\\u007balert\\u00281)\\u007d\\u003c/script\\u003e"}'
    """
    whole = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return TEXT.sub(lambda text: RISKY.sub(_code, text.group()), whole)


def _code(risky: re.Match[str]) -> str:
    return f"\\u{ord(risky.group()):04x}"


def _areas(home_areas: gpd.GeoDataFrame) -> list[list[object]]:
    """Return each home area as its id and its rings of (lat, lon), parts of a union apart."""
    return [
        [area_id, [_rings(part) for part in shapely.get_parts(shape)]]
        for area_id, shape in zip(home_areas.home_area_id, home_areas.geometry, strict=True)
    ]


def _rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    return [
        [
            [round(lat, DEGREE_DECIMALS), round(lon, DEGREE_DECIMALS)]
            for lon, lat in ring.coords[:-1]
        ]
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _sites(sites: gpd.GeoDataFrame) -> list[dict[str, object]]:
    """Return each site's public columns and its point."""
    points = zip(*(sites[c] for c in PUBLIC_SITE_COLUMNS), sites.geometry, strict=True)
    return [
        {
            "id": site_id,
            "name": name,
            "kind": kind,
            "lat": round(point.y, DEGREE_DECIMALS),
            "lon": round(point.x, DEGREE_DECIMALS),
        }
        for site_id, name, kind, point in points
    ]


def use_own_scripts(drawn: folium.Map, static_url: str) -> None:
    """Point every script and style of a map, and of what was added to it, at our own files."""
    drawn.default_js = [(name, f"{static_url}/{SCRIPTS[name]}") for name in MAP_SCRIPTS]
    drawn.default_css = [(name, f"{static_url}/{SCRIPTS[name]}") for name in MAP_STYLES]
    for child in _with_scripts(drawn):
        child.default_js = own_links(child.default_js, static_url)
        child.default_css = own_links(child.default_css, static_url)


def own_links(links: Sequence[tuple[str, str]], static_url: str) -> list[tuple[str, str]]:
    """Replace addresses by our own copy; a file we do not carry is missing here, not elsewhere.

    >>> own_links([("x", "https://cdn.example/leaflet.js")], "/public")
    [('x', '/public/vendored/leaflet/leaflet.js')]
    """
    names = [(key, PurePosixPath(link).name) for key, link in links]
    return [(key, f"{static_url}/{SCRIPTS.get(name, 'missing/' + name)}") for key, name in names]


def _with_scripts(element: Element) -> list[JSCSSMixin]:
    """Return every element below this one that brings scripts or styles."""
    children = list(element._children.values())  # noqa: SLF001 - folium's only way to walk a tree
    below = [found for child in children for found in _with_scripts(child)]
    return [child for child in children if isinstance(child, JSCSSMixin)] + below
