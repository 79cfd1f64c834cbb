"""Check a plan against the tables alone, by other means than those that made it.

Nothing here is shared with the search: who is reached is counted by grouping rows, hours are
asked minute by minute, sums are added up in words of the tables, and the proven bound is
challenged with better plans that are easy to find. A plan that was changed by hand, or made from
other tables, does not pass.
"""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
from opening_hours import OpeningHours, validate

from famgeo.domain import Meeting, Plan
from famgeo.errors import PlanError
from famgeo.goals import FewestSites, MostFamilies
from famgeo.plan.recount import Floats, Recount, best_minutes, better, seat_faults, seated_minutes

CENT = 0.005


def verify_plan(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> None:
    """Return when every claim of the plan holds; raise ``PlanError`` naming those that do not.

    ``best_possible`` is refused when a greedy choice or one swap would be better than it, and
    when it is better than all candidates together; between, its proof is taken. Where families
    need seats, no other seating is tried.
    """
    faults = [*_site_faults(plan, sites), *_number_faults(plan, barriers, households, sites)]
    if faults:
        message = f"The plan does not hold: {' '.join(faults)} Make the plan again."
        raise PlanError(message)


def _site_faults(plan: Plan, sites: gpd.GeoDataFrame) -> Iterator[str]:
    goal, chosen = plan.goal, list(plan.site_ids)
    most = goal.most_sites or len(sites)
    if len(chosen) > most or len(set(chosen)) < len(chosen):
        yield f"it has {len(chosen)} sites where {most} different ones were asked for."
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
    yield from _sum_faults(plan, here)


def _sum_faults(plan: Plan, here: pd.DataFrame) -> Iterator[str]:
    """Yield what these sites do not add up to."""
    goal = plan.goal
    if goal.budget_usd is not None:
        cost = [price * len(plan.meetings) for price in here["cost_usd"]]
        if not sum(cost) <= goal.budget_usd + CENT:
            yield "its sites are not known to cost no more than the budget."
    at_least = {
        "are accessible": (goal.accessible, here["wheelchair"] == "yes"),
        "have child care": (goal.child_care, here["child_care"] == "yes"),
        "are not at a school": (goal.off_site, here["kind"] != "school"),
    }
    for language, least in goal.speaking.items():
        listed = [language in [w.strip() for w in cell.split(";")] for cell in here["languages"]]
        at_least[f"list {language}"] = (least, pd.Series(listed, dtype=bool))
    for words, (least, has) in at_least.items():
        if has.sum() < least:
            yield f"only {has.sum()} sites {words} where {least} were asked for."


def _number_faults(
    plan: Plan, barriers: pd.DataFrame, households: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> Iterator[str]:
    minutes = best_minutes(plan, barriers, households)
    at_school = sum(
        bool(minutes.reindex(columns=cell.split(";")).loc[household].notna().any())
        for household, cell in zip(
            households["household_id"],
            households["school_ids"].str.replace(" ", ""),
            strict=True,
        )
    )
    if plan.goal.seats_each is None:
        nearest = minutes.reindex(columns=list(plan.site_ids)).min(axis=1)
    else:
        yield from seat_faults(plan, barriers, households, sites)
        nearest = seated_minutes(plan, barriers, households)
    counted = {
        "families": households["household_id"].nunique(),
        "reached": int(nearest.notna().sum()),
        "reached_at_school": at_school,
    }
    for claim, number in counted.items():
        if getattr(plan, claim) != number:
            yield f"{claim} is not what the barriers say."
    every = minutes.reindex(columns=_may_be_chosen(plan, sites))
    yield from _measure_faults(plan, nearest.to_numpy(float), every, sites)


def _measure_faults(
    plan: Plan, nearest: Floats, every: pd.DataFrame, sites: gpd.GeoDataFrame
) -> Iterator[str]:
    """Yield what is wrong with the goal's measure and the bound on it."""
    goal, recount = plan.goal, Recount(plan.goal, every)
    now, most = recount.of(nearest), recount.of(every.min(axis=1).to_numpy(float))
    if isinstance(goal, FewestSites):
        if now < goal.share - 1e-9:
            yield "it reaches a smaller share of the families than was asked for."
        now, most = float(len(plan.site_ids)), 1.0
    if better(goal, now, plan.measure) or better(goal, plan.measure, now):
        yield "value is not what the barriers say."
    easy = [now, *_easy(plan, recount, every, sites)]
    best = max(easy) if goal.more_is_better else min(easy)
    beyond = better(goal, plan.best_possible, most) and better(goal, plan.best_possible, best)
    if better(goal, best, plan.best_possible) or beyond:
        words = (
            "less than can easily be reached or more than can attend anywhere"
            if isinstance(goal, MostFamilies)
            else "worse than what is easy to find or better than all sites together"
        )
        yield f"best_possible is {words}."


def _easy(
    plan: Plan, recount: Recount, every: pd.DataFrame, sites: gpd.GeoDataFrame
) -> Iterator[float]:
    """Yield the measures of allowed choices that are easy to find."""
    if plan.goal.seats_each is not None:
        return
    minutes = {str(site_id): column.to_numpy(float) for site_id, column in every.items()}
    rows = sites.set_index("site_id", drop=False)
    for choice in (*_one_less(plan), *_one_swap(plan, every), _greedy(plan, every)):
        if (
            not choice
            or not set(choice) <= set(minutes)
            or any(_sum_faults(plan, rows.loc[list(choice)]))
        ):
            continue
        value = recount.of(np.fmin.reduce([minutes[site_id] for site_id in choice]))
        if not isinstance(plan.goal, FewestSites):
            yield value
        elif value >= plan.goal.share:
            yield float(len(choice))


def _may_be_chosen(plan: Plan, sites: gpd.GeoDataFrame) -> list[str]:
    shut = {
        hours
        for hours in sites["opening_hours"].unique()
        if any(_closed(hours, meeting) for meeting in plan.meetings)
    }
    may = ~sites["site_id"].isin(plan.goal.excluded) & ~sites["opening_hours"].isin(shut)
    for need in plan.goal.needs:
        may &= sites[need] == "yes"
    if plan.goal.budget_usd is not None:
        may &= sites["cost_usd"].notna()
    if plan.goal.seats_each is not None:
        may &= sites["capacity"].notna()
    return sorted(sites.loc[may, "site_id"])


def _one_less(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Yield the choice without each site that is not locked, where fewer will do."""
    if isinstance(plan.goal, FewestSites) and len(plan.site_ids) > 1:
        for given_up in sorted(set(plan.site_ids) - plan.goal.locked):
            yield tuple(site_id for site_id in plan.site_ids if site_id != given_up)


def _one_swap(plan: Plan, every: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the choice with each site given up for another one."""
    if isinstance(plan.goal, FewestSites):
        return
    for given_up in sorted(set(plan.site_ids) - plan.goal.locked):
        rest = tuple(site_id for site_id in plan.site_ids if site_id != given_up)
        for other in sorted(set(every.columns) - set(plan.site_ids)):
            yield (*rest, other)


def _greedy(plan: Plan, every: pd.DataFrame) -> tuple[str, ...]:
    """Return the locked sites, and one by one the site that reaches most of those left."""
    able = every.notna()
    chosen = sorted(plan.goal.locked & set(every.columns))
    while len(chosen) < min(len(plan.site_ids), len(able.columns)):
        left = ~able[chosen].any(axis=1)
        rest = able[left].drop(columns=chosen).sum()
        chosen.append(str(rest.index[int(np.argmax(rest.to_numpy()))]))
    return tuple(chosen)


def _closed(hours: str, meeting: Meeting) -> bool:
    """Return whether the hours say closed in any minute of the meeting."""
    if not validate(hours):
        return False
    known = OpeningHours(hours)
    start, end = meeting.arrive_by.replace(tzinfo=None), meeting.ends.replace(tzinfo=None)
    minutes = pd.date_range(start, end, freq="min", inclusive="left")
    return any(known.is_closed(minute.to_pydatetime()) for minute in minutes)
