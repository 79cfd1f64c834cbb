"""Door to door: a straight road, a bus along it, and people who walk 80 m a minute."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from drawn_streets import at, streets
from feeds import draw_timetable
from golden.make_transit import STORED, WAYS, table

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.travel.streets import build_graph, snap
from famgeo.travel.timetable import service_day
from famgeo.travel.transit import build_transit, last_departures, scheduled

DAY = date(2020, 2, 5)
H, M = 3600, 60
ROAD = streets({"a": (-4000, 0), "b": (9000, 0)}, [("ab", {})])
STOPS = at((400, 0), (6000, 0))
BUS = {
    f"{h}": [(0, h * H, h * H), (1, h * H + 10 * M, h * H + 10 * M)] for h in (13, 14, 20, 21, 25)
}
BACK = {f"{h} back": [(1, h * H, h * H), (0, h * H + 10 * M, h * H + 10 * M)] for h in (20, 21, 22)}


class Town:
    """The road, its buses, and questions in metres along it."""

    def __init__(self, *timetables, limits=None, mode=Mode.WALK, day=DAY, road=ROAD):
        self.limits = limits or Limits()
        self.step_free = mode is Mode.WHEELCHAIR
        self.graph = build_graph(road, mode, self.limits)
        self.network = build_transit(timetables, self.graph, self.limits, step_free=self.step_free)
        self.day = service_day(timetables, day, step_free=self.step_free)

    def places(self, metres):
        return snap(self.graph, at(*((m, 0) for m in metres)))

    def go(self, origins, destinations, *, max_minutes=90, **when):
        return scheduled(
            self.network,
            self.day,
            self.places(origins),
            self.places(destinations),
            max_minutes=max_minutes,
            limits=self.limits,
            **when,
        )

    def last(self, sites, homes, *, after_s, limit_min=60):
        return last_departures(
            self.network,
            self.day,
            self.places(sites),
            self.places(homes),
            after_s=after_s,
            limits=self.limits,
            limit_min=limit_min,
        )


@pytest.fixture(scope="module")
def town():
    return Town(draw_timetable(BUS | BACK, n_stops=2, lonlat=STOPS))


def test_arrive_by_leaves_just_in_time_for_the_last_bus_that_is_early_enough(town):
    trip = town.go([0], [6400], arrive_by_s=14.9 * H)
    assert trip.leave_s == [[14 * H - 5 * M]]
    assert trip.arrive_s == [[14 * H + 15 * M]]
    assert trip.walk_m == pytest.approx(800, abs=1)
    assert trip.rides == [[1]]


def test_the_bus_that_arrives_a_minute_late_is_no_use(town):
    assert town.go([0], [6400], arrive_by_s=14.25 * H).leave_s == [[14 * H - 5 * M]]
    assert town.go([0], [6400], arrive_by_s=14.25 * H - M).leave_s == [[13 * H - 5 * M]]


def test_depart_at_takes_the_next_bus_and_says_how_long_one_can_stay_home(town):
    trip = town.go([0], [6400], depart_at_s=12.8 * H)
    assert trip.arrive_s == [[13 * H + 15 * M]]
    assert trip.leave_s == [[13 * H - 5 * M]]


def test_who_lives_next_door_walks(town):
    trip = town.go([0], [800], arrive_by_s=14.5 * H)
    assert trip.leave_s == [[14.5 * H - 10 * M]]
    assert trip.arrive_s == [[14.5 * H]]
    assert trip.rides == [[0]]
    assert trip.walk_m == pytest.approx(800, abs=1)


def test_walking_is_taken_when_it_is_as_good_as_riding():
    # from stop to stop on foot takes 70 minutes, as long as this bus
    slow = {"slow": [(0, 13 * H, 13 * H), (1, 14 * H + 10 * M, 14 * H + 10 * M)]}
    town = Town(draw_timetable(slow, n_stops=2, lonlat=STOPS))
    assert town.go([400], [6000], depart_at_s=13 * H).rides == [[0]]


def test_a_stop_beyond_one_walk_is_out_of_reach(town):
    near, far = 400 - 1590, 400 - 1610  # 20 minutes are 1,600 m
    leave = town.go([near, far], [6000], arrive_by_s=15 * H).leave_s
    assert np.isfinite(leave[0, 0])
    assert np.isnan(leave[1, 0])


def test_a_trip_that_takes_too_long_is_no_trip(town):
    assert np.isfinite(town.go([0], [6400], arrive_by_s=14.25 * H, max_minutes=20).leave_s)
    assert np.isnan(town.go([0], [6400], arrive_by_s=14.25 * H, max_minutes=19).leave_s)


def test_without_rides_there_is_only_walking():
    town = Town(draw_timetable(BUS, n_stops=2, lonlat=STOPS), limits=Limits(max_rides=0))
    assert np.isnan(town.go([0], [6400], arrive_by_s=15 * H, max_minutes=79).leave_s)
    assert town.go([0], [6400], arrive_by_s=15 * H, max_minutes=81).rides == [[0]]
    assert np.isnan(town.last([0], [6400], after_s=20 * H))


def test_a_place_off_the_network_has_no_trip(town):
    far = snap(town.graph, at((0, 900)))
    home = town.places([0])
    asked = {"max_minutes": 90, "limits": town.limits, "arrive_by_s": 15 * H}
    trip = scheduled(town.network, town.day, far, home, **asked)
    assert np.isnan(trip.leave_s).all()
    assert np.isnan(trip.walk_m).all()


def test_nobody_going_nowhere_is_an_empty_answer(town):
    assert town.go([], [6400], arrive_by_s=15 * H).leave_s.shape == (0, 1)
    assert town.go([0], [], depart_at_s=15 * H).leave_s.shape == (1, 0)
    assert town.last([], [0], after_s=15 * H).shape == (0, 1)


def test_a_question_needs_exactly_one_time(town):
    for when in ({}, {"arrive_by_s": 1.0, "depart_at_s": 1.0}):
        with pytest.raises(TravelError, match="either"):
            town.go([0], [6400], **when)


def test_the_last_way_home_is_the_last_bus_less_the_walk_to_it(town):
    last = town.last([6400], [0, 6400, -1300], after_s=20 * H)
    assert last[0, 0] == 22 * H - 5 * M
    assert np.isnan(last[0, 1])  # no ride gets one to where one is
    assert np.isnan(last[0, 2])  # beyond one walk from the stop


def test_the_last_way_home_counts_from_the_end_of_the_meeting(town):
    assert town.last([6400], [0], after_s=22 * H - 5 * M) == [[22 * H - 5 * M]]
    assert np.isnan(town.last([6400], [0], after_s=22 * H - 5 * M + 1))


def test_the_last_way_home_must_not_take_too_long(town):
    assert np.isfinite(town.last([6400], [0], after_s=20 * H, limit_min=20))
    assert np.isnan(town.last([6400], [0], after_s=20 * H, limit_min=19))


def test_the_first_bus_of_the_morning_is_not_the_last_of_the_night():
    early = {f"{h}": [(0, h * H, h * H), (1, h * H + 10 * M, h * H + 10 * M)] for h in (5, 20, 26)}
    days = ("2020-02-04", "2020-02-05", "2020-02-06")
    town = Town(draw_timetable(early, n_stops=2, lonlat=STOPS, days=days))
    assert town.last([400], [6000], after_s=20 * H, limit_min=600) == [[26 * H]]
    # a meeting that ends at half past midnight: the bus at two, not that of the next evening
    assert town.last([400], [6000], after_s=H // 2, limit_min=600) == [[2 * H]]


def test_a_meeting_after_midnight_sees_the_buses_of_the_evening_before(town):
    late = Town(
        draw_timetable(BUS, n_stops=2, lonlat=STOPS, days=("2020-02-04", "2020-02-05")),
        day=date(2020, 2, 5),
    )
    assert late.go([400], [6000], depart_at_s=M, max_minutes=69).arrive_s == [[H + 10 * M]]
    assert np.isnan(town.go([400], [6000], depart_at_s=M, max_minutes=69).arrive_s)


def test_a_wheelchair_user_rides_what_is_surely_step_free():
    road = streets({"a": (-4000, 0), "b": (9000, 0)}, [("ab", {"wheelchair": "yes"})])
    yes = {"wheelchair": {"13": "yes"}, "lonlat": STOPS}
    sure = draw_timetable(BUS, n_stops=2, stop_wheelchair=("yes", "yes"), **yes)
    half = draw_timetable(BUS, n_stops=2, stop_wheelchair=("yes", "unknown"), **yes)
    for timetable, leaves in ((sure, 13 * H), (half, np.nan)):
        town = Town(timetable, mode=Mode.WHEELCHAIR, road=road)
        got = town.go([400], [6000], arrive_by_s=13.5 * H, max_minutes=60)
        assert np.array_equal(got.leave_s, [[leaves]], equal_nan=True)


def test_threads_change_nothing(town):
    homes, sites = np.linspace(-3000, 3000, 23), np.linspace(5000, 8000, 17)
    with ThreadPoolExecutor(2) as executor:
        for when in ({"arrive_by_s": 14.5 * H}, {"depart_at_s": 12.5 * H}):
            alone = town.go(homes, sites, **when)
            shared = town.go(homes, sites, executor=executor, **when)
            assert np.array_equal(alone.leave_s, shared.leave_s, equal_nan=True)
            assert np.array_equal(alone.walk_m, shared.walk_m, equal_nan=True)


def test_few_homes_and_many_homes_get_the_same_answer(town):
    homes = [0, 300, -500, 900, 1200]
    together = town.go(homes, [6400], arrive_by_s=14.9 * H)
    for i, home in enumerate(homes):
        assert town.go([home], [6400], arrive_by_s=14.9 * H).leave_s == together.leave_s[i]


# --- laws, on real cities -------------------------------------------------------------------

CITIES = {
    "nky": ("streets.osm.pbf", ("gtfs.zip",), date(2020, 2, 5), 18 * H),
    "poa": ("poa_osm.pbf", ("poa_eptc.zip", "poa_trensurb.zip"), date(2019, 5, 15), 14 * H),
    "spo": ("spo_osm.pbf", ("spo.zip",), date(2019, 5, 15), 18 * H),
    "portland": ("portland-central.osm.pbf", ("trimet-2routes.zip",), date(2021, 11, 3), 18 * H),
}
N_HOMES, N_SITES = 60, 8


class City:
    """A real city with homes and sites around its stops."""

    def __init__(self, folder, name):
        road, feeds, self.date, self.start_s = CITIES[name]
        self.limits = Limits()
        self.timetables = [read_timetable(folder / name / f, feed_id=f).table for f in feeds]
        graph = build_graph(read_streets(folder / name / road).table, Mode.WALK, self.limits)
        self.network = build_transit(self.timetables, graph, self.limits, step_free=False)
        self.day = service_day(self.timetables, self.date, step_free=False)
        rng = np.random.default_rng(7)
        stops = self.network.stops.lonlat
        around = stops[rng.integers(0, len(stops), N_HOMES + N_SITES)]
        ends = snap(graph, around + rng.normal(0, 0.003, around.shape))
        self.homes, self.sites = ends.take(slice(N_HOMES)), ends.take(slice(N_HOMES, None))

    def there(self, arrive_by_s, *, max_minutes=90, limits=None):
        return self.ask(
            self.homes, self.sites, arrive_by_s=arrive_by_s, max_minutes=max_minutes, limits=limits
        )

    def ask(self, origins, destinations, *, max_minutes=90, limits=None, day=None, **when):
        return scheduled(
            self.network,
            day or self.day,
            origins,
            destinations,
            max_minutes=max_minutes,
            limits=limits or self.limits,
            **when,
        )

    def arrival(self, home, site, depart_at_s):
        one = np.array([home]), np.array([site])
        return self.ask(
            self.homes.take(one[0]), self.sites.take(one[1]), depart_at_s=depart_at_s
        ).arrive_s[0, 0]


@pytest.fixture(scope="module", params=list(CITIES))
def city(request, cities):
    return City(cities, request.param)


@pytest.fixture(scope="module")
def nky(cities):
    return City(cities, "nky")


def test_leaving_at_leave_at_arrives_in_time_and_later_does_not(city):
    trips = city.there(city.start_s)
    rides = np.argwhere(trips.rides > 0)
    assert len(rides) > 30
    for home, site in rides[:: max(1, len(rides) // 12)]:
        leave = trips.leave_s[home, site]
        assert city.arrival(home, site, leave) <= city.start_s
        for later in (leave + 1, leave + 60):
            arrival = city.arrival(home, site, later)
            assert np.isnan(arrival) or arrival > city.start_s


def test_a_later_start_never_makes_anyone_leave_earlier(city):
    earlier = city.there(city.start_s - 10 * M).leave_s
    later = city.there(city.start_s, max_minutes=100).leave_s
    both = np.isfinite(earlier)
    assert both.any()
    assert (later[both] >= earlier[both]).all()


def test_a_longer_limit_loses_nobody_and_changes_no_answer(city):
    short, long = city.there(city.start_s, max_minutes=45), city.there(city.start_s)
    found = np.isfinite(short.leave_s)
    assert found.any()
    assert np.array_equal(short.leave_s[found], long.leave_s[found])


def test_one_more_ride_never_hurts(city):
    answers = [
        np.nan_to_num(
            city.there(city.start_s, limits=replace(city.limits, max_rides=n)).leave_s, nan=-np.inf
        )
        for n in range(5)
    ]
    assert all((more >= fewer).all() for fewer, more in pairwise(answers))
    assert (answers[4] > answers[0]).any()


def test_arriving_lies_between_leaving_and_the_start(city):
    trips = city.there(city.start_s)
    found = np.isfinite(trips.leave_s)
    assert (trips.leave_s[found] <= trips.arrive_s[found]).all()
    assert (trips.arrive_s[found] <= city.start_s).all()
    assert (trips.rides[~found] == 0).all()
    assert np.isnan(trips.walk_m[~found]).all()


def test_the_last_way_home_works_and_half_an_hour_later_nothing_does(city):
    after = city.start_s + H
    last = last_departures(
        city.network,
        city.day,
        city.sites,
        city.homes,
        after_s=after,
        limits=city.limits,
        limit_min=60,
    )
    assert np.isfinite(last).any()
    on_foot = city.ask(
        city.sites,
        city.homes,
        depart_at_s=after,
        max_minutes=60,
        limits=replace(city.limits, max_rides=0),
    )
    far = np.isnan(on_foot.arrive_s)
    leaving = np.unique(last[np.isfinite(last)])
    for leave in leaving[:: max(1, len(leaving) // 6)]:
        home = city.ask(city.sites, city.homes, depart_at_s=leave, max_minutes=60).arrive_s
        assert np.isfinite(home[last == leave]).all()
    for leave in np.arange(after, 26 * H, 30 * M):
        home = city.ask(city.sites, city.homes, depart_at_s=leave, max_minutes=60).arrive_s
        gone = far & (np.isnan(last) | (last < leave))
        assert np.isnan(home[gone]).all()


def test_the_day_before_carries_on_after_midnight(nky):
    tomorrow = service_day(nky.timetables, nky.date + timedelta(days=1), step_free=False)
    late = nky.ask(nky.sites, nky.homes, depart_at_s=24 * H + 20 * M)
    early = nky.ask(nky.sites, nky.homes, depart_at_s=20 * M, day=tomorrow)
    assert (late.rides > 0).any()
    assert np.array_equal(late.arrive_s - 24 * H, early.arrive_s, equal_nan=True)


@pytest.mark.parametrize(
    ("sunday", "night_s"), [(date(2020, 3, 8), 23 * H), (date(2019, 11, 3), 25 * H)]
)
def test_the_night_the_clocks_change_loses_no_bus(nky, sunday, night_s):
    saturday = service_day(nky.timetables, sunday - timedelta(days=1), step_free=False)
    after = service_day(nky.timetables, sunday, step_free=False)
    assert after.zero_s - saturday.zero_s == night_s
    late = nky.ask(nky.sites, nky.homes, depart_at_s=23 * H, day=saturday)
    early = nky.ask(nky.sites, nky.homes, depart_at_s=23 * H - night_s, day=after)
    assert (late.rides > 0).any()
    assert np.array_equal(late.arrive_s - night_s, early.arrive_s, equal_nan=True)


@pytest.mark.golden
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["nky", "poa", "spo"])
def test_a_city_keeps_its_trips(cities, name, way):
    stored = pd.read_csv(STORED, dtype={"origin_id": str, "destination_id": str})
    stored = stored[(stored["city"] == name) & (stored["way"] == way)].reset_index(drop=True)
    fresh = table(cities, name, way)
    assert len(stored) == 40
    assert list(fresh["status"]) == list(stored["status"])
    assert fresh["rides"].fillna(-1).tolist() == stored["rides"].fillna(-1).tolist()
    for column, tolerance in (("minutes", 0.05), ("walk_m", 2)):
        assert fresh[column].to_numpy() == pytest.approx(
            stored[column].to_numpy(), abs=tolerance, nan_ok=True
        )
    for column in ("leave_at", "arrive_at"):
        late = pd.to_datetime(fresh[column]) - pd.to_datetime(stored[column])
        assert (late.dropna().abs() <= pd.Timedelta(seconds=3)).all()
