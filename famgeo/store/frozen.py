"""The geography that is frozen for a school year: home areas, and neighborhoods made of them."""

from collections.abc import Sequence
from datetime import date

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Table, delete, insert, select

from famgeo.store.engine import Database
from famgeo.store.schema import HOME_AREA_ROWS, NEIGHBORHOOD_ROWS


def read_home_areas(database: Database) -> gpd.GeoDataFrame:
    """Return ``home_area_id`` and polygon, by id; empty before the first freeze."""
    with database.reading() as connection:
        rows = connection.execute(
            select(HOME_AREA_ROWS).order_by(HOME_AREA_ROWS.c.home_area_id)
        ).all()
    shapes = shapely.from_wkb([row.wkb for row in rows])
    ids = pd.Series([row.home_area_id for row in rows], dtype=str)
    return gpd.GeoDataFrame({"home_area_id": ids}, geometry=list(shapes), crs="EPSG:4326")


def write_home_areas(database: Database, areas: gpd.GeoDataFrame, *, frozen_on: date) -> None:
    """Put these home areas in the place of those stored, to the last bit."""
    shapes = shapely.to_wkb(areas.geometry.to_numpy())
    rows = [
        {"home_area_id": area_id, "wkb": wkb, "frozen_on": frozen_on.isoformat()}
        for area_id, wkb in zip(areas["home_area_id"], shapes, strict=True)
    ]
    _replace(database, HOME_AREA_ROWS, rows)


def read_neighborhoods(database: Database) -> pd.DataFrame:
    """Return ``neighborhood_id`` and ``home_area_ids``, by id; empty before the first freeze."""
    columns = [NEIGHBORHOOD_ROWS.c.neighborhood_id, NEIGHBORHOOD_ROWS.c.home_area_ids]
    with database.reading() as connection:
        rows = connection.execute(select(*columns).order_by(columns[0])).all()
    return pd.DataFrame(rows, columns=[column.name for column in columns], dtype=str)


def write_neighborhoods(
    database: Database, neighborhoods: pd.DataFrame, *, frozen_on: date
) -> None:
    """Put these neighborhoods in the place of those stored."""
    ids = zip(neighborhoods["neighborhood_id"], neighborhoods["home_area_ids"], strict=True)
    rows = [
        {"neighborhood_id": one, "home_area_ids": areas, "frozen_on": frozen_on.isoformat()}
        for one, areas in ids
    ]
    _replace(database, NEIGHBORHOOD_ROWS, rows)


def _replace(database: Database, table: Table, rows: Sequence[dict[str, object]]) -> None:
    with database.writing() as connection:
        connection.execute(delete(table))
        if rows:
            connection.execute(insert(table), rows)
