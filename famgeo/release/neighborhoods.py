"""Neighborhoods: unions of whole home areas with enough families for tables of their own.

To cut a map of small areas into as many connected regions as possible, each above a threshold, is
the max-p-regions problem (Duque, Anselin and Rey 2012, Journal of Regional Science 52(3)). All is
decided by the released figures of home areas and their public shapes, so neighborhoods tell nothing
that the map of home areas does not. They are cut once for a school year and then frozen, because
cutting again is itself a way to tell who moved.
"""

from collections.abc import Collection, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.release.areas import households_in_areas
from famgeo.release.halving import Land
from famgeo.release.quadtree import whole
from famgeo.tables import NEIGHBORHOODS, check, join_list, no_neighborhoods, split_list

LEAST = 60
"""Families in a neighborhood, by the figures of its home areas."""
AIM = 100
"""Families in a neighborhood as it is cut, about: with fewer, its tables must hide more of them."""
OVERLAP = 1e-6
"""Share of a home area that must lie in a neighborhood to be of it; less is rounding."""

Region = tuple[shapely.Geometry, list[str]]
"""A shape and the ids of its home areas."""


def cut_neighborhoods(
    areas: gpd.GeoDataFrame, counts: Sequence[int], *, least: int = LEAST, aim: int = AIM
) -> gpd.GeoDataFrame:
    """Cut neighborhoods: neighborhood_id, home_area_ids, geometry; none when families are too few.

    ``counts`` are the released figures of the home areas, in their order. Every home area is in
    one neighborhood, of ``least`` families or more and about ``aim``; land that touches no other
    joins the nearest. The order of rows changes nothing.
    """
    order = np.argsort(areas["home_area_id"].to_numpy(str))
    ids, shapes = areas["home_area_id"].to_numpy(str)[order], areas.geometry.to_numpy()[order]
    figures = np.asarray(counts, dtype=np.int64)[order]
    if figures.sum() < least:
        return _frame({})
    parts = [sorted(part) for part in Land(shapes, figures).parts(least=least, aim=aim)]
    regions = [(whole(shapes[part]), ids[part].tolist()) for part in parts]
    regions.sort(key=_reading_order)
    digits = max(2, len(str(len(regions))))
    return _frame({f"N{n:0{digits}}": region for n, region in enumerate(regions, start=1)})


def draw_neighborhoods(frozen: pd.DataFrame, *drawings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return frozen neighborhoods with their shapes, from home areas as they were drawn.

    ``drawings`` are sets of home areas, before and after some merged; of a name in several, the
    last counts. A name that none of them has draws nothing, and a neighborhood of such alone is
    left out: it was frozen for areas that were not, because the computer stopped in between.
    """
    shape = {
        name: drawn
        for areas in drawings
        for name, drawn in zip(areas["home_area_id"], areas.geometry, strict=True)
    }
    known = {
        name: [one for one in split_list(ids) if one in shape]
        for name, ids in zip(frozen["neighborhood_id"], frozen["home_area_ids"], strict=True)
    }
    return _frame(
        {
            name: (whole(np.array([shape[one] for one in ids])), ids)
            for name, ids in known.items()
            if ids
        }
    )


def refit_neighborhoods(
    frozen: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    counts: Sequence[int],
    *,
    least: int = LEAST,
) -> gpd.GeoDataFrame:
    """Fit frozen neighborhoods, with shapes, to home areas that may have merged since.

    Neighborhoods whose areas merged into one become one, and one with fewer than ``least``
    families joins its smallest neighbor; none ever splits. A merged one is called after its first
    part and the number that joined: N03+1. None is left when all families are too few.
    """
    figure = dict(zip(areas["home_area_id"], counts, strict=True))
    regions = _refitted(frozen, areas)
    while small := [name for name in regions if _families(regions[name], figure) < least]:
        if len(regions) == 1:
            return _frame({})
        one = min(small, key=lambda name: (_families(regions[name], figure), name))
        regions = _joined(regions, [one, _smallest_neighbor(one, regions, figure)])
    return _frame(dict(sorted(regions.items())))


def count_neighborhoods(
    neighborhoods: pd.DataFrame | None, areas: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return NEIGHBORHOODS, each the union of its HOME_AREAS and the sum of their figures."""
    if neighborhoods is None or neighborhoods.empty:
        return no_neighborhoods()
    drawn = draw_neighborhoods(neighborhoods, areas)
    figure = dict(zip(areas["home_area_id"], areas["families"], strict=True))
    sums = [sum(figure[one] for one in split_list(ids)) for ids in drawn["home_area_ids"]]
    return check(drawn.assign(families=np.array(sums, dtype=np.int64)), NEIGHBORHOODS)


def neighborhood_of(
    households: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, neighborhoods: pd.DataFrame
) -> pd.Series:
    """Return the neighborhood_id of each household in a home area, indexed by household_id.

    It is '' where there are no neighborhoods. Protected households are in no home area.
    """
    area_of = households_in_areas(areas, households)
    home = {
        area_id: name
        for name, ids in zip(
            neighborhoods["neighborhood_id"], neighborhoods["home_area_ids"], strict=True
        )
        for area_id in split_list(ids)
    }
    mapped = area_of != ""
    names = [home.get(area_id, "") for area_id in area_of[mapped]]
    return pd.Series(names, index=households["household_id"].to_numpy(str)[mapped], dtype=str)


def _refitted(frozen: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> dict[str, Region]:
    """Return the neighborhoods with the areas of today, those that share an area as one."""
    drawn = dict(zip(areas["home_area_id"], areas.geometry, strict=True))
    groups: list[tuple[set[str], list[str]]] = []
    for area_id in sorted(drawn):
        names = _touched(frozen, drawn[area_id])
        same = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        merged = names.union(*(group[0] for group in same))
        groups.append((merged, [*(one for group in same for one in group[1]), area_id]))
    return {
        _merged_name(names): (whole(np.array([drawn[one] for one in members])), sorted(members))
        for names, members in groups
    }


def _touched(frozen: gpd.GeoDataFrame, area: shapely.Geometry) -> set[str]:
    """Return the neighborhoods that a home area lies in, or the nearest when it lies in none."""
    shapes = frozen.geometry.to_numpy()
    inside = shapely.area(shapely.intersection(shapes, area)) > OVERLAP * shapely.area(area)
    if not inside.any():
        inside[shapely.distance(shapes, area).argmin()] = True
    return set(frozen["neighborhood_id"].to_numpy(str)[inside].tolist())


def _merged_name(names: Collection[str]) -> str:
    """Return the first name and how many others are in it: N03+1."""
    joined = sum(int(name.partition("+")[2] or 0) for name in names) + len(names) - 1
    first = min(names).partition("+")[0]
    return f"{first}+{joined}" if joined else first


def _families(region: Region, figure: Mapping[str, int]) -> int:
    return sum(figure[area_id] for area_id in region[1])


def _smallest_neighbor(name: str, regions: Mapping[str, Region], figure: Mapping[str, int]) -> str:
    """Return the smallest that shares an edge; for one that shares none, the nearest."""
    others = sorted(regions.keys() - {name})
    around = np.array([regions[other][0] for other in others])
    near = shapely.length(shapely.intersection(around, regions[name][0])) > 0
    if not near.any():
        away = shapely.distance(around, regions[name][0])
        near = away == away.min()
    beside = [other for other, yes in zip(others, near, strict=True) if yes]
    return min(beside, key=lambda other: (_families(regions[other], figure), other))


def _joined(regions: Mapping[str, Region], names: Collection[str]) -> dict[str, Region]:
    parts = [regions[name] for name in names]
    shape = whole(np.array([shape for shape, _ in parts]))
    members = sorted(area_id for _, ids in parts for area_id in ids)
    rest = {name: region for name, region in regions.items() if name not in names}
    return {**rest, _merged_name(names): (shape, members)}


def _reading_order(region: Region) -> tuple[float, float, list[str]]:
    west, _, _, north = region[0].bounds
    return -north, west, region[1]


def _frame(regions: Mapping[str, Region]) -> gpd.GeoDataFrame:
    texts = {
        "neighborhood_id": pd.Series(list(regions), dtype=str),
        "home_area_ids": pd.Series([join_list(ids) for _, ids in regions.values()], dtype=str),
    }
    shapes = [shape for shape, _ in regions.values()]
    return gpd.GeoDataFrame(texts, geometry=shapes, crs="EPSG:4326")
