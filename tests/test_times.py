from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from drawn_streets import at, streets
from feeds import draw_timetable
from golden.make import MODES, STORED, table

from famgeo.domain import Limits, Mode, Status
from famgeo.errors import TravelError
from famgeo.tables import as_points
from famgeo.travel.network import Network
from famgeo.travel.times import CODES, last_way_home, travel_times, trips
from famgeo.travel.warm import is_warm, warm_up

ZONE = ZoneInfo("America/New_York")
START = datetime(2020, 2, 5, 18, tzinfo=ZONE)
LINE = streets({"a": (0, 0), "b": (1000, 0), "c": (6000, 0)}, [("abc", {})])
LIMITS = Limits(walk_kmh=3.6, bike_kmh=7.2, wheelchair_kmh=1.8)
HOMES = at((100, 0), (700, 0), (100, 900))
SITES = at((400, 0), (5900, 0))
HOUR = 3600
NETWORK = Network(streets=LINE, limits=LIMITS)


def with_bus(**stop_tags) -> Network:
    """A bus from the near end at 17:00, 17:30 and 20:10 (there and back) to the far end."""
    out = {f"out{h}": [(0, h, h), (1, h + 600, h + 600)] for h in (17 * HOUR, 17 * HOUR + 1800)}
    home = {
        "home": [(1, 20 * HOUR + 600, 20 * HOUR + 600), (0, 20 * HOUR + 1200, 20 * HOUR + 1200)]
    }
    bus = draw_timetable({**out, **home}, n_stops=2, lonlat=at((200, 0), (5900, 0)), **stop_tags)
    return Network(streets=LINE, timetables=(bus,), limits=LIMITS)


def places(lonlat: np.ndarray, name: str) -> gpd.GeoDataFrame:
    ids = pd.DataFrame({"id": [f"{name}{i}" for i in range(len(lonlat))]})
    return as_points(ids, lonlat[:, 0], lonlat[:, 1])


def test_an_arrive_by_walk_leaves_as_long_before_as_it_takes():
    found = trips(NETWORK, HOMES, SITES, Mode.WALK, arrive_by=START, max_minutes=60)
    assert found.minutes[0, 0] == pytest.approx(5, abs=1e-4)
    assert found.arrive_s[0, 0] == START.timestamp()
    assert found.leave_s[0, 0] == pytest.approx(START.timestamp() - 300, abs=1e-2)
    assert found.walk_m[0, 0] == pytest.approx(300, abs=1e-2)
    assert found.rides[0, 0] == 0


def test_a_depart_at_walk_arrives_as_long_after():
    found = trips(NETWORK, SITES, HOMES, Mode.WALK, depart_at=START, max_minutes=60)
    assert found.leave_s[0, 0] == START.timestamp()
    assert found.arrive_s[0, 1] == pytest.approx(START.timestamp() + 300, abs=1e-2)


def test_every_pair_without_a_way_says_why():
    found = trips(NETWORK, HOMES, SITES, Mode.WALK, arrive_by=START, max_minutes=60)
    ok, far, off = (CODES[s] for s in (Status.OK, Status.TOO_FAR, Status.OFF_NETWORK))
    assert found.status.tolist() == [[ok, far], [ok, far], [off, off]]
    assert np.isnan(found.minutes[found.status != ok]).all()
    assert np.isnan(found.leave_s[found.status != ok]).all()


def test_off_the_network_is_said_even_of_a_place_and_itself():
    found = trips(NETWORK, HOMES, HOMES, Mode.WALK, max_minutes=60)
    assert found.minutes[0, 0] == 0
    assert found.status[2, 2] == CODES[Status.OFF_NETWORK]
    assert np.isnan(found.minutes[2, 2])


def test_the_longest_trip_counts_and_a_second_more_does_not():
    for minutes, status in ((5.0001, Status.OK), (4.98, Status.TOO_FAR)):
        found = trips(NETWORK, HOMES[:1], SITES[:1], Mode.WALK, max_minutes=minutes)
        assert found.status[0, 0] == CODES[status]


def test_step_free_walking_goes_at_the_pace_of_a_wheelchair():
    found = trips(NETWORK, HOMES, SITES, Mode.WALK, max_minutes=60, step_free=True)
    assert found.minutes[0, 0] == pytest.approx(10, abs=1e-3)


def test_few_origins_and_few_destinations_give_the_same_answer():
    one_way = streets(
        {"a": (0, 0), "b": (400, 0), "c": (400, 300), "d": (0, 300)}, [("abcda", {"oneway": "yes"})]
    )
    network = Network(streets=one_way, limits=LIMITS)
    many, few = at((50, 0), (300, 0), (400, 100), (100, 300)), at((200, 0), (0, 100))
    wide = trips(network, few, many, Mode.BIKE, max_minutes=60).minutes
    tall = trips(network, many, few, Mode.BIKE, max_minutes=60).minutes
    for (i, origin), (j, place) in product(enumerate(few), enumerate(many)):
        there = trips(network, origin[None], place[None], Mode.BIKE, max_minutes=60)
        back = trips(network, place[None], origin[None], Mode.BIKE, max_minutes=60)
        assert wide[i, j] == pytest.approx(there.minutes[0, 0], abs=1e-4)
        assert tall[j, i] == pytest.approx(back.minutes[0, 0], abs=1e-4)


def test_a_ride_gives_up_the_time_until_the_meeting_starts():
    found = trips(with_bus(), HOMES, SITES, Mode.TRANSIT, arrive_by=START, max_minutes=90)
    assert found.status[0, 1] == CODES[Status.OK]
    assert found.rides[0, 1] == 1
    leave = datetime.fromtimestamp(found.leave_s[0, 1], ZONE)
    assert abs(leave - datetime(2020, 2, 5, 17, 28, 20, tzinfo=ZONE)) < timedelta(seconds=2)
    assert found.minutes[0, 1] == pytest.approx(31 + 40 / 60, abs=0.05)
    assert found.status[2, 0] == CODES[Status.OFF_NETWORK]


def test_no_ride_in_time_is_no_trip():
    late = START.replace(hour=9)
    found = trips(with_bus(), HOMES[:1], SITES, Mode.TRANSIT, arrive_by=late, max_minutes=60)
    assert found.status.tolist() == [[CODES[Status.OK], CODES[Status.NO_TRIP]]]
    assert found.rides[0, 0] == 0


def test_a_step_free_ride_needs_a_bus_known_to_be_step_free():
    known = {
        "wheelchair": {f"out{h}": "yes" for h in (17 * HOUR, 17 * HOUR + 1800)},
        "stop_wheelchair": ("yes", "yes"),
    }
    for network, status in ((with_bus(**known), Status.OK), (with_bus(), Status.NO_TRIP)):
        found = trips(
            network,
            HOMES[:1],
            SITES[1:],
            Mode.TRANSIT,
            arrive_by=START,
            max_minutes=90,
            step_free=True,
        )
        assert found.status[0, 0] == CODES[status]


def test_the_last_way_home_is_counted_from_the_end_of_the_meeting():
    ends = START.replace(hour=20)
    margin = last_way_home(with_bus(), SITES, HOMES, after=ends, limit_min=60)
    assert margin.shape == (2, 3)
    assert margin[1, 0] == pytest.approx(10, abs=0.1)
    assert np.isnan(margin[1, 2])
    assert np.isnan(
        last_way_home(with_bus(), SITES, HOMES, after=ends.replace(hour=21), limit_min=60)
    ).all()


def test_a_question_that_cannot_be_answered_says_why():
    ask = {"max_minutes": 60}
    for kwargs, says in (
        ({"arrive_by": START, "depart_at": START, **ask}, "not both"),
        ({"arrive_by": START.replace(tzinfo=None), **ask}, "no time zone"),
        ({"max_minutes": 0}, "positive number"),
        ({"max_minutes": np.nan}, "positive number"),
    ):
        with pytest.raises(TravelError, match=says):
            trips(NETWORK, HOMES, SITES, Mode.WALK, **kwargs)
    with pytest.raises(TravelError, match="by the clock"):
        trips(with_bus(), HOMES, SITES, Mode.TRANSIT, **ask)
    with pytest.raises(TravelError, match="Add a GTFS file"):
        trips(NETWORK, HOMES, SITES, Mode.TRANSIT, arrive_by=START, **ask)


def test_the_table_has_one_row_for_every_pair_in_order():
    found = travel_times(
        with_bus(), places(HOMES, "h"), places(SITES, "s"), Mode.WALK, arrive_by=START
    )
    assert list(found.columns) == [
        "origin_id",
        "destination_id",
        "mode",
        "minutes",
        "leave_at",
        "arrive_at",
        "walk_m",
        "rides",
        "status",
    ]
    pairs = list(zip(found["origin_id"], found["destination_id"], strict=True))
    assert pairs == list(product(["h0", "h1", "h2"], ["s0", "s1"]))
    first, last = found.iloc[0], found.iloc[-1]
    assert (first["mode"], first["minutes"], first["walk_m"], first["rides"]) == ("walk", 5, 300, 0)
    assert first["leave_at"] in {"2020-02-05T17:55:00-05:00", "2020-02-05T17:54:59-05:00"}
    assert first["arrive_at"] == "2020-02-05T18:00:00-05:00"
    assert (last["status"], last["leave_at"], last["arrive_at"]) == ("off_network", "", "")
    assert pd.isna(last[["minutes", "walk_m", "rides"]]).all()


def test_times_are_in_the_timetables_zone_else_in_that_of_the_question():
    asked = START.astimezone(UTC)
    h, s = places(HOMES[:1], "h"), places(SITES[:1], "s")
    local = travel_times(with_bus(), h, s, Mode.WALK, arrive_by=asked)
    plain = travel_times(NETWORK, h, s, Mode.WALK, arrive_by=asked)
    assert local["arrive_at"][0] == "2020-02-05T18:00:00-05:00"
    assert plain["arrive_at"][0] == "2020-02-05T23:00:00+00:00"


def test_streets_without_a_time_have_minutes_and_no_clock_times():
    found = travel_times(NETWORK, places(HOMES, "h"), places(SITES, "s"), Mode.DRIVE)
    assert found["status"].tolist() == ["ok"] * 6
    assert (found["walk_m"] == 0).all()
    assert set(found["leave_at"]) == set(found["arrive_at"]) == {""}


def test_the_executor_changes_nothing():
    asks = [(Mode.WALK, NETWORK), (Mode.TRANSIT, with_bus())]
    for mode, network in asks:
        plain = trips(network, HOMES, SITES, mode, arrive_by=START, max_minutes=90)
        with ThreadPoolExecutor(2) as executor:
            chunked = trips(
                network, HOMES, SITES, mode, arrive_by=START, max_minutes=90, executor=executor
            )
        for name in ("minutes", "leave_s", "arrive_s", "walk_m", "rides", "status"):
            a, b = getattr(plain, name), getattr(chunked, name)
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def test_warming_up_leaves_kernels_that_later_starts_find():
    warm_up()
    assert is_warm()


@pytest.mark.golden
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("city", ["nky", "poa", "spo"])
def test_a_city_keeps_its_travel_times(cities: Path, city: str, mode: str):
    stored = pd.read_csv(STORED, dtype={"origin_id": str, "destination_id": str})
    stored = stored[(stored["city"] == city) & (stored["mode"] == mode)].reset_index(drop=True)
    fresh = table(cities, city, mode)
    assert len(stored) == 48
    assert list(fresh["status"]) == list(stored["status"])
    for column, tolerance in (("minutes", 0.011), ("walk_m", 1.01)):
        assert fresh[column].to_numpy() == pytest.approx(
            stored[column].to_numpy(), abs=tolerance, nan_ok=True
        )
