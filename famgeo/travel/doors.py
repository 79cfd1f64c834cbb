"""Walks between stops and any door, read off searches made once: one from each stop.

What one walks between a stop and a junction is the same for every question, so a network keeps it.
A place lies on a chain between two junctions: the stops near it are those near either junction,
and those on its own chain.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.travel.chains import rows_by
from famgeo.travel.graph import StreetGraph
from famgeo.travel.kernels import direct, search_sparse
from famgeo.travel.search import Question, over_sources
from famgeo.travel.snapping import Snap
from famgeo.travel.walks import Walks

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

Table = tuple[Longs, Ints, Floats]
"""Stops and seconds by junction: those of junction u are first[u]:first[u + 1], nearest first."""
OnChain = tuple[Longs, Longs, Floats]
"""Stops by chain, and where each stop is on its chain (``search.lines``)."""


@dataclass(frozen=True, kw_only=True)
class StopReach:
    """The junctions within a walk of each stop, by junction; stops are rows of ``stops``.

    ``reverse`` walks go to the stops, the others from them. ``limit_s`` is the longest walk.
    """

    graph: StreetGraph
    stops: Snap
    reverse: bool
    limit_s: float
    table: Table
    on_chain: OnChain


def reach_of_stops(
    graph: StreetGraph,
    stops: Snap,
    *,
    reverse: bool,
    limit_s: float,
    executor: Executor | None = None,
) -> StopReach:
    """Search once from each stop, or, in ``reverse``, to it, as far as the limit."""
    n = len(graph.out.first) - 1
    junctions = (
        np.arange(n + 1),
        np.arange(n, dtype=np.int32),
        np.zeros(n),
        np.zeros((n, 5)),
        np.zeros(len(graph.ends) + 1, np.int64),
        np.empty(0, np.int64),
    )
    question = Question.of(graph, stops, stops, reverse=reverse, limit_s=limit_s)
    parts = over_sources(search_sparse, question, junctions, executor)
    count, junction, seconds = (np.concatenate(column) for column in zip(*parts, strict=True))
    stop = np.repeat(np.arange(len(stops), dtype=np.int32), count)
    first, _ = rows_by(junction, n)
    rows = np.lexsort((stop, seconds, junction))
    return StopReach(
        graph=graph,
        stops=stops,
        reverse=reverse,
        limit_s=limit_s,
        table=(first, stop[rows], seconds[rows]),
        on_chain=(*question.targets_by_chain(), question.target_lines()),
    )


def walks_to_doors(reach: StopReach, places: Snap) -> Walks:
    """Return, for each place, the stops within the limit and the walk from them, or to them.

    The targets are rows of ``reach.stops``, in no order.
    """
    question = Question.of(
        reach.graph, reach.stops, places, reverse=reach.reverse, limit_s=reach.limit_s
    )
    doors = places.ends, question.target_s(), places.chain, question.target_lines()
    start, stop, seconds = _meet(reach.table, reach.on_chain, doors, reach.limit_s)
    return Walks(
        start=start,
        target=stop,
        seconds=np.rint(seconds).astype(np.int32),
        metres=seconds * np.float32(reach.graph.metres_per_s),
    )


@njit(cache=True, nogil=True)
def _meet(
    table: Table, on_chain: OnChain, doors: tuple[Ints, Floats, Ints, Floats], limit: float
) -> tuple[Longs, Ints, Singles]:
    """Return where each place's stops start, the stops, and the seconds of the shortest walk."""
    first, stop, stop_s = table
    chain_first, chain_stop, line = on_chain
    junction, door_s, chain, door_line = doors
    start = np.zeros(len(chain) + 1, np.int64)
    best = np.full(len(line), np.inf)
    found = np.empty(len(line) + 1, np.int32)
    room = _room(first, junction, chain_first, chain)
    near, near_s = np.empty(room, np.int32), np.empty(room, np.float32)
    for p in range(len(chain)):
        n = 0
        for side in range(2):
            u = junction[p, side]
            if u < 0:
                continue
            for q in range(first[u], first[u + 1]):
                seconds = stop_s[q] + door_s[p, side]
                if seconds > limit:
                    break
                n = _keep(best, found, n, stop[q], seconds)
        if chain[p] >= 0:
            for q in range(chain_first[chain[p]], chain_first[chain[p] + 1]):
                s = chain_stop[q]
                seconds = direct(line[s], door_line[p])
                if seconds <= limit:
                    n = _keep(best, found, n, s, seconds)
        for k in range(n):
            near[start[p] + k], near_s[start[p] + k] = found[k], best[found[k]]
            best[found[k]] = np.inf
        start[p + 1] = start[p] + n
    return start, near[: start[-1]], near_s[: start[-1]]


@njit(cache=True, nogil=True)
def _room(first: Longs, junction: Ints, chain_first: Longs, chain: Ints) -> int:
    """Return how many walks there are at most."""
    room = 0
    for p in range(len(chain)):
        for u in junction[p]:
            if u >= 0:
                room += int(first[u + 1] - first[u])
        if chain[p] >= 0:
            room += int(chain_first[chain[p] + 1] - chain_first[chain[p]])
    return room


@njit(cache=True, nogil=True, inline="always")
def _keep(best: Floats, found: Ints, n: int, stop: int, seconds: float) -> int:
    """Keep the shorter walk to a stop, without a branch; return how many stops are found now."""
    known = best[stop]
    found[n] = stop
    best[stop] = min(known, seconds)
    return n + int(known == np.inf)
