"""A service day: what runs, when, and which trips are one vehicle."""

from datetime import date

import numpy as np
import pytest
from feeds import draw_timetable

from famgeo.errors import TravelError
from famgeo.travel.timetable import service_day
from famgeo.travel.vehicles import next_in_seat

WEDNESDAY = date(2020, 2, 5)
H = 3600


def rides(timetable, day=WEDNESDAY, *, step_free=False):
    """Return (from, to, departure, arrival) of everything on a day, in order."""
    found = service_day([timetable], day, step_free=step_free).forward
    columns = found.from_stop, found.to_stop, found.depart_s, found.arrive_s
    return list(zip(*(c.tolist() for c in columns), strict=True))


def line(start, *stops, step=600):
    return [(stop, start + step * i, start + step * i) for i, stop in enumerate(stops)]


def test_a_trip_runs_on_its_days_only():
    timetable = draw_timetable({"t": line(13 * H, 0, 1, 2)}, n_stops=3)
    assert rides(timetable) == [(0, 1, 46800, 47400), (1, 2, 47400, 48000)]


def test_a_trip_after_midnight_runs_on_the_next_day_too():
    timetable = draw_timetable(
        {"t": line(24 * H + 600, 0, 1)}, n_stops=2, days=("2020-02-04", "2020-02-06")
    )
    assert rides(timetable) == [(0, 1, 600, 1200)]


def test_the_evening_before_and_the_morning_after_are_in_sight_until_noon():
    trips = {f"{h}": line(h * H, 0, 1) for h in (11, 13)}
    timetable = draw_timetable(trips, n_stops=2, days=("2020-02-04", "2020-02-05", "2020-02-06"))
    assert [leave // H for _, _, leave, _ in rides(timetable)] == [-11, 11, 13, 35]


@pytest.mark.parametrize(("day", "shift_h"), [(date(2020, 3, 8), 23), (date(2020, 11, 1), 25)])
def test_the_night_before_a_clock_change_keeps_its_distance_in_true_hours(day, shift_h):
    before = date.fromordinal(day.toordinal() - 1)
    timetable = draw_timetable(
        {"late": line(27 * H, 0, 1)}, n_stops=2, days=(str(before), str(day))
    )
    # noon to noon is 23 or 25 hours on such a night, so 27:00 comes an hour later or earlier
    assert rides(timetable, day)[0][2] == (27 - shift_h) * H


def test_connections_are_in_order_of_departure_and_the_mirror_in_order_of_arrival():
    rng = np.random.default_rng(4)
    trips = {f"t{k}": line(int(rng.integers(13, 16)) * H, 0, 1, 2, 0) for k in range(20)}
    day = service_day([draw_timetable(trips, n_stops=3)], WEDNESDAY, step_free=False)
    assert (np.diff(day.forward.depart_s) >= 0).all()
    assert (np.diff(-day.backward.depart_s) <= 0).all()
    assert sorted(-day.backward.depart_s) == sorted(day.forward.arrive_s)


def test_a_trip_that_repeats_leaves_on_the_dot_until_before_its_end():
    timetable = draw_timetable(
        {"t": line(6 * H, 0, 1)}, n_stops=2, frequencies=(("t", 13 * H, 14 * H, 1200),)
    )
    assert [leave for _, _, leave, _ in rides(timetable)] == [46800, 48000, 49200]


def test_a_repeating_trip_is_many_vehicles():
    timetable = draw_timetable(
        {"t": line(6 * H, 0, 1)}, n_stops=2, frequencies=(("t", 13 * H, 14 * H, 1200),)
    )
    day = service_day([timetable], WEDNESDAY, step_free=False)
    assert len(set(day.forward.vehicle)) == day.n_trips == 3


def chained(**drawn):
    """Return the trip that follows each trip, by name."""
    timetable = draw_timetable(**drawn)
    names = timetable.trips["trip_id"].tolist()
    following = next_in_seat(timetable)
    return {names[i]: names[j] for i, j in enumerate(following) if j >= 0}


ONE_AFTER_ANOTHER = {"a": line(13 * H, 0, 1), "b": line(14 * H, 1, 2), "c": line(15 * H, 2, 0)}
BLOCK = dict.fromkeys("abc", "7")


def test_trips_of_a_block_are_one_vehicle_in_order_of_departure():
    shuffled = {name: ONE_AFTER_ANOTHER[name] for name in "cab"}
    assert chained(trips=shuffled, n_stops=3, blocks=BLOCK) == {"a": "b", "b": "c"}


def test_no_block_is_not_a_block():
    assert chained(trips=ONE_AFTER_ANOTHER, n_stops=3) == {}


def test_two_services_are_two_vehicles_though_the_block_is_one():
    got = chained(
        trips=ONE_AFTER_ANOTHER,
        n_stops=3,
        blocks=BLOCK,
        services={"b": "S"},
        service_days={"W": ("2020-02-05",), "S": ("2020-02-05",)},
    )
    assert got == {"a": "c"}


def test_trips_that_overlap_cannot_be_one_vehicle():
    trips = {**ONE_AFTER_ANOTHER, "b": line(13 * H + 300, 1, 2)}
    assert chained(trips=trips, n_stops=3, blocks=BLOCK) == {"b": "c"}


def test_a_vehicle_that_drives_off_empty_takes_no_riders():
    far = chained(trips=ONE_AFTER_ANOTHER | {"c": line(15 * H, 0, 1)}, n_stops=3, blocks=BLOCK,
                  apart_deg=0.01)  # fmt: skip
    assert far == {"a": "b"}


def test_the_feed_may_forbid_staying_on_or_ask_for_it():
    forbidden = chained(
        trips=ONE_AFTER_ANOTHER, n_stops=3, blocks=BLOCK, in_seat=(("a", "b", False),)
    )
    asked = chained(
        trips=ONE_AFTER_ANOTHER, n_stops=3, in_seat=(("a", "c", True), ("c", "a", True))
    )
    assert forbidden == {"b": "c"}
    assert asked == {"a": "c"}


def test_one_vehicle_has_one_number_and_each_night_is_another():
    timetable = draw_timetable(
        ONE_AFTER_ANOTHER, n_stops=3, blocks=BLOCK, days=("2020-02-04", "2020-02-05")
    )
    day = service_day([timetable], WEDNESDAY, step_free=False)
    late = day.forward.depart_s > 0
    assert len(set(day.forward.vehicle[late])) == 1
    assert len(set(day.forward.vehicle)) == 2
    assert day.forward.vehicle.max() < day.n_vehicles


def test_step_free_keeps_what_is_surely_usable_and_unknown_is_not():
    trips = {"y": line(13 * H, 0, 1, 2), "n": line(13 * H, 0, 1), "u": line(13 * H, 0, 1)}
    timetable = draw_timetable(
        trips,
        n_stops=3,
        wheelchair={"y": "yes", "n": "no"},
        stop_wheelchair=("yes", "unknown", "yes"),
    )
    found = service_day([timetable], WEDNESDAY, step_free=True).forward
    assert found.from_stop.tolist() == [0, 1]
    assert found.board.tolist() == [True, False]
    assert found.alight.tolist() == [False, True]


def test_no_rider_sits_through_a_trip_that_is_not_step_free():
    timetable = draw_timetable(
        ONE_AFTER_ANOTHER,
        n_stops=3,
        blocks=BLOCK,
        wheelchair={"a": "yes", "b": "no", "c": "yes"},
        stop_wheelchair=("yes",) * 3,
    )
    assert len(set(service_day([timetable], WEDNESDAY, step_free=True).forward.vehicle)) == 2


def test_pickup_rules_go_with_the_stop_of_the_trip():
    calls = [(0, 13 * H, 13 * H, False, True), (1, 14 * H, 14 * H, True, False),
             (2, 15 * H, 15 * H, True, True)]  # fmt: skip
    found = service_day([draw_timetable({"t": calls}, n_stops=3)], WEDNESDAY, step_free=False)
    assert found.forward.board.tolist() == [False, True]
    assert found.forward.alight.tolist() == [False, True]
    assert found.backward.board.tolist() == [True, False]


def test_two_feeds_are_one_network_with_stops_counted_through():
    a = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, feed_id="a")
    b = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, feed_id="b")
    day = service_day([a, b], WEDNESDAY, step_free=False)
    assert sorted(day.forward.from_stop.tolist()) == [0, 2]
    assert day.n_stops == 4
    assert len(set(day.forward.vehicle)) == 2


def test_feeds_of_two_zones_meet_at_the_same_moments():
    east = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, feed_id="a")
    west = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, zone="America/Chicago", feed_id="b")
    day = service_day([east, west], WEDNESDAY, step_free=False)
    assert day.forward.depart_s.tolist() == [13 * H, 14 * H]


def test_a_date_outside_the_feed_is_refused_with_its_dates_and_the_nearest_same_weekday():
    timetable = draw_timetable(
        {"t": line(13 * H, 0, 1)}, n_stops=2, days=("2020-02-04", "2020-02-05", "2020-02-14")
    )
    with pytest.raises(TravelError) as error:
        service_day([timetable], date(2020, 3, 11), step_free=False)
    assert str(error.value) == (
        "No timetable covers Wednesday 2020-03-11: 'f' covers 2020-02-04 to 2020-02-14. "
        "The nearest Wednesday with service is 2020-02-05; choose it or add a newer feed."
    )
    with pytest.raises(TravelError, match="Nothing runs on a Sunday"):
        service_day([timetable], date(2020, 2, 2), step_free=False)


def test_without_any_feed_there_is_no_day():
    with pytest.raises(TravelError, match="There is no timetable"):
        service_day([], WEDNESDAY, step_free=False)


def test_when_one_of_two_feeds_covers_the_day_the_other_is_named():
    now = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, feed_id="now")
    old = draw_timetable({"t": line(13 * H, 0, 1)}, n_stops=2, days=("2019-02-05",), feed_id="old")
    day = service_day([old, now], WEDNESDAY, step_free=False)
    assert day.forward.from_stop.tolist() == [2]
    note = "The feed 'old' does not cover 2020-02-05: it runs from 2019-02-05 to 2019-02-05."
    assert day.notes == (f"{note} Its service is left out.",)


def test_a_day_without_service_inside_the_feed_is_a_day_with_a_note():
    timetable = draw_timetable(
        {"t": line(13 * H, 0, 1)}, n_stops=2, days=("2020-02-03", "2020-02-07")
    )
    day = service_day([timetable], WEDNESDAY, step_free=False)
    assert len(day.forward) == 0
    assert day.notes == ("Nothing runs on Wednesday 2020-02-05, though the timetable covers it.",)
