"""Home areas: the smallest shapes ever shown, each with at least k households.

Cut once for a school year and then frozen, because cutting again is itself a way to tell who
moved. A home area is a union of whole squares, never a hull. It has at least three home points,
and none of them is the home of more than half of its households. Households whose address is
protected are neither counted nor mapped: leave them out of ``homes_lonlat``.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from famgeo.release.quadtree import Floats, Ints, grid_over, leaves_between, whole
from famgeo.release.splitting import Shows, split
from famgeo.tables import lonlat

MIN_POINTS = 3
MAX_SHARE = 0.5
SAME_POINT_DEGREES = 1e-5
"""Homes within about a metre count as one building."""


def cut_home_areas(homes_lonlat: Floats, *, k: int = 10) -> gpd.GeoDataFrame:
    """Cut home areas: ``home_area_id`` and polygon; empty when the homes are too few to show.

    One row of ``homes_lonlat`` (n, 2) for each household. The order of rows changes nothing.
    """
    if not len(homes_lonlat):
        return _frame([], [])
    grid = grid_over(homes_lonlat)
    shows = _shows(homes_lonlat, k)
    groups = split(grid.root, grid.leaves(homes_lonlat), k=k, shows=shows)
    shapes = sorted((grid.polygon(group.squares) for group in groups), key=_reading_order)
    digits = max(3, len(str(len(shapes))))
    return _frame([f"A{n:0{digits}}" for n in range(1, len(shapes) + 1)], shapes)


def assign_areas(areas: gpd.GeoDataFrame, homes_lonlat: Floats) -> NDArray[np.str_]:
    """Return the ``home_area_id`` of each point, '' for a point in none.

    Exact: a point on a border belongs to the area to its east or north, and to no other.
    """
    ids = np.array(["", *areas["home_area_id"]], dtype=str)
    return ids[_positions(areas.geometry.to_numpy(), homes_lonlat) + 1]


def households_in_areas(areas: gpd.GeoDataFrame, households: gpd.GeoDataFrame) -> NDArray[np.str_]:
    """Return the ``home_area_id`` of each household; '' for the protected and for those in none."""
    ids = assign_areas(areas, lonlat(households))
    return np.where(households["protected"].to_numpy(bool), "", ids)


def refit_areas(areas: gpd.GeoDataFrame, homes_lonlat: Floats, *, k: int = 10) -> gpd.GeoDataFrame:
    """Merge every frozen area that no longer has enough households into its smallest neighbour.

    Areas never split, and one that still has enough keeps its shape unless a neighbour joins it.
    A merged area is called after its first part and the number that joined: A012+1. Empty when
    all households together are too few.
    """
    shows = _shows(homes_lonlat, k)
    shapes = dict(zip(areas["home_area_id"], areas.geometry, strict=True))
    of = _positions(areas.geometry.to_numpy(), homes_lonlat)
    homes = {name: np.flatnonzero(of == at) for at, name in enumerate(shapes)}
    small = {name for name in shapes if not shows(homes[name])}
    while small:
        if len(shapes) == 1:
            return _frame([], [])
        one = min(small, key=lambda name: (len(homes[name]), name))
        other = _smallest_neighbour(one, shapes, homes)
        name = _merged_name(one, other)
        shape = whole(np.array([shapes.pop(one), shapes.pop(other)]))
        here = np.concatenate([homes.pop(one), homes.pop(other)])
        shapes[name], homes[name] = shape, here
        small = (small - {one, other}) | (set() if shows(here) else {name})
    names = sorted(shapes)
    return _frame(names, [shapes[name] for name in names])


def _shows(homes_lonlat: Floats, k: int) -> Shows:
    rounded = np.round(homes_lonlat / SAME_POINT_DEGREES)
    building = np.unique(rounded, axis=0, return_inverse=True)[1].ravel()

    def shows(homes: Ints) -> bool:
        if len(homes) < k:
            return False
        shares = np.unique(building[homes], return_counts=True)[1]
        return len(shares) >= MIN_POINTS and shares.max() <= MAX_SHARE * len(homes)

    return shows


def _positions(shapes: NDArray[np.object_], homes_lonlat: Floats) -> Ints:
    """Return which shape each point is in, -1 for none.

    Between two neighbouring lines of all corners no border runs, so the middle of such a cell
    answers for every point in it.
    """
    found = np.full(len(homes_lonlat), -1)
    if not len(shapes) or not len(homes_lonlat):
        return found
    corners = shapely.get_coordinates(shapes)
    lons, lats = np.unique(corners[:, 0]), np.unique(corners[:, 1])
    leaves = leaves_between(lons, lats, homes_lonlat)
    inside = ((leaves >= 0) & (leaves < (len(lons) - 1, len(lats) - 1))).all(axis=1)
    cells, cell_of = np.unique(leaves[inside], axis=0, return_inverse=True)
    col, row = cells.T
    middles = shapely.points((lons[col] + lons[col + 1]) / 2, (lats[row] + lats[row + 1]) / 2)
    cell, shape = shapely.STRtree(shapes).query(middles, predicate="intersects")
    owner = np.full(len(cells), -1)
    owner[cell] = shape
    found[inside] = owner[cell_of.ravel()]
    return found


def _smallest_neighbour(
    name: str, shapes: dict[str, shapely.Geometry], homes: dict[str, Ints]
) -> str:
    """Return the smallest area that shares an edge; for an island of land, the nearest one."""
    others = [other for other in shapes if other != name]
    around = np.array([shapes[other] for other in others])
    edges = shapely.length(shapely.intersection(around, shapes[name]))
    near = edges > 0
    if not near.any():
        away = shapely.distance(around, shapes[name])
        near = away == away.min()
    beside = [other for other, yes in zip(others, near, strict=True) if yes]
    return min(beside, key=lambda other: (len(homes[other]), other))


def _merged_name(one: str, other: str) -> str:
    first, second = sorted([one, other])
    joined = [int(name.partition("+")[2] or 0) for name in (first, second)]
    return f"{first.partition('+')[0]}+{sum(joined) + 1}"


def _reading_order(shape: shapely.Geometry) -> tuple[float, float]:
    west, _, _, north = shape.bounds
    return -north, west


def _frame(names: Sequence[str], shapes: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    ids = np.array(names, dtype=object)
    return gpd.GeoDataFrame({"home_area_id": ids}, geometry=list(shapes), crs="EPSG:4326").astype(
        {"home_area_id": str}
    )
