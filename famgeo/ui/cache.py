"""Travel as public geography, worked out once and shared by all who look.

Everything kept here is released or public, so all users may share it.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import streamlit as st

from famgeo.domain import Meeting, Reason
from famgeo.study.study import Study


def round_trips(
    study: Study, release_id: str, site_id: str, meeting: Meeting, means: str
) -> pd.DataFrame:
    """Return how people of each home area would come to a meeting at a site and go home.

    One row per home area, indexed by ``home_area_id``: ``there_min``, ``home_min``, ``margin_min``
    (below 0 when the last way home leaves before the end) and ``reason``. Computed from streets
    and timetables alone, and kept.
    """
    trips = _round_trips(study, meeting, release_id, site_id, meeting.meeting_id, means)
    if trips.margin_min.notna().all():
        return trips
    early = replace(meeting, ends=meeting.arrive_by + timedelta(minutes=1))
    before = _round_trips(study, early, release_id, site_id, early.meeting_id, means)
    return told_when_it_left(trips, before, later_min=(meeting.ends - early.ends).seconds / 60)


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
    _meeting: Meeting,
    release_id: str,  # noqa: ARG001 - the cache's key: new home areas, new rows
    site_id: str,
    meeting_id: str,  # noqa: ARG001 - the same: the meeting itself is not hashed
    means: str,
) -> pd.DataFrame:
    trips = _study.round_trips(site_id, _meeting, means)
    return trips.set_index("home_area_id")
