"""The gate: exact sets of households in, one audited release out.

Every page, message and file is a function of what leaves here. The order is fixed: count through
the counter, which rounds with the key and holds (``holding``); fold what is small (``counts``);
keep linked figures apart (``plan_figures``); audit (``audit``). Nothing leaves when the audit finds
a fault. The steps are those of Hundepool et al., Statistical Disclosure Control (Wiley, 2012),
chapter 5; the standard they serve is FERPA, 34 CFR 99.31(b): what is released identifies no
student, through single or multiple releases, with other reasonably available information.

Of a plan only counts leave. Were anything else of a group of families to leave, a mean of minutes
or a share, it would be for groups of 20 or more, minutes rounded to 1 and shares to 5 points, never
a minimum or a maximum, and held like a count: from means not rounded a home can be found.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.errors import ReleaseError
from famgeo.release.areas import households_in_areas
from famgeo.release.audit import audit_barriers, audit_release
from famgeo.release.counts import apart
from famgeo.release.exact import Exact
from famgeo.release.holding import Counter
from famgeo.release.neighborhoods import count_neighborhoods, neighborhood_of
from famgeo.release.one_way import one_way_tables
from famgeo.release.plan_figures import answer
from famgeo.tables import (
    HOME_AREAS,
    Headline,
    Release,
    ReleasedBarriers,
    ReleasedPlan,
    check,
    no_neighborhoods,
    no_tables,
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
    counter: Counter,
    neighborhoods: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    plans: Sequence[PlanToShow] = (),
) -> Release:
    """Make the release of a study: its map, its tables and its plans, as the counter counts them.

    ``households`` are HOUSEHOLDS of the vault; ``areas`` the frozen home areas, refitted to them.
    ``neighborhoods`` name the home areas they are made of; ``groups`` say what each household is
    counted by, and without them there are no tables. Keep the counter's ledger before anything of
    the release is stored or shown. Raises ``ReleaseError``, and shows nothing, when any figure
    would tell of a small group.
    """
    home_areas, unmapped = count_areas(areas, households, counter)
    families = int(home_areas["families"].sum()) + (unmapped or 0)
    drawn = count_neighborhoods(neighborhoods, home_areas)
    release = Release(
        release_id="",
        study=study,
        k=counter.k,
        home_areas=home_areas,
        unmapped=unmapped,
        neighborhoods=drawn,
        tables=_tables(groups, households, home_areas, drawn, counter),
        plans=tuple(_released_plan(plan, families, counter) for plan in plans),
    )
    release = replace(release, release_id=_content_hash(release))
    audit_release(
        release,
        households=households,
        groups=groups,
        exact=[plan.exact for plan in plans],
        ledger=counter.ledger,
        secret=counter.secret,
    )
    return release


def release_barriers(exact: Exact, *, release: Release, counter: Counter) -> ReleasedBarriers:
    """Return who can come to some meetings as it may be shown, next to a release.

    Raises ``ReleaseError`` when any figure would tell of a small group.
    """
    families = int(release.home_areas["families"].sum()) + (release.unmapped or 0)
    shown = answer(exact, families=families, quality="", counter=counter)
    barriers = ReleasedBarriers(
        meetings=exact.meetings,
        headline=shown.headline,
        sites=pd.DataFrame(shown.sites[["site_id", "name", "kind", "reached"]]),
    )
    audit_barriers(barriers, exact=exact, k=counter.k, ledger=counter.ledger, secret=counter.secret)
    return barriers


def for_partners(release: Release, *, k: int = PARTNER_K) -> Release:
    """Return what may leave the district: no home area, no reason, no count under 20.

    It is made from the district's release alone, so it can tell no more than that does. Its name
    follows from the places and meetings alone: whoever holds a name made of counts can try counts
    until the name fits.
    """
    few = replace(
        release,
        k=k,
        home_areas=release.home_areas.iloc[:0],
        unmapped=None,
        neighborhoods=no_neighborhoods(),
        tables=no_tables(),
        plans=tuple(_coarser(plan, k) for plan in release.plans),
    )
    return replace(few, release_id=_content_hash(_uncounted(few)))


def count_areas(
    areas: gpd.GeoDataFrame, households: gpd.GeoDataFrame, counter: Counter
) -> tuple[gpd.GeoDataFrame, int | None]:
    """Return HOME_AREAS with their figures, and the figure of the families in none of them.

    Raises ``ReleaseError`` when a home area has too few families to be shown.
    """
    of = households_in_areas(areas, households)
    ids = households["household_id"].to_numpy(str)
    members = [set(ids[of == area_id].tolist()) for area_id in areas["home_area_id"]]
    figures = [counter.figure(inside) for inside in members]
    if None in figures or min(map(len, members), default=0) < counter.k:
        message = (
            f"A home area has fewer than {counter.k} families now, so it cannot be shown. It has "
            "to be merged with a neighbor before a release can be made."
        )
        raise ReleaseError(message)
    table = areas.assign(families=np.array(figures, dtype=np.int64))
    return check(table, HOME_AREAS), counter.figure(set(ids[of == ""].tolist()))


def _tables(
    groups: pd.DataFrame | None,
    households: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    neighborhoods: gpd.GeoDataFrame,
    counter: Counter,
) -> pd.DataFrame:
    if groups is None:
        return no_tables()
    return one_way_tables(groups, neighborhood_of(households, areas, neighborhoods), counter)


def _released_plan(plan: PlanToShow, families: int, counter: Counter) -> ReleasedPlan:
    shown = answer(plan.exact, families=families, quality=plan.quality, counter=counter)
    return ReleasedPlan(
        name=plan.name,
        meetings=plan.exact.meetings,
        headline=shown.headline,
        sites=shown.sites,
        settings=plan.settings,
    )


def _coarser(plan: ReleasedPlan, k: int) -> ReleasedPlan:
    whole = plan.headline.families

    def coarse(count: int | None) -> int | None:
        shown = None if count is None or count < k else count
        return apart(shown, whole, rest_shows=whole - (shown or 0) >= k, k=k)

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


def _uncounted(release: Release) -> Release:
    """Return a release without a count of families, nor what follows from one."""
    plans = tuple(
        replace(
            plan,
            headline=Headline(
                families=0, no_option_at_school=None, no_option_with_plan=None, quality=""
            ),
            sites=plan.sites.drop(columns="reached"),
        )
        for plan in release.plans
    )
    return replace(release, release_id="", unmapped=None, plans=plans)


def is_as_made(release: Release) -> bool:
    """Tell whether a release that was stored is what its name was made from."""
    return _content_hash(release) == release.release_id


def _content_hash(release: Release) -> str:
    """Return a name that is the same for the same content, whoever makes it and when."""
    content = _content(replace(release, release_id=""))
    try:
        text = json.dumps(content, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = "A plan's settings may hold text, numbers, lists and mappings only."
        raise ReleaseError(message) from error
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(value: object) -> object:
    """Return every field of a release as JSON types; what is none of them stays as it is."""
    if isinstance(value, gpd.GeoDataFrame):
        shapes = shapely.to_wkb(value.geometry.to_numpy(), hex=True).tolist()
        return [_content(pd.DataFrame(value.drop(columns="geometry"))), shapes]
    if isinstance(value, pd.DataFrame):
        cells = value.astype(object).where(value.notna(), None)
        return {str(name): cells[name].tolist() for name in cells}
    if isinstance(value, tuple):
        return [_content(part) for part in value]
    if is_dataclass(value):
        return {field.name: _content(getattr(value, field.name)) for field in fields(value)}
    return value
