"""Fill the land between the main streets: a grid downtown, curves and courts in the suburbs."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, polygonize, unary_union

from .ground import EDGE, EXPRESSWAY, RAIL, RIVER, WATER, Floats, Street
from .names import Names, ordinal


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """How one part of town is laid out.

    ``cells`` are points in the cells between main streets that belong to it. Streets run along
    ``angle_deg`` every ``deep_m``, joined by cross streets every ``long_m``; both wave by
    ``wave_m``. A street is broken with probability ``breaks``, a cross street missing with
    probability ``gaps``, and courts hang off when ``courts``.
    """

    name: str
    cells: tuple[tuple[float, float], ...]
    theme: str
    angle_deg: float = 0.0
    origin: tuple[float, float] = (0.0, 0.0)
    deep_m: float = 105.0
    long_m: float = 250.0
    wave_m: float = 0.0
    wave_length_m: float = 900.0
    breaks: float = 0.0
    gaps: float = 0.0
    courts: bool = False
    numbered: bool = False
    stairs: bool = False


QUARTERS = (
    Quarter(name="downtown", cells=((-550, 350), (-50, 350), (-500, -400), (100, -400)),
            theme="trees", angle_deg=6, origin=(-250, 0), deep_m=96, long_m=112, wave_m=5,
            gaps=0.04, numbered=True),
    Quarter(name="millside", cells=((-500, -1100), (100, -1150)), theme="works", angle_deg=-5,
            deep_m=100, long_m=150, wave_m=14, breaks=0.05, gaps=0.2),
    Quarter(name="bluffs", cells=((-600, 1000), (-100, 1050)), theme="weather", angle_deg=-22,
            deep_m=118, long_m=210, wave_m=46, wave_length_m=640, gaps=0.3, stairs=True),
    Quarter(name="orchard", cells=((-1100, 900), (-1100, 250)), theme="farm", angle_deg=-4,
            deep_m=104, long_m=170, wave_m=16, breaks=0.08, gaps=0.2),
    Quarter(name="clover", cells=((-1700, -350), (-1100, -400), (-1100, -1000)), theme="farm",
            angle_deg=-3, deep_m=108, long_m=215, wave_m=24, breaks=0.12, gaps=0.2),
    Quarter(name="prairie view", cells=((-1700, -950),), theme="birds", angle_deg=4,
            deep_m=125, long_m=240, wave_m=38, breaks=0.15, gaps=0.25),
    Quarter(name="westridge", cells=((-2500, 700), (-2600, -400)), theme="flowers", angle_deg=12,
            deep_m=205, long_m=330, wave_m=46, wave_length_m=1150, courts=True, gaps=0.2,
            breaks=0.06),
    Quarter(name="northfield", cells=((-1700, 1100),), theme="birds", angle_deg=-8, deep_m=130,
            long_m=230, wave_m=36, wave_length_m=900, breaks=0.15, gaps=0.25),
    Quarter(name="northgate", cells=((-1750, 1750), (-1000, 1750)), theme="birds", angle_deg=9,
            deep_m=195, long_m=300, wave_m=44, wave_length_m=1050, courts=True, gaps=0.15,
            breaks=0.05),
    Quarter(name="southfield", cells=((-1800, -1600), (-1150, -1700)), theme="stones",
            angle_deg=-10, deep_m=190, long_m=300, wave_m=44, wave_length_m=1100, courts=True,
            gaps=0.15, breaks=0.06),
    Quarter(name="southside", cells=((-500, -1700), (250, -1750)), theme="stones", angle_deg=-7,
            deep_m=120, long_m=230, wave_m=34, breaks=0.12, gaps=0.25),
    Quarter(name="east bank", cells=((1400, 500), (1420, -350), (2100, -350)), theme="works",
            angle_deg=3, origin=(1630, 130), deep_m=98, long_m=132, wave_m=14, gaps=0.12,
            breaks=0.03),
    Quarter(name="levee heights", cells=((2100, 500),), theme="weather", angle_deg=-6,
            deep_m=112, long_m=200, wave_m=30, breaks=0.1, gaps=0.2),
    Quarter(name="cannery", cells=((2200, -1080), (2250, -1550)), theme="works", angle_deg=-4,
            deep_m=112, long_m=190, wave_m=20, breaks=0.1, gaps=0.2),
)  # fmt: skip

SCHOOL_GROUNDS = {
    "S1": box(-2072, 1570, -1900, 1710),
    "S2": box(-1960, -560, -1780, -420),
    "S3": box(-2095, -1780, -1915, -1625),
    "S4": box(-2360, -1140, -2110, -960),
    "S5": box(-2420, 150, -2110, 420),
}


def cells_of(streets: list[Street]) -> list[Polygon]:
    """Cut the map into the cells that the main streets, the rail and the map's edge enclose."""
    outer = unary_union(
        [EDGE.exterior, RAIL, EXPRESSWAY, RIVER.exterior, *(s.line for s in streets)]
    )
    return list(polygonize(outer))


def local_streets(main: list[Street], rng: np.random.Generator, names: Names) -> Iterator[Street]:
    """Lay out every quarter in turn."""
    cells = cells_of(main)
    taboo = _taboo()
    for quarter in QUARTERS:
        points = [Point(c) for c in quarter.cells]
        land = unary_union([c for c in cells if any(c.contains(p) for p in points)])
        yield from _fill(quarter, land.intersection(_built_up()).difference(taboo), rng, names)
    yield from trailer_park(names)


def _built_up() -> Polygon:
    # fmt: off
    return Polygon(
        [(-2180, 2120), (-1500, 2330), (-200, 2100), (-100, 1560), (3450, 1500), (2800, -1700),
        (1950, -1900), (500, -2200), (-2150, -2200), (-2300, -1300), (-2900, -1250),
        (-2950, -500), (-2900, 1000), (-2500, 1370), (-2200, 1420)]
    )
    # fmt: on


def _taboo() -> BaseGeometry:
    grounds = [ground.buffer(10) for ground in SCHOOL_GROUNDS.values()]
    rail, fast = RAIL.buffer(26), EXPRESSWAY.buffer(70)
    return unary_union([*grounds, rail, fast, *(w.buffer(55) for w in WATER.values())])


class _Lattice:
    """The warped grid of a quarter: ``at(u, v)`` gives metres for positions along and across."""

    def __init__(self, quarter: Quarter, land: BaseGeometry, rng: np.random.Generator) -> None:
        self.quarter = quarter
        turn = np.radians(quarter.angle_deg)
        self.axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        self.phase = rng.uniform(0, 2 * np.pi, 3)
        corners = np.asarray(land.envelope.buffer(120).exterior.coords)
        local = (corners - quarter.origin) @ self.axes.T
        (u0, v0), (u1, v1) = local.min(axis=0), local.max(axis=0)
        self.u = _ticks(u0, u1, quarter.long_m, rng, jitter=0.05 if quarter.numbered else 0.16)
        self.v = _ticks(v0, v1, quarter.deep_m, rng, jitter=0.03)

    def at(self, u: Floats, v: Floats) -> Floats:
        q, (a, b, c) = self.quarter, self.phase
        k = 2 * np.pi / q.wave_length_m
        bent_v = v + q.wave_m * np.sin(k * u + a) + 0.4 * q.wave_m * np.sin(2.3 * k * u + b)
        bent_u = u + 0.6 * q.wave_m * np.sin(k * v + c)
        return np.column_stack([bent_u, bent_v]) @ self.axes + q.origin

    def line(self, start: tuple[float, float], stop: tuple[float, float]) -> LineString:
        (u0, v0), (u1, v1) = start, stop
        steps = max(2, int(np.hypot(u1 - u0, v1 - v0) / 22) + 1)
        path = self.at(np.linspace(u0, u1, steps), np.linspace(v0, v1, steps))
        return LineString(path).simplify(0.9)


def _ticks(
    low: float, high: float, gap: float, rng: np.random.Generator, *, jitter: float
) -> Floats:
    """Space lines evenly from the origin, which stays free for the main street, and shake them."""
    ticks = np.arange(np.floor(low / gap), np.ceil(high / gap) + 1) * gap
    return ticks + np.where(ticks == 0, 0, rng.uniform(-jitter, jitter, len(ticks)) * gap)


def _fill(
    quarter: Quarter, land: BaseGeometry, rng: np.random.Generator, names: Names
) -> Iterator[Street]:
    grid = _Lattice(quarter, land, rng)
    clip = land.buffer(0.5)
    skip_main = quarter.numbered  # downtown's two axes are Main St and Broadway themselves
    for v in grid.v:
        if not (skip_main and v == 0):
            yield from _clipped(quarter, list(_along(grid, v, rng)), clip, names)
    number = 1
    for u in sorted(grid.u, reverse=True):
        if not (skip_main and u == 0):
            blocks = list(_cross(grid, u, rng))
            steep = [quarter.stairs and rng.random() < 0.45 for _ in blocks]
            flat = [b for b, is_steep in zip(blocks, steep, strict=True) if not is_steep]
            made = list(_clipped(quarter, flat, clip, names, number=number))
            number += bool(made)
            yield from made
            yield from _stairs(quarter, list(compress(blocks, steep)), clip)
    if quarter.courts:
        yield from _courts(grid, clip, rng, names)


def _stairs(quarter: Quarter, blocks: list[LineString], clip: BaseGeometry) -> Iterator[Street]:
    """Climb the steepest blocks by steps; wheels must go round."""
    for block in blocks:
        if clip.contains(block):
            tags = {"highway": "steps", "incline": "up", "handrail": "yes", "wheelchair": "no"}
            yield Street(line=block, tags=tags, local=True, quarter=quarter.name)


def _along(grid: _Lattice, v: float, rng: np.random.Generator) -> Iterator[LineString]:
    """Draw one long street, with a gap between two cross streets here and there."""
    start = grid.u[0]
    for left, right in zip(grid.u[:-1], grid.u[1:], strict=True):
        if rng.random() < grid.quarter.breaks:
            middle = (left + right) / 2
            yield grid.line((start, v), (middle - 32, v))
            start = middle + 32
    yield grid.line((start, v), (grid.u[-1], v))


def _cross(grid: _Lattice, u: float, rng: np.random.Generator) -> Iterator[LineString]:
    """Draw one cross street, block by block; in a suburb each block is shifted a little."""
    shift = 0.0 if grid.quarter.numbered else 0.12
    for low, high in zip(grid.v[:-1], grid.v[1:], strict=True):
        at = u + rng.uniform(-shift, shift) * grid.quarter.long_m * (grid.quarter.gaps > 0.12)
        if rng.random() >= grid.quarter.gaps:
            yield grid.line((at, low), (at, high))


def _courts(
    grid: _Lattice, clip: BaseGeometry, rng: np.random.Generator, names: Names
) -> Iterator[Street]:
    for v in grid.v:
        side = 1.0
        for u in np.arange(grid.u[0], grid.u[-1], 92.0):
            side = -side
            reach = side * rng.uniform(72, 105)
            stem = grid.line((u, v), (u + rng.uniform(-14, 14), v + reach))
            far = min((abs(u - x) for x in grid.u), default=999.0) > 48
            if far and rng.random() < 0.8 and clip.contains(stem):
                name = names.take(grid.quarter.theme, "court")
                yield _local(stem, name, grid.quarter, court="yes")


def _clipped(
    quarter: Quarter, parts: list[LineString], clip: BaseGeometry, names: Names, *,
    number: int | None = None,
) -> Iterator[Street]:  # fmt: skip
    inside = [p.intersection(clip) for p in parts]
    lines = [line for shape in inside for line in shapely.get_parts(shape)]
    lines = [ln for ln in lines if ln.geom_type == "LineString" and ln.length > 2]
    if not lines:
        return
    merged = linemerge(MultiLineString(lines)) if len(lines) > 1 else lines[0]
    if quarter.numbered and number is not None:
        name = f"{ordinal(number)} Ave"
    else:
        name = names.take(quarter.theme, "town" if quarter.deep_m < 105 else "suburb")
    for line in shapely.get_parts(merged):
        if line.length > 25:
            yield _local(line, name, quarter)


def _local(line: LineString, name: str, quarter: Quarter, **tags: str) -> Street:
    base = {"highway": "residential", "name": name, "maxspeed": "25 mph"}
    return Street(line=line, tags={**base, **tags}, local=True, quarter=quarter.name)


def trailer_park(names: Names) -> Iterator[Street]:
    """Draw the trailer park's lanes: no sidewalks, one way in, at its north-west corner."""
    tags = {"highway": "service", "sidewalk": "no", "maxspeed": "15 mph"}
    west, east = (
        LineString([(3440, -1240), (3485, -1620)]),
        LineString([(3730, -1220), (3775, -1570)]),
    )
    lanes = [west, east]
    for share in np.linspace(0.03, 0.97, 8):
        a, b = (side.interpolate(share, normalized=True).coords[0] for side in (west, east))
        lanes.append(LineString([a, b]))
    for lane in lanes:
        name = names.take("flowers", "suburb").rsplit(" ", 1)[0] + " Lane"
        yield Street(line=lane, tags={**tags, "name": name}, local=True, quarter="trailer park")
    way_in = LineString([(3520, -1170), (3522, -1200), (3490, -1230), (3440, -1240)])
    yield Street(line=way_in, tags={**tags, "name": "Sunflower Park Entrance"}, local=True,
                 quarter="trailer park")  # fmt: skip


def playing_field(ground: Polygon) -> Polygon:
    """Draw the field behind a school, in the south-east of its grounds."""
    west, south, east, _ = ground.bounds
    return box(west + (east - west) * 0.45, south + 10, east - 12, south + 62)
