"""The few controls: where, on which day, from when to when, and how people travel."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta

import streamlit as st

from famgeo.ui.state import View
from famgeo.ui.words import MEANS

EARLIEST, LATEST = time(7), time(23)
STEP = timedelta(minutes=10)


def choose_view(
    first: View,
    *,
    sites: Mapping[str, str],
    means: Sequence[str],
    dates: tuple[date, date] | None,
) -> View:
    """Show the controls, start them at ``first`` the first time, and return what they say.

    Parameters
    ----------
    sites
        The name of each place by its id, in the order offered.
    means
        The ways to travel that this study has data for.
    dates
        The days the timetable covers; None when there is no timetable.
    """
    _start(first, sites, means, dates)
    first_day, last_day = dates or (None, None)
    with st.container(key="controls"):
        place, when, hours, by = st.columns([15, 9, 17, 37])
        place.selectbox("Where to meet", list(sites), format_func=sites.__getitem__, key="place")
        when.date_input(
            "Day", key="day", format="YYYY-MM-DD", min_value=first_day, max_value=last_day
        )
        hours.slider(
            "Meeting starts and ends", EARLIEST, LATEST, step=STEP, format="HH:mm", key="hours"
        )
        by.pills(
            "How people travel",
            means,
            format_func=_label,
            key="means",
            required=True,
            wrap=True,
        )
    return _chosen()


def _chosen() -> View:
    """Return what the controls say."""
    kept = st.session_state
    start, end = kept["hours"]
    return View(site_id=kept["place"], day=kept["day"], start=start, end=end, means=kept["means"])


def _start(
    first: View,
    sites: Mapping[str, str],
    means: Sequence[str],
    dates: tuple[date, date] | None,
) -> None:
    """Give each control its first value, and again when a value is no longer offered."""
    kept = st.session_state
    if kept.get("place") not in sites:
        kept["place"] = first.site_id
    if kept.get("means") not in means:
        kept["means"] = first.means
    if "day" not in kept or (dates and not dates[0] <= kept["day"] <= dates[1]):
        kept["day"] = first.day
    kept.setdefault("hours", (max(first.start, EARLIEST), min(first.end, LATEST)))


def _label(means: str) -> str:
    return MEANS[means].label
