"""Read what a background map draws: buildings, parks, water, railways and streets."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd

from famgeo.sources.osm_file import osm_file
from famgeo.sources.osm_shapes import Shapes, Tags, areas, lines, node_places

Rule = Mapping[str, frozenset[str] | None]
"""Tag → the values that count; None = any but ``no``."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AREAS: Mapping[str, Rule] = {
    "buildings": {"building": None},
    "parks": {
        "leisure": _words(
            "park playground garden nature_reserve golf_course pitch recreation_ground "
            "dog_park common"
        ),
        "landuse": _words(
            "grass forest meadow cemetery recreation_ground village_green allotments orchard "
            "greenfield flowerbed"
        ),
        "natural": _words("wood grassland scrub heath wetland"),
        "amenity": frozenset({"grave_yard"}),
    },
    "water": {
        "natural": frozenset({"water"}),
        "waterway": frozenset({"riverbank", "dock"}),
        "landuse": frozenset({"reservoir", "basin"}),
    },
}
LINES: Mapping[str, Rule] = {
    "waterlines": {"waterway": _words("river stream canal drain ditch")},
    "rail": {
        "railway": _words("rail light_rail subway tram narrow_gauge monorail"),
    },
    "streets": {"highway": None},
}


def read_basemap(path: Path | str) -> dict[str, gpd.GeoDataFrame]:
    """Read the layers of a background map, each with the columns kind, name and geometry.

    ``buildings``, ``parks`` and ``water`` are polygons, closed ways and multipolygon relations
    alike; ``waterlines``, ``rail`` and ``streets`` are lines, streets with their highway class
    as kind. All are EPSG:4326. What the edge of the file cuts open is left out.

    Raises ``SourceError`` when the file is missing, empty, truncated or of another kind.
    """
    with osm_file(path) as file:
        places = node_places(file)
        surfaces = areas(file, _keys(AREAS), places)
        runs = lines(file, _keys(LINES), places)
    layers = {name: _layer(surfaces, rule) for name, rule in AREAS.items()}
    return layers | {name: _layer(runs, rule) for name, rule in LINES.items()}


def _keys(rules: Mapping[str, Rule]) -> list[str]:
    return sorted({key for rule in rules.values() for key in rule})


def _layer(found: Shapes, rule: Rule) -> gpd.GeoDataFrame:
    """Take the shapes a rule names; the first of its tags that counts is their kind."""
    kinds = [_kind(tags, rule) for tags in found.tags]
    rows = [i for i, kind in enumerate(kinds) if kind]
    return gpd.GeoDataFrame(
        {
            "kind": [kinds[i] for i in rows],
            "name": [found.tags[i].get("name", "") for i in rows],
        },
        geometry=found.shape[rows],
        crs="EPSG:4326",
    )


def _kind(tags: Tags, rule: Rule) -> str:
    for key, values in rule.items():
        value = tags.get(key, "no")
        if value != "no" and (values is None or value in values):
            return value
    return ""
