"""The background map holds what was drawn, thins streets far out, and is written whole."""

import gzip
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

from famgeo.errors import SourceError
from famgeo.outputs.basemap import MAX_ZOOM, build_basemap

LON, LAT = -99.7, 38.3


def layer(*rows: tuple[str, str, shapely.Geometry], **more: object) -> gpd.GeoDataFrame:
    kinds, names, shapes = zip(*rows, strict=True) if rows else ((), (), ())
    table = {"kind": list(kinds), "name": list(names), **more}
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs="EPSG:4326")


def line(north: float) -> shapely.LineString:
    return shapely.LineString([(LON, LAT + north), (LON + 0.02, LAT + north)])


def box(side: float) -> shapely.Polygon:
    return shapely.box(LON, LAT, LON + side, LAT + side)


@pytest.fixture
def layers() -> dict[str, gpd.GeoDataFrame]:
    streets = [("primary", "Main St", line(0.001)), ("residential", "Elm St", line(0.004))]
    return {
        "streets": layer(*streets, secret=["4 Privet Drive"] * 2),
        "water": layer(("river", "Heron River", line(0.002)), ("water", "", box(0.005))),
        "parks": layer(("park", "Mill Park", box(0.003))),
        "buildings": layer(("school", "", box(0.0005))),
        "rail": layer(),
    }


def names_in(path: Path, name: str, zoom: int) -> set[str]:
    table = pyogrio.read_dataframe(path, layer=name, ZOOM_LEVEL=zoom)
    return set(table.name.dropna())


def zooms_of(path: Path) -> dict[int, bytes]:
    with path.open("rb") as handle:
        found: dict[int, bytes] = {}
        for (zoom, _x, _y), data in all_tiles(MmapSource(handle)):
            found[zoom] = found.get(zoom, b"") + gzip.decompress(data)
    return found


def test_every_layer_comes_back_with_its_names(layers, tmp_path: Path) -> None:
    path = build_basemap(layers, tmp_path / "ground.pmtiles")
    streets = {"main_streets", "small_streets"}
    assert set(pyogrio.list_layers(path)[:, 0]) == {*streets, "water", "parks", "buildings"}
    assert names_in(path, "main_streets", MAX_ZOOM) == {"Main St"}
    assert names_in(path, "small_streets", MAX_ZOOM) == {"Elm St"}
    assert names_in(path, "water", MAX_ZOOM) == {"Heron River"}


def test_far_out_only_main_streets_are_drawn(layers, tmp_path: Path) -> None:
    tiles = zooms_of(build_basemap(layers, tmp_path / "ground.pmtiles"))
    assert {zoom for zoom, data in tiles.items() if b"Main St" in data} == set(range(9, 15))
    assert {zoom for zoom, data in tiles.items() if b"Elm St" in data} == {12, 13, 14}
    assert {zoom for zoom, data in tiles.items() if b"buildings" in data} == {14}


def test_only_kind_and_name_are_written(layers, tmp_path: Path) -> None:
    tiles = zooms_of(build_basemap(layers, tmp_path / "ground.pmtiles"))
    assert not any(b"Privet" in data or b"secret" in data for data in tiles.values())


def test_the_header_says_where_the_map_is(layers, tmp_path: Path) -> None:
    with build_basemap(layers, tmp_path / "ground.pmtiles").open("rb") as handle:
        header = Reader(MmapSource(handle)).header()
    assert header["min_zoom"] == 9
    assert header["max_zoom"] == MAX_ZOOM
    assert header["min_lon_e7"] == pytest.approx(LON * 1e7, abs=2e4)
    assert header["max_lat_e7"] >= (LAT + 0.005) * 1e7 - 2e4


def test_the_same_layers_make_the_same_bytes(layers, tmp_path: Path) -> None:
    first, second = (build_basemap(layers, tmp_path / f"{n}.pmtiles").read_bytes() for n in "ab")
    assert first == second


def test_nothing_to_draw_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to draw"):
        build_basemap({"streets": layer(), "parks": layer()}, tmp_path / "ground.pmtiles")
    assert list(tmp_path.iterdir()) == []


def test_an_old_map_stays_when_a_new_one_cannot_be_made(layers, tmp_path: Path) -> None:
    path = build_basemap(layers, tmp_path / "ground.pmtiles")
    before = path.read_bytes()
    with pytest.raises(SourceError):
        build_basemap({}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_rivers_drawn_as_lines_join_the_water(layers, tmp_path: Path) -> None:
    creek = layer(("stream", "Mill Creek", line(0.006)))
    path = build_basemap({**layers, "waterlines": creek}, tmp_path / "ground.pmtiles")
    assert names_in(path, "water", MAX_ZOOM) == {"Heron River", "Mill Creek"}
