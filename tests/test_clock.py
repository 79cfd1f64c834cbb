"""Clock times and service seconds, on plain days and on the two days when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from famgeo.errors import TravelError
from famgeo.travel.clock import clock_time, local_iso, posix_s, service_seconds, zero_posix_s

NEW_YORK = ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2020, 3, 8), date(2020, 11, 1)
ZONES = st.sampled_from(
    [NEW_YORK, *map(ZoneInfo, ("Europe/Helsinki", "Australia/Lord_Howe", "America/Sao_Paulo"))]
)


def test_a_plain_day_counts_from_midnight():
    assert (
        service_seconds(datetime(2020, 2, 5, 18, tzinfo=NEW_YORK), date(2020, 2, 5), NEW_YORK)
        == 64_800
    )


@pytest.mark.parametrize(("day", "midnight_s"), [(SPRING, 3600), (AUTUMN, -3600)])
def test_when_clocks_change_noon_stays_noon_and_midnight_moves(day, midnight_s):
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)
    assert service_seconds(noon, day, NEW_YORK) == 43_200
    assert service_seconds(noon.replace(hour=0), day, NEW_YORK) == midnight_s


def test_a_time_after_midnight_belongs_to_the_day_before():
    late = clock_time(25 * 3600 + 600, date(2020, 2, 5), NEW_YORK)
    assert late.isoformat() == "2020-02-06T01:10:00-05:00"


def test_an_evening_before_the_clocks_go_forward_runs_on_through_the_gap():
    late = clock_time(26.5 * 3600, SPRING - timedelta(days=1), NEW_YORK)
    assert late.isoformat() == "2020-03-08T03:30:00-04:00"


def test_a_time_the_clocks_skip_is_refused_in_words():
    with pytest.raises(TravelError, match="There is no 02:30 on 2020-03-08 in America/New_York"):
        posix_s(datetime(2020, 3, 8, 2, 30, tzinfo=NEW_YORK))


def test_an_hour_that_comes_twice_is_the_first_unless_its_fold_says_the_second():
    twice = datetime(2020, 11, 1, 1, 30, tzinfo=NEW_YORK)
    assert posix_s(twice.replace(fold=1)) - posix_s(twice) == 3600


def test_a_time_without_zone_is_refused():
    with pytest.raises(TravelError, match="has no time zone"):
        posix_s(datetime(2020, 2, 5, 18))  # noqa: DTZ001 - the fault under test


def test_other_zones_and_offsets_name_the_same_moment():
    in_utc = datetime(2020, 2, 5, 23, tzinfo=UTC)
    assert service_seconds(in_utc, date(2020, 2, 5), NEW_YORK) == 64_800


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(-43_200, 129_600), ZONES)
def test_there_and_back_is_the_same_second(day, seconds, zone):
    assert service_seconds(clock_time(seconds, day, zone), day, zone) == seconds


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), ZONES)
def test_a_service_day_starts_within_an_hour_of_a_day_after_the_last(day, zone):
    gap = zero_posix_s(day + timedelta(days=1), zone) - zero_posix_s(day, zone)
    assert abs(gap - 86_400) <= 3600


def test_times_are_written_with_their_offset_on_both_sides_of_the_change():
    posix = np.array([1_583_650_799.0, 1_583_650_800.0, np.nan, 1_583_650_800.4])
    assert local_iso(posix, NEW_YORK) == [
        "2020-03-08T01:59:59-05:00",
        "2020-03-08T03:00:00-04:00",
        "",
        "2020-03-08T03:00:00-04:00",
    ]
