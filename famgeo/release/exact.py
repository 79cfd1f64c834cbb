"""What the vault says of some meetings, reduced to the sets of households that are counted."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from famgeo.domain import Plan, Reason
from famgeo.errors import ReleaseError
from famgeo.release.counts import OTHER, Households
from famgeo.tables import SITES, check

FURTHEST = {str(reason): order for order, reason in enumerate(Reason)}


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Who can attend what, exactly: never shown, never stored outside the vault.

    everyone : all households. at_school : the main reason of each that has no option at its own
    school. reached : who could attend at each site. sites : SITES in the order they are shown.
    limit_min : how long a trip each way may take; with the meetings it names the question.
    """

    meetings: tuple[str, ...]
    sites: gpd.GeoDataFrame
    everyone: Households
    at_school: Mapping[str, str]
    reached: Mapping[str, Households]
    limit_min: float = 60.0

    @property
    def question(self) -> str:
        """The evenings and the limit, as one text."""
        return f"{';'.join(self.meetings)} within {self.limit_min:g}"

    @property
    def without_school(self) -> Households:
        """Households without an option at their own school."""
        return self.at_school.keys()

    @property
    def without_site(self) -> Households:
        """Households that can attend at none of the sites."""
        return self.everyone - frozenset().union(*self.reached.values())

    @property
    def by_reason(self) -> dict[str, Households]:
        """Households without an option at school, by main reason."""
        groups: dict[str, set[str]] = {}
        for household, reason in self.at_school.items():
            groups.setdefault(reason, set()).add(household)
        return dict(groups)


def exact_of(
    barriers: pd.DataFrame,
    *,
    households: pd.DataFrame,
    own_sites: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    meetings: tuple[str, ...],
    limit_min: float = 60.0,
) -> Exact:
    """Reduce BARRIERS to who can attend at these sites at one of these meetings, and who cannot.

    ``own_sites`` has a row for each household and each of its schools: household_id, site_id.
    """
    asked = barriers[barriers["meeting_id"].isin(meetings)]
    can = asked[asked["reason"] == ""]
    can = can[can["site_id"].isin(sites["site_id"])]
    reached = can.groupby("site_id")["household_id"].agg(frozenset).to_dict()
    return Exact(
        meetings=meetings,
        sites=check(sites, SITES),
        everyone=frozenset(households["household_id"]),
        at_school=_at_school(asked, households, own_sites),
        reached={site: reached.get(site, frozenset()) for site in sites["site_id"]},
        limit_min=limit_min,
    )


def exact_plan(
    plan: Plan,
    barriers: pd.DataFrame,
    *,
    households: pd.DataFrame,
    own_sites: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    limit_min: float = 60.0,
) -> Exact:
    """Reduce BARRIERS to a plan's own sites and meetings, and check the plan's claims by them.

    Raises ``ReleaseError`` when the plan does not say what the barriers say.
    """
    chosen = sites.set_index("site_id", drop=False).loc[list(plan.site_ids)]
    exact = exact_of(
        barriers,
        households=households,
        own_sites=own_sites,
        sites=chosen.reset_index(drop=True),
        meetings=tuple(meeting.meeting_id for meeting in plan.meetings),
        limit_min=limit_min,
    )
    everyone, without = len(exact.everyone), len(exact.without_site)
    if (plan.families, plan.reached) != (everyone, everyone - without):
        message = (
            "The plan does not agree with the stored barriers, so it cannot be shown. Make the "
            "plan again."
        )
        raise ReleaseError(message)
    return exact


def _at_school(
    asked: pd.DataFrame, households: pd.DataFrame, own_sites: pd.DataFrame
) -> dict[str, str]:
    """Return the main reason of each household without an option at any of its schools.

    It is the one furthest along the way, of all its schools and meetings: the least that would
    have to change. A household none of whose schools was asked has another reason.
    """
    at_own = asked.merge(own_sites, on=["household_id", "site_id"])
    order = at_own["reason"].map(FURTHEST).fillna(len(FURTHEST))
    furthest = order.groupby(at_own["household_id"]).max()
    names = dict(enumerate(FURTHEST))
    reasons = furthest.reindex(households["household_id"]).map(
        lambda found: OTHER if pd.isna(found) else names.get(int(found), "")
    )
    return {str(household): reason for household, reason in reasons.items() if reason}
