"""The shared tables: their columns, what each may hold, and one check at the door.

Ids are text. Points and polygons are EPSG:4326 (lon, lat). Lists inside a cell are joined by
``;``. Minutes are float and NaN means no way. A reader ends in ``check``; every stage after it
trusts the table.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from famgeo.domain import Answer, ReadReport, Reason
from famgeo.errors import TableError

T = TypeVar("T")

ANSWERS = [answer.value for answer in Answer]
ASSET_KINDS = (
    "library",
    "community_centre",
    "place_of_worship",
    "clinic",
    "park",
    "food_pantry",
    "social_service",
    "child_care",
    "college",
    "hall",
    "business",
    "person",
    "other",
)


def _id(*, unique: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check.str_length(1, 200), unique=unique)


def _text() -> pa.Column:
    return pa.Column(str)


def _answer() -> pa.Column:
    return pa.Column(str, pa.Check.isin(ANSWERS))


def _number(low: float = 0.0) -> pa.Column:
    return pa.Column(float, pa.Check.ge(low), nullable=True)


def _shape() -> pa.Column:
    return pa.Column("geometry", pa.Check(lambda s: s.notna() & ~s.is_empty, name="has a shape"))


STUDENTS = pa.DataFrameSchema(
    {
        "student_id": _id(),
        "household_id": _id(),
        "school_id": _id(),
        "grade": _text(),
        "home_language": _text(),
        "interpreter": _answer(),
        "wheelchair": _answer(),
        "has_car": _answer(),
        "internet": _answer(),
        "evenings": _text(),
        "contact": _text(),
        "entered_on": _text(),
        "protected": pa.Column(bool),
        "geometry": _shape(),
    },
    unique=["student_id", "household_id"],
    name="students",
)
"""One row per student and home; a child with two homes has two rows."""

HOUSEHOLDS = pa.DataFrameSchema(
    {
        "household_id": _id(unique=True),
        "adults": pa.Column(int, pa.Check.ge(0)),
        "students": pa.Column(int, pa.Check.ge(1)),
        "school_ids": _text(),
        "home_language": _text(),
        "interpreter": _answer(),
        "wheelchair": _answer(),
        "has_car": _answer(),
        "internet": _answer(),
        "evenings": _text(),
        "contact": _text(),
        "entered_on": _text(),
        "protected": pa.Column(bool),
        "geometry": _shape(),
    },
    name="households",
)
"""Vault only. ``evenings`` such as ``Mo;We``; empty means not known, so any."""

SCHOOLS = pa.DataFrameSchema(
    {
        "school_id": _id(unique=True),
        "name": _id(),
        "level": _text(),
        "wheelchair": _answer(),
        "bell_start": _text(),
        "bell_end": _text(),
        "geometry": _shape(),
    },
    name="schools",
)

ASSETS = pa.DataFrameSchema(
    {
        "asset_id": _id(unique=True),
        "name": _id(),
        "kind": pa.Column(str, pa.Check.isin(ASSET_KINDS)),
        "organization": _text(),
        "hosts": _answer(),
        "capacity": _number(),
        "wheelchair": _answer(),
        "languages": _text(),
        "child_care": _answer(),
        "opening_hours": _text(),
        "cost_usd": _number(),
        "verified_on": _text(),
        "source": _text(),
        "geometry": _shape(),
    },
    name="assets",
)
"""The community directory. Any asset with ``hosts`` = yes is a candidate site."""

SITES = pa.DataFrameSchema(
    {
        "site_id": _id(unique=True),
        "name": _id(),
        "kind": _text(),
        "capacity": _number(),
        "wheelchair": _answer(),
        "languages": _text(),
        "child_care": _answer(),
        "opening_hours": _text(),
        "cost_usd": _number(),
        "geometry": _shape(),
    },
    name="sites",
)
"""Schools (kind ``school``) and assets that may host a meeting."""

PLACES = pa.DataFrameSchema({"id": _id(unique=True), "geometry": _shape()}, name="places")
"""Origins or destinations of the ``times`` command."""

BARRIERS = pa.DataFrameSchema(
    {
        "household_id": _id(),
        "site_id": _id(),
        "meeting_id": _id(),
        "there_min": _number(),
        "home_min": _number(),
        "margin_min": pa.Column(float, nullable=True),
        "best_mode": _text(),
        "reason": pa.Column(str, pa.Check.isin(["", *(r.value for r in Reason)])),
    },
    name="barriers",
)
"""Vault only. An empty ``reason`` means the family can attend; ``margin_min`` is inf when no
timetable bounds the way home, and NaN when there is none."""

HOME_AREAS = pa.DataFrameSchema(
    {"home_area_id": _id(unique=True), "families": pa.Column(int), "geometry": _shape()},
    name="home areas",
)

NEIGHBORHOODS = pa.DataFrameSchema(
    {
        "neighborhood_id": _id(unique=True),
        "home_area_ids": _text(),
        "families": pa.Column(int),
        "geometry": _shape(),
    },
    name="neighborhoods",
)
"""Unions of whole home areas; ``families`` is the sum of theirs."""

ATTRIBUTES = ("language", "grade_band", "means", "school")
"""What families are counted by, one at a time."""

ONE_WAY = pa.DataFrameSchema(
    {
        "attribute": pa.Column(str, pa.Check.isin(ATTRIBUTES)),
        "neighborhood_id": _text(),
        "category": _id(),
        "families": pa.Column(int),
    },
    unique=["attribute", "neighborhood_id", "category"],
    name="one-way tables",
)
"""Released counts, one row for each category that is shown. ``neighborhood_id`` '' is the whole
district; the category ``other`` is all that is not shown by name."""


def no_neighborhoods() -> gpd.GeoDataFrame:
    """Return NEIGHBORHOODS without a row."""
    columns = {"neighborhood_id": str, "home_area_ids": str, "families": np.int64}
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")


def no_tables() -> pd.DataFrame:
    """Return ONE_WAY without a row."""
    texts = ("attribute", "neighborhood_id", "category")
    empty = {name: pd.Series(dtype=str) for name in texts}
    return pd.DataFrame({**empty, "families": pd.Series(dtype=np.int64)})


def check(table: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Return the table with exactly the schema's columns in order, or raise naming every bad row.

    Raises ``TableError`` with each fault as ``column X, row N: what``; rows count from 1.
    """
    columns = list(schema.columns)
    if missing := [c for c in columns if c not in table]:
        message = f"The {schema.name} table lacks the columns {', '.join(missing)}."
        raise TableError(message)
    ordered = table[columns].reset_index(drop=True)
    try:
        schema.validate(ordered, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise TableError(_faults(schema, error)) from error
    return ordered


def _faults(schema: pa.DataFrameSchema, error: pa.errors.SchemaErrors) -> str:
    lines = [
        f"column {case.column}, "
        + (f"row {int(case.index) + 1}: " if pd.notna(case.index) else "")
        + f"fails '{case.check}'"
        for case in error.failure_cases.itertuples()
    ]
    return f"The {schema.name} table has {len(lines)} faults. " + "; ".join(lines)


def as_points(
    table: pd.DataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> gpd.GeoDataFrame:
    """Return the table as a GeoDataFrame of EPSG:4326 points."""
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def lonlat(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the points of a table as an array of shape (n, 2), lon and lat in degrees."""
    return np.column_stack([table.geometry.x, table.geometry.y]).astype(np.float64)


def join_list(items: object) -> str:
    """Join the distinct parts of a list cell, sorted, by ``;``."""
    return ";".join(sorted({str(i).strip() for i in items if str(i).strip()}))  # type: ignore[attr-defined]


def split_list(cell: str) -> list[str]:
    """Split a list cell into its parts; an empty cell has none."""
    return [part.strip() for part in cell.split(";") if part.strip()]


@dataclass(frozen=True, kw_only=True)
class Read(Generic[T]):
    """What a reader returns: the checked table and the report on how it came about."""

    table: T
    report: ReadReport
