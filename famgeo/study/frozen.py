"""The geography of a study: cut once for a school year, frozen, and merged where families left."""

from collections.abc import Sequence
from datetime import date

import geopandas as gpd
import pandas as pd

from famgeo.errors import PlanError
from famgeo.release.areas import cut_home_areas, refit_areas
from famgeo.release.gate import count_areas
from famgeo.release.holding import Counter
from famgeo.release.neighborhoods import (
    cut_neighborhoods,
    draw_neighborhoods,
    refit_neighborhoods,
)
from famgeo.study.world import World
from famgeo.tables import lonlat


def frozen_geography(
    world: World, today: date, counter: Counter
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the study's home areas and its neighborhoods, and freeze what is new of them.

    Neighborhoods are frozen first. When the computer stops in between, they name areas that the
    next run merges again. Raises ``PlanError`` when the families are too few for a map.
    """
    before = world.store.home_areas()
    areas = _areas(world, before)
    counted, _ = count_areas(areas, world.homes, counter)
    figures = counted["families"].tolist()
    stored = world.store.neighborhoods()
    neighborhoods = _neighborhoods(stored, before, areas, figures)
    if not neighborhoods.equals(stored):
        world.store.save_neighborhoods(neighborhoods, frozen_on=today)
    if len(areas) != len(before):
        world.store.save_home_areas(areas, frozen_on=today)
    return areas, neighborhoods


def _areas(world: World, frozen: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    k = world.settings.k
    mapped = lonlat(world.homes[~world.homes["protected"]])
    areas = cut_home_areas(mapped, k=k) if frozen.empty else refit_areas(frozen, mapped, k=k)
    if areas.empty:
        message = (
            f"{world.settings.name} has too few families to show: a map needs at least {k} "
            "that may be counted, in three homes or more."
        )
        raise PlanError(message)
    return areas


def _neighborhoods(
    stored: pd.DataFrame,
    before: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    figures: Sequence[int],
) -> pd.DataFrame:
    frozen = draw_neighborhoods(stored, before, areas)
    cut = (
        cut_neighborhoods(areas, figures)
        if frozen.empty
        else refit_neighborhoods(frozen, areas, figures)
    )
    return pd.DataFrame(cut[["neighborhood_id", "home_area_ids"]])
