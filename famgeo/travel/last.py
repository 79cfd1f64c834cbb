"""The last trip home: the latest start from one place that still gets to others soon enough.

One scan in order of departure answers for all targets at once. A label holds the *latest start*
of any journey that is ready at a stop by now; with equal place, time and rides the later start is
the better journey whatever follows, so one number per stop and ride count is exact. Readiness
that lies ahead waits in a calendar queue, one bucket per second, until the scan gets there.

The idea is that of a profile Connection Scan (Dibbelt, Pajor, Strasser, Wagner 2018) turned
forward, reduced to its last entry by the limit on the journey's length.
"""

from concurrent.futures import Executor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.arrivals import NEVER
from famgeo.travel.timetable import Connections, Rides
from famgeo.travel.walks import Feet, Rules, Walks, in_chunks

NO_START = np.int32(-(2**30))
"""Earlier than any time of a service day: no journey."""

Ints = NDArray[np.int32]

Pair = tuple[Ints, Ints]

World = tuple[Rides, Feet, Feet, tuple[int, int, int, int, int]]
"""Connections, changes, egress, and (after, until, limit, change, most rides)."""
State = tuple[Ints, Pair, Pair, Ints, Ints, Pair, Pair]
"""By stop and rides: the latest start of who is ready now; the latest start, and its time, of who
has alighted and of who was told to get ready. By vehicle and rides: the latest start seated. By
stop: seconds on foot from the source; the calendar queue; the stairs (see ``_climb``)."""


def latest_starts(
    connections: Connections,
    n_vehicles: int,
    *,
    access: Walks,
    changes: Walks,
    egress: Walks,
    n_targets: int,
    after_s: int,
    until_s: int,
    rules: Rules,
    executor: Executor | None = None,
) -> Ints:
    """Find the latest start in [after_s, until_s] that reaches each target within the limit.

    A start is just in time for a first vehicle; the limit runs from it to the target. Parameters
    as for ``scan.earliest``.

    Returns
    -------
    int32 (sources, targets), service seconds; ``NO_START`` = none.
    """
    found = np.full((len(access), n_targets), NO_START, dtype=np.int32)

    world = (
        connections.columns,
        changes.columns,
        egress.columns,
        (after_s, until_s, rules.limit_s, rules.change_s, rules.max_rides),
    )

    def run(first: int, last: int) -> None:
        _scan_all(world, access.part(first, last).columns, n_vehicles, found[first:last])

    in_chunks(run, len(access), executor)
    return found


@njit(cache=True, nogil=True)
def _scan_all(world: World, access: Feet, n_vehicles: int, found: Ints) -> None:
    """Scan once for each source; when the room for lists runs out, once more with double."""
    start, target, seconds, _ = access
    after, until, limit, _, most = world[3]
    n_stops = len(world[1][0]) - 1
    if most == 0 or until < after:
        return
    ready = np.empty((n_stops, most), np.int32)
    alighted = np.empty((n_stops, most), np.int32), np.empty((n_stops, most), np.int32)
    told = np.empty((n_stops, most), np.int32), np.empty((n_stops, most), np.int32)
    seats, before = np.empty((n_vehicles, most), np.int32), np.empty((n_vehicles, most), np.int32)
    walk_s, top = np.empty(n_stops, np.int32), np.empty(n_stops, np.int32)
    bucket = np.empty(until + limit - after + 1, np.int32)
    room = 1 << 12
    for source in range(len(start) - 1):
        walk_s[:] = NEVER
        for k in range(start[source], start[source + 1]):
            walk_s[target[k]] = seconds[k]
        done = False
        while not done:
            queue = bucket, np.empty((room, 4), np.int32)
            stairs = top, np.empty((room, 4), np.int32)
            state = (ready, alighted, told, seats, walk_s, queue, stairs)
            done = _scan(world, state, before)
            room = room if done else 2 * room
        _arrive(world[2], limit, stairs, found[source])


@njit(cache=True, nogil=True)
def _scan(world: World, state: State, before: Ints) -> bool:
    """Scan the evening in order of departure; False when the room for lists was too small."""
    (depart, _, _, _, vehicle, _, _), _, _, (after, until, limit, change_s, _) = world
    ready, alighted, told, seats, _, (bucket, waiting), (top, steps) = state
    for starts in (ready, alighted[0], told[0], seats):
        starts[:] = NO_START
    for firsts, rows in ((bucket, waiting), (top, steps)):
        firsts[:] = -1
        rows[0, 0] = 1
        rows[0, 1] = -1
    due = after
    i = int(np.searchsorted(depart, after))
    while i < len(depart) and depart[i] <= until + limit:
        while due <= depart[i]:
            _release(bucket, waiting, due - after, ready)
            due += 1
        last = i
        while last < len(depart) and depart[last] == depart[i]:
            last += 1
        if change_s == 0:
            _copy_seats(vehicle[i:last], seats, before)
        while _ride_all(i, last, world, state):
            _copy_seats(vehicle[i:last], before, seats)
        if waiting[0, 0] >= len(waiting) or steps[0, 0] >= len(steps):
            return False
        i = last
    return True


@njit(cache=True, nogil=True)
def _copy_seats(vehicles: Ints, seats: Ints, to: Ints) -> None:
    """Remember who sits where, for a second that must be scanned again (see ``scan._scan``)."""
    for v in vehicles:
        to[v] = seats[v]


@njit(cache=True, nogil=True)
def _ride_all(first: int, last: int, world: World, state: State) -> bool:
    """Board and alight on each connection of one second; tell whether one fed another of them.

    One loop, kept whole: calling out for every connection costs four times as much.
    """
    (depart, arrive, from_stop, to_stop, vehicle, board, alight), _, _, rules = world
    ready, (known, known_s), _, seats, walk_s, _, _ = state
    after, until, limit, _, most = rules
    again = False
    for j in range(first, last):
        v, stop, to = vehicle[j], from_stop[j], to_stop[j]
        if board[j]:
            start = depart[j] - walk_s[stop]
            if after <= start <= until:
                seats[v, 0] = max(seats[v, 0], start)
            for r in range(1, most):
                seats[v, r] = max(seats[v, r], ready[stop, r])
        if not alight[j]:
            continue
        best = arrive[j] - limit - 1
        for r in range(most):
            start = seats[v, r]
            if start > best:
                best = start
                if _is_news(known, known_s, (to, r), arrive[j], start):
                    again |= _alight(to, r + 1, (arrive[j], start, depart[j]), world, state)
    return again


@njit(cache=True, nogil=True)
def _is_news(known: Ints, known_s: Ints, where: tuple[int, int], time: int, start: int) -> bool:
    """Note a label unless a noted one is as early, of as late a start, with no more rides.

    Of each ride count only the latest start is noted, so some news is old; none is missed.
    """
    stop, r = where
    for q in range(r + 1):
        if known[stop, q] >= start and known_s[stop, q] <= time:
            return False
    if start >= known[stop, r]:
        known[stop, r] = start
        known_s[stop, r] = time
    return True


@njit(cache=True, nogil=True)
def _alight(stop: int, r: int, when: tuple[int, int, int], world: World, state: State) -> bool:
    """Note the arrival for the targets near here, and get ready for a ride here or nearby."""
    _, (first, target, seconds, _), _, (after, until, limit, change_s, most) = world
    ready, _, (told, told_s), _, walk_s, (bucket, waiting), (top, steps) = state
    time, start, now = when
    _climb(top, steps, stop, start, time - start)
    if r == most:
        return False
    again = False
    for k in range(first[stop] - 1, first[stop + 1]):
        to, then = stop, time + change_s
        if k >= first[stop]:
            to, then = target[k], then + seconds[k]
        if then - start > limit:
            break
        # who walks to that stop from the source starts later, unless after the last start allowed
        own = then - walk_s[to] >= start and start + limit - walk_s[to] <= until
        if own or ready[to, r] >= start or not _is_news(told, told_s, (to, r), then, start):
            continue
        if then <= now:
            ready[to, r] = start
            again = True
        else:
            _wait(bucket, waiting, then - after, (to, r, start))
    return again


@njit(cache=True, nogil=True)
def _take_row(rows: Ints) -> int:
    """Return a free row, or -1; row 0 holds how many were ever used and the first freed one."""
    row = rows[0, 1]
    if row >= 0:
        rows[0, 1] = rows[row, 0]
        return int(row)
    if rows[0, 0] >= len(rows):
        return -1
    rows[0, 0] += 1
    return int(rows[0, 0]) - 1


@njit(cache=True, nogil=True)
def _free_row(rows: Ints, row: int) -> None:
    rows[row, 0] = rows[0, 1]
    rows[0, 1] = row


@njit(cache=True, nogil=True)
def _wait(bucket: Ints, waiting: Ints, slot: int, label: tuple[int, int, int]) -> None:
    """Put a label (stop, rides, start) in the bucket of its second."""
    row = _take_row(waiting)
    if row >= 0:
        waiting[row, 0] = bucket[slot]
        waiting[row, 1], waiting[row, 2], waiting[row, 3] = label
        bucket[slot] = row


@njit(cache=True, nogil=True)
def _release(bucket: Ints, waiting: Ints, slot: int, ready: Ints) -> None:
    """Make the labels of one bucket count, and free their rows."""
    row = bucket[slot]
    while row >= 0:
        following = waiting[row, 0]
        stop, r = waiting[row, 1], waiting[row, 2]
        ready[stop, r] = max(ready[stop, r], waiting[row, 3])
        _free_row(waiting, row)
        row = following
    bucket[slot] = -1


@njit(cache=True, nogil=True)
def _climb(top: Ints, steps: Ints, stop: int, start: int, length: int) -> None:
    """Keep of the journeys to a stop those that start later than every shorter one.

    They are a list from the latest start and the longest journey downwards.
    """
    above, row = -1, top[stop]
    while row >= 0 and steps[row, 1] > start:
        if steps[row, 2] <= length:
            return
        above, row = row, steps[row, 0]
    while row >= 0 and steps[row, 2] >= length:
        following = steps[row, 0]
        _free_row(steps, row)
        row = following
    if row >= 0 and steps[row, 1] == start:
        return
    link = _take_row(steps)
    if link < 0:
        return
    steps[link, 0], steps[link, 1], steps[link, 2] = row, start, length
    if above >= 0:
        steps[above, 0] = link
    else:
        top[stop] = link


@njit(cache=True, nogil=True)
def _arrive(egress: Feet, limit: int, stairs: Pair, found: Ints) -> None:
    """Give each target near a stop the latest start whose journey leaves time for the walk."""
    first, target, seconds, _ = egress
    top, steps = stairs
    for stop in range(len(top)):
        row = top[stop]
        for k in range(first[stop], first[stop + 1]):
            while row >= 0 and steps[row, 2] + seconds[k] > limit:
                row = steps[row, 0]
            if row < 0:
                break
            found[target[k]] = max(found[target[k]], steps[row, 1])
