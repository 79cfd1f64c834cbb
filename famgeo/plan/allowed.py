"""Which choices of columns are allowed: how many, which ones for sure, and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.plan.program import Program

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Chosen = tuple[int, ...]

SLACK = 1e-7


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Choices of ``least`` to n columns that hold the locked ones, with sums within bounds.

    sides : float64 (bounds, columns), what a chosen column
    adds to each sum. low, high : float64 (bounds,), between which each sum must be.
    """

    n: int
    least: int
    locked: Chosen
    sides: Floats
    low: Floats
    high: Floats

    @property
    def n_columns(self) -> int:
        """How many columns there are to choose from."""
        return int(self.sides.shape[1])

    @property
    def fewer(self) -> bool:
        """Whether fewer than n will do."""
        return self.least < self.n

    @property
    def any_will_do(self) -> bool:
        """Whether any n columns that hold the locked ones are allowed."""
        return not len(self.low) and not self.fewer

    @property
    def slack(self) -> Floats:
        """What each sum may be off by for being added up in another order."""
        slack: Floats = SLACK * (1 + np.abs(self.sides).max(axis=1, initial=0))
        return slack

    def allows(self, chosen: Sequence[int]) -> bool:
        """Return whether this choice is allowed."""
        sums = self.sides[:, list(chosen)].sum(axis=1)
        so_many = self.least <= len(chosen) <= self.n
        return so_many and set(self.locked) <= set(chosen) and bool(self._within(sums))

    def swaps(self, chosen: Sequence[int]) -> Bools:
        """Return which column (rows) may take the place of which chosen one (columns)."""
        now = list(chosen)
        sums = self.sides[:, now].sum(axis=1)[:, None, None]
        may = self._within(sums + self.sides[:, :, None] - self.sides[:, None, now])
        may[now] = False
        may[:, [column in self.locked for column in now]] = False
        return may

    def additions(self, chosen: Sequence[int]) -> Bools:
        """Return which columns may be chosen as well."""
        now = list(chosen)
        may = self._within(self.sides[:, now].sum(axis=1)[:, None] + self.sides)
        may[now] = False
        return may & (len(now) < self.n)

    def most_liked(self, wish: Floats) -> Chosen | None:
        """Return the allowed choice of the highest sum of wishes; None when none is allowed."""
        if self.any_will_do:
            order = np.argsort(-wish, kind="stable")
            rest = order[~np.isin(order, self.locked)][: self.n - len(self.locked)]
            chosen = tuple(sorted([*self.locked, *rest.tolist()]))
            return chosen if len(chosen) == self.n else None
        program = Program()
        for column, liked in enumerate(wish.tolist()):
            program.add_variable(float(column in self.locked), 1, price=-liked, whole=True)
        self.add_to(program)
        answer = program.answer()
        return None if answer is None else tuple(np.flatnonzero(answer.values > 0.5).tolist())  # noqa: PLR2004 - a half

    def add_to(self, program: Program) -> None:
        """Say the same to a program whose first variables are the columns."""
        every = np.arange(self.n_columns)
        program.add_row(self.least, self.n, every, np.ones(self.n_columns))
        for side, low, high in zip(self.sides, self.low, self.high, strict=True):
            program.add_row(low, high, every, side)

    def only(self, free: Sequence[int], sure: Sequence[int]) -> "Allowed":
        """Return what is allowed of the free columns once the sure ones are chosen."""
        sums = self.sides[:, list(sure)].sum(axis=1)
        return Allowed(
            n=self.n - len(sure),
            least=max(self.least - len(sure), 0),
            locked=tuple(i for i, column in enumerate(free) if column in self.locked),
            sides=self.sides[:, list(free)],
            low=self.low - sums,
            high=self.high - sums,
        )

    def _within(self, sums: Floats) -> Bools:
        shape = (-1,) + (1,) * (sums.ndim - 1)
        low, high = (self.low - self.slack).reshape(shape), (self.high + self.slack).reshape(shape)
        return np.asarray(((sums >= low) & (sums <= high)).all(axis=0))


def any_of(n: int, n_columns: int, locked: Sequence[int] = ()) -> Allowed:
    """Allow any n columns that hold the locked ones."""
    none = np.zeros(0)
    return Allowed(
        n=n, least=n, locked=tuple(locked), sides=np.zeros((0, n_columns)), low=none, high=none
    )
