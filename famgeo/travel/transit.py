"""Trips by bus and train, door to door: walk, ride, change, walk.

A journey walks from the door to a stop, rides, walks at most once between two rides, and walks
from the last stop to the door. Each walk has its limit and is never chained with another. Pure
walking is taken where it is as good.
"""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from famgeo.domain import Answer, Limits
from famgeo.errors import TravelError
from famgeo.tables import Timetable
from famgeo.travel.last import NO_START, latest_starts
from famgeo.travel.scan import NEVER, Found, earliest
from famgeo.travel.streets import Legs, Snap, StreetGraph, nearby, search, snap
from famgeo.travel.timetable import DAY_S, ServiceDay
from famgeo.travel.walks import Rules, Walks, walks

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

NIGHT_ENDS_S = 3 * 3600
"""The last trip home of an evening leaves before three in the morning."""


@dataclass(frozen=True, kw_only=True)
class TransitNetwork:
    """The stops of all feeds on a walking (or wheelchair) graph, and the walks between them.

    stops : the stops that can be used, snapped; ``number`` is the place of each among all stops of
        all feeds, of which there are ``n_stops``.
    changes, changes_back : walks between different stops within the limit of one walk, from the
        first to the second and the other way.
    """

    graph: StreetGraph
    stops: Snap
    number: Ints
    n_stops: int
    changes: Walks
    changes_back: Walks


@dataclass(frozen=True, kw_only=True)
class Journeys:
    """Best journeys, arrays of shape (origins, destinations); NaN = no way within the limit.

    leave_s, arrive_s : float64 service seconds. For arrive-by, ``leave_s`` is the latest moment
        to leave and ``arrive_s`` the arrival of that journey; for depart-at, ``arrive_s`` is the
        earliest arrival and ``leave_s`` the latest moment to leave for that journey.
    walk_m : float32 metres on foot. rides : int8 vehicles boarded; 0 on foot all the way.
    """

    leave_s: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    walk_m: NDArray[np.float32]
    rides: NDArray[np.int8]


def build_transit(
    timetables: Sequence[Timetable],
    graph: StreetGraph,
    limits: Limits,
    *,
    step_free: bool,
    executor: Executor | None = None,
) -> TransitNetwork:
    """Put the stops of all feeds on the graph and find the walks between them.

    With ``step_free``, only stops that a wheelchair user can surely use; give it the wheelchair
    graph. A stop off the network serves nobody.
    """
    table = pd.concat([t.stops for t in timetables]) if timetables else _no_stops()
    all_stops = snap(graph, table[["lon", "lat"]].to_numpy(np.float64))
    usable = all_stops.ok & ((table["wheelchair"] == Answer.YES).to_numpy() | (not step_free))
    number = np.flatnonzero(usable).astype(np.int32)
    stops = all_stops.take(number)
    limit_s = limits.max_walk_min * 60
    near = nearby(graph, stops, stops, reverse=False, limit_s=limit_s, executor=executor)
    other = near.source != near.target
    a, b = number[near.source[other]], number[near.target[other]]
    seconds, metres = near.seconds[other], near.metres[other]
    return TransitNetwork(
        graph=graph,
        stops=stops,
        number=number,
        n_stops=len(table),
        changes=walks(a, b, seconds, metres, n_places=len(table)),
        changes_back=walks(b, a, seconds, metres, n_places=len(table)),
    )


def _no_stops() -> pd.DataFrame:
    return pd.DataFrame({"lon": [], "lat": [], "wheelchair": []})


def scheduled(
    network: TransitNetwork,
    day: ServiceDay,
    origins: Snap,
    destinations: Snap,
    *,
    arrive_by_s: float | None = None,
    depart_at_s: float | None = None,
    max_minutes: float,
    limits: Limits,
    executor: Executor | None = None,
) -> Journeys:
    """Find the best journey of every origin and destination, on foot or by scheduled service.

    One search per destination for arrive-by, one per origin for depart-at. Seconds are service
    seconds of ``day``. The best journey leaves last (or arrives first); of several, it has the
    fewest rides, and then little walking.

    Raises
    ------
    TravelError
        Unless exactly one of ``arrive_by_s`` and ``depart_at_s`` is given.
    """
    if (arrive_by_s is None) == (depart_at_s is None):
        message = "A trip needs either the time to arrive by or the time to depart at."
        raise TravelError(message)
    back = arrive_by_s is not None
    from_s = -math.floor(arrive_by_s) if arrive_by_s is not None else math.ceil(depart_at_s or 0)
    sources, targets = (destinations, origins) if back else (origins, destinations)
    rules = _rules(limits, max_minutes)
    found = earliest(
        day.backward if back else day.forward,
        day.n_vehicles,
        access=_from_places(network, sources, limits, back=back, executor=executor),
        changes=network.changes_back if back else network.changes,
        egress=_to_places(network, targets, limits, back=back, executor=executor),
        n_targets=len(targets),
        start_s=from_s,
        rules=rules,
        executor=executor,
    )
    on_foot = search(
        network.graph, sources, targets, reverse=back, limit_s=rules.limit_s, executor=executor
    )
    return _journeys(found, on_foot, from_s, back=back)


def last_departures(
    network: TransitNetwork,
    day: ServiceDay,
    origins: Snap,
    destinations: Snap,
    *,
    after_s: float,
    limits: Limits,
    limit_min: float,
    executor: Executor | None = None,
) -> NDArray[np.float64]:
    """Find the last moment that night to leave each origin and ride to each destination in time.

    Returns
    -------
    float64 (origins, destinations): the latest service second at or after ``after_s`` and before
    three in the morning at which one can leave and arrive, with at least one ride, within
    ``limit_min`` of leaving; NaN when there is none.
    """
    first_s = math.ceil(after_s)
    found = latest_starts(
        day.forward,
        day.n_vehicles,
        access=_from_places(network, origins, limits, back=False, executor=executor),
        changes=network.changes,
        egress=_to_places(network, destinations, limits, back=False, executor=executor),
        n_targets=len(destinations),
        after_s=first_s,
        until_s=NIGHT_ENDS_S if first_s < NIGHT_ENDS_S else DAY_S + NIGHT_ENDS_S,
        rules=_rules(limits, limit_min),
        executor=executor,
    )
    return np.where(found == NO_START, np.nan, found.astype(np.float64))


def _rules(limits: Limits, limit_min: float) -> Rules:
    return Rules(change_s=limits.change_s, max_rides=limits.max_rides, limit_s=int(limit_min * 60))


def _from_places(
    network: TransitNetwork, places: Snap, limits: Limits, *, back: bool, executor: Executor | None
) -> Walks:
    """Return the walks from places to stops, or, ``back`` in time, from stops to places."""
    place, stop, seconds, metres = _near_stops(
        network, places, limits, stops_first=back, executor=executor
    )
    return walks(place, network.number[stop], seconds, metres, n_places=len(places))


def _to_places(
    network: TransitNetwork, places: Snap, limits: Limits, *, back: bool, executor: Executor | None
) -> Walks:
    """Return the walks from stops to places, or, ``back`` in time, from places to stops."""
    place, stop, seconds, metres = _near_stops(
        network, places, limits, stops_first=not back, executor=executor
    )
    return walks(network.number[stop], place, seconds, metres, n_places=network.n_stops)


def _near_stops(
    network: TransitNetwork,
    places: Snap,
    limits: Limits,
    *,
    stops_first: bool,
    executor: Executor | None,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return place, stop, seconds and metres of each walk from stops, or to them, and places.

    The search is from whichever are fewer.
    """
    limit_s = limits.max_walk_min * 60
    if len(places) <= len(network.stops):
        near = nearby(
            network.graph, places, network.stops,
            reverse=stops_first, limit_s=limit_s, executor=executor,
        )  # fmt: skip
        return near.source, near.target, near.seconds, near.metres
    near = nearby(
        network.graph, network.stops, places,
        reverse=not stops_first, limit_s=limit_s, executor=executor,
    )  # fmt: skip
    return near.target, near.source, near.seconds, near.metres


def _journeys(found: Found, on_foot: Legs, from_s: int, *, back: bool) -> Journeys:
    """Take the better of riding and walking, and turn the answers to origin and destination."""
    shape = found.time_s.shape
    start, end = np.empty(shape), np.empty(shape)
    sign = -1 if back else 1
    foot = np.ascontiguousarray(on_foot.seconds), np.ascontiguousarray(on_foot.metres)
    ride = found.time_s, found.start_s, found.walk_m, found.rides
    _merge(ride, foot, from_s, sign, (start, end))
    if back:
        return Journeys(leave_s=end.T, arrive_s=start.T, walk_m=found.walk_m.T, rides=found.rides.T)
    return Journeys(leave_s=start, arrive_s=end, walk_m=found.walk_m, rides=found.rides)


@njit(cache=True, nogil=True)
def _merge(
    ride: tuple[Ints, Ints, Floats, NDArray[np.int8]],
    foot: tuple[Floats, Floats],
    from_s: int,
    sign: int,
    times: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Write start and end of the better way; walking, where it is as good, replaces the ride."""
    time_s, start_s, walk_m, rides = ride
    seconds, metres = foot
    start, end = times
    for i in range(time_s.shape[0]):
        for j in range(time_s.shape[1]):
            on_foot = np.rint(seconds[i, j]) + from_s
            if on_foot <= time_s[i, j]:
                start[i, j], end[i, j] = sign * from_s, sign * on_foot
                walk_m[i, j], rides[i, j] = metres[i, j], 0
            elif time_s[i, j] < NEVER:
                start[i, j], end[i, j] = sign * start_s[i, j], sign * time_s[i, j]
            else:
                start[i, j] = end[i, j] = walk_m[i, j] = np.nan
