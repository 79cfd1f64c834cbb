"""Write what the map servers answered: streets and map, meeting places, boundary."""

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely
from osmium.osm import mutable
from shapely.geometry.base import BaseGeometry

from famgeo.errors import FetchError
from famgeo.sources.osm import read_pois
from famgeo.tables import lonlat
from famgeo.tables.formulas import no_formula

Element = dict[str, Any]
Tags = dict[str, str]
ATTRIBUTION = "© OpenStreetMap contributors, ODbL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """Where the fetched files are, and the full name of the place they are of."""

    name: str
    streets: Path
    pois: Path
    boundary: Path
    n_streets: int
    n_pois: int

    def __str__(self) -> str:
        return f"{self.name}: {self.n_streets:,} streets, {self.n_pois:,} places ({ATTRIBUTION})."


def write_fetched(answers: Path, folder: Path, *, name: str, boundary: BaseGeometry) -> Fetched:
    """Write ``streets.osm.pbf``, ``pois.csv`` and ``boundary.geojson`` from raw answers.

    answers : a folder of JSON replies; those that are objects are Overpass's.

    Raises ``FetchError`` when no street is among them; then nothing is written.
    """
    streets, pois, edge = (folder / f for f in ("streets.osm.pbf", "pois.csv", "boundary.geojson"))
    replies = [a for a in sorted(answers.glob("*.json")) if a.read_bytes()[:1] == b"{"]
    with _whole(streets) as part:
        n_streets = write_pbf(replies, part)
        if not n_streets:
            message = f"There are no streets on the map in {name}. Name a larger place around it."
            raise FetchError(message)
    places = read_pois(streets).table
    with _whole(pois) as part:
        _write_places(places, part)
    with _whole(edge) as part:
        part.write_text(_geojson(name, boundary), encoding="utf-8")
    return Fetched(
        name=name,
        streets=streets,
        pois=pois,
        boundary=edge,
        n_streets=n_streets,
        n_pois=len(places),
    )


def write_pbf(answers: Iterable[Path], path: Path) -> int:
    """Join Overpass JSON answers into one ``.osm.pbf`` and return the number of streets in it.

    Answers overlap where a street crosses from one part to the next; each element is written
    once. One answer is held in Python at a time; joining happens in osmium's own memory.
    """
    streets: set[int] = set()
    joined = osmium.MergeInputReader()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for number, answer in enumerate(answers):
            part = Path(folder) / f"{number}.osm.pbf"
            elements = json.loads(answer.read_text(encoding="utf-8"))["elements"]
            streets.update(_streets(elements))
            _write(elements, part)
            joined.add_file(str(part))
        with osmium.SimpleWriter(osmium.io.File(str(path), "pbf"), overwrite=True) as writer:
            joined.apply(writer, simplify=True)
    return len(streets)


def _streets(elements: Iterable[Element]) -> Iterator[int]:
    return (e["id"] for e in elements if e["type"] == "way" and "highway" in e.get("tags", {}))


def _write(elements: Iterable[Element], path: Path) -> None:
    """Write one answer's elements; a way that is cut off by the server keeps the nodes it has."""
    with osmium.SimpleWriter(str(path)) as writer:
        for element in elements:
            tags: Tags = element.get("tags", {})
            match element["type"]:
                case "node":
                    place = (element["lon"], element["lat"])
                    writer.add_node(mutable.Node(id=element["id"], location=place, tags=tags))
                case "way":
                    nodes = element["nodes"]
                    writer.add_way(mutable.Way(id=element["id"], nodes=nodes, tags=tags))
                case "relation":
                    members = [(m["type"][0], m["ref"], m["role"]) for m in element["members"]]
                    writer.add_relation(
                        mutable.Relation(id=element["id"], members=members, tags=tags)
                    )


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Yield a file beside the path that takes its place once it is complete."""
    part = path.with_name(f".part-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_places(places: gpd.GeoDataFrame, path: Path) -> None:
    """Write ASSETS rows as the CSV that ``read_assets`` reads, with lon and lat.

    Anyone may edit the map: a name that a spreadsheet would run gets an apostrophe.
    """
    table = pd.DataFrame(places.drop(columns="geometry"))
    for column in table.columns[table.dtypes == "str"]:
        table[column] = table[column].map(no_formula)
    table[["lon", "lat"]] = lonlat(places).round(7)
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _geojson(name: str, boundary: BaseGeometry) -> str:
    feature = {
        "type": "Feature",
        "properties": {"name": name, "source": ATTRIBUTION},
        "geometry": shapely.geometry.mapping(boundary),
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)
