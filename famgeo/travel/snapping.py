"""Step from a place onto the street graph, at the exact point of the nearest usable edge."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from famgeo.travel.graph import StreetGraph, mercator
from famgeo.travel.nearest import nearest
from famgeo.travel.profiles import metres_between

Floats = NDArray[np.float64]

_AT_NODE_M = 0.0005


@dataclass(frozen=True, kw_only=True)
class Snap:
    """Places on a street graph, one row each; ``take`` picks rows.

    lonlat : float64 (n, 2), the places themselves. entry : float64 (n, 2), where on the street
        each steps on; NaN where not ``ok``.
    ok : bool (n,), within the cap of a usable edge. The other rows are off the network, and no
        search ever answers for them.
    snap_m : float32 (n,), straight metres to the edge; NaN where not ``ok``.
    snap_s : float64 (n,), seconds on that straight line.
    chain : int32 (n,), the chain stepped onto; −1 where not ``ok``.
    ends : int32 (n, 2), its junctions; −1 = none.
    leave_s, reach_s : float64 (n, 2), seconds from the place to each junction and back from it,
        with the straight line; inf = not that way.
    along_s, against_s : float64 (n,), seconds from the chain's start to the entry going along,
        from its end going against; NaN = not that way.
    """

    lonlat: Floats
    entry: Floats
    ok: NDArray[np.bool_]
    snap_m: NDArray[np.float32]
    snap_s: Floats
    chain: NDArray[np.int32]
    ends: NDArray[np.int32]
    leave_s: Floats
    reach_s: Floats
    along_s: Floats
    against_s: Floats

    def __len__(self) -> int:
        return len(self.ok)

    def take(self, rows: NDArray[np.generic] | slice) -> "Snap":
        """Return these rows, in this order."""
        return Snap(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


def snap(graph: StreetGraph, lonlat: Floats) -> Snap:
    """Snap places, shape (n, 2) in degrees, onto the graph.

    Only the largest strongly connected part is offered, so no place lands on an island of the
    mode's network. What is beyond ``graph.snap_cap_m`` is not ``ok``; it is for the caller to
    list. A place within half a millimetre of a node is at the node.
    """
    lonlat = np.ascontiguousarray(lonlat, np.float64).reshape(-1, 2)
    row, piece = _nearest(graph, lonlat)
    share, entry = _foot(graph.shape[piece], lonlat[row])
    metres = metres_between(lonlat[row, 0], lonlat[row, 1], entry[:, 0], entry[:, 1])
    near = metres <= graph.snap_cap_m
    columns = _costs(graph, piece[near], share[near], entry[near], metres[near])
    return _place(lonlat, row[near], columns)


def _nearest(graph: StreetGraph, lonlat: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places that have a street within the cap, and its piece; of equals the first."""
    usable = np.flatnonzero(np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 1]) < 89))  # noqa: PLR2004
    if not len(usable):
        return usable, usable
    lon, lat = lonlat[usable].T
    within_m = 1.01 * graph.snap_cap_m / np.cos(np.radians(lat))
    piece = nearest(graph.grid, mercator(lon, lat), within_m)
    hit = np.flatnonzero(piece >= 0)
    return usable[hit], graph.grid_piece[piece[hit]]


def _foot(shape: Floats, lonlat: Floats) -> tuple[Floats, Floats]:
    """Return the share along each piece at which a place steps on, and the point there."""
    a, b = mercator(shape[:, 0], shape[:, 1]), mercator(shape[:, 2], shape[:, 3])
    run, off = b - a, mercator(lonlat[:, 0], lonlat[:, 1]) - a
    length2 = np.einsum("ij,ij->i", run, run)
    share = np.einsum("ij,ij->i", run, off) / np.where(length2 > 0, length2, 1.0)
    share = np.clip(share, 0.0, 1.0)
    return share, shape[:, :2] + share[:, None] * (shape[:, 2:] - shape[:, :2])


def _costs(
    graph: StreetGraph,
    piece: NDArray[np.int64],
    share: Floats,
    entry: Floats,
    metres: Floats,
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of ``Snap`` for places that are on the network."""
    share = np.where(share * graph.metres[piece] < _AT_NODE_M, 0.0, share)
    share = np.where((1 - share) * graph.metres[piece] < _AT_NODE_M, 1.0, share)
    chain = graph.chain_of[piece]
    total = graph.chain_s[chain]
    along = graph.from_start_s[piece] + share * graph.along_s[piece]
    against = graph.from_end_s[piece] + (1 - share) * graph.against_s[piece]
    seconds = metres / graph.snap_m_per_s
    at_start = (share == 0) & _is_first(graph.chain_of, piece)
    at_end = (share == 1) & _is_first(graph.chain_of[::-1], len(graph.chain_of) - 1 - piece)
    leave = np.maximum(np.column_stack([total[:, 1] - against, total[:, 0] - along]), 0.0)
    reach = np.where(np.isfinite(total), np.column_stack([along, against]), np.inf)
    for side, at in enumerate((at_start, at_end)):
        leave[at, side] = reach[at, side] = 0.0
    one_way = np.isinf(total)
    return {
        "entry": entry,
        "ok": np.ones(len(piece), bool),
        "snap_m": metres.astype(np.float32),
        "snap_s": seconds,
        "chain": chain,
        "ends": graph.ends[chain],
        "leave_s": leave + seconds[:, None],
        "reach_s": reach + seconds[:, None],
        "along_s": np.where(one_way[:, 0], np.nan, along),
        "against_s": np.where(one_way[:, 1], np.nan, against),
    }


def _is_first(chain_of: NDArray[np.int32], piece: NDArray[np.int64]) -> NDArray[np.bool_]:
    first: NDArray[np.bool_] = (piece == 0) | (chain_of[piece] != chain_of[piece - 1])
    return first


def _place(
    lonlat: Floats,
    row: NDArray[np.int64],
    columns: dict[str, NDArray[np.generic]],
) -> Snap:
    """Spread the columns over all places; what is missing is off the network."""
    empty = {"ok": False, "chain": -1, "ends": -1, "leave_s": np.inf, "reach_s": np.inf}
    full = {}
    for name, values in columns.items():
        full[name] = np.full(
            (len(lonlat), *values.shape[1:]), empty.get(name, np.nan), values.dtype
        )
        full[name][row] = values
    return Snap(lonlat=lonlat, **full)
