"""Read the streets of an OpenStreetMap file: every highway, cut into straight pieces.

Two passes in osmium's own code find node positions and tags, so nodes and ways may come in any
order; only the ways kept are looped over here.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import ReadReport
from famgeo.errors import SourceError
from famgeo.sources.osm_file import OsmFile, osm_file
from famgeo.sources.osm_shapes import node_places
from famgeo.tables import NODE_TAGS, WAY_TAGS, Read, Streets

_STREET_KEYS = ("highway", "railway", "public_transport")
_NO_PLACE = 2**31 - 1
_DEGREE = 1e-7


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """Ways as read: one row of tags each, and all node references end to end."""

    way_id: list[int]
    tags: list[list[str]]
    size: list[int]
    ref: NDArray[np.int64]
    x: NDArray[np.int32]
    y: NDArray[np.int32]


def read_streets(path: Path | str) -> Read[Streets]:
    """Read the street network from .osm.pbf, .osm, .osm.gz or .osm.bz2, sorted or not.

    Every way tagged ``highway`` and every platform counts as a street here; which mode may use
    it is for ``travel.profiles`` to say. A square mapped as an area is its outline. A way with
    nodes missing at the cut edge of the extract keeps the pieces that are present. Ferries are
    left out: without a timetable their wait is not known.

    Raises ``SourceError`` when the file is missing, empty, truncated, of another kind, or has no
    street in it.
    """
    with osm_file(path) as file:
        lines = _lines(file)
        node_tags = _node_tags(file)
    if not lines.way_id:
        message = (
            f"{Path(path).name} has no streets in it. "
            "Export the area again with all ways tagged 'highway'."
        )
        raise SourceError(message)
    return _assemble(Path(path).name, lines, node_tags)


def _lines(file: OsmFile) -> _Lines:
    places = node_places(file)
    way_id: list[int] = []
    tags: list[list[str]] = []
    size: list[int] = []
    ref, x, y = array("q"), array("i"), array("i")
    ways = osmium.FileProcessor(file, osmium.osm.WAY)
    for way in ways.with_filter(osmium.filter.KeyFilter(*_STREET_KEYS)).with_filter(places):
        has = dict(way.tags)
        if not isinstance(way, osmium.osm.Way) or not _is_street(has):
            continue
        way_id.append(way.id)
        tags.append([has.get(key, "") for key in WAY_TAGS])
        size.append(len(way.nodes))
        ref.extend(node.ref for node in way.nodes)
        x.extend(node.x for node in way.nodes)
        y.extend(node.y for node in way.nodes)
    return _Lines(
        way_id=way_id,
        tags=tags,
        size=size,
        ref=np.frombuffer(ref, np.int64),
        x=np.frombuffer(x, np.int32),
        y=np.frombuffer(y, np.int32),
    )


def _is_street(tags: dict[str, str]) -> bool:
    return (
        "highway" in tags
        or tags.get("railway") == "platform"
        or tags.get("public_transport") == "platform"
    )


def _node_tags(file: OsmFile) -> pd.DataFrame:
    nodes = osmium.FileProcessor(file, osmium.osm.NODE)
    rows = {
        node.id: [node.tags.get(key, "") for key in NODE_TAGS]
        for node in nodes.with_filter(osmium.filter.KeyFilter(*NODE_TAGS))
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NODE_TAGS), dtype=object)


def _assemble(name: str, lines: _Lines, node_tags: pd.DataFrame) -> Read[Streets]:
    n_ways = len(lines.way_id)
    way_of = np.repeat(np.arange(n_ways, dtype=np.int32), lines.size)
    present = (lines.x != _NO_PLACE) & (lines.y != _NO_PLACE)
    same_way = way_of[1:] == way_of[:-1]
    piece = same_way & present[1:] & present[:-1] & (lines.ref[1:] != lines.ref[:-1])
    tail = np.flatnonzero(piece)
    ends = np.concatenate([tail, tail + 1])
    node_id, first, position = np.unique(lines.ref[ends], return_index=True, return_inverse=True)
    nodes = pd.DataFrame(
        {
            "node_id": node_id,
            "lon": lines.x[ends[first]] * _DEGREE,
            "lat": lines.y[ends[first]] * _DEGREE,
        }
    )
    tags = node_tags.reindex(node_id, fill_value="").reset_index(drop=True)
    ways = pd.DataFrame(lines.tags, columns=list(WAY_TAGS), dtype=object)
    ways.insert(0, "way_id", np.array(lines.way_id, np.int64))
    from_node, to_node = np.split(position.astype(np.int32), 2)
    streets = Streets(
        nodes=pd.concat([nodes, tags], axis=1),
        ways=ways,
        way_of=way_of[tail],
        from_node=from_node,
        to_node=to_node,
    )
    cut = np.unique(way_of[~present])
    return Read(table=streets, report=_report(name, streets, n_ways, len(cut)))


def _report(name: str, streets: Streets, n_ways: int, n_cut: int) -> ReadReport:
    n_used = len(np.unique(streets.way_of))
    if not n_used:
        message = (
            f"{name} names streets but not where their nodes are. "
            "Export the area again with complete ways."
        )
        raise SourceError(message)
    notes = [f"{len(streets.nodes):,} nodes and {len(streets.way_of):,} straight pieces."]
    if n_cut:
        notes.append(f"Ways that cross the edge of the file and were cut there: {n_cut:,}.")
    return ReadReport(
        source=name, rows_read=n_ways, rows_used=n_used, notes=tuple(notes), unit="street ways"
    )
