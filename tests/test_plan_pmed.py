"""The OR-Library's p-median instances: their known optima, found and proven."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from families import WEDNESDAY, draw_barriers, draw_households, draw_sites
from scipy.sparse.csgraph import shortest_path

from famgeo.goals import ShortestTrips
from famgeo.plan.allowed import any_of
from famgeo.plan.centre import choose_centre
from famgeo.plan.median import choose_best
from famgeo.plan.nearest import nearest_of
from famgeo.plan.problem import Problem, Total, WorstMean
from famgeo.plan.sites import choose_sites
from famgeo.plan.verify import verify_plan

FAR = 10_000.0


@pytest.fixture(scope="session")
def pmed():
    """Return the folder of instances, next to that of the test cities; skip without one."""
    named = os.environ.get("FAMGEO_CITIES")
    if not named:
        pytest.skip("set FAMGEO_CITIES to a folder of test cities, beside benchmarks/pmed")
    folder = Path(named).parent / "benchmarks" / "pmed"
    if not folder.is_dir():
        pytest.skip("there is no folder benchmarks/pmed beside that of the test cities")
    return folder


@cache
def instance(folder, number):
    """Return the distances between all vertices and how many to choose; the last edge counts."""
    words = (folder / f"pmed{number}.txt").read_text().split()
    n, edges, choose = map(int, words[:3])
    metres = np.zeros((n, n))
    for a, b, length in np.array(words[3 : 3 + 3 * edges], int).reshape(-1, 3):
        metres[a - 1, b - 1] = metres[b - 1, a - 1] = length
    return shortest_path(metres, directed=False), choose


def known(folder, name, number):
    lines = (line.split() for line in (folder / name).read_text().splitlines())
    return next(float(words[1]) for words in lines if words[:1] == [f"pmed{number}"])


SLOW = [pytest.param(n, marks=pytest.mark.slow) for n in (12, 17, 26, 31, 36)]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 11, 16, 21, *SLOW])
def test_the_shortest_trips_are_the_known_ones_and_proven(pmed, number):
    far, choose = instance(pmed, number)
    problem = Problem(
        nearest=nearest_of(far, np.full(len(far), FAR)),
        allowed=any_of(choose, len(far)),
        measure=Total(),
    )
    choice = choose_best(problem, seconds=600)
    assert choice.value == choice.bound == known(pmed, "pmedopt.txt", number)
    assert far[:, list(choice.chosen)].min(axis=1).sum() == choice.value
    assert len(set(choice.chosen)) == choose


SLOWER = [pytest.param(n, marks=pytest.mark.slow) for n in (5, 7, 11, 16, 17, 21, 26)]


@pytest.mark.parametrize("number", [1, 2, 6, *SLOWER])
def test_the_shortest_longest_trip_is_the_known_one_and_proven(pmed, number):
    far, choose = instance(pmed, number)
    problem = Problem(
        nearest=nearest_of(far, np.full(len(far), FAR), group=np.arange(len(far))),
        allowed=any_of(choose, len(far)),
        measure=WorstMean(),
    )
    choice = choose_centre(problem, seconds=600)
    assert choice.value == choice.bound == known(pmed, "kcenteropt.txt", number)
    assert far[:, list(choice.chosen)].min(axis=1).max() == choice.value


def test_from_tables_to_a_verified_plan(pmed):
    far, choose = instance(pmed, 2)
    households, sites = draw_households(len(far)), draw_sites(len(far))
    table = draw_barriers(households, sites, np.full(far.shape, ""))
    table = table.assign(there_min=far.ravel(), home_min=0.0)
    goal = ShortestTrips(n_sites=choose, no_option_min=FAR)
    plan = choose_sites(table, households, sites, goal, meetings=[WEDNESDAY])
    assert plan.measure * len(far) == pytest.approx(known(pmed, "pmedopt.txt", 2))
    assert plan.quality == "proven best"
    verify_plan(plan, table, households, sites)
