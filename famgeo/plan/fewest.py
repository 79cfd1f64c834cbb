"""The fewest columns that are good enough: one less each time, until that is proven too few."""

import time
from dataclasses import replace

from famgeo.plan.allowed import Chosen
from famgeo.plan.median import choose_best
from famgeo.plan.problem import Choice, Problem
from famgeo.plan.swaps import choose_well

LOOK = 0.3  # seconds for a first bound


def choose_fewest(problem: Problem, *, seconds: float) -> Choice | None:
    """Return the smallest allowed choice that is good enough, and how few there might be.

    The value and the bound are numbers of columns; None when no choice is found good enough.
    """
    until = time.monotonic() + seconds
    most = problem.allowed.n
    best: Chosen | None = None
    for n in range(max(1, len(problem.allowed.locked)), most + 1):
        good = choose_well(_of(problem, n))
        if good is not None and problem.value(good) <= problem.enough:
            best = good
            break
    if best is None:
        found = choose_best(_of(problem, most), seconds=until - time.monotonic())
        if found is None or found.value > problem.enough:
            return None
        best = found.chosen
    while len(best) > 1:
        fewer = _of(problem, len(best) - 1)
        again = choose_best(fewer, seconds=until - time.monotonic())
        if again is not None and again.value <= problem.enough:
            best = again.chosen
        elif again is None or again.bound > problem.enough:
            return Choice(chosen=best, value=len(best), bound=len(best))
        else:
            return Choice(chosen=best, value=len(best), bound=_least(problem, len(best)))
    return Choice(chosen=best, value=len(best), bound=len(best))


def _of(problem: Problem, n: int) -> Problem:
    return replace(problem, allowed=replace(problem.allowed, n=n, least=1))


def _least(problem: Problem, most: int) -> int:
    """Return how few columns might be good enough, as far as a first bound tells."""
    for n in range(1, most):
        found = choose_best(_of(problem, n), seconds=LOOK)
        if found is not None and found.bound <= problem.enough:
            return n
    return most
