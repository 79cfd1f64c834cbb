"""No handful of families decides which places are chosen, and the price is a handful at most."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.plan.allowed import Allowed
from famgeo.plan.settling import settled


def any_of(n_sites, n, locked=()):
    nothing = np.empty(0)
    sides = np.empty((0, n_sites))
    return Allowed(n=n, least=n, locked=locked, sides=sides, low=nothing, high=nothing)


def minutes_of(can, minutes=10.0):
    return np.where(np.array(can, dtype=bool), minutes, np.inf)


def reach(minutes, chosen):
    return int(np.isfinite(minutes[:, list(chosen)]).any(axis=1).sum())


def test_one_family_far_out_does_not_show_in_the_choice():
    without = [[1, 1, 0]] * 30 + [[0, 0, 0]] * 10
    with_one = [[1, 1, 0]] * 30 + [[0, 0, 1]] + [[0, 0, 0]] * 9
    may = any_of(3, 2, locked=(0,))
    assert settled(minutes_of(without), (0, 1), may, apart=5) == (0, 1)
    assert settled(minutes_of(with_one), (0, 2), may, apart=5) == (0, 1)


def test_five_families_do_decide():
    can = [[1, 1, 0]] * 30 + [[0, 0, 1]] * 5
    assert settled(minutes_of(can), (0, 2), any_of(3, 2, locked=(0,)), apart=5) == (0, 2)


def test_of_two_places_as_good_the_nearer_is_taken_when_five_feel_it():
    far_near = np.array([[30.0, 10.0]] * 5)
    assert settled(far_near, (0,), any_of(2, 1), apart=5) == (1,)
    assert settled(far_near[:4], (1,), any_of(2, 1), apart=5) == (0,)


def test_a_locked_place_stays_and_an_excluded_one_is_never_taken():
    can = [[1, 1, 1]] * 20
    assert settled(minutes_of(can), (1, 2), any_of(3, 2, locked=(2,)), apart=5) == (0, 2)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_price_is_less_than_five_families_and_the_number_of_places_stays(data):
    rows, sites = data.draw(st.integers(1, 40)), data.draw(st.integers(2, 6))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    minutes = np.where(rng.random((rows, sites)) < 0.4, rng.integers(5, 90, (rows, sites)), np.inf)
    n = data.draw(st.integers(1, sites - 1))
    chosen = tuple(sorted(rng.choice(sites, n, replace=False).tolist()))
    now = settled(minutes, chosen, any_of(sites, n), apart=5)
    assert len(set(now)) == n
    assert reach(minutes, now) > reach(minutes, chosen) - 5
