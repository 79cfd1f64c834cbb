"""Attack 7: ask of every point that was emitted who lives there.

The attacker collects every point they are given: corners, middles and boxes of home areas and
neighborhoods, places, labels, the opening view, any pair of numbers in a file, a page or a
message that could be a longitude and a latitude here. They look each up as an address, and they
ask of points that mark no place why they are where they are. The attack passes when homes lie at
these points no more often than if every family had moved to a random spot of its home area, when
every point is a place of the directory or follows from a drawn shape alone, and when the shapes
are whole squares of a grid that no home has moved.
"""

import re
from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from districts import District
from screens import screens
from traces import layers_of_file

from famgeo.release.quadtree import ANCHOR_DEGREES, LEAF_M, OFFSET_M

NEAR_M = 15.0
SAME_DEGREES = 2e-5
"""About two metres: the difference of a middle on the plane and of one in degrees."""
NUMBER = re.compile(rb"-?\d{1,3}\.\d{4,}")
BETWEEN_BYTES = 12
APART = re.compile(rb"[])}\n]")
REACH_DEGREES = 0.5
SPREAD = 3.5
"""Standard deviations above chance that count as better than chance."""


def points_in(texts: Iterable[bytes], around: Sequence[float]) -> np.ndarray:
    """Return every pair of neighbouring numbers that is a point of the district, as lon, lat."""
    found: set[tuple[float, float]] = set()
    for text in texts:
        last, end = None, 0
        for match in NUMBER.finditer(text):
            number = float(match.group())
            between = text[end : match.start()]
            if last is not None and len(between) <= BETWEEN_BYTES and not APART.search(between):
                found.update({(last, number), (number, last)})
            last, end = number, match.end()
    points = np.array(sorted(found)).reshape(-1, 2)
    return points[(np.abs(points - around) < REACH_DEGREES).all(axis=1)]


def texts_of(district: District) -> Iterable[bytes]:
    """Yield all that was written, said and shown, as text."""
    for path in district.public_files():
        if path.suffix in {".csv", ".geojson", ".txt", ".toml"}:
            yield from (data for _, data in layers_of_file(path))
    yield from (said.text.encode() for said in district.said)
    yield from screens(district)


def points_of(shapes: gpd.GeoSeries) -> np.ndarray:
    """Return the points that follow from shapes: corners, middles, boxes and their middles."""
    west, south, east, north = shapes.bounds.to_numpy().T
    whole = shapes.total_bounds
    boxes = [(west, south), (west, north), (east, south), (east, north)]
    return np.vstack(
        [
            shapely.get_coordinates(shapes.to_numpy()),
            shapely.get_coordinates([*shapely.centroid(shapes), *shapes.representative_point()]),
            *(np.column_stack(corner) for corner in boxes),
            np.column_stack([(west + east) / 2, (south + north) / 2]),
            whole.reshape(2, 2),
            [(whole[:2] + whole[2:]) / 2],
        ]
    )


def shapes_of(district: District) -> gpd.GeoSeries:
    """Return every shape that is drawn."""
    drawn = [r.home_areas.geometry for r in district.releases]
    drawn += [r.neighborhoods.geometry for r in district.releases if len(r.neighborhoods)]
    return gpd.GeoSeries(np.concatenate([part.to_numpy() for part in drawn]), crs=4326)


def unexplained(points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the points that are none of those known."""
    tree = shapely.STRtree(shapely.points(known))
    away = shapely.points(points)
    near = tree.query(away, predicate="dwithin", distance=SAME_DEGREES)[0]
    return np.delete(points, np.unique(near), axis=0)


def better_than_chance(
    points: np.ndarray, homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, metric_epsg: int
) -> str:
    """Say how many homes lie at the points, if they are more than chance would put there."""
    at = gpd.GeoSeries(shapely.points(points), crs=4326).to_crs(metric_epsg)
    spots = shapely.union_all(at.buffer(NEAR_M).to_numpy())
    drawn = areas.to_crs(metric_epsg)
    chance = shapely.area(shapely.intersection(drawn.geometry.to_numpy(), spots)) / drawn.area
    places = homes[["geometry"]].drop_duplicates().to_crs(metric_epsg)
    lives = gpd.sjoin(places, drawn.assign(chance=chance)[["chance", "geometry"]])
    expected = lives["chance"].sum()
    spread = np.sqrt((lives["chance"] * (1 - lives["chance"])).sum())
    hits = int(shapely.intersects(lives.geometry.to_numpy(), spots).sum())
    if hits <= expected + SPREAD * spread + 1:
        return ""
    return f"{hits} homes where chance would put {expected:.1f}"


def off_grid(shapes: gpd.GeoSeries) -> int:
    """Return how many corners are not corners of the grid's squares."""
    corners = np.unique(shapely.get_coordinates(shapes.to_numpy()), axis=0)
    return min(_off(corners, anchor) for anchor in _anchors(corners))


def _anchors(corners: np.ndarray) -> Iterable[np.ndarray]:
    low, high = (np.floor(corners.min(axis=0) * 2), np.ceil(corners.max(axis=0) * 2))
    for east in np.arange(low[0], high[0] + 1):
        for north in np.arange(low[1], high[1] + 1):
            yield np.array([east, north]) * ANCHOR_DEGREES


def _off(corners: np.ndarray, anchor: np.ndarray) -> int:
    plane = pyproj.Proj(proj="cea", lat_ts=anchor[1], lon_0=anchor[0], ellps="WGS84")
    steps = (np.column_stack(plane(*corners.T)) - plane(*anchor) + OFFSET_M) / LEAF_M
    return int((np.abs(steps - np.round(steps)) > 1e-3).any(axis=1).sum())


def known_points(district: District) -> np.ndarray:
    """Return the points that anyone may know: places, and what follows from drawn shapes."""
    places = [district.study.sites(), district.study.schools(), district.study.assets()]
    public = [shapely.get_coordinates(table.geometry.to_numpy()) for table in places]
    return np.vstack([*public, points_of(shapes_of(district)), points_of(places[0].geometry)])


def emitted(district: District) -> np.ndarray:
    """Return every point found in texts."""
    around = district.study.sites().geometry.union_all().centroid
    return points_in(texts_of(district), (around.x, around.y))


def test_every_emitted_point_is_a_place_or_follows_from_a_drawn_shape(district):
    points = emitted(district)
    assert len(points) > 100
    assert unexplained(points, known_points(district)).tolist() == []


def test_homes_lie_at_the_points_of_shapes_no_more_often_than_by_chance(district):
    points = points_of(shapes_of(district))
    found = better_than_chance(
        points, district.mapped, district.release.home_areas, district.town.metric_epsg
    )
    assert found == ""


def test_shapes_are_whole_squares_of_a_grid_that_no_home_has_moved(district):
    assert off_grid(shapes_of(district)) == 0


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_shapes_drawn_around_homes(small):
    areas = small.release.home_areas[["home_area_id", "geometry"]]
    lives = gpd.sjoin(small.mapped[["geometry"]], areas)
    hulls = lives.dissolve("home_area_id").geometry.convex_hull.reset_index(drop=True)
    points = points_of(hulls)
    epsg = small.town.metric_epsg
    assert better_than_chance(points, small.mapped, small.release.home_areas, epsg) != ""
    assert off_grid(hulls) > 0
    assert len(unexplained(points, known_points(small))) > 0


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_label_at_the_home_in_the_middle(small):
    areas = small.release.home_areas[["home_area_id", "geometry"]]
    lives = gpd.sjoin(small.mapped[["geometry"]], areas)
    firsts = lives.groupby("home_area_id").first()
    points = shapely.get_coordinates(firsts.geometry.to_numpy())
    epsg = small.town.metric_epsg
    assert better_than_chance(points, small.mapped, small.release.home_areas, epsg) != ""


@pytest.mark.parametrize("form", ["[{lat:.6f}, {lon:.6f}]", '"lon": {lon}, "lat": {lat}'])
@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_middle_weighted_by_homes(small, form):
    middle = small.mapped.geometry.union_all().centroid
    text = f"view {form}".format_map({"lon": middle.x, "lat": middle.y}).encode()
    points = points_in([text], (middle.x, middle.y))
    assert len(unexplained(points, known_points(small))) == 1


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_grid_laid_from_a_home(small):
    home = small.mapped.geometry.iloc[0]
    squares = shapes_of(small).translate(home.x - -99.68, home.y - 38.27)
    assert off_grid(squares) > 0
