"""Counts as they may be shown: keyed, unbiased, and no complement that is small."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.release.counts import apart, fold, least_shown, round_count

KEY = bytes(range(32))
COUNTS = st.integers(0, 300)
KS = st.sampled_from([10, 12, 20])


def families(n, start=0):
    return {f"H{number}" for number in range(start, start + n)}


@given(COUNTS, KS, st.binary(min_size=32, max_size=32))
def test_a_shown_count_is_a_multiple_of_five_within_five_and_not_under_k(n, k, key):
    shown = round_count(families(n), key, k=k)
    if n < k:
        assert shown is None
    else:
        assert shown % 5 == 0
        assert shown >= k
        assert abs(shown - n) < 5


def test_the_same_families_give_the_same_figure_and_another_key_another():
    once = [round_count(families(101 + n), KEY) for n in range(60)]
    assert once == [round_count(frozenset(families(101 + n)), KEY) for n in range(60)]
    assert once != [round_count(families(101 + n), bytes(32)) for n in range(60)]


@pytest.mark.parametrize("n", [101, 102, 103, 104])
def test_rounding_is_right_on_average(n):
    shown = [round_count(families(n, 200 * group), KEY) for group in range(4000)]
    # Four standard errors of a coin of that chance, tossed 4,000 times.
    spread = 5 * np.sqrt((n % 5 / 5) * (1 - n % 5 / 5) / 4000)
    assert abs(np.mean(shown) - n) < 4 * spread


def test_a_group_that_grows_by_one_family_at_a_time_hardly_ever_shows_fewer():
    falls = 0
    for key in (bytes([n]) * 32 for n in range(20)):
        shown = [round_count(families(n), key) for n in range(10, 500)]
        falls += sum(later < sooner for sooner, later in pairwise(shown))
    # A fall proves a gain of one to three families. A chance of its own for each of these 9,800
    # groups would give about 1,500 falls.
    assert falls <= 20


@given(COUNTS, COUNTS, KS, st.binary(min_size=32, max_size=32))
def test_the_rest_of_a_whole_is_never_a_small_figure(n, more, k, key):
    everyone = families(n + more)
    whole = round_count(everyone, key, k=k)
    part = apart(round_count(families(n), key, k=k), whole or 0, rest=more, k=k)
    if part is None:
        assert n < least_shown(k) + 5
    else:
        assert whole - part == 0 or whole - part >= k
        assert part >= k
        assert part % 5 == 0


GROUPS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 60), max_size=8)


@given(GROUPS, KS)
def test_folding_leaves_groups_of_k_that_hold_everyone(sizes, k):
    starts = np.cumsum([0, *sizes.values()]).tolist()
    groups = {
        name: families(size, start)
        for (name, size), start in zip(sizes.items(), starts[:-1], strict=True)
    }
    folded = fold(groups, k=k)
    assert all(len(members) >= k for members in folded.values())
    assert len(folded) != 1
    if folded:
        assert set().union(*folded.values()) == set().union(*groups.values())
        assert sum(map(len, folded.values())) == sum(sizes.values())
        assert max(map(len, folded.values())) <= 0.95 * sum(sizes.values())


def test_one_small_group_takes_the_smallest_visible_one_with_it():
    groups = {"a": families(40), "b": families(15, 40), "c": families(3, 55)}
    assert {name: len(members) for name, members in fold(groups).items()} == {"a": 40, "other": 18}


def test_a_group_called_other_is_folded_like_any_and_keeps_its_name():
    groups = {"a": families(40), "other": families(15, 40), "c": families(3, 55)}
    assert {name: len(members) for name, members in fold(groups).items()} == {"a": 40, "other": 18}


def test_a_count_of_none_is_not_printed_as_zero():
    assert round_count(set(), KEY) is None
