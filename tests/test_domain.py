"""Meetings, limits and reports are checked when they are made, and say what is wrong in words."""

from dataclasses import fields
from zoneinfo import ZoneInfo

import pytest

from famgeo.domain import HIGHEST, Limits, Meeting, ReadReport, Refusal, StudySettings
from famgeo.errors import PlanError, StudyError, TravelError

ZONE = ZoneInfo("America/Chicago")


@pytest.mark.parametrize("text", ["2026-12-08 18:30/20:30", "2026-12-08T18:30 / 20:30"])
def test_a_meeting_is_a_date_a_start_and_an_end(text):
    meeting = Meeting.parse(text, ZONE)
    assert meeting.meeting_id == "2026-12-08T18:30/20:30"
    assert meeting.weekday == "Tu"


def test_a_meeting_that_ends_before_it_starts_ends_on_the_next_day():
    meeting = Meeting.parse("2026-12-08 22:30/00:30", ZONE)
    assert (meeting.ends.day, meeting.ends.hour) == (9, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-12-08/20:30",
        "2026-12-08 18:30",
        "2026-13-08 18:30/20:30",
        "2026-12-08 24:30/25:30",
        "2026-12-08 6pm/8pm",
        "20261208 1830/2030",
        "2026-12-08 18:30Z/20:30Z",
        "2026-12-08 18:30+02:00/20:30",
        "2026-12-08 18:30/2026-12-08 20:30",
    ],
)
def test_a_meeting_written_otherwise_is_refused_with_the_way_to_write_it(text):
    with pytest.raises(PlanError, match="Write it as '2020-02-05 18:00/20:00'"):
        Meeting.parse(text, ZONE)


def test_every_limit_has_a_ceiling_above_what_it_is_by_itself():
    assert set(HIGHEST) == {item.name for item in fields(Limits)}
    assert all(getattr(Limits(), name) <= most for name, most in HIGHEST.items())


@pytest.mark.parametrize("name", HIGHEST)
def test_a_limit_out_of_reach_is_refused_by_name_and_range(name):
    for value in (-1, HIGHEST[name] + 1, float("nan"), float("inf")):
        with pytest.raises(TravelError, match=f"{name} is .* up to {HIGHEST[name]}"):
            Limits(**{name: value})
    assert getattr(Limits(**{name: HIGHEST[name]}), name) == HIGHEST[name]


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x1b[2J"])
def test_a_study_has_a_name_that_can_be_read_aloud(name):
    with pytest.raises(StudyError, match="on one line"):
        StudySettings(name=name, timezone="America/Chicago")


def test_a_report_of_many_refusals_stays_short_and_counts_every_row():
    refused = tuple(Refusal(row=row, why="lat is blank") for row in range(2, 6002, 2))
    report = ReadReport(source="roster.csv", rows_read=6000, rows_used=3000, refused=refused)
    line = str(report).splitlines()[1]
    assert line.startswith("  Rows 2, 4, 6")
    assert line.endswith("and 2,980 more: lat is blank")
    assert line.removesuffix(" and 2,980 more: lat is blank").count(",") == 19
