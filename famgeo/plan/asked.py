"""What a goal asks of a choice of candidates, as sums: budget, at least so many of a kind."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Answer, Goal, Meeting
from famgeo.errors import PlanError
from famgeo.plan.allowed import Allowed
from famgeo.plan.candidates import least_sites
from famgeo.tables import split_list

Floats = NDArray[np.float64]
Side = tuple[str, Floats, float, float]


def allowed_of(goal: Goal, candidates: gpd.GeoDataFrame, meetings: Sequence[Meeting]) -> Allowed:
    """Return which choices of the candidates keep what the goal asks.

    Raises ``PlanError`` when none does, naming what would have to give way.
    """
    sides = list(_sides(goal, candidates, len(meetings)))
    none = np.zeros((0, len(candidates)))
    allowed = Allowed(
        n=min(goal.most_sites or len(candidates), len(candidates)),
        least=least_sites(goal),
        locked=tuple(np.flatnonzero(candidates["site_id"].isin(goal.locked)).tolist()),
        sides=np.array([side[1] for side in sides]) if sides else none,
        low=np.array([side[2] for side in sides]),
        high=np.array([side[3] for side in sides]),
    )
    if not _possible(allowed):
        raise PlanError(_what_binds(allowed, [side[0] for side in sides]))
    return allowed


def _sides(goal: Goal, candidates: gpd.GeoDataFrame, n_meetings: int) -> Iterator[Side]:
    """Yield each sum's name, what every candidate adds to it, and its bounds."""
    if goal.budget_usd is not None:
        cost = candidates["cost_usd"].to_numpy(float) * n_meetings
        yield f"the budget of ${goal.budget_usd:,.2f}", cost, -np.inf, goal.budget_usd
    if goal.accessible:
        has = candidates["wheelchair"] == Answer.YES
        yield f"at least {goal.accessible} accessible", has.to_numpy(float), goal.accessible, np.inf
    if goal.child_care:
        has = candidates["child_care"] == Answer.YES
        words = f"at least {goal.child_care} with child care"
        yield words, has.to_numpy(float), goal.child_care, np.inf
    if goal.off_site:
        has = candidates["kind"] != "school"
        words = f"at least {goal.off_site} not at a school"
        yield words, has.to_numpy(float), goal.off_site, np.inf
    spoken = [set(split_list(cell)) for cell in candidates["languages"]]
    for language, least in sorted(goal.speaking.items()):
        has = np.array([language in listed for listed in spoken], float)
        yield f"at least {least} with {language}", has, least, np.inf


def _possible(allowed: Allowed) -> bool:
    return allowed.most_liked(np.zeros(allowed.n_columns)) is not None


def _what_binds(allowed: Allowed, names: Sequence[str]) -> str:
    """Name each thing asked that, given up alone, would leave a choice."""
    binding = []
    for i, name in enumerate(names):
        rest = np.arange(len(names)) != i
        without = replace(
            allowed, sides=allowed.sides[rest], low=allowed.low[rest], high=allowed.high[rest]
        )
        if _possible(without):
            binding.append(name)
    asked = ", ".join(names)
    advice = (
        f"Giving up {' or '.join(binding)} would leave a choice."
        if binding
        else "More than one of these would have to give way."
    )
    return f"No choice of up to {allowed.n} of the candidate sites keeps all of: {asked}. {advice}"
