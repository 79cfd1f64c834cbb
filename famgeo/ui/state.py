"""What someone is looking at: kept in the address as ids, so a link shows another the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from famgeo.domain import Meeting
from famgeo.tables import ReleasedPlan
from famgeo.ui.words import MEANS

T = TypeVar("T")

USUAL_HOURS = (time(18, 30), time(20, 30))
USUAL_WEEKDAY = 1
"""Tuesday: far from the weekend's other timetable."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A place, an evening and a way to travel."""

    site_id: str
    day: date
    start: time
    end: time
    means: str

    def meeting(self, zone: ZoneInfo) -> Meeting:
        """Return the meeting at its local time; an end at or before the start is next day's."""
        ends = self.day + timedelta(days=self.end <= self.start)
        return Meeting(
            arrive_by=datetime.combine(self.day, self.start, zone),
            ends=datetime.combine(ends, self.end, zone),
        )


def first_view(
    *,
    site_ids: Sequence[str],
    plan: ReleasedPlan | None,
    dates: tuple[date, date] | None,
    means: Sequence[str],
) -> View:
    """Return the view the address asks for, and where it does not, the plan's own evening."""
    day, start, end = _evening(plan, dates)
    asked = st.query_params
    return View(
        site_id=_one_of(asked.get("place", ""), site_ids),
        day=_within(_read(date.fromisoformat, asked.get("day", ""), day), dates),
        start=_read(time.fromisoformat, asked.get("from", ""), start),
        end=_read(time.fromisoformat, asked.get("to", ""), end),
        means=_one_of(asked.get("by", ""), means),
    )


def day_outside(dates: tuple[date, date] | None) -> date | None:
    """Return the day the address asks for when the timetable does not cover it, else None."""
    asked = _read(date.fromisoformat, st.query_params.get("day", ""), date.min)
    return None if asked in {date.min, _within(asked, dates)} else asked


def remember(view: View) -> None:
    """Write the view into the address."""
    st.query_params.from_dict(
        {
            "place": view.site_id,
            "day": view.day.isoformat(),
            "from": f"{view.start:%H:%M}",
            "to": f"{view.end:%H:%M}",
            "by": view.means if view.means in MEANS else "",
        }
    )


def _evening(plan: ReleasedPlan | None, dates: tuple[date, date] | None) -> tuple[date, time, time]:
    """Return the plan's first evening, else the timetable's first Tuesday at the usual hours."""
    if plan is not None:
        start_text, end_text = min(plan.meetings).split("/")
        start = datetime.fromisoformat(start_text)
        return start.date(), start.time(), time.fromisoformat(end_text)
    first = dates[0] if dates else date(2026, 9, 1)
    later = timedelta(days=(USUAL_WEEKDAY - first.weekday()) % 7)
    return _within(first + later, dates), *USUAL_HOURS


def _one_of(wanted: str, known: Sequence[str]) -> str:
    return wanted if wanted in known else known[0]


def _within(day: date, dates: tuple[date, date] | None) -> date:
    return min(max(day, dates[0]), dates[1]) if dates else day


def _read(parse: Callable[[str], T], text: str, otherwise: T) -> T:
    """Return a part of the address, or the usual when it is missing or mistyped."""
    try:
        return parse(text)
    except ValueError:
        return otherwise
