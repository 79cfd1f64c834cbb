"""A short name for everything a result depends on: its inputs and the code that makes it."""

import hashlib
import json
import struct
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from functools import cache, singledispatch
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

MAKERS = ("sources", "travel", "barriers.py", "domain.py")
"""The code that results come from; when it changes they are made again."""

Parts = tuple[str, list[Any]]


def fingerprint(inputs: Mapping[str, object]) -> str:
    """Return 32 hexadecimal digits that change when any input or the code changes.

    Inputs may be None, text, bytes, numbers, dates, arrays, tables, frozen dataclasses, and
    mappings, sets and sequences of these. Raises ``TypeError`` for anything else, because a name
    that forgot an input would bring back the wrong result.
    """
    digest = hashlib.sha256(code_version().encode())
    _feed(digest, inputs)
    return digest.hexdigest()[:32]


@cache
def code_version() -> str:
    """Return a hash of the source that results come from, so no number needs to be raised."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for maker in MAKERS:
        path = package / maker
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(file.relative_to(package).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _feed(digest: "hashlib._Hash", value: object) -> None:
    # Kinds and lengths are fed too, so that no two different values feed the same bytes.
    kind, parts = _parts(value)
    digest.update(kind.encode() + b"\0" + struct.pack("<q", len(parts)))
    for part in parts:
        if isinstance(part, bytes):
            digest.update(struct.pack("<q", len(part)) + part)
        else:
            _feed(digest, part)


@singledispatch
def _parts(value: object) -> Parts:
    """Take a value apart into its kind and what it is made of: bytes, or values again."""
    if is_dataclass(value):
        return type(value).__name__, [{f.name: getattr(value, f.name) for f in fields(value)}]
    message = f"A {type(value).__name__} has no fingerprint."
    raise TypeError(message)


@_parts.register(str | bool | int | float | date | time | timedelta | None)
def _(value: object) -> Parts:
    return type(value).__name__, [repr(value).encode()]


@_parts.register
def _(value: bytes) -> Parts:
    return "bytes", [value]


@_parts.register
def _(value: Mapping) -> Parts:  # type: ignore[type-arg] # dispatch takes the bare class
    return "mapping", [[key, value[key]] for key in sorted(value)]


@_parts.register
def _(value: AbstractSet) -> Parts:  # type: ignore[type-arg] # dispatch takes the bare class
    return "set", sorted(value)


@_parts.register(list | tuple)
def _(value: list[object] | tuple[object, ...]) -> Parts:
    return "sequence", list(value)


@_parts.register(np.ndarray)
def _(value: NDArray[np.generic]) -> Parts:
    if value.dtype.hasobject:
        message = "An array of objects has no fingerprint; give it a type."
        raise TypeError(message)
    return f"array {value.dtype.str} {value.shape}", [np.ascontiguousarray(value).tobytes()]


@_parts.register
def _(value: pd.DataFrame) -> Parts:
    return "table", [[str(name), value[name]] for name in value.columns]


@_parts.register(pd.Series)
def _(value: "pd.Series[Any]") -> Parts:
    if isinstance(value, gpd.GeoSeries):
        return "shapes", list(shapely.to_wkb(value.to_numpy()))
    cells = value.to_numpy()
    if not cells.dtype.hasobject:
        return "column", [cells]
    known = value.astype(object).where(value.notna(), None)
    return "column", [json.dumps(known.tolist()).encode()]
