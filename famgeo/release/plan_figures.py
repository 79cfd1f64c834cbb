"""What is shown of a plan or of an evening: three counts, their reasons, and one for each site.

The counts of one answer are linked: where one set lies in another, the difference of their counts
is a group too. So no two sets that only few families tell apart have figures of their own: the
later takes the figure of the earlier, all families first. Complements stand beside the sets. And
a part is kept at least k under the whole it lies in: all families, those without an option at
school, those with an option at any of the sites (complementary suppression; Hundepool et al.,
Statistical Disclosure Control, Wiley 2012, chapter 5). *Few* is what has no figure of its own.

The reasons are a partition: those too few to name are one group, and the total shown is the sum
of what is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from famgeo.release.counts import OTHER, Households, fold, least_shown, left_out
from famgeo.release.exact import Exact
from famgeo.release.holding import HOLD, NOBODY, Counter
from famgeo.tables import Headline

REASONS_LABEL = "reasons at school, {}"
"""One pattern for each question, so that another question does not decide what this one names."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The figures of one answer: those of the plan, and one for each site."""

    headline: Headline
    sites: gpd.GeoDataFrame


@dataclass(frozen=True, kw_only=True)
class Said:
    """A set that has a figure of its own in this answer, or one that follows from such figures."""

    figure: int
    members: Households


SaidSoFar = tuple[Said, ...]
"""What was said in an answer until now, all families first."""


def answer(exact: Exact, *, families: int, quality: str, counter: Counter) -> Answer:
    """Return what is shown of exact sets; ``families`` is the figure of everyone."""
    said: SaidSoFar = (Said(figure=families, members=exact.everyone),)
    at_school, by_reason, said = _without_school(exact, said, counter)
    with_plan, wholes = _part(exact.without_site, said, under=said, counter=counter)
    said, reached = wholes, []
    for site_id in exact.sites["site_id"]:
        figure, said = _part(exact.reached[site_id], said, under=wholes, counter=counter)
        reached.append(figure)
    headline = Headline(
        families=families,
        no_option_at_school=at_school,
        no_option_with_plan=with_plan,
        quality=quality,
        by_reason=by_reason,
        k=counter.k,
    )
    sites = exact.sites.assign(reached=pd.array(reached, dtype="Int64"))
    return Answer(headline=headline, sites=sites)


def named_figures(
    label: str, groups: Mapping[str, Households], counter: Counter
) -> dict[str, int | None]:
    """Return the figures of a partition's groups that are shown by name, and of the others."""
    names = counter.pattern(label, groups, lambda: fold(groups, counter.figure))
    figures = {name: counter.figure(groups.get(name, NOBODY)) for name in names}
    rest = counter.figure(left_out(groups, names)) if names else None
    return figures if rest is None else {**figures, OTHER: rest}


def _without_school(
    exact: Exact, said: SaidSoFar, counter: Counter
) -> tuple[int | None, dict[str, int | None], SaidSoFar]:
    """Return the count, its reasons and what is said now; the count is the sum of the reasons."""
    members = frozenset(exact.without_school)
    by_reason = named_figures(REASONS_LABEL.format(exact.question), exact.by_reason, counter)
    total = sum(count or 0 for count in by_reason.values())
    most = said[0].figure - least_shown(counter.k)
    if 0 < total <= most and counter.shows(exact.everyone - members):
        return total, by_reason, _with(said, total, members, counter.k)
    # The reasons would add up to another total than the one that may be shown.
    alone, said = _part(members, said, under=said, counter=counter)
    return alone, {}, said


def _part(
    members: Households, said: SaidSoFar, *, under: SaidSoFar, counter: Counter
) -> tuple[int | None, SaidSoFar]:
    """Return the figure of a part of everyone, and what is said now.

    It is that of the first set only few tell from it; else its own, and at least k less than that
    of each set in ``under`` that holds it but for few.
    """
    figure = counter.figure(members)
    if figure is None:
        return None, said
    if (twin := _twin(members, said, counter)) is not None:
        return twin.figure, said
    holding = [whole for whole in under if not counter.shows(members - whole.members)]
    kept = min(figure, *(whole.figure - least_shown(counter.k) for whole in holding))
    if kept < least_shown(counter.k):
        return None, said
    return kept, _with(said, kept, members, counter.k)


def _twin(members: Households, said: SaidSoFar, counter: Counter) -> Said | None:
    """Return the first set that only few tell from this: neither lacks enough of the other's."""
    # Sets of very different size are no twins, and need no comparing.
    within = least_shown(counter.k) + HOLD
    near = (other for other in said if abs(len(other.members) - len(members)) < within)
    for other in near:
        more, less = members - other.members, other.members - members
        if not counter.shows(more) and not counter.shows(less):
            return other
    return None


def _with(said: SaidSoFar, figure: int, members: Households, k: int) -> SaidSoFar:
    """Add a part, and what it leaves of everyone if that may be shown too."""
    everyone = said[0]
    part = Said(figure=figure, members=members)
    rest = Said(figure=everyone.figure - figure, members=everyone.members - members)
    return (*said, part, rest) if rest.figure >= least_shown(k) else (*said, part)
