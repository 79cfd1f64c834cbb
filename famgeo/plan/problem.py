"""A choice to be made: what each row gives up, which choices are allowed, and what is best."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from famgeo.plan.allowed import Allowed, Chosen
from famgeo.plan.nearest import WHOLE, Nearest

Floats = NDArray[np.float64]

PROVEN = 1e-7
NUDGE = 1e-3


class Measure(ABC):
    """What is to be least, of the costs of each group: arrays of shape (groups, …) → (…)."""

    @abstractmethod
    def of(self, totals: Floats, weight: Floats) -> Floats:
        """Return the measure."""

    def guide(self, totals: Floats, weight: Floats) -> Floats:
        """Return what a search by small steps should lower: where the measure is level, more."""
        return self.of(totals, weight)


class Total(Measure):
    """The cost of all rows together."""

    def of(self, totals: Floats, weight: Floats) -> Floats:  # noqa: ARG002 - other measures weigh
        """Return the sum over the groups."""
        total: Floats = totals.sum(axis=0)
        return total


class WorstMean(Measure):
    """The mean cost in the group where it is highest."""

    def of(self, totals: Floats, weight: Floats) -> Floats:
        """Return the highest mean."""
        some = weight > 0
        means = totals[some] / weight[some].reshape((-1,) + (1,) * (totals.ndim - 1))
        highest: Floats = means.max(axis=0)
        return highest

    def guide(self, totals: Floats, weight: Floats) -> Floats:
        """Return the highest mean and a little of the mean over all."""
        guide: Floats = self.of(totals, weight) + NUDGE * totals.sum(axis=0) / weight.sum()
        return guide


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Choose columns that are allowed so that the measure of what they cost is least.

    enough : a measure that is good enough to stop at, if that is all that is asked.
    """

    nearest: Nearest
    allowed: Allowed
    measure: Measure
    enough: float = -np.inf

    def value(self, chosen: Sequence[int]) -> float:
        """Return the measure of a choice."""
        return float(self.measure.of(self.nearest.totals(chosen), self.nearest.weight))

    def sample(self, n_rows: int) -> "Problem":
        """Return the same question for about so many of the rows, each as good as several."""
        return replace(self, nearest=self.nearest.sample(n_rows), enough=-np.inf)

    def only(self, free: Sequence[int], sure: Sequence[int]) -> "Problem":
        """Return what is left to choose of the free columns once the sure ones are chosen."""
        return replace(
            self, nearest=self.nearest.only(free, sure), allowed=self.allowed.only(free, sure)
        )

    def to_beat(self, value: float) -> float:
        """Return what a better choice must be under: by a whole step where costs are whole.

        Once a choice is good enough, no other is better.
        """
        if value <= self.enough:
            return -np.inf
        sunk = float(self.measure.of(self.nearest.sunk, self.nearest.weight))
        open_cost = abs(value - sunk)
        whole_step = self.nearest.step if isinstance(self.measure, Total) else 0.0
        least = value - max(whole_step * (1 - WHOLE), PROVEN * open_cost)
        return min(least, self.enough + PROVEN * open_cost) if self.enough > -np.inf else least


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A choice of columns, its measure, and what no choice is under."""

    chosen: Chosen
    value: float
    bound: float
