"""Choose columns and prove it: a good choice, a bound, and an exact finish on what is left."""

import time
from dataclasses import replace

import numpy as np

from famgeo.plan.allowed import Chosen
from famgeo.plan.benders import prove
from famgeo.plan.lagrange import Prices
from famgeo.plan.problem import Choice, Problem, Total
from famgeo.plan.swaps import choose_well
from famgeo.plan.tree import branch_out

FEW = 20


def choose_best(problem: Problem, *, seconds: float) -> Choice | None:
    """Return the best choice found and what none is under; None when none is allowed.

    The search ends when the choice is proven the best, or good enough, or after ``seconds``.
    """
    until = time.monotonic() + seconds
    start = choose_well(problem)
    if start is None:
        return None
    every = problem.value(range(problem.allowed.n_columns))
    found = _prove(problem, start, until=until)
    return replace(found, bound=min(max(found.bound, every), found.value))


def _prove(problem: Problem, start: Chosen, *, until: float) -> Choice:
    value = problem.value(start)
    if value <= problem.enough or not len(problem.nearest.worst):
        return Choice(chosen=start, value=value, bound=value)
    if not isinstance(problem.measure, Total):
        return prove(problem, start, (), until=until)
    prices = Prices(problem, start).settle_down(until=until)
    if prices.proven or prices.decided:
        prices.settle()
        return Choice(chosen=prices.best, value=prices.value, bound=prices.value)
    if problem.allowed.any_will_do and problem.allowed.n <= FEW:
        return branch_out(prices, until=until)
    return _finish(prices, until=until)


def _finish(prices: Prices, *, until: float) -> Choice:
    """Prove what is left once the prices have ruled columns out."""
    free, sure = np.flatnonzero(prices.may & ~prices.must), np.flatnonzero(prices.must)
    left = prices.problem.only(free.tolist(), sure.tolist())
    names, taken = prices.names, set(prices.best)
    inside = set(names[sure]) <= taken <= set(names[prices.may])
    start = tuple(np.flatnonzero(np.isin(names[free], prices.best)).tolist()) if inside else None
    rest = prove(left, start, [prices.shares[free]], to_beat=prices.value, until=until)
    if rest.value >= prices.value:
        bound = max(prices.bound, min(rest.bound, prices.value))
        return Choice(chosen=prices.best, value=prices.value, bound=bound)
    chosen = names[[*sure, *free[list(rest.chosen)]]].tolist()
    return Choice(chosen=tuple(sorted(chosen)), value=rest.value, bound=rest.bound)
