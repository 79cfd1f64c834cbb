"""Put the town together: streets, green land, buildings."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union

from . import ground, houses, places, quarters
from .ground import Street
from .names import Names
from .places import Building
from .weave import Key, Way, stretches, weave

SEED = 20260801
SMALL_PARKS = {
    "Courthouse Square": (-320, -60),
    "Cottonwood Commons": (-560, 430),
    "Levee Green": (1410, -240),
    "Cannery Green": (2280, -1150),
    "Tannery Park": (2010, -430),
    "Meadow Park": (-1180, -900),
    "Songbird Park": (-1560, 1150),
    "Skyline Park": (30, 900),
    "Pebble Park": (-350, -1750),
    "Harbor Lights Park": (2150, 560),
}
GREENS = {
    "Heron River Greenway": ("park", ((100, 1200), (560, 0), (480, -1200))),
    "Heron Marsh": ("nature_reserve", ((700, 1100), (1000, 200), (900, -400))),
}
COUNTRY = {
    "Highland Woods": ("wood", [(-580, 1530), (-420, 1560), (-370, 1750), (-360, 1930),
        (-540, 1940), (-560, 1750)]),
    "Depot Woods": ("wood", [(1020, 1400), (1180, 1000), (1560, 890), (1580, 1150), (1500, 1380),
        (1250, 1440)]),
    "Cottonwood Bottoms": ("wood", [(640, -1030), (1100, -1020), (1640, -1000), (1780, -1380),
        (1560, -1620), (1250, -1640), (900, -1400)]),
    "Preserve": ("grassland", [(1760, 1330), (1800, 960), (2200, 930), (2540, 950), (2500, 1270),
        (2150, 1330)]),
    "Riverbend Cemetery": ("cemetery", [(-2680, 1480), (-2300, 1500), (-2280, 1720), (-2500, 1800),
        (-2660, 1700)]),
    "Heron Links": ("golf_course", [(-920, -2060), (-500, -2040), (-80, -2090), (-20, -2300),
        (-400, -2390), (-950, -2330)]),
    "Sunflower Field": ("meadow", [(2920, -300), (3150, -400), (3330, -900), (3380, -1250),
        (3200, -1560), (2940, -1500)]),
}  # fmt: skip
COUNTRY_KEYS = {"wood": "natural", "grassland": "natural", "cemetery": "landuse",
                "meadow": "landuse"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Town:
    """Everything the files are written from; all shapes in metres."""

    ways: list[Way]
    node_tags: dict[Key, dict[str, str]]
    parks: dict[str, tuple[Polygon, str]]
    buildings: list[Building]
    place_points: list[Point]
    school_points: list[Point]


def build_town() -> Town:
    """Draw the whole town from the seed."""
    ways = weave(_all_streets(np.random.default_rng([SEED, 1])))
    ways = [_dressed(way) for way in ways]
    parks = _parks(ways)
    sites = places.place_buildings(ways)
    schools = places.school_buildings()
    homes = houses.build_houses(
        ways, [*sites, *schools], _kept_free(parks), np.random.default_rng([SEED, 2])
    )
    return Town(
        ways=ways,
        node_tags=_node_tags(ways),
        parks=parks,
        buildings=[*schools, *sites, *homes],
        place_points=[b.shape.centroid for b in sites],
        school_points=[b.shape.centroid for b in schools],
    )


def _all_streets(rng: np.random.Generator) -> list[Street]:
    main = ground.main_streets()
    spans = [
        over
        for street in main
        for part in _over_the_river(street)
        for over in _past_expressway(part)
    ]
    local = list(quarters.local_streets(main, rng, Names()))
    return [*spans, *ground.expressway(), ground.rail_line(), *local, *_paths()]


def _over_the_river(street: Street) -> list[Street]:
    how = {"bridge": "yes", "layer": "1", "bridge:name": f"{street.tags['name']} Bridge"}
    return ground.split_at(street, ground.RIVER.buffer(12), **how)


def _past_expressway(street: Street) -> list[Street]:
    """Lift a street over the expressway, Main St without a sidewalk; Quarry Rd goes under."""
    how = {"bridge": "yes", "layer": "1"}
    if street.tags["name"] == "Main St":
        how |= {"foot": "no", "sidewalk": "no"}
    if street.tags["name"] == "Quarry Rd":
        how = {"tunnel": "yes", "layer": "-1"}
    return ground.split_at(street, ground.EXPRESSWAY.buffer(30), **how)


def _paths() -> list[Street]:
    """Draw the paths of Prairie Park and the trail along the river."""
    tags = {"highway": "footway", "surface": "fine_gravel"}
    shore = ground.LAKE.buffer(22).exterior.simplify(2)
    ends = [(-2050, 640), (-1990, -20), (-1380, 300), (-1700, 860), (-1560, -90)]
    spokes = []
    for end in ends:
        foot = shore.interpolate(shore.project(Point(end)))
        bend = ((end[0] + foot.x) / 2 + 30, (end[1] + foot.y) / 2 - 25)
        spokes.append(ground.curve([end, bend, (foot.x, foot.y)]))
    trail = ground.beside(ground.RIVER_COURSE, -92, south=-1650, north=1520)
    river = {"highway": "cycleway", "name": "Heron River Trail", "foot": "designated"}
    river |= {"surface": "asphalt"}
    lines = [LineString(shore.coords), *spokes]
    return [Street(line=ln, tags=tags, quarter="path") for ln in lines] + [
        Street(line=trail, tags=river, quarter="path")
    ]


def _dressed(way: Way) -> Way:
    """Add what a survey would: sidewalks, surfaces, one-way streets."""
    tags = dict(way.tags)
    tags.pop("court", None)
    name, number = tags.get("name", ""), tags.get("name", "0")[:-6]
    if way.quarter == "downtown":
        tags["sidewalk"] = "both"
        if name.endswith(" Ave") and number.isdigit() and int(number) in {3, 4, 6, 7}:
            tags["oneway"] = "yes"
    elif way.quarter == "bluffs" and tags["highway"] == "residential":
        tags |= {"incline": "7%", "sidewalk": "right"}
        if len(name) % 4 == 0:
            tags |= {"incline": "11%", "surface": "sett", "wheelchair": "no"}
    elif way.quarter in {"westridge", "northgate", "southfield"}:
        tags["sidewalk"] = "left"
    elif way.quarter in {"cannery", "levee heights"}:
        tags["sidewalk"] = "no"
    return Way(nodes=way.nodes, tags=tags, local=way.local, quarter=way.quarter)


def _parks(ways: list[Way]) -> dict[str, tuple[Polygon, str]]:
    """Turn whole blocks into parks, and the strips along the river into green."""
    roads = [w.line for w in ways if w.tags.get("highway") not in {None, "footway", "cycleway"}]
    blocks = list(polygonize(unary_union(roads)))
    parks = {}
    big = next(b for b in blocks if b.contains(Point(-1720, 640)))
    parks["Prairie Park"] = (big.buffer(-9, join_style="mitre"), "park")
    small = [b for b in blocks if 5_000 < b.area < 45_000]
    for name, spot in SMALL_PARKS.items():
        block = min(small, key=Point(spot).distance)
        parks[name] = (block.buffer(-9, join_style="mitre"), "park")
    parks["Prairie Park"] = (parks["Prairie Park"][0].difference(ground.LAKE.buffer(1)), "park")
    country = {
        name: (Polygon(ground.curve([*ring, ring[0]]).coords), kind)
        for name, (kind, ring) in COUNTRY.items()
    }
    return parks | _river_green(roads) | country


def _river_green(roads: list[LineString]) -> dict[str, tuple[Polygon, str]]:
    """Leave the west bank to a greenway, and the flood plain east of the river to the marsh."""
    shore = [ground.RIVER.exterior, LineString([(620, -1640), (1200, -1780)])]
    strips = list(polygonize(unary_union([*roads, *shore])))
    green = {}
    for name, (kind, spots) in GREENS.items():
        found = [s for s in strips if any(s.contains(Point(spot)) for spot in spots)]
        for n, strip in enumerate(found, 1):
            land = strip.difference(ground.RIVER.buffer(2)).buffer(-9).simplify(1.5)
            green[f"{name} {n}"] = (max(shapely.get_parts(land), key=lambda p: p.area), kind)
    return green


def _kept_free(parks: dict[str, tuple[Polygon, str]]) -> BaseGeometry:
    """Join all land on which no house may stand."""
    water = [shape.buffer(18) for shape in ground.WATER.values()]
    grounds = [shape.buffer(4) for shape in quarters.SCHOOL_GROUNDS.values()]
    strips = [ground.RAIL.buffer(16), ground.EXPRESSWAY.buffer(60)]
    return unary_union([*(shape for shape, _ in parks.values()), *water, *grounds, *strips])


def _node_tags(ways: list[Way]) -> dict[Key, dict[str, str]]:
    """Tag traffic signals, level crossings, kerbs on the stairs and the ends of courts."""
    meets: dict[Key, list[Way]] = {}
    for way, nodes in stretches(ways):
        for key in (nodes[0], nodes[-1]):
            meets.setdefault(key, []).append(way)
    return {key: tags for key, there in meets.items() if (tags := _tags_of_node(there))}


def _tags_of_node(ways: list[Way]) -> dict[str, str]:
    big = {"primary", "secondary", "tertiary"}
    names = {w.tags.get("name") for w in ways if w.tags.get("highway") in big}
    kinds = [w.tags.get("highway") for w in ways]
    if any("railway" in w.tags for w in ways) and len(ways) > 2:
        return {"railway": "level_crossing"}
    if len(names) > 1 and {"primary", "secondary"} & set(kinds):
        return {"highway": "traffic_signals"}
    if "steps" in kinds and len(ways) > 2:
        return {"highway": "crossing", "kerb": "lowered"}
    if len(ways) == 1 and ways[0].local and kinds == ["residential"]:
        return {"highway": "turning_circle"}
    return {}
