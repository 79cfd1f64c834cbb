"""Read where people live: polygons with a count, or a CSV of cell centres with one.

GDAL opens whatever it recognises, and some formats point to other files. So the first bytes must
be those of a shapefile or a GeoPackage before GDAL sees a file; GeoJSON is parsed without it.
"""

import json
import warnings
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from famgeo.errors import SourceError
from famgeo.sources import cells
from famgeo.sources.kinds import looks_like
from famgeo.sources.places import COORDINATES, coordinates
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
    frame = _geojson(path, data) if data.lstrip()[:1] == b"{" else _by_gdal(path, data)
    if field not in frame or field == frame.geometry.name:
        names = [str(c) for c in frame.columns if c != frame.geometry.name]
        near = get_close_matches(field, names, n=1) or names[:1]
        hint = f" Is it '{near[0][:40]}'?" if near else ""
        message = f"{path.name} has no field '{field}'.{hint} Name the field that counts people."
        raise SourceError(message)
    shapes = gpd.GeoDataFrame({"people": frame[field]}, geometry=frame.geometry.make_valid())
    kept = shapes[shapes.geom_type.isin(["Polygon", "MultiPolygon"])]
    return _in_degrees(kept, path.name)


def _in_degrees(areas: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    placed = areas.set_crs(WGS84) if areas.crs is None else areas.to_crs(WGS84)
    edges = placed.total_bounds
    if len(placed) and not (np.isfinite(edges).all() and np.abs(edges).max() <= 180):  # noqa: PLR2004
        message = f"{name} is not in degrees and does not say its projection; export it as WGS 84."
        raise SourceError(message)
    return placed


def _geojson(path: Path, data: bytes) -> gpd.GeoDataFrame:
    try:
        content = json.loads(data)
        if content["type"] != "FeatureCollection":
            raise KeyError(content["type"])  # noqa: TRY301 - one sentence for all of it
        return gpd.GeoDataFrame.from_features(content["features"], crs=WGS84)
    except Exception as error:  # shapely and geopandas raise many kinds for malformed features
        message = f"{path.name} is no complete GeoJSON FeatureCollection; export it again."
        raise SourceError(message) from error


def _by_gdal(path: Path, data: bytes) -> gpd.GeoDataFrame:
    package = data[GEOPACKAGE_AT : GEOPACKAGE_AT + 4] == GEOPACKAGE
    if not package and looks_like(data) != "part of a shapefile":
        message = (
            f"{path.name} looks like {looks_like(data)}; "
            "give a shapefile (.shp), a GeoPackage, a GeoJSON or a CSV of cell centres."
        )
        raise SourceError(message)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on damaged files
            frame = pyogrio.read_dataframe(path)
            return gpd.GeoDataFrame(frame, geometry="geometry")
    except Exception as error:  # GDAL's errors have no common parent
        message = (
            f"{path.name} cannot be read; for a shapefile keep its .shx, .dbf and .prj beside it."
        )
        raise SourceError(message) from error


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
