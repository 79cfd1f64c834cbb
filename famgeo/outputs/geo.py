"""Released plans as GeoJSON (RFC 7946), for any map program."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from famgeo.outputs.exports import (
    OSM_CREDIT,
    Cell,
    degrees,
    export_path,
    plan_named,
    site_rows,
    write_whole,
)
from famgeo.tables import Release

DECIMALS = 7
"""About a centimetre; RFC 7946 advises no more."""


def write_geojson(
    release: Release, plan_name: str, folder: Path, *, audience: str = "district"
) -> list[Path]:
    """Write a plan's sites, and for the district its home areas; return the files written.

    Two files, for points and shapes are two layers. Each carries its credit and release as
    foreign members. Raises ``ReleaseError`` for a plan or audience that there is not, and for a
    folder that cannot be written.
    """
    plan = plan_named(release, plan_name)
    path = export_path(folder, plan_name, "sites.geojson", audience=audience)
    points = degrees(plan.sites).geometry
    rows = site_rows(plan, audience=audience, k=release.k)
    written = [write_whole(path, _collection(points, rows, release))]
    if audience == "district":
        areas = release.home_areas
        counts: list[dict[str, Cell]] = [
            {"home_area_id": str(area_id), "families": int(families)}
            for area_id, families in zip(areas["home_area_id"], areas["families"], strict=True)
        ]
        path = export_path(folder, plan_name, "home-areas.geojson", audience=audience)
        written.append(write_whole(path, _collection(degrees(areas).geometry, counts, release)))
    return written


def _collection(
    shapes: Iterable[shapely.Geometry], rows: Sequence[dict[str, Cell]], release: Release
) -> bytes:
    features = [
        {"type": "Feature", "geometry": _geometry(shape), "properties": row}
        for shape, row in zip(shapes, rows, strict=True)
    ]
    collection = {
        "type": "FeatureCollection",
        "attribution": OSM_CREDIT,
        "study": release.study,
        "release_id": release.release_id,
        "features": features,
    }
    return json.dumps(collection, ensure_ascii=False, allow_nan=False).encode()


def _geometry(shape: shapely.Geometry) -> object:
    """Return a shape as GeoJSON: flat, rounded, outer rings counter-clockwise, holes clockwise."""
    flat = shapely.transform(shapely.force_2d(shape), _rounded)
    return json.loads(shapely.to_geojson(shapely.orient_polygons(flat)))


def _rounded(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    return coordinates.round(DECIMALS)
