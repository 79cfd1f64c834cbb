"""Shapes of an OpenStreetMap file: where its nodes are, its lines and its areas.

Each is a pass of its own, so objects may come in any order in the file.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray

from famgeo.sources.osm_file import OsmFile

Tags = dict[str, str]


@dataclass(kw_only=True)
class Shapes:
    """Objects with a shape: osm_id such as ``w123``, tags, shape (lon, lat), side by side."""

    osm_id: list[str] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    wkb: list[str] = field(default_factory=list)

    def add(self, osm_id: str, tags: Iterable[osmium.osm.Tag], wkb: str) -> None:
        """Append one object."""
        self.osm_id.append(osm_id)
        self.tags.append(dict(tags))
        self.wkb.append(wkb)

    @property
    def shape(self) -> NDArray[np.object_]:
        """The shapes, object (n,)."""
        shapes: NDArray[np.object_] = shapely.from_wkb(np.array(self.wkb, dtype=object))
        return shapes


def node_places(file: OsmFile) -> osmium.NodeLocationsForWays:
    """Read where every node is, for the passes that follow."""
    places = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    places.ignore_errors()
    osmium.apply(osmium.io.Reader(file, osmium.osm.NODE), places)
    return places


def points(file: OsmFile, keys: Iterable[str]) -> Shapes:
    """Read the nodes that have one of the tags."""
    found, make = Shapes(), osmium.geom.WKBFactory()
    nodes = osmium.FileProcessor(file, osmium.osm.NODE)
    for node in nodes.with_filter(osmium.filter.KeyFilter(*keys)):
        if isinstance(node, osmium.osm.Node) and node.location.valid():
            found.add(f"n{node.id}", node.tags, make.create_point(node))
    return found


def lines(file: OsmFile, keys: Iterable[str], places: osmium.NodeLocationsForWays) -> Shapes:
    """Read the ways that have one of the tags and all their nodes in the file."""
    found, make = Shapes(), osmium.geom.WKBFactory()
    ways = osmium.FileProcessor(file, osmium.osm.WAY)
    for way in ways.with_filter(osmium.filter.KeyFilter(*keys)).with_filter(places):
        if not isinstance(way, osmium.osm.Way):
            continue
        try:
            found.add(f"w{way.id}", way.tags, make.create_linestring(way))
        except (osmium.InvalidLocationError, RuntimeError):
            continue
    return found


def areas(file: OsmFile, keys: Iterable[str], places: osmium.NodeLocationsForWays) -> Shapes:
    """Read closed ways and multipolygon relations that have one of the tags.

    Areas cut open by the edge of the file are left out.
    """
    try:
        return _areas(file, list(keys), places)
    except RuntimeError as error:
        if "out of order" not in str(error):
            raise
    with tempfile.TemporaryDirectory() as folder:
        return _areas(_in_order(file, Path(folder) / "sorted.osm.pbf"), list(keys), places)


def _areas(file: OsmFile, keys: list[str], places: osmium.NodeLocationsForWays) -> Shapes:
    wanted = osmium.filter.KeyFilter(*keys)
    manager, taker = osmium.area.AreaManager(), _TakeAreas()
    osmium.apply(osmium.io.Reader(file, osmium.osm.RELATION), wanted, manager.first_pass_handler())
    osmium.apply(
        osmium.io.Reader(file, osmium.osm.WAY), places, manager.second_pass_handler(wanted, taker)
    )
    return taker.found


def _in_order(file: OsmFile, path: Path) -> OsmFile:
    """Copy ways and relations in the order of their ids, which areas are put together in."""
    everything = osmium.MergeInputReader()
    everything.add_buffer(file.path.read_bytes(), file.form)
    with osmium.SimpleWriter(str(path)) as writer:
        everything.apply(_Copy(writer), simplify=False)
    return OsmFile(path, "pbf")


class _Copy(osmium.SimpleHandler):
    def __init__(self, writer: osmium.SimpleWriter) -> None:
        super().__init__()
        self.way = writer.add_way
        self.relation = writer.add_relation


class _TakeAreas(osmium.SimpleHandler):
    def __init__(self) -> None:
        super().__init__()
        self.found = Shapes()
        self.make = osmium.geom.WKBFactory()

    def area(self, area: osmium.osm.Area) -> None:
        kind = "w" if area.from_way() else "r"
        try:
            self.found.add(
                f"{kind}{area.orig_id()}", area.tags, self.make.create_multipolygon(area)
            )
        except (osmium.InvalidLocationError, RuntimeError):
            return
