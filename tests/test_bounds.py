"""What a stranger could work out of tables, against every table that fits what is published."""

from itertools import product

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from famgeo.errors import ReleaseError
from famgeo.release.bounds import Solver, narrow, widths

K = 10


def with_district(cells):
    cells = np.array(cells)
    return np.vstack([cells.sum(axis=0), cells])


def every_table(cells, shown):
    """Yield every table of whole numbers that fits the places' and the shown district totals."""
    hidden = np.argwhere(~shown[1:])
    rows = cells[1:].sum(axis=1)
    ranges = [range(rows[place] + 1) for place, _ in hidden]
    for values in product(*ranges):
        table = cells[1:].copy()
        table[tuple(hidden.T)] = values
        fits = (table.sum(axis=1) == rows).all()
        if fits and (table.sum(axis=0) == cells[0])[shown[0]].all():
            yield with_district(table)


@st.composite
def small_tables(draw):
    n_places, n_categories = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = n_places * n_categories
    cells = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    # Brute force bears six hidden cells.
    hidden = draw(st.sets(st.integers(0, size - 1), max_size=6))
    shown = np.array([at not in hidden for at in range(size)]).reshape(n_places, n_categories)
    whole = draw(st.lists(st.booleans(), min_size=n_categories, max_size=n_categories))
    table = with_district(np.array(cells).reshape(n_places, n_categories))
    return table, np.vstack([np.array(whole), shown])


@settings(max_examples=60)
@given(small_tables())
def test_bounds_are_those_of_all_tables_that_fit(world):
    cells, shown = world
    tables = np.array(list(every_table(cells, shown)))
    found = widths(cells, shown, sought=~shown)
    assert (found.least == tables.min(axis=0))[~shown].all()
    assert (found.most == tables.max(axis=0))[~shown].all()


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), places=st.integers(2, 8), categories=st.integers(2, 6))
def test_bounds_are_those_another_solver_finds(seed, places, categories):
    draw = np.random.default_rng(seed)
    cells = with_district(draw.poisson(draw.uniform(1, 30, categories), (places, categories)))
    shown = draw.random(cells.shape) < 0.6
    hidden = np.argwhere(~shown[1:])
    sums, totals = [], []
    for place in range(places):
        sums.append(hidden[:, 0] == place)
        totals.append(cells[1:][place][~shown[1:][place]].sum())
    for category in np.flatnonzero(shown[0]):
        sums.append(hidden[:, 1] == category)
        totals.append(cells[1:][~shown[1:][:, category], category].sum())
    found = widths(cells, shown, sought=~shown)
    for at, (place, category) in enumerate(hidden[:5]):
        cost = np.zeros(len(hidden))
        cost[at] = 1
        equations = {"A_eq": np.array(sums, dtype=float), "b_eq": totals}
        least = linprog(cost, **equations).fun
        most = -linprog(-cost, **equations).fun
        assert found.least[place + 1, category] == pytest.approx(least, abs=1e-6)
        assert found.most[place + 1, category] == pytest.approx(most, abs=1e-6)


def test_stopping_early_finds_the_same_narrow_cells():
    draw = np.random.default_rng(3)
    cells = with_district(draw.poisson((50, 12, 4, 3, 8), (30, 5)))
    shown = cells >= K
    small = (cells > 0) & (cells < K)
    full = widths(cells, shown, sought=small)
    assert (narrow(cells, shown, k=K) == (small & (full.width < K))).all()
    assert narrow(cells, shown, k=K).any()


def test_a_cell_alone_in_its_place_is_told_exactly():
    cells = with_district([[40, 4], [40, 30]])
    shown = cells != 4
    found = widths(cells, shown, sought=~shown)
    assert (found.least[1, 1], found.most[1, 1]) == (4, 4)
    assert narrow(cells, shown, k=K).tolist() == [[False, False], [False, True], [False, False]]


def test_a_district_total_that_is_not_shown_is_bounded_too():
    cells = with_district([[40, 4, 30], [40, 3, 30]])
    shown = np.array([[True, False, True], [True, False, True], [True, False, False]])
    assert widths(cells, shown, sought=~shown).most[0, 1] == 7
    assert narrow(cells, shown, k=K)[0, 1]


def test_an_answer_the_solver_is_not_sure_of_releases_nothing(monkeypatch):
    unsure = highspy.HighsModelStatus.kIterationLimit
    monkeypatch.setattr(Solver, "getModelStatus", lambda _: unsure)
    cells = with_district([[40, 4], [40, 30]])
    with pytest.raises(ReleaseError, match="not sure"):
        narrow(cells, cells != 4, k=K)
