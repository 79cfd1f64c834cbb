"""What is missing, stale or wrong in a study, and what to do about it.

Places are public and named; families are told of by the ids of schools and by released counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd

from famgeo.domain import Answer
from famgeo.sources.places import distance_km
from famgeo.study.directory import clash
from famgeo.tables import Timetable, lonlat

STALE_AFTER = timedelta(days=180)
FAR_KM = 30.0
"""How far a place or a stop may be from every school before it looks like another city's."""
MOST_NAMED = 12
STOPPING = ("missing", "wrong")
"""The severities that stop a plan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to see to: ``missing`` and ``wrong`` stop a plan, others weaken it.

    The others are ``stale``, ``unknown`` and ``doubtful``.
    """

    severity: str
    what: str
    do: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OffStreets:
    """What is too far from any street: the words for a released count of homes, and site ids."""

    homes: str = ""
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What ``look_over`` goes by.

    families : whether there are any. unknown_schools : ids that students name and the schools
    file has not, each of enough households to be named; ``rare_schools``: whether there are
    others, which are never repeated, for where columns have slipped they hold an address.
    """

    study: str
    zone: str
    schools: gpd.GeoDataFrame
    assets: gpd.GeoDataFrame
    families: bool
    unknown_schools: tuple[str, ...]
    rare_schools: bool
    has_streets: bool
    timetables: tuple[Timetable, ...]
    off_streets: OffStreets
    damaged: tuple[str, ...]


def look_over(seen: Looked, *, today: date) -> tuple[Finding, ...]:
    """Return the findings, the gravest first."""
    hosts = seen.assets[seen.assets["hosts"] == Answer.YES]
    return (
        *_missing(seen.families, "families", f"{seen.study} roster FILE.csv"),
        *_missing(seen.has_streets, "streets", f"{seen.study} streets FILE.osm.pbf"),
        *_missing(len(seen.schools) > 0, "schools", f"{seen.study} schools FILE.csv"),
        *_missing(
            len(hosts) > 0, "places that host (hosts = yes)", f"{seen.study} assets FILE.csv"
        ),
        *(Finding(severity="missing", what=what, do="") for what in seen.damaged),
        *_id_findings(seen),
        *_far_findings(seen),
        *_street_findings(seen.off_streets),
        *_timetable_findings(seen, today),
        *_asset_findings(hosts, today),
        *_access_findings(seen.schools, hosts),
    )


def _missing(there: bool, what: str, how: str) -> list[Finding]:  # noqa: FBT001 - one fact
    if there:
        return []
    do = f"Add them: famgeo add {how}"
    return [Finding(severity="missing", what=f"There are no {what} yet.", do=do)]


def _id_findings(seen: Looked) -> list[Finding]:
    findings = []
    if both := clash(set(seen.schools["school_id"]), set(seen.assets["asset_id"])):
        do = "Give one of them another id and add its file again."
        findings.append(Finding(severity="wrong", what=both, do=do))
    rare = ("ids that only a few students have",) if seen.rare_schools else ()
    if unknown := [*seen.unknown_schools, *rare]:
        what = f"Students go to schools that are not in the schools file: {named(unknown)}."
        do = "Add these schools, or correct the school_id column of the roster."
        findings.append(Finding(severity="doubtful", what=what, do=do))
    return findings


def _far_findings(seen: Looked) -> list[Finding]:
    if seen.schools.empty:
        return []
    far = ~_near_a_school(lonlat(seen.assets), seen.schools)
    findings = []
    if far.any():
        where = named(seen.assets["asset_id"][far])
        what = f"These places are over {FAR_KM:.0f} km from every school: {where}."
        do = "Check their lon and lat."
        findings.append(Finding(severity="doubtful", what=what, do=do))
    for feed in seen.timetables:
        stops = feed.stops[["lon", "lat"]].to_numpy(np.float64)
        if not _near_a_school(stops, seen.schools).any():
            what = (
                f"No stop of the timetable '{feed.feed_id}' is within {FAR_KM:.0f} km of a school."
            )
            do = "Check that it is of this district."
            findings.append(Finding(severity="doubtful", what=what, do=do))
    return findings


def _street_findings(off: OffStreets) -> list[Finding]:
    findings = []
    if off.homes:
        what = f"Families who live too far from any street on the map: {off.homes}."
        do = "Check that the street file covers the district, and the coordinates in the roster."
        findings.append(Finding(severity="doubtful", what=what, do=do))
    if off.sites:
        what = f"These places are too far from any street on the map: {named(off.sites)}."
        do = "Check their lon and lat, and that the street file covers the district."
        findings.append(Finding(severity="doubtful", what=what, do=do))
    return findings


def _timetable_findings(seen: Looked, today: date) -> list[Finding]:
    if not seen.timetables and seen.damaged:
        return []
    if not seen.timetables:
        what = "There is no bus or train timetable, so families without a car can only walk."
        do = f"If there is service, add it: famgeo add {seen.study} transit GTFS.zip"
        return [Finding(severity="unknown", what=what, do=do)]
    return [f for feed in seen.timetables for f in _feed_findings(feed, seen.zone, today)]


def _feed_findings(feed: Timetable, zone: str, today: date) -> list[Finding]:
    findings = []
    days = pd.to_datetime(feed.services["date"])
    first, last = days.min().date(), days.max().date()
    if not first <= today <= last:
        what = f"The timetable '{feed.feed_id}' covers {first} to {last}, not today."
        do = "Ask the transit agency for its current GTFS file and add it."
        findings.append(Finding(severity="stale", what=what, do=do))
    if feed.timezone != zone:
        what = f"The timetable '{feed.feed_id}' is in {feed.timezone}, the study in {zone}."
        do = "Check the timezone in famgeo.toml, and that the timetable is of this district."
        findings.append(Finding(severity="doubtful", what=what, do=do))
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
    what = f"Places that host but were not confirmed in the last 180 days: {old} of {len(hosts)}."
    do = "Call them before a meeting is planned there."
    return [Finding(severity="stale", what=what, do=do)]


def _access_findings(schools: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame) -> list[Finding]:
    unknown = [
        *schools.loc[schools["wheelchair"] == Answer.UNKNOWN, "school_id"],
        *hosts.loc[hosts["wheelchair"] == Answer.UNKNOWN, "asset_id"],
    ]
    if not unknown:
        return []
    what = f"Whether there is a step-free way in is not known of {named(unknown)}."
    do = "Look, and fill in the wheelchair column: not known never counts as yes."
    return [Finding(severity="unknown", what=what, do=do)]


def _near_a_school(points: np.ndarray, schools: gpd.GeoDataFrame) -> np.ndarray:
    """Return which of the (n, 2) points are within ``FAR_KM`` of a school."""
    near = np.zeros(len(points), dtype=bool)
    for lon, lat in lonlat(schools):
        near |= distance_km(points[:, 0], points[:, 1], lon, lat) <= FAR_KM
    return near


def named(ids: Sequence[str] | pd.Series) -> str:
    """List ids in a sentence; beyond a dozen, count the others.

    >>> named(["S1", "S2"]), named([f"A{n}" for n in range(14)])[-16:]
    ('S1, S2', 'A11 and 2 others')
    """
    listed = list(ids)
    if len(listed) <= MOST_NAMED + 1:
        return ", ".join(listed)
    return f"{', '.join(listed[:MOST_NAMED])} and {len(listed) - MOST_NAMED} others"
