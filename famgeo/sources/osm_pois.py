"""Read the places of a community directory from an OpenStreetMap file."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import opening_hours
import pandas as pd
import shapely
from numpy.typing import NDArray

from famgeo.domain import Answer, ReadReport
from famgeo.sources.osm_file import osm_file
from famgeo.sources.osm_shapes import Shapes, Tags, areas, node_places, points
from famgeo.tables import ASSETS, Read, as_points, check, join_list

KINDS: Mapping[str, Mapping[str, str]] = {
    "social_facility": {"food_bank": "food_pantry", "soup_kitchen": "food_pantry"},
    "amenity": {
        "library": "library",
        "community_centre": "community_centre",
        "social_centre": "community_centre",
        "place_of_worship": "place_of_worship",
        "clinic": "clinic",
        "doctors": "clinic",
        "hospital": "clinic",
        "social_facility": "social_service",
        "food_sharing": "food_pantry",
        "townhall": "hall",
        "events_venue": "hall",
        "public_building": "hall",
        "arts_centre": "hall",
        "childcare": "child_care",
        "kindergarten": "child_care",
        "college": "college",
        "university": "college",
    },
    "healthcare": {"clinic": "clinic", "doctor": "clinic", "centre": "clinic"},
    "leisure": {"park": "park", "sports_centre": "community_centre"},
    "office": {
        "ngo": "social_service",
        "charity": "social_service",
        "association": "social_service",
        "foundation": "social_service",
    },
}
"""Tag → value → kind of asset; the first that matches counts."""

LONGEST_HOURS = 500

WHEELCHAIR = {"yes": Answer.YES, "designated": Answer.YES, "no": Answer.NO}
"""``limited`` is not here: someone must look, so it is unknown, and unknown never passes."""


def read_pois(path: Path | str) -> Read[gpd.GeoDataFrame]:
    """Read the named places that may be community assets, as ASSETS; a large one as a point in it.

    Nobody asked them yet, so ``hosts`` is unknown for all, and nothing is verified. The ids are
    OpenStreetMap's, such as ``osm-n123``. A file without any gives an empty table.

    Raises ``SourceError`` when the file is missing, empty, truncated or of another kind.
    """
    with osm_file(path) as file:
        nodes = points(file, KINDS)
        surfaces = areas(file, KINDS, node_places(file))
    kinds = [_kind(tags) for tags in nodes.tags + surfaces.tags]
    named = [bool(tags.get("name", "").strip()) for tags in nodes.tags + surfaces.tags]
    used = np.flatnonzero([bool(kind) and name for kind, name in zip(kinds, named, strict=True)])
    table = _assets(nodes, surfaces, [kinds[i] for i in used], used)
    n_kind = sum(map(bool, kinds))
    nameless = n_kind - len(used)
    report = ReadReport(
        source=Path(path).name,
        rows_read=n_kind,
        rows_used=len(used),
        notes=(f"Places left out for want of a name: {nameless:,}.",) if nameless else (),
        unit="places",
    )
    return Read(table=check(table, ASSETS), report=report)


def _kind(tags: Tags) -> str:
    for key, kinds in KINDS.items():
        if kind := kinds.get(tags.get(key, "")):
            return kind
    return ""


def _assets(
    nodes: Shapes,
    surfaces: Shapes,
    kinds: list[str],
    used: NDArray[np.intp],
) -> gpd.GeoDataFrame:
    ids = nodes.osm_id + surfaces.osm_id
    tags = [(nodes.tags + surfaces.tags)[i] for i in used]
    place = np.concatenate([nodes.shape, shapely.point_on_surface(surfaces.shape)])[used]
    table = pd.DataFrame(
        {
            "asset_id": [f"osm-{ids[i]}" for i in used],
            "name": [t["name"].strip()[:200] for t in tags],
            "kind": kinds,
            "organization": [t.get("operator", "") for t in tags],
            "hosts": Answer.UNKNOWN.value,
            "capacity": np.array([_people(t.get("capacity", "")) for t in tags], float),
            "wheelchair": [
                WHEELCHAIR.get(t.get("wheelchair", ""), Answer.UNKNOWN).value for t in tags
            ],
            "languages": [_languages(t) for t in tags],
            "child_care": Answer.UNKNOWN.value,
            "opening_hours": [_hours(t.get("opening_hours", "")) for t in tags],
            "cost_usd": np.nan,
            "verified_on": "",
            "source": "OpenStreetMap",
        }
    )
    text = [name for name in table if name not in {"capacity", "cost_usd"}]
    table = table.astype(dict.fromkeys(text, "str") | {"cost_usd": float})
    return as_points(table, shapely.get_x(place), shapely.get_y(place))


def _people(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else np.nan


def _languages(tags: Tags) -> str:
    prefix = "language:"
    return join_list(
        key.removeprefix(prefix)
        for key, value in tags.items()
        if key.startswith(prefix) and value in {"yes", "main", "primary"}
    )


def _hours(text: str) -> str:
    """Keep opening hours that can be evaluated; what cannot is not known."""
    good = 0 < len(text) <= LONGEST_HOURS and opening_hours.validate(text)
    return text if good else ""
