"""Connection Scan: the earliest arrival from one place at one moment, ride by ride.

Source: Dibbelt, Pajor, Strasser, Wagner, *Connection Scan Algorithm*, 2018. One kernel serves both
directions: an arrive-by search is this scan over the connections with time and direction
reversed, negated seconds, and walks turned round. It knows no streets and no clock: walks come as
sparse arrays, times as whole seconds.

The order of answers is: time, then fewer rides, then less walking, then the later start. Time and
rides are exact minima; walking and start are those of the journey found. Every journey on its way
is one number that sorts in this order (see ``arrivals``).
"""

from concurrent.futures import Executor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.arrivals import (
    NEVER,
    NOBODY,
    ONE_RIDE,
    ONE_SECOND,
    RIDES,
    SECONDS,
    START,
    Found,
    feet_as_numbers,
    walk_to_doors,
)
from famgeo.travel.timetable import Connections, Rides
from famgeo.travel.walks import Rules, Walks, in_chunks

__all__ = ["NEVER", "Found", "arrivals", "earliest"]

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Numbers = NDArray[np.int64]
"""Journeys, or walks to add to them."""

World = tuple[Rides, tuple[Longs, Ints, Numbers], tuple[int, int, int, int]]
"""Connections, changes as numbers, and (start, limit, change, most rides) in seconds and rides."""
State = tuple[Numbers, Longs, Numbers, Numbers]
"""The best who are ready to board, by stop and rides; the first second anyone is, by stop; the best
who have alighted, by stop and rides; who sits in each vehicle, a number without its seconds."""


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
    world = (
        connections.columns,
        (changes.start, changes.target, feet_as_numbers(changes)),
        (start_s, rules.limit_s, rules.change_s, rules.max_rides),
    )
    reach, last = feet_as_numbers(access), feet_as_numbers(doors)

    def run(first: int, end: int) -> None:
        at = np.full((len(changes), end - first), NOBODY)
        _scan_all(world, (access.start[first : end + 1], access.target, reach), n_vehicles, at)
        walk_to_doors(at, (doors.start, doors.target, last), numbers, first)

    in_chunks(run, len(access), executor)
    return Found(numbers=numbers, begin_s=start_s, limit_s=rules.limit_s)


@njit(cache=True, nogil=True)
def _scan_all(
    world: World, access: tuple[Longs, Ints, Numbers], n_vehicles: int, at: Numbers
) -> None:
    """Scan once for each source; write the best journeys to stops, ``at`` (stops, sources)."""
    start, target, feet = access
    shape = (len(at), world[2][3])
    if shape[1] == 0:
        return
    state = (
        np.empty(shape, np.int64),
        np.empty(shape[0], np.int64),
        np.empty(shape, np.int64),
        np.empty(n_vehicles, np.int64),
    )
    before = np.empty(n_vehicles, np.int64)
    for source in range(len(start) - 1):
        state[0][:] = NOBODY
        state[1][:] = NOBODY
        state[2][:] = NOBODY
        state[3][:] = NOBODY
        for k in range(start[source], start[source + 1]):
            _get_ready(state, target[k], 0, START + feet[k])
        _scan(world, state, before)
        for stop in range(len(at)):
            for r in range(shape[1]):
                at[stop, source] = min(at[stop, source], state[2][stop, r])


@njit(cache=True, nogil=True)
def _scan(world: World, state: State, before: Numbers) -> None:
    """Scan the connections of the window in order of departure.

    Connections of one second are scanned again, everyone back in the seat of the second before,
    while they feed each other; that takes a change of no seconds and a ride of no seconds.
    """
    depart, vehicle = world[0][0], world[0][4]
    begin, limit, change_s, _ = world[2]
    i = int(np.searchsorted(depart, begin))
    while i < len(depart) and depart[i] - begin <= limit:
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
def _copy_seats(vehicles: Ints, seats: Numbers, to: Numbers) -> None:
    for v in vehicles:
        to[v] = seats[v]


@njit(cache=True, nogil=True)
def _ride_all(first: int, last: int, world: World, state: State) -> bool:
    """Board and alight on each connection up to the end; tell whether one fed an earlier one.

    One loop, kept whole: calling out for every connection costs four times as much.
    """
    (depart, arrive, from_stop, to_stop, vehicle, board, alight), _, rules = world
    ready, soonest, at, seats = state
    begin, limit, _, most = rules
    again = False
    for j in range(first, last):
        now, v, stop = depart[j] - begin, vehicle[j], from_stop[j]
        if now > limit:
            break
        if board[j] and soonest[stop] <= now:
            for r in range(min(seats[v] >> RIDES, most)):
                if ready[stop, r] >> SECONDS <= now:
                    seat = (ready[stop, r] & (ONE_SECOND - 1)) + ONE_RIDE
                    if r == 0:
                        seat -= now - (ready[stop, 0] >> SECONDS)
                    seats[v] = min(seats[v], seat)
                    break
        if alight[j] and seats[v] < NOBODY:
            number = seats[v] + (arrive[j] - begin) * ONE_SECOND
            if number < at[to_stop[j], (seats[v] >> RIDES) - 1]:
                again |= _alight(to_stop[j], number, now, world, state)
    return again


@njit(cache=True, nogil=True)
def _alight(stop: int, number: int, begun: int, world: World, state: State) -> bool:
    """Leave a vehicle, and get ready for the next one.

    The next ride may begin at this stop or at one a walk away. True when someone is ready in the
    second in which the connection began.
    """
    first, target, feet = world[1]
    _, limit, change_s, most = world[2]
    r = (number & (ONE_SECOND - 1)) >> RIDES
    if number >> SECONDS > limit or not _set_label(state[2], stop, r - 1, number) or r == most:
        return False
    number += change_s * ONE_SECOND
    again = _get_ready(state, stop, r, number) and number >> SECONDS <= begun
    for k in range(first[stop], first[stop + 1]):
        then = (number + feet[k]) >> SECONDS
        if then > limit:
            break
        if _get_ready(state, target[k], r, number + feet[k]):
            again |= then <= begun
    return again


@njit(cache=True, nogil=True)
def _get_ready(state: State, stop: int, r: int, number: int) -> bool:
    if not _set_label(state[0], stop, r, number):
        return False
    state[1][stop] = min(state[1][stop], number >> SECONDS)
    return True


@njit(cache=True, nogil=True)
def _set_label(label: Numbers, stop: int, r: int, number: int) -> bool:
    """Keep a journey if none of fewer rides is as early and it is better than that of its rides."""
    if number >= label[stop, r]:
        return False
    for q in range(r):
        if label[stop, q] >> SECONDS <= number >> SECONDS:
            return False
    label[stop, r] = number
    return True
