"""How much of a release a person sees: a smaller release, so that no page ever holds more.

It is a function of the release and of public places alone. So which areas a principal sees tells
nothing about families that the release does not tell itself.
"""

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import shapely

from famgeo.roles import Person, Right, Scope
from famgeo.tables import Release, lonlat, split_list
from famgeo.tables.schemas import no_neighborhoods, no_tables


def release_for(person: Person, release: Release, schools: gpd.GeoDataFrame) -> Release:
    """Return what a person may see of a release.

    Parameters
    ----------
    schools
        SCHOOLS, where a principal's own schools are found.
    """
    own = person.school_ids
    if person.scope(Right.MAP) is Scope.ALL:
        seen = release
    elif person.scope(Right.MAP) is Scope.OWN_SCHOOL:
        seen = _around(release, schools[schools.school_id.isin(own)], own)
    else:
        seen = replace(release, home_areas=release.home_areas[:0], unmapped=None)
    if person.scope(Right.TABLES) is Scope.OWN_SCHOOL:
        seen = replace(seen, tables=_of_schools(release.tables, own))
    elif not person.may(Right.TABLES):
        seen = replace(seen, neighborhoods=no_neighborhoods(), tables=no_tables())
    return seen if person.may(Right.VIEW_PLAN) else replace(seen, plans=())


def seen_as(person: Person) -> tuple[str, ...]:
    """Return what a person's view of a release depends on: the key of whatever is kept of it."""
    return (str(person.role), *sorted(person.school_ids))


def _around(release: Release, schools: gpd.GeoDataFrame, own: frozenset[str]) -> Release:
    """Return the neighborhoods of some schools, with their home areas; the rest is not counted."""
    near, areas = release.neighborhoods, release.home_areas
    if near.empty:
        return replace(release, home_areas=areas[_holding(areas, schools)], unmapped=None)
    named = set(_of_schools(release.tables, own).neighborhood_id) - {""}
    kept = near[near.neighborhood_id.isin(named) if named else _holding(near, schools)]
    ids = {area for cell in kept.home_area_ids for area in split_list(cell)}
    return replace(
        release,
        neighborhoods=kept.reset_index(drop=True),
        home_areas=areas[areas.home_area_id.isin(ids)].reset_index(drop=True),
        unmapped=None,
    )


def _holding(shapes: gpd.GeoDataFrame, schools: gpd.GeoDataFrame) -> "pd.Series[bool]":
    """Mark the shapes that hold a school, or lie nearest to one that none holds."""
    if shapes.empty or schools.empty:
        return pd.Series(data=False, index=shapes.index)
    nearest = {
        int(shapely.distance(shapes.geometry.to_numpy(), point).argmin())
        for point in shapely.points(lonlat(schools))
    }
    return pd.Series([row in nearest for row in range(len(shapes))], index=shapes.index)


def _of_schools(tables: pd.DataFrame, own: frozenset[str]) -> pd.DataFrame:
    rows = (tables.attribute == "school") & tables.category.isin(own)
    return tables[rows].reset_index(drop=True)
