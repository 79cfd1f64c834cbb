"""Look for homes in a release, digit by digit: what is shown must hold the coordinates of none."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from famgeo.store.releases import release_to_json
from famgeo.tables import Release

SAME_DEGREES = 1e-6
"""About a tenth of a metre: the sixth decimal, finer than any roster."""
DECIMALS = re.compile(r"-?\d+\.\d{3,}")


def homes_in(release: Release, homes_lonlat: NDArray[np.float64]) -> tuple[int, int]:
    """Return how many homes (n, 2) a release holds the coordinates of, and in how many numbers.

    A home counts when both its longitude and its latitude are among the release's numbers,
    wherever they stand. The points of the directory are left out: they are public, and a place
    may be someone's home.
    """
    numbers = np.unique(_steps(np.fromiter(_numbers(release), dtype=np.float64)))
    steps = _steps(homes_lonlat)
    near: NDArray[np.bool_] = np.isin(steps, numbers)
    for off in (-1, 1):
        near |= np.isin(steps + off, numbers)
    return int(np.count_nonzero(near[:, 0] & near[:, 1])), len(numbers)


def _steps(degrees: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(degrees / SAME_DEGREES).astype(np.int64)


def _numbers(release: Release) -> Iterator[float]:
    """Yield every number of a stored release but those of public places."""
    document = json.loads(release_to_json(release))
    for plan in document["plans"]:
        for site in plan["sites"]:
            site.pop("geometry")
    yield from _numbers_in(document)


def _numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _coordinates(inner) if key == "geometry" else _numbers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers_in(inner)
    elif isinstance(value, str):
        yield from map(float, DECIMALS.findall(value))
    elif isinstance(value, int | float):
        yield float(value)


def _coordinates(wkb_hex: str) -> Iterator[float]:
    yield from shapely.get_coordinates(shapely.from_wkb(wkb_hex)).ravel().tolist()
