"""One asset as its fields: what a form changes, what history keeps, and how two edits meet.

A field is a column of ASSETS but ``asset_id``; its value is a text, a number or None, and for
``geometry`` the pair [lon, lat] in degrees: a point moves as a whole.
"""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import pandas as pd

from famgeo.domain import Answer
from famgeo.errors import StudyError
from famgeo.store.frames import rows_of
from famgeo.tables import ASSETS, as_points

Fields = dict[str, Any]
POINT = "geometry"
FIELDS = tuple(name for name in ASSETS.columns if name != "asset_id")
NUMBERS = tuple(name for name in FIELDS if str(ASSETS.columns[name].dtype) == "float64")
ANSWERS = ("hosts", "wheelchair", "child_care")
EMPTY: Fields = (
    dict.fromkeys(FIELDS, "")
    | dict.fromkeys(NUMBERS)
    | dict.fromkeys(ANSWERS, str(Answer.UNKNOWN))
    | {"kind": "other"}
)
"""What is not said of a new asset. A name and a point have to be."""


def fields_of(row: Mapping[str, Any]) -> Fields:
    """Return the fields of a database row."""
    return {name: row[name] for name in FIELDS if name != POINT} | {POINT: [row["lon"], row["lat"]]}


def row_of(asset_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the database row of an asset; raises ``TableError`` when ASSETS cannot hold it."""
    point = fields[POINT] or [math.nan, math.nan]
    cells = {name: value for name, value in fields.items() if name != POINT}
    numbers = {name: math.nan if cells[name] is None else cells[name] for name in NUMBERS}
    frame = pd.DataFrame([{"asset_id": asset_id, **cells, **numbers}])
    lon, lat = (pd.Series([axis], dtype=float).to_numpy() for axis in point)
    return rows_of(as_points(frame, lon, lat), ASSETS)[0]


def plain(changes: Mapping[str, object]) -> Fields:
    """Return changed fields as they are stored.

    Raises ``StudyError`` naming a field that is unknown or of the wrong kind.
    """
    if unknown := sorted(set(changes) - set(FIELDS)):
        message = f"An asset has no field '{unknown[0]}'. The fields are: {', '.join(FIELDS)}."
        raise StudyError(message)
    return {name: _value(name, value) for name, value in changes.items()}


def meet(
    current: Fields, changes: Fields, since: AbstractSet[str]
) -> tuple[Fields, dict[str, list[Any]]]:
    """Return which changes are taken, and which meet another change of the same field.

    since : the fields that others changed after this edit's author last looked. A field both
    changed to the same value is no conflict. The second part maps a field to [theirs, yours].

    >>> meet({"name": "B", "hosts": "no"}, {"name": "C", "hosts": "yes"}, {"name"})
    ({'hosts': 'yes'}, {'name': ['B', 'C']})
    """
    new = {name: value for name, value in changes.items() if current[name] != value}
    lost = {name: [current[name], value] for name, value in new.items() if name in since}
    return {name: value for name, value in new.items() if name not in lost}, lost


def _value(name: str, value: object) -> object:
    if name == POINT:
        return _point(value)
    if name in NUMBERS:
        return _number(name, value)
    if not isinstance(value, str):
        message = f"The field '{name}' of an asset is {value!r}; it must be a text."
        raise StudyError(message)
    return "".join(c for c in value if c.isprintable()).strip()


def _number(name: str, value: object) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        message = f"The field '{name}' of an asset is {value!r}; it must be a number or nothing."
        raise StudyError(message)
    return float(value)


def _point(value: object) -> list[float]:
    pair = (value.x, value.y) if hasattr(value, "x") and hasattr(value, "y") else value
    try:
        lon, lat = map(float, pair)  # type: ignore[call-overload] # anything may come from a form
    except (TypeError, ValueError):
        lon = lat = math.nan
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # noqa: PLR2004 - degrees
        message = "The place of an asset is a longitude and a latitude in degrees."
        raise StudyError(message)
    return [lon, lat]
