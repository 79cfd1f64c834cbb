"""A goal's measure counted again, for the checker: from the tables, not from the search.

Sites and families are looked up by their ids, and each goal is written down as its definition
says, so that a slip in the search's costs or sums is not made twice.
"""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Goal, Plan
from famgeo.goals import (
    FairestReach,
    FairestTrips,
    FewestSites,
    KolmPollak,
    MostFamilies,
    ShortestTrips,
)

Floats = NDArray[np.float64]

ROOM = 1e-6


def best_minutes(plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the least minutes there and home in any meeting: a row a family, a column a site.

    NaN where the family cannot attend, and no column for a site where nobody can.
    """
    able = _able(plan, barriers, households)
    total = able["there_min"] + able["home_min"]
    least = total.groupby([able["household_id"], able["site_id"]]).min().unstack("site_id")  # noqa: PD010 - minutes are one value each
    return least.reindex(pd.Index(households["household_id"].unique()))


class Recount:
    """A goal's measure of what families give up, in the order of the rows of ``minutes``.

    minutes : as of ``best_minutes``, for all candidates: by their best κ is set.
    """

    def __init__(self, goal: Goal, minutes: pd.DataFrame) -> None:
        self.goal = goal
        self.weight = np.array([float(goal.weights.get(h, 1.0)) for h in minutes.index])
        self.kappa, self.groups = 0.0, []
        if isinstance(goal, FairestReach | FairestTrips):
            group = np.array([goal.groups.get(h, "") for h in minutes.index])
            each = [group == name for name in np.unique(group)]
            self.groups = [here for here in each if self.weight[here].sum() > 0]
        if isinstance(goal, KolmPollak):
            best = minutes.min(axis=1).to_numpy(float)
            some, weight = best[~np.isnan(best)], self.weight[~np.isnan(best)]
            squares = sum((weight * some**2).tolist())
            self.kappa = goal.epsilon * (sum((weight * some).tolist()) / squares if squares else 1)

    def of(self, minutes: Floats) -> float:
        """Return the measure of each family's minutes; NaN = no option."""
        goal, weight, able = self.goal, self.weight, ~np.isnan(minutes)
        if isinstance(goal, MostFamilies):
            return float(weight[able].sum())
        if isinstance(goal, FewestSites):
            return float(weight[able].sum() / weight.sum())
        if isinstance(goal, FairestReach):
            return min(float(np.average(able[g], weights=weight[g])) for g in self.groups)
        given_up = np.where(able, np.fmin(minutes, goal.no_option_min), goal.no_option_min)
        if isinstance(goal, FairestTrips):
            return max(float(np.average(given_up[g], weights=weight[g])) for g in self.groups)
        if isinstance(goal, ShortestTrips):
            return float(np.average(given_up, weights=weight))
        return self._equivalent(given_up)

    def _equivalent(self, given_up: Floats) -> float:
        """Return the Kolm–Pollak equally-distributed equivalent, −1/κ ln(Σw e^−κt / Σw)."""
        highest = float(given_up.max())
        spread = np.exp(-self.kappa * (given_up - highest))
        return highest - float(np.log(np.average(spread, weights=self.weight))) / self.kappa


def better(goal: Goal, one: float, other: float) -> bool:
    """Return whether one measure is plainly better than the other."""
    room = ROOM * max(abs(one), abs(other))
    return one > other + room if goal.more_is_better else one < other - room


def seat_faults(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> Iterator[str]:
    """Yield what is wrong with the seats given out."""
    able = _able(plan, barriers, households)
    allowed = set(zip(able["household_id"], able["site_id"], able["meeting_id"], strict=True))
    given = [(household, *place) for household, place in plan.seats.items()]
    if any(place not in allowed for place in given):
        yield "a family has a seat where it cannot attend."
    if {site_id for _, site_id, _ in given} - set(plan.site_ids):
        yield "a family has a seat at a site that is not chosen."
    taken = pd.Series([(site_id, meeting_id) for _, site_id, meeting_id in given]).value_counts()
    capacity = dict(zip(sites["site_id"], sites["capacity"], strict=True))
    seats_each = plan.goal.seats_each or 0
    over = {
        str(place[0])  # type: ignore[index]
        for place, families in taken.items()
        if not families * seats_each <= capacity.get(place[0], np.nan)  # type: ignore[index]
    }
    if over:
        yield f"{', '.join(sorted(over))} is over its capacity."


def seated_minutes(plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame) -> pd.Series:
    """Return the minutes of each family to and from its own seat; NaN = no seat."""
    able = _able(plan, barriers, households)
    seat = able["household_id"].map(dict(plan.seats))
    own = able[
        [s == (a, m) for s, a, m in zip(seat, able["site_id"], able["meeting_id"], strict=True)]
    ]
    total = (own["there_min"] + own["home_min"]).groupby(own["household_id"]).min()
    return total.reindex(pd.Index(households["household_id"].unique()))


def _able(plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the rows of BARRIERS, of this plan and these families, that stop nobody."""
    return barriers[
        (barriers["reason"] == "")
        & barriers["meeting_id"].isin([meeting.meeting_id for meeting in plan.meetings])
        & barriers["household_id"].isin(households["household_id"])
    ]
