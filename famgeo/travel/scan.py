"""Connection Scan: the earliest arrival from one place at one moment, ride by ride.

Source: Dibbelt, Pajor, Strasser, Wagner, *Connection Scan Algorithm*, 2018. One kernel serves both
directions: an arrive-by search is this scan over the connections with time and direction
reversed, negated seconds, and walks turned round. It knows no streets and no clock: walks come as
sparse arrays, times as whole seconds.

The order of answers is: time, then fewer rides, then less walking, then the later start. Time and
rides are exact minima; walking and start are those of the journey found.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.timetable import Connections

NEVER = np.int32(2**30)
"""Later than any time of a service day: no label."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Walks:
    """Walks from each of n places to others, sparse: those of place i are start[i]:start[i + 1].

    start : int64 (n + 1,). target : int32. seconds : int32, sorted upwards within a place.
    metres : float32.
    """

    start: Longs
    target: Ints
    seconds: Ints
    metres: Floats

    def __len__(self) -> int:
        return len(self.start) - 1

    def part(self, first: int, last: int) -> "Walks":
        """Return the walks of the places ``first`` up to before ``last``."""
        rows = slice(self.start[first], self.start[last])
        return Walks(
            start=self.start[first : last + 1] - self.start[first],
            target=self.target[rows],
            seconds=self.seconds[rows],
            metres=self.metres[rows],
        )


def walks(source: Ints, target: Ints, seconds: Floats, metres: Floats, *, n_places: int) -> Walks:
    """Put walks in order of place and seconds; seconds are rounded to whole ones, once, here."""
    whole = np.rint(seconds).astype(np.int32)
    order = np.lexsort((target, whole, source))
    return Walks(
        start=np.searchsorted(source[order], np.arange(n_places + 1)).astype(np.int64),
        target=target[order].astype(np.int32),
        seconds=whole[order],
        metres=metres[order].astype(np.float32),
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """Answers of a scan, arrays of shape (sources, targets).

    time_s : earliest arrival, ``NEVER`` = none. start_s : the latest start that still catches the
        journey's first vehicle. walk_m : metres on foot. rides : vehicles boarded, 1 or more.
    """

    time_s: Ints
    start_s: Ints
    walk_m: Floats
    rides: NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a journey may be: seconds for each change, rides at most, seconds at most."""

    change_s: int
    max_rides: int
    limit_s: int


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
    """Find the earliest arrival by at least one ride from every source to every target.

    Parameters
    ----------
    connections, n_vehicles
        One direction of a service day.
    access
        Walks from each source to stops.
    changes
        Walks from each stop to other stops; a journey makes at most one between two rides.
    egress
        Walks from each stop to targets.
    n_targets
        How many targets there are.
    start_s
        The moment at which every journey may start.
    rules
        The limits of a journey.
    executor
        Runs chunks of sources side by side; the kernel holds no lock.
    """
    shape = (len(access), n_targets)
    found = Found(
        time_s=np.full(shape, NEVER, dtype=np.int32),
        start_s=np.zeros(shape, dtype=np.int32),
        walk_m=np.zeros(shape, dtype=np.float32),
        rides=np.zeros(shape, dtype=np.int8),
    )

    def run(first: int, last: int) -> None:
        part = access.part(first, last)
        _scan_all(
            columns(connections),
            n_vehicles,
            columns(part),
            columns(changes),
            columns(egress),
            (start_s, start_s + rules.limit_s, rules.change_s, rules.max_rides),
            found.time_s[first:last],
            found.start_s[first:last],
            found.walk_m[first:last],
            found.rides[first:last],
        )

    in_chunks(run, len(access), executor)
    return found


def in_chunks(run: Callable[[int, int], None], n: int, executor: Executor | None) -> None:
    """Run a function over 0..n in chunks, on the executor when there is one."""
    if executor is None or n < 2:  # noqa: PLR2004 - one source needs no chunks
        run(0, n)
        return
    size = max(1, n // 8)
    edges = range(0, n, size)
    jobs = [executor.submit(run, first, min(first + size, n)) for first in edges]
    for job in jobs:
        job.result()


def columns(table: Connections | Walks) -> tuple[NDArray[Any], ...]:
    """Return the arrays of a table in the order of its fields, as the kernels take them."""
    return tuple(getattr(table, f.name) for f in fields(table))


@njit(cache=True, nogil=True)
def _scan_all(conns, n_vehicles, access, changes, egress, rules, time_s, start_s, walk_m, rides):
    """Scan once for each source and write its row of the answers."""
    start, target, seconds, metres = access
    n_stops, n_rides = len(changes[0]) - 1, rules[3]
    if n_rides == 0:
        return
    labels = (
        (np.empty((n_stops, n_rides), np.int32), np.empty((n_stops, n_rides), np.float32))
        + (np.empty((n_stops, n_rides), np.int32), np.empty(n_stops, np.int32))
        + (np.empty((n_stops, n_rides), np.int32), np.empty((n_stops, n_rides), np.float32))
        + (np.empty((n_stops, n_rides), np.int32),)
    )
    seats = (
        np.empty(n_vehicles, np.int8),
        np.empty(n_vehicles, np.float32),
        np.empty(n_vehicles, np.int32),
    )
    before = (seats[0].copy(), seats[1].copy(), seats[2].copy())
    for source in range(len(start) - 1):
        labels[0][:] = NEVER
        labels[3][:] = NEVER
        labels[4][:] = NEVER
        seats[0][:] = n_rides + 1
        for k in range(start[source], start[source + 1]):
            _get_ready(labels, target[k], 0, rules[0] + seconds[k], metres[k], rules[0])
        _scan(conns, changes, rules, labels, seats, before)
        _arrive(
            egress, labels, rules[1], time_s[source], start_s[source], walk_m[source], rides[source]
        )


@njit(cache=True, nogil=True)
def _scan(conns, changes, rules, labels, seats, before):
    """Scan the connections of the window in order of departure.

    Connections of one second are scanned again, everyone back in the seat of the second before,
    while they feed each other; that takes a change of no seconds and a ride of no seconds.
    """
    depart, vehicle = conns[0], conns[4]
    i = np.searchsorted(depart, rules[0])
    while i < len(depart) and depart[i] <= rules[1]:
        last = i
        while last < len(depart) and depart[last] == depart[i]:
            last += 1
        if rules[2] == 0:
            _copy_seats(vehicle[i:last], seats, before)
        while _ride_all(i, last, conns, changes, rules, labels, seats):
            _copy_seats(vehicle[i:last], before, seats)
        i = last


@njit(cache=True, nogil=True)
def _copy_seats(vehicles, seats, to):
    for v in vehicles:
        to[0][v] = seats[0][v]
        to[1][v] = seats[1][v]
        to[2][v] = seats[2][v]


@njit(cache=True, nogil=True)
def _ride_all(first, last, conns, changes, rules, labels, seats):
    again = False
    for j in range(first, last):
        again |= _ride(j, conns, changes, rules, labels, seats)
    return again


@njit(cache=True, nogil=True)
def _ride(j, conns, changes, rules, labels, seats):
    """Board and alight on one connection; tell whether someone got ready for this very second."""
    depart, arrive, from_stop, to_stop, vehicle, board, alight = conns
    ready_s, ready_walk, ready_start, soonest = labels[:4]
    on_rides, on_walk, on_start = seats
    v, stop, now = vehicle[j], from_stop[j], depart[j]
    if board[j] and soonest[stop] <= now:
        for r in range(1, min(on_rides[v], rules[3]) + 1):
            if ready_s[stop, r - 1] <= now:
                walk = ready_walk[stop, r - 1]
                start = ready_start[stop, r - 1]
                if r == 1:
                    start = now - (ready_s[stop, 0] - rules[0])
                if r < on_rides[v] or _is_better(walk, start, on_walk[v], on_start[v]):
                    on_rides[v] = r
                    on_walk[v] = walk
                    on_start[v] = start
                break
    if on_rides[v] > rules[3] or not alight[j] or arrive[j] > rules[1]:
        return False
    stop, r = to_stop[j], on_rides[v]
    if not _set_label(labels[4:], stop, r - 1, arrive[j], on_walk[v], on_start[v]):
        return False
    if r == rules[3]:
        return False
    return _change(stop, r, arrive[j], on_walk[v], on_start[v], changes, rules, labels) <= now


@njit(cache=True, nogil=True)
def _change(stop, r, now, walk, start, changes, rules, labels):
    """Get ready at this stop and at those a walk away; return the first second one is ready."""
    first, target, seconds, metres = changes
    best = NEVER
    if _get_ready(labels, stop, r, now + rules[2], walk, start):
        best = now + rules[2]
    for k in range(first[stop], first[stop + 1]):
        ready = now + rules[2] + seconds[k]
        if ready > rules[1]:
            break
        if _get_ready(labels, target[k], r, ready, walk + metres[k], start):
            best = min(best, ready)
    return best


@njit(cache=True, nogil=True)
def _get_ready(labels, stop, r, time, walk, start):
    if not _set_label(labels[:3], stop, r, time, walk, start):
        return False
    labels[3][stop] = min(labels[3][stop], time)
    return True


@njit(cache=True, nogil=True)
def _set_label(label, stop, r, time, walk, start):
    """Keep a label if no label of fewer rides is as early and it beats the one of its rides."""
    times, walks, starts = label
    for q in range(r):
        if times[stop, q] <= time:
            return False
    if time > times[stop, r]:
        return False
    if time == times[stop, r] and not _is_better(walk, start, walks[stop, r], starts[stop, r]):
        return False
    times[stop, r] = time
    walks[stop, r] = walk
    starts[stop, r] = start
    return True


@njit(cache=True, nogil=True)
def _is_better(walk, start, old_walk, old_start):
    return walk < old_walk or (walk == old_walk and start > old_start)


@njit(cache=True, nogil=True)
def _arrive(egress, labels, end, time_s, start_s, walk_m, rides):
    """Walk from every stop reached to its targets and keep the best answer for each."""
    first, target, seconds, metres = egress
    at_s, at_walk, at_start = labels[4:]
    n_stops, n_rides = at_s.shape
    for stop in range(n_stops):
        best = 0
        for r in range(1, n_rides):
            if at_s[stop, r] < at_s[stop, best]:
                best = r
        for k in range(first[stop], first[stop + 1]):
            time = at_s[stop, best] + seconds[k]
            if time > end:
                break
            t = target[k]
            walk = at_walk[stop, best] + metres[k]
            start = at_start[stop, best]
            fewer = best + 1 < rides[t]
            same = best + 1 == rides[t] and _is_better(walk, start, walk_m[t], start_s[t])
            if time < time_s[t] or (time == time_s[t] and (fewer or same)):
                time_s[t] = time
                start_s[t] = start
                walk_m[t] = walk
                rides[t] = best + 1
