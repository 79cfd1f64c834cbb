"""Choose where to meet, so that families can come: as many, or as near, as the goal says.

A family is reached when it can attend at a chosen site in at least one of the meetings; its own
school does not count unless it is chosen. Each goal turns minutes into costs to add up, so that
one search serves them all; the most families alone have a quicker one, and families who need
seats one that gives each a place.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Goal, Meeting, Plan
from famgeo.errors import PlanError
from famgeo.goals import MostFamilies
from famgeo.plan.asked import allowed_of
from famgeo.plan.candidates import candidate_sites
from famgeo.plan.searches import Found, search, search_seats
from famgeo.plan.settling import settled
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
    apart: int = 1,
) -> Plan:
    """Choose the sites that are best by the goal, and prove how good the choice is.

    The order of rows changes nothing. Of choices that reach equally many, one with short trips is
    returned, always the same one. The search ends when it is proven that no choice is better, or
    after ``seconds`` with the best choice found and a bound on all others.

    Parameters
    ----------
    barriers
        BARRIERS of every household, site and meeting, in one table or one for each meeting.
    households, sites
        HOUSEHOLDS and SITES. All sites are candidates, schools too, but for what the goal
        excludes or needs, and those known to be closed during a meeting.
    goal
        What the choice is to be best at, and what it must keep: a type of ``famgeo.goals``.
    apart
        How many families it takes to tell two choices of the most families apart (``settling``):
        5 for what is shown. The plan may then reach up to ``apart`` − 1 families fewer.

    Raises ``PlanError`` when the goal cannot be met, naming what binds.
    """
    table = barriers if isinstance(barriers, pd.DataFrame) else pd.concat(barriers)
    candidates = candidate_sites(sites, goal, meetings)
    _complete(table, households, candidates, meetings)
    families = households.sort_values("household_id", ignore_index=True)
    allowed = allowed_of(goal, candidates, meetings)
    attending = _attending(table, meetings)
    if goal.seats_each is None:
        minutes = _minutes(attending, families, candidates)
        found = search(goal, families, minutes, allowed, seconds=seconds)
    else:
        each = [attending[attending["meeting_id"] == m.meeting_id] for m in meetings]
        minutes = np.stack([_minutes(one, families, candidates) for one in each], axis=2)
        seats = candidates["capacity"].to_numpy(float) // goal.seats_each
        found = search_seats(
            goal, families, minutes, seats.astype(np.int64), allowed, seconds=seconds
        )
    plain = isinstance(goal, MostFamilies) and not goal.weights
    chosen = found.chosen
    if plain and goal.seats_each is None and apart > 1:
        chosen = settled(minutes, chosen, allowed, apart=apart)
    site_ids = tuple(candidates["site_id"].iloc[list(chosen)])
    return Plan(
        site_ids=site_ids,
        meetings=tuple(meetings),
        goal=goal,
        families=len(households),
        reached=_reached(found, attending, site_ids),
        reached_at_school=_reached_at_school(attending, households),
        best_possible=found.bound,
        value=None if plain else found.value,
        seats=_seats(found, families, candidates, meetings),
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
    """Return household, site, meeting and minutes there and home wherever a family can attend."""
    asked = table["meeting_id"].isin([meeting.meeting_id for meeting in meetings])
    can = table[asked & (table["reason"] == "")]
    ids = ["household_id", "site_id", "meeting_id"]
    return can[ids].assign(minutes=can["there_min"] + can["home_min"])


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


def _reached(found: Found, attending: pd.DataFrame, site_ids: Sequence[str]) -> int:
    """Return how many families have an option; where they need seats, how many have one."""
    if found.place is not None:
        return int((found.place >= 0).sum())
    return int(attending["household_id"][attending["site_id"].isin(site_ids)].nunique())


def _seats(
    found: Found,
    households: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    meetings: Sequence[Meeting],
) -> dict[str, tuple[str, str]]:
    """Return the site and meeting of every family that was given a seat."""
    if found.place is None:
        return {}
    seated = np.flatnonzero(found.place >= 0)
    at, when = np.divmod(found.place[seated], len(meetings))
    sites = candidates["site_id"].iloc[at]
    return {
        str(household): (str(site_id), meetings[number].meeting_id)
        for household, site_id, number in zip(
            households["household_id"].iloc[seated], sites, when, strict=True
        )
    }


def _reached_at_school(attending: pd.DataFrame, households: gpd.GeoDataFrame) -> int:
    own = pd.DataFrame(
        {
            "household_id": households["household_id"],
            "site_id": households["school_ids"].map(split_list),
        }
    ).explode("site_id")
    return int(attending.merge(own)["household_id"].nunique())
