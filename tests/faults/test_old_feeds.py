"""The timetable is of last term, is empty, or has faults; one that is good may be there already.

Promise: a timetable that is over, empty or unreadable never takes the place of one that runs
longer; the dates are said. Trips that cannot be are dropped, counted and listed, and the rest goes
on. Times past midnight and the nights when clocks change count from noon of the service day.
"""

from datetime import UTC, date, datetime

import pytest
from feeds import FEED, ZONE, write_feed

from famgeo.errors import SourceError
from famgeo.study.stored import stored_timetable
from famgeo.study.study import create_study
from famgeo.travel.timetable import service_day

IN_TERM = datetime(2020, 2, 5, 12, tzinfo=UTC)
AFTER = datetime(2020, 2, 15, 12, tzinfo=UTC)
DAYS = "20200203,20200214"


@pytest.fixture
def study(tmp_path):
    return create_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE)


def feed(folder, days=DAYS, **files):
    folder.mkdir(exist_ok=True)
    changed = {f"{name}.txt": text for name, text in files.items()}
    calendar = FEED["calendar.txt"].replace(DAYS, days)
    return write_feed(folder / "bus.zip", {"calendar.txt": calendar, **changed})


def last_day(study):
    [file] = study.store.files("transit")
    return stored_timetable(study.store, file).services["date"].max().date()


def test_a_timetable_that_is_over_replaces_none_that_runs_longer(study, tmp_path):
    study.add_transit(feed(tmp_path / "new"), now=IN_TERM)
    old = feed(tmp_path / "old", "20190902,20191220")
    with pytest.raises(
        SourceError, match=r"2019-09-02 to 2019-12-20, which is over.*2020-02-14 and"
    ):
        study.add_transit(old, now=IN_TERM)
    assert last_day(study) == date(2020, 2, 14)


def test_over_or_not_the_longer_one_stays(study, tmp_path):
    study.add_transit(feed(tmp_path / "new"), now=IN_TERM)
    with pytest.raises(SourceError, match="stays"):
        study.add_transit(feed(tmp_path / "old", "20190902,20191220"), now=AFTER)
    report = study.add_transit(feed(tmp_path / "less old", "20200203,20200216"), now=AFTER)
    assert last_day(study) == date(2020, 2, 14)
    assert any("takes the place" in note for note in report.notes)


def test_the_first_timetable_may_be_over_and_says_so(study, tmp_path):
    report = study.add_transit(feed(tmp_path / "old"), now=AFTER)
    assert "It covers 2020-02-03 to 2020-02-14, which is over" in str(report)
    assert last_day(study) == date(2020, 2, 14)
    report = study.add_transit(feed(tmp_path / "old"), now=IN_TERM)
    assert "which is over" not in str(report)


def test_a_damaged_timetable_holds_back_no_other(study, tmp_path):
    study.add_transit(feed(tmp_path / "new"), now=IN_TERM)
    [file] = study.store.files("transit")
    file.path.write_bytes(b"damaged")
    study.add_transit(feed(tmp_path / "old", "20190902,20191220"), now=AFTER)
    assert last_day(study) == date(2019, 12, 20)


@pytest.mark.parametrize(
    "fault",
    [
        {"stop_times": FEED["stop_times.txt"].splitlines()[0] + "\n"},
        {"days": "20200215,20200216"},  # weekdays of a weekend
        {"trips": None},
        {"stops": ""},
    ],
    ids=["no stop times", "no day of service", "no trips", "no stops"],
)
def test_an_empty_timetable_is_refused_and_the_last_good_one_kept(study, tmp_path, fault):
    study.add_transit(feed(tmp_path / "good"), now=IN_TERM)
    with pytest.raises(SourceError, match=r"bus\.zip"):
        study.add_transit(feed(tmp_path / "bad", **fault), now=IN_TERM)
    assert last_day(study) == date(2020, 2, 14)


def test_bad_trips_are_listed_and_the_rest_runs_also_past_midnight(study, tmp_path):
    times = FEED["stop_times.txt"] + (
        "N,25:30:00,25:30:00,A,1\nN,25:40:00,25:40:00,C,2\n"
        "X,09:00:00,09:00:00,A,1\nX,08:00:00,08:00:00,B,2\n"
        "Y,09:00:00,09:00:00,A,1\nY,09:10:00,09:10:00,NOWHERE,2\n"
    )
    trips = FEED["trips.txt"] + "R,W,N\nR,W,X\nR,W,Y\n"
    report = study.add_transit(feed(tmp_path / "new", stop_times=times, trips=trips), now=IN_TERM)
    assert {refusal.row for refusal in report.refused} >= {8, 10}
    [file] = study.store.files("transit")
    timetable = stored_timetable(study.store, file)
    assert timetable.trips["trip_id"].tolist() == ["bus:T", "bus:N"]
    day = service_day([timetable], date(2020, 2, 6), step_free=False)
    half_past_one = 25.5 * 3600
    assert half_past_one in day.forward.depart_s
    assert half_past_one - 24 * 3600 in day.forward.depart_s  # last night's
