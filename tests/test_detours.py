"""The cheapest way around a hidden cell, so that it can no longer be told."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.release.bounds import narrow, widths
from famgeo.release.detours import cheapest_detour

K = 10


def with_district(cells):
    cells = np.array(cells)
    return np.vstack([cells.sum(axis=0), cells])


def folded(shown, cells):
    shown = shown.copy()
    for cell in cells:
        shown[cell] = False
    return shown


def width(cell, counts, shown):
    sought = np.zeros_like(shown)
    sought[cell] = True
    return widths(counts, shown, sought=sought).width[cell]


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), places=st.integers(2, 6), categories=st.integers(2, 5))
def test_a_detour_widens_the_cell_to_k_or_there_is_none(seed, places, categories):
    draw = np.random.default_rng(seed)
    counts = with_district(draw.poisson(draw.uniform(1, 40, categories), (places, categories)))
    shown = counts >= K
    for row, column in np.argwhere(narrow(counts, shown, k=K)).tolist():
        way = cheapest_detour((row, column), counts=counts, shown=shown, costs=counts, k=K)
        if way is not None:
            assert all(shown[cell] for cell in way)
            assert width((row, column), counts, folded(shown, way)) >= K


@pytest.mark.parametrize("seed", range(8))
def test_one_small_cell_is_protected_by_the_cheapest_set_there_is(seed):
    """Against every set of up to four cells of a table with one cell that is too small."""
    draw = np.random.default_rng(seed)
    counts = draw.integers(K, 60, (3, 3))
    counts[0, 0] = 4
    counts = with_district(counts)
    shown = counts >= K
    way = cheapest_detour((1, 0), counts=counts, shown=shown, costs=counts, k=K)
    cells = [tuple(cell) for cell in np.argwhere(shown).tolist()]
    enough = [
        sum(counts[cell] for cell in some)
        for size in (1, 2, 3, 4)
        for some in combinations(cells, size)
        if width((1, 0), counts, folded(shown, some)) >= K
    ]
    assert sum(counts[cell] for cell in way) == min(enough)


def test_hidden_cells_cost_nothing_on_the_way():
    counts = with_district([[4, 30, 50], [40, 12, 50], [40, 11, 50]])
    shown = counts >= K
    shown[1:, 1] = False
    shown[2, 0] = False
    assert cheapest_detour((1, 0), counts=counts, shown=shown, costs=counts, k=K) == []


def test_a_way_never_takes_from_a_cell_that_has_too_few():
    counts = with_district([[4, 5, 50], [40, 60, 70]])
    shown = counts >= K
    way = cheapest_detour((1, 0), counts=counts, shown=shown, costs=counts, k=K)
    assert (1, 2) in way


def test_a_table_with_one_category_has_no_way_around():
    counts = with_district([[4], [40]])
    assert cheapest_detour((1, 0), counts=counts, shown=counts >= K, costs=counts, k=K) is None
