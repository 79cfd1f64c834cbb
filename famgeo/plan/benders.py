"""How good can a choice be? Branch and bound over the columns alone, with Benders cuts.

After Duran-Mateluna, Ales and Elloumi (2023) for the p-median and Cordeau, Furini and Ljubić
(2019) for covering. The rows are gathered in blocks; the cost θ of a block is bounded by cuts,
each exact at the columns y it was made for:

    θ ≥ Σ over its rows of  D − Σ over the columns nearer than D of  (D − cost) y

where D is the cost at which the row's nearest columns add up to one. So the linear program has a
few hundred variables, however many families there are.
"""

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.plan.allowed import Chosen
from famgeo.plan.nearest import WHOLE, Floats, Ints, Longs
from famgeo.plan.problem import Choice, Problem, WorstMean
from famgeo.plan.program import Answer, Program
from famgeo.plan.swaps import improve

Branch = tuple[float, int, Floats, Floats]

BLOCKS = 200
MAX_CUTS = 1500
ROOT_ROUNDS = 1000
ROUNDS = 3
HALF = 0.5
TOLERANCE = 1e-9


def prove(
    problem: Problem,
    start: Chosen | None,
    points: Sequence[Floats],
    *,
    to_beat: float = np.inf,
    until: float,
) -> Choice:
    """Search until no choice can be better than the best found, or the time is up.

    Parameters
    ----------
    start
        The best choice so far, or None when there is none.
    points
        Shares of the columns to make the first cuts at.
    to_beat
        The measure of a choice that is known but not among these columns.
    """
    search = _Search(problem, start, to_beat, until)
    search.run(points)
    return Choice(chosen=search.best or (), value=search.value, bound=search.bound)


@dataclass(kw_only=True)
class _Master:
    """The linear program that grows a cut at a time; a column chosen is 1."""

    problem: Problem

    def __post_init__(self) -> None:
        near = self.problem.nearest
        self.n_columns = near.n_columns
        self.edges = _edges(near.group, near.n_groups)
        self.of_group = near.group[self.edges[:-1]]
        self.scale = 1 / max(near.worst.mean() * len(near.worst) / len(self.of_group), 1e-12)
        self.program = Program()
        for _ in range(self.n_columns):
            self.program.add_variable(0, 1)
        self._add_blocks(np.add.reduceat(near.cost[near.first[:-1]], self.edges[:-1]))
        self.problem.allowed.add_to(self.program)
        self.first_cut = self.program.getNumRow()

    def _add_blocks(self, least: Floats) -> None:
        total = not isinstance(self.problem.measure, WorstMean)
        for low in (least * self.scale).tolist():
            self.program.add_variable(low, highspy.kHighsInf, price=float(total))
        if total:
            return
        near = self.problem.nearest
        least_mean = float((near.sunk / np.maximum(near.weight, WHOLE)).max()) * self.scale
        worst = self.program.add_variable(least_mean, highspy.kHighsInf, price=1.0)
        for group in np.unique(self.of_group).tolist():
            blocks = np.flatnonzero(self.of_group == group) + self.n_columns
            by = np.append(-np.ones(len(blocks)) / self.problem.nearest.weight[group], 1.0)
            sunk = self.problem.nearest.sunk[group] / self.problem.nearest.weight[group]
            self.program.add_row(sunk * self.scale, highspy.kHighsInf, np.append(blocks, worst), by)

    def answer(self, low: Floats, high: Floats) -> Answer | None:
        """Solve with the columns between these bounds; None when there is no choice."""
        every = np.arange(self.n_columns, dtype=np.int32)
        self.program.changeColsBounds(self.n_columns, every, low, high)
        return self.program.answer()

    def value(self, answer: Answer) -> float:
        """Return the measure that an answer stands for."""
        total = not isinstance(self.problem.measure, WorstMean)
        sunk = float(self.problem.nearest.sunk.sum()) if total else 0.0
        return float(answer.value / self.scale) + sunk

    def cut(self, columns: Floats, blocks: Floats | None) -> bool:
        """Add the cuts that these columns break; return whether there were any."""
        near = self.problem.nearest
        sure, by, value = _cuts(near.first, near.column, near.cost, near.worst, columns, self.edges)
        sure, by, value = sure * self.scale, by * self.scale, value * self.scale
        tolerance = TOLERANCE * max(1.0, value.sum())
        broken = (
            np.arange(len(sure)) if blocks is None else np.flatnonzero(blocks < value - tolerance)
        )
        for block in broken:
            used = np.flatnonzero(by[block])
            where = np.append(used, self.n_columns + block)
            self.program.add_row(
                sure[block], highspy.kHighsInf, where, np.append(by[block, used], 1.0)
            )
        return len(broken) > 0

    def forget(self) -> None:
        """Drop the cuts that bind nothing once there are many; they can be made again."""
        if self.program.getNumRow() <= MAX_CUTS + 4 * len(self.of_group):
            return
        status = self.program.getBasis().row_status
        basic = highspy.HighsBasisStatus.kBasic
        slack = [i for i in range(self.first_cut, len(status)) if status[i] == basic]
        if slack:
            self.program.deleteRows(len(slack), np.array(slack, np.int32))


class _Search:
    """Best-first branch and bound; ``todo`` holds (bound, order, low, high) of open branches."""

    def __init__(self, problem: Problem, best: Chosen | None, to_beat: float, until: float) -> None:
        self.problem, self.best, self.until = problem, best, until
        self.value = to_beat if best is None else problem.value(best)
        self.master = _Master(problem=problem)
        low, high = np.zeros(problem.allowed.n_columns), np.ones(problem.allowed.n_columns)
        low[list(problem.allowed.locked)] = 1
        self.todo: list[Branch] = [(-np.inf, 0, low, high)]

    @property
    def bound(self) -> float:
        """What no choice is under."""
        return min([self.value, *(branch[0] for branch in self.todo)])

    @property
    def to_beat(self) -> float:
        """What a branch must be under to be looked at."""
        return self.problem.to_beat(self.value) if np.isfinite(self.value) else np.inf

    def run(self, points: Sequence[Floats]) -> None:
        for point in points:
            self.master.cut(point, None)
        rounds, order = ROOT_ROUNDS, 0
        while self.todo and self.todo[0][0] < self.to_beat and time.monotonic() < self.until:
            above, _, low, high = heapq.heappop(self.todo)
            for value, lower, upper in self._branch(low, high, rounds):
                order += 1
                heapq.heappush(self.todo, (max(value, above), order, lower, upper))
            rounds = ROUNDS

    def _branch(self, low: Floats, high: Floats, rounds: int) -> list[tuple[float, Floats, Floats]]:
        """Bound one branch; return the two it splits into, or none when it cannot do better."""
        self.master.forget()
        answer = self.master.answer(low, high)
        while answer and self.master.value(answer) < self.to_beat:
            columns = np.clip(answer.values[: self.master.n_columns], 0, 1)
            blocks = answer.values[self.master.n_columns :][: len(self.master.of_group)]
            self._round(columns)
            rounds -= 1
            enough = rounds <= 0 and _fractional(columns)
            if not self.master.cut(columns, blocks) or enough or time.monotonic() >= self.until:
                return self._split(answer, low, high)
            answer = self.master.answer(low, high)
        return []

    def _round(self, columns: Floats) -> None:
        """Try the columns the linear program likes most."""
        if _fractional(columns):
            liked = self.problem.allowed.most_liked(columns) or ()
        else:
            liked = tuple(np.flatnonzero(columns > HALF).tolist())
        if not self.problem.allowed.allows(liked):
            return
        if self.problem.value(liked) < self.value:
            self.best = improve(self.problem, liked)
            self.value = self.problem.value(self.best)

    def _split(
        self, answer: Answer, low: Floats, high: Floats
    ) -> list[tuple[float, Floats, Floats]]:
        """Fix the columns whose reduced cost says so, and branch on the least decided other."""
        value = self.master.value(answer)
        room = self.to_beat - value
        if room <= 0:
            return []
        low, high = low.copy(), high.copy()
        columns = answer.values[: self.master.n_columns]
        reduced = answer.reduced[: self.master.n_columns] / self.master.scale
        high[(columns < WHOLE) & (reduced > room)] = 0
        low[(columns > 1 - WHOLE) & (-reduced > room)] = 1
        free = np.flatnonzero(low < high)
        if not len(free):
            return []
        column = free[np.abs(columns[free] - HALF).argmin()]
        without, within = high.copy(), low.copy()
        without[column], within[column] = 0, 1
        return [(value, low, without), (value, within, high)]


def _edges(group: Ints, n_groups: int) -> Longs:
    """Return where blocks of rows begin, and where the last ends; no block is in two groups."""
    by_group = np.flatnonzero(np.diff(group)) + 1
    evenly = np.linspace(0, len(group), min(BLOCKS, len(group)) + 1)
    if n_groups > BLOCKS // 2:
        evenly = np.array([0, len(group)])
    return np.unique(np.concatenate([by_group, evenly.astype(np.int64)])).astype(np.int64)


def _fractional(columns: Floats) -> bool:
    return bool((np.minimum(columns, 1 - columns) > WHOLE).any())


@njit(cache=True, nogil=True)
def _cuts(  # noqa: PLR0917 - plain arrays, for the compiler
    first: Longs, column: Ints, cost: Floats, worst: Floats, share: Floats, edges: Longs
) -> tuple[Floats, NDArray[np.float64], Floats]:
    """Return for each block the constant, the columns' factors and the value of its cut."""
    n_blocks = len(edges) - 1
    sure, value = np.zeros(n_blocks), np.zeros(n_blocks)
    by = np.zeros((n_blocks, len(share)))
    for block in range(n_blocks):
        for row in range(edges[block], edges[block + 1]):
            left, end = 1.0, first[row + 1]
            at = first[row]
            while at < end and share[column[at]] < left - 1e-9:
                left -= share[column[at]]
                value[block] += share[column[at]] * cost[at]
                at += 1
            limit = cost[at] if at < end else worst[row]
            sure[block] += limit
            value[block] += left * limit
            for nearer in range(first[row], at):
                by[block, column[nearer]] += limit - cost[nearer]
    return sure, by, value
