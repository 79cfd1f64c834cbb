"""Made-up families live where people live, go to near schools, and are the same for a seed."""

import json
import sqlite3

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from famgeo.errors import FamgeoError, SourceError
from famgeo.sources.population import read_population
from famgeo.sources.roster import households, read_roster
from famgeo.sources.schools import read_schools
from famgeo.sources.synth import synth_families, write_roster
from famgeo.tables import SCHOOLS, STUDENTS, check, lonlat

WEST, EAST = shapely.box(10, 50, 10.1, 50.1), shapely.box(10.2, 50, 10.3, 50.1)


def schools(*rows):
    drawn = [
        {"school_id": i, "name": i, "level": level, "wheelchair": "unknown"} for i, level, _ in rows
    ]
    table = gpd.GeoDataFrame(drawn, geometry=[shapely.Point(at) for *_, at in rows], crs=4326)
    return check(table.assign(bell_start="", bell_end=""), SCHOOLS)


BY_LEVEL = schools(
    ("E-west", "Elementary", (10.05, 50.05)),
    ("E-east", "E", (10.25, 50.05)),
    ("M", "middle", (10.15, 50.05)),
    ("H", "High School", (10.15, 50.0)),
)


def geojson(folder, *areas, name="areas.geojson"):
    features = [
        {"type": "Feature", "properties": {"people": n}, "geometry": shapely.geometry.mapping(a)}
        for a, n in areas
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def drawn(path, *, n=400, seed=1, field="people", at=BY_LEVEL):
    return synth_families(path, people_field=field, households=n, schools=at, seed=seed)


def test_homes_are_in_proportion_to_people_and_inside_the_areas(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 300), (EAST, 100)), n=4000)
    homes = households(students)
    assert len(homes) == 4000
    west, east = homes.within(WEST.buffer(1e-6)), homes.within(EAST.buffer(1e-6))
    assert (west | east).all()
    assert west.mean() == pytest.approx(0.75, abs=0.03)
    in_west = lonlat(homes[west])
    assert in_west.mean(axis=0) == pytest.approx([10.05, 50.05], abs=0.003)


def test_a_thin_and_hollow_area_still_holds_its_homes(tmp_path):
    ring = WEST.difference(WEST.buffer(-0.0005))
    homes = households(drawn(geojson(tmp_path, (ring, 1)), n=300))
    assert homes.within(ring.buffer(1e-6)).all()


def test_each_student_goes_to_a_school_of_the_level_of_its_grade(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 1), (EAST, 1)), n=2000)
    by_grade = students.groupby("grade")["school_id"].agg(set)
    assert set.union(*by_grade[["K", "1", "5"]]) == {"E-west", "E-east"}
    assert set.union(*by_grade[["6", "8"]]) == {"M"}
    assert set.union(*by_grade[["9", "12"]]) == {"H"}
    young_west = students.within(WEST.buffer(1e-6)) & students["grade"].isin(["K", "1"])
    assert (students.loc[young_west, "school_id"] == "E-west").mean() > 0.9


def test_without_a_school_of_the_level_any_school_will_do(tmp_path):
    path = geojson(tmp_path, (WEST, 1))
    assert set(drawn(path, at=schools(("X", "K-12", (10, 50))))["school_id"]) == {"X"}
    assert set(drawn(path, at=schools(("X", "E", (10, 50))))["school_id"]) == {"X"}


def test_siblings_share_a_home_and_what_the_family_has(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 1)), n=500)
    by_home = students.groupby("household_id")
    shared = ["home_language", "interpreter", "has_car", "internet", "contact", "protected"]
    assert (by_home[shared].nunique() == 1).to_numpy().all()
    assert by_home.size().between(1, 4).all()
    assert by_home["school_id"].nunique().max() > 1
    assert students["student_id"].is_unique


def test_the_shares_are_as_stated(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 1), (EAST, 20)), n=6000)
    homes = households(students)
    assert (homes["home_language"] != "en").mean() == pytest.approx(0.265, abs=0.03)
    assert (students["wheelchair"] == "yes").mean() == pytest.approx(0.02, abs=0.006)
    assert set(students.loc[students["home_language"] == "en", "interpreter"]) == {"no"}
    assert 0 < homes["protected"].mean() < 0.015
    car = homes["has_car"] == "yes"
    assert car[homes.within(WEST.buffer(1e-6))].mean() > car[homes.within(EAST.buffer(1e-6))].mean()


def test_a_language_is_commoner_near_its_own_middles(tmp_path):
    homes = households(drawn(geojson(tmp_path, (WEST.union(EAST).convex_hull, 1)), n=4000))
    spanish = lonlat(homes[homes["home_language"] == "es"])
    cells = [np.floor(at * 20).astype(int) for at in (spanish, lonlat(homes))]
    share = [np.unique(c, axis=0, return_counts=True)[1] for c in cells]
    evenly = share[1] / share[1].sum()
    assert share[0].max() / share[0].sum() > 1.5 * evenly.max()


@given(seed=st.integers(0, 2**32), shuffle=st.permutations(range(4)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_the_same_seed_draws_the_same_families_in_any_order_of_rows(tmp_path, seed, shuffle):
    areas = [(WEST, 3), (EAST, 1), (shapely.box(10, 51, 10.1, 51.1), 2), (WEST.buffer(0.1), 5)]
    one = drawn(geojson(tmp_path, *areas), n=30, seed=seed)
    shuffled = geojson(tmp_path, *[areas[i] for i in shuffle], name="again.geojson")
    two = drawn(shuffled, n=30, seed=seed, at=BY_LEVEL.iloc[list(shuffle)])
    assert_geodataframe_equal(one, two)
    assert not drawn(shuffled, n=30, seed=seed + 1).equals(one)


def test_a_written_roster_is_read_back_the_same(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 3), (EAST, 1)))
    write_roster(students, tmp_path / "roster.csv")
    read = read_roster(tmp_path / "roster.csv", schools=set(BY_LEVEL["school_id"]))
    assert not read.report.refused
    assert_geodataframe_equal(read.table, students)


def test_a_written_roster_runs_no_formula(tmp_path):
    students = drawn(geojson(tmp_path, (WEST, 1)), n=1)
    evil = check(students.assign(contact="=cmd()", home_language="+x"), STUDENTS)
    write_roster(evil, tmp_path / "roster.csv")
    text = (tmp_path / "roster.csv").read_text(encoding="utf-8-sig")
    assert ",'=cmd()," in text
    assert ",'+x," in text
    read = read_roster(tmp_path / "roster.csv").table
    assert read["contact"].tolist() == ["=cmd()"] * len(read)


def test_cell_centres_become_cells_as_wide_as_their_spacing(tmp_path):
    path = tmp_path / "cells.csv"
    rows = [f"{i}{j},{10 + i / 100},{j / 100},{1 + i}" for i in range(4) for j in range(4)]
    path.write_text("\n".join(["id,lon,lat,people", *rows]))
    cells = read_population(path, people_field="people")
    assert cells["people"].sum() == 40
    assert shapely.area(cells.geometry.array).max() < np.pi * (0.71 * 0.01) ** 2
    inner = cells[cells.covers(shapely.Point(10.01, 0.01))]
    assert shapely.area(inner.geometry.array) == pytest.approx([1e-4], rel=1e-3)
    overlap = shapely.area(cells.geometry.array).sum() - cells.union_all().area
    assert overlap == pytest.approx(0, abs=1e-12)


def test_one_cell_centre_is_enough(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("id,lon,lat,people\na,10,50,7\n")
    assert read_population(path, people_field="people")["people"].tolist() == [7.0]


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
@pytest.mark.parametrize("crs", [4326, 25832])
def test_files_of_other_kinds_and_projections_are_read(tmp_path, driver, crs):
    areas = gpd.GeoDataFrame({"people": [3, 1]}, geometry=[WEST, EAST], crs=4326).to_crs(crs)
    path = tmp_path / ("areas.shp" if driver == "ESRI Shapefile" else "areas.gpkg")
    areas.to_file(path, driver=driver)
    read = read_population(path, people_field="people")
    assert sorted(read["people"]) == [1.0, 3.0]
    assert read.total_bounds == pytest.approx([10, 50, 10.3, 50.1], abs=1e-3)


def test_a_file_that_points_to_another_file_is_not_followed(tmp_path):
    secret = geojson(tmp_path, (WEST, 5), name="secret.geojson")
    pointer = tmp_path / "areas.geojson"
    pointer.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    assert len(pyogrio.read_dataframe(pointer)) == 1
    with pytest.raises(SourceError, match="looks like an XML file"):
        read_population(pointer, people_field="people")
    pointer.write_text(
        json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret}"}
        )
    )
    with pytest.raises(SourceError, match="no complete GeoJSON"):
        read_population(pointer, people_field="people")


def test_a_missing_field_is_named_with_the_nearest(tmp_path):
    path = geojson(tmp_path, (WEST, 1))
    with pytest.raises(SourceError, match=r"no field 'persons'\. Is it 'people'"):
        read_population(path, people_field="persons")


@pytest.mark.parametrize("people", [0, -5, None, "many", {"a": 1}])
def test_areas_without_people_are_refused(tmp_path, people):
    with pytest.raises(SourceError, match="no area with people in 'people'"):
        read_population(geojson(tmp_path, (WEST, people)), people_field="people")


def test_points_hold_nobody(tmp_path):
    with pytest.raises(SourceError, match="no area with people"):
        read_population(geojson(tmp_path, (shapely.Point(1, 2), 5)), people_field="people")


def test_damaged_files_are_named(tmp_path):
    gpd.GeoDataFrame({"people": [3]}, geometry=[WEST], crs=4326).to_file(tmp_path / "a.shp")
    (tmp_path / "a.shx").unlink()
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(SourceError, match=r"a\.shp"):
        read_population(tmp_path / "a.shp", people_field="people")
    sqlite3.connect(tmp_path / "b.gpkg").execute("create table t (x)").connection.close()
    with pytest.raises(SourceError, match=r"b\.gpkg looks like a database or GeoPackage"):
        read_population(tmp_path / "b.gpkg", people_field="people")
    (tmp_path / "c.geojson").write_text(geojson(tmp_path, (WEST, 1)).read_text()[:-20])
    with pytest.raises(SourceError, match=r"c\.geojson is no complete GeoJSON"):
        read_population(tmp_path / "c.geojson", people_field="people")


JSON = st.recursive(
    st.none() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("Polygon"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "geometry", "properties", "people"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_features_are_read_or_refused(tmp_path, feature):
    path = tmp_path / "any.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, feature]}))
    try:
        read = read_population(path, people_field="people")
    except FamgeoError:
        return
    assert (read["people"] > 0).all()


def test_no_households_or_no_schools_is_refused(tmp_path):
    path = geojson(tmp_path, (WEST, 1))
    with pytest.raises(SourceError, match="at least one household"):
        drawn(path, n=0)
    with pytest.raises(SourceError, match="at least one household"):
        drawn(path, at=BY_LEVEL.iloc[:0])


def test_families_are_drawn_from_real_blocks_and_real_cells(cities):
    at = read_schools(cities / "nky/schools.csv").table
    students = drawn(cities / "nky/blocks/block-groups.shp", n=4200, at=at)
    assert students["household_id"].nunique() == 4200
    assert set(students["school_id"]) == set(at["school_id"])
    cells = drawn(cities / "poa/poa_hexgrid.csv", n=500, field="population", at=at)
    assert cells["household_id"].nunique() == 500
