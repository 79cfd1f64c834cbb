"""Trips by bus and train, door to door: walk, ride, change, walk.

A journey walks from the door to a stop, rides, walks at most once between two rides, and walks
from the last stop to the door. Each walk has its limit and is never chained with another. Pure
walking is taken where it is as good.
"""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from famgeo.domain import Answer, Limits
from famgeo.errors import TravelError
from famgeo.tables import Timetable
from famgeo.travel.arrivals import Found, of_number
from famgeo.travel.doors import StopReach, reach_of_stops, walks_to_doors
from famgeo.travel.last import NO_START, latest_starts
from famgeo.travel.scan import arrivals
from famgeo.travel.streets import Legs, Snap, StreetGraph, search, snap
from famgeo.travel.timetable import DAY_S, ServiceDay
from famgeo.travel.walks import Rules, Walks, in_chunks, walks

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NIGHT_ENDS_S = 3 * 3600
"""The last trip home of an evening leaves before three in the morning."""


@dataclass(frozen=True, kw_only=True)
class TransitNetwork:
    """The stops of all feeds on a walking (or wheelchair) graph, and the walks between them.

    stops : the stops that can be used, snapped; ``number`` is the place of each among all stops of
        all feeds, of which there are ``n_stops``.
    away, towards : what one walks from a stop, and to it.
    changes, changes_back : walks between different stops within the limit of one walk, from the
        first to the second and the other way.
    """

    graph: StreetGraph
    stops: Snap
    number: Ints
    n_stops: int
    away: StopReach
    towards: StopReach
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
    away, towards = (
        reach_of_stops(graph, stops, reverse=reverse, limit_s=limit_s, executor=executor)
        for reverse in (False, True)
    )
    near = walks_to_doors(away, stops)
    to = np.repeat(np.arange(len(stops), dtype=np.int32), np.diff(near.start))
    other = near.target != to
    a, b = number[near.target[other]], number[to[other]]
    seconds, metres = near.seconds[other], near.metres[other]
    return TransitNetwork(
        graph=graph,
        stops=stops,
        number=number,
        n_stops=len(table),
        away=away,
        towards=towards,
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
    rules = _rules(network, limits, max_minutes)
    found = arrivals(
        day.backward if back else day.forward,
        day.n_vehicles,
        access=_doors(network, sources, away=back),
        changes=network.changes_back if back else network.changes,
        doors=_doors(network, targets, away=not back),
        start_s=from_s,
        rules=rules,
        executor=executor,
    )
    on_foot = search(
        network.graph, sources, targets, reverse=back, limit_s=rules.limit_s, executor=executor
    )
    return _journeys(found, on_foot, back=back, executor=executor)


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
        access=_doors(network, origins, away=False),
        changes=network.changes,
        egress=_doors(network, destinations, away=True).turned(network.n_stops),
        n_targets=len(destinations),
        after_s=first_s,
        until_s=NIGHT_ENDS_S if first_s < NIGHT_ENDS_S else DAY_S + NIGHT_ENDS_S,
        rules=_rules(network, limits, limit_min),
        executor=executor,
    )
    return np.where(found == NO_START, np.nan, found.astype(np.float64))


def _rules(network: TransitNetwork, limits: Limits, limit_min: float) -> Rules:
    """Return the rules of a trip; its walks are those the network was built for."""
    if limits.max_walk_min * 60 != network.away.limit_s:
        message = (
            f"The stops were connected by walks of {network.away.limit_s / 60:g} minutes, "
            f"not {limits.max_walk_min:g}. Build the network with the same limits."
        )
        raise TravelError(message)
    return Rules(change_s=limits.change_s, max_rides=limits.max_rides, limit_s=int(limit_min * 60))


def _doors(network: TransitNetwork, places: Snap, *, away: bool) -> Walks:
    """Return the walks from places to stops, or, ``away`` from stops, from these to the places."""
    near = walks_to_doors(network.away if away else network.towards, places)
    return replace(near, target=network.number[near.target])


def _journeys(found: Found, on_foot: Legs, *, back: bool, executor: Executor | None) -> Journeys:
    """Take the better of riding and walking, and turn the answers to origin and destination."""
    shape = found.numbers.shape
    start, end = np.empty(shape), np.empty(shape)
    walk_m, rides = np.empty(shape, np.float32), np.empty(shape, np.int8)
    sign = -1 if back else 1

    def run(first: int, last: int) -> None:
        rows = slice(first, last)
        answers = start[rows], end[rows], walk_m[rows], rides[rows]
        foot = on_foot.seconds[:, rows].T.copy(), on_foot.metres[:, rows].T.copy()
        _merge(found.numbers[rows], foot, (found.begin_s, found.limit_s, sign), answers)

    in_chunks(run, shape[0], executor)
    if back:
        return Journeys(leave_s=end, arrive_s=start, walk_m=walk_m, rides=rides)
    return Journeys(leave_s=start.T, arrive_s=end.T, walk_m=walk_m.T, rides=rides.T)


@njit(cache=True, nogil=True)
def _merge(
    numbers: Longs,
    foot: tuple[Floats, Floats],
    rules: tuple[int, int, int],
    answers: tuple[Doubles, Doubles, Floats, NDArray[np.int8]],
) -> None:
    """Write the better way of each target and source; walking, where it is as good, replaces it."""
    seconds, metres = foot
    begin, limit, sign = rules
    start, end, walk_m, rides = answers
    for t in range(numbers.shape[0]):
        for s in range(numbers.shape[1]):
            after, n_rides, ride_m, ride_start = of_number(numbers[t, s])
            on_foot = np.rint(seconds[t, s])
            if on_foot <= after:
                start[t, s], end[t, s] = sign * begin, sign * (begin + on_foot)
                walk_m[t, s], rides[t, s] = metres[t, s], 0
            elif after <= limit:
                start[t, s], end[t, s] = sign * (begin + ride_start), sign * (begin + after)
                walk_m[t, s], rides[t, s] = ride_m, n_rides
            else:
                start[t, s] = end[t, s] = walk_m[t, s] = np.nan
                rides[t, s] = 0
