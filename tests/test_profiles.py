import numpy as np
import pytest
from drawn_streets import streets

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.travel.profiles import price

HUNDRED = {"a": (0, 0), "b": (100, 0)}
WALK, WHEELCHAIR, BIKE, DRIVE = Mode.WALK, Mode.WHEELCHAIR, Mode.BIKE, Mode.DRIVE


def cost(mode: Mode, limits: Limits | None = None, **tags: str) -> tuple[float, float]:
    """Return km/h along and against one street of 100 m; 0 = closed."""
    tags = {key.replace("__", ":"): value for key, value in tags.items()}
    prices = price(streets(HUNDRED, [("ab", tags)]), mode, limits or Limits())
    return tuple(
        round(float(np.nan_to_num(100 / s[0] * 3.6, posinf=0.0)), 1)
        for s in (prices.forward_s, prices.backward_s)
    )


def is_open(mode: Mode, **tags: str) -> bool:
    return max(cost(mode, **tags)) > 0


def passes(mode: Mode, **tags: str) -> bool:
    drawn = streets(HUNDRED, [("ab", {})], {"a": tags})
    return not price(drawn, mode, Limits()).closed[0]


def test_a_piece_is_as_long_as_on_the_ellipsoid():
    metres = price(streets({"a": (0, 0), "b": (300, 400)}, [("ab", {})]), WALK, Limits()).metres
    assert metres == pytest.approx([500.0], abs=1e-3)


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({"highway": "residential"}, "walk wheelchair bike drive"),
        ({"highway": "service", "access": "destination"}, "walk wheelchair bike drive"),
        ({"highway": "service", "access": "private"}, ""),
        ({"highway": "service", "access": "private", "foot": "yes"}, "walk wheelchair"),
        ({"highway": "residential", "motor_vehicle": "no"}, "walk wheelchair bike"),
        ({"highway": "residential", "vehicle": "no"}, "walk wheelchair"),
        ({"highway": "residential", "vehicle": "no", "bicycle": "yes"}, "walk wheelchair bike"),
        ({"highway": "residential", "access": "no", "motorcar": "yes"}, "drive"),
        ({"highway": "residential", "foot": "no"}, "bike drive"),
        ({"highway": "primary", "bicycle": "use_sidepath"}, "walk wheelchair drive"),
        ({"highway": "motorway"}, "drive"),
        ({"highway": "motorway_link", "access": "yes"}, "drive"),
        ({"highway": "trunk"}, "walk drive"),
        ({"highway": "trunk", "sidewalk": "no"}, "drive"),
        ({"highway": "trunk", "sidewalk": "right"}, "walk wheelchair drive"),
        ({"highway": "primary", "motorroad": "yes"}, "drive"),
        ({"highway": "footway"}, "walk wheelchair bike"),
        ({"highway": "steps"}, "walk bike"),
        ({"highway": "steps", "wheelchair": "yes"}, "walk bike"),
        ({"highway": "elevator"}, "walk wheelchair"),
        ({"highway": "", "railway": "platform"}, "walk wheelchair bike"),
        ({"highway": "track"}, "walk bike"),
        ({"highway": "track", "motor_vehicle": "yes"}, "walk bike drive"),
        ({"highway": "construction"}, ""),
        ({"highway": "proposed"}, ""),
        ({"highway": "raceway"}, ""),
        ({"highway": "busway"}, ""),
        ({"highway": "busway", "foot": "yes"}, "walk"),
        ({"highway": "service", "service": "emergency_access"}, "walk wheelchair bike"),
        ({"highway": "residential", "oneway": "reversible"}, "walk wheelchair"),
    ],
)
def test_class_and_access_say_who_may_use_a_street(tags, modes):
    assert [m for m in (WALK, WHEELCHAIR, BIKE, DRIVE) if is_open(m, **tags)] == modes.split()


@pytest.mark.parametrize(
    ("tags", "usable"),
    [
        ({}, True),
        ({"sidewalk": "no"}, True),
        ({"highway": "secondary"}, True),
        ({"highway": "secondary", "sidewalk": "no"}, False),
        ({"highway": "secondary", "sidewalk__left": "no", "sidewalk__right": "no"}, False),
        ({"highway": "secondary", "sidewalk__left": "yes", "sidewalk__right": "no"}, True),
        ({"wheelchair": "no"}, False),
        ({"wheelchair": "limited"}, False),
        ({"surface": "gravel"}, False),
        ({"surface": "gravel", "wheelchair": "yes"}, True),
        ({"surface": "paving_stones"}, True),
        ({"smoothness": "bad"}, False),
        ({"smoothness": "intermediate"}, True),
        ({"incline": "8%"}, True),
        ({"incline": "-9%"}, False),
        ({"incline": "6°"}, False),
        ({"incline": "up"}, True),
        ({"highway": "path"}, False),
        ({"highway": "path", "surface": "asphalt"}, True),
        ({"highway": "path", "wheelchair": "yes"}, True),
    ],
)
def test_a_wheelchair_needs_what_is_known_to_be_bad_to_be_absent(tags, usable):
    assert is_open(WHEELCHAIR, **tags) is usable


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({"barrier": "gate"}, "walk wheelchair bike drive"),
        ({"barrier": "gate", "access": "private"}, ""),
        ({"barrier": "gate", "motor_vehicle": "private"}, "walk wheelchair bike"),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, "walk wheelchair"),
        ({"barrier": "bollard"}, "walk wheelchair bike"),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, "walk wheelchair bike drive"),
        ({"barrier": "turnstile"}, "walk"),
        ({"barrier": "cycle_barrier"}, "walk bike"),
        ({"barrier": "wall"}, ""),
        ({"barrier": "kerb"}, "walk bike drive"),
        ({"barrier": "kerb", "kerb": "lowered"}, "walk wheelchair bike drive"),
        ({"kerb": "raised"}, "walk bike drive"),
        ({"kerb": "raised", "wheelchair": "yes"}, "walk wheelchair bike drive"),
        ({"highway": "crossing", "wheelchair": "no"}, "walk bike drive"),
        ({"access": "private"}, "walk wheelchair bike drive"),
    ],
)
def test_a_barrier_stops_those_it_is_built_to_stop(tags, modes):
    assert [m for m in (WALK, WHEELCHAIR, BIKE, DRIVE) if passes(m, **tags)] == modes.split()


@pytest.mark.parametrize(
    ("mode", "tags", "along_against"),
    [
        (WALK, {"oneway": "yes"}, (4.8, 4.8)),
        (WALK, {"oneway__foot": "yes"}, (4.8, 0)),
        (WALK, {"highway": "steps"}, (4.8, 4.8)),
        (WHEELCHAIR, {}, (3.6, 3.6)),
        (BIKE, {}, (15, 15)),
        (BIKE, {"oneway": "yes"}, (15, 0)),
        (BIKE, {"oneway": "yes", "oneway__bicycle": "no"}, (15, 15)),
        (BIKE, {"oneway": "yes", "cycleway": "opposite_lane"}, (15, 15)),
        (BIKE, {"oneway": "yes", "cycleway__left__oneway": "-1"}, (15, 15)),
        (BIKE, {"oneway__bicycle": "-1"}, (0, 15)),
        (BIKE, {"highway": "footway"}, (4.8, 4.8)),
        (BIKE, {"highway": "footway", "bicycle": "yes"}, (10.5, 10.5)),
        (BIKE, {"bicycle": "dismount"}, (4.8, 4.8)),
        (BIKE, {"highway": "steps"}, (2.4, 2.4)),
        (BIKE, {"surface": "gravel"}, (10.5, 10.5)),
        (DRIVE, {}, (30, 30)),
        (DRIVE, {"oneway": "yes"}, (30, 0)),
        (DRIVE, {"oneway": "-1"}, (0, 30)),
        (DRIVE, {"junction": "roundabout"}, (30, 0)),
        (DRIVE, {"highway": "motorway"}, (98, 0)),
        (DRIVE, {"highway": "motorway", "oneway": "no"}, (98, 98)),
        (DRIVE, {"highway": "primary", "maxspeed": "100"}, (85, 85)),
        (DRIVE, {"highway": "primary", "maxspeed": "35 mph"}, (47.9, 47.9)),
        (DRIVE, {"highway": "primary", "maxspeed": "none"}, (62, 62)),
        (DRIVE, {"maxspeed": "50", "maxspeed__backward": "20"}, (42.5, 17)),
        (DRIVE, {"highway": "service", "maxspeed": "50"}, (16, 16)),
        (DRIVE, {"highway": "tertiary", "surface": "dirt"}, (30, 30)),
    ],
)
def test_speed_and_direction_follow_the_tags(mode, tags, along_against):
    assert cost(mode, **tags) == along_against


def test_a_speed_limit_cannot_open_a_street_to_cars():
    assert not is_open(DRIVE, highway="footway", maxspeed="30")


def test_speeds_come_from_the_limits():
    limits = Limits(walk_kmh=5, wheelchair_kmh=3, bike_kmh=20, drive_factor=2)
    speeds = [cost(m, limits)[0] for m in (WALK, WHEELCHAIR, BIKE, DRIVE)]
    assert speeds == [5, 3, 20, 15]


def test_lights_cost_drivers_and_riders_time_and_walkers_none():
    drawn = streets(HUNDRED, [("ab", {})], {"b": {"highway": "traffic_signals"}})
    lost = {m: price(drawn, m, Limits(drive_factor=2)).node_s[1] for m in (WALK, BIKE, DRIVE)}
    assert lost == {WALK: 0, BIKE: 5, DRIVE: 12}


def test_no_trip_starts_on_a_motorway():
    drawn = streets({**HUNDRED, "c": (200, 0)}, [("ab", {"highway": "motorway"}), ("bc", {})])
    assert list(price(drawn, DRIVE, Limits()).snappable) == [False, True]


def test_transit_has_no_street_profile():
    with pytest.raises(TravelError, match="no street profile"):
        price(streets(HUNDRED, [("ab", {})]), Mode.TRANSIT, Limits())
