"""The street graph of one mode: what can be searched, and where one can step onto it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Limits, Mode
from famgeo.tables import Streets

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class StreetGraph:
    """The largest strongly connected part of a mode's streets, chains contracted."""

    mode: Mode
    metres_per_s: float
    snap_m_per_s: float
    snap_cap_m: float


def build_graph(streets: Streets, mode: Mode, limits: Limits) -> StreetGraph:
    """Build the graph of a mode."""
    raise NotImplementedError
