"""Home areas: at least k homes in whole squares, the same whatever the order of rows."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.release import splitting
from famgeo.release.areas import (
    assign_areas,
    cut_home_areas,
    households_in_areas,
    refit_areas,
)
from famgeo.release.quadtree import LEAF_M, Square, grid_over
from famgeo.tables import as_points

K = 10
TOWN = (-84.5, 39.0)
METRE = 1 / 111_320  # of latitude, in degrees


def place(metres):
    east, north = np.atleast_2d(np.asarray(metres, float)).T
    lon = TOWN[0] + east * METRE / np.cos(np.radians(TOWN[1]))
    return np.column_stack([lon, TOWN[1] + north * METRE])


def town(seed, n, spread_m=3000.0):
    draw = np.random.default_rng(seed)
    centres = draw.normal(0, spread_m, (5, 2))
    return place(centres[draw.integers(0, 5, n)] + draw.normal(0, spread_m / 5, (n, 2)))


@st.composite
def homes(draw):
    """Draw clusters, lone farms, and flats that share one point, from a street to a county."""
    seed, n = draw(st.integers(0, 10_000)), draw(st.integers(0, 400))
    found = town(seed, n, draw(st.sampled_from([50.0, 1000.0, 8000.0, 40_000.0])))
    flats = draw(st.integers(0, 60))
    return np.vstack([found, np.repeat(place([[10.0, 10.0]]), flats, axis=0)])


@given(homes())
def test_every_area_has_k_homes_in_three_places_none_with_more_than_half(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    of = assign_areas(areas, lonlat)
    for area_id in areas["home_area_id"]:
        inside = lonlat[of == area_id]
        shares = np.unique(inside, axis=0, return_counts=True)[1]
        assert len(inside) >= K
        assert len(shares) >= 3
        assert shares.max() <= len(inside) / 2


@given(homes())
def test_areas_are_whole_squares_that_do_not_overlap(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    if areas.empty:
        return
    grid = grid_over(lonlat)
    corners = shapely.get_coordinates(areas.geometry)
    assert np.isin(corners[:, 0], grid.lons).all()
    assert np.isin(corners[:, 1], grid.lats).all()
    together = shapely.union_all(areas.geometry.to_numpy())
    assert shapely.area(areas.geometry.to_numpy()).sum() == pytest.approx(together.area, rel=1e-9)
    assert all(_right_angled(shape) for shape in areas.geometry)


def _right_angled(shape):
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return all(
        (np.diff(shapely.get_coordinates(ring), axis=0) == 0).any(axis=1).all() for ring in rings
    )


@given(homes())
def test_each_home_is_in_the_one_polygon_that_is_drawn_around_it(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    of = assign_areas(areas, lonlat)
    points = shapely.points(lonlat)
    for area_id, shape in zip(areas["home_area_id"], areas.geometry, strict=True):
        assert shapely.intersects(shape, points[of == area_id]).all()
        assert not shapely.contains_properly(shape, points[of != area_id]).any()


@given(homes(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(lonlat, random):
    order = list(range(len(lonlat)))
    random.shuffle(order)
    first, second = cut_home_areas(lonlat, k=K), cut_home_areas(lonlat[order], k=K)
    assert first["home_area_id"].tolist() == second["home_area_id"].tolist()
    assert shapely.to_wkb(first.geometry).tolist() == shapely.to_wkb(second.geometry).tolist()


@given(homes())
def test_only_fewer_than_k_far_out_stay_off_the_map(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    if areas.empty:
        return
    off = lonlat[assign_areas(areas, lonlat) == ""]
    block = int(splitting.SPARSE_M / LEAF_M)
    in_block = np.unique(grid_over(lonlat).leaves(off) // block, axis=0, return_counts=True)[1]
    assert (in_block < K).all()
