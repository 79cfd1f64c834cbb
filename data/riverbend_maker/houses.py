"""Line the streets with buildings: shops downtown, flats, houses, mobile homes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from .places import Building, rectangle
from .weave import Way, stretches


@dataclass(frozen=True, kw_only=True)
class Lots:
    """How the lots of a quarter are built on; lengths in metres, shares from 0 to 1."""

    every_m: float
    wide_m: tuple[float, float]
    deep_m: tuple[float, float]
    back_m: float
    built: float
    flats: float = 0.0
    kind: str = "house"


SUBURB = Lots(every_m=31, wide_m=(13, 19), deep_m=(9, 13), back_m=12, built=0.84)
TOWN = Lots(every_m=23, wide_m=(9, 13), deep_m=(9, 13), back_m=9, built=0.82, flats=0.05)
LOTS = {
    "downtown": Lots(every_m=24, wide_m=(12, 20), deep_m=(12, 20), back_m=7, built=0.86, flats=0.3),
    "east bank": Lots(every_m=22, wide_m=(9, 12), deep_m=(9, 13), back_m=8, built=0.84, flats=0.16),
    "millside": Lots(every_m=22, wide_m=(9, 13), deep_m=(9, 13), back_m=8, built=0.82, flats=0.14),
    "cannery": TOWN,
    "orchard": TOWN,
    "clover": TOWN,
    "bluffs": TOWN,
    "trailer park": Lots(every_m=15, wide_m=(4.5, 5.5), deep_m=(13, 17), back_m=5, built=0.8,
                         kind="static_caravan"),
}  # fmt: skip
SHOPS = Lots(every_m=26, wide_m=(18, 24), deep_m=(18, 26), back_m=9, built=0.85, kind="retail")
SHEDS = Lots(every_m=75, wide_m=(40, 62), deep_m=(26, 40), back_m=14, built=0.6, kind="industrial")
FLATS = Lots(every_m=50, wide_m=(36, 44), deep_m=(13, 16), back_m=10, built=0.9,
             kind="apartments")  # fmt: skip
MAIN_LOTS = {
    "Main St": SHOPS,
    "Broadway": SHOPS,
    "Frontage Rd": SHEDS,
    "Railroad Ave": SHEDS,
    "West Ave": FLATS,
    "Prairie Ave": SUBURB,
    "Southern Loop": SUBURB,
    "Highland Dr": SUBURB,
    **dict.fromkeys(("Cannery Rd", "Depot St", "Levee Rd", "Riverside Dr"), TOWN),
    **dict.fromkeys(("Hill St", "Mill St"), TOWN),
}
"""The main streets people live or work on; Main St and Broadway only where the shops are."""


def build_houses(
    ways: list[Way], taken: list[Building], free: BaseGeometry, rng: np.random.Generator
) -> list[Building]:
    """Build along every street, then drop what stands on a street, in a park or on a neighbour."""
    wanted = [b for way, nodes in stretches(ways) for b in _along(way, nodes, rng)]
    clear = _clear_of_land(wanted, ways, free)
    return _first_come([*taken, *clear])[len(taken) :]


def _along(
    way: Way, nodes: tuple[tuple[int, int], ...], rng: np.random.Generator
) -> Iterator[Building]:
    line = LineString([(x / 10, y / 10) for x, y in nodes])
    lots = _lots_of(way, line)
    if lots is None or way.tags.get("highway") not in {
        "residential", "service", "tertiary", "primary", "secondary"}:  # fmt: skip
        return
    quarter = way.quarter or ("west avenue" if lots is FLATS else "main street")
    for side in (1, -1):
        used = FLATS if rng.random() < lots.flats else lots
        yield from _row(line, side, used, quarter, rng)


def _lots_of(way: Way, line: LineString) -> Lots | None:
    if way.quarter == "path":
        return None
    if way.local:
        return LOTS.get(way.quarter, SUBURB)
    middle = line.interpolate(0.5, normalized=True)
    lots = MAIN_LOTS.get(way.tags.get("name", ""))
    if lots is SHOPS and not (-900 < middle.x < 2350 and -750 < middle.y < 640):
        return None
    if 580 < middle.x < 1100 and abs(middle.y) < 1000:  # the marsh
        return None
    if lots is FLATS and -1300 < middle.y < 1420:
        return None
    return None if middle.x > 2770 or "bridge" in way.tags or abs(middle.y) > 1900 else lots


def _row(
    line: LineString, side: int, lots: Lots, quarter: str, rng: np.random.Generator
) -> Iterator[Building]:
    at = lots.every_m * rng.uniform(0.5, 0.9)
    while at < line.length - lots.every_m * 0.4:
        wide, deep = rng.uniform(*lots.wide_m), rng.uniform(*lots.deep_m)
        back, built = lots.back_m + rng.uniform(0, 2.5), rng.random() < lots.built
        if built:
            shape = _lot(line, at, side * (back + deep / 2), (wide, deep))
            yield Building(shape=shape, kind=lots.kind, quarter=quarter)
        at += lots.every_m * rng.uniform(0.92, 1.12)


def _lot(line: LineString, at: float, back: float, size: tuple[float, float]) -> Polygon:
    a, b = line.interpolate(max(at - 6, 0)), line.interpolate(min(at + 6, line.length))
    x, y = (b.x - a.x) / a.distance(b), (b.y - a.y) / a.distance(b)
    foot = line.interpolate(at)
    return rectangle((foot.x - y * back, foot.y + x * back), (x, y), *size)


def _clear_of_land(wanted: list[Building], ways: list[Way], free: BaseGeometry) -> list[Building]:
    shapes = np.array([b.shape for b in wanted])
    lines = shapely.STRtree([w.line for w in ways])
    on_street = np.unique(lines.query(shapes, predicate="dwithin", distance=5.0)[0])
    shapely.prepare(free)
    blocked = shapely.intersects(free, shapes)
    blocked[on_street] = True
    return [b for b, bad in zip(wanted, blocked, strict=True) if not bad]


def _first_come(buildings: list[Building]) -> list[Building]:
    """Keep each building unless it comes within 2.5 m of one kept before it."""
    shapes = [b.shape for b in buildings]
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=2.5)
    rivals: dict[int, list[int]] = {}
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        if j < i:
            rivals.setdefault(i, []).append(j)
    kept = np.zeros(len(buildings), bool)
    for i in range(len(buildings)):
        kept[i] = not any(kept[j] for j in rivals.get(i, ()))
    return [b for b, keep in zip(buildings, kept, strict=True) if keep]
