"""The gate: exact sets of households in, one audited release out.

Every page, message and file is a function of what leaves here. The order is fixed: count, fold
what is small, round with the key, keep complements apart, audit. Nothing leaves when the audit
finds a fault.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.errors import ReleaseError
from famgeo.release.areas import households_in_areas
from famgeo.release.audit import audit_barriers, audit_release
from famgeo.release.counts import Households, apart, fold, round_count
from famgeo.release.exact import Exact
from famgeo.tables import (
    HOME_AREAS,
    Headline,
    Release,
    ReleasedBarriers,
    ReleasedPlan,
    check,
)

PARTNER_K = 20
"""The smallest count that leaves the district."""


@dataclass(frozen=True, kw_only=True)
class PlanToShow:
    """A plan's exact sets and what is said with them; ``settings`` holds JSON types only."""

    name: str
    exact: Exact
    quality: str
    settings: dict[str, object]


def make_release(
    *,
    study: str,
    households: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    plans: Sequence[PlanToShow] = (),
    secret: bytes,
    k: int = 10,
) -> Release:
    """Make the release of a study: its home areas and its plans, rounded with the key.

    ``households`` are HOUSEHOLDS of the vault; ``areas`` the frozen home areas, refitted to them.
    Raises ``ReleaseError``, and shows nothing, when any figure would tell of a small group.
    """
    home_areas, unmapped = _home_areas(areas, households, secret, k)
    families = int(home_areas["families"].sum()) + (unmapped or 0)
    release = Release(
        release_id="",
        study=study,
        k=k,
        home_areas=home_areas,
        unmapped=unmapped,
        plans=tuple(_released_plan(plan, families, secret, k) for plan in plans),
    )
    release = replace(release, release_id=_content_hash(release))
    audit_release(release, households=households, exact=[plan.exact for plan in plans])
    return release


def release_barriers(exact: Exact, *, release: Release, secret: bytes) -> ReleasedBarriers:
    """Return who can come to some meetings as it may be shown, next to a release.

    Raises ``ReleaseError`` when any figure would tell of a small group.
    """
    families = int(release.home_areas["families"].sum()) + (release.unmapped or 0)
    sites = _site_counts(exact, families, secret, release.k)
    barriers = ReleasedBarriers(
        meetings=exact.meetings,
        headline=_headline(exact, families, "", secret, release.k),
        sites=pd.DataFrame(sites[["site_id", "name", "kind", "reached"]]),
    )
    audit_barriers(barriers, exact=exact, k=release.k)
    return barriers


def for_partners(release: Release, *, k: int = PARTNER_K) -> Release:
    """Return what may leave the district: no home area, no reason, no count under 20.

    It is made from the district's release alone, so it can tell no more than that does.
    """
    few = replace(
        release,
        k=k,
        home_areas=release.home_areas.iloc[:0],
        unmapped=None,
        plans=tuple(_coarser(plan, k) for plan in release.plans),
    )
    return replace(few, release_id=_content_hash(few))


def _home_areas(
    areas: gpd.GeoDataFrame, households: gpd.GeoDataFrame, secret: bytes, k: int
) -> tuple[gpd.GeoDataFrame, int | None]:
    of = households_in_areas(areas, households)
    ids = households["household_id"].to_numpy(str)
    members = {area_id: set(ids[of == area_id].tolist()) for area_id in areas["home_area_id"]}
    counts = [round_count(members[area_id], secret, k=k) for area_id in areas["home_area_id"]]
    if None in counts:
        message = (
            f"A home area has fewer than {k} families now, so it cannot be shown. Merge it with "
            "a neighbour (refit_areas) and make the release again."
        )
        raise ReleaseError(message)
    table = areas.assign(families=np.array(counts, dtype=np.int64))
    unmapped = round_count(set(ids[of == ""].tolist()), secret, k=k)
    return check(table, HOME_AREAS), unmapped


def _released_plan(plan: PlanToShow, families: int, secret: bytes, k: int) -> ReleasedPlan:
    return ReleasedPlan(
        name=plan.name,
        meetings=plan.exact.meetings,
        headline=_headline(plan.exact, families, plan.quality, secret, k),
        sites=_site_counts(plan.exact, families, secret, k),
        settings=plan.settings,
    )


def _headline(exact: Exact, families: int, quality: str, secret: bytes, k: int) -> Headline:
    at_school, by_reason = _without_school(exact, families, secret, k)
    return Headline(
        families=families,
        no_option_at_school=at_school,
        no_option_with_plan=_without_site(exact, families, at_school, secret, k),
        quality=quality,
        by_reason=by_reason,
        k=k,
    )


def _without_school(
    exact: Exact, families: int, secret: bytes, k: int
) -> tuple[int | None, dict[str, int | None]]:
    """Return the count and its reasons; the count is their sum where they are shown."""
    reasons = fold(exact.by_reason, k=k)
    by_reason = {name: round_count(members, secret, k=k) for name, members in reasons.items()}
    total = (
        sum(count or 0 for count in by_reason.values())
        if by_reason
        else round_count(exact.without_school, secret, k=k)
    )
    rest = len(exact.everyone) - len(exact.without_school)
    kept = apart(total, families, rest=rest, k=k)
    return kept, by_reason if kept == total else {}


def _without_site(
    exact: Exact, families: int, at_school: int | None, secret: bytes, k: int
) -> int | None:
    """Return the count; where the plan only adds options, the gain is not a small group either."""
    missed = exact.without_site
    count = round_count(missed, secret, k=k)
    count = apart(count, families, rest=len(exact.everyone) - len(missed), k=k)
    if at_school is None or not missed <= exact.without_school:
        return count
    return apart(count, at_school, rest=len(exact.without_school) - len(missed), k=k)


def _site_counts(exact: Exact, families: int, secret: bytes, k: int) -> gpd.GeoDataFrame:
    counts = [
        _site_count(exact.reached[site], exact, families, secret, k)
        for site in exact.sites["site_id"]
    ]
    return exact.sites.assign(reached=pd.array(counts, dtype="Int64"))


def _site_count(
    reached: Households, exact: Exact, families: int, secret: bytes, k: int
) -> int | None:
    rest = len(exact.everyone) - len(reached)
    return apart(round_count(reached, secret, k=k), families, rest=rest, k=k)


def _coarser(plan: ReleasedPlan, k: int) -> ReleasedPlan:
    whole = plan.headline.families

    def coarse(count: int | None) -> int | None:
        shown = None if count is None or count < k else count
        return apart(shown, whole, rest=whole - (shown or 0), k=k)

    headline = replace(
        plan.headline,
        no_option_at_school=coarse(plan.headline.no_option_at_school),
        no_option_with_plan=coarse(plan.headline.no_option_with_plan),
        by_reason={},
        k=k,
    )
    counts = [coarse(None if pd.isna(n) else int(n)) for n in plan.sites["reached"]]
    sites = plan.sites.assign(reached=pd.array(counts, dtype="Int64"))
    return replace(plan, headline=headline, sites=sites)


def _content_hash(release: Release) -> str:
    """Return a name that is the same for the same content, whoever makes it and when."""
    content = [
        release.study,
        release.k,
        release.home_areas["home_area_id"].tolist(),
        release.home_areas["families"].tolist(),
        shapely.to_wkb(release.home_areas.geometry.to_numpy(), hex=True).tolist(),
        release.unmapped,
        [[plan.as_json(), plan.settings] for plan in release.plans],
    ]
    try:
        text = json.dumps(content, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = "A plan's settings may hold text, numbers, lists and mappings only."
        raise ReleaseError(message) from error
    return hashlib.sha256(text.encode()).hexdigest()[:16]
