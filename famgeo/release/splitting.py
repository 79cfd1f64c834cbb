"""How land with homes on it is split into home areas, and where empty land goes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.release.quadtree import Ints, Square

SPARSE_M = 6400.0
"""In squares larger than this, a group too small to show stays off the map rather than swallow
its neighbour: a handful of families far out would otherwise hide a whole town in one shape."""

FILL_M = 1600.0
"""Empty squares up to this side join a neighbour; larger ones are countryside without families
and stay off the map."""

Shows = Callable[[Ints], bool]
"""Whether these households are enough, in enough places, to be shown as one."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Squares and the households in them, as positions."""

    squares: tuple[Square, ...]
    homes: Ints

    @property
    def rank(self) -> tuple[int, tuple[Square, ...]]:
        """Smallest first; position decides between equals, never the order of rows."""
        return len(self.homes), self.squares


def split(root: Square, leaves: Ints, *, k: int, shows: Shows) -> list[Group]:
    """Split a square into home areas; none when all its households are too few.

    A leaf, or a node with fewer than 2k households, is a home area. Else its four children start
    as four groups; while a group is too small, the smallest such is merged with its smallest
    edge-adjacent group. One group left: the node is a home area. Else groups of a single child
    are split further, and merged groups are home areas. ``leaves``: each household's column and
    row, shape (n, 2).
    """
    areas: list[Group] = []
    empty: list[Square] = []
    everyone = Group(squares=(root,), homes=np.arange(len(leaves)))
    waiting = [everyone] if shows(everyone.homes) else []
    while waiting:
        node = waiting.pop()
        square = node.squares[0]
        sparse = square.side_m > SPARSE_M
        if square.size == 1 or (len(node.homes) < 2 * k and not sparse):
            areas.append(node)
            continue
        children = _children(node, leaves)
        groups = _merged(children, shows, spare=k if sparse else 0)
        if len(groups) == 1 and len(groups[0].squares) > 1 and not sparse:
            areas.append(node)
            continue
        areas += [group for group in groups if len(group.squares) > 1]
        waiting += [group for group in groups if len(group.squares) == 1]
        empty += _left_empty(children, groups)
    return _filled(sorted(areas, key=lambda area: area.rank), empty)


def _children(node: Group, leaves: Ints) -> list[Group]:
    children = []
    for quarter in node.squares[0].quarters():
        away = leaves[node.homes] - (quarter.col, quarter.row)
        inside = ((away >= 0) & (away < quarter.size)).all(axis=1)
        children.append(Group(squares=(quarter,), homes=node.homes[inside]))
    return children


def _left_empty(children: Sequence[Group], groups: Sequence[Group]) -> list[Square]:
    taken = {square for group in groups for square in group.squares}
    return [c.squares[0] for c in children if not len(c.homes) and c.squares[0] not in taken]


def _merged(children: Sequence[Group], shows: Shows, *, spare: int) -> list[Group]:
    """Merge the children that hold homes until every group may be shown.

    A group of fewer than ``spare`` homes joins only others that are too small; alone, it is left
    out.
    """
    groups = [child for child in children if len(child.homes)]
    land = {child.squares[0] for child in children} - {g.squares[0] for g in groups}
    while small := sorted((g for g in groups if not shows(g.homes)), key=lambda g: g.rank):
        one = small[0]
        partners = small if len(one.homes) < spare else groups
        other = _smallest_beside(one, [g for g in partners if g is not one])
        groups = [g for g in groups if g is not one and g is not other]
        if other is not None:
            groups.append(_joined(one, other, land))
    return groups


def _smallest_beside(group: Group, others: Sequence[Group]) -> Group | None:
    """Return the smallest edge-adjacent group; when all lie across a corner, the smallest."""
    near = [other for other in others if _border(group, other)] or others
    return min(near, key=lambda other: other.rank, default=None)


def _joined(one: Group, other: Group, land: set[Square]) -> Group:
    """Join two groups; two that meet only at a corner take the empty square between them along."""
    squares = one.squares + other.squares
    if land and not _border(one, other):
        squares += (min(land),)
        land.remove(min(land))
    return Group(squares=tuple(sorted(squares)), homes=np.concatenate([one.homes, other.homes]))


def _border(one: Group, other: Group) -> bool:
    return any(shared_edges(square, _corners(other.squares)).any() for square in one.squares)


def _filled(areas: list[Group], empty: Sequence[Square]) -> list[Group]:
    """Join every small empty square to the area it has the longest border with.

    Squares that touch no area wait until one between has joined; what is left stays off the map.
    """
    waiting = sorted(square for square in empty if square.side_m <= FILL_M)
    squares = [square for area in areas for square in area.squares]
    owners = [owner for owner, area in enumerate(areas) for _ in area.squares]
    while waiting and areas:
        corners, of = _corners(squares), np.array(owners)
        found = [_neighbour(square, corners, of) for square in waiting]
        if all(owner is None for owner in found):
            break
        joined = [(s, o) for s, o in zip(waiting, found, strict=True) if o is not None]
        waiting = [s for s, o in zip(waiting, found, strict=True) if o is None]
        squares += [square for square, _ in joined]
        owners += [owner for _, owner in joined]
    land: list[list[Square]] = [[] for _ in areas]
    for square, owner in zip(squares, owners, strict=True):
        land[owner].append(square)
    return [
        Group(squares=tuple(sorted(own)), homes=area.homes)
        for own, area in zip(land, areas, strict=True)
    ]


def _neighbour(square: Square, corners: Ints, owners: NDArray[np.int64]) -> int | None:
    edges = shared_edges(square, corners)
    if not edges.any():
        return None
    # The first of equals is the one with the fewest households: areas are in order of rank.
    return int(np.argmax(np.bincount(owners, weights=edges)))


def _corners(squares: Sequence[Square]) -> Ints:
    return np.array([[s.col, s.row, s.col + s.size, s.row + s.size] for s in squares])


def shared_edges(square: Square, corners: Ints) -> Ints:
    """Return the length of edge, in leaves, that a square shares with each of others, (n, 4)."""
    west, south, east, north = corners.T
    across = np.minimum(east, square.col + square.size) - np.maximum(west, square.col)
    along = np.minimum(north, square.row + square.size) - np.maximum(south, square.row)
    return np.where(np.minimum(across, along) == 0, np.maximum(across, along), 0)
