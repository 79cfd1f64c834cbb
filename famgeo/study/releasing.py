"""From the vault to a release: its map and its tables, and the plans it had, counted again."""

from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import date

from famgeo.domain import Meeting, timezone
from famgeo.release.exact import exact_of
from famgeo.release.gate import PlanToShow, make_release
from famgeo.release.holding import Counter
from famgeo.release.utility import Utility, utility_of
from famgeo.study.counting import check_k, counting
from famgeo.study.frozen import frozen_geography
from famgeo.study.groups import groups_of
from famgeo.study.world import World
from famgeo.tables import Progress, Release, ReleasedPlan, no_progress

COUNTED_AGAIN = "counted again; make the plan again to choose its places anew"


def release_of(
    world: World, today: date, counter: Counter, *, plans: Sequence[PlanToShow] = ()
) -> Release:
    """Return a release of the vault as it is, with these plans."""
    areas, neighborhoods = frozen_geography(world, today, counter)
    return make_release(
        study=world.settings.name,
        households=world.homes,
        areas=areas,
        counter=counter,
        neighborhoods=neighborhoods,
        groups=groups_of(world.vault.students(), world.homes),
        plans=plans,
    )


def released_anew(
    world: World,
    *,
    today: date,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> tuple[Release, Utility]:
    """Make the release anew, its plans counted again, and measure what it is good for.

    A plan one of whose places is no longer a site is left out.
    """
    check_k(world.vault, k=world.settings.k)
    before = world.store.latest_release()
    there = set(world.sites["site_id"])
    plans = [plan for plan in (before.plans if before else ()) if set(plan.sites.site_id) <= there]
    shown = [counted_again(plan, world, executor=executor, progress=progress) for plan in plans]
    progress("Making it safe to show", 0.9)
    with counting(world.vault, k=world.settings.k) as counter:
        release = release_of(world, today, counter, plans=shown)
        groups = groups_of(world.vault.students(), world.homes)
        utility = utility_of(release, households=world.homes, groups=groups, counter=counter)
    return release, utility


def counted_again(
    plan: ReleasedPlan,
    world: World,
    *,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> PlanToShow:
    """Count a plan's places on the families of now; its proof holds only while nothing changed."""
    zone = timezone(world.settings.timezone)
    meetings = [Meeting.parse(text, zone) for text in plan.meetings]
    same = _on_the_same_data(plan, world)
    barriers = world.barriers(meetings, executor, progress)
    chosen = world.sites.set_index("site_id", drop=False).loc[list(plan.sites["site_id"])]
    exact = exact_of(
        barriers,
        households=world.homes,
        own_sites=world.own_sites,
        sites=chosen.reset_index(drop=True),
        meetings=plan.meetings,
        limit_min=world.limits.limit_min,
    )
    return PlanToShow(
        name=plan.name,
        exact=exact,
        quality=plan.headline.quality if same else COUNTED_AGAIN,
        settings={
            **plan.settings,
            "limit_minutes": world.limits.limit_min,
            "files": dict(world.files),
        },
    )


def _on_the_same_data(plan: ReleasedPlan, world: World) -> bool:
    """Tell whether the vault still holds the barriers the plan was made from."""
    kept = all(len(world.vault.barriers(meeting_id)) for meeting_id in plan.meetings)
    limit_min = plan.settings.get("limit_minutes")
    return (
        kept
        and plan.settings.get("files") == dict(world.files)
        and limit_min == world.limits.limit_min
    )
