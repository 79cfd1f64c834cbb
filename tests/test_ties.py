"""Among equal reaches, shorter trips; never a smaller reach."""

import itertools

import numpy as np
import pytest

from famgeo.plan.ties import shortened


def drawn(seed):
    random = np.random.default_rng(seed)
    minutes = random.integers(5, 120, (30, 7)).astype(float)
    minutes[random.random((30, 7)) < 0.5] = np.inf
    return minutes


def reach_and_minutes(minutes, chosen):
    best = minutes[:, list(chosen)].min(axis=1)
    return np.isfinite(best).sum(), best[np.isfinite(best)].sum()


@pytest.mark.parametrize("seed", range(40))
def test_the_reach_never_falls_and_no_single_swap_would_do_better(seed):
    minutes = drawn(seed)
    start = (0, 1, 2)
    found = shortened(minutes, start, [])
    before, after = reach_and_minutes(minutes, start), reach_and_minutes(minutes, found)
    assert (after[0], -after[1]) >= (before[0], -before[1])
    for place, site in itertools.product(range(3), set(range(7)) - set(found)):
        swapped = [*found]
        swapped[place] = site
        other = reach_and_minutes(minutes, swapped)
        assert (other[0], -other[1]) <= (after[0], -after[1] + 1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_a_locked_site_stays(seed):
    assert 3 in shortened(drawn(seed), (3, 4, 5), [3])


def test_nobody_to_reach_changes_nothing():
    assert shortened(np.full((4, 3), np.inf), (0, 2), []) == (0, 2)
