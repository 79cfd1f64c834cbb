"""Neighborhoods: whole home areas, connected, enough families, and frozen."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.release.areas import cut_home_areas, refit_areas
from famgeo.release.neighborhoods import (
    AIM,
    LEAST,
    count_neighborhoods,
    cut_neighborhoods,
    draw_neighborhoods,
    neighborhood_of,
    refit_neighborhoods,
)
from famgeo.tables import as_points, split_list

STEP = 0.01


def draw_areas(squares, names=None):
    """Return home areas A001 … that are squares at these columns and rows."""
    boxes = [shapely.box(c * STEP, r * STEP, (c + 1) * STEP, (r + 1) * STEP) for c, r in squares]
    ids = names or [f"A{n:03d}" for n in range(1, len(boxes) + 1)]
    return gpd.GeoDataFrame({"home_area_id": ids}, geometry=boxes, crs="EPSG:4326")


def grid(columns, rows):
    return draw_areas([(c, r) for r in range(rows) for c in range(columns)])


def members(neighborhoods):
    return [split_list(ids) for ids in neighborhoods["home_area_ids"]]


worlds = st.tuples(st.integers(2, 9), st.integers(2, 9), st.integers(0, 10_000))


def drawn(world):
    columns, rows, seed = world
    areas = grid(columns, rows)
    return areas, np.random.default_rng(seed).choice([10, 15, 20, 25], len(areas)).tolist()


@settings(max_examples=25)
@given(worlds)
def test_neighborhoods_are_connected_unions_of_whole_areas_with_enough_families(world):
    areas, counts = drawn(world)
    figure = dict(zip(areas["home_area_id"], counts, strict=True))
    cut = cut_neighborhoods(areas, counts)
    if sum(counts) < LEAST:
        assert cut.empty
        return
    assert sorted(one for ids in members(cut) for one in ids) == sorted(figure)
    shapes = areas.set_index("home_area_id").geometry
    for shape, ids in zip(cut.geometry, members(cut), strict=True):
        assert sum(figure[one] for one in ids) >= LEAST
        assert shape.equals(shapely.union_all(shapes[ids].to_numpy()))
        assert shape.geom_type == "Polygon"


@settings(max_examples=10)
@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(world, order):
    areas, counts = drawn(world)
    rows = list(range(len(areas)))
    order.shuffle(rows)
    again = cut_neighborhoods(areas.iloc[rows], [counts[row] for row in rows])
    assert again.equals(cut_neighborhoods(areas, counts))


def test_there_are_many_and_none_is_twice_as_large_as_it_needs_to_be():
    areas, counts = drawn((14, 14, 5))
    figure = dict(zip(areas["home_area_id"], counts, strict=True))
    cut = cut_neighborhoods(areas, counts)
    sizes = [sum(figure[one] for one in ids) for ids in members(cut)]
    assert len(cut) >= 0.95 * sum(counts) / AIM
    assert max(sizes) <= 1.5 * AIM
    compact = [4 * np.pi * s.area / s.length**2 for s in cut.geometry]
    assert np.median(compact) > 0.5


def test_a_square_of_areas_is_cut_along_its_shortest_line():
    cut = cut_neighborhoods(grid(4, 2), [25] * 8)
    assert members(cut) == [["A001", "A002", "A005", "A006"], ["A003", "A004", "A007", "A008"]]


def test_islands_join_the_nearest_land():
    areas = draw_areas([(0, 0), (1, 0), (0, 1), (1, 1), (3, 0), (40, 0), (41, 0)])
    cut = cut_neighborhoods(areas, [25, 25, 25, 25, 10, 40, 40])
    assert [set(ids) for ids in members(cut)] == [
        {"A001", "A002", "A003", "A004", "A005"},
        {"A006", "A007"},
    ]


@pytest.mark.parametrize(("each", "expected"), [(10, 0), (15, 1), (25, 1), (40, 2)])
def test_few_families_have_one_neighborhood_and_too_few_have_none(each, expected):
    assert len(cut_neighborhoods(grid(2, 2), [each] * 4)) == expected


def test_frozen_neighborhoods_stay_when_nothing_merged():
    areas, counts = drawn((9, 9, 1))
    cut = cut_neighborhoods(areas, counts)
    assert refit_neighborhoods(cut, areas, counts).equals(cut)


def test_neighborhoods_whose_areas_merged_become_one():
    areas = grid(4, 2)
    cut = cut_neighborhoods(areas, [25] * 8)
    joined = draw_areas([(1, 0), (2, 0)])
    merged = draw_areas([(0, 0), (3, 0), (0, 1), (1, 1), (2, 1), (3, 1)])
    both = shapely.union_all(joined.geometry.to_numpy())
    merged = pd.concat(
        [merged, gpd.GeoDataFrame({"home_area_id": ["A002+1"]}, geometry=[both], crs=areas.crs)]
    )
    refitted = refit_neighborhoods(cut, merged, [25] * 7)
    assert refitted["neighborhood_id"].tolist() == ["N01+1"]
    assert refitted.geometry[0].equals(shapely.union_all(areas.geometry.to_numpy()))


def test_one_with_too_few_joins_its_smallest_neighbor_and_none_splits():
    areas = grid(6, 2)
    frozen = cut_neighborhoods(areas, [25] * 12)
    assert len(frozen) == 3
    middle = next(ids for ids in members(frozen) if "A003" in ids)
    fewer = [10 if one in middle else 50 if one < "A003" else 25 for one in areas["home_area_id"]]
    refitted = refit_neighborhoods(frozen, areas, fewer)
    assert len(refitted) == 2
    assert set(middle) < set(next(ids for ids in members(refitted) if "A006" in ids))


def test_none_is_left_when_all_families_are_too_few():
    areas = grid(2, 2)
    frozen = cut_neighborhoods(areas, [40] * 4)
    assert refit_neighborhoods(frozen, areas, [10] * 4).empty


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_neighborhoods_follow_real_home_areas_as_families_leave(seed):
    draw = np.random.default_rng(seed)
    homes = np.column_stack([draw.normal(-84.5, 0.02, 500), draw.normal(39.0, 0.02, 500)])
    areas = cut_home_areas(homes)
    counts = [20] * len(areas)
    frozen = cut_neighborhoods(areas, counts)
    later = refit_areas(areas, homes[draw.random(500) < 0.7])
    refitted = refit_neighborhoods(frozen, later, [20] * len(later))
    for shape in frozen.geometry:
        inside = shapely.area(shapely.intersection(refitted.geometry.to_numpy(), shape))
        assert (inside > 1e-9 * shape.area).sum() == 1
    assert sorted(one for ids in members(refitted) for one in ids) == sorted(later["home_area_id"])


def test_what_is_stored_is_drawn_again_and_a_name_unknown_is_left_out():
    areas = grid(4, 2)
    cut = cut_neighborhoods(areas, [25] * 8)
    stored = pd.DataFrame(cut.drop(columns="geometry"))
    assert draw_neighborhoods(stored, areas).equals(cut)
    left = areas[areas["home_area_id"] != "A001"]
    assert members(draw_neighborhoods(stored, left))[0] == ["A002", "A005", "A006"]
    refitted = refit_neighborhoods(draw_neighborhoods(stored, left), areas, [25] * 8)
    assert members(refitted) == members(cut)


def test_families_are_the_sum_of_the_home_areas_and_live_in_one_neighborhood():
    areas = grid(4, 2).assign(families=[10, 15, 20, 25, 30, 35, 40, 45])
    cut = cut_neighborhoods(areas, areas["families"].tolist())
    counted = count_neighborhoods(cut, areas)
    assert counted["families"].sum() == 220
    assert count_neighborhoods(None, areas).empty
    homes = as_points(
        pd.DataFrame({"household_id": ["h1", "h2", "h3"], "protected": [False, True, False]}),
        np.array([0.005, 0.005, 9.0]),
        np.array([0.005, 0.005, 9.0]),
    )
    first = next(
        name
        for name, ids in zip(cut["neighborhood_id"], members(cut), strict=True)
        if "A001" in ids
    )
    assert neighborhood_of(homes, areas, cut).to_dict() == {"h1": first}
    assert neighborhood_of(homes, areas, counted.iloc[:0]).to_dict() == {"h1": ""}
