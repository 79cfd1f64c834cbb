"""The last look at a release before it is shown: any doubt, and nothing is.

It trusts nothing that made the release: it reads the figures as a stranger would and holds them
against the exact sets, and against the ledger, which it reads in its own way (``told``). Of every
figure it asks:

- that it is a multiple of 5 and not under k;
- that the ledger has it, for a set that differs from the true one by fewer than 5; that the true
  set has more than k − 5 families, and that figure and truth differ by less than 10. A part may
  also share the figure of a set shown beside it that only few families tell apart, or be that
  of a set it lies in, less the least that is shown;
- that what is left of all families is nothing, or at least k.

Then it differences. Wherever one set of an answer lies in another and their figures differ, the
families between them are k, or have a figure of their own. Complements stand beside the sets, so
this covers each combination of up to three counts of an answer that is a group: a part and its
rest, what a plan gains, what other sites reach and one does not, a site within another, and two
that share nobody. Reasons add no equation, for the total shown is their sum. A combination that is
a number but no group, and one that holds only for who knows that a reason's families lie in
another set, are left to rounding and holding; crossing tables are bounded by linear program.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import geopandas as gpd
import pandas as pd
import shapely

from famgeo.domain import Reason
from famgeo.errors import ReleaseError
from famgeo.release.areas import households_in_areas
from famgeo.release.counts import BASE, OTHER, Households, least_shown
from famgeo.release.exact import Exact
from famgeo.release.neighborhoods import neighborhood_of
from famgeo.release.table_faults import neighborhood_faults, table_faults
from famgeo.release.told import TELLS_APART, Told
from famgeo.tables import HOME_AREAS, SITES, Headline, Ledger, Release, ReleasedBarriers, lonlat

SITE_COLUMNS = [*SITES.columns, "reached"]
BARRIER_COLUMNS = ["site_id", "name", "kind", "reached"]
REASONS = {*(str(reason) for reason in Reason), OTHER}
OVERLAP = 1e-9

Faults = Iterator[str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A figure that was printed or follows from those printed, and whom it counts."""

    name: str
    figure: int
    members: Households

    def rest_of(self, whole: "Shown") -> "Shown":
        """Return what is left of the whole."""
        return Shown(
            name=f"families other than {self.name}",
            figure=whole.figure - self.figure,
            members=whole.members - self.members,
        )


def audit_release(
    release: Release,
    *,
    households: gpd.GeoDataFrame,
    exact: Sequence[Exact],
    ledger: Ledger,
    secret: bytes,
    groups: pd.DataFrame | None = None,
) -> None:
    """Raise ``ReleaseError`` naming the first rule that a release breaks, and no family.

    ``exact`` are the sets behind ``release.plans``, in the same order; ``groups`` what each
    household is counted by in the tables; ``ledger`` what was counted, under the key ``secret``.
    """
    told = Told(ledger=ledger, secret=secret, k=release.k)
    _stop_at_first(_release_faults(release, households, exact, told))
    of = neighborhood_of(households, release.home_areas, release.neighborhoods)
    _stop_at_first(table_faults(release.tables, groups=groups, neighborhood_of=of, told=told))


def audit_barriers(
    barriers: ReleasedBarriers, *, exact: Exact, k: int, ledger: Ledger, secret: bytes
) -> None:
    """Raise ``ReleaseError`` naming the first rule that a summary of barriers breaks."""
    told = Told(ledger=ledger, secret=secret, k=k)
    _stop_at_first(_barrier_faults(barriers, exact, told))


def _stop_at_first(faults: Faults) -> None:
    for fault in faults:
        message = f"Nothing was released: {fault}."
        raise ReleaseError(message)


def _release_faults(
    release: Release, households: gpd.GeoDataFrame, exact: Sequence[Exact], told: Told
) -> Faults:
    if told.ledger.k != release.k:
        yield "the ledger was kept with another k"
    yield from _shape_faults(release, households)
    yield from _area_faults(release, households, told)
    yield from neighborhood_faults(release)
    if len(exact) != len(release.plans):
        yield "a plan has no exact figures to be held against"
    everyone = set(households["household_id"])
    families = int(release.home_areas["families"].sum()) + (release.unmapped or 0)
    for plan, sets in zip(release.plans, exact, strict=False):
        if sets.everyone != everyone:
            yield f"plan {plan.name} counts other families than the study holds"
        if plan.headline.families != families:
            yield f"the families of plan {plan.name} are not the sum of those on the map"
        if plan.headline.k != release.k:
            yield f"plan {plan.name} says it was counted with another k"
        if plan.meetings != sets.meetings:
            yield f"plan {plan.name} names other meetings than were counted"
        if list(plan.sites.columns) != SITE_COLUMNS:
            yield f"the sites of plan {plan.name} have columns beside those allowed"
        yield from _answer_faults(plan.headline, plan.sites, sets, told)


def _barrier_faults(barriers: ReleasedBarriers, exact: Exact, told: Told) -> Faults:
    if list(barriers.sites.columns) != BARRIER_COLUMNS:
        yield "the sites have columns beside those allowed"
    yield from _answer_faults(barriers.headline, barriers.sites, exact, told)


def _shape_faults(release: Release, households: gpd.GeoDataFrame) -> Faults:
    shapes = release.home_areas.geometry.to_numpy()
    corners = set(map(tuple, shapely.get_coordinates(shapes).tolist()))
    if corners & set(map(tuple, lonlat(households).tolist())):
        yield "a corner of a home area is a home"
    covered = shapely.area(shapely.union_all(shapes))
    if abs(shapely.area(shapes).sum() - covered) > OVERLAP * covered:
        yield "two home areas overlap"


def _area_faults(release: Release, households: gpd.GeoDataFrame, told: Told) -> Faults:
    areas = release.home_areas
    if list(areas.columns) != list(HOME_AREAS.columns):
        yield "the home areas have columns beside those allowed"
    of = households_in_areas(areas, households)
    inside = households["household_id"].groupby(of).agg(frozenset).to_dict()
    for area_id, figure in zip(areas["home_area_id"], areas["families"], strict=True):
        living = inside.get(area_id, frozenset())
        if len(living) < release.k:
            yield f"a home area has fewer than {release.k} families"
        area = Shown(name="families of a home area", figure=int(figure), members=living)
        yield from _counted_faults(area, told)
    if release.unmapped is not None:
        name, others = "families outside any home area", inside.get("", frozenset())
        outside = Shown(name=name, figure=release.unmapped, members=others)
        yield from _counted_faults(outside, told)


def _counted_faults(shown: Shown, told: Told) -> Faults:
    yield from _figure_faults(shown, told.k)
    if shown.figure not in told.figures(shown.members):
        yield f"the number of {shown.name} was not counted for them"


def _answer_faults(head: Headline, sites: pd.DataFrame, exact: Exact, told: Told) -> Faults:
    """Look at the figures of one answer, each next to those it may share a figure with."""
    if head.families < least_shown(told.k):
        yield f"there are fewer than {told.k} families"
    if sites["site_id"].tolist() != list(exact.reached):
        yield "the sites are not those that were counted"
    if head.by_reason:
        yield from _reason_faults(head, exact, told)
    whole = Shown(name="families", figure=head.families, members=exact.everyone)
    counted, apart = [whole], [whole]
    for part in _parts(head, sites, exact):
        yield from _part_faults(part, whole, told.k)
        both = [part, part.rest_of(whole)]
        summed = bool(head.by_reason) and part.members == exact.without_school
        shared = any(_shared(part, other, told.k) for other in counted)
        if not shared:
            apart += both
        if summed or _counted(part, counted, told):
            counted += both
        elif not shared:
            yield f"the number of {part.name} was not counted for them"
    yield from _difference_faults(apart, told)


def _parts(head: Headline, sites: pd.DataFrame, exact: Exact) -> Iterator[Shown]:
    """Return what an answer shows of all families, in the order it is printed."""
    names = ("families without an option at school", "families without an option with the plan")
    figures = (head.no_option_at_school, head.no_option_with_plan)
    members = (frozenset(exact.without_school), exact.without_site)
    reached = [exact.reached.get(site_id, frozenset()) for site_id in sites["site_id"]]
    rows = [
        *zip(names, figures, members, strict=True),
        *zip("families reached at " + sites["site_id"], sites["reached"], reached, strict=True),
    ]
    for name, figure, counted in rows:
        if not pd.isna(figure):
            yield Shown(name=name, figure=int(figure), members=counted)


def _part_faults(part: Shown, whole: Shown, k: int) -> Faults:
    yield from _figure_faults(part, k)
    if len(part.members) <= k - TELLS_APART:
        yield f"the number of {part.name} is shown though it is under {k}"
    rest = part.rest_of(whole)
    if rest.figure and (rest.figure < least_shown(k) or len(rest.members) <= k - TELLS_APART):
        yield f"the number of {part.name} gives away that few are left"


def _reason_faults(head: Headline, exact: Exact, told: Told) -> Faults:
    groups = dict(exact.by_reason)
    named = {name: groups.pop(name, frozenset()) for name in head.by_reason if name != OTHER}
    named[OTHER] = frozenset().union(*groups.values())
    for reason, figure in head.by_reason.items():
        if reason not in REASONS:
            yield "a reason is not one of those allowed"
        if figure is not None:
            name = f"families with the reason {reason}"
            yield from _counted_faults(Shown(name=name, figure=figure, members=named[reason]), told)
    if sum(figure or 0 for figure in head.by_reason.values()) != head.no_option_at_school:
        yield "the reasons do not add up to the families without an option at school"


def _counted(part: Shown, others: Sequence[Shown], told: Told) -> bool:
    """Tell whether a figure was counted for a part, or for it and then kept under another's."""
    figures = told.figures(part.members)
    less = {other.figure - least_shown(told.k) for other in others}
    return part.figure in figures or (part.figure in less and max(figures, default=0) > part.figure)


def _shared(part: Shown, other: Shown, k: int) -> bool:
    """Tell whether two sets show one figure, and each has only few that the other lacks."""
    few = least_shown(k) + TELLS_APART
    one, two = part.members, other.members
    return part.figure == other.figure and len(one - two) < few and len(two - one) < few


def _difference_faults(apart: Sequence[Shown], told: Told) -> Faults:
    for inner, outer in permutations(apart, 2):
        if inner.figure == outer.figure or not inner.members < outer.members:
            continue
        between = outer.members - inner.members
        if len(between) < told.k and not told.figures(between):
            yield f"{inner.name} and {outer.name} differ by a group under {told.k}"


def _figure_faults(shown: Shown, k: int) -> Faults:
    if shown.figure < least_shown(k) or shown.figure % BASE:
        yield f"the number of {shown.name} is under {k} or not rounded to {BASE}"
