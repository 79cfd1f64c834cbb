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

from famgeo.travel.scan import NEVER, Rules, Walks, columns, in_chunks
from famgeo.travel.timetable import Connections

NO_START = np.int32(-(2**30))
"""Earlier than any time of a service day: no journey."""

Ints = NDArray[np.int32]


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

    At least one ride; the limit runs from the start to the target. Parameters as for
    ``scan.earliest``.

    Returns
    -------
    int32 (sources, targets), service seconds; ``NO_START`` = none.
    """
    found = np.full((len(access), n_targets), NO_START, dtype=np.int32)

    def run(first: int, last: int) -> None:
        _scan_all(
            columns(connections),
            n_vehicles,
            columns(access.part(first, last)),
            columns(changes),
            columns(egress),
            (after_s, until_s, rules.limit_s, rules.change_s, rules.max_rides),
            found[first:last],
        )

    in_chunks(run, len(access), executor)
    return found


@njit(cache=True, nogil=True)
def _scan_all(conns, n_vehicles, access, changes, egress, rules, found):
    """Scan once for each source; when the queue overflows, once more with a longer one."""
    start, target, seconds, _ = access
    n_stops, n_rides = len(changes[0]) - 1, rules[4]
    if n_rides == 0 or rules[1] < rules[0]:
        return
    walk_s = np.empty(n_stops, np.int32)
    labels = (
        np.empty((n_stops, n_rides), np.int32),
        np.empty((n_stops, n_rides), np.int32),
        np.empty((n_stops, n_rides), np.int32),
        np.empty((n_vehicles, n_rides), np.int32),
        np.empty((n_vehicles, n_rides), np.int32),
    )
    bucket = np.empty(rules[1] + rules[2] - rules[0] + 1, np.int32)
    waiting = np.empty((1 << 12, 4), np.int32)
    for source in range(len(start) - 1):
        walk_s[:] = NEVER
        for k in range(start[source], start[source + 1]):
            walk_s[target[k]] = seconds[k]
        while not _scan(
            conns, walk_s, changes, egress, rules, labels, (bucket, waiting), found[source]
        ):
            waiting = np.empty((2 * len(waiting), 4), np.int32)


@njit(cache=True, nogil=True)
def _scan(conns, walk_s, changes, egress, rules, labels, queue, found):
    """Scan the evening in order of departure; False when the queue was too short."""
    depart = conns[0]
    labels[0][:] = NO_START
    labels[1][:] = NO_START
    labels[3][:] = NO_START
    queue[0][:] = -1
    queue[1][0, 0] = 1
    queue[1][0, 1] = -1
    due = rules[0]
    i = np.searchsorted(depart, rules[0])
    while i < len(depart) and depart[i] <= rules[1] + rules[2]:
        while due <= depart[i]:
            _release(queue, due - rules[0], labels[0])
            due += 1
        last = i
        while last < len(depart) and depart[last] == depart[i]:
            last += 1
        seats, before = labels[3:]
        if rules[3] == 0:
            _copy_seats(conns[4][i:last], seats, before)
        while _ride_all(i, last, conns, walk_s, changes, egress, rules, labels, queue, found):
            _copy_seats(conns[4][i:last], before, seats)
        if queue[1][0, 0] >= len(queue[1]):
            return False
        i = last
    return True


@njit(cache=True, nogil=True)
def _copy_seats(vehicles, seats, to):
    """Remember who sits where, for a second that must be scanned again (see ``scan._scan``)."""
    for v in vehicles:
        to[v] = seats[v]


@njit(cache=True, nogil=True)
def _ride_all(first, last, conns, walk_s, changes, egress, rules, labels, queue, found):
    again = False
    for j in range(first, last):
        again |= _ride(j, conns, walk_s, changes, egress, rules, labels, queue, found)
    return again


@njit(cache=True, nogil=True)
def _ride(j, conns, walk_s, changes, egress, rules, labels, queue, found):
    """Board and alight on one connection; tell whether someone got ready for this very second."""
    depart, arrive, from_stop, to_stop, vehicle, board, alight = conns
    ready, _, _, on, _ = labels
    v, now, again, best = vehicle[j], depart[j], False, NO_START
    for r in range(1, rules[4] + 1):
        if board[j]:
            start = ready[from_stop[j], r - 1]
            if r == 1:
                start = min(now - walk_s[from_stop[j]], rules[1])
                if start < rules[0]:
                    start = NO_START
            on[v, r - 1] = max(on[v, r - 1], start)
        start = on[v, r - 1]
        if start > best:
            best = start
            if alight[j] and arrive[j] - start <= rules[2]:
                again |= _alight(
                    to_stop[j], r, arrive[j], start, now, walk_s, changes, egress, rules, labels,
                    queue, found,
                )  # fmt: skip
    return again


@njit(cache=True, nogil=True)
def _alight(stop, r, time, start, now, walk_s, changes, egress, rules, labels, queue, found):
    """Walk to the targets from here, and get ready for the next ride here and nearby."""
    seen_start, seen_time = labels[1], labels[2]
    for q in range(r):
        if seen_start[stop, q] >= start and seen_time[stop, q] <= time:
            return False
    if start >= seen_start[stop, r - 1]:
        seen_start[stop, r - 1] = start
        seen_time[stop, r - 1] = time
    first, target, seconds, _ = egress
    for k in range(first[stop], first[stop + 1]):
        if time + seconds[k] - start > rules[2]:
            break
        found[target[k]] = max(found[target[k]], start)
    if r == rules[4]:
        return False
    again = _get_ready(stop, r, time + rules[3], start, now, walk_s, rules, labels[0], queue)
    first, target, seconds, _ = changes
    for k in range(first[stop], first[stop + 1]):
        then = time + rules[3] + seconds[k]
        if then - start > rules[2]:
            break
        again |= _get_ready(target[k], r, then, start, now, walk_s, rules, labels[0], queue)
    return again


@njit(cache=True, nogil=True)
def _get_ready(stop, r, then, start, now, walk_s, rules, ready, queue):
    """Queue a label unless one of no more rides is as good; True when it counts at once."""
    own = min(then - walk_s[stop], rules[1])
    if own >= start or then - start > rules[2]:
        return False
    for q in range(1, r + 1):
        if ready[stop, q] >= start:
            return False
    if then <= now:
        ready[stop, r] = start
        return True
    _wait(queue, then - rules[0], stop, r, start)
    return False


@njit(cache=True, nogil=True)
def _wait(queue, slot, stop, r, start):
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
def _release(queue, slot, ready):
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
