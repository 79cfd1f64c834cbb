"""What each goal makes of minutes: costs to add up, and back from their sum to its measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Goal
from famgeo.errors import PlanError
from famgeo.goals import FairestReach, FairestTrips, KolmPollak, ShortestTrips
from famgeo.plan.nearest import Nearest, nearest_of
from famgeo.plan.problem import Measure, Total, WorstMean

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a goal has families cost: arrays of shape (households, …) and (households,).

    of : minutes → cost, 0 to worst. worst : the cost of a family without an option. measure :
    what of them is to be least. value : that → the goal's own measure, falling or rising
    throughout.
    """

    weight: Floats
    group: Longs
    worst: float
    measure: Measure
    of: Callable[[Floats], Floats]
    value: Callable[[float], float]

    def nearest(self, minutes: Floats) -> Nearest:
        """Return these minutes, of shape (households, sites), as costs; inf = cannot attend."""
        worst = np.full(len(minutes), self.worst)
        return nearest_of(self.of(minutes), worst, weight=self.weight, group=self.group)


def costs_of(goal: Goal, households: gpd.GeoDataFrame, minutes: Floats) -> Costs:
    """Return what the goal has each family cost.

    minutes : shape (households, candidates), inf where a family cannot attend.
    Raises ``PlanError`` when no family counts, or one has no group.
    """
    weight = _weights(goal.weights, households)
    group, measure = np.zeros(len(households), np.int64), cast("Measure", Total())
    if isinstance(goal, FairestReach | FairestTrips):
        group, measure = _groups(goal.groups, households), WorstMean()
    all_weight = float(weight.sum())
    if isinstance(goal, KolmPollak):
        nearest = minutes.min(axis=1, initial=np.inf)
        kappa = kolm_pollak_scale(nearest, weight, goal.epsilon)
        return Costs(
            weight=weight,
            group=group,
            worst=float(np.exp(-kappa * goal.no_option_min)),
            measure=measure,
            of=lambda some: np.exp(-kappa * np.minimum(some, goal.no_option_min)),
            value=lambda total: float(np.log(total / all_weight) / -kappa),
        )
    if isinstance(goal, ShortestTrips | FairestTrips):
        by = all_weight if isinstance(goal, ShortestTrips) else 1.0
        return Costs(
            weight=weight,
            group=group,
            worst=goal.no_option_min,
            measure=measure,
            of=lambda some: some,
            value=lambda total: total / by,
        )
    fair = isinstance(goal, FairestReach)
    return Costs(
        weight=weight,
        group=group,
        worst=1.0,
        measure=measure,
        of=lambda some: np.where(np.isfinite(some), 0.0, 1.0),
        value=lambda without: (1.0 if fair else all_weight) - without,
    )


def kolm_pollak_scale(nearest: Floats, weight: Floats, epsilon: float) -> float:
    """Return κ = ε Σwt / Σwt² over the families who have an option at all; below 0.

    >>> kolm_pollak_scale(np.array([10.0, 10.0, 40.0]), np.ones(3), -1.0) * 30
    -1.0
    """
    some = np.isfinite(nearest)
    minutes, counts = nearest[some], weight[some]
    squares = float((counts * minutes**2).sum())
    return epsilon * float((counts * minutes).sum()) / squares if squares > 0 else epsilon


def _weights(weights: Mapping[str, float], households: gpd.GeoDataFrame) -> Floats:
    _known(weights, households, "weight")
    weight = np.array([weights.get(h, 1.0) for h in households["household_id"]], float)
    if not weight.sum() > 0:
        message = "Every family has the weight 0. Give at least one of them more."
        raise PlanError(message)
    return weight


def _groups(groups: Mapping[str, str], households: gpd.GeoDataFrame) -> Longs:
    _known(groups, households, "group")
    named = [groups.get(h) for h in households["household_id"]]
    if lost := sum(name is None for name in named):
        message = f"{lost} families have no group. Give every family one, if only 'other'."
        raise PlanError(message)
    return pd.factorize(np.array(named, object), sort=True)[0].astype(np.int64)


def _known(named: Mapping[str, object], households: gpd.GeoDataFrame, what: str) -> None:
    if lost := len(set(named) - set(households["household_id"])):
        message = f"A {what} is given for {lost} households that are not in the study."
        raise PlanError(message)
