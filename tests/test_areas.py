"""Home areas: at least k homes in whole squares, the same whatever the order of rows."""

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


@settings(max_examples=50)
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


@settings(max_examples=50)
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


@settings(max_examples=50)
@given(homes())
def test_each_home_is_in_the_one_polygon_that_is_drawn_around_it(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    of = assign_areas(areas, lonlat)
    points = shapely.points(lonlat)
    for area_id, shape in zip(areas["home_area_id"], areas.geometry, strict=True):
        assert shapely.intersects(shape, points[of == area_id]).all()
        assert not shapely.contains_properly(shape, points[of != area_id]).any()


@settings(max_examples=50)
@given(homes(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(lonlat, random):
    order = list(range(len(lonlat)))
    random.shuffle(order)
    first, second = cut_home_areas(lonlat, k=K), cut_home_areas(lonlat[order], k=K)
    assert first["home_area_id"].tolist() == second["home_area_id"].tolist()
    assert shapely.to_wkb(first.geometry).tolist() == shapely.to_wkb(second.geometry).tolist()


@settings(max_examples=50)
@given(homes())
def test_only_fewer_than_k_far_out_stay_off_the_map(lonlat):
    areas = cut_home_areas(lonlat, k=K)
    if areas.empty:
        return
    off = lonlat[assign_areas(areas, lonlat) == ""]
    block = int(splitting.SPARSE_M / LEAF_M)
    in_block = np.unique(grid_over(lonlat).leaves(off) // block, axis=0, return_counts=True)[1]
    assert (in_block < K).all()


def household_table(lonlat, protected):
    table = pd.DataFrame({"protected": np.broadcast_to(protected, len(lonlat))})
    return as_points(table, *lonlat.T)


def test_nothing_is_drawn_when_all_homes_are_too_few():
    for lonlat in (place([[0, 0]])[:0], town(1, K - 1), np.repeat(place([[0, 0]]), 500, axis=0)):
        areas = cut_home_areas(lonlat, k=K)
        assert areas.empty
        assert (assign_areas(areas, lonlat) == "").all()


def test_four_streets_of_twelve_make_four_areas_and_the_lake_between_joins_one():
    corners = np.array([[0, 0], [0, 400], [400, 0], [400, 400]])
    street = np.column_stack([np.linspace(20, 150, 12), np.full(12, 90.0)])
    lonlat = place((corners[:, None] + street).reshape(-1, 2))
    areas = cut_home_areas(lonlat, k=K)
    assert len(areas) == 4
    assert sorted(np.unique(assign_areas(areas, lonlat), return_counts=True)[1]) == [12] * 4


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(-10_000, 10_000), st.floats(-10_000, 10_000))
def test_a_town_is_cut_finely_wherever_the_grid_falls(seed, east, north):
    lonlat = town(seed, 600) + place([[east, north]]) - TOWN
    areas = cut_home_areas(lonlat, k=K)
    of = assign_areas(areas, lonlat)
    assert len(areas) >= 600 / (2 * K)
    assert np.unique(of[of != ""], return_counts=True)[1].max() <= 4 * K


def split_squares(size, homes_at):
    """Split a square of this many leaves with so many homes at each (column, row)."""
    leaves = np.repeat(np.array(list(homes_at)), list(homes_at.values()), axis=0)
    found = splitting.split(
        Square(size=size, col=0, row=0), leaves, k=K, shows=lambda homes: len(homes) >= K
    )
    return [(dict(zip(*count(leaves[group.homes]), strict=True)), group) for group in found]


def count(leaves):
    places, counts = np.unique(leaves, axis=0, return_counts=True)
    return [tuple(leaf) for leaf in places.tolist()], counts.tolist()


def test_a_handful_joins_one_street_and_keeps_no_other_whole():
    streets = {(0, 0): 14, (0, 1): 15, (1, 0): 13, (1, 1): 12}
    areas = [homes for homes, _ in split_squares(4, streets | {(2, 1): 3})]
    assert sorted(sum(homes.values()) for homes in areas) == [13, 14, 15, 15]
    assert {(1, 1): 12, (2, 1): 3} in areas


def test_a_farm_far_out_joins_land_as_wide_as_its_own_and_never_a_street():
    far = int(splitting.SPARSE_M / LEAF_M)
    streets = {(col, row): 12 for col in range(far) for row in range(far)}
    farm, village = {(far + 3, 3): 2}, {(2 * far + 3, 3): 11}
    beside_streets = split_squares(2 * far, streets | farm)
    assert [homes for homes, _ in beside_streets if len(homes) > 1 or (farm.keys() & homes)] == []
    beside_a_village = [homes for homes, _ in split_squares(4 * far, streets | farm | village)]
    assert farm | village in beside_a_village
    assert len(beside_a_village) == len(beside_streets) + 1


def test_flats_far_from_all_others_join_the_nearest():
    far = int(splitting.SPARSE_M / LEAF_M)
    street = {(0, 0): 12, (0, 1): 12, (1, 0): 12, (1, 1): 12}
    leaves = np.repeat(np.array([*street, (3 * far, 0)]), [*street.values(), 30], axis=0)
    shows = lambda homes: len(homes) >= K and len(np.unique(leaves[homes], axis=0)) > 1  # noqa: E731
    root = Square(size=4 * far, col=0, row=0)
    (area,) = splitting.split(root, leaves, k=K, shows=shows)
    assert len(area.homes) == 78


def test_small_empty_squares_join_a_neighbour_and_large_ones_do_not():
    fill = int(splitting.FILL_M / LEAF_M)
    everywhere = split_squares(2 * fill, {(0, 0): 12, (0, 2 * fill - 1): 12})
    assert _leaves(everywhere) == (2 * fill) ** 2
    half_empty = split_squares(4 * fill, {(0, 0): 12, (0, 4 * fill - 1): 12})
    assert _leaves(half_empty) == 2 * (2 * fill) ** 2


def _leaves(areas):
    return sum(square.size**2 for _, group in areas for square in group.squares)


def test_a_farm_far_out_does_not_swallow_the_town():
    lonlat = town(3, 300, 800.0)
    with_farm = np.vstack([lonlat, place([[60_000.0, 60_000.0]])])
    areas = cut_home_areas(with_farm, k=K)
    assert len(areas) >= 0.8 * len(cut_home_areas(lonlat, k=K))
    assert assign_areas(areas, with_farm)[-1] == ""


def test_the_grid_stays_where_it_is_when_a_home_moves():
    lonlat = town(4, 200)
    moved = lonlat.copy()
    moved[0] += 1e-4
    np.testing.assert_array_equal(grid_over(lonlat).lons, grid_over(moved).lons)


def test_a_point_on_a_border_belongs_to_the_east_and_the_north_alone():
    lonlat = town(5, 400)
    areas = cut_home_areas(lonlat, k=K)
    corners = np.unique(shapely.get_coordinates(areas.geometry), axis=0)
    just_inside = np.nextafter(corners, 180)
    assert (assign_areas(areas, corners) == assign_areas(areas, just_inside)).all()


def test_protected_families_are_in_no_area():
    lonlat = town(6, 100, 500.0)
    areas = cut_home_areas(lonlat, k=K)
    protected = np.arange(100) % 7 == 0
    of = households_in_areas(areas, household_table(lonlat, protected))
    assert (of[protected] == "").all()
    assert (of[~protected] == assign_areas(areas, lonlat)[~protected]).all()


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_refitting_merges_whole_areas_and_never_splits_one(seed, keep_one_in):
    lonlat = town(seed, 300, 1500.0)
    areas = cut_home_areas(lonlat, k=K)
    left = lonlat[::keep_one_in]
    fitted = refit_areas(areas, left, k=K)
    of = assign_areas(fitted, left)
    counts = np.unique(of[of != ""], return_counts=True)[1]
    assert (counts >= K).all()
    assert len(counts) == len(fitted)
    inside = areas.representative_point()
    middles = np.column_stack([inside.x, inside.y])
    for shape, area in zip(areas.geometry, assign_areas(fitted, middles), strict=True):
        if fitted.empty:
            continue
        (home,) = fitted.geometry[fitted["home_area_id"] == area]
        assert shapely.area(shapely.difference(shape, home)) == 0


def test_refitting_what_still_fits_changes_nothing():
    lonlat = town(7, 300)
    areas = cut_home_areas(lonlat, k=K)
    fitted = refit_areas(areas, lonlat, k=K)
    assert fitted["home_area_id"].tolist() == areas["home_area_id"].tolist()
    assert fitted.geometry.equals(areas.geometry)


def test_a_merged_area_is_called_after_its_first_part_and_how_many_joined():
    lonlat = town(8, 300, 1500.0)
    areas = cut_home_areas(lonlat, k=K)
    fitted = refit_areas(areas, lonlat[::2], k=K)
    joined = sum(int(name.partition("+")[2] or 0) for name in fitted["home_area_id"])
    assert len(fitted) + joined == len(areas)
    assert fitted["home_area_id"].is_unique


@pytest.mark.golden
def test_a_real_district_is_cut_finely_and_whole(cities):
    roster = pd.read_csv(cities / "nky" / "roster.csv")
    lonlat = roster.groupby("household_id")[["lon", "lat"]].first().to_numpy()
    areas = cut_home_areas(lonlat, k=K)
    of = assign_areas(areas, lonlat)
    assert len(areas) == 284
    assert (of == "").sum() == 0
    assert np.unique(of, return_counts=True)[1].max() == 24
    km2 = areas.to_crs(areas.estimate_utm_crs()).area / 1e6
    assert km2.median() == pytest.approx(0.64, abs=0.01)
