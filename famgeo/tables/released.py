"""What may be shown, and how it is said: the only tables that maps, files and pages know."""

from dataclasses import asdict, dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from famgeo.tables.schemas import no_neighborhoods, no_tables


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The released answer for one plan: counts rounded with the key, None = fewer than ``k``.

    ``quality`` says how good the plan is; ``by_reason`` maps a Reason to the released count of
    families without an option at school for whom it is the main reason.
    """

    families: int
    no_option_at_school: int | None
    no_option_with_plan: int | None
    quality: str
    by_reason: dict[str, int | None] = field(default_factory=dict)
    k: int = 10


@dataclass(frozen=True, kw_only=True)
class ReleasedPlan:
    """A plan as it may be shown: sites are public facts, counts went through the gate.

    sites : the SITES columns of the chosen sites, ``reached`` (nullable Int64; NA = fewer than k):
        released number of families who could attend there.
    settings : everything needed to make the plan again, JSON types only.
    """

    name: str
    meetings: tuple[str, ...]
    headline: Headline
    sites: gpd.GeoDataFrame
    settings: dict[str, object]

    def __str__(self) -> str:
        head = self.headline
        hidden = (head.no_option_at_school, head.no_option_with_plan)
        now, then = (shown(count, head.k) for count in hidden)
        answer = (
            f"{self.name}: of {shown(head.families)} families, {now} have no way to attend "
            f"at their own school and get home. With these {len(self.sites)} sites, {then} "
            f"have no option ({head.quality})."
        )
        return "\n".join([answer, *_site_lines(self.sites, head.k), *self.notes])

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of the timetables on the plan's days."""
        notes = self.settings.get("notes", ())
        return tuple(map(str, notes)) if isinstance(notes, list | tuple) else ()

    def as_json(self) -> dict[str, object]:
        """Return the plan as JSON types; a count that is too small to show is null."""
        return {
            "plan": self.name,
            "meetings": list(self.meetings),
            **asdict(self.headline),
            "sites": _site_records(self.sites),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class ReleasedBarriers:
    """Who cannot come, as it may be shown: for these meetings, at school and at each site.

    sites : site_id, name, kind, reached (nullable Int64; NA = fewer than k). notes : what must be
    known of the timetables on these days.
    """

    meetings: tuple[str, ...]
    headline: Headline
    sites: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = self.headline
        reasons = [
            f"  {REASON_WORDS[reason]}: {shown(count, head.k)}"
            for reason, count in head.by_reason.items()
        ]
        answer = (
            f"Of {shown(head.families)} families, {shown(head.no_option_at_school, head.k)} have "
            f"no way to attend at their own school and get home{':' if reasons else '.'}"
        )
        heading = "Families who could attend at each place:"
        sites = _site_lines(self.sites, head.k)
        return "\n".join([answer, *reasons, heading, *sites, *self.notes])

    def as_json(self) -> dict[str, object]:
        """Return the summary as JSON types; a count that is too small to show is null."""
        return {
            "meetings": list(self.meetings),
            "families": self.headline.families,
            "no_option_at_school": self.headline.no_option_at_school,
            "by_reason": self.headline.by_reason,
            "sites": _site_records(self.sites),
            "notes": list(self.notes),
        }


REASON_WORDS = {
    "off_network": "live too far from any street on the map",
    "no_step_free_way": "need a step-free way that is not there or not known",
    "no_trip_there": "have no trip there in time",
    "too_long_there": "would travel too long to get there",
    "no_trip_home": "have no trip home after the end",
    "too_long_home": "would travel too long to get home",
    "not_that_evening": "cannot come that evening",
    "no_interpreter": "need an interpreter",
    "no_child_care": "need child care",
    "no_seat": "find no seat",
    "other": "have another reason",
}


def shown(count: int | None, k: int = 10) -> str:
    """Say a released count in words; None is a group too small to count.

    >>> shown(1250), shown(None)
    ('1,250', 'fewer than 10')
    """
    return f"fewer than {k}" if count is None else f"{count:,}"


def _site_lines(sites: pd.DataFrame, k: int) -> list[str]:
    return [
        f"  {row['site_id']}  {row['name']}: {shown(row['reached'], k)} families"
        for row in _site_records(sites)
    ]


def _site_records(sites: pd.DataFrame) -> list[dict[str, Any]]:
    counts = [None if pd.isna(n) else int(n) for n in sites["reached"]]
    rows = zip(sites["site_id"], sites["name"], sites["kind"], counts, strict=True)
    return [{"site_id": i, "name": n, "kind": k, "reached": c} for i, n, k, c in rows]


@dataclass(frozen=True, kw_only=True)
class Release:
    """The one audited object every page, export and message is a function of.

    home_areas : HOME_AREAS, families rounded. neighborhoods : NEIGHBORHOODS. tables : ONE_WAY.
    unmapped : released number of families that live in no home area (protected, or too few);
        None = fewer than k.
    """

    release_id: str
    study: str
    k: int
    home_areas: gpd.GeoDataFrame
    unmapped: int | None
    neighborhoods: gpd.GeoDataFrame = field(default_factory=no_neighborhoods)
    tables: pd.DataFrame = field(default_factory=no_tables)
    plans: tuple[ReleasedPlan, ...] = ()
