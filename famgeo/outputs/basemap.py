"""The study's own background map: streets, water, parks and buildings as one file of tiles.

The file is a PMTiles archive of Mapbox Vector Tiles, so a map drawn in the browser asks this
computer for a few kilobytes at a time and never asks the internet.
"""

import gzip
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write as open_writer

from famgeo.errors import SourceError

MAX_ZOOM = 14
"""Half a metre a step at 60° north; the browser enlarges from here."""

SHOWN_FROM = {
    "water": 9,
    "parks": 10,
    "rail": 11,
    "buildings": 14,
    "main_streets": 9,
    "middle_streets": 11,
    "small_streets": 12,
}
"""The first zoom at which each layer is drawn."""

MAIN_STREETS = frozenset(
    f"{kind}{link}"
    for kind in ("motorway", "trunk", "primary", "secondary")
    for link in ("", "_link")
)
MIDDLE_STREETS = frozenset({"tertiary", "tertiary_link", "unclassified"})
COLUMNS = ("kind", "name")


def build_basemap(layers: Mapping[str, gpd.GeoDataFrame], path: Path) -> Path:
    """Write the layers as one PMTiles file and return its path.

    Streets are thinned by rank at low zooms, so a district fits a screen without a grey blur.

    Parameters
    ----------
    layers
        ``buildings``, ``parks``, ``water``, ``waterlines``, ``rail`` and ``streets`` (EPSG:4326)
        with the columns ``kind`` and ``name``; an empty or missing layer is left out, other columns
        are dropped.
    path
        The file to write; it appears whole or not at all.

    Raises
    ------
    SourceError
        When no layer has anything to draw.
    """
    parts = {name: layer for name, layer in _as_drawn(layers).items() if len(layer)}
    if not parts:
        message = "The street file has nothing to draw as a background map; add a larger extract."
        raise SourceError(message)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        files = [_tile(part, layer, Path(folder)) for part, layer in parts.items()]
        whole = Path(folder) / "whole.pmtiles"
        _merge(files, whole)
        whole.replace(path)
    return path


def _as_drawn(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers as drawn: streets in three, because a tile may name a layer only once."""
    parts = {name: layers[name] for name in SHOWN_FROM if name in layers}
    water = [layers[name] for name in ("water", "waterlines") if name in layers]
    if water:
        parts["water"] = pd.concat(water, ignore_index=True)
    if "streets" in layers:
        streets = layers["streets"]
        main, middle = streets.kind.isin(MAIN_STREETS), streets.kind.isin(MIDDLE_STREETS)
        parts["main_streets"] = streets[main]
        parts["middle_streets"] = streets[middle]
        parts["small_streets"] = streets[~main & ~middle]
    return parts


def _tile(name: str, layer: gpd.GeoDataFrame, folder: Path) -> Path:
    """Cut one layer into tiles with GDAL and return the file."""
    path = folder / f"{name}.pmtiles"
    pyogrio.write_dataframe(
        _texts(layer),
        path,
        driver="PMTiles",
        layer=name,
        dataset_options={"MINZOOM": SHOWN_FROM[name], "MAXZOOM": MAX_ZOOM, "NAME": name},
    )
    return path


def _texts(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out empty texts, so tiles hold a name only where there is one."""
    texts = {c: layer[c].astype(object).where(layer[c].fillna("") != "", None) for c in COLUMNS}
    return gpd.GeoDataFrame(
        pd.DataFrame(texts, index=layer.index), geometry=layer.geometry, crs=layer.crs
    )


def _merge(files: list[Path], whole: Path) -> None:
    """Join the files tile by tile; joined vector tiles are one tile with all their layers."""
    tiles: dict[tuple[int, int, int], bytes] = {}
    headers: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    for file in files:
        with file.open("rb") as handle:
            source = MmapSource(handle)
            reader = Reader(source)
            headers.append(reader.header())
            fields |= {layer["id"]: layer for layer in reader.metadata()["vector_layers"]}
            for place, data in all_tiles(source):
                tiles[place] = tiles.get(place, b"") + gzip.decompress(data)
    metadata = {"name": "basemap", "format": "pbf", "vector_layers": list(fields.values())}
    _write(tiles, _header(headers), metadata, whole)


def _header(headers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the header of the joined file: the zooms and the box that hold all parts."""
    west, south = (min(h[key] for h in headers) for key in ("min_lon_e7", "min_lat_e7"))
    east, north = (max(h[key] for h in headers) for key in ("max_lon_e7", "max_lat_e7"))
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_zoom": min(h["min_zoom"] for h in headers),
        "max_zoom": MAX_ZOOM,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 12,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _write(
    tiles: Mapping[tuple[int, int, int], bytes],
    header: dict[str, Any],
    metadata: dict[str, Any],
    path: Path,
) -> None:
    """Write the tiles in the order of their ids, the same bytes for the same tiles."""
    with open_writer(str(path)) as writer:
        for tile_id, place in _in_order(tiles):
            writer.write_tile(tile_id, gzip.compress(tiles[place], mtime=0))
        writer.finalize(header, metadata)


def _in_order(
    tiles: Mapping[tuple[int, int, int], bytes],
) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Yield each tile's id and place, lowest id first."""
    yield from sorted((zxy_to_tileid(*place), place) for place in tiles)
