"""Turn street tags into metres and seconds: who may pass each piece of street, and how fast.

The rules are data in ``travel.tags``; this module applies them to whole columns. Decisions:

- Private ways are closed in every mode: a family behind a gate steps onto the nearest public
  street. ``destination`` and ``customers`` are open: families and meetings are destinations.
- Walking speed is the same everywhere, so metres on foot are seconds × speed, exactly.
- Wheelchair: what is known to be bad is closed (steps always; ``wheelchair`` no or limited, bad
  smoothness, loose surface, over 8 %, raised or undescribed kerb). Where bad is likely, unknown
  is closed too: paths and tracks of unknown surface, trunk roads of unknown sidewalk. An
  ordinary street that says nothing stays open: else nearly nothing is reachable, and a map that
  is silent would be read as a barrier. ``wheelchair=yes`` was seen by a person and overrides all
  but steps.
- Drive: the class gives the free-flow speed, a stated speed limit × 0.85 replaces it, lights and
  stop signs cost seconds, ``drive_factor`` stretches the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.tables import Streets
from famgeo.travel import tags as t
from famgeo.travel.tags import Profile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LIMIT_SHARE = 0.85
_SLOW_CLASSES = frozenset({"living_street", "service", "track"})
_UNPAVED_DRIVE_KMH = 30.0
_UNPAVED_BIKE_SHARE = 0.7
_KMH_PER_MPH = 1.609344
_MS_PER_KMH = 1 / 3.6
_YES = frozenset({"yes", "true", "1"})
_BACK = frozenset({"-1", "reverse"})
_NO = frozenset({"no", "false", "0"})


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What each piece and node costs a mode.

    metres : float64 (pieces,). forward_s, backward_s : float64 (pieces,), inf = not that way.
    node_s : float64 (nodes,), paid on arriving at the node. closed : bool (nodes,), a barrier one
    can come up to but not pass. snappable : bool (pieces,), where a trip may start or end.
    """

    metres: Floats
    forward_s: Floats
    backward_s: Floats
    node_s: Floats
    closed: Bools
    snappable: Bools


def price(streets: Streets, mode: Mode, limits: Limits) -> Prices:
    """Price every piece and node of the streets for a mode.

    Raises ``TravelError`` for transit, which runs by timetable and not by street.
    """
    if mode not in t.PROFILES:
        message = f"There is no street profile for {mode}. Choose walk, wheelchair, bike or drive."
        raise TravelError(message)
    profile = t.PROFILES[mode]
    ways, way_of = streets.ways, streets.way_of
    kmh = _SPEEDS[mode](ways, limits)
    forward, backward = _directions(ways, mode)
    metres = piece_metres(streets)
    factor = limits.drive_factor if mode is Mode.DRIVE else 1.0
    return Prices(
        metres=metres,
        forward_s=_seconds(metres, np.where(forward, kmh["forward"], 0.0)[way_of]) * factor,
        backward_s=_seconds(metres, np.where(backward, kmh["backward"], 0.0)[way_of]) * factor,
        node_s=_delays(streets.nodes["highway"], profile) * factor,
        closed=_closed(streets.nodes, mode),
        snappable=~_isin(ways["highway"], profile.no_snap)[way_of],
    )


def piece_metres(streets: Streets) -> Floats:
    """Return the length of each piece on the WGS 84 ellipsoid, exact to a millimetre for streets.

    Degrees become metres with the radii of curvature at the piece's middle latitude.
    """
    lon, lat = streets.nodes["lon"].to_numpy(float), streets.nodes["lat"].to_numpy(float)
    a, b = streets.from_node, streets.to_node
    return metres_between(lon[a], lat[a], lon[b], lat[b])


def metres_between(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Return short straight distances in metres between points in degrees."""
    middle = np.radians((lat_a + lat_b) / 2)
    e2 = 0.00669437999014
    w2 = 1 - e2 * np.sin(middle) ** 2
    east = np.radians(lon_b - lon_a) * np.cos(middle) * 6378137.0 / np.sqrt(w2)
    north = np.radians(lat_b - lat_a) * 6378137.0 * (1 - e2) / w2**1.5
    distance: Floats = np.hypot(east, north)
    return distance


def _seconds(metres: Floats, kmh: Floats) -> Floats:
    """Divide, with inf where the speed is 0."""
    passable = kmh > 0
    pace = np.divide(1.0, kmh * _MS_PER_KMH, out=np.full(len(kmh), np.inf), where=passable)
    seconds: Floats = np.multiply(metres, pace, out=np.full(len(kmh), np.inf), where=passable)
    return seconds


def _both(kmh: Floats) -> dict[str, Floats]:
    return {"forward": kmh, "backward": kmh}


def _walk_kmh(ways: pd.DataFrame, limits: Limits) -> dict[str, Floats]:
    open_ = _usable(ways, t.PROFILES[Mode.WALK]) & _walkable_trunk(ways)
    return _both(np.where(open_, limits.walk_kmh, 0.0))


def _wheelchair_kmh(ways: pd.DataFrame, limits: Limits) -> dict[str, Floats]:
    open_ = _usable(ways, t.PROFILES[Mode.WHEELCHAIR]) & _walkable_trunk(ways) & _step_free(ways)
    return _both(np.where(open_, limits.wheelchair_kmh, 0.0))


def _bike_kmh(ways: pd.DataFrame, limits: Limits) -> dict[str, Floats]:
    profile, walk = t.PROFILES[Mode.BIKE], t.PROFILES[Mode.WALK]
    rough = _isin(ways["surface"], t.UNPAVED) | _isin(ways["smoothness"], t.ROUGH)
    kind = _kind(ways)
    ride = _lookup(kind, profile.share) * limits.bike_kmh
    ride = np.where(rough, ride * _UNPAVED_BIKE_SHARE, ride)
    push = _lookup(kind, profile.on_foot) * limits.walk_kmh
    dismount = (ways["bicycle"] == "dismount").to_numpy()
    push = np.where(dismount, limits.walk_kmh, push) * _usable(ways, walk)
    may_ride = _usable(ways, profile) & ~dismount & (ways["motorroad"] != "yes").to_numpy()
    return _both(np.where(may_ride, ride, push))


def _drive_kmh(ways: pd.DataFrame, limits: Limits) -> dict[str, Floats]:
    del limits
    profile = t.PROFILES[Mode.DRIVE]
    by_class = _lookup(ways["highway"], profile.share)
    by_class = np.where(_isin(ways["service"], {"emergency_access"}), 0.0, by_class)
    slow = _isin(ways["highway"], _SLOW_CLASSES)
    unpaved = _isin(ways["surface"], t.UNPAVED)
    usable = _usable(ways, profile)
    speeds = {}
    for way in ("forward", "backward"):
        signed = _number(ways[f"maxspeed:{way}"], parse_kmh)
        signed = np.where(np.isnan(signed), _number(ways["maxspeed"], parse_kmh), signed)
        kmh = np.where(np.isnan(signed), by_class, signed * _LIMIT_SHARE)
        kmh = np.where(slow, np.minimum(kmh, by_class), kmh)
        kmh = np.where(unpaved, np.minimum(kmh, _UNPAVED_DRIVE_KMH), kmh)
        speeds[way] = np.where(usable & (by_class > 0), kmh, 0.0)
    return speeds


_SPEEDS: dict[Mode, Callable[[pd.DataFrame, Limits], dict[str, Floats]]] = {
    Mode.WALK: _walk_kmh,
    Mode.WHEELCHAIR: _wheelchair_kmh,
    Mode.BIKE: _bike_kmh,
    Mode.DRIVE: _drive_kmh,
}


def _usable(ways: pd.DataFrame, profile: Profile) -> Bools:
    """Whether class and access let the mode use each way."""
    kind = _kind(ways)
    said = _permission(ways, profile.keys)
    return _isin(kind, profile.share) & (said >= 0) & (~_isin(kind, profile.asks) | (said > 0))


def _kind(ways: pd.DataFrame) -> "pd.Series[str]":
    """Return the class of each way; a platform without ``highway`` is a platform."""
    return ways["highway"].where(ways["highway"] != "", "platform")


def _permission(table: pd.DataFrame, keys: tuple[str, ...]) -> NDArray[np.int8]:
    """Return 1 granted, −1 refused, 0 not said; the most specific key that speaks wins."""
    said = np.zeros(len(table), np.int8)
    for key in reversed([key for key in keys if key in table]):
        said[_isin(table[key], t.GRANT)] = key != "access"
        said[_isin(table[key], t.REFUSE)] = -1
    return said


def _walkable_trunk(ways: pd.DataFrame) -> Bools:
    """Close motorroads, and trunk roads said to have no sidewalk, unless foot=yes."""
    trunk = _isin(ways["highway"], {"trunk", "trunk_link"}) & _no_sidewalk(ways)
    motorroad = (ways["motorroad"] == "yes").to_numpy()
    return ~(trunk | motorroad) | _isin(ways["foot"], t.GRANT)


def _no_sidewalk(ways: pd.DataFrame) -> Bools:
    said = _isin(ways["sidewalk"], {"no", "none"}) | (ways["sidewalk:both"] == "no").to_numpy()
    sides = (ways["sidewalk:left"] == "no") & (ways["sidewalk:right"] == "no")
    return said | sides.to_numpy()


def _has_sidewalk(ways: pd.DataFrame) -> Bools:
    has = np.zeros(len(ways), bool)
    for key in ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"):
        has |= _isin(ways[key], {"yes", "both", "left", "right"})
    return has


def _step_free(ways: pd.DataFrame) -> Bools:
    """Apply the wheelchair rules in the module's docstring to each way."""
    surface, kind = ways["surface"], ways["highway"]
    bad = _isin(surface, t.UNPAVED) | _isin(ways["smoothness"], t.ROUGH)
    bad |= np.abs(np.nan_to_num(_number(ways["incline"], parse_grade))) > t.MAX_GRADE + 1e-9
    bad |= _isin(kind, t.WILD_CLASSES) & ~_isin(surface, t.PAVED)
    bad |= _isin(kind, t.MAIN_ROADS) & _no_sidewalk(ways)
    bad |= _isin(kind, {"trunk", "trunk_link"}) & ~_has_sidewalk(ways)
    seen = _isin(ways["wheelchair"], {"yes", "designated"})
    refused = _isin(ways["wheelchair"], {"no", "limited"})
    return (seen | ~bad) & ~refused & (kind != "steps").to_numpy()


def _directions(ways: pd.DataFrame, mode: Mode) -> tuple[Bools, Bools]:
    """Whether each way may be used along and against its direction."""
    if mode in {Mode.WALK, Mode.WHEELCHAIR}:
        return _one_way(ways["oneway:foot"])
    implied = _isin(ways["junction"], {"roundabout", "circular"}) | (
        (ways["highway"] == "motorway").to_numpy()
    )
    oneway = ways["oneway"].where(~((ways["oneway"] == "") & implied), "yes")
    forward, backward = _one_way(oneway)
    closed = (oneway == "reversible").to_numpy()
    forward, backward = forward & ~closed, backward & ~closed
    if mode is Mode.BIKE:
        own_forward, own_backward = _one_way(ways["oneway:bicycle"])
        said = _isin(ways["oneway:bicycle"], _YES | _NO | _BACK)
        forward = np.where(said, own_forward, forward | _contraflow(ways))
        backward = np.where(said, own_backward, backward | _contraflow(ways))
    return forward, backward


def _one_way(values: "pd.Series[str]") -> tuple[Bools, Bools]:
    return ~_isin(values, _BACK), ~_isin(values, _YES)


def _contraflow(ways: pd.DataFrame) -> Bools:
    """Whether a lane lets bicycles ride against a one-way street."""
    lane = np.zeros(len(ways), bool)
    for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both"):
        lane |= _isin(ways[key], {"opposite", "opposite_lane", "opposite_track"})
    for key in ("cycleway:left:oneway", "cycleway:right:oneway"):
        lane |= _isin(ways[key], _BACK | {"no"})
    return lane


def _delays(highway: "pd.Series[str]", profile: Profile) -> Floats:
    return _lookup(highway, profile.delay_s)


def _closed(nodes: pd.DataFrame, mode: Mode) -> Bools:
    """Whether a barrier on each node stops the mode there."""
    profile = t.PROFILES[mode]
    said = _permission(nodes, profile.keys)
    barrier = (nodes["barrier"] != "").to_numpy()
    closed = (_isin(nodes["barrier"], profile.stops) & (said <= 0)) | (barrier & (said < 0))
    if mode is not Mode.WHEELCHAIR:
        return closed
    level = _isin(nodes["kerb"], t.LEVEL_KERBS - {""})
    kerb = (nodes["barrier"] == "kerb").to_numpy()
    closed = (closed & ~(kerb & level)) | ~_isin(nodes["kerb"], t.LEVEL_KERBS)
    seen = _isin(nodes["wheelchair"], {"yes", "designated"})
    return (closed & ~seen) | _isin(nodes["wheelchair"], {"no", "limited"})


def parse_kmh(text: str) -> float:
    """Return a speed limit in km/h; NaN when the text states none.

    >>> [round(parse_kmh(x), 1) for x in ("50", "30 mph", "25mph", "walk", "none", "RO:urban")]
    [50.0, 48.3, 40.2, 7.0, nan, nan]
    """
    text = text.partition(";")[0].strip().lower()
    if text in {"walk", "walking"}:
        return 7.0
    unit = _KMH_PER_MPH if text.endswith("mph") else 1.0
    return _positive(text.removesuffix("mph").removesuffix("km/h").strip()) * unit


def parse_grade(text: str) -> float:
    """Return a slope as a share, up or down alike; NaN when the text states none.

    >>> [round(parse_grade(x), 3) for x in ("10%", "-12.5 %", "5°", "up", "")]
    [0.1, 0.125, 0.087, nan, nan]
    """
    text = text.strip().replace(",", ".").lstrip("+-")
    if text.endswith("°"):
        return float(np.tan(np.radians(_positive(text[:-1].strip()))))
    return _positive(text[:-1].strip()) / 100 if text.endswith("%") else np.nan


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if 0 < value < np.inf else np.nan


def _number(values: "pd.Series[str]", parse: Callable[[str], float]) -> Floats:
    """Parse each distinct text once."""
    return values.map({text: parse(text) for text in values.unique()}).to_numpy(float)


def _lookup(values: "pd.Series[str]", table: object) -> Floats:
    """Look each text up; 0 where the table has none."""
    known = dict(table)  # type: ignore[call-overload]
    return values.map({x: known.get(x, 0.0) for x in values.unique()}).to_numpy(float)


def _isin(values: "pd.Series[str]", texts: object) -> Bools:
    return values.isin(list(texts)).to_numpy()  # type: ignore[call-overload]
