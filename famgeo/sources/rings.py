"""Rings of coordinates → polygons, for formats that are read here and not by GDAL."""

from difflib import get_close_matches

import numpy as np
import shapely
from numpy.typing import NDArray

from famgeo.errors import SourceError

FEWEST_POINTS = 3
FARTHEST = 1e9
"""No projection of the earth has a larger coordinate, in feet or metres; GEOS fails on some."""
LONGEST_NAME = 40
MOST_NAMES = 1_000

Ring = NDArray[np.float64]
Rings = list[list[Ring]]
"""The rings (n, 2) of each feature, shells and holes in any order; none = no polygon."""


def polygons(rings: Rings) -> NDArray[np.object_]:
    """Return each feature's area by the even–odd rule: a ring within a ring is a hole.

    Rings of fewer than three points, or with a coordinate that cannot be, are left out.
    """
    usable = [
        (feature, ring)
        for feature, of_one in enumerate(rings)
        for ring in of_one
        if len(ring) >= FEWEST_POINTS and (np.abs(ring) <= FARTHEST).all()
    ]
    areas = np.full(len(rings), shapely.Polygon(), dtype=object)
    if usable:
        sizes = [len(ring) for _, ring in usable]
        loops = shapely.linearrings(
            np.concatenate([ring for _, ring in usable]),
            indices=np.repeat(np.arange(len(usable)), sizes),
        )
        whose = np.array([feature for feature, _ in usable])
        shapely.multipolygons(shapely.polygons(loops), indices=whose, out=areas)
    return np.asarray(shapely.make_valid(areas))


def no_field(file: str, field: str, names: list[str]) -> SourceError:
    """Return the error for a file without the field that counts people, with the nearest."""
    short = [name[:LONGEST_NAME] for name in names[:MOST_NAMES]]
    near = get_close_matches(field, short, n=1) or short[:1]
    hint = f" Is it '{near[0]}'?" if near else ""
    return SourceError(f"{file} has no field '{field}'.{hint} Name the field that counts people.")
