"""Stop times: parse them, refuse what runs backwards, and fill the blanks between timepoints."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.sources.gtfs_text import TextFile

BLANK = -1
BAD = -2
MAX_HOURS = 240
EARTH_M = 6_371_000.0

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")


def clock_seconds(text: str) -> int:
    """Return ``25:10:00`` as seconds since noon minus 12 h; -1 when blank, -2 when unreadable.

    >>> clock_seconds("25:10:00"), clock_seconds(""), clock_seconds("7h30")
    (90600, -1, -2)
    """
    if not text:
        return BLANK
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) >= MAX_HOURS:
        return BAD
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])


def parse_times(file: TextFile, column: str) -> Ints:
    """Return a column of times as service seconds, parsing each distinct text once."""
    codes, values = file.codes(column)
    return np.array([clock_seconds(v) for v in values] or [BLANK], dtype=np.int32)[codes]


def first_of_trip(trip: Ints) -> Mask:
    """Mark the first row of each trip in rows sorted by trip."""
    return np.concatenate([[True], trip[1:] != trip[:-1]])[: len(trip)]


def runs_backwards(times: pd.DataFrame) -> Mask:
    """Mark rows whose time lies before an earlier time of the same trip; blanks are skipped."""
    trip = times["trip"].to_numpy()
    both = np.stack([times["arrival_s"].to_numpy(), times["departure_s"].to_numpy()], axis=1)
    row, _ = known = np.nonzero(both >= 0)
    value = both[known]
    back = np.concatenate([[False], (value[1:] < value[:-1]) & (trip[row[1:]] == trip[row[:-1]])])
    marked = np.zeros(len(times), dtype=bool)
    marked[row[back[: len(row)]]] = True
    return marked


def fill_blanks(times: pd.DataFrame, stops: pd.DataFrame, shape_m: Floats) -> pd.DataFrame:
    """Fill blank times between timepoints in proportion to the way travelled.

    The way is ``shape_dist_traveled`` where a trip has it throughout, else straight lines from
    stop to stop, else each stop counts the same. Every trip must start and end with a time.
    """
    arrival, departure = times["arrival_s"].to_numpy(), times["departure_s"].to_numpy()
    blank = arrival < 0
    if not blank.any():
        return times
    here = np.arange(len(times))
    before = np.maximum.accumulate(np.where(blank, 0, here))
    after = np.minimum.accumulate(np.where(blank, len(times), here)[::-1])[::-1]
    share = _share(here, before, after, _way_m(times, stops, shape_m))
    between = departure[before] + share * (arrival[after] - departure[before])
    filled = np.rint(between).astype(np.int32)
    return times.assign(
        arrival_s=np.where(blank, filled, arrival).astype(np.int32),
        departure_s=np.where(blank, filled, departure).astype(np.int32),
    )


def _share(
    here: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64], way_m: Floats
) -> Floats:
    length = way_m[after] - way_m[before]
    evenly = (here - before) / np.maximum(after - before, 1)
    return np.where(length > 0, (way_m - way_m[before]) / np.where(length > 0, length, 1), evenly)


def _way_m(times: pd.DataFrame, stops: pd.DataFrame, shape_m: Floats) -> Floats:
    """Return how far along its trip each row is; only differences within a trip mean anything."""
    trip = times["trip"].to_numpy()
    step = straight_m(stops, times["stop"].to_numpy())
    shape_step = np.diff(shape_m, prepend=np.nan)
    first = first_of_trip(trip)
    unusable = np.isnan(shape_m) | (~first & ~(shape_step >= 0))
    bad_trip = np.zeros(trip.max() + 1, dtype=bool)
    bad_trip[trip[unusable]] = True
    return np.cumsum(np.where(first, 0.0, np.where(bad_trip[trip], step, shape_step)))


def straight_m(stops: pd.DataFrame, stop: Ints) -> Floats:
    """Return the straight metres from the row before to each row; the first has 0."""
    lon = np.radians(stops["lon"].to_numpy()[stop])
    lat = np.radians(stops["lat"].to_numpy()[stop])
    east = np.diff(lon, prepend=lon[:1]) * np.cos(lat)
    return np.asarray(EARTH_M * np.hypot(east, np.diff(lat, prepend=lat[:1])))
