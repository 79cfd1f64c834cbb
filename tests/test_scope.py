"""What a role sees of a release is a smaller release, told by the release alone."""

import drawn
import geopandas as gpd
import pandas as pd
import pytest
import shapely
from drawn_people import LIAISON, PLANNER, PRINCIPAL, STEWARD

from famgeo.roles import Person, Role
from famgeo.tables import HOME_AREAS, NEIGHBORHOODS, ONE_WAY, Release, check
from famgeo.ui.scope import release_for, seen_as

STUDY = drawn.DrawnStudy(neighborhoods=drawn.neighborhoods(), tables=drawn.one_way())
RELEASE = STUDY.release()
SCHOOLS = STUDY.schools()


def areas_of(release: Release) -> list[str]:
    return sorted(release.home_areas.home_area_id)


def principal(*schools: str) -> Person:
    return Person(name="dora", role=Role.PRINCIPAL, school_ids=frozenset(schools))


def test_steward_and_planner_see_the_whole_release() -> None:
    assert release_for(STEWARD, RELEASE, SCHOOLS) == RELEASE
    assert release_for(PLANNER, RELEASE, SCHOOLS) == RELEASE


def test_a_liaison_sees_the_map_and_no_table_and_no_plan() -> None:
    seen = release_for(LIAISON, RELEASE, SCHOOLS)
    assert areas_of(seen) == areas_of(RELEASE)
    assert (len(seen.tables), len(seen.neighborhoods), seen.plans) == (0, 0, ())


def test_a_principal_sees_the_neighborhoods_that_name_the_own_school() -> None:
    seen = release_for(PRINCIPAL, RELEASE, SCHOOLS)
    assert list(seen.neighborhoods.neighborhood_id) == ["n1", "n2"]
    assert areas_of(seen) == [f"h{n:02d}" for n in range(8)]
    assert seen.unmapped is None


def test_a_principal_sees_the_own_school_s_figures_and_no_other_group_s() -> None:
    seen = release_for(PRINCIPAL, RELEASE, SCHOOLS)
    assert set(seen.tables.attribute) == {"school"}
    assert set(seen.tables.category) == {"s0"}
    assert len(seen.tables) > 1


def test_a_school_no_neighborhood_names_has_the_one_it_lies_in() -> None:
    unnamed = RELEASE.tables[RELEASE.tables.category != "s0"]
    seen = release_for(PRINCIPAL, drawn.released_with(RELEASE, tables=unnamed), SCHOOLS)
    assert list(seen.neighborhoods.neighborhood_id) == ["n1"]


def test_a_name_in_the_district_s_row_alone_names_no_neighborhood() -> None:
    whole = RELEASE.tables[RELEASE.tables.neighborhood_id == ""]
    seen = release_for(PRINCIPAL, drawn.released_with(RELEASE, tables=whole), SCHOOLS)
    assert list(seen.neighborhoods.neighborhood_id) == ["n1"]


def test_before_there_are_neighborhoods_a_principal_sees_the_school_s_home_area() -> None:
    seen = release_for(PRINCIPAL, drawn.DrawnStudy().release(), SCHOOLS)
    assert areas_of(seen) == ["h01"]


@pytest.mark.parametrize("school_ids", [(), ("none-such",)])
def test_a_principal_without_a_school_sees_no_area_and_no_figure(school_ids) -> None:
    for release in (RELEASE, drawn.DrawnStudy().release()):
        seen = release_for(principal(*school_ids), release, SCHOOLS)
        assert (len(seen.home_areas), len(seen.neighborhoods), len(seen.tables)) == (0, 0, 0)


def test_a_school_outside_every_shape_has_the_nearest() -> None:
    far = gpd.GeoDataFrame(
        {"school_id": ["s0"]}, geometry=[shapely.Point(drawn.WEST - 1, drawn.SOUTH)], crs=4326
    )
    unnamed = drawn.released_with(RELEASE, tables=RELEASE.tables[:0])
    assert list(release_for(PRINCIPAL, unnamed, far).neighborhoods.neighborhood_id) == ["n1"]


@pytest.mark.parametrize("schools", [("s0",), ("s1",), ("s0", "s1"), ("s0", "zz"), ("zz",)])
def test_no_principal_ever_sees_more_than_was_released(schools) -> None:
    seen = release_for(principal(*schools), RELEASE, SCHOOLS)
    for part, schema, columns in (
        ("home_areas", HOME_AREAS, ["home_area_id", "families"]),
        ("neighborhoods", NEIGHBORHOODS, ["neighborhood_id", "families"]),
        ("tables", ONE_WAY, list(ONE_WAY.columns)),
    ):
        shown, whole = getattr(seen, part), getattr(RELEASE, part)
        check(shown, schema)
        both = pd.DataFrame(shown[columns]).merge(pd.DataFrame(whole[columns]))
        assert len(both) == len(shown)


def test_what_is_kept_is_kept_by_role_and_schools() -> None:
    everybody = [STEWARD, PLANNER, LIAISON, principal("s0"), principal("s1"), principal("s0", "s1")]
    assert len({seen_as(person) for person in everybody}) == len(everybody)
    assert seen_as(principal("b", "a")) == seen_as(principal("a", "b"))
