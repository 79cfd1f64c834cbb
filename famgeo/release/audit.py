"""The last look at a release before it is shown: any doubt, and nothing is.

It trusts nothing that made the release: it reads the figures as a stranger would and holds them
against the exact sets. What is still to come, bounds by linear program over all that was ever
published and the hold on small changes, belongs here too.
"""

from collections.abc import Iterator, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.domain import Reason
from famgeo.errors import ReleaseError
from famgeo.release.areas import households_in_areas
from famgeo.release.counts import BASE, OTHER, least_shown
from famgeo.release.exact import Exact
from famgeo.tables import HOME_AREAS, SITES, Headline, Release, ReleasedBarriers, lonlat

SITE_COLUMNS = [*SITES.columns, "reached"]
BARRIER_COLUMNS = ["site_id", "name", "kind", "reached"]
REASONS = {*(str(reason) for reason in Reason), OTHER}
OVERLAP = 1e-9

Faults = Iterator[str]


def audit_release(
    release: Release, *, households: gpd.GeoDataFrame, exact: Sequence[Exact]
) -> None:
    """Raise ``ReleaseError`` naming the first rule that a release breaks, and no family.

    ``exact`` are the sets behind ``release.plans``, in the same order.
    """
    _stop_at_first(_release_faults(release, households, exact))


def audit_barriers(barriers: ReleasedBarriers, *, exact: Exact, k: int) -> None:
    """Raise ``ReleaseError`` naming the first rule that a summary of barriers breaks."""
    _stop_at_first(_barrier_faults(barriers, exact, k))


def _stop_at_first(faults: Faults) -> None:
    for fault in faults:
        message = f"Nothing was released: {fault}."
        raise ReleaseError(message)


def _release_faults(
    release: Release, households: gpd.GeoDataFrame, exact: Sequence[Exact]
) -> Faults:
    k = release.k
    yield from _shape_faults(release, households)
    yield from _area_faults(release, households)
    yield from _figure_faults("families outside any home area", release.unmapped, k)
    if len(exact) != len(release.plans):
        yield "a plan has no exact figures to be held against"
    everyone = set(households["household_id"])
    for plan, sets in zip(release.plans, exact, strict=False):
        if sets.everyone != everyone:
            yield f"plan {plan.name} counts other families than the study holds"
        if list(plan.sites.columns) != SITE_COLUMNS:
            yield f"the sites of plan {plan.name} have columns beside those allowed"
        yield from _headline_faults(plan.headline, sets, k)
        yield from _site_faults(plan.sites, plan.headline.families, sets, k)


def _barrier_faults(barriers: ReleasedBarriers, exact: Exact, k: int) -> Faults:
    if list(barriers.sites.columns) != BARRIER_COLUMNS:
        yield "the sites have columns beside those allowed"
    yield from _headline_faults(barriers.headline, exact, k)
    yield from _site_faults(barriers.sites, barriers.headline.families, exact, k)


def _area_faults(release: Release, households: gpd.GeoDataFrame) -> Faults:
    areas = release.home_areas
    if list(areas.columns) != list(HOME_AREAS.columns):
        yield "the home areas have columns beside those allowed"
    of = pd.Series(households_in_areas(areas, households))
    inside = of.value_counts().reindex(areas["home_area_id"], fill_value=0).to_numpy()
    if (inside < release.k).any():
        yield f"a home area has fewer than {release.k} families"
    for shown in areas["families"]:
        yield from _figure_faults("families of a home area", int(shown), release.k)
    if (np.abs(areas["families"].to_numpy() - inside) >= BASE).any():
        yield "a home area's families are not those that live there"


def _shape_faults(release: Release, households: gpd.GeoDataFrame) -> Faults:
    shapes = release.home_areas.geometry.to_numpy()
    corners = set(map(tuple, shapely.get_coordinates(shapes).tolist()))
    if corners & set(map(tuple, lonlat(households).tolist())):
        yield "a corner of a home area is a home"
    covered = shapely.area(shapely.union_all(shapes))
    if abs(shapely.area(shapes).sum() - covered) > OVERLAP * covered:
        yield "two home areas overlap"


def _headline_faults(headline: Headline, exact: Exact, k: int) -> Faults:
    whole = headline.families
    if whole < least_shown(k):
        yield f"there are fewer than {k} families"
    yield from _figure_faults("all families", whole, k)
    parts = (
        ("families without an option at school", headline.no_option_at_school),
        ("families without an option with the plan", headline.no_option_with_plan),
    )
    sets = (exact.without_school, exact.without_site)
    for (name, shown), members in zip(parts, sets, strict=True):
        yield from _part_faults(name, shown, whole, len(members), k)
    if headline.by_reason:
        yield from _reason_faults(headline, k)


def _reason_faults(headline: Headline, k: int) -> Faults:
    if not headline.by_reason.keys() <= REASONS:
        yield "a reason is not one of those allowed"
    for reason, shown in headline.by_reason.items():
        yield from _figure_faults(f"families with the reason {reason}", shown, k)
    if sum(count or 0 for count in headline.by_reason.values()) != headline.no_option_at_school:
        yield "the reasons do not add up to the families without an option at school"


def _site_faults(sites: pd.DataFrame, whole: int, exact: Exact, k: int) -> Faults:
    if sites["site_id"].tolist() != list(exact.reached):
        yield "the sites are not those that were counted"
    for site_id, reached in zip(sites["site_id"], sites["reached"], strict=True):
        shown = None if pd.isna(reached) else int(reached)
        members = exact.reached.get(site_id, frozenset())
        yield from _part_faults(f"families reached at {site_id}", shown, whole, len(members), k)


def _part_faults(name: str, shown: int | None, whole: int, true: int, k: int) -> Faults:
    yield from _figure_faults(name, shown, k)
    if shown is None:
        return
    if true < k:
        yield f"the number of {name} is shown though it is under {k}"
    if 0 < whole - shown < least_shown(k):
        yield f"the number of {name} gives away that few are left"


def _figure_faults(name: str, shown: int | None, k: int) -> Faults:
    if shown is not None and (shown < least_shown(k) or shown % BASE):
        yield f"the number of {name} is under {k} or not rounded to {BASE}"
