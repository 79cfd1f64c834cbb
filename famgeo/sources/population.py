"""Read where people live: polygons with a count, or a CSV of cell centres with one.

GDAL is not used. It opens whatever it recognises, and some of the formats that it knows point to
other files: 68 bytes of XML with ``GPKG`` after them were a GeoPackage to a reader of first bytes
and a pointer to any file of this computer to GDAL.
"""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from famgeo.errors import SourceError
from famgeo.sources import cells, geopackage, shapefile
from famgeo.sources.geopackage import read_geopackage
from famgeo.sources.kinds import looks_like
from famgeo.sources.places import COORDINATES, coordinates
from famgeo.sources.rings import FARTHEST, no_field
from famgeo.sources.shapefile import read_shapefile
from famgeo.sources.sheets import pick, read_bytes, read_sheet

GEOPACKAGE = b"GPKG"
GEOPACKAGE_AT = 68
WGS84 = "EPSG:4326"
KM_PER_DEGREE = 111.195
CELL_RADIUS = 0.71
"""Radius of a cell as a share of the spacing of centres: half the diagonal of a square."""
LONE_CELL_KM = 0.2


def read_population(path: Path, *, people_field: str) -> gpd.GeoDataFrame:
    """Return polygons (EPSG:4326) with a float column ``people`` above 0, in a fixed order.

    The order is that of the shapes themselves, so that the order of rows changes nothing.
    Raises ``SourceError`` when the file cannot be read, lacks the field or holds nobody.
    """
    path = Path(path)
    data = read_bytes(path)
    if looks_like(data) in {"", "an Excel workbook"}:
        areas = _cells(path, people_field)
    else:
        areas = _polygons(path, data, people_field)
    people = cells.numbers(areas["people"].astype("str"))
    inside = np.isfinite(people) & (people > 0) & (shapely.area(areas.geometry.array) > 0)
    areas = areas.assign(people=people)[inside]
    if areas.empty:
        message = f"{path.name} has no area with people in '{people_field}'; choose another field."
        raise SourceError(message)
    order = np.lexsort([areas["people"], *areas.bounds.to_numpy().T])
    return areas.iloc[order].reset_index(drop=True)


def _polygons(path: Path, data: bytes, field: str) -> gpd.GeoDataFrame:
    if data.lstrip()[:1] == b"{":
        areas = _geojson(path, data, field)
    elif data.startswith(geopackage.MAGIC) and data[GEOPACKAGE_AT:].startswith(GEOPACKAGE):
        areas = read_geopackage(path, field)
    elif data.startswith(shapefile.MAGIC):
        areas = read_shapefile(path, data, field)
    else:
        message = (
            f"{path.name} looks like {looks_like(data)}; "
            "give a shapefile (.shp), a GeoPackage, a GeoJSON or a CSV of cell centres."
        )
        raise SourceError(message)
    return _in_degrees(areas[areas.geom_type.isin(["Polygon", "MultiPolygon"])], path.name)


def _in_degrees(areas: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    try:
        placed = areas.set_crs(WGS84) if areas.crs is None else areas.to_crs(WGS84)
    except ProjError as error:
        message = f"{name} has a projection that cannot be undone; export it as WGS 84."
        raise SourceError(message) from error
    edges = placed.total_bounds
    if len(placed) and not (np.isfinite(edges).all() and np.abs(edges).max() <= 180):  # noqa: PLR2004
        message = f"{name} is not in degrees and does not say its projection; export it as WGS 84."
        raise SourceError(message)
    return placed


def _geojson(path: Path, data: bytes, field: str) -> gpd.GeoDataFrame:
    try:
        content = json.loads(data)
        if content["type"] != "FeatureCollection":
            raise KeyError(content["type"])  # noqa: TRY301 - one sentence for all of it
        frame = gpd.GeoDataFrame.from_features(content["features"], crs=WGS84)
        if (np.abs(frame.geometry.bounds.dropna().to_numpy()) > FARTHEST).any():
            raise ValueError(content["type"])  # noqa: TRY301
        shapes = frame.geometry.make_valid()
    except Exception as error:  # shapely and geopandas raise many kinds for malformed features
        message = f"{path.name} is no complete GeoJSON FeatureCollection; export it again."
        raise SourceError(message) from error
    names = [str(c) for c in frame.columns if c != frame.geometry.name]
    if field not in names:
        raise no_field(path.name, field, names)
    return gpd.GeoDataFrame({"people": frame[field]}, geometry=shapes, crs=WGS84)


def _cells(path: Path, field: str) -> gpd.GeoDataFrame:
    """Return a cell around each centre: what is nearest to it, no wider than the spacing."""
    sheet = read_sheet(path)
    table, _ = pick(sheet, {**COORDINATES, field: ()}, required=("lon", "lat", field))
    where = coordinates(table, district=None, show_figures=True)
    good = (where.reasons == "").to_numpy(dtype=bool)
    centres = pd.DataFrame(
        {
            "lon": where.lon[good],
            "lat": where.lat[good],
            "people": cells.numbers(table[field])[good],
        }
    )
    merged = centres.groupby(["lon", "lat"], as_index=False)["people"].sum()
    if merged.empty:
        message = f"{path.name} has no row with usable lon and lat in degrees; export it again."
        raise SourceError(message)
    shapes = _voronoi(merged[["lon", "lat"]].to_numpy())
    return gpd.GeoDataFrame({"people": merged["people"]}, geometry=shapes, crs=WGS84)


def _voronoi(centres: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return a polygon around each distinct centre (n, 2), in the order of the centres."""
    per_degree = KM_PER_DEGREE * np.array([np.cos(np.radians(centres[:, 1].mean())), 1.0])
    points = shapely.points(centres * per_degree)
    discs = shapely.buffer(points, CELL_RADIUS * _spacing_km(points))
    if len(points) > 1:
        nearest = shapely.voronoi_polygons(
            shapely.multipoints(points), extend_to=shapely.union_all(discs), ordered=True
        )
        discs = shapely.intersection(discs, shapely.get_parts(nearest))
    return np.asarray(shapely.transform(discs, lambda xy: xy / per_degree))


def _spacing_km(points: NDArray[np.object_]) -> float:
    if len(points) < 2:  # noqa: PLR2004 - one centre has no neighbour
        return LONE_CELL_KM
    _, gaps = shapely.STRtree(points).query_nearest(
        points, exclusive=True, return_distance=True, all_matches=False
    )
    return float(np.median(gaps))
