"""Choose where to meet, so that the most families have a meeting they can attend.

A family is reached when it can attend at a chosen site in at least one of the meetings; its own
school does not count unless it is chosen. Families with the same options count as one group of
their joint weight, which makes the search small and keeps it exact.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Goal, Meeting, Plan
from famgeo.errors import PlanError
from famgeo.plan.candidates import candidate_sites
from famgeo.plan.covering import cover_well, merge_rows
from famgeo.plan.cutting import prove
from famgeo.tables import split_list

Bools = NDArray[np.bool_]


def choose_sites(
    barriers: pd.DataFrame | Sequence[pd.DataFrame],
    households: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    goal: Goal,
    *,
    meetings: Sequence[Meeting],
    seconds: float = 60.0,
) -> Plan:
    """Choose the sites that reach the most families, and prove how good the choice is.

    The order of rows changes nothing, and of equally good choices the same one is returned. The
    search ends when it is proven that no choice reaches more, or after ``seconds``.

    Parameters
    ----------
    barriers
        BARRIERS of every household, site and meeting, in one table or one for each meeting.
    households, sites
        HOUSEHOLDS and SITES. All sites are candidates, schools too, but for what the goal
        excludes or needs, and those known to be closed during a meeting.
    goal
        How many sites, which must or must not be among them, and what each must have.

    Raises ``PlanError`` when the goal cannot be met, naming what binds.
    """
    table = barriers if isinstance(barriers, pd.DataFrame) else pd.concat(barriers)
    candidates = candidate_sites(sites, goal, meetings)
    _complete(table, households, candidates, meetings)
    attending = _attending(table, meetings)
    demand = merge_rows(_covers(attending, households, candidates))
    locked = np.flatnonzero(candidates["site_id"].isin(goal.locked)).tolist()
    start = cover_well(demand, goal.n_sites, locked)
    cover = prove(demand, start, locked, seconds=seconds)
    return Plan(
        site_ids=tuple(candidates["site_id"].iloc[list(cover.chosen)]),
        meetings=tuple(meetings),
        goal=goal,
        families=len(households),
        reached=cover.reached,
        reached_at_school=_reached_at_school(attending, households),
        best_possible=cover.bound,
    )


def _complete(
    table: pd.DataFrame,
    households: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    meetings: Sequence[Meeting],
) -> None:
    """Refuse to plan on barriers that are not there."""
    asked = {meeting.meeting_id for meeting in meetings}
    if len(households) == 0 or not asked:
        message = "A plan needs at least one family and one meeting."
        raise PlanError(message)
    lacking = [
        *sorted(asked - set(table["meeting_id"].unique())),
        *sorted(set(candidates["site_id"]) - set(table["site_id"].unique())),
    ]
    if lacking:
        message = (
            f"It is not known yet who can come to {', '.join(lacking)}. Find the barriers of "
            "every site at every meeting first."
        )
        raise PlanError(message)


def _attending(table: pd.DataFrame, meetings: Sequence[Meeting]) -> pd.DataFrame:
    """Return household_id and site_id wherever a family can attend one of the meetings."""
    asked = table["meeting_id"].isin([meeting.meeting_id for meeting in meetings])
    return table.loc[asked & (table["reason"] == ""), ["household_id", "site_id"]]


def _covers(
    attending: pd.DataFrame, households: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame
) -> Bools:
    """Return who can attend where, of shape (households, candidates)."""
    row = _positions(attending["household_id"], households["household_id"])
    column = _positions(attending["site_id"], candidates["site_id"])
    covers = np.zeros((len(households), len(candidates)), bool)
    both = (row >= 0) & (column >= 0)
    covers[row[both], column[both]] = True
    return covers


def _positions(values: pd.Series, among: pd.Series) -> NDArray[np.intp]:
    code, names = pd.factorize(values)
    position: NDArray[np.intp] = pd.Index(among).get_indexer(pd.Index(names))
    return position[code]


def _reached_at_school(attending: pd.DataFrame, households: gpd.GeoDataFrame) -> int:
    own = pd.DataFrame(
        {
            "household_id": households["household_id"],
            "site_id": households["school_ids"].map(split_list),
        }
    ).explode("site_id")
    return int(attending.merge(own)["household_id"].nunique())
