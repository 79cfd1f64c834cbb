"""What each family gives up at each site, cheapest site first: the form every search works on.

A row is a family, or some with the same costs taken together; a column is a site. What it costs
a row is that of the cheapest chosen column, or ``worst`` when none is of use to it. All goals
come down to such costs, so one search serves them: minutes for the shortest trips, 0 or 1 for
the most families, a curve of the minutes for a fair share of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCK_ROWS = 4096
WHOLE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Rows and the columns of use to them: those of row r are at first[r]:first[r + 1].

    column : int32 (pairs), by cost within a row. cost : float64 (pairs), times the row's weight.
    worst : float64 (rows), what a row costs when nothing of use to it is chosen. group : int32
    (rows), ascending. weight : float64 (groups), the weight of each group's families. sunk :
    float64 (groups), what the rows cost that are left out, for nothing that is chosen matters.
    """

    first: Longs
    column: Ints
    cost: Floats
    worst: Floats
    group: Ints
    weight: Floats
    sunk: Floats
    n_columns: int

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return len(self.weight)

    @cached_property
    def step(self) -> float:
        """The least by which two totals can differ: 1 when every cost is whole, else unknown, 0."""
        return float(_whole(self.cost) and _whole(self.worst) and _whole(self.sunk))

    def totals(self, chosen: Sequence[int]) -> Floats:
        """Return what the chosen columns cost each group in all."""
        best = self.best(chosen)
        return self.sunk + np.bincount(self.group, best, minlength=self.n_groups)

    def best(self, chosen: Sequence[int]) -> Floats:
        """Return what the chosen columns cost each row."""
        return two_best(self, chosen)[1]

    def places(self, chosen: Sequence[int]) -> Ints:
        """Return the position of each column among the chosen; −1 when it is not."""
        place = np.full(self.n_columns, -1, np.int32)
        place[list(chosen)] = np.arange(len(chosen), dtype=np.int32)
        return place

    def sample(self, n_rows: int) -> "Nearest":
        """Return about as many rows, evenly taken."""
        rows = np.arange(0, len(self.worst), max(1, len(self.worst) // n_rows))
        lengths = np.diff(self.first)[rows]
        ends = np.cumsum(lengths)
        pairs = np.repeat(self.first[rows] - (ends - lengths), lengths) + np.arange(ends[-1])
        return replace(
            self,
            first=np.concatenate([[0], ends]).astype(np.int64),
            column=self.column[pairs],
            cost=self.cost[pairs],
            worst=self.worst[rows],
            group=self.group[rows],
            sunk=np.zeros(self.n_groups),
        )

    def only(self, free: Sequence[int], sure: Sequence[int]) -> "Nearest":
        """Return the rows as they are when the sure columns are chosen and only free ones may be.

        The free columns are renumbered in their order.
        """
        worst = self.best(sure)
        place = self.places(free)
        row = np.repeat(np.arange(len(worst), dtype=np.int32), np.diff(self.first))
        keep = (place[self.column] >= 0) & (self.cost < worst[row])
        first = np.concatenate([[0], np.cumsum(np.bincount(row[keep], minlength=len(worst)))])
        return without_sunk(
            replace(
                self,
                first=first.astype(np.int64),
                column=place[self.column[keep]],
                cost=self.cost[keep],
                worst=worst,
                n_columns=len(free),
            )
        )


def two_best(near: Nearest, chosen: Sequence[int]) -> tuple[Ints, Floats, Floats]:
    """Return each row's nearest chosen column by its place (−1: none), its cost, the second's."""
    place = near.places(chosen)
    found: tuple[Ints, Floats, Floats] = _two_best(
        near.first, near.column, near.cost, near.worst, place
    )
    return found


def nearest_of(
    cost: NDArray[np.floating],
    worst: Floats,
    *,
    weight: Floats | None = None,
    group: NDArray[np.integer] | None = None,
) -> Nearest:
    """Sort each row's columns by their cost, and leave out those of no use to it.

    Rows of weight 0, and those no column is of use to, are left out.

    Parameters
    ----------
    cost
        Shape (rows, columns); what is not under the row's ``worst`` is of no use.
    worst
        Shape (rows,), finite.
    weight, group
        Shape (rows,): how much each row counts, 1 by default, and its group from 0, all one by
        default.
    """
    weight = np.ones(len(cost)) if weight is None else np.asarray(weight, np.float64)
    number: Ints = np.zeros(len(cost), np.int32) if group is None else group.astype(np.int32)
    of_group = np.bincount(number, weight, minlength=1).astype(np.float64)
    rows = np.flatnonzero(weight > 0)
    rows = rows[np.argsort(number[rows], kind="stable")]
    parts = [
        _sorted_block(cost[some], worst[some], weight[some])
        for some in np.array_split(rows, max(1, -(-len(rows) // BLOCK_ROWS)))
    ]
    lengths, columns, costs = (np.concatenate(part) for part in zip(*parts, strict=True))
    whole = Nearest(
        first=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        column=columns,
        cost=costs,
        worst=(worst * weight)[rows],
        group=number[rows],
        weight=of_group,
        sunk=np.zeros(len(of_group)),
        n_columns=cost.shape[1],
    )
    return without_sunk(whole)


def without_sunk(near: Nearest) -> Nearest:
    """Leave out the rows that no column is of use to."""
    lengths = np.diff(near.first)
    some = lengths > 0
    lost = np.bincount(near.group[~some], near.worst[~some], minlength=near.n_groups)
    return replace(
        near,
        first=np.concatenate([[0], np.cumsum(lengths[some])]).astype(np.int64),
        worst=near.worst[some],
        group=near.group[some],
        sunk=near.sunk + lost,
    )


def _sorted_block(
    cost: NDArray[np.floating], worst: Floats, weight: Floats
) -> tuple[Longs, Ints, Floats]:
    order = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    ordered = np.take_along_axis(cost, order, axis=1).astype(np.float64)
    of_use = ordered < worst[:, None]
    lengths = of_use.sum(axis=1)
    return lengths, order[of_use], ordered[of_use] * np.repeat(weight, lengths)


def _whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


@njit(cache=True, nogil=True)
def _two_best(
    first: Longs, column: Ints, cost: Floats, worst: Floats, place: Ints
) -> tuple[Ints, Floats, Floats]:  # pragma: no cover - compiled
    """Return each row's nearest chosen column by its place, its cost, and the second's cost."""
    n_rows = len(worst)
    which = np.full(n_rows, -1, np.int32)
    best, second = worst.copy(), worst.copy()
    for row in range(n_rows):
        for at in range(first[row], first[row + 1]):
            where = place[column[at]]
            if where < 0:
                continue
            if which[row] < 0:
                which[row], best[row] = where, cost[at]
            else:
                second[row] = cost[at]
                break
    return which, best, second
