"""Travel as public geography, worked out once and shared by all who look.

Everything kept here is released or public, so all users may share it.
"""

import pandas as pd
import streamlit as st

from famgeo.domain import Meeting
from famgeo.study import Study


def round_trips(
    study: Study, release_id: str, site_id: str, meeting: Meeting, means: str
) -> pd.DataFrame:
    """Return how people of each home area would come to a meeting at a site and go home.

    One row per home area, indexed by ``home_area_id``: ``there_min``, ``home_min``, ``margin_min``
    and ``reason``. Computed from streets and timetables alone, and kept.
    """
    return _round_trips(study, meeting, release_id, site_id, meeting.meeting_id, means)


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
