"""How good can a covering be? Branch and bound over the columns alone, with Benders cuts.

After Cordeau, Furini and Ljubić (2019), "Benders decomposition for very large scale partial set
covering and maximal covering location problems". The rows are gathered in blocks; the weight
θ a block may reach is bounded by cuts, each exact at the columns it was made for:

    θ ≤ Σ weight of rows covered at least once + Σ column × weight of the other rows it covers

so the linear program has a few hundred columns, however many families there are.
"""

import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import NDArray

from famgeo.errors import PlanError
from famgeo.plan.covering import Chosen, Demand, improve

Floats = NDArray[np.float64]
Branch = tuple[float, Floats, Floats]

BLOCKS = 128
MAX_CUTS = 600
ROUNDS = 4
WHOLE = 1e-6
TOLERANCE = 1e-3  # of a family, for each block: together less than one


@dataclass(frozen=True, kw_only=True)
class Cover:
    """A choice of columns, the weight it covers, and what no choice can exceed."""

    chosen: Chosen
    reached: int
    bound: int


def prove(demand: Demand, start: Chosen, locked: Sequence[int], *, seconds: float) -> Cover:
    """Search until no choice can cover more than the best found, or the time is up.

    The linear programs run on one thread, so the same demand gives the same answer unless the
    time cuts it short.
    """
    search = _Search(demand=demand, locked=locked, best=start, reached=demand.reached(start))
    if search.beatable(float(demand.weight.sum())):
        search.run(until=time.monotonic() + seconds)
    return Cover(chosen=search.best, reached=search.reached, bound=search.bound)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """One linear program's answer: its value, the columns, their reduced costs, the blocks."""

    value: float
    columns: Floats
    reduced: Floats
    blocks: Floats


class _Program(highspy.Highs):
    """The linear program that grows a cut at a time; a column chosen is 1."""

    def __init__(self, demand: Demand, n: int) -> None:
        # Highs.__init__ greets on standard output, where a command may be writing JSON.
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS' own signature
        self.setOptionValue("threads", 1)
        self.demand = demand
        self.n_columns = demand.covers.shape[1]
        edges = np.unique(np.linspace(0, len(demand.weight), BLOCKS + 1).astype(int))
        self.first, self.last = edges[:-1], edges[1:]
        for _ in range(self.n_columns):
            self.addVar(0, 1)
        for weight in self._by_block(demand.weight.astype(float)):
            self.addVar(0, weight)
            self.changeColCost(self.getNumCol() - 1, 1.0)
        self.changeObjectiveSense(highspy.ObjSense.kMaximize)
        every = np.arange(self.n_columns, dtype=np.int32)
        self.addRow(n, n, len(every), every, np.ones(len(every)))

    def answer(self, low: Floats, high: Floats) -> _Answer | None:
        """Solve with the columns between these bounds; None when there is no choice."""
        every = np.arange(self.n_columns, dtype=np.int32)
        self.changeColsBounds(self.n_columns, every, low, high)
        self.run()
        status = self.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            message = f"The solver gave up on this plan ({status}). Ask for one site fewer or more."
            raise PlanError(message)
        solution, n = self.getSolution(), self.n_columns
        values = np.array(solution.col_value)
        return _Answer(
            value=self.getInfo().objective_function_value,
            columns=values[:n],
            reduced=np.array(solution.col_dual)[:n],
            blocks=values[n:],
        )

    def cut(self, answer: _Answer) -> bool:
        """Add the cuts this answer breaks; return whether there were any."""
        table, weight = self.demand.by_column, self.demand.weight.astype(float)
        some = np.flatnonzero(answer.columns)
        times = np.einsum("c,cr->r", answer.columns[some].astype(np.float32), table[some])
        open_rows = times < 1 - WHOLE
        sure = self._by_block(np.where(open_rows, 0, weight))
        limit = self._by_block(weight * np.minimum(times, 1))
        broken = np.flatnonzero(answer.blocks > limit + TOLERANCE)
        for block in broken:
            rows = slice(self.first[block], self.last[block])
            still = (weight[rows] * open_rows[rows]).astype(np.float32)
            share = np.einsum("cr,r->c", table[:, rows], still)
            used = np.flatnonzero(share)
            where = np.append(used, self.n_columns + block).astype(np.int32)
            by = np.append(-share[used].astype(float), 1.0)
            self.addRow(-highspy.kHighsInf, sure[block], len(where), where, by)
        return len(broken) > 0

    def forget(self) -> None:
        """Drop the cuts that bind nothing once there are many; they can be made again."""
        if self.getNumRow() <= MAX_CUTS:
            return
        status = self.getBasis().row_status
        slack = [i for i in range(1, len(status)) if status[i] == highspy.HighsBasisStatus.kBasic]
        if slack:
            self.deleteRows(len(slack), np.array(slack, np.int32))

    def _by_block(self, values: Floats) -> Floats:
        return np.add.reduceat(values, self.first)


@dataclass(kw_only=True)
class _Search:
    """Best-first branch and bound; ``todo`` holds (−bound, order, low, high) of open branches."""

    demand: Demand
    locked: Sequence[int]
    best: Chosen
    reached: int
    todo: list[tuple[float, int, Floats, Floats]] = field(default_factory=list)

    @property
    def bound(self) -> int:
        """The weight that no choice exceeds: weights are whole, so it is rounded down."""
        open_bounds = [int(np.floor(-branch[0] + WHOLE)) for branch in self.todo]
        return max([self.reached, *open_bounds])

    def beatable(self, value: float) -> bool:
        """Return whether a choice of at most this value could cover more than the best."""
        return value >= self.reached + 1 - WHOLE

    def run(self, *, until: float) -> None:
        n_columns = self.demand.covers.shape[1]
        program = _Program(self.demand, len(self.best))
        low, high = np.zeros(n_columns), np.ones(n_columns)
        low[list(self.locked)] = 1
        self.todo = [(-float(self.demand.weight.sum()), 0, low, high)]
        rounds, order = len(self.demand.weight), 0
        while self.todo and self.beatable(-self.todo[0][0]) and time.monotonic() < until:
            _, _, low, high = heapq.heappop(self.todo)
            branches = self._branch(program, low, high, rounds, until)
            for value, lower, upper in branches:
                order += 1
                heapq.heappush(self.todo, (-value, order, lower, upper))
            rounds = ROUNDS

    def _branch(
        self, program: _Program, low: Floats, high: Floats, rounds: int, until: float
    ) -> list[Branch]:
        """Bound one branch; return the two it splits into, or none when it cannot do better."""
        program.forget()
        answer = program.answer(low, high)
        while answer and self.beatable(answer.value):
            self._round(answer)
            rounds -= 1
            enough = rounds <= 0 and _fractional(answer.columns)
            if not program.cut(answer) or enough or time.monotonic() >= until:
                return self._split(answer, low, high)
            answer = program.answer(low, high)
        return []

    def _round(self, answer: _Answer) -> None:
        """Try the columns the linear program likes most."""
        liked = np.argsort(-answer.columns, kind="stable")[: len(self.best)].tolist()
        if self.demand.reached(liked) > self.reached:
            self.best = improve(self.demand, liked, self.locked)
            self.reached = self.demand.reached(self.best)

    def _split(self, answer: _Answer, low: Floats, high: Floats) -> list[Branch]:
        """Fix the columns whose reduced cost says so, and branch on the least decided other."""
        room = answer.value - (self.reached + 1 - WHOLE)
        if room < 0:
            return []
        low, high = low.copy(), high.copy()
        high[(answer.columns < WHOLE) & (-answer.reduced > room)] = 0
        low[(answer.columns > 1 - WHOLE) & (answer.reduced > room)] = 1
        free = np.flatnonzero(low < high)
        if not len(free):
            return []
        column = free[np.abs(answer.columns[free] - 0.5).argmin()]
        without, within = high.copy(), low.copy()
        without[column], within[column] = 0, 1
        return [(answer.value, low, without), (answer.value, within, high)]


def _fractional(columns: Floats) -> bool:
    return bool((np.minimum(columns, 1 - columns) > WHOLE).any())
