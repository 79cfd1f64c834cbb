"""How land with homes on it is split into home areas, and where empty land goes.

Split first, join after: a square with homes enough for two areas is always split, however few
live in one of its quarters, and a quarter left with too few joins a neighbour afterwards. So a big
group is never kept whole because of a handful beside it, wherever the lines of the grid fall.

What the shapes tell: that a square which was split had 2k households or more; that of squares
drawn as one, some had too few; that a square wider than ``FILL_M`` is lived in. These are
inequalities around k and 2k, never a count. Joining before splitting told the same kind, so the
order costs no privacy; small empty squares join too, so that one with a few homes looks much like
one with none. And as the cut is made once and frozen, there is no second one to compare it with.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from famgeo.release.quadtree import Ints, Square

SPARSE_M = 3200.0
"""Squares larger than this are always split, and one of this side with fewer than k homes stays
off the map where only much smaller land touches it: a farm far out must not swallow a street."""

FILL_M = 1600.0
"""Empty squares up to this side join a neighbour; larger ones are countryside without families
and stay off the map."""

LIKE = 4
"""Land joins land whose largest square is at most this many times wider or narrower, if it can."""

Shows = Callable[[Ints], bool]
"""Whether these households are enough, in enough places, to be shown as one."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Squares, smallest first, and the households in them, as positions."""

    squares: tuple[Square, ...]
    homes: Ints

    @property
    def rank(self) -> tuple[int, tuple[Square, ...]]:
        """Smallest first; position decides between equals, never the order of rows."""
        return len(self.homes), self.squares

    @property
    def far_out(self) -> bool:
        """Whether it is made of the largest squares alone."""
        return self.squares[0].side_m >= SPARSE_M

    def like(self, other: "Group") -> bool:
        """Whether the largest squares of both are of like width."""
        narrow, wide = sorted([self.squares[-1].size, other.squares[-1].size])
        return wide <= LIKE * narrow

    def joined(self, other: "Group") -> "Group":
        """Return both as one."""
        return Group(
            squares=tuple(sorted(self.squares + other.squares)),
            homes=np.concatenate([self.homes, other.homes]),
        )


def split(root: Square, leaves: Ints, *, k: int, shows: Shows) -> list[Group]:
    """Split a square into home areas; none when all its households are too few.

    A square whose households may be shown and are at least 2k is split into its quarters, and so
    on. Then small empty squares join the neighbour with the longest common edge. Last, while a
    group is too small to show, the smallest such joins its smallest edge-adjacent group of like
    width; if none, its smallest edge-adjacent group; if none, the nearest. The farm far out joins
    only land of like width, or stays off the map. ``leaves``: each household's column and row,
    shape (n, 2).
    """
    if not shows(np.arange(len(leaves))):
        return []
    land = Land(_pieces(root, leaves, k=k, shows=shows))
    _join_empty(land)
    _join_small(land, k=k, shows=shows)
    return list(land.groups.values())


def _pieces(root: Square, leaves: Ints, *, k: int, shows: Shows) -> list[Group]:
    """Return the squares that are not split further, smallest first, without large empty ones."""
    pieces = []
    waiting = [Group(squares=(root,), homes=np.arange(len(leaves)))]
    while waiting:
        node = waiting.pop()
        (square,), count = node.squares, len(node.homes)
        wide = square.side_m > SPARSE_M and count > 0
        if square.size > 1 and (wide or (count >= 2 * k and shows(node.homes))):
            waiting += _quarters(node, leaves)
        elif count or square.side_m <= FILL_M:
            pieces.append(node)
    return sorted(pieces, key=lambda piece: piece.rank)


def _quarters(node: Group, leaves: Ints) -> list[Group]:
    quarters = []
    for square in node.squares[0].quarters():
        away = leaves[node.homes] - (square.col, square.row)
        inside = ((away >= 0) & (away < square.size)).all(axis=1)
        quarters.append(Group(squares=(square,), homes=node.homes[inside]))
    return quarters


class Land:
    """Groups by number, and for each the groups beside it with the length of common edge."""

    def __init__(self, pieces: Sequence[Group]) -> None:
        self.groups = dict(enumerate(pieces))
        self.beside = _common_edges([piece.squares[0] for piece in pieces])

    def join(self, one: int, other: int) -> None:
        """Let one group become part of another."""
        self.groups[other] = self.groups[other].joined(self.groups[one])
        for third, edge in self.leave(one).items():
            if third != other:
                longer = self.beside[other].get(third, 0) + edge
                self.beside[other][third] = self.beside[third][other] = longer

    def leave(self, one: int) -> dict[int, int]:
        """Take a group off the map; return what was beside it."""
        del self.groups[one]
        for third in self.beside[one]:
            del self.beside[third][one]
        return self.beside.pop(one)


def _join_empty(land: Land) -> None:
    """Join every empty square to the group with homes it has the longest border with.

    Squares that touch none wait until one between has joined; what is left stays off the map.
    """
    waiting = [at for at, group in land.groups.items() if not len(group.homes)]
    while found := {at: other for at in waiting if (other := _longest(land, at)) is not None}:
        for at, other in found.items():
            land.join(at, other)
        waiting = [at for at in waiting if at not in found]
    for at in waiting:
        land.leave(at)


def _longest(land: Land, at: int) -> int | None:
    # Groups are numbered from the smallest: of equal edges, the smaller group's is taken.
    edges = {
        (edge, -other): other
        for other, edge in land.beside[at].items()
        if len(land.groups[other].homes) and not land.groups[other].far_out
    }
    return edges[max(edges)] if edges else None


def _join_small(land: Land, *, k: int, shows: Shows) -> None:
    """Join groups too small to show, smallest first, until none is left."""
    small = [(g.rank, at) for at, g in land.groups.items() if not shows(g.homes)]
    heapq.heapify(small)
    while small:
        rank, one = heapq.heappop(small)
        if one not in land.groups or land.groups[one].rank != rank:
            continue  # It has changed since it was put in line.
        other = _partner(land, one, k=k)
        if other is None:
            land.leave(one)
            continue
        land.join(one, other)
        if not shows(land.groups[other].homes):
            heapq.heappush(small, (land.groups[other].rank, other))


def _partner(land: Land, one: int, *, k: int) -> int | None:
    """Return the smallest group beside this one, first among those of like width; else nearest."""
    group = land.groups[one]
    beside = list(land.beside[one])
    others = [other for other in beside if group.like(land.groups[other])]
    if not others and not (group.far_out and len(group.homes) < k):
        others = beside or _nearest(land, one)
    return min(others, key=lambda other: land.groups[other].rank, default=None)


def _nearest(land: Land, one: int) -> list[int]:
    drawn = {at: shapely.union_all(_boxes(group.squares)) for at, group in land.groups.items()}
    here = drawn.pop(one)
    away = {other: shapely.distance(here, shape) for other, shape in drawn.items()}
    least = min(away.values(), default=0)
    return [other for other in away if away[other] == least]


def _common_edges(squares: Sequence[Square]) -> dict[int, dict[int, int]]:
    boxes = _boxes(squares)
    one, other = shapely.STRtree(boxes).query(boxes, predicate="touches")
    edges = shapely.length(shapely.intersection(boxes[one], boxes[other])).astype(int)
    beside: dict[int, dict[int, int]] = {at: {} for at in range(len(squares))}
    for here, there, edge in zip(one.tolist(), other.tolist(), edges.tolist(), strict=True):
        if edge:
            beside[here][there] = edge
    return beside


def _boxes(squares: Sequence[Square]) -> NDArray[np.object_]:
    """Draw squares in leaves, where every length is exact."""
    corners = np.array([[s.col, s.row, s.col + s.size, s.row + s.size] for s in squares])
    return np.array(shapely.box(*corners.T), dtype=np.object_)
