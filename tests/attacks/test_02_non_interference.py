"""Attack 2: move every family and see what changes.

The attacker can compare two districts that are alike but for where, inside its home area, each
family lives: the strongest way to ask whether anything that is shown depends on more than the
home area (non-interference; Goguen and Meseguer 1982). Every home is moved to a random spot of its
home area, and the district is planned and exported again by the same commands. The attack passes
when shapes, counts, tables, the map and every file are the same to the last byte, but for what a
plan must follow: the sites it chose and the held figures of who could come.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from again import changes, families_of, first_release, released
from districts import NOW, District, copied, in_folder, run
from screens import app_on, opened_page

from famgeo.outputs.maps import draw_map
from famgeo.release.areas import cut_home_areas
from famgeo.store.releases import release_to_json
from famgeo.tables import Release, lonlat

OF_A_PLAN = ("plans", "release_id")


def elsewhere(homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, seed: int) -> gpd.GeoSeries:
    """Return a random spot in the home area of each home; a home in none stays."""
    chance = np.random.default_rng(seed)
    tree = shapely.STRtree(areas.geometry.to_numpy())
    home_at, area_at = tree.query(homes.geometry.to_numpy(), predicate="within")
    moved = homes.geometry.to_numpy().copy()
    for at, area in zip(home_at, area_at, strict=True):
        moved[at] = spot_in(areas.geometry.iloc[area], chance)
    return gpd.GeoSeries(moved, crs=homes.crs)


def spot_in(shape: shapely.Geometry, chance: np.random.Generator) -> shapely.Point:
    """Return a random point well inside a shape."""
    west, south, east, north = shape.bounds
    while True:
        point = shapely.Point(chance.uniform(west, east), chance.uniform(south, north))
        if shape.contains(point):
            return point


def moved_students(district: District, *, seed: int) -> gpd.GeoDataFrame:
    """Return STUDENTS with every home moved inside its area; the protected stay."""
    students, areas = district.vault.students(), district.release.home_areas
    first = students.drop_duplicates("household_id").reset_index(drop=True)
    spots = elsewhere(first, areas, seed)
    where = dict(zip(first["household_id"], spots, strict=True))
    protected = students["protected"]
    points = students["household_id"].map(where).where(~protected, students.geometry)
    return students.set_geometry(points.tolist(), crs=4326)


def moved_district(district: District, root, *, seed: int = 1) -> District:
    """Return the district with every home moved inside its area, planned and exported again."""
    other = copied(district, root)
    moved = moved_students(district, seed=seed)
    other.vault.replace_students(moved, f"moved {seed}", now=NOW)
    with in_folder(root):
        asked = ("--meeting", district.town.evenings[0])
        run("plan", district.town.name, "--sites", 1, *asked, "--name", "one")
        run(*export_of(district, "one", root / "exported"))
    return other


def export_of(district: District, plan: str, to) -> tuple[object, ...]:
    """Return the command that exports the shapes of a district."""
    return "export", district.town.name, "--plan", plan, "--format", "geojson", "--to", to


def differences(one: District, other: District) -> list[str]:
    """Return which of the things that may not change did."""
    looks: dict[str, Callable[[District], object]] = {
        "the release": lambda d: without_plans(d.release),
        "the shapes as exported": exported_areas,
        "the map": map_source,
        "the page's table": page_table,
        "the frozen areas": lambda d: d.study.store.home_areas().to_wkt().to_csv(),
    }
    return [what for what, look in looks.items() if look(one) != look(other)]


def without_plans(release: Release) -> dict[str, object]:
    """Return a stored release but for what follows its plan."""
    document = json.loads(release_to_json(release))
    return {name: value for name, value in document.items() if name not in OF_A_PLAN}


def exported_areas(district: District) -> list[object]:
    """Return the exported home areas, row by row."""
    (path,) = district.out.rglob("one-home-areas.geojson")
    return json.loads(path.read_text())["features"]


def map_source(district: District) -> str:
    """Return the map's script."""
    areas, sites = district.release.home_areas, district.study.sites()
    shown = draw_map(areas, sites, static_url="/public")
    return json.dumps(
        [child.value for child in shown._children.values() if hasattr(child, "value")]
    )


def page_table(district: District) -> str:
    """Return the table of the first page: minutes, reasons and families by area."""
    with app_on(district):
        page = opened_page({"place": district.study.sites()["site_id"][0], "by": "drive"})
        (table,) = page.dataframe
        return table.value.to_csv()


def test_moving_every_home_inside_its_area_changes_no_byte_of_what_is_counted(district):
    families = families_of(district)
    moved = replace(families, students=moved_students(district, seed=4))
    assert (lonlat(moved.homes) != lonlat(families.homes)).mean() > 0.9
    before, ledger = first_release(district, families)
    assert changes(before, released(district, moved, ledger=ledger)[0]) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.xdist_group(f"attacks-{n}"))
        for n in ("riverbend", "small")
    ],
)
def test_moving_every_home_and_planning_again_changes_nothing_but_the_plan(
    district_of, name, tmp_path
):
    district = district_of(name)
    other = moved_district(district, tmp_path / "moved")
    assert (lonlat(other.mapped) != lonlat(district.mapped)).mean() > 0.9
    assert len(other.releases) > len(district.releases)
    assert differences(district, other) == []


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_when_areas_are_cut_anew(small, tmp_path, monkeypatch):
    def cut_again(_frozen, homes, **rule):
        return cut_home_areas(homes, **rule)

    monkeypatch.setattr("famgeo.study.frozen.refit_areas", cut_again)
    other = moved_district(small, tmp_path / "moved")
    assert "the release" in differences(small, other)


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_home_area_drawn_as_a_hull(small):
    def hulls(homes):
        lives = gpd.sjoin(homes[["geometry"]], small.release.home_areas)
        drawn = lives.dissolve("home_area_id").geometry.convex_hull
        shapes = small.release.home_areas["home_area_id"].map(drawn)
        areas = small.release.home_areas.set_geometry(shapes.tolist(), crs=4326)
        return without_plans(replace(small.release, home_areas=areas))

    spots = elsewhere(small.mapped.reset_index(drop=True), small.release.home_areas, seed=1)
    assert hulls(small.mapped) != hulls(gpd.GeoDataFrame(geometry=spots, crs=4326))


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_count_or_a_shape_that_changes(small):
    areas = small.release.home_areas
    for weak in (areas.assign(families=areas["families"] + 5), areas.iloc[1:]):
        assert without_plans(replace(small.release, home_areas=weak)) != without_plans(
            small.release
        )
