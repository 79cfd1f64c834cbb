"""Clock times outside, service seconds inside, and the bridge between them.

GTFS counts a service day from *noon minus 12 h* in the agency's zone, not from midnight: on the
two days a year when clocks change these differ by an hour, and only noon is never skipped.
Standard: GTFS Schedule reference, field type Time.
"""

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.errors import TravelError

HALF_DAY_S = 43_200


def zero_posix_s(day: date, zone: ZoneInfo) -> int:
    """Return noon minus 12 h of a service day as POSIX seconds.

    >>> zero_posix_s(date(2020, 3, 8), ZoneInfo("America/New_York"))  # clocks go forward
    1583640000
    """
    return int(datetime.combine(day, time(12), zone).timestamp()) - HALF_DAY_S


def posix_s(moment: datetime) -> float:
    """Return an aware clock time as POSIX seconds; of an hour that comes twice, as its fold says.

    Raises
    ------
    TravelError
        When the time has no zone, or the clocks skip it that night.
    """
    if moment.tzinfo is None:
        message = f"The time {moment:%Y-%m-%d %H:%M} has no time zone; add one."
        raise TravelError(message)
    seconds = moment.timestamp()
    again = datetime.fromtimestamp(seconds, UTC).astimezone(moment.tzinfo)
    if again.replace(tzinfo=None, fold=0) != moment.replace(tzinfo=None, fold=0):
        message = (
            f"There is no {moment:%H:%M} on {moment:%Y-%m-%d} in {moment.tzinfo}: the clocks go "
            "forward over it. Choose another time."
        )
        raise TravelError(message)
    return seconds


def service_seconds(moment: datetime, day: date, zone: ZoneInfo) -> float:
    """Return an aware clock time as seconds from noon minus 12 h of a service day.

    >>> zone = ZoneInfo("America/New_York")
    >>> service_seconds(datetime(2020, 2, 6, 1, 10, tzinfo=zone), date(2020, 2, 5), zone) / 3600
    25.166666666666668
    """
    return posix_s(moment) - zero_posix_s(day, zone)


def clock_time(seconds: float, day: date, zone: ZoneInfo) -> datetime:
    """Return service seconds of a day as an aware clock time in the zone.

    >>> clock_time(90_600, date(2020, 2, 5), ZoneInfo("America/New_York")).isoformat()
    '2020-02-06T01:10:00-05:00'
    """
    return datetime.fromtimestamp(zero_posix_s(day, zone) + seconds, zone)


def local_iso(posix: NDArray[np.float64], zone: tzinfo) -> list[str]:
    """Return POSIX seconds as local ISO 8601 times with offset, to the second; '' for NaN.

    >>> local_iso(np.array([1_580_969_400.0, np.nan]), ZoneInfo("America/New_York"))
    ['2020-02-06T01:10:00-05:00', '']
    """
    known = np.isfinite(posix)
    whole = np.rint(posix[known]).astype(np.int64)
    distinct, place = np.unique(whole, return_inverse=True)
    stamps = pd.to_datetime(distinct, unit="s", utc=True).tz_convert(zone)
    texts = np.array([stamp.isoformat() for stamp in stamps], dtype=object)
    filled = np.full(len(posix), "", dtype=object)
    filled[known] = texts[place]
    return [str(text) for text in filled]
