"""Good choices: greedy and random starts, each improved by the best swap until none helps.

Teitz and Bart (1968), with the savings of every swap found in one pass over the rows (Resende and
Werneck 2007): a row matters to a swap only by the columns that are nearer than its second nearest
chosen one, so a pass looks at a small share of all pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from famgeo.plan.allowed import Chosen
from famgeo.plan.nearest import Floats, Ints, Longs, two_best
from famgeo.plan.problem import Problem

MANY_ROWS = 20_000
SAMPLE_ROWS = 10_000
MOST_STARTS = 24
PAIRS_A_SEARCH = 100_000_000
NEAR_BEST = 6
SAME = 1e-9


def choose_well(problem: Problem) -> Chosen | None:
    """Return the best of many good choices; None when none is allowed.

    The same problem gives the same choice: the random starts have a fixed seed, and of equals
    the first start and the first column win. Of very many rows, some are enough to choose by.
    """
    if len(problem.nearest.worst) > MANY_ROWS:
        start = choose_well(problem.sample(SAMPLE_ROWS))
        return None if start is None else improve(problem, start)
    tried = [improve(problem, start) for start in _starts(problem)]
    return min(tried, key=problem.value, default=None)


def improve(problem: Problem, chosen: Sequence[int]) -> Chosen:
    """Swap one chosen column for another, or add one, always the best move, until none helps."""
    now = list(chosen)
    while True:
        savings = _savings(problem, now)
        added, swapped = savings.after_adding(problem), savings.after_swaps(problem)
        added[~problem.allowed.additions(now)] = np.inf
        swapped[~problem.allowed.swaps(now)] = np.inf
        best = min(added.min(initial=np.inf), swapped.min(initial=np.inf))
        if not best < savings.now(problem) - SAME * abs(savings.now(problem)):
            return tuple(sorted(now))
        if added.min(initial=np.inf) <= best:
            now.append(int(added.argmin()))
        else:
            column, place = np.unravel_index(int(swapped.argmin()), swapped.shape)
            now[int(place)] = int(column)


@dataclass(frozen=True, kw_only=True)
class _Savings:
    """What a move changes, for each group.

    totals : (groups,), the costs now. gain : (groups, columns), saved by choosing a column as
    well. loss : (groups, places), added by giving up a chosen one. extra : (groups, columns,
    places), how much less than both together when one takes the other's place.
    """

    totals: Floats
    gain: Floats
    loss: Floats
    extra: Floats

    def now(self, problem: Problem) -> float:
        return float(problem.measure.guide(self.totals, problem.nearest.weight))

    def after_adding(self, problem: Problem) -> Floats:
        after = self.totals[:, None] - self.gain
        return problem.measure.guide(after, problem.nearest.weight)

    def after_swaps(self, problem: Problem) -> Floats:
        after = (self.totals[:, None] - self.gain)[:, :, None] + self.loss[:, None] - self.extra
        return problem.measure.guide(after, problem.nearest.weight)


def _savings(problem: Problem, chosen: Sequence[int]) -> _Savings:
    near = problem.nearest
    which, best, second = two_best(near, chosen)
    gain = np.zeros((near.n_groups, near.n_columns))
    loss = np.zeros((near.n_groups, len(chosen)))
    extra = np.zeros((near.n_groups, near.n_columns, len(chosen)))
    _add_up(near.first, near.column, near.cost, near.group, which, best, second, gain, loss, extra)
    totals = near.sunk + np.bincount(near.group, best, minlength=near.n_groups)
    return _Savings(totals=totals, gain=gain, loss=loss, extra=extra)


def _starts(problem: Problem) -> Iterator[Chosen]:
    """Yield the greedy choice, then choices that take one of the few best at each step."""
    random = np.random.default_rng(0)
    starts = PAIRS_A_SEARCH // max(1, len(problem.nearest.cost))
    for start in range(int(np.clip(starts, 2, MOST_STARTS))):
        wish = _grown(problem, random if start else None)
        chosen = problem.allowed.most_liked(wish)
        if chosen is not None:
            yield chosen


def _grown(problem: Problem, random: np.random.Generator | None) -> Floats:
    """Choose columns one by one; return a wish for each: that of the chosen is above 1."""
    chosen = list(problem.allowed.locked)
    n_columns = problem.allowed.n_columns
    wish = np.zeros(n_columns)
    while len(chosen) < min(problem.allowed.n, n_columns):
        after = _savings(problem, chosen).after_adding(problem)
        after[chosen] = np.inf
        order = np.argsort(after, kind="stable")[: n_columns - len(chosen)]
        wish[order] = 1 - np.arange(len(order)) / n_columns
        liked = 1 if random is None else min(NEAR_BEST, len(order))
        chosen.append(int(order[0 if random is None else random.integers(liked)]))
    wish[chosen] = 3 - np.arange(len(chosen)) / n_columns
    return wish


@njit(cache=True, nogil=True)
def _add_up(  # noqa: PLR0917 - plain arrays, for the compiler
    first: Longs,
    column: Ints,
    cost: Floats,
    group: Ints,
    which: Ints,
    best: Floats,
    second: Floats,
    gain: Floats,
    loss: Floats,
    extra: Floats,
) -> None:
    for row in range(len(group)):
        g, place = group[row], which[row]
        if place >= 0:
            loss[g, place] += second[row] - best[row]
        for at in range(first[row], first[row + 1]):
            if cost[at] >= second[row]:
                break
            if cost[at] < best[row]:
                gain[g, column[at]] += best[row] - cost[at]
            if place >= 0:
                extra[g, column[at], place] += second[row] - max(cost[at], best[row])
