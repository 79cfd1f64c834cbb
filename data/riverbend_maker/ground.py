"""Draw the land by hand: the river, the railway, the expressway and the streets that matter.

All shapes are in metres east (x) and north (y) of Broadway & Main; ``to_lonlat`` places the town
on empty prairie. Nothing here is random.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import substring

Floats = NDArray[np.float64]
Points = Sequence[tuple[float, float]]

LON, LAT = -99.678, 38.274
M_PER_LON, M_PER_LAT = 87_505.0, 111_002.0  # one degree there, in metres
EDGE = box(-3100, -2450, 3900, 2450)
HUB = (-812.0, -59.0)


def to_lonlat(xy: Floats) -> Floats:
    """Turn metres into degrees, to a centimetre."""
    lonlat = np.asarray(xy, float) / (M_PER_LON, M_PER_LAT) + (LON, LAT)
    return np.round(lonlat, 7)


def curve(points: Points, *, step_m: float = 30.0) -> LineString:
    """Draw a smooth line through the points (Catmull–Rom), in steps of about ``step_m``."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    parts = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        steps = max(2, int(np.hypot(*(c - b)) / step_m))
        t = np.linspace(0, 1, steps, endpoint=False)[:, None]
        bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        parts.append(0.5 * (2 * b + (c - a) * t + bend))
    return LineString(np.vstack([*parts, p[-2:-1]])).simplify(0.8)


def beside(line: LineString, offset_m: float, *, south: float, north: float) -> LineString:
    """Draw a line at a distance beside another (left is positive), between two latitudes."""
    shifted = line.parallel_offset(abs(offset_m), "left" if offset_m > 0 else "right")
    cut = shifted.simplify(2.0).intersection(box(-9999, south, 9999, north))
    return max(shapely.get_parts(cut), key=lambda part: part.length)


def _river() -> Polygon:
    s = np.linspace(0, 1, 160)
    mid = np.array([RIVER_COURSE.interpolate(x, normalized=True).coords[0] for x in s])
    along = np.gradient(mid, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    half = (46 + 9 * np.sin(9 * s) + 5 * np.sin(31 * s))[:, None]
    return Polygon(np.vstack([mid + across * half, (mid - across * half)[::-1]])).buffer(0)


# fmt: off
RIVER_COURSE = curve(
    [(330, 2750), (390, 2100), (150, 1500), (330, 950), (640, 520), (720, 80), (520, -420),
    (440, -930), (740, -1400), (1130, -1760), (1230, -2250), (1500, -2750)]
)
RIVER = _river()
LAKE = Polygon(curve(
    [(-1820, 420), (-1750, 520), (-1640, 540), (-1590, 450), (-1660, 390), (-1640, 310),
    (-1740, 280), (-1830, 330), (-1820, 420)]
).coords)
PIT = Polygon(
    curve(
        [(3150, -2110), (3300, -2060), (3430, -2120), (3380, -2230), (3210, -2240), (3150, -2110)]
    ).coords
)
RAIL = curve(
    [(-640, 2750), (-600, 2000), (-690, 1400), (-820, 700), (-845, 0), (-790, -800),
    (-840, -1400), (-1020, -2000), (-1300, -2750)]
)
EXPRESSWAY = curve(
    [(2530, 2750), (2630, 1900), (2750, 1200), (2820, 400), (2790, -400), (2780, -1200),
    (2890, -2000), (3100, -2750)]
)
# fmt: on
WATER = {"Heron River": RIVER, "Mirror Lake": LAKE, "Gravel Pit": PIT}


@dataclass(frozen=True, kw_only=True)
class Street:
    """One named line with its OSM tags, not yet joined to the others."""

    line: LineString
    tags: dict[str, str] = field(default_factory=dict)
    local: bool = False
    quarter: str = ""


def _named(name: str, highway: str, mph: int, line: LineString, **more: str) -> Street:
    tags = {"highway": highway, "name": name, "maxspeed": f"{mph} mph", "sidewalk": "both"}
    return Street(line=line, tags={**tags, **more})


def main_streets() -> list[Street]:
    """List the streets that carry the town, drawn by hand; ends overshoot and are trimmed."""
    return [
        _named("Main St", "primary", 30, curve([(-3300, 40), (-2600, 120), (-2050, 40),
            (-1400, -100), (-840, -62), (-250, 0), (400, 68), (720, 102), (1450, 130), (1950, 130),
            (2430, 190), (2810, 260), (3300, 300), (4150, 420)])),
        _named("Northern Pkwy", "secondary", 40, curve([(-2700, 1330), (-2100, 1400),
            (-1400, 1340), (-700, 1400), (-320, 1450), (150, 1500), (620, 1500), (1670, 1430),
            (2150, 1400), (2600, 1330), (2750, 1310), (3150, 1250), (3300, 900), (3270, 280)])),
        _named("Mill St", "secondary", 30, curve([(-2070, -640), (-1400, -700), (-790, -760),
            (-150, -850), (440, -930), (1350, -950), (1750, -880), (2200, -860), (2680, -820)])),
        _named("South Rd", "secondary", 35, curve([(-2900, -1230), (-2050, -1180), (-1400, -1260),
            (-820, -1310), (-130, -1390), (380, -1440), (660, -1500)])),
        _named("Southern Loop", "tertiary", 30, curve([(-2200, -1880), (-1900, -2060),
            (-1450, -2090), (-1000, -1980), (-500, -1990), (20, -2020), (480, -1960),
            (740, -1830), (900, -1680)])),
        _named("Highland Dr", "tertiary", 30, curve([(-2185, 1975), (-1800, 2150), (-1350, 2200),
            (-950, 2080), (-600, 2050), (-300, 2000)])),
        _named("Park Rd", "tertiary", 30, curve([(-2070, 800), (-1720, 850), (-1370, 780)])),
        _named("Hill St", "tertiary", 25, curve([(-1390, 560), (-1100, 600), (-830, 640),
            (-330, 692), (50, 730), (300, 755)])),
        _named("West Ave", "secondary", 35, curve([(-2230, 2500), (-2140, 1900), (-2090, 1400),
            (-2040, 800), (-2040, 40), (-2030, -640), (-2060, -1180), (-2150, -1800),
            (-2300, -2600)])),
        _named("Prairie Ave", "tertiary", 30, curve([(-1350, 2220), (-1390, 1340), (-1370, 700),
            (-1390, -100), (-1380, -700), (-1420, -1260), (-1460, -2150)])),
        _named("Broadway", "secondary", 30, curve([(-280, 2500), (-300, 2000), (-380, 1440),
            (-320, 690), (-250, 0), (-165, -830), (-130, -1390), (0, -2120), (80, -2600)])),
        _named("Railroad Ave", "tertiary", 30, beside(RAIL, 34, south=-1400, north=1415)),
        _named("Riverside Dr", "tertiary", 25, beside(RIVER_COURSE, -150, south=-1750, north=1525)),
        _named("Levee Rd", "tertiary", 25, curve([(880, 1530), (930, 1150), (1130, 760),
            (1270, 330), (1280, -120), (1130, -560), (1040, -990)])),
        _named("East Ave", "secondary", 30, curve([(1630, 1950), (1670, 1430), (1640, 800),
            (1630, 130), (1690, -400), (1740, -880), (1930, -1400), (2090, -1800),
            (2300, -2550)])),
        _named("Depot St", "tertiary", 30, curve([(1050, 850), (1350, 800), (1640, 790),
            (2150, 850), (2690, 830)])),
        _named("Cannery Rd", "tertiary", 30, curve([(1870, -1290), (2250, -1330), (2660, -1260)])),
        _named("Frontage Rd", "tertiary", 35, beside(EXPRESSWAY, -120, south=-1840, north=1390),
               sidewalk="right"),
        _named("Quarry Rd", "tertiary", 40, curve([(2090, -1780), (2500, -1830), (2860, -1850),
            (3250, -1930), (3600, -1900)]), sidewalk="no"),
        _named("Sunflower Rd", "tertiary", 40, curve([(3280, 325), (3290, -100), (3350, -500),
            (3460, -860), (3520, -1170)]), sidewalk="no"),
    ]  # fmt: skip


def rail_line() -> Street:
    """Draw the railway; streets meet it at level crossings."""
    return Street(line=RAIL, tags={"railway": "rail", "name": "Heron Valley Line"})


def expressway() -> list[Street]:
    """Draw two carriageways and two diamond interchanges; nobody walks on any of it."""
    tags = {"highway": "motorway", "name": "Prairie Expressway", "ref": "PX 9", "oneway": "yes"}
    tags |= {"maxspeed": "65 mph", "foot": "no", "bicycle": "no", "lanes": "2"}
    south = EXPRESSWAY.parallel_offset(14, "right").simplify(0.5)
    north = LineString(EXPRESSWAY.parallel_offset(14, "left").simplify(0.5).coords[::-1])
    streets = [Street(line=line, tags=tags) for line in (south, north)]
    crossed = {s.tags["name"]: s.line for s in main_streets()}
    for name in ("Main St", "Quarry Rd"):
        streets += _ramps(crossed[name], south, north)
    return streets


def _ramps(road: LineString, south: LineString, north: LineString) -> list[Street]:
    tags = {"highway": "motorway_link", "oneway": "yes", "maxspeed": "35 mph"}
    tags |= {"foot": "no", "bicycle": "no"}
    ramps = []
    for carriageway, side in ((south, -1), (north, 1)):
        cross = carriageway.intersection(road)
        at = carriageway.project(cross)
        meet = road.interpolate(road.project(cross) + side * 42)
        leave, join = carriageway.interpolate(at - 330), carriageway.interpolate(at + 330)
        for first, last in ((leave, meet), (meet, join)):
            ramps.append(Street(line=_ramp(first, last, side), tags=tags))
    return ramps


def _ramp(first: Point, last: Point, side: int) -> LineString:
    a, b = np.array(first.coords[0]), np.array(last.coords[0])
    middle = (a + b) / 2 + (side * 16, 0)
    return curve([tuple(a), tuple(middle), tuple(b)], step_m=60)


def split_at(street: Street, shape: Polygon, **inside: str) -> list[Street]:
    """Cut a street where it enters and leaves a shape, and tag the part inside."""
    line = street.line
    crossing = line.intersection(shape)
    if crossing.is_empty:
        return [street]
    start, stop = sorted(line.project(Point(c)) for c in (crossing.coords[0], crossing.coords[-1]))
    parts = (
        (substring(line, 0, start), {}),
        (substring(line, start, stop), inside),
        (substring(line, stop, line.length), {}),
    )
    return [Street(line=p, tags={**street.tags, **more}) for p, more in parts if p.length > 1]
