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

from famgeo.travel.scan import NEVER
from famgeo.travel.timetable import Connections, Rides
from famgeo.travel.walks import Feet, Rules, Walks, in_chunks

NO_START = np.int32(-(2**30))
"""Earlier than any time of a service day: no journey."""

Ints = NDArray[np.int32]

World = tuple[Rides, Feet, Feet, tuple[int, int, int, int, int]]
"""Connections, changes, egress, and (after, until, limit, change, most rides)."""
State = tuple[Ints, tuple[Ints, Ints], Ints, Ints, tuple[Ints, Ints], Ints]
"""Latest start by stop and rides of who is ready now; the same with arrival of who alighted;
latest start by vehicle and rides of who is seated; seconds on foot from the source to each stop;
the queue; latest start by target."""


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
    """Scan once for each source; when the queue overflows, once more with a longer one."""
    start, target, seconds, _ = access
    after, until, limit, _, most = world[3]
    n_stops = len(world[1][0]) - 1
    if most == 0 or until < after:
        return
    ready = np.empty((n_stops, most), np.int32)
    alighted = (np.empty((n_stops, most), np.int32), np.empty((n_stops, most), np.int32))
    seats = np.empty((n_vehicles, most), np.int32)
    before = np.empty((n_vehicles, most), np.int32)
    walk_s = np.empty(n_stops, np.int32)
    bucket = np.empty(until + limit - after + 1, np.int32)
    waiting = np.empty((1 << 12, 4), np.int32)
    for source in range(len(start) - 1):
        walk_s[:] = NEVER
        for k in range(start[source], start[source + 1]):
            walk_s[target[k]] = seconds[k]
        state = (ready, alighted, seats, walk_s, (bucket, waiting), found[source])
        while not _scan(world, state, before):
            waiting = np.empty((2 * len(waiting), 4), np.int32)
            state = (ready, alighted, seats, walk_s, (bucket, waiting), found[source])


@njit(cache=True, nogil=True)
def _scan(world: World, state: State, before: Ints) -> bool:
    """Scan the evening in order of departure; False when the queue was too short."""
    (depart, _, _, _, vehicle, _, _), _, _, (after, until, limit, change_s, _) = world
    ready, alighted, seats, _, (bucket, waiting), _ = state
    _clear(ready, alighted[0], seats, bucket, waiting)
    due = after
    i = int(np.searchsorted(depart, after))
    while i < len(depart) and depart[i] <= until + limit:
        while due <= depart[i]:
            _release((bucket, waiting), due - after, ready)
            due += 1
        last = i
        while last < len(depart) and depart[last] == depart[i]:
            last += 1
        if change_s == 0:
            _copy_seats(vehicle[i:last], seats, before)
        while _ride_all(i, last, world, state):
            _copy_seats(vehicle[i:last], before, seats)
        if waiting[0, 0] >= len(waiting):
            return False
        i = last
    return True


@njit(cache=True, nogil=True)
def _clear(ready: Ints, alighted: Ints, seats: Ints, bucket: Ints, waiting: Ints) -> None:
    ready[:] = NO_START
    alighted[:] = NO_START
    seats[:] = NO_START
    bucket[:] = -1
    waiting[0, 0] = 1
    waiting[0, 1] = -1


@njit(cache=True, nogil=True)
def _copy_seats(vehicles: Ints, seats: Ints, to: Ints) -> None:
    """Remember who sits where, for a second that must be scanned again (see ``scan._scan``)."""
    for v in vehicles:
        to[v] = seats[v]


@njit(cache=True, nogil=True)
def _ride_all(first: int, last: int, world: World, state: State) -> bool:
    """Ride the connections of one second; tell whether someone got ready in that second."""
    (depart, arrive, _, to_stop, vehicle, board, alight), _, _, (_, _, limit, _, most) = world
    seats = state[2]
    again = False
    for j in range(first, last):
        if board[j]:
            _board(j, world, state)
        if not alight[j]:
            continue
        best = NO_START
        for r in range(1, most + 1):
            start = seats[vehicle[j], r - 1]
            if start > best:
                best = start
                if arrive[j] - start <= limit:
                    again |= _alight(to_stop[j], r, (arrive[j], start, depart[j]), world, state)
    return again


@njit(cache=True, nogil=True)
def _board(j: int, world: World, state: State) -> None:
    (depart, _, from_stop, _, vehicle, _, _), _, _, (after, until, _, _, most) = world
    ready, _, seats, walk_s, _, _ = state
    v, stop = vehicle[j], from_stop[j]
    start = depart[j] - walk_s[stop]
    if after <= start <= until:
        seats[v, 0] = max(seats[v, 0], start)
    for r in range(1, most):
        seats[v, r] = max(seats[v, r], ready[stop, r])


@njit(cache=True, nogil=True)
def _alight(stop: int, r: int, when: tuple[int, int, int], world: World, state: State) -> bool:
    """Walk to the targets from here, and get ready for the next ride here and nearby."""
    _, changes, egress, (_, _, limit, change_s, most) = world
    time, start, now = when
    if not _is_news(state[1], stop, r - 1, time, start):
        return False
    first, target, seconds, _ = egress
    for k in range(first[stop], first[stop + 1]):
        if time + seconds[k] - start > limit:
            break
        state[5][target[k]] = max(state[5][target[k]], start)
    if r == most:
        return False
    again = _get_ready(stop, r, (time + change_s, start, now), world, state)
    first, target, seconds, _ = changes
    for k in range(first[stop], first[stop + 1]):
        then = time + change_s + seconds[k]
        if then - start > limit:
            break
        again |= _get_ready(target[k], r, (then, start, now), world, state)
    return again


@njit(cache=True, nogil=True)
def _is_news(alighted: tuple[Ints, Ints], stop: int, r: int, time: int, start: int) -> bool:
    """Tell whether nobody known alighted here as early, from as late a start, with no more rides.

    Of each ride count only the latest start is remembered: what is no news is always right.
    """
    starts, times = alighted
    for q in range(r + 1):
        if starts[stop, q] >= start and times[stop, q] <= time:
            return False
    if start >= starts[stop, r]:
        starts[stop, r] = start
        times[stop, r] = time
    return True


@njit(cache=True, nogil=True)
def _get_ready(stop: int, r: int, when: tuple[int, int, int], world: World, state: State) -> bool:
    """Queue a label unless one of no more rides is as good; True when it counts at once."""
    after, until, limit, _, _ = world[3]
    ready, walk_s = state[0], state[3]
    then, start, now = when
    if then - start > limit:
        return False
    # whoever walks here from the source starts later, unless that is after the last start allowed
    if then - walk_s[stop] >= start and start + limit - walk_s[stop] <= until:
        return False
    for q in range(1, r + 1):
        if ready[stop, q] >= start:
            return False
    if then <= now:
        ready[stop, r] = start
        return True
    _wait(state[4], then - after, stop, r, start)
    return False


@njit(cache=True, nogil=True)
def _wait(queue: tuple[Ints, Ints], slot: int, stop: int, r: int, start: int) -> None:
    """Put a label in its bucket; row 0 of ``waiting`` holds the rows used and the first free."""
    bucket, waiting = queue
    row = waiting[0, 1]
    if row >= 0:
        waiting[0, 1] = waiting[row, 0]
    else:
        row = waiting[0, 0]
        if row >= len(waiting):
            return
        waiting[0, 0] += 1
    waiting[row, 0] = bucket[slot]
    waiting[row, 1] = stop
    waiting[row, 2] = r
    waiting[row, 3] = start
    bucket[slot] = row


@njit(cache=True, nogil=True)
def _release(queue: tuple[Ints, Ints], slot: int, ready: Ints) -> None:
    """Make the labels of one bucket count, and free their rows."""
    bucket, waiting = queue
    row = bucket[slot]
    while row >= 0:
        following = waiting[row, 0]
        stop, r = waiting[row, 1], waiting[row, 2]
        ready[stop, r] = max(ready[stop, r], waiting[row, 3])
        waiting[row, 0] = waiting[0, 1]
        waiting[0, 1] = row
        row = following
    bucket[slot] = -1
