"""Maximal covering: choose n columns so that the most weight has a chosen column.

Church and ReVelle (1974). Rows that have the same columns are one row of their joint weight. A
greedy choice and random ones near it are improved by the best swap until none helps, then
``cutting`` proves how much better any choice could be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Chosen = tuple[int, ...]

STARTS = 24
NEAR_BEST = 6


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Who is covered by what: covers (rows, columns), and weight (rows), whole numbers."""

    covers: Bools
    weight: NDArray[np.int64]

    @cached_property
    def by_column(self) -> NDArray[np.float32]:
        """The table the other way about, as 0 and 1: products of it are the work here."""
        return np.ascontiguousarray(self.covers.T, np.float32)

    def weigh(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weight in each column.

        Here as elsewhere einsum stands in for @, whose threads wait for each other in circles
        when the machine has other work: ten times as long on two busy cores.
        """
        product: NDArray[np.float32] = np.einsum("cr,r->c", self.by_column, weight)
        return product

    def reached(self, chosen: Sequence[int]) -> int:
        """Return the weight that the chosen columns cover."""
        return int(self.weight[self.covers[:, list(chosen)].any(axis=1)].sum())


def merge_rows(covers: Bools) -> Demand:
    """Merge rows that have the same columns, and leave out those that have none.

    >>> merge_rows(np.array([[1, 0], [0, 0], [1, 0], [1, 1]], bool)).weight.tolist()
    [2, 1]
    """
    some = covers[covers.any(axis=1)]
    if not len(some):
        return Demand(covers=some, weight=np.zeros(0, np.int64))
    packed = np.packbits(some, axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, weight = np.unique(keys, return_index=True, return_counts=True)
    return Demand(covers=some[first], weight=weight.astype(np.int64))


def cover_well(demand: Demand, n: int, locked: Sequence[int]) -> Chosen:
    """Return the best of many good choices of n columns that hold the locked ones.

    The same demand gives the same choice: the random starts have a fixed seed, and of equals the
    first column and the first start win.
    """
    tried = (improve(demand, start, locked) for start in _starts(demand, n, locked))
    return max(tried, key=demand.reached)


def improve(demand: Demand, chosen: Sequence[int], locked: Sequence[int]) -> Chosen:
    """Swap one chosen column for another, always the best swap, until none covers more."""
    now, free = list(chosen), [i for i, column in enumerate(chosen) if column not in locked]
    while free:
        gain = _swap_gains(demand, now, free)
        column, place = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[column, place] < 1:
            break
        now[free[int(place)]] = int(column)
    return tuple(sorted(now))


def _swap_gains(demand: Demand, chosen: Sequence[int], free: Sequence[int]) -> NDArray[np.float32]:
    """Return what each column (rows) would add in the place of each free choice (columns)."""
    times = demand.by_column[list(chosen)].sum(axis=0)
    weight = demand.weight.astype(np.float32)
    alone = demand.by_column[[chosen[i] for i in free]] * (weight * (times == 1))
    new = demand.weigh(weight * (times == 0))
    kept = np.einsum("cr,pr->cp", demand.by_column, alone)
    gain: NDArray[np.float32] = new[:, None] + kept - alone.sum(axis=1)
    gain[list(chosen)] = -1
    return gain


def _starts(demand: Demand, n: int, locked: Sequence[int]) -> Iterator[list[int]]:
    """Yield the greedy choice, then choices that take one of the few best at each step."""
    random = np.random.default_rng(0)
    for start in range(STARTS):
        chosen = list(locked)
        left = demand.weight.astype(np.float32)
        left[demand.covers[:, chosen].any(axis=1)] = 0
        while len(chosen) < n:
            gain = demand.weigh(left)
            gain[chosen] = -1
            best = np.argsort(-gain, kind="stable")[: min(NEAR_BEST, len(gain) - len(chosen))]
            chosen.append(int(best[random.integers(len(best))] if start else best[0]))
            left[demand.covers[:, chosen[-1]]] = 0
        yield chosen
