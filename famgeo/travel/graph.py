"""The street graph of one mode: what can be searched, and where one can step onto it.

Two levels. *Pieces* are straight bits of street in their original geometry: trips start and end
on them. *Chains* are runs of pieces between junctions: the search sees only junctions and chains,
so two of three nodes are never visited, and every entry point stays exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.tables import Streets
from famgeo.travel.chains import rows_by, strong_components, walk_chains
from famgeo.travel.nearest import Grid, make_grid
from famgeo.travel.profiles import Prices, price

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DRIVEWAY_KMH = 20.0
"""Speed on the straight line between a home and its street by car: an unmapped local road."""


@dataclass(frozen=True, kw_only=True)
class Arcs:
    """Arcs by tail node: those of node u are first[u]:first[u + 1].

    first : int64 (nodes + 1,). head : int32 (arcs,). cost_s : float64 (arcs,).
    """

    first: Longs
    head: Ints
    cost_s: Floats


@dataclass(frozen=True, kw_only=True)
class StreetGraph:
    """The largest strongly connected part of a mode's streets, chains contracted.

    metres_per_s : walking speed along streets; NaN for bike and drive.
    snap_m_per_s, snap_cap_m : speed and limit on the straight line to the street.
    out, into : ``Arcs`` between junctions, along travel and against it.
    ends : int32 (chains, 2), the junctions at a chain's start and end; −1 at a dead end, where
        no search has anything to find.
    chain_s : float64 (chains, 2), seconds along and against the chain; inf = not that way.
    chain_of : int32 (pieces,). from_start_s, from_end_s : float64 (pieces,), seconds from the
        chain's start to the piece's start going along, from its end to the piece's end going
        against. along_s, against_s : float64 (pieces,), seconds on the piece itself. All four are
        0 where the chain cannot be travelled that way.
    metres : float64 (pieces,). shape : float64 (pieces, 4), lon and lat of both ends.
    grid, grid_piece : the pieces a trip may start on, in Mercator metres, and their rows.
    """

    mode: Mode
    metres_per_s: float
    snap_m_per_s: float
    snap_cap_m: float
    out: Arcs
    into: Arcs
    ends: Ints
    chain_s: Floats
    chain_of: Ints
    from_start_s: Floats
    from_end_s: Floats
    along_s: Floats
    against_s: Floats
    metres: Floats
    shape: Floats
    grid: Grid
    grid_piece: Longs


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Usable pieces; a, b : end nodes; go, back : seconds; node : rows of ``Streets.nodes``."""

    a: Ints
    b: Ints
    go: Floats
    back: Floats
    metres: Floats
    snappable: Bools
    node: Longs

    def keep(self, rows: NDArray[np.generic] | slice, a: Ints, b: Ints, node: Longs) -> "_Pieces":
        return _Pieces(
            a=a,
            b=b,
            go=self.go[rows],
            back=self.back[rows],
            metres=self.metres[rows],
            snappable=self.snappable[rows],
            node=node,
        )


def build_graph(streets: Streets, mode: Mode, limits: Limits) -> StreetGraph:
    """Build the graph of a mode: price, keep the largest strongly connected part, contract.

    Strongly connected means that from every street kept one can go to every other and back, so a
    pair of places on it always has a way, if a long one.

    Raises ``TravelError`` when the mode can use no street at all.
    """
    prices = price(streets, mode, limits)
    if not (np.isfinite(prices.forward_s) | np.isfinite(prices.backward_s)).any():
        raise TravelError(_nothing_usable(mode))
    pieces = _largest_component(_usable_pieces(streets, prices), streets)
    if not pieces.snappable.any():
        raise TravelError(_nothing_usable(mode))
    return _contract(pieces, prices.node_s[pieces.node], streets, mode, limits)


def _nothing_usable(mode: Mode) -> str:
    return f"No street in this file can be used by {mode}. Add a larger street extract."


def _usable_pieces(streets: Streets, prices: Prices) -> _Pieces:
    """Take the passable pieces; a closed node becomes one dead end for each piece at it."""
    pieces = _merged(streets, prices)
    n_nodes = len(streets.nodes)
    ends = np.concatenate([pieces.a, pieces.b]).astype(np.int64)
    shut = np.flatnonzero(prices.closed[ends])
    node = np.concatenate([np.arange(n_nodes), ends[shut]])
    ends[shut] = n_nodes + np.arange(len(shut))
    a, b = np.split(ends.astype(np.int32), 2)
    return pieces.keep(slice(None), a, b, node)


def _merged(streets: Streets, prices: Prices) -> _Pieces:
    """Lay pieces between the same two nodes on each other; the faster counts, each way."""
    passable = np.isfinite(prices.forward_s) | np.isfinite(prices.backward_s)
    rows = np.flatnonzero(passable & (streets.from_node != streets.to_node))
    a, b = streets.from_node[rows], streets.to_node[rows]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((high, low))
    rows, low, high = rows[order], low[order], high[order]
    new = np.ones(len(rows), bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first = np.flatnonzero(new)
    go, back = prices.forward_s[rows], prices.backward_s[rows]
    turned = streets.from_node[rows] != low
    return _Pieces(
        a=low[first],
        b=high[first],
        go=np.minimum.reduceat(np.where(turned, back, go), first),
        back=np.minimum.reduceat(np.where(turned, go, back), first),
        metres=prices.metres[rows[first]],
        snappable=np.logical_or.reduceat(prices.snappable[rows], first),
        node=np.arange(len(streets.nodes)),
    )


def _largest_component(pieces: _Pieces, streets: Streets) -> _Pieces:
    """Keep the largest strongly connected component, its nodes numbered along a Z-curve."""
    go, back = np.isfinite(pieces.go), np.isfinite(pieces.back)
    tail = np.concatenate([pieces.a[go], pieces.b[back]])
    head = np.concatenate([pieces.b[go], pieces.a[back]])
    first, rows = rows_by(tail, len(pieces.node))
    label = strong_components(first, head[rows])
    biggest = np.bincount(label).argmax()
    inside = label == biggest
    kept = inside[pieces.a] & inside[pieces.b]
    nodes = np.flatnonzero(inside)
    nodes = nodes[np.argsort(_z_curve(streets, pieces.node[nodes]), kind="stable")]
    number = np.full(len(label), -1, np.int32)
    number[nodes] = np.arange(len(nodes), dtype=np.int32)
    return pieces.keep(kept, number[pieces.a[kept]], number[pieces.b[kept]], pieces.node[nodes])


def _z_curve(streets: Streets, node: Longs) -> Longs:
    """Return Morton codes, so that nodes near each other are near in memory."""
    code = np.zeros(len(node), np.int64)
    for shift, axis in enumerate(("lon", "lat")):
        degrees = streets.nodes[axis].to_numpy(float)[node]
        span = max(np.ptp(degrees), 1e-12) if len(degrees) else 1.0
        cell = ((degrees - degrees.min(initial=180.0)) / span * 65535).astype(np.int64)
        for bit in range(16):
            code |= ((cell >> bit) & 1) << (2 * bit + shift)
    return code


def _contract(
    pieces: _Pieces, node_s: Floats, streets: Streets, mode: Mode, limits: Limits
) -> StreetGraph:
    n_nodes = len(pieces.node)
    ends = np.concatenate([pieces.a, pieces.b])
    first, rows = rows_by(ends, n_nodes)
    order, flip, start = walk_chains(
        pieces.a, pieces.b, first, rows % len(pieces.a), _junctions(pieces, first, rows)
    )
    a = np.where(flip, pieces.b[order], pieces.a[order])
    b = np.where(flip, pieces.a[order], pieces.b[order])
    along = np.where(flip, pieces.back[order], pieces.go[order])
    against = np.where(flip, pieces.go[order], pieces.back[order])
    from_start, total_along = _running(along + node_s[b], start)
    from_end, total_against = _running((against + node_s[a])[::-1], _reversed(start))
    chain_s = np.column_stack([total_along, total_against[::-1]])
    dead = np.diff(first) == 1
    corner = np.column_stack([a[start[:-1]], b[start[1:] - 1]])
    number, n_junctions = _number_used(np.where(dead[corner], -1, corner), n_nodes)
    arcs = _arcs(number, chain_s)
    lon = streets.nodes["lon"].to_numpy(float)[pieces.node]
    lat = streets.nodes["lat"].to_numpy(float)[pieces.node]
    shape = np.column_stack([lon[a], lat[a], lon[b], lat[b]])
    snappable = np.flatnonzero(pieces.snappable[order])
    return StreetGraph(
        mode=mode,
        **_speeds(mode, limits),
        out=_by_tail(*arcs, n_junctions),
        into=_by_tail(arcs[1], arcs[0], arcs[2], n_junctions),
        ends=number,
        chain_s=chain_s,
        chain_of=np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start)),
        from_start_s=from_start,
        from_end_s=from_end[::-1].copy(),
        along_s=np.where(np.isfinite(along), along, 0.0),
        against_s=np.where(np.isfinite(against), against, 0.0),
        metres=pieces.metres[order],
        shape=shape,
        grid=_grid(shape[snappable]),
        grid_piece=snappable,
    )


def _junctions(pieces: _Pieces, first: Longs, rows: Longs) -> Bools:
    """Mark where chains end: any degree but 2, or directions that change along the way."""
    junction: Bools = np.diff(first) != 2  # noqa: PLR2004 - two pieces meet
    toward = np.concatenate([np.isfinite(pieces.back), np.isfinite(pieces.go)])
    away = np.concatenate([np.isfinite(pieces.go), np.isfinite(pieces.back)])
    middle = np.flatnonzero(~junction)
    one, two = rows[first[middle]], rows[first[middle] + 1]
    junction[middle] = (toward[one] != away[two]) | (away[one] != toward[two])
    junction[middle] |= one % len(pieces.a) == two % len(pieces.a)
    return junction


def _running(seconds: Floats, start: Longs) -> tuple[Floats, Floats]:
    """Return, within each chain, the sum before each piece, and the sum of all or inf."""
    finite = np.where(np.isfinite(seconds), seconds, 0.0)
    total = np.concatenate([[0.0], np.cumsum(finite)])
    size = np.diff(start)
    before = total[:-1] - np.repeat(total[start[:-1]], size)
    whole = np.where(np.isfinite(seconds[start[:-1]]), np.add.reduceat(finite, start[:-1]), np.inf)
    return before, whole


def _reversed(start: Longs) -> Longs:
    counted: Longs = start[-1] - start[::-1]
    return counted


def _number_used(corner: Longs, n_nodes: int) -> tuple[Ints, int]:
    """Return the nodes renumbered from 0, only those used, in their order; −1 stays."""
    used = np.zeros(n_nodes, bool)
    used[corner[corner >= 0]] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    return np.where(corner >= 0, number[corner], -1).astype(np.int32), int(used.sum())


def _arcs(ends: Ints, chain_s: Floats) -> tuple[Ints, Ints, Floats]:
    """Return tail, head and seconds of every arc that leads from one junction to another."""
    tail = np.concatenate([ends[:, 0], ends[:, 1]])
    head = np.concatenate([ends[:, 1], ends[:, 0]])
    cost = np.concatenate([chain_s[:, 0], chain_s[:, 1]])
    leads = (tail >= 0) & (head >= 0) & (tail != head) & np.isfinite(cost)
    return tail[leads], head[leads], cost[leads]


def _by_tail(tail: Ints, head: Ints, cost: Floats, n_nodes: int) -> Arcs:
    first, rows = rows_by(tail, n_nodes)
    return Arcs(first=first, head=head[rows], cost_s=cost[rows])


def _speeds(mode: Mode, limits: Limits) -> dict[str, float]:
    """Return how fast one moves on foot, and on the straight line to the street."""
    if mode is Mode.DRIVE:
        pace = DRIVEWAY_KMH / limits.drive_factor / 3.6
        return {
            "metres_per_s": np.nan,
            "snap_m_per_s": pace,
            "snap_cap_m": limits.snap_drive_m,
        }
    kmh = limits.wheelchair_kmh if mode is Mode.WHEELCHAIR else limits.walk_kmh
    return {
        "metres_per_s": np.nan if mode is Mode.BIKE else kmh / 3.6,
        "snap_m_per_s": kmh / 3.6,
        "snap_cap_m": limits.snap_walk_m,
    }


def mercator(lon: Floats, lat: Floats) -> Floats:
    """Project degrees to spherical Mercator metres, shape (n, 2).

    The projection keeps angles, so the nearest street in it is the nearest on the ground, at any
    latitude; its metres are longer than the ground's by 1 / cos(lat).
    """
    y = np.arcsinh(np.tan(np.radians(np.clip(lat, -89.9, 89.9))))
    return np.column_stack([np.radians(lon), y]) * 6378137.0


def _grid(shape: Floats) -> Grid:
    a, b = mercator(shape[:, 0], shape[:, 1]), mercator(shape[:, 2], shape[:, 3])
    return make_grid(np.concatenate([a, b], axis=1))
