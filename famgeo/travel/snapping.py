"""Step from a place onto the street graph, at the exact point of the nearest usable edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.travel.graph import StreetGraph


@dataclass(frozen=True, kw_only=True)
class Snap:
    """Places on a street graph, one row each; ``take`` picks rows.

    lonlat : float64 (n, 2), the places themselves.
    ok : bool (n,), within the cap of a usable edge. The other rows are off the network, and no
        search ever answers for them.
    snap_m : float32 (n,), straight metres to the edge; NaN where not ``ok``.
    """

    lonlat: NDArray[np.float64]
    ok: NDArray[np.bool_]
    snap_m: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ok)

    def take(self, rows: NDArray[np.integer] | slice) -> "Snap":
        """Return these rows, in this order."""
        raise NotImplementedError


def snap(graph: StreetGraph, lonlat: NDArray[np.float64]) -> Snap:
    """Snap places, shape (n, 2) in degrees, onto the graph."""
    raise NotImplementedError
