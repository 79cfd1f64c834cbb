"""Write the district's files in the formats the real ones come in."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from osmium.osm.mutable import Node as OsmNode
from osmium.osm.mutable import Way as OsmWay
from shapely.geometry import Polygon

from . import ground, quarters
from .ground import to_lonlat
from .places import SCHOOLS, place_rows
from .town import COUNTRY_KEYS, Town
from .weave import Key

ZIP_DATE = (2026, 7, 1, 0, 0, 0)
ROSTER_COLUMNS = (
    "student_id", "household_id", "school_id", "grade", "lon", "lat", "home_language",
    "interpreter_needed", "has_car", "internet", "wheelchair", "preferred_contact", "entry_date",
    "address_confidential", "evenings",
)  # fmt: skip
SCHOOL_COLUMNS = ("school_id", "name", "level", "lon", "lat", "wheelchair", "bell_start",
                  "bell_end")  # fmt: skip
ASSET_COLUMNS = (
    "asset_id", "name", "kind", "organization", "lon", "lat", "hosts", "capacity", "wheelchair",
    "languages", "child_care", "opening_hours", "cost_usd", "verified_on",
)  # fmt: skip


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None) -> str:
    """Write rows as CSV text with Unix line ends."""
    rows = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_gtfs(path: Path, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    """Zip the feed with a fixed date, so that equal tables make equal files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, rows in tables.items():
            info = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, csv_text(rows))


def _at(x: float, y: float) -> dict[str, str]:
    lon, lat = to_lonlat(np.array([x, y]))
    return {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}


def school_rows(town: Town) -> list[dict[str, str]]:
    """List the schools at their main halls."""
    names = ("school_id", "name", "level", "wheelchair", "bell_start", "bell_end")
    return [
        {**dict(zip(names, school, strict=True)), **_at(point.x, point.y)}
        for school, point in zip(SCHOOLS, town.school_points, strict=True)
    ]


def asset_rows(town: Town) -> list[dict[str, str]]:
    """List the community's assets where their buildings stand."""
    pairs = enumerate(zip(place_rows(), town.place_points, strict=True), 1)
    rows = [{**row, "asset_id": f"A{n:02d}", **_at(p.x, p.y)} for n, (row, p) in pairs]
    return [{c: row[c] for c in ASSET_COLUMNS} for row in rows]


class _Pbf:
    """Nodes and ways in the making; ids count from 1 in the order of first use."""

    def __init__(self) -> None:
        self.nodes: dict[Key, int] = {}
        self.ways: list[tuple[list[int], dict[str, str]]] = []

    def node(self, key: Key) -> int:
        return self.nodes.setdefault(key, len(self.nodes) + 1)

    def line(self, keys: Iterable[Key], tags: dict[str, str]) -> None:
        self.ways.append(([self.node(k) for k in keys], tags))

    def ring(self, shape: Polygon, tags: dict[str, str]) -> None:
        keys = [(round(x * 10), round(y * 10)) for x, y in shape.exterior.coords[:-1]]
        self.line([*keys, keys[0]], tags)

    def write(self, path: Path, node_tags: Mapping[Key, dict[str, str]]) -> None:
        header = osmium.io.Header()
        header.set("generator", "Riverbend")
        header.add_box(_box())
        with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
            lonlat = to_lonlat(np.array(list(self.nodes), float) / 10)
            for (key, number), at in zip(self.nodes.items(), lonlat, strict=True):
                tags = node_tags.get(key, {})
                writer.add_node(OsmNode(id=number, location=tuple(at), tags=tags, version=1))
            for number, (nodes, tags) in enumerate(self.ways, 1):
                writer.add_way(OsmWay(id=number, nodes=nodes, tags=tags, version=1))


def _box() -> Any:
    low, high = to_lonlat(np.array([ground.EDGE.bounds[:2], ground.EDGE.bounds[2:]]))
    return osmium.osm.Box(*low, *high)


def write_streets(path: Path, town: Town) -> None:
    """Write streets, water, green land and buildings as OpenStreetMap data."""
    pbf = _Pbf()
    for way in town.ways:
        pbf.line(way.nodes, way.tags)
    for name, water in ground.WATER.items():
        kind = "river" if name.endswith("River") else "lake"
        shape = water.intersection(ground.EDGE.buffer(250)).simplify(0.8)
        pbf.ring(shape, {"natural": "water", "water": kind, "name": name})
    for name, (park, kind) in town.parks.items():
        for part in getattr(park, "geoms", [park]):
            key = COUNTRY_KEYS.get(kind, "leisure")
            pbf.ring(Polygon(part.exterior), {key: kind, "name": name.rstrip(" 0123456789")})
    for (_, name, *_rest), lot in zip(SCHOOLS, quarters.SCHOOL_GROUNDS.values(), strict=True):
        pbf.ring(lot, {"amenity": "school", "name": name})
        pbf.ring(quarters.playing_field(lot), {"leisure": "pitch"})
    for building in town.buildings:
        pbf.ring(building.shape, {"building": building.kind})
    pbf.write(path, town.node_tags)
