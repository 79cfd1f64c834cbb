"""The search that fits a goal: what it finds, in the goal's own measure."""

import math
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Goal
from famgeo.errors import PlanError
from famgeo.goals import FewestSites, MostFamilies
from famgeo.plan.allowed import Allowed, Chosen
from famgeo.plan.centre import choose_centre, is_centre
from famgeo.plan.covering import cover_well, merge_rows
from famgeo.plan.cutting import prove
from famgeo.plan.fewest import choose_fewest
from famgeo.plan.measures import Costs, costs_of
from famgeo.plan.median import choose_best
from famgeo.plan.problem import Choice, Problem
from famgeo.plan.seating import Room, Seated, seat_best
from famgeo.plan.swaps import choose_well
from famgeo.plan.ties import shortened

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Chosen candidates, the goal's measure of them, and what none is better than.

    place : int64 (households,), each family's place where places are given out; −1 for none.
    """

    chosen: Chosen
    value: float
    bound: float
    place: Longs | None = None


def search(
    goal: Goal, households: gpd.GeoDataFrame, minutes: Floats, allowed: Allowed, *, seconds: float
) -> Found:
    """Search where there is room for all; minutes : (households, candidates), inf = never."""
    if isinstance(goal, MostFamilies) and not goal.weights and allowed.any_will_do:
        return _most(minutes, allowed, seconds)
    costs = costs_of(goal, households, minutes)
    problem = Problem(nearest=costs.nearest(minutes), allowed=allowed, measure=costs.measure)
    if isinstance(goal, FewestSites):
        problem = replace(problem, enough=_enough(goal, costs))
        choice = choose_fewest(problem, seconds=seconds)
        if choice is None:
            raise PlanError(_out_of_reach(goal, costs, minutes.min(axis=1)))
        near = _nearer(goal, minutes, choice.chosen, allowed)
        return Found(chosen=near, value=choice.value, bound=choice.bound)
    choose = choose_centre if is_centre(problem) else choose_best
    choice = choose(problem, seconds=seconds)
    assert choice is not None, "allowed_of has seen a choice"
    found = _found(goal, costs, choice)
    return replace(found, chosen=_nearer(goal, minutes, found.chosen, allowed))


def search_seats(
    goal: Goal,
    households: gpd.GeoDataFrame,
    minutes: Floats,
    seats: Longs,
    allowed: Allowed,
    *,
    seconds: float,
) -> Found:
    """Search where families need seats.

    minutes : (households, candidates, meetings), inf = never. seats : (candidates,), families
    that fit into each at one meeting. Places are numbered candidate by candidate, then meeting.
    """
    nearest = minutes.min(axis=2)
    costs = costs_of(goal, households, nearest)
    n_meetings = minutes.shape[2]
    room = Room(
        cost=costs.of(minutes.reshape(len(minutes), -1)),
        worst=costs.worst,
        weight=costs.weight,
        group=costs.group,
        column=np.repeat(np.arange(len(seats)), n_meetings),
        seats=np.repeat(seats, n_meetings),
        measure=costs.measure,
        enough=_enough(goal, costs) if isinstance(goal, FewestSites) else None,
    )
    crowd = Problem(nearest=costs.nearest(nearest), allowed=allowed, measure=costs.measure)
    seated = seat_best(room, allowed, choose_well(crowd), seconds=seconds)
    if seated is None:
        raise PlanError(_out_of_reach(goal, costs, nearest.min(axis=1)))
    if isinstance(goal, FewestSites):
        value, bound = seated.value, seated.bound
        return Found(chosen=seated.chosen, value=value, bound=bound, place=seated.place)
    return replace(_found(goal, costs, seated), place=seated.place)


def _most(minutes: Floats, allowed: Allowed, seconds: float) -> Found:
    """Search for the most families alone: by who has the same options, which is much quicker."""
    demand = merge_rows(np.isfinite(minutes))
    start = cover_well(demand, allowed.n, allowed.locked)
    cover = prove(demand, start, allowed.locked, seconds=seconds)
    chosen = shortened(minutes, cover.chosen, allowed.locked)
    return Found(chosen=chosen, value=cover.reached, bound=cover.bound)


def _nearer(goal: Goal, minutes: Floats, chosen: Chosen, allowed: Allowed) -> Chosen:
    """Shorten the trips where the goal does not ask for them and counts every family as one."""
    if goal.weights or not isinstance(goal, MostFamilies | FewestSites):
        return chosen
    return shortened(minutes, chosen, allowed.locked, allowed)


def _found(goal: Goal, costs: Costs, choice: Choice | Seated) -> Found:
    """Say a choice and its bound in the goal's measure; of whole families, in whole ones."""
    value, bound = costs.value(choice.value), costs.value(choice.bound)
    if isinstance(goal, MostFamilies) and (costs.weight == np.rint(costs.weight)).all():
        value, bound = round(value), math.floor(bound + 1e-6)
    return Found(chosen=choice.chosen, value=value, bound=bound)


def _enough(goal: FewestSites, costs: Costs) -> float:
    """Return the weight of families who may be left without an option."""
    return float(costs.weight.sum()) * (1 - goal.share + 1e-9)


def _out_of_reach(goal: Goal, costs: Costs, nearest: Floats) -> str:
    share = float(costs.weight[np.isfinite(nearest)].sum() / costs.weight.sum())
    return (
        f"No choice of sites was found that keeps what is asked and reaches "
        f"{100 * getattr(goal, 'share', 0):g} % of the families; all candidates together, with "
        f"room for everyone, would reach {100 * share:.1f} %. Ask for a smaller share, or add "
        "places that host to the directory."
    )
