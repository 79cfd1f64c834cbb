"""A bound on every choice, and which columns the best one can and must have: no program needed.

Lagrangian relaxation of "each row is served once" (Cornuéjols, Fisher and Nemhauser 1977). A row
pays its price λ and gives every column that is nearer the difference; the columns that are given
most are chosen. Prices rise where nobody serves a row and fall where several do. Sums that a
choice must keep are left out of it, so what it says holds of them too.
"""

import time
from copy import copy

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.plan.allowed import Chosen
from famgeo.plan.nearest import Floats, Ints, Longs, two_best
from famgeo.plan.problem import Problem
from famgeo.plan.swaps import MANY_ROWS, SAMPLE_ROWS, improve

ROUNDS = 600
TURNS = 5
ROUNDS_A_TURN = 50
PATIENCE = 12
MEMORY = 0.6
FIRST_STEP = 1.2
NEXT_STEP = 0.5
SMALLEST_STEP = 0.004


class Prices:
    """The prices of the rows and what they tell, changed in place.

    ``best`` is the best choice met, by the ``names`` of its columns, and ``value`` its measure;
    no choice is under ``bound``. A better choice takes only columns it ``may`` and all it
    ``must``; ``shares`` is how often each was chosen lately.
    """

    def __init__(self, problem: Problem, start: Chosen) -> None:
        near = problem.nearest
        self.problem, self.best, self.value = problem, start, problem.value(start)
        self.price = _first_price(problem, start)
        self.top_price, self.bound = self.price, -np.inf
        self.pull = np.zeros(len(self.price))
        self.may = np.ones(near.n_columns, bool)
        self.must = np.isin(np.arange(near.n_columns), problem.allowed.locked)
        self.shares = np.zeros(near.n_columns)
        self.names = np.arange(near.n_columns)
        self.many = len(near.worst) > MANY_ROWS
        self.pace, self.waited = NEXT_STEP if self.many else FIRST_STEP, 0

    @property
    def decided(self) -> bool:
        """Whether at most one choice is left."""
        n = self.problem.allowed.n
        return not self.problem.allowed.fewer and bool(self.may.sum() <= n or self.must.sum() >= n)

    def settle(self) -> None:
        """Take the one choice that is left if it is better than the best, and close the bound."""
        left = self.must if self.must.sum() == self.problem.allowed.n else self.may
        if left.sum() == self.problem.allowed.n:
            self._try(np.flatnonzero(left).tolist())
        self.bound = self.value

    def again(self, best: Chosen, value: float) -> "Prices":
        """Return a copy to go on from, that knows the best choice so far."""
        other = copy(self)
        other.best, other.value, other.price = best, value, self.top_price
        other.may, other.must = self.may.copy(), self.must.copy()
        other.pull, other.pace, other.waited = np.zeros(len(self.price)), NEXT_STEP, 0
        return other

    def narrowed(self) -> "Prices":
        """Return the same without the columns that no better choice takes."""
        near, free = self.problem.nearest, np.flatnonzero(self.may)
        kept = np.add.reduceat(self.may[near.column], near.first[:-1]) > 0
        other = copy(self)
        other.problem = self.problem.only(free.tolist(), ())
        other.names, other.shares = self.names[free], self.shares[free]
        other.may, other.must = self.may[free], self.must[free]
        other.price = other.top_price = self.top_price[kept]
        other.pull = np.zeros(len(other.price))
        return other

    def settle_down(self, *, until: float) -> "Prices":
        """Run until the bound stands still; of very many rows, less long, and ever narrower."""
        if not self.many:
            self.run(ROUNDS, until=until)
            return self
        prices = self
        for _ in range(TURNS):
            prices.run(ROUNDS_A_TURN, until=until)
            if prices.proven or prices.decided:
                return prices
            prices = prices.narrowed()
        return prices

    def run(self, rounds: int, *, until: float) -> None:
        """Change the prices until the bound stands still or is enough, or the time is up."""
        while rounds and self.pace >= SMALLEST_STEP and time.monotonic() < until:
            if self.proven or self.decided:
                return
            self.step()
            rounds -= 1

    @property
    def proven(self) -> bool:
        """Whether no better choice is left."""
        return self.bound >= self.problem.to_beat(self.value)

    def step(self) -> None:
        """Choose columns at these prices, learn from the choice, and change the prices."""
        near = self.problem.nearest
        given = _given(near.first, near.column, near.cost, self.price, near.n_columns)
        chosen = self._most_given(given)
        bound = float(near.sunk.sum() + self.price.sum() - given[chosen].sum())
        self._learn(chosen, given, bound)
        served = _served(near.first, near.column, near.cost, self.price, chosen)
        pull = np.where((self.price >= near.worst) & (served < 1), 0, 1 - served)
        self.pull = MEMORY * self.pull + (1 - MEMORY) * pull
        length2 = float(np.einsum("r,r->", self.pull, self.pull))
        if length2 <= 0:
            self.pace = 0.0
            return
        gap = max(self.value * (1 + 1e-4) - bound, 1e-9)
        self.price = np.minimum(self.price + self.pace * gap / length2 * self.pull, near.worst)

    def _most_given(self, given: Floats) -> NDArray[np.bool_]:
        """Return the columns that make the bound: the sure ones, and of the others the best."""
        allowed = self.problem.allowed
        liking = np.where(self.must, np.inf, np.where(self.may, given, -np.inf))
        order = np.argsort(-liking, kind="stable")[: allowed.n]
        if allowed.fewer:
            order = order[liking[order] > 0]
        return np.isin(np.arange(len(given)), order)

    def _learn(self, chosen: NDArray[np.bool_], given: Floats, bound: float) -> None:
        self.shares = 0.95 * self.shares + 0.05 * chosen
        self.waited += 1
        if bound > self.bound + 1e-7 * abs(bound):
            self.waited = (
                0 if bound > self.bound + 1e-4 * (self.value - self.bound) else self.waited
            )
            self.bound, self.top_price = bound, self.price
            self._try(np.flatnonzero(chosen).tolist())
        elif self.waited > PATIENCE:
            self.waited, self.pace = 0, self.pace / 2
            self.price, self.pull = self.top_price, np.zeros(len(self.price))
        self._fix(chosen, given, bound)

    def _try(self, chosen: list[int]) -> None:
        """Improve the choice of these prices when it is near the best one."""
        if not self.problem.allowed.allows(chosen):
            return
        value = self.problem.value(chosen)
        if value < self.value * 1.02:
            better = improve(self.problem, chosen)
            if self.problem.value(better) < self.value:
                self.best = tuple(self.names[list(better)].tolist())
                self.value = self.problem.value(better)

    def _fix(self, chosen: NDArray[np.bool_], given: Floats, bound: float) -> None:
        """Rule out the columns that would lift the bound to the best, and keep those it needs."""
        room = self.problem.to_beat(self.value) - bound
        inside, outside = chosen & ~self.must, ~chosen & self.may
        if self.problem.allowed.fewer or not inside.any():
            return
        self.may &= ~(outside & (given[inside].min() - given > room))
        if outside.any():
            self.must |= inside & (given - given[outside].max() > room)


def _first_price(problem: Problem, start: Chosen) -> Floats:
    """Return for each row the cost of its second nearest chosen column.

    Of very many rows, some are priced first. Where each of those stands between its nearest and
    its second tells, by nearest column, where the others will.
    """
    near = problem.nearest
    which, best, second = two_best(near, start)
    if len(near.worst) <= MANY_ROWS:
        return second
    some = Prices(problem.sample(SAMPLE_ROWS), start)
    some.run(ROUNDS, until=np.inf)
    few_which, few_best, few_second = two_best(some.problem.nearest, start)
    between = (some.top_price - few_best) / np.maximum(few_second - few_best, 1e-9)
    share = np.ones(len(start) + 1)
    for place in np.unique(few_which).tolist():
        share[place] = np.median(between[few_which == place])
    return np.minimum(best + share[which] * (second - best), near.worst)


@njit(cache=True, nogil=True)
def _given(first: Longs, column: Ints, cost: Floats, price: Floats, n_columns: int) -> Floats:
    given = np.zeros(n_columns)
    for row in range(len(price)):
        for at in range(first[row], first[row + 1]):
            if cost[at] >= price[row]:
                break
            given[column[at]] += price[row] - cost[at]
    return given


@njit(cache=True, nogil=True)
def _served(
    first: Longs, column: Ints, cost: Floats, price: Floats, chosen: NDArray[np.bool_]
) -> Floats:
    served = np.zeros(len(price))
    for row in range(len(price)):
        for at in range(first[row], first[row + 1]):
            if cost[at] >= price[row]:
                break
            if chosen[column[at]]:
                served[row] += 1
    return served
