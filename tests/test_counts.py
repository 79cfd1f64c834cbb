"""Counts as they may be shown: keyed, unbiased, and no complement that is small."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.release.counts import apart, fold, least_shown, left_out, round_count

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
    part = apart(round_count(families(n), key, k=k), whole or 0, rest_shows=more >= k, k=k)
    if part is None:
        assert n < least_shown(k) + 5
    else:
        assert whole - part == 0 or whole - part >= k
        assert part >= k
        assert part % 5 == 0


GROUPS = st.dictionaries(st.sampled_from([*"abcdefgh", "other"]), st.integers(0, 60), max_size=8)


def partition(sizes):
    """Return groups of these sizes that share nobody."""
    starts = np.cumsum([0, *sizes.values()]).tolist()
    return {
        name: families(size, start)
        for (name, size), start in zip(sizes.items(), starts[:-1], strict=True)
    }


def figure(households):
    return round_count(households, KEY)


@given(GROUPS)
def test_folding_shows_groups_with_figures_and_a_rest_with_one_or_none_at_all(sizes):
    groups = partition(sizes)
    names = fold(groups, figure)
    assert "other" not in names
    if not names:
        return
    rest = left_out(groups, names)
    counts = [figure(groups[name]) for name in names] + ([figure(rest)] if rest else [])
    assert None not in counts
    assert max(counts) <= 0.95 * sum(counts)
    assert set().union(rest, *(groups[name] for name in names)) == set().union(*groups.values())


def test_one_small_group_takes_the_smallest_shown_one_with_it():
    assert fold(partition({"a": 40, "b": 15, "c": 3}), figure) == ("a",)


def test_a_group_called_other_is_never_shown_by_name():
    assert fold(partition({"a": 40, "other": 15, "c": 3}), figure) == ("a",)
    assert fold(partition({"a": 40, "other": 15}), figure) == ("a",)


def test_one_group_alone_or_nearly_all_of_the_whole_is_not_shown():
    assert fold(partition({"a": 40}), figure) == ()
    assert fold(partition({"a": 400, "b": 12}), figure) == ()
    assert fold({}, figure) == ()


def test_a_count_of_none_is_not_printed_as_zero():
    assert round_count(set(), KEY) is None
