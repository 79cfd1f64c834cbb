"""Journeys as numbers: they sort as journeys are preferred, and the walk to the door is added."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.errors import TravelError
from famgeo.travel.arrivals import (
    NOBODY,
    ONE_RIDE,
    ONE_SECOND,
    START,
    Found,
    feet_as_numbers,
    of_number,
    walk_to_doors,
)
from famgeo.travel.walks import Rules, walks

DAY_S = 86_400
journeys = st.tuples(
    st.integers(0, DAY_S), st.integers(1, 15), st.integers(0, 500_000), st.integers(0, DAY_S)
)


def number(after_s, rides, walk_cm, start_s):
    """Add up a journey: a start, its rides, one walk, and the wait before it may start."""
    feet = feet_as_numbers(one_walk(0, walk_cm / 100))[0]
    return int(START + after_s * ONE_SECOND + rides * ONE_RIDE + feet - start_s)


def one_walk(seconds, metres):
    return walks(
        np.zeros(1, int), np.zeros(1, int), np.array([seconds]), np.array([metres]), n_places=1
    )


@given(journeys)
def test_a_number_tells_the_journey_it_was_made_of(journey):
    after_s, rides, walk_m, start_s = of_number(number(*journey))
    assert (after_s, rides, round(walk_m * 100), start_s) == journey


@given(journeys, journeys)
def test_earlier_then_fewer_rides_then_less_walking_then_a_later_start_is_better(one, other):
    def preferred(j):
        return (*j[:3], -j[3])

    assert (number(*one) < number(*other)) == (preferred(one) < preferred(other))
    assert number(*one) < NOBODY


@given(st.lists(journeys, min_size=1, max_size=5), st.integers(0, 1200))
def test_the_door_gets_the_best_of_the_stops_near_it(some, seconds):
    at = np.array([[number(*j), NOBODY] for j in some])
    near = walks(
        np.zeros(len(some), int), np.arange(len(some)), np.full(len(some), seconds),
        np.full(len(some), 7.0), n_places=1,
    )  # fmt: skip
    numbers = np.empty((1, 2), np.int64)
    walk_to_doors(at, (near.start, near.target, feet_as_numbers(near)), numbers, 0)
    found = Found(numbers=numbers, begin_s=100, limit_s=2 * DAY_S)
    after_s, rides, walk_cm, start_s = min(some, key=lambda j: (*j[:3], -j[3]))
    assert found.time_s[0, 0] == 100 + after_s + seconds
    assert found.rides[0, 0] == rides
    assert found.walk_m[0, 0] == pytest.approx(walk_cm / 100 + 7, abs=0.01)
    assert found.start_s[0, 0] == 100 + start_s
    assert numbers[0, 1] >= NOBODY


@pytest.mark.parametrize(
    "asked", [{"max_rides": 16, "limit_s": 60}, {"max_rides": 4, "limit_s": 140_000}]
)
def test_more_than_a_number_holds_is_refused(asked):
    with pytest.raises(TravelError, match="more than can be searched"):
        Rules(change_s=0, **asked)
