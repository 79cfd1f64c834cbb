"""What is missing, stale or wrong in a study, and what to do about it."""

from dataclasses import dataclass
from datetime import date, timedelta

import geopandas as gpd
import pandas as pd

from famgeo.domain import Answer
from famgeo.tables import Timetable

STALE_AFTER = timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to see to: ``missing`` stops a plan, ``stale`` and ``unknown`` weaken it."""

    severity: str
    what: str
    do: str


def look_over(
    *,
    schools: gpd.GeoDataFrame,
    assets: gpd.GeoDataFrame,
    has_streets: bool,
    timetables: tuple[Timetable, ...],
    students: int,
    today: date,
) -> tuple[Finding, ...]:
    """Return the findings, the gravest first."""
    hosts = assets[assets["hosts"] == Answer.YES]
    findings = [
        *_missing(bool(students), "families", "roster FILE.csv"),
        *_missing(has_streets, "streets", "streets FILE.osm.pbf"),
        *_missing(len(schools) > 0, "schools", "schools FILE.csv"),
        *_missing(len(hosts) > 0, "places that host (hosts = yes)", "assets FILE.csv"),
        *_timetable_findings(timetables, today),
        *_asset_findings(hosts, today),
        *_access_findings(schools, hosts),
    ]
    return tuple(findings)


def _missing(there: bool, what: str, how: str) -> list[Finding]:  # noqa: FBT001 - one fact
    if there:
        return []
    do = f"Add them: famgeo add STUDY {how}"
    return [Finding(severity="missing", what=f"There are no {what} yet.", do=do)]


def _timetable_findings(timetables: tuple[Timetable, ...], today: date) -> list[Finding]:
    if not timetables:
        what = "There is no bus or train timetable, so families without a car can only walk."
        do = "If there is service, add it: famgeo add STUDY transit GTFS.zip"
        return [Finding(severity="unknown", what=what, do=do)]
    findings = []
    for feed in timetables:
        days = pd.to_datetime(feed.services["date"])
        first, last = days.min().date(), days.max().date()
        if not first <= today <= last:
            what = f"The timetable '{feed.feed_id}' covers {first} to {last}, not today."
            do = "Ask the transit agency for its current GTFS file and add it."
            findings.append(Finding(severity="stale", what=what, do=do))
        if not (feed.stops["wheelchair"] == Answer.YES).any():
            what = f"The timetable '{feed.feed_id}' says of no stop that it is step-free."
            do = "Until it does, wheelchair users are counted as unable to ride."
            findings.append(Finding(severity="unknown", what=what, do=do))
    return findings


def _asset_findings(hosts: gpd.GeoDataFrame, today: date) -> list[Finding]:
    dates = pd.to_datetime(hosts["verified_on"], errors="coerce", format="ISO8601")
    old = int((dates.isna() | (dates < pd.Timestamp(today - STALE_AFTER))).sum())
    if not old:
        return []
    what = f"{old} of {len(hosts)} places that host were not confirmed in the last 180 days."
    do = "Call them before a meeting is planned there."
    return [Finding(severity="stale", what=what, do=do)]


def _access_findings(schools: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame) -> list[Finding]:
    unknown = [
        *schools.loc[schools["wheelchair"] == Answer.UNKNOWN, "school_id"],
        *hosts.loc[hosts["wheelchair"] == Answer.UNKNOWN, "asset_id"],
    ]
    if not unknown:
        return []
    what = f"Whether there is a step-free way in is not known of {', '.join(unknown)}."
    do = "Look, and fill in the wheelchair column: not known never counts as yes."
    return [Finding(severity="unknown", what=what, do=do)]
