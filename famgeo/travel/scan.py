"""Connection Scan: the earliest arrival from one place at one moment, ride by ride.

Source: Dibbelt, Pajor, Strasser, Wagner, *Connection Scan Algorithm*, 2018. One kernel serves both
directions: an arrive-by search is this scan over the connections with time and direction
reversed, negated seconds, and walks turned round. It knows no streets and no clock: walks come as
sparse arrays, times as whole seconds.

The order of answers is: time, then fewer rides, then less walking, then the later start. Time and
rides are exact minima; walking and start are those of the journey found.
"""

from concurrent.futures import Executor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.arrivals import (
    NEVER,
    NOBODY,
    Found,
    as_number,
    feet_as_numbers,
    walk_to_doors,
)
from famgeo.travel.timetable import Connections, Rides
from famgeo.travel.walks import Feet, Rules, Walks, in_chunks

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Small = NDArray[np.int8]
Longs = NDArray[np.int64]

World = tuple[Rides, Feet, tuple[int, int, int, int]]
"""Connections, changes, and (start, end, change, most rides) in seconds and rides."""
Label = tuple[Ints, Floats, Ints]
"""Time, metres walked and start of the best journey, by stop and rides."""
Seats = tuple[Small, Floats, Ints]
"""Rides, metres walked and start of who sits in each vehicle; more than allowed = nobody."""
State = tuple[Label, Ints, Label, Seats]
"""Ready to board, the first second anyone is ready at a stop, alighted, and seated."""


def earliest(
    connections: Connections,
    n_vehicles: int,
    *,
    access: Walks,
    changes: Walks,
    egress: Walks,
    n_targets: int,
    start_s: int,
    rules: Rules,
    executor: Executor | None = None,
) -> Found:
    """Find the earliest arrivals as ``arrivals`` does, with the last walks given by stop.

    ``egress`` are the walks from each stop to targets, of which there are ``n_targets``.
    """
    return arrivals(
        connections,
        n_vehicles,
        access=access,
        changes=changes,
        doors=egress.turned(n_targets),
        start_s=start_s,
        rules=rules,
        executor=executor,
    )


def arrivals(
    connections: Connections,
    n_vehicles: int,
    *,
    access: Walks,
    changes: Walks,
    doors: Walks,
    start_s: int,
    rules: Rules,
    executor: Executor | None = None,
) -> Found:
    """Find the earliest arrival by at least one ride from every source to every target.

    Parameters
    ----------
    connections, n_vehicles
        One direction of a service day.
    access
        Walks from each source to stops.
    changes
        Walks from each stop to other stops, the shortest first; a journey makes at most one
        between two rides.
    doors
        For each target, the stops near it and the walks from them.
    start_s
        The moment at which every journey may start.
    rules
        The limits of a journey.
    executor
        Runs chunks of sources side by side; the kernels hold no lock.
    """
    numbers = np.empty((len(doors), len(access)), np.int64)
    end_s = start_s + rules.limit_s
    moments = (start_s, end_s, rules.change_s, rules.max_rides)
    world = connections.columns, changes.columns, moments
    feet = feet_as_numbers(doors)

    def run(first: int, last: int) -> None:
        at = np.full((len(changes), last - first), NOBODY)
        _scan_all(world, access.part(first, last).columns, n_vehicles, at)
        walk_to_doors(at, doors.columns, feet, numbers, first)

    in_chunks(run, len(access), executor)
    return Found(numbers=numbers, begin_s=start_s, limit_s=rules.limit_s)


@njit(cache=True, nogil=True)
def _scan_all(world: World, access: Feet, n_vehicles: int, at: Longs) -> None:
    """Scan once for each source; write the best journeys to stops, ``at`` (stops, sources)."""
    start, target, seconds, metres = access
    begin, _, _, most = world[2]
    shape = (len(world[1][0]) - 1, most)
    if most == 0:
        return
    state = (
        (np.empty(shape, np.int32), np.empty(shape, np.float32), np.empty(shape, np.int32)),
        np.empty(shape[0], np.int32),
        (np.empty(shape, np.int32), np.empty(shape, np.float32), np.empty(shape, np.int32)),
        _empty_seats(n_vehicles),
    )
    before = _empty_seats(n_vehicles)
    for source in range(len(start) - 1):
        state[0][0][:] = NEVER
        state[1][:] = NEVER
        state[2][0][:] = NEVER
        state[3][0][:] = most + 1
        for k in range(start[source], start[source + 1]):
            _get_ready(state, target[k], 0, (begin + seconds[k], metres[k], begin))
        _scan(world, state, before)
        _note(state[2], begin, source, at)


@njit(cache=True, nogil=True)
def _note(label: Label, begin: int, source: int, at: Longs) -> None:
    """Write the best journey of one source to each stop."""
    times, walk_m, starts = label
    for stop in range(times.shape[0]):
        for r in range(times.shape[1]):
            if times[stop, r] < NEVER:
                after, start = times[stop, r] - begin, starts[stop, r] - begin
                number = as_number(after, r + 1, walk_m[stop, r], start)
                at[stop, source] = min(at[stop, source], number)


@njit(cache=True, nogil=True)
def _empty_seats(n_vehicles: int) -> Seats:
    return (
        np.empty(n_vehicles, np.int8),
        np.empty(n_vehicles, np.float32),
        np.empty(n_vehicles, np.int32),
    )


@njit(cache=True, nogil=True)
def _scan(world: World, state: State, before: Seats) -> None:
    """Scan the connections of the window in order of departure.

    Connections of one second are scanned again, everyone back in the seat of the second before,
    while they feed each other; that takes a change of no seconds and a ride of no seconds.
    """
    depart, vehicle = world[0][0], world[0][4]
    begin, end, change_s, _ = world[2]
    i = int(np.searchsorted(depart, begin))
    while i < len(depart) and depart[i] <= end:
        last = len(depart)
        if change_s == 0:
            last = i + 1
            while last < len(depart) and depart[last] == depart[i]:
                last += 1
            _copy_seats(vehicle[i:last], state[3], before)
        while _ride_all(i, last, world, state):
            _copy_seats(vehicle[i:last], before, state[3])
        i = last


@njit(cache=True, nogil=True)
def _copy_seats(vehicles: Ints, seats: Seats, to: Seats) -> None:
    for v in vehicles:
        to[0][v] = seats[0][v]
        to[1][v] = seats[1][v]
        to[2][v] = seats[2][v]


@njit(cache=True, nogil=True)
def _ride_all(first: int, last: int, world: World, state: State) -> bool:
    """Board and alight on each connection up to the end; tell whether one fed an earlier one.

    One loop, kept whole: calling out for every connection costs four times as much.
    """
    (depart, arrive, from_stop, to_stop, vehicle, board, alight), _, rules = world
    (ready_s, ready_walk, ready_start), soonest, at, (on_rides, on_walk, on_start) = state
    begin, end, _, most = rules
    at_s, again = at[0], False
    for j in range(first, last):
        now, v, stop = depart[j], vehicle[j], from_stop[j]
        if now > end:
            break
        on = on_rides[v]
        if board[j] and soonest[stop] <= now:
            for r in range(1, min(on, most) + 1):
                if ready_s[stop, r - 1] <= now:
                    walk, start = ready_walk[stop, r - 1], ready_start[stop, r - 1]
                    if r == 1:
                        start = now - (ready_s[stop, 0] - begin)
                    if r < on or _is_better(walk, start, on_walk[v], on_start[v]):
                        on = r
                        on_rides[v] = r
                        on_walk[v] = walk
                        on_start[v] = start
                    break
        if on <= most and alight[j] and arrive[j] <= at_s[to_stop[j], on - 1]:
            again |= _alight(j, world, state)
    return again


@njit(cache=True, nogil=True)
def _alight(j: int, world: World, state: State) -> bool:
    """Leave the vehicle at the end of a connection, and get ready for the next one.

    The next ride may begin at this stop or at one a walk away. True when someone is ready in the
    very second in which the connection began.
    """
    (depart, arrive, _, to_stop, vehicle, _, _), changes, (_, end, change_s, most) = world
    v, stop, now = vehicle[j], to_stop[j], arrive[j]
    r, walk, start = state[3][0][v], state[3][1][v], state[3][2][v]
    if now > end or not _set_label(state[2], stop, r - 1, (now, walk, start)) or r == most:
        return False
    at_once = depart[j] - change_s
    again = _get_ready(state, stop, r, (now + change_s, walk, start)) and now <= at_once
    first, target, seconds, metres = changes
    for k in range(first[stop], first[stop + 1]):
        then = now + seconds[k]
        if then + change_s > end:
            break
        if _get_ready(state, target[k], r, (then + change_s, walk + metres[k], start)):
            again |= then <= at_once
    return again


@njit(cache=True, nogil=True)
def _get_ready(state: State, stop: int, r: int, new: tuple[int, float, int]) -> bool:
    if not _set_label(state[0], stop, r, new):
        return False
    state[1][stop] = min(state[1][stop], new[0])
    return True


@njit(cache=True, nogil=True)
def _set_label(label: Label, stop: int, r: int, new: tuple[int, float, int]) -> bool:
    """Keep a label if no label of fewer rides is as early and it beats the one of its rides."""
    times, walk_m, starts = label
    time, walk, start = new
    for q in range(r):
        if times[stop, q] <= time:
            return False
    if time > times[stop, r]:
        return False
    if time == times[stop, r] and not _is_better(walk, start, walk_m[stop, r], starts[stop, r]):
        return False
    times[stop, r] = time
    walk_m[stop, r] = walk
    starts[stop, r] = start
    return True


@njit(cache=True, nogil=True)
def _is_better(walk: float, start: int, old_walk: float, old_start: int) -> bool:
    return walk < old_walk or (walk == old_walk and start > old_start)
