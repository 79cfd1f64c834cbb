"""Travel times between places, door to door, by any means: arrays, or one row for every pair.

Clock times come in and go out aware of their zone; inside, all is seconds, rounded only in the
table at the end.
"""

from concurrent.futures import Executor
from datetime import UTC, date, datetime, tzinfo

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Mode, Status
from famgeo.errors import TravelError
from famgeo.tables import Trips, lonlat
from famgeo.travel.clock import local_iso, posix_s
from famgeo.travel.network import Network
from famgeo.travel.streets import Legs, Snap, StreetGraph, search, snap
from famgeo.travel.transit import last_departures, scheduled

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CODES = {status: code for code, status in enumerate(Status)}
"""The codes of ``Trips.status``."""


def trips(
    network: Network,
    origins: Floats,
    destinations: Floats,
    mode: Mode,
    *,
    arrive_by: datetime | None = None,
    depart_at: datetime | None = None,
    max_minutes: float,
    step_free: bool = False,
    executor: Executor | None = None,
) -> Trips:
    """Find the best trip from every origin to every destination.

    ``origins`` and ``destinations`` are float64 (n, 2) and (m, 2), lon and lat in degrees; the
    arrays returned are (n, m). Give ``arrive_by`` or ``depart_at``; streets can also be asked
    without a time, and then no clock times come back. ``step_free`` travels as a wheelchair
    user: walking becomes the wheelchair graph, transit its surely usable part. Every pair has a
    status: a place beyond the snap limit is ``off_network`` whatever the pair.

    Raises ``TravelError`` for two times, a time without zone, transit without a time or
    timetable, a date outside the timetable, or a limit that is not a positive number.
    """
    _check_question(mode, arrive_by, depart_at, max_minutes)
    mode = Mode.WHEELCHAIR if step_free and mode is Mode.WALK else mode
    graph = network.graph(Mode.WHEELCHAIR if step_free and mode is Mode.TRANSIT else mode)
    ends = snap(graph, origins), snap(graph, destinations)
    if mode is Mode.TRANSIT:
        found = _by_timetable(
            network,
            *ends,
            arrive_by=arrive_by,
            depart_at=depart_at,
            max_minutes=max_minutes,
            step_free=step_free,
            executor=executor,
        )
    else:
        legs = _on_street(graph, *ends, limit_s=max_minutes * 60, executor=executor)
        found = _timed(legs, arrive_by, depart_at)
    return _with_status(found, *ends, missing=_missing(mode))


def last_way_home(
    network: Network,
    sites_lonlat: Floats,
    homes_lonlat: Floats,
    *,
    after: datetime,
    limit_min: float,
    step_free: bool = False,
    executor: Executor | None = None,
) -> Singles:
    """Return the minutes after ``after`` at which the last scheduled trip home can be begun.

    float32 (sites, homes), NaN = no scheduled trip. A trip counts when it rides at least once
    and takes at most ``limit_min`` from leaving the site to the door.

    Raises ``TravelError`` as ``trips`` does.
    """
    _check_question(Mode.TRANSIT, None, after, limit_min)
    day = network.day(_local_date(network, after), step_free=step_free)
    transit = network.transit(step_free=step_free)
    after_s = posix_s(after) - day.zero_s
    latest_s = last_departures(
        transit,
        day,
        snap(transit.graph, sites_lonlat),
        snap(transit.graph, homes_lonlat),
        after_s=after_s,
        limits=network.limits,
        limit_min=limit_min,
        executor=executor,
    )
    return ((latest_s - after_s) / 60).astype(np.float32)


def travel_times(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    mode: Mode,
    *,
    arrive_by: datetime | None = None,
    depart_at: datetime | None = None,
    max_minutes: float = 120,
    step_free: bool = False,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Return one row for every pair of PLACES, origins first, with times for people to read.

    Columns: origin_id, destination_id, mode, minutes (2 decimals, NaN = no way), leave_at and
    arrive_at (local ISO 8601 with offset, '' = no way; leaving is rounded down to the second and
    arriving up, so the promise holds), walk_m (whole metres), rides (NA = no way), status.
    Arguments and errors are those of ``trips``.
    """
    found = trips(
        network,
        lonlat(origins),
        lonlat(destinations),
        mode,
        arrive_by=arrive_by,
        depart_at=depart_at,
        max_minutes=max_minutes,
        step_free=step_free,
        executor=executor,
    )
    zone = _zone(network, arrive_by or depart_at)
    names = np.array([status.value for status in Status], dtype=object)
    no_way = np.isnan(found.minutes.ravel())
    rides = pd.array(found.rides.ravel().astype(np.int16), dtype="Int16")
    rides[no_way] = pd.NA
    return pd.DataFrame(
        {
            "origin_id": np.repeat(origins["id"].to_numpy(object), len(destinations)),
            "destination_id": np.tile(destinations["id"].to_numpy(object), len(origins)),
            "mode": str(mode),
            "minutes": np.round(found.minutes.ravel().astype(np.float64), 2),
            "leave_at": local_iso(np.floor(found.leave_s.ravel() + 1e-3), zone),
            "arrive_at": local_iso(np.ceil(found.arrive_s.ravel() - 1e-3), zone),
            "walk_m": np.round(found.walk_m.ravel().astype(np.float64)),
            "rides": rides,
            "status": names[found.status.ravel()],
        }
    )


def _check_question(
    mode: Mode, arrive_by: datetime | None, depart_at: datetime | None, max_minutes: float
) -> None:
    if arrive_by is not None and depart_at is not None:
        message = "Give a time to arrive by or a time to depart at, not both."
        raise TravelError(message)
    if mode is Mode.TRANSIT and arrive_by is None and depart_at is None:
        message = "Transit runs by the clock: give a time to arrive by or to depart at."
        raise TravelError(message)
    if not 0 < max_minutes < np.inf:
        message = f"The longest trip is {max_minutes} minutes; it must be a positive number."
        raise TravelError(message)


def _on_street(
    graph: StreetGraph,
    origins: Snap,
    destinations: Snap,
    *,
    limit_s: float,
    executor: Executor | None,
) -> Legs:
    """Search from whichever side has fewer places."""
    if len(origins) <= len(destinations):
        return search(
            graph, origins, destinations, reverse=False, limit_s=limit_s, executor=executor
        )
    legs = search(graph, destinations, origins, reverse=True, limit_s=limit_s, executor=executor)
    return Legs(seconds=legs.seconds.T, metres=legs.metres.T)


def _timed(legs: Legs, arrive_by: datetime | None, depart_at: datetime | None) -> Trips:
    """Set a street trip's duration against the clock; streets take as long at any hour."""
    duration_s = legs.seconds.astype(np.float64)
    if arrive_by is not None:
        arrive_s = np.where(np.isnan(duration_s), np.nan, posix_s(arrive_by))
        leave_s = arrive_s - duration_s
    else:
        begin_s = np.nan if depart_at is None else posix_s(depart_at)
        leave_s = np.where(np.isnan(duration_s), np.nan, begin_s)
        arrive_s = leave_s + duration_s
    return Trips(
        minutes=np.ascontiguousarray(legs.seconds / np.float32(60)),
        leave_s=leave_s,
        arrive_s=arrive_s,
        walk_m=np.ascontiguousarray(legs.metres),
        rides=np.zeros(legs.seconds.shape, np.int8),
        status=np.empty(0, np.int8),
    )


def _by_timetable(
    network: Network,
    origins: Snap,
    destinations: Snap,
    *,
    arrive_by: datetime | None,
    depart_at: datetime | None,
    max_minutes: float,
    step_free: bool,
    executor: Executor | None,
) -> Trips:
    """Ask the timetable of the local day, in service seconds, and return POSIX seconds."""
    moment = arrive_by or depart_at
    assert moment is not None
    day = network.day(_local_date(network, moment), step_free=step_free)
    moment_s = posix_s(moment) - day.zero_s
    found = scheduled(
        network.transit(step_free=step_free),
        day,
        origins,
        destinations,
        arrive_by_s=None if arrive_by is None else moment_s,
        depart_at_s=None if depart_at is None else moment_s,
        max_minutes=max_minutes,
        limits=network.limits,
        executor=executor,
    )
    given_up_s = moment_s - found.leave_s if arrive_by is not None else found.arrive_s - moment_s
    return Trips(
        minutes=(given_up_s / 60).astype(np.float32),
        leave_s=found.leave_s + day.zero_s,
        arrive_s=found.arrive_s + day.zero_s,
        walk_m=found.walk_m,
        rides=found.rides,
        status=np.empty(0, np.int8),
    )


def _with_status(found: Trips, origins: Snap, destinations: Snap, *, missing: Status) -> Trips:
    """Say of every pair whether it has a way, and if not, why not."""
    status = np.where(np.isnan(found.minutes), CODES[missing], CODES[Status.OK]).astype(np.int8)
    status[~origins.ok, :] = CODES[Status.OFF_NETWORK]
    status[:, ~destinations.ok] = CODES[Status.OFF_NETWORK]
    return Trips(
        minutes=found.minutes,
        leave_s=found.leave_s,
        arrive_s=found.arrive_s,
        walk_m=found.walk_m,
        rides=found.rides,
        status=status,
    )


def _missing(mode: Mode) -> Status:
    """Streets kept are all connected, so no way within the limit means too far."""
    return Status.NO_TRIP if mode is Mode.TRANSIT else Status.TOO_FAR


def _local_date(network: Network, moment: datetime) -> date:
    posix_s(moment)
    return moment.astimezone(_zone(network, moment)).date()


def _zone(network: Network, moment: datetime | None) -> tzinfo:
    """Return the timetable's zone, else the moment's own."""
    return network.zone or (moment.tzinfo if moment else None) or UTC
