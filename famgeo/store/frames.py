"""Tables of points in a database: one line from a shared schema to columns, and back."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    select,
)
from sqlalchemy.types import TypeEngine

from famgeo.tables import as_points, check

Coordinates = ("lon", "lat")


def point_table(
    name: str,
    metadata: MetaData,
    schema: pa.DataFrameSchema,
    *more: Column[Any],
    key: tuple[str, ...],
) -> Table:
    """Declare the database table of a shared schema; its point becomes ``lon`` and ``lat``.

    ``more`` are columns that only the database knows.
    """
    columns = [
        Column(column, _type(spec), nullable=bool(spec.nullable))
        for column, spec in schema.columns.items()
        if column != "geometry"
    ]
    points = [Column(axis, Float(53), nullable=False) for axis in Coordinates]
    return Table(name, metadata, *columns, *points, *more, PrimaryKeyConstraint(*key))


def rows_of(frame: gpd.GeoDataFrame, schema: pa.DataFrameSchema) -> list[dict[str, Any]]:
    """Return the checked rows of a table as the database takes them; NaN becomes NULL."""
    checked = check(frame, schema)
    plain = pd.DataFrame(checked.drop(columns="geometry")).assign(
        lon=checked.geometry.x, lat=checked.geometry.y
    )
    objects = plain.astype(object)
    rows = objects.where(objects.notna(), None).itertuples(index=False, name=None)
    return [dict(zip(plain.columns, row, strict=True)) for row in rows]


def read_points(
    connection: Connection, table: Table, schema: pa.DataFrameSchema
) -> gpd.GeoDataFrame:
    """Read a whole table, in the order of its key, as the shared schema has it."""
    rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
    frame = pd.DataFrame(rows, columns=[c.name for c in table.columns])
    types = {c: _dtype(spec) for c, spec in schema.columns.items() if c != "geometry"}
    lon, lat = (frame.pop(axis).to_numpy(np.float64) for axis in Coordinates)
    return check(as_points(frame.astype(types), lon, lat), schema)


def replace_points(
    connection: Connection, table: Table, frame: gpd.GeoDataFrame, schema: pa.DataFrameSchema
) -> None:
    """Put these rows in the place of all that the table holds."""
    rows = rows_of(frame, schema)
    connection.execute(table.delete())
    if rows:
        connection.execute(table.insert(), rows)


def _type(spec: pa.Column) -> TypeEngine[Any]:
    kinds: dict[str, TypeEngine[Any]] = {"float64": Float(53), "bool": Boolean()}
    return kinds.get(str(spec.dtype), Text())


def _dtype(spec: pa.Column) -> type:
    return {"float64": float, "bool": bool}.get(str(spec.dtype), str)
