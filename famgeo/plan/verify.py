"""Check a plan against the tables alone, by other means than those that made it.

Nothing here is shared with the search: who is reached is counted by grouping rows, hours are
asked minute by minute, and the proven bound is challenged with better plans that are easy to
find. A plan that was changed by hand, or made from other tables, does not pass.
"""

from collections.abc import Iterator, Mapping

import geopandas as gpd
import pandas as pd
from opening_hours import OpeningHours, validate

from famgeo.domain import Meeting, Plan
from famgeo.errors import PlanError


def verify_plan(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> None:
    """Return when every claim of the plan holds; raise ``PlanError`` naming those that do not.

    ``best_possible`` is refused when it is under what a greedy choice or one swap would reach,
    and when it is over the families who can attend anywhere; between, its proof is taken.
    """
    faults = [*_site_faults(plan, sites), *_number_faults(plan, barriers, households, sites)]
    if faults:
        message = f"The plan does not hold: {' '.join(faults)} Make the plan again."
        raise PlanError(message)


def _site_faults(plan: Plan, sites: gpd.GeoDataFrame) -> Iterator[str]:
    goal, chosen = plan.goal, list(plan.site_ids)
    if len(chosen) > goal.n_sites or len(set(chosen)) < len(chosen):
        yield f"it has {len(chosen)} sites where {goal.n_sites} different ones were asked for."
    if missing := sorted(set(chosen) - set(sites["site_id"])):
        yield f"there is no site {', '.join(missing)}."
    if missing := sorted(goal.locked - set(chosen)):
        yield f"{', '.join(missing)} was to be chosen."
    if wrong := sorted(goal.excluded & set(chosen)):
        yield f"{', '.join(wrong)} was not to be chosen."
    here = sites[sites["site_id"].isin(chosen)]
    for need in sorted(goal.needs):
        if wrong := sorted(here.loc[here[need] != "yes", "site_id"]):
            yield f"{', '.join(wrong)} is not known to have {need} = yes."
    for site_id, hours in zip(here["site_id"], here["opening_hours"], strict=True):
        if any(_closed(hours, meeting) for meeting in plan.meetings):
            yield f"{site_id} is closed during a meeting."


def _number_faults(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> Iterator[str]:
    families = households["household_id"].nunique()
    at_each = _who_can_attend(plan, barriers, households)
    reached = set().union(*(at_each.get(site_id, set()) for site_id in plan.site_ids))
    at_school = sum(
        any(household in at_each.get(school.strip(), set()) for school in cell.split(";"))
        for household, cell in zip(
            households["household_id"], households["school_ids"], strict=True
        )
    )
    counted = {"families": families, "reached": len(reached), "reached_at_school": at_school}
    for claim, number in counted.items():
        if getattr(plan, claim) != number:
            yield f"{claim} is not what the barriers say."
    may = {site_id: at_each.get(site_id, set()) for site_id in _may_be_chosen(plan, sites)}
    easy = max(len(reached), _greedy(plan, may), *_one_swap(plan, may))
    most = len(set().union(*may.values()))
    if not easy <= plan.best_possible <= max(most, easy):
        yield "best_possible is less than can easily be reached or more than can attend anywhere."


def _who_can_attend(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame
) -> dict[str, set[str]]:
    """Return the households who can attend at each site in at least one meeting of the plan."""
    meetings = {meeting.meeting_id for meeting in plan.meetings}
    able = barriers[
        (barriers["reason"] == "")
        & barriers["meeting_id"].isin(meetings)
        & barriers["household_id"].isin(households["household_id"])
    ]
    return {str(site): set(rows) for site, rows in able.groupby("site_id")["household_id"]}


def _may_be_chosen(plan: Plan, sites: gpd.GeoDataFrame) -> list[str]:
    shut = {
        hours
        for hours in sites["opening_hours"].unique()
        if any(_closed(hours, meeting) for meeting in plan.meetings)
    }
    may = ~sites["site_id"].isin(plan.goal.excluded) & ~sites["opening_hours"].isin(shut)
    for need in plan.goal.needs:
        may &= sites[need] == "yes"
    return sorted(sites.loc[may, "site_id"])


def _greedy(plan: Plan, may: Mapping[str, set[str]]) -> int:
    """Return what is reached by taking, after the locked sites, the one that adds most."""
    reached = set().union(*(may.get(site_id, set()) for site_id in plan.goal.locked))
    for _ in range(plan.goal.n_sites - len(plan.goal.locked)):
        reached |= max((who - reached for who in may.values()), key=len, default=set())
    return len(reached)


def _one_swap(plan: Plan, may: Mapping[str, set[str]]) -> Iterator[int]:
    """Yield the most that is reached with each chosen site given up for another one."""
    for given_up in set(plan.site_ids) - plan.goal.locked:
        rest = set().union(*(may.get(s, set()) for s in plan.site_ids if s != given_up))
        yield len(rest) + max((len(who - rest) for who in may.values()), default=0)
    yield 0


def _closed(hours: str, meeting: Meeting) -> bool:
    """Return whether the hours say closed in any minute of the meeting."""
    if not validate(hours):
        return False
    known = OpeningHours(hours)
    start, end = meeting.arrive_by.replace(tzinfo=None), meeting.ends.replace(tzinfo=None)
    minutes = pd.date_range(start, end, freq="min", inclusive="left")
    return any(known.is_closed(minute.to_pydatetime()) for minute in minutes)
