"""From homes to what may be shown: barriers, a verified choice of sites, and its release."""

import math
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date

import geopandas as gpd

from famgeo.domain import Goal, Limits, Meeting, Plan
from famgeo.errors import PlanError
from famgeo.goals import (
    FairestReach,
    FairestTrips,
    FewestSites,
    KolmPollak,
    MostFamilies,
    ShortestTrips,
    SiteGoal,
)
from famgeo.plan.candidates import candidate_sites
from famgeo.plan.sites import choose_sites
from famgeo.plan.verify import verify_plan
from famgeo.release.exact import exact_of, exact_plan
from famgeo.release.gate import PlanToShow, release_barriers
from famgeo.release.holding import HOLD
from famgeo.study.both_ways import service_notes
from famgeo.study.counting import check_k, counting
from famgeo.study.releasing import release_of
from famgeo.study.stored import need_streets
from famgeo.study.world import World
from famgeo.tables import Progress, Release, ReleasedBarriers, no_progress

SECONDS_TO_PROVE = 60.0
STEP_MIN = 5
"""Limits and clock times of exact questions; finer ones would tell single families apart."""
GOAL_NAMES: dict[type[SiteGoal], str] = {
    MostFamilies: "reach",
    ShortestTrips: "minutes",
    KolmPollak: "fair",
    FairestReach: "fairest reach",
    FairestTrips: "fairest trips",
    FewestSites: "fewest",
}
PLAN_NAME = re.compile(r"[\w-]{1,64}")


def plan_name(name: str) -> str:
    """Return a plan's name if it can also name its files; raises ``PlanError`` otherwise."""
    if not PLAN_NAME.fullmatch(name):
        message = f"A plan cannot be called '{name}'. Use 1 to 64 letters, digits, - and _."
        raise PlanError(message)
    return name


def barriers_released(
    world: World,
    meetings: Sequence[Meeting],
    *,
    site_ids: tuple[str, ...],
    today: date,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> ReleasedBarriers:
    """Return who cannot come to these meetings, for some sites or all, as it may be shown."""
    _in_steps(world.limits, meetings)
    check_k(world.vault, k=world.settings.k)
    need_streets(world.store)
    asked = _asked(world.sites, site_ids)
    barriers = world.barriers(meetings, executor, progress)
    exact = exact_of(
        barriers,
        households=world.homes,
        own_sites=world.own_sites,
        sites=asked,
        meetings=tuple(meeting.meeting_id for meeting in meetings),
        limit_min=world.limits.limit_min,
    )
    with counting(world.vault, k=world.settings.k) as counter:
        release = release_of(world, today, counter)
        released = release_barriers(exact, release=release, counter=counter)
    return replace(released, notes=service_notes(world.network, meetings))


def plan_released(
    world: World,
    goal: Goal,
    meetings: Sequence[Meeting],
    *,
    name: str,
    today: date,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> Release:
    """Choose sites exactly, verify every claim, and return a release that holds the plan."""
    _in_steps(world.limits, meetings)
    check_k(world.vault, k=world.settings.k)
    need_streets(world.store)
    candidate_sites(world.sites, goal, meetings)  # what cannot be asked is refused before the work
    barriers = world.barriers(meetings, executor, progress)
    progress("Choosing places", 0.85)
    plan = choose_sites(
        barriers,
        world.homes,
        world.sites,
        goal,
        meetings=meetings,
        seconds=SECONDS_TO_PROVE,
        apart=HOLD,
    )
    progress("Checking the plan", 0.9)
    verify_plan(plan, barriers, world.homes, world.sites)
    progress("Making it safe to show", 0.95)
    exact = exact_plan(
        plan,
        barriers,
        households=world.homes,
        own_sites=world.own_sites,
        sites=world.sites,
        limit_min=world.limits.limit_min,
    )
    shown = PlanToShow(
        name=name, exact=exact, quality=quality_shown(plan), settings=settings_of(plan, world)
    )
    with counting(world.vault, k=world.settings.k) as counter:
        return release_of(world, today, counter, plans=[shown])


def quality_shown(plan: Plan) -> str:
    """Say how good a plan is without the exact counts: to within five families, or in whole %."""
    if plan.proven or (plan.value is None and plan.best_possible - plan.reached < HOLD):
        return "proven best"
    return f"within {math.ceil(100 * plan.gap)} % of the best possible"


def settings_of(plan: Plan, world: World) -> dict[str, object]:
    """Return what is needed to make the plan again, as JSON types.

    Weights and groups name households, so they are not among it.
    """
    goal = plan.goal
    return {
        "goal": GOAL_NAMES[type(goal)],
        "sites": goal.most_sites,
        "lock": sorted(goal.locked),
        "exclude": sorted(goal.excluded),
        "need": sorted(goal.needs),
        "budget_usd": goal.budget_usd,
        "accessible": goal.accessible,
        "child_care": goal.child_care,
        "off_site": goal.off_site,
        "speaking": dict(goal.speaking),
        "meetings": [meeting.meeting_id for meeting in plan.meetings],
        "limit_minutes": world.limits.limit_min,
        "files": dict(world.files),
        "notes": list(service_notes(world.network, plan.meetings)),
    }


def _in_steps(limits: Limits, meetings: Sequence[Meeting]) -> None:
    """Refuse questions so fine that the difference of two answers would be a handful of homes."""
    if limits.limit_min % STEP_MIN:
        message = (
            f"The limit of {limits.limit_min:g} minutes is too fine: counts of families are for "
            f"limits in steps of {STEP_MIN} minutes, so that no two single out a few homes."
        )
        raise PlanError(message)
    for moment in (moment for meeting in meetings for moment in (meeting.arrive_by, meeting.ends)):
        if moment.minute % STEP_MIN or moment.second or moment.microsecond:
            message = (
                f"The time {moment:%H:%M:%S} is too fine: counts of families are for meetings "
                f"that start and end at a multiple of {STEP_MIN} minutes, such as 18:30."
            )
            raise PlanError(message)


def _asked(sites: gpd.GeoDataFrame, site_ids: tuple[str, ...]) -> gpd.GeoDataFrame:
    if not site_ids:
        return sites
    if unknown := [site_id for site_id in site_ids if site_id not in set(sites["site_id"])]:
        message = (
            f"There is no site {', '.join(unknown)}. Sites are the schools, and the assets whose "
            "hosts column says yes."
        )
        raise PlanError(message)
    return sites[sites["site_id"].isin(site_ids)].reset_index(drop=True)
