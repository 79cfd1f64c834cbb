"""How home areas are cut into neighborhoods: halved, and halved again.

Each cut leaves two connected halves with families enough, wastes as few neighborhoods as it can,
and is short for how even it is: the ratio cut of Wei and Cheng (1989), "Towards efficient
hierarchical designs by ratio cut partitioning". Few areas are cut in the best of all ways; many
along the best of some straight lines, and what a line leaves behind changes sides.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

FEW = 12
"""So few areas are cut in the best of all ways."""
DIRECTIONS = 12
EVEN = 0.1
"""Parts that are uneven by less than this share are even; shortness decides between them."""
PAIR = 2
TRIED = 10
"""Lines tried in each direction: those that waste least, the most even first."""

Ints = NDArray[np.int64]
Members = frozenset[int]


class Land:
    """Home areas by number: the figure of each, and how long an edge it shares with which."""

    def __init__(self, shapes: NDArray[np.object_], figures: Ints) -> None:
        self.figures = figures
        self.flat = _flattened(shapes)
        self.middles = shapely.get_coordinates(shapely.centroid(self.flat))
        self.beside: list[dict[int, float]] = [{} for _ in self.flat]
        one, other = shapely.STRtree(self.flat).query(self.flat, predicate="intersects")
        edges = shapely.length(shapely.intersection(self.flat[one], self.flat[other]))
        for a, b, edge in zip(one.tolist(), other.tolist(), edges.tolist(), strict=True):
            if a != b and edge > 0:
                self.beside[a][b] = edge

    def parts(self, *, least: int, aim: int) -> list[Members]:
        """Return connected sets of areas of ``least`` families or more, of about ``aim`` each."""
        self._bridge(least)
        done, waiting = [], self.pieces(range(len(self.figures)))
        while waiting:
            piece = waiting.pop()
            half = self._best_half(piece, least, aim)
            waiting += [half, piece - half] if half else []
            done += [] if half else [piece]
        return done

    def total(self, members: Iterable[int]) -> int:
        """Return the families of some areas, by their figures."""
        return int(self.figures[list(members)].sum())

    def pieces(self, members: Iterable[int]) -> list[Members]:
        """Return the connected pieces of a set of areas, that with the lowest number first."""
        left, found = set(members), []
        while left:
            piece, edge = set[int](), {min(left)}
            while edge:
                piece |= edge
                edge = ({b for a in edge for b in self.beside[a]} & left) - piece
            found.append(frozenset(piece))
            left -= piece
        return found

    def _bridge(self, least: int) -> None:
        """Join each piece too small to stand alone to the area nearest, by an edge of no length."""
        while len(pieces := self.pieces(range(len(self.figures)))) > 1:
            piece = min(pieces, key=lambda one: (self.total(one), min(one)))
            if self.total(piece) >= least:
                return
            here, away = sorted(piece), [b for b in range(len(self.flat)) if b not in piece]
            far = shapely.distance(self.flat[here][:, None], self.flat[away][None, :])
            a, b = np.unravel_index(far.argmin(), far.shape)
            self.beside[here[a]][away[b]] = self.beside[away[b]][here[a]] = 0.0

    def _best_half(self, piece: Members, least: int, aim: int) -> Members | None:
        """Return one half of the best cut; None when there is no cut, or no need of one."""
        whole = self.total(piece)
        n_parts = (2 * whole + aim) // (2 * aim)
        if n_parts < PAIR:
            return None
        halves = self._every_half(piece) if len(piece) <= FEW else self._halves(piece, n_parts)
        ranked = [
            (self._cost(piece, half, n_parts), sorted(half))
            for half in halves
            if least <= self.total(half) <= whole - least
        ]
        return frozenset(min(ranked)[1]) if ranked else None

    def _cost(self, piece: Members, half: Members, n_parts: int) -> tuple[float, float]:
        """Return how uneven the parts of a cut will be, and its ratio: length for evenness.

        Rounded, for the last bit of a sum depends on the order it is taken in.
        """
        one, other = self.total(half), self.total(piece - half)
        cut = sum(
            edge for a in half for b, edge in self.beside[a].items() if b in piece and b not in half
        )
        uneven = float(_uneven(np.array(one), one + other, n_parts))
        return round(max(uneven, EVEN), 1), round(cut * (1 / one + 1 / other), 6)

    def _every_half(self, piece: Members) -> Iterator[Members]:
        """Yield every connected half with a connected rest, by the half without the first area."""
        others = sorted(piece)[1:]
        for bits in range(1, 1 << len(others)):
            half = frozenset(b for at, b in enumerate(others) if bits >> at & 1)
            if len(self.pieces(half)) == 1 and len(self.pieces(piece - half)) == 1:
                yield half

    def _halves(self, piece: Members, n_parts: int) -> Iterator[Members]:
        """Yield the halves of the most promising straight cuts in every direction."""
        members = np.array(sorted(piece))
        whole = self.total(piece)
        for turn in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
            along = self.middles[members] @ (np.cos(turn), np.sin(turn))
            order = members[np.lexsort((members, np.round(along, 6)))]
            behind = np.cumsum(self.figures[order])[:-1]
            uneven = np.maximum(_uneven(behind, whole, n_parts), EVEN)
            for cut in np.lexsort((np.abs(2 * behind - whole), uneven))[:TRIED].tolist():
                half = self._connected(piece, frozenset(order[: cut + 1].tolist()))
                if half != piece:
                    yield half

    def _connected(self, piece: Members, half: Members) -> Members:
        """Return the half whose largest piece, and that of what is then left, are whole.

        Every other piece of the rest touches the half only, so both are connected.
        """
        return piece - self._largest(piece - self._largest(half))

    def _largest(self, members: Members) -> Members:
        return max(self.pieces(members), key=lambda one: (self.total(one), -min(one)))


def _uneven(part: Ints, whole: int, n_parts: int) -> NDArray[np.float64]:
    """Return how far a part is from the nearest whole number of equal parts, as a share of one."""
    share = part * n_parts / whole
    return np.asarray(np.abs(share - np.clip(np.round(share), 1, n_parts - 1)))


def _flattened(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes with their widths shrunk as at their latitude, so that lengths compare."""
    middle = np.mean(shapely.bounds(shapes)[:, [1, 3]])
    narrower = np.cos(np.radians(middle))
    return np.asarray(
        shapely.transform(shapes, lambda lonlat: lonlat * (narrower, 1.0)), dtype=object
    )
