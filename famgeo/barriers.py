"""Minutes → who cannot come, and why.

A family can attend when, by some means it has, it arrives by the start within the limit and gets
home after the end within the limit. Everyone may go on foot and ride; a household with a car may
drive, and whoever is allowed a bicycle may cycle, both ways or not at all. Not knowing of a car
counts as none. A household with a wheelchair user goes by step-free ways to sites known to be
accessible.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from famgeo.domain import Answer, Limits, Meeting, Mode, Reason, Status
from famgeo.tables import BARRIERS, Trips, split_list

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Codes = NDArray[np.int8]

REASONS = (*(str(reason) for reason in Reason), "")
CODE = {reason: code for code, reason in enumerate(REASONS)}
ATTENDS = CODE[""]
MODES = (*(str(mode) for mode in Mode), "")
STATUS = {status: code for code, status in enumerate(Status)}

ON_FOOT = ("walk", "transit")
STEP_FREE = ("wheelchair", "transit_step_free")
SCHEDULED = frozenset({"transit", "transit_step_free"})
BLOCK_ROWS = 4096


def find_barriers(  # noqa: PLR0917 - tables in the order of the question, then of the journey
    households: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    meeting: Meeting,
    there: Mapping[str, Trips],
    home: Mapping[str, Trips],
    margin: Mapping[str, NDArray[np.floating]],
    limits: Limits,
) -> pd.DataFrame:
    """Say of every household and site whether they can meet, and if not, the first reason why.

    Of the means a household has, the one that gets it farthest along the order of ``Reason``
    counts, and of equals the one with the fewest minutes there and home together; so a reason
    names what remains to be solved once the best means is taken. Travel comes before the
    evening: a family that has no way home is told so even when the weekday does not suit it.

    ``too_long_*`` means the trip was found, or ruled out, beyond the limit; ``no_trip_*`` that
    a timetable was searched and has no trip, and a walk would be beyond the limit: whoever could
    only walk home for two hours after the last bus has no trip home. ``no_step_free_way`` means
    the site is not known to be accessible, or that a leg others make on foot or by transit has no
    step-free way.

    Parameters
    ----------
    households, sites
        HOUSEHOLDS and SITES.
    there, home
        Trips by means ("walk", "wheelchair", "bike", "drive", "transit", "transit_step_free";
        those that are missing cannot be used), of shape (households, sites) and (sites,
        households), searched for at least ``limits.limit_min``.
    margin
        Minutes after the end that the last scheduled trip home within the limit leaves, of shape
        (sites, households), for "transit" and "transit_step_free".

    Returns
    -------
    BARRIERS with one row per household and site, households first. ``margin_min`` is the latest
    over all means that make the round trip.
    """
    best = _empty(len(households), len(sites))
    wheelchair = (households["wheelchair"] == Answer.YES).to_numpy()
    journey = _Journey(there=there, home=home, margin=margin, limit_min=limits.limit_min)
    for means, may in _means(households, limits, set(there)):
        for rows in _blocks(np.flatnonzero(may)):
            ordinary = journey.by(ON_FOOT, rows) if means == STEP_FREE else ()
            _keep_better(best, _judge(journey.by(means, rows), ordinary, limits.limit_min), rows)
    accessible = (sites["wheelchair"] == Answer.YES).to_numpy()
    shut_out = wheelchair[:, None] & ~accessible[None, :]
    best.code[shut_out & (best.code > CODE["no_step_free_way"])] = CODE["no_step_free_way"]
    busy = ~_free_on(households, meeting.weekday)[:, None]
    best.code[busy & (best.code == ATTENDS)] = CODE["not_that_evening"]
    return _table(best, households["household_id"], sites["site_id"], meeting.meeting_id)


@dataclass(frozen=True)
class _Way:
    """What counts of one means' trips one way: arrays of shape (rows, sites), as in ``Trips``."""

    minutes: Floats
    rides: Codes
    status: Codes


@dataclass(frozen=True, kw_only=True)
class _Leg:
    """One way of a round trip by the quickest of its modes: arrays of shape (rows, sites).

    minutes : NaN = no way. mode : position in MODES. margin_min : NaN = none within the limit.
    off, far : no way because the network ends; because it lies beyond what was searched.
    walked : a walk beyond the limit is all there is, where a timetable was searched for a ride.
    """

    minutes: Floats
    mode: Codes
    margin_min: Floats
    off: Bools
    far: Bools
    walked: Bools

    @property
    def missing(self) -> Bools:
        return np.isnan(self.minutes)


@dataclass(frozen=True, kw_only=True)
class _Journey:
    """What was searched: trips there, trips home, margins, and how long each way may take."""

    there: Mapping[str, Trips]
    home: Mapping[str, Trips]
    margin: Mapping[str, NDArray[np.floating]]
    limit_min: float

    def by(self, means: Sequence[str], rows: NDArray[np.intp]) -> tuple[_Leg, _Leg]:
        """Return the legs there and home of these households, each by the quickest of means."""
        names = [name for name in means if name in self.there]
        there = [_way(self.there[name], rows, to_home=False) for name in names]
        home = [_way(self.home[name], rows, to_home=True) for name in names]
        no_margins = np.full_like(there[0].minutes, np.inf)
        margins = [
            self.margin[name][:, rows].T.astype(np.float32, order="C")
            if name in SCHEDULED
            else no_margins
            for name in names
        ]
        return (
            _quickest(names, there, [no_margins] * len(names), self.limit_min),
            _quickest(names, home, margins, self.limit_min),
        )


@dataclass(frozen=True, kw_only=True)
class _Round:
    """Round trips, changed in place as better means turn up: arrays of shape (rows, sites)."""

    there_min: Floats
    home_min: Floats
    margin_min: Floats
    mode: Codes
    code: Codes


def _means(
    households: gpd.GeoDataFrame, limits: Limits, searched: set[str]
) -> Iterator[tuple[tuple[str, ...], Bools]]:
    """Yield each way of travelling that was searched, and which households may use it."""
    wheelchair = (households["wheelchair"] == Answer.YES).to_numpy()
    may = {
        ON_FOOT: ~wheelchair,
        STEP_FREE: wheelchair,
        ("bike",): ~wheelchair & limits.bike,
        ("drive",): (households["has_car"] == Answer.YES).to_numpy(),
    }
    for means, who in may.items():
        if searched.intersection(means):
            yield means, who


def _blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Cut the rows up, so that what is worked on stays small however many homes there are."""
    for first in range(0, len(rows), BLOCK_ROWS):
        yield rows[first : first + BLOCK_ROWS]


def _way(trips: Trips, rows: NDArray[np.intp], *, to_home: bool) -> _Way:
    """Return what counts of the rows' trips as (rows, sites), whichever way they run."""
    arrays = (getattr(trips, item.name) for item in fields(_Way))
    turned = (a[:, rows].T if to_home else a[rows] for a in arrays)
    return _Way(*map(np.ascontiguousarray, turned))


def _quickest(
    names: Sequence[str], ways: Sequence[_Way], margins: Sequence[Floats], limit_min: float
) -> _Leg:
    """Merge the modes of one leg; of equals the first, so a walk as quick as a ride is a walk."""
    minutes = np.full_like(ways[0].minutes, np.nan)
    mode = np.full(minutes.shape, MODES.index(""), np.int8)
    margin = np.full_like(minutes, np.nan)
    off, no_trip = np.ones(minutes.shape, bool), np.zeros(minutes.shape, bool)
    ridden = np.zeros(minutes.shape, bool)
    for name, way, lasting in zip(names, ways, margins, strict=True):
        foot = way.rides == 0
        quicker = (way.minutes < minutes) | (np.isnan(minutes) & ~np.isnan(way.minutes))
        minutes[quicker] = way.minutes[quicker]
        mode[quicker] = np.where(foot, *_mode_codes(name))[quicker]
        in_time = way.minutes <= limit_min
        unbounded = np.where(in_time & foot, np.float32(np.inf), np.where(in_time, lasting, np.nan))
        np.fmax(margin, unbounded, out=margin)
        ridden |= ~foot & ~np.isnan(way.minutes)
        off &= way.status == STATUS[Status.OFF_NETWORK]
        no_trip |= way.status == STATUS[Status.NO_TRIP]
    far = np.isnan(minutes) & ~off & ~no_trip
    walked = (minutes > limit_min) & ~ridden & (not SCHEDULED.isdisjoint(names))
    return _Leg(minutes=minutes, mode=mode, margin_min=margin, off=off, far=far, walked=walked)


def _mode_codes(name: str) -> tuple[int, int]:
    """Return how a trip without a ride is called, and how one with a ride is."""
    without = {"transit": "walk", "transit_step_free": "wheelchair"}.get(name, name)
    ridden = "transit" if name in SCHEDULED else name
    return MODES.index(without), MODES.index(ridden)


def _judge(legs: Sequence[_Leg], ordinary: Sequence[_Leg], limit_min: float) -> _Round:
    """Give a round trip the first reason that stops it, or none."""
    there, home = legs
    no_step_free = np.zeros(there.minutes.shape, bool)
    for leg, usual in zip(legs, ordinary, strict=False):
        no_step_free |= leg.missing & ~leg.far & (usual.minutes <= limit_min)
    tests = {
        "no_step_free_way": no_step_free,
        "off_network": there.off | home.off,
        "no_trip_there": (there.missing & ~there.far) | there.walked,
        "too_long_there": there.far | (there.minutes > limit_min),
        "no_trip_home": (home.missing & ~home.far) | home.walked,
        "too_long_home": home.far | (home.minutes > limit_min),
    }
    code = np.select(list(tests.values()), [CODE[reason] for reason in tests], ATTENDS)
    by_ride = there.mode == MODES.index("transit")
    return _Round(
        there_min=there.minutes,
        home_min=home.minutes,
        margin_min=home.margin_min,
        mode=np.where(by_ride | home.missing, there.mode, home.mode),
        code=code.astype(np.int8),
    )


def _keep_better(best: _Round, new: _Round, rows: NDArray[np.intp]) -> None:
    """Take over the round trips that get farther, or as far in fewer minutes."""
    code = best.code[rows]
    equal = new.code == code
    better = (new.code > code) | (equal & (_total(new) < _total(best, rows)))
    lasting = np.fmax(best.margin_min[rows], new.margin_min)
    for item in fields(best):
        old, now = getattr(best, item.name), getattr(new, item.name)
        old[rows] = np.where(better, now, old[rows])
    both = equal & (code == ATTENDS)
    best.margin_min[rows] = np.where(both, lasting, best.margin_min[rows])


def _total(trip: _Round, rows: NDArray[np.intp] | slice = slice(None)) -> Floats:
    total = trip.there_min[rows] + trip.home_min[rows]
    return np.where(np.isnan(total), np.float32(np.inf), total)


def _empty(households: int, sites: int) -> _Round:
    shape = (households, sites)
    return _Round(
        there_min=np.full(shape, np.nan, np.float32),
        home_min=np.full(shape, np.nan, np.float32),
        margin_min=np.full(shape, np.nan, np.float32),
        mode=np.full(shape, MODES.index(""), np.int8),
        code=np.full(shape, CODE["off_network"], np.int8),
    )


def _free_on(households: gpd.GeoDataFrame, weekday: str) -> Bools:
    """Return who can come on this weekday; a family that named no evening can on any."""
    cells = households["evenings"]
    free = {cell: not cell.strip() or weekday in split_list(cell) for cell in cells.unique()}
    return np.array([free[cell] for cell in cells], bool)


def _table(best: _Round, households: pd.Series, sites: pd.Series, meeting_id: str) -> pd.DataFrame:
    home = np.repeat(np.arange(len(households), dtype=np.int32), len(sites))
    site = np.tile(np.arange(len(sites), dtype=np.int32), len(households))
    columns = {
        "household_id": _text(home, households),
        "site_id": _text(site, sites),
        "meeting_id": _text(np.zeros(len(home), np.int32), [meeting_id]),
        "there_min": best.there_min.ravel().astype(np.float64),
        "home_min": best.home_min.ravel().astype(np.float64),
        "margin_min": best.margin_min.ravel().astype(np.float64),
        "best_mode": _text(best.mode.ravel(), MODES),
        "reason": _text(best.code.ravel(), REASONS),
    }
    return pd.DataFrame(columns, columns=list(BARRIERS.columns))


def _text(codes: NDArray[np.integer], names: Sequence[str] | pd.Series) -> pd.Series:
    """Spell codes out as text, through a dictionary: a million rows in milliseconds."""
    words = pa.array(list(names), pa.large_string())
    spelled = pa.DictionaryArray.from_arrays(pa.array(codes), words).cast(pa.large_string())
    return pd.Series(pd.array(spelled, dtype="str"))
