"""Branch and bound by prices alone: for a few columns out of many, with no sums to keep.

Each branch takes over the prices of the one it comes from, so a few rounds bound it.
"""

import heapq
import time
from collections.abc import Iterator

import numpy as np

from famgeo.plan.allowed import Chosen
from famgeo.plan.lagrange import Prices
from famgeo.plan.problem import Choice

ROUNDS = 60
FEWER_ROUNDS = 20


def branch_out(root: Prices, *, until: float) -> Choice:
    """Search until no choice can be better than the best found, or the time is up."""
    root = root.narrowed()
    problem, order, todo = root.problem, 0, [(root.bound, 0, root)]
    best, value = root.best, root.value
    while todo and todo[0][0] < problem.to_beat(value) and time.monotonic() < until:
        above, _, parent = heapq.heappop(todo)
        for child in _children(parent, best, value):
            child.run(FEWER_ROUNDS if root.many else ROUNDS, until=until)
            if child.decided:
                child.settle()
            if child.value < value:
                best, value = child.best, child.value
            if child.bound < problem.to_beat(value):
                order += 1
                heapq.heappush(todo, (max(child.bound, above), order, child))
    return Choice(chosen=best, value=value, bound=min([value, *(entry[0] for entry in todo)]))


def _children(parent: Prices, best: Chosen, value: float) -> Iterator[Prices]:
    """Yield the branch with and the one without the least decided column."""
    free = np.flatnonzero(parent.may & ~parent.must)
    column = free[np.abs(parent.shares[free] - 0.5).argmin()]
    for within in (True, False):
        child = parent.again(best, value)
        child.must[column] = child.may[column] = within
        yield child
