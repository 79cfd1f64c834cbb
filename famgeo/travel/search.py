"""Search a street graph from few places to many: one bounded search per source."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.travel.graph import StreetGraph
from famgeo.travel.snapping import Snap


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
    """Find the best way between every source and target."""
    raise NotImplementedError


def nearby(
    graph: StreetGraph,
    sources: Snap,
    targets: Snap,
    *,
    reverse: bool,
    limit_s: float,
    executor: Executor | None = None,
) -> NearBy:
    """Find the pairs within the limit."""
    raise NotImplementedError
