"""Who can come and get home again, and the one reason given when they cannot."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from families import (
    CODES,
    MEANS,
    SCHEDULED,
    WEDNESDAY,
    draw_barriers,
    draw_households,
    draw_sites,
    draw_trips,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo import barriers as module
from famgeo.barriers import find_barriers
from famgeo.domain import Limits, Reason, Status
from famgeo.tables import BARRIERS, HOUSEHOLDS, SITES, check

NAN = math.nan
LIMITS = Limits(limit_min=60)


def test_the_drawn_tables_are_those_of_the_product():
    households, sites, *_ = random_world(1)
    check(households, HOUSEHOLDS)
    check(sites, SITES)
    check(draw_barriers(households, sites, np.full((4, 3), "no_seat")), BARRIERS)


def ask(there, home, *, margin=None, limits=LIMITS, site=None, **household):
    """Return the one row of a world of one family and one site; minutes by means."""
    rides = {name: int(name in SCHEDULED) for name in MEANS}
    far = {name: Status.NO_TRIP if name in SCHEDULED else Status.TOO_FAR for name in MEANS}
    ways = [
        {name: draw_trips([[m]], rides=rides[name], missing=far[name]) for name, m in way.items()}
        for way in (there, home)
    ]
    margins = {name: np.array([[NAN]]) for name in there if name in SCHEDULED}
    margins |= {name: np.array([[minutes]]) for name, minutes in (margin or {}).items()}
    table = find_barriers(
        draw_households(1, **household),
        draw_sites(1, **(site or {})),
        WEDNESDAY,
        *ways,
        margins,
        limits,
    )
    return check(table, BARRIERS).iloc[0]


def test_a_family_that_walks_both_ways_can_attend_and_no_timetable_bounds_it():
    row = ask({"walk": 30}, {"walk": 31})
    assert (row.reason, row.best_mode, row.there_min, row.home_min) == ("", "walk", 30, 31)
    assert row.margin_min == math.inf


def test_a_ride_there_and_a_walk_home_make_a_round_trip_by_transit():
    row = ask({"walk": 70, "transit": 40}, {"walk": 59, "transit": NAN})
    assert (row.reason, row.best_mode, row.there_min, row.home_min) == ("", "transit", 40, 59)
    assert row.margin_min == math.inf


def test_the_last_bus_home_bounds_a_family_that_rides():
    row = ask({"walk": NAN, "transit": 40}, {"walk": 90, "transit": 45}, margin={"transit": 25})
    assert (row.reason, row.margin_min) == ("", 25)


def test_a_bus_rider_who_could_also_drive_home_is_not_bound_by_the_last_bus():
    there = {"walk": NAN, "transit": 20, "drive": 30}
    row = ask(there, there, margin={"transit": 25}, has_car="yes")
    assert (row.best_mode, row.margin_min) == ("transit", math.inf)


@pytest.mark.parametrize("vehicle", ["drive", "bike"])
def test_a_vehicle_goes_both_ways_or_not_at_all(vehicle):
    limits = replace(LIMITS, bike=True)
    one_way = ask(
        {"walk": 90, vehicle: 10}, {"walk": 20, vehicle: 80}, limits=limits, has_car="yes"
    )
    both = ask({"walk": 90, vehicle: 10}, {"walk": 20, vehicle: 60}, limits=limits, has_car="yes")
    assert (one_way.reason, one_way.best_mode) == ("too_long_home", vehicle)
    assert (both.reason, both.best_mode) == ("", vehicle)


def test_not_knowing_of_a_car_counts_as_none():
    ways = {"walk": 90, "drive": 10}
    assert [ask(ways, ways, has_car=car).reason for car in ("yes", "no", "unknown")] == [
        "",
        "too_long_there",
        "too_long_there",
    ]


def test_a_bicycle_counts_only_where_the_study_allows_it():
    ways = {"walk": 90, "bike": 30}
    assert ask(ways, ways).reason == "too_long_there"
    assert ask(ways, ways, limits=replace(LIMITS, bike=True)).reason == ""
    allowed = ask({**ways, "wheelchair": 90}, {**ways, "wheelchair": 90}, wheelchair="yes")
    assert allowed.reason == "too_long_there"


@pytest.mark.parametrize(
    ("there", "home", "reason"),
    [
        ({"walk": NAN, "transit": NAN}, {"walk": 20, "transit": 20}, "no_trip_there"),
        ({"walk": NAN, "transit": 61}, {"walk": 20, "transit": 20}, "too_long_there"),
        ({"walk": NAN, "transit": 60}, {"walk": NAN, "transit": NAN}, "no_trip_home"),
        ({"walk": NAN, "transit": 60}, {"walk": NAN, "transit": 61}, "too_long_home"),
        ({"walk": NAN}, {"walk": NAN}, "too_long_there"),
        ({"walk": 61}, {"walk": NAN}, "too_long_there"),
    ],
)
def test_the_reason_is_the_first_thing_in_the_way(there, home, reason):
    row = ask(there, home)
    assert row.reason == reason
    assert row.there_min == pytest.approx(np.fmin.reduce(list(there.values())), nan_ok=True)


def test_a_long_walk_after_the_last_bus_is_no_trip_home():
    there = {"walk": 90, "transit": 40}
    assert ask(there, {"walk": 90, "transit": NAN}).reason == "no_trip_home"
    assert ask(there, {"walk": 90, "transit": 70}).reason == "too_long_home"
    assert ask({"walk": 40}, {"walk": 90}).reason == "too_long_home"


def test_travel_comes_before_the_evening():
    assert ask({"walk": 20}, {"walk": 20}, evenings="Mo;Tu").reason == "not_that_evening"
    assert ask({"walk": 20}, {"walk": 20}, evenings="Mo;We").reason == ""
    assert ask({"walk": 20}, {"walk": 90}, evenings="Mo;Tu").reason == "too_long_home"


def test_the_means_that_gets_farthest_names_the_reason():
    there = {"walk": NAN, "transit": NAN, "drive": 50}
    home = {"walk": NAN, "transit": NAN, "drive": 70}
    row = ask(there, home, has_car="yes")
    assert (row.reason, row.best_mode, row.home_min) == ("too_long_home", "drive", 70)


def test_off_the_network_means_by_every_means():
    off = draw_trips([[NAN]], status=[[CODES[Status.OFF_NETWORK]]])
    on = draw_trips([[20]])
    world = (draw_households(1, has_car="yes"), draw_sites(1), WEDNESDAY)
    neither = find_barriers(
        *world, {"walk": off, "drive": off}, {"walk": off, "drive": off}, {}, LIMITS
    )
    driven = find_barriers(
        *world, {"walk": off, "drive": on}, {"walk": off, "drive": on}, {}, LIMITS
    )
    assert [neither.reason[0], driven.reason[0]] == ["off_network", ""]


@pytest.mark.parametrize("answer", ["no", "unknown"])
def test_a_site_not_known_to_be_accessible_shuts_a_wheelchair_out_even_by_car(answer):
    ways = {"walk": 20, "wheelchair": 20, "drive": 5}
    row = ask(ways, ways, site={"wheelchair": answer}, wheelchair="yes", has_car="yes")
    assert row.reason == "no_step_free_way"
    assert ask(ways, ways, site={"wheelchair": answer}).reason == ""


def test_a_bus_that_only_others_can_board_is_no_step_free_way():
    there = {"walk": NAN, "wheelchair": NAN, "transit": 30, "transit_step_free": NAN}
    row = ask(there, there, wheelchair="yes")
    assert row.reason == "no_step_free_way"
    nobody = {**there, "transit": NAN}
    assert ask(nobody, nobody, wheelchair="yes").reason == "no_trip_there"


def test_wheelchair_unknown_goes_on_foot():
    ways = {"walk": 20, "wheelchair": NAN}
    assert ask(ways, ways, wheelchair="unknown").best_mode == "walk"


# A second implementation, one pair at a time, from the rules as they are told.


def leg_of(names, trips, margins, at, limit):
    """Return minutes, mode, margin and failure of one leg by the quickest of its means."""
    best, mode, margin = NAN, "", NAN
    statuses, ridden = set(), False
    for name in names:
        if name not in trips:
            continue
        minutes, rides = float(trips[name].minutes[at]), int(trips[name].rides[at])
        statuses.add(list(Status)[trips[name].status[at]])
        on_foot = {"transit": "walk", "transit_step_free": "wheelchair"}.get(name, name)
        called = "transit" if name in SCHEDULED and rides else on_foot
        ridden = ridden or (rides > 0 and not math.isnan(minutes))
        if minutes < best or (math.isnan(best) and not math.isnan(minutes)):
            best, mode = minutes, called
        if minutes <= limit:
            lasting = math.inf if rides == 0 or name not in margins else float(margins[name][at])
            margin = np.fmax(margin, lasting)
    if not math.isnan(best):
        waits = any(name in SCHEDULED and name in trips for name in names)
        walked = waits and not ridden
        failure = ("no_trip" if walked else "too_long") if best > limit else ""
    elif statuses == {Status.OFF_NETWORK}:
        failure = "off"
    else:
        failure = "no_trip" if Status.NO_TRIP in statuses else "too_long"
    return best, mode, margin, failure


def reason_of(there, home, ordinary, limit):
    """Return the first reason that stops a round trip; '' when none does."""
    for leg, usual in zip((there, home), ordinary or (), strict=False):
        if leg[3] in {"no_trip", "off"} and math.isnan(leg[0]) and usual[0] <= limit:
            return "no_step_free_way"
    if "off" in {there[3], home[3]}:
        return "off_network"
    if there[3]:
        return f"{there[3]}_there"
    return f"{home[3]}_home" if home[3] else ""


def one_by_one(*world):
    households, sites, meeting, there, home, margin, limits = world
    order = [*map(str, Reason), ""]
    rows = []
    for h, family in enumerate(households.itertuples()):
        for s, site in enumerate(sites.itertuples()):
            wheels = family.wheelchair == "yes"
            foot = ["walk", "transit"]
            ways = [["wheelchair", "transit_step_free"] if wheels else foot]
            ways += [["bike"]] if limits.bike and not wheels else []
            ways += [["drive"]] if family.has_car == "yes" else []
            tries = []
            for names in ways:
                both = [
                    [
                        leg_of(by, there, {}, (h, s), limits.limit_min),
                        leg_of(by, home, margin, (s, h), limits.limit_min),
                    ]
                    for by in (names, foot)
                ]
                stepless = both[1] if wheels and names == ways[0] else None
                reason = reason_of(*both[0], stepless, limits.limit_min)
                tries.append((reason, *both[0]))
            far = max(order.index(t[0]) for t in tries)
            farthest = [t for t in tries if order.index(t[0]) == far]
            total = [np.nan_to_num(t[1][0] + t[2][0], nan=math.inf) for t in farthest]
            reason, out, back = farthest[int(np.argmin(total))]
            margins = [t[2][2] for t in farthest] if reason == "" else [back[2]]
            if wheels and site.wheelchair != "yes" and reason != "off_network":
                reason = "no_step_free_way"
            free = not family.evenings or meeting.weekday in family.evenings.split(";")
            rows.append(
                {
                    "household_id": family.household_id,
                    "site_id": site.site_id,
                    "meeting_id": meeting.meeting_id,
                    "there_min": out[0],
                    "home_min": back[0],
                    "margin_min": float(np.fmax.reduce(margins)),
                    "best_mode": out[1] if out[1] == "transit" or math.isnan(back[0]) else back[1],
                    "reason": "not_that_evening" if reason == "" and not free else reason,
                }
            )
    return pd.DataFrame(rows)


def random_trips(draw, shape, *, scheduled):
    minutes = draw.integers(0, 9, shape) * 10.0
    minutes[draw.random(shape) < 0.35] = NAN
    gone = draw.choice([CODES[s] for s in Status][1:], shape)
    status = np.where(np.isnan(minutes), gone, CODES[Status.OK])
    rides = draw.integers(0, 3, shape) if scheduled else 0
    return draw_trips(minutes, rides=rides, status=status)


def random_world(seed, n=4, m=3):
    draw = np.random.default_rng(seed)
    answer = ["yes", "no", "unknown"]
    households = draw_households(
        n,
        wheelchair=draw.choice(answer, n, p=[0.4, 0.3, 0.3]),
        has_car=draw.choice(answer, n),
        evenings=draw.choice(["", "We", "Mo;Tu", "Tu;We"], n),
        school_ids=draw.choice(["s00", "s00;s01", "s02", "s09"], n),
    )
    sites = draw_sites(m, wheelchair=draw.choice(answer, m, p=[0.6, 0.2, 0.2]))
    names = MEANS if draw.random() < 0.7 else MEANS[:4]
    there = {k: random_trips(draw, (n, m), scheduled=k in SCHEDULED) for k in names}
    home = {k: random_trips(draw, (m, n), scheduled=k in SCHEDULED) for k in names}
    margin = {k: draw.integers(0, 90, (m, n)).astype(np.float32) for k in names if k in SCHEDULED}
    limits = Limits(limit_min=float(draw.choice([30, 50])), bike=bool(draw.integers(2)))
    return households, sites, WEDNESDAY, there, home, margin, limits


@pytest.mark.parametrize("block", [2, 4096])
def test_all_at_once_says_what_one_pair_at_a_time_says(monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK_ROWS", block)
    for seed in range(150):
        world = random_world(seed)
        found, told = find_barriers(*world), one_by_one(*world)
        # Off the network there is no trip worth telling of.
        off = (told["reason"] == "off_network").to_numpy()
        pd.testing.assert_frame_equal(
            found[~off], told[~off], check_dtype=False, obj=f"world {seed}"
        )
        assert (found["reason"][off] == "off_network").all()


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), longer=st.sampled_from([0, 10, 40]))
def test_a_longer_limit_never_adds_a_barrier(seed, longer):
    *world, limits = random_world(seed)
    more = replace(limits, limit_min=limits.limit_min + longer)
    before = find_barriers(*world, limits)["reason"] == ""
    after = find_barriers(*world, more)["reason"] == ""
    assert (after >= before).all()


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(seed):
    households, sites, meeting, there, home, margin, limits = random_world(seed)
    draw = np.random.default_rng(seed)
    h, s = draw.permutation(len(households)), draw.permutation(len(sites))

    def mixed(trips, rows, columns):
        return replace(
            trips,
            **{k: getattr(trips, k)[np.ix_(rows, columns)] for k in trips.__dataclass_fields__},
        )

    moved = find_barriers(
        households.iloc[h].reset_index(drop=True),
        sites.iloc[s].reset_index(drop=True),
        meeting,
        {k: mixed(t, h, s) for k, t in there.items()},
        {k: mixed(t, s, h) for k, t in home.items()},
        {k: m[np.ix_(s, h)] for k, m in margin.items()},
        limits,
    )
    same = find_barriers(households, sites, meeting, there, home, margin, limits)
    key = ["household_id", "site_id"]
    pd.testing.assert_frame_equal(
        moved.sort_values(key, ignore_index=True), same.sort_values(key, ignore_index=True)
    )


def test_no_sites_make_an_empty_table():
    none = draw_trips(np.zeros((2, 0)))
    back = draw_trips(np.zeros((0, 2)))
    table = find_barriers(
        draw_households(2),
        draw_sites(1).iloc[:0],
        WEDNESDAY,
        {"walk": none},
        {"walk": back},
        {},
        LIMITS,
    )
    assert len(check(table, BARRIERS)) == 0
