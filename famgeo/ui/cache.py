"""Travel as public geography, worked out once for each kind of look at a release.

Everything kept here is released or public. It is kept by release, role and schools nonetheless, so
that what one person's page worked out is never another's to see.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import streamlit as st

from famgeo.domain import Meeting, Reason
from famgeo.roles import Person
from famgeo.study.study import Study
from famgeo.tables import Release
from famgeo.ui.scope import seen_as


def round_trips(
    study: Study, person: Person, release: Release, *, site_id: str, meeting: Meeting, means: str
) -> pd.DataFrame:
    """Return how people of each home area would come to a meeting at a site and go home.

    One row per home area of ``release``, which is what ``person`` sees of the newest one, indexed
    by ``home_area_id``: ``there_min``, ``home_min``, ``margin_min`` (below 0 when the last way home
    leaves before the end) and ``reason``. Computed from streets and timetables alone, and kept.
    """

    def of(asked: Meeting) -> pd.DataFrame:
        key = (release.release_id, seen_as(person), site_id, asked.meeting_id, means)
        return _round_trips(study, release, asked, key)

    trips = of(meeting)
    if trips.margin_min.notna().all():
        return trips
    early = replace(meeting, ends=meeting.arrive_by + timedelta(minutes=1))
    return told_when_it_left(trips, of(early), later_min=(meeting.ends - early.ends).seconds / 60)


def told_when_it_left(
    trips: pd.DataFrame, before: pd.DataFrame, *, later_min: float
) -> pd.DataFrame:
    """Say of areas that no ride takes home when the last one left.

    ``before`` holds the trips of a meeting that ends ``later_min`` earlier. Where that one has a
    ride home, the walk that is left counts as no way home, however long it takes.
    """
    left = trips.margin_min.isna() & np.isfinite(before.margin_min)
    stuck = left & (trips.reason == Reason.TOO_LONG_HOME)
    return trips.assign(
        margin_min=trips.margin_min.mask(left, before.margin_min - later_min),
        home_min=trips.home_min.mask(stuck),
        reason=trips.reason.mask(stuck, str(Reason.NO_TRIP_HOME)),
    )


@st.cache_data(max_entries=500, show_spinner=False)
def _round_trips(
    _study: Study,
    _release: Release,
    _meeting: Meeting,
    key: tuple[str, tuple[str, ...], str, str, str],
) -> pd.DataFrame:
    _release_id, _seen, site_id, _meeting_id, means = key
    trips = _study.round_trips(site_id, _meeting, means).set_index("home_area_id")
    return trips[trips.index.isin(_release.home_areas.home_area_id)]
