"""Search a street graph from few places to many: one bounded search per source."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Mode
from famgeo.errors import TravelError
from famgeo.travel.chains import rows_by
from famgeo.travel.graph import Arcs, StreetGraph
from famgeo.travel.kernels import search_dense, search_sparse
from famgeo.travel.snapping import Snap

Array = NDArray[Any]
R = TypeVar("R")
Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

_BUCKET_SHARE = 0.5
_MAX_BUCKETS = 1 << 16
_CHUNKS = 16
_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Legs:
    """Best times on the street, arrays of shape (sources, targets); NaN = no way in the limit.

    seconds, metres : float32, door to door with the straight walks to and from the street.
        ``metres`` are metres on foot: along the whole way for walk and wheelchair, only the
        straight walks for bike, none for drive.
    """

    seconds: NDArray[np.float32]
    metres: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class NearBy:
    """Every pair within the limit, sorted by source and then by target.

    start : int64 (sources + 1,); the pairs of source i are start[i]:start[i + 1].
    source, target : int32 rows of the two snaps. seconds, metres : float32 as in ``Legs``.
    """

    start: NDArray[np.int64]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    seconds: NDArray[np.float32]
    metres: NDArray[np.float32]


def search(
    graph: StreetGraph,
    sources: Snap,
    targets: Snap,
    *,
    reverse: bool,
    limit_s: float,
    executor: Executor | None = None,
) -> Legs:
    """Find the best way between every source and target: one search per source.

    ``reverse`` asks for ways from the targets to the sources; the arrays stay
    (sources, targets). Two places with the same coordinates are 0 apart. ``executor`` runs
    chunks of sources side by side; the answer is the same without it.

    Raises ``TravelError`` when the limit is not a finite number.
    """
    question = Question.of(graph, sources, targets, reverse=reverse, limit_s=limit_s)
    parts = over_sources(search_dense, question, question.dense_targets(), executor)
    seconds = np.concatenate(parts)
    metres = _metres(graph, seconds, sources.snap_m[:, None], targets.snap_m[None, :])
    return Legs(seconds=seconds, metres=metres)


def nearby(
    graph: StreetGraph,
    sources: Snap,
    targets: Snap,
    *,
    reverse: bool,
    limit_s: float,
    executor: Executor | None = None,
) -> NearBy:
    """Find every pair within the limit, at a cost that grows with what is found.

    Arguments and errors are those of ``search``.
    """
    question = Question.of(graph, sources, targets, reverse=reverse, limit_s=limit_s)
    parts = over_sources(search_sparse, question, question.sparse_targets(), executor)
    count, target, seconds = (np.concatenate(column) for column in zip(*parts, strict=True))
    source, seconds = (
        np.repeat(np.arange(len(sources), dtype=np.int32), count),
        seconds.astype("f4"),
    )
    return NearBy(
        start=np.concatenate([[0], np.cumsum(count)]),
        source=source,
        target=target,
        seconds=seconds,
        metres=_metres(graph, seconds, sources.snap_m[source], targets.snap_m[target]),
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A search as plain arrays, in the direction in which it runs."""

    arcs: Arcs
    limit_s: float
    n_chains: int
    reverse: bool
    sources: Snap
    targets: Snap

    @classmethod
    def of(
        cls, graph: StreetGraph, sources: Snap, targets: Snap, *, reverse: bool, limit_s: float
    ) -> "Question":
        """Ask for the ways between sources and targets; refuse a limit that is not a number."""
        if not 0 <= limit_s < np.inf:
            message = f"The limit is {limit_s} seconds; it must be a finite number of at least 0."
            raise TravelError(message)
        return cls(
            arcs=graph.into if reverse else graph.out,
            limit_s=float(limit_s),
            n_chains=len(graph.ends),
            reverse=reverse,
            sources=sources,
            targets=targets,
        )

    def graph(self) -> tuple[Any, ...]:
        """Return the arcs, the bucket width and the limit, as the kernels take them."""
        arcs = self.arcs
        return arcs.first, arcs.head, arcs.cost_s, _bucket_s(arcs, self.limit_s), self.limit_s

    def source_rows(self, rows: slice) -> tuple[Array, ...]:
        """Return some of the sources, as the kernels take them."""
        part = self.sources.take(rows)
        seconds = part.reach_s if self.reverse else part.leave_s
        return part.ends, seconds, part.chain, lines(part, reverse=self.reverse)

    def dense_targets(self) -> tuple[Array, ...]:
        """Return the targets as ``search_dense`` takes them."""
        ends = self.targets.ends
        return (
            np.where(ends < 0, len(self.arcs.first) - 1, ends).astype(np.int32),
            self.target_s(),
            self.target_lines(),
            *self.targets_by_chain(),
        )

    def sparse_targets(self) -> tuple[Array, ...]:
        """Return the targets by junction, as ``search_sparse`` takes them."""
        seconds = self.target_s().ravel()
        node = self.targets.ends.ravel()
        hangs = np.flatnonzero((node >= 0) & np.isfinite(seconds))
        first, rows = rows_by(node[hangs], len(self.arcs.first) - 1)
        return (
            first,
            (hangs[rows] // 2).astype(np.int32),
            seconds[hangs[rows]],
            self.target_lines(),
            *self.targets_by_chain(),
        )

    def target_s(self) -> Floats:
        """Return the seconds between each target and its two junctions."""
        return self.targets.leave_s if self.reverse else self.targets.reach_s

    def target_lines(self) -> Floats:
        """Return where each target is on its chain."""
        return lines(self.targets, reverse=self.reverse)

    def targets_by_chain(self) -> tuple[Longs, Longs]:
        """Return the targets of each chain, as ``rows_by`` does."""
        on = np.flatnonzero(self.targets.ok)
        first, rows = rows_by(self.targets.chain[on], self.n_chains)
        return first, on[rows]


def lines(snap: Snap, *, reverse: bool) -> Floats:
    """Return where each place is on its chain: seconds rise in the direction of the search."""
    sign = -1.0 if reverse else 1.0
    return np.column_stack([sign * snap.along_s, sign * snap.against_s, snap.snap_s, snap.lonlat])


def _bucket_s(arcs: Arcs, limit_s: float) -> float:
    """Return the bucket width: a share of the mean arc, and never too many buckets."""
    mean = float(arcs.cost_s.mean()) if len(arcs.cost_s) else 1.0
    return max(_BUCKET_SHARE * mean, limit_s / _MAX_BUCKETS, 1e-3)


def over_sources(
    kernel: Callable[..., R],
    question: Question,
    target_args: tuple[Array, ...],
    executor: Executor | None,
) -> list[R]:
    """Run the kernel on chunks of sources, in order."""
    n = len(question.sources)
    size = n if executor is None else max(_FEWEST, -(-n // _CHUNKS))
    chunks = [
        question.source_rows(slice(start, start + size))
        for start in range(0, max(n, 1), max(size, 1))
    ]
    run = partial(_run, kernel, question.graph(), target_args)
    results: Iterable[R] = map(run, chunks) if executor is None else executor.map(run, chunks)
    return list(results)


def _run(
    kernel: Callable[..., R],
    graph_args: tuple[Any, ...],
    target_args: tuple[Array, ...],
    source_args: tuple[Array, ...],
) -> R:
    return kernel(*graph_args, *source_args, *target_args)


def _metres(
    graph: StreetGraph,
    seconds: NDArray[np.float32],
    snap_a: NDArray[np.float32],
    snap_b: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return metres on foot; the same place is 0 apart, and no way has no length."""
    if not np.isnan(graph.metres_per_s):
        return seconds * np.float32(graph.metres_per_s)
    if graph.mode is Mode.DRIVE:
        return np.where(np.isnan(seconds), seconds, np.float32(0))
    return np.where(seconds > 0, snap_a + snap_b, seconds)
