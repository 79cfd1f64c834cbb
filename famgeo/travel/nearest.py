"""The nearest straight piece to each of many points, by a grid of square cells.

A cell lists the pieces that cross it. A point looks at its own cell, then at rings of cells
around it, and stops when no cell of the next ring can hold anything nearer.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

_PIECES_A_CELL = 1.0


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Pieces by cell: those of cell c = column × rows + row are piece[first[c]:first[c + 1]].

    ends : float64 (pieces, 4), x and y of both ends in metres. origin : x and y of the lower left
    corner. cell_m : side of a cell. columns, rows : how many cells there are.
    """

    ends: Floats
    origin: Floats
    cell_m: float
    columns: int
    rows: int
    first: Longs
    piece: Ints


def make_grid(ends: Floats) -> Grid:
    """Lay a grid over pieces, about as many cells as pieces; ``ends`` as in ``Grid``."""
    ends = np.ascontiguousarray(ends, np.float64)
    x, y = ends[:, [0, 2]], ends[:, [1, 3]]
    origin = np.array([x.min(), y.min()])
    wide, high = float(x.max() - origin[0]), float(y.max() - origin[1])
    cell_m = max(np.sqrt(wide * high * _PIECES_A_CELL / len(ends)), (wide + high) / 4096, 1.0)
    columns, rows = int(wide / cell_m) + 1, int(high / cell_m) + 1
    count = np.zeros(columns * rows + 1, np.int64)
    _cross(ends, origin, cell_m, rows, count, np.empty(0, np.int32))
    first = np.concatenate([[0], np.cumsum(count[:-1])])
    piece = np.empty(int(first[-1]), np.int32)
    _cross(ends, origin, cell_m, rows, first.copy(), piece)
    return Grid(
        ends=ends,
        origin=origin,
        cell_m=cell_m,
        columns=columns,
        rows=rows,
        first=first,
        piece=piece,
    )


def nearest(grid: Grid, points: Floats, within_m: Floats) -> Ints:
    """Return the piece nearest each point, −1 when none is within its distance.

    ``points`` is (n, 2), ``within_m`` (n,). Of pieces at the same distance the first is taken.
    """
    return _nearest(
        grid.ends,
        grid.origin,
        grid.cell_m,
        grid.columns,
        grid.rows,
        grid.first,
        grid.piece,
        np.ascontiguousarray(points, np.float64),
        np.ascontiguousarray(within_m, np.float64),
    )


@njit(cache=True, nogil=True)
def _cross(  # noqa: PLR0917 - plain arrays, for the compiler
    ends: Floats, origin: Floats, cell_m: float, rows: int, at: Longs, piece: Ints
) -> None:
    """Count in ``at`` the pieces that cross each cell; with room in ``piece``, list them there.

    A piece is cut at each column it passes, so a long slanting one touches few cells.
    """
    for p in range(len(ends)):
        xa, ya = (ends[p, 0] - origin[0]) / cell_m, (ends[p, 1] - origin[1]) / cell_m
        xb, yb = (ends[p, 2] - origin[0]) / cell_m, (ends[p, 3] - origin[1]) / cell_m
        if xb < xa:
            xa, ya, xb, yb = xb, yb, xa, ya
        slope = (yb - ya) / (xb - xa) if xb > xa else 0.0
        low, high = min(ya, yb), max(ya, yb)
        for column in range(int(xa), int(xb) + 1):
            start, stop = low, high
            if xb > xa:
                y1 = ya + (max(xa, column) - xa) * slope
                y2 = ya + (min(xb, column + 1) - xa) * slope
                start, stop = max(low, min(y1, y2) - 1e-6), min(high, max(y1, y2) + 1e-6)
            for row in range(int(start), int(stop) + 1):
                cell = column * rows + row
                if len(piece):
                    piece[at[cell]] = p
                at[cell] += 1


@njit(cache=True, nogil=True)
def _nearest(  # noqa: PLR0917 - plain arrays, for the compiler
    ends: Floats,
    origin: Floats,
    cell_m: float,
    columns: int,
    rows: int,
    first: Longs,
    piece: Ints,
    points: Floats,
    within_m: Floats,
) -> Ints:
    found = np.full(len(points), -1, np.int32)
    for i in range(len(points)):
        px, py = points[i, 0], points[i, 1]
        x, y = (px - origin[0]) / cell_m, (py - origin[1]) / cell_m
        column, row = int(np.floor(x)), int(np.floor(y))
        edge_m = cell_m * min(x - column, column + 1 - x, y - row, row + 1 - y)
        best, ring = within_m[i] ** 2, max(-column, column - columns + 1, -row, row - rows + 1, 0)
        last = max(column, columns - 1 - column, row, rows - 1 - row)
        while ring <= last:
            least_m = (ring - 1) * cell_m + edge_m
            if ring and least_m > 0 and least_m**2 > best:
                break
            for c in range(max(column - ring, 0), min(column + ring, columns - 1) + 1):
                whole = abs(c - column) == ring
                step = 1 if whole or ring == 0 else 2 * ring
                for r in range(row - ring, row + ring + 1, step):
                    if not 0 <= r < rows:
                        continue
                    cell = c * rows + r
                    for q in range(first[cell], first[cell + 1]):
                        p = piece[q]
                        away = _away(ends[p], px, py)
                        if away < best or (away == best and (found[i] < 0 or p < found[i])):
                            best = away
                            found[i] = p
            ring += 1
    return found


@njit(cache=True, nogil=True, inline="always")
def _away(end: Floats, x: float, y: float) -> float:
    """Return the squared distance from a point to a piece."""
    run_x, run_y = end[2] - end[0], end[3] - end[1]
    off_x, off_y = x - end[0], y - end[1]
    length2 = run_x * run_x + run_y * run_y
    if length2 > 0:
        share = min(max((off_x * run_x + off_y * run_y) / length2, 0.0), 1.0)
        off_x -= share * run_x
        off_y -= share * run_y
    squared: float = off_x * off_x + off_y * off_y
    return squared
