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
from famgeo.plan.ties import shortened
from famgeo.tables import split_list

Floats = NDArray[np.float64]


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

    The order of rows changes nothing. Of choices that reach equally many, one with short trips is
    returned, always the same one. The search ends when it is proven that no choice reaches more,
    or after ``seconds``.

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
    minutes = _minutes(attending, households, candidates)
    demand = merge_rows(np.isfinite(minutes))
    locked = np.flatnonzero(candidates["site_id"].isin(goal.locked)).tolist()
    start = cover_well(demand, goal.n_sites, locked)
    cover = prove(demand, start, locked, seconds=seconds)
    chosen = shortened(minutes, cover.chosen, locked)
    return Plan(
        site_ids=tuple(candidates["site_id"].iloc[list(chosen)]),
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
    """Return household, site and minutes there and home wherever a family can attend."""
    asked = table["meeting_id"].isin([meeting.meeting_id for meeting in meetings])
    can = table[asked & (table["reason"] == "")]
    return can[["household_id", "site_id"]].assign(minutes=can["there_min"] + can["home_min"])


def _minutes(
    attending: pd.DataFrame, households: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame
) -> Floats:
    """Return minutes there and home at the best meeting, (households, candidates); inf = never."""
    row = _positions(attending["household_id"], households["household_id"])
    column = _positions(attending["site_id"], candidates["site_id"])
    minutes = np.full((len(households), len(candidates)), np.inf)
    both = (row >= 0) & (column >= 0)
    np.minimum.at(minutes, (row[both], column[both]), attending["minutes"].to_numpy()[both])
    return minutes


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
