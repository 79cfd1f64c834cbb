"""Squares on a grid that no home has moved: the land that home areas are made of.

The grid is laid in a cylindrical equal-area projection, whose squares are exact rectangles of
longitude and latitude. So the polygon that is drawn is the very one that homes are counted in,
to the last bit, and a point on a line belongs to exactly one square: the one to its east or north.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

LEAF_M = 200.0
ANCHOR_DEGREES = 0.5
"""The grid is anchored at a multiple of this, so that its place tells nothing of any home."""
OFFSET_M = (61.8, 31.4)
"""Keeps lines off round coordinates, where drawn points like to lie."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Square:
    """A quadtree node: its side in leaves (a power of two) and its corner's column and row."""

    size: int
    col: int
    row: int

    @property
    def side_m(self) -> float:
        """The side in metres on the projected plane."""
        return self.size * LEAF_M

    def quarters(self) -> list["Square"]:
        """Return the four children: south-west, south-east, north-west, north-east."""
        half = self.size // 2
        return [
            Square(size=half, col=self.col + right * half, row=self.row + up * half)
            for up in (0, 1)
            for right in (0, 1)
        ]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Leaves around an anchor, with their lines as longitudes and latitudes, ascending."""

    root: Square
    lons: Floats
    lats: Floats

    def leaves(self, lonlat: Floats) -> Ints:
        """Return column and row of points, shape (n, 2)."""
        return leaves_between(self.lons, self.lats, lonlat)

    def polygon(self, squares: Sequence[Square]) -> shapely.Geometry:
        """Return the union of whole squares in longitude and latitude."""
        corners = np.array([[s.col, s.row, s.col + s.size, s.row + s.size] for s in squares])
        west, south, east, north = corners.T
        boxes = shapely.box(self.lons[west], self.lats[south], self.lons[east], self.lats[north])
        return whole(boxes)


def whole(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """Return the union of shapes made of squares, in a form that does not depend on their order."""
    return shapely.normalize(shapely.simplify(shapely.union_all(shapes), 0))


def leaves_between(lons: Floats, lats: Floats, lonlat: Floats) -> Ints:
    """Return between which lines points lie; a point on a line is east or north of it."""
    cols = np.searchsorted(lons, lonlat[:, 0], side="right") - 1
    rows = np.searchsorted(lats, lonlat[:, 1], side="right") - 1
    return np.column_stack([cols, rows])


def grid_over(lonlat: Floats) -> Grid:
    """Lay a grid that covers these points, placed by nothing finer than half a degree.

    The root is the smallest square of a power of two leaves around the anchor that holds them.
    """
    anchor = np.round(np.median(lonlat, axis=0) / ANCHOR_DEGREES) * ANCHOR_DEGREES
    plane = pyproj.Proj(proj="cea", lat_ts=anchor[1], lon_0=anchor[0], ellps="WGS84")
    x, y = plane(lonlat[:, 0], lonlat[:, 1])
    centre = np.array(plane(*anchor)) - OFFSET_M
    reach_m = max(np.abs(x - centre[0]).max(), np.abs(y - centre[1]).max())
    # One leaf to spare: a point within a rounding error of the edge is still inside.
    half = 1 << int(np.ceil(np.log2(max(reach_m / LEAF_M, 1.0) + 1)))
    steps = np.arange(-half, half + 1) * LEAF_M
    return Grid(
        root=Square(size=2 * half, col=0, row=0),
        lons=_longitudes(plane, centre[0] + steps, anchor[0]),
        lats=_latitudes(plane, centre[1] + steps),
    )


def _longitudes(plane: pyproj.Proj, x: Floats, anchor: float) -> Floats:
    # Longitude is linear in x, and stays ascending across the date line.
    metres_per_degree = float(plane(anchor + 1, 0)[0] - plane(anchor, 0)[0])
    return anchor + x / metres_per_degree


def _latitudes(plane: pyproj.Proj, y: Floats) -> Floats:
    pole = plane(0, 90)[1]
    _, lats = plane(np.zeros_like(y), np.clip(y, -pole, pole), inverse=True)
    return np.array(lats, dtype=np.float64)
