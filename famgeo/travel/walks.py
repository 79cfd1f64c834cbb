"""What every scan takes besides connections: walks as sparse arrays, the rules, and chunks."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from famgeo.errors import TravelError

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Feet = tuple[Longs, Ints, Ints, Floats]
"""The arrays of ``Walks`` as a kernel takes them."""

LONGEST_S = (1 << 17) - 1
"""A trip takes at most this long: 36 hours."""
MOST_RIDES = 15
_CHUNKS, _LARGEST = 8, 128


@dataclass(frozen=True, kw_only=True)
class Walks:
    """Walks from each of n places to others, sparse: those of place i are start[i]:start[i + 1].

    start : int64 (n + 1,). target : int32. seconds : int32. metres : float32.
    """

    start: Longs
    target: Ints
    seconds: Ints
    metres: Floats

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def columns(self) -> Feet:
        """The arrays in the order of the fields."""
        return self.start, self.target, self.seconds, self.metres

    def part(self, first: int, last: int) -> "Walks":
        """Return the walks of the places ``first`` up to before ``last``."""
        rows = slice(self.start[first], self.start[last])
        return Walks(
            start=self.start[first : last + 1] - self.start[first],
            target=self.target[rows],
            seconds=self.seconds[rows],
            metres=self.metres[rows],
        )

    def turned(self, n_targets: int) -> "Walks":
        """Return the same walks by target, the shortest first; ``target`` is the place then."""
        place = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.start))
        return walks(self.target, place, self.seconds, self.metres, n_places=n_targets)


def walks(
    source: Ints, target: Ints, seconds: NDArray[Any], metres: Floats, *, n_places: int
) -> Walks:
    """Put walks in order of place, then of seconds; seconds are rounded to whole ones, once, here.

    Walks of one place and length keep the order in which they come.
    """
    whole = np.rint(seconds).astype(np.int32)
    order, _ = _by_count(np.arange(len(whole)), whole, int(whole.max(initial=0)) + 1)
    order, start = _by_count(order, np.asarray(source, dtype=np.int32), n_places)
    return Walks(
        start=start,
        target=target[order].astype(np.int32),
        seconds=whole[order],
        metres=metres[order].astype(np.float32),
    )


@njit(cache=True, nogil=True)
def _by_count(order: Longs, key: Ints, n_keys: int) -> tuple[Longs, Longs]:
    """Sort positions by a small key, keeping the order of equals; return where each key starts."""
    start = np.zeros(n_keys + 1, np.int64)
    for k in key:
        start[k + 1] += 1
    for k in range(n_keys):
        start[k + 1] += start[k]
    filled, place = np.empty(len(order), np.int64), start[:-1].copy()
    for position in order:
        k = key[position]
        filled[place[k]] = position
        place[k] += 1
    return filled, start


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a journey may be: seconds for each change, rides at most, seconds at most."""

    change_s: int
    max_rides: int
    limit_s: int

    def __post_init__(self) -> None:
        if self.limit_s > LONGEST_S or self.max_rides > MOST_RIDES:
            message = (
                f"A trip of {self.limit_s // 60:,} minutes and {self.max_rides} rides is more than "
                f"can be searched. Ask for at most {LONGEST_S // 60:,} minutes and "
                f"{MOST_RIDES} rides."
            )
            raise TravelError(message)


def in_chunks(run: Callable[[int, int], None], n: int, executor: Executor | None) -> None:
    """Run a function over 0..n in chunks, on the executor when there is one.

    No chunk is large, whatever n: what a chunk needs is in memory at once.
    """
    size = min(_LARGEST, n if executor is None else -(-n // _CHUNKS))
    edges = [(first, min(first + size, n)) for first in range(0, n, max(size, 1))]
    if executor is None:
        for first, last in edges:
            run(first, last)
        return
    for job in [executor.submit(run, *edge) for edge in edges]:
        job.result()
