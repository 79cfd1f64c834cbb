"""Small street worlds drawn in metres around (0, 0), where a degree is easy to reckon."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from famgeo.tables import NODE_TAGS, WAY_TAGS, Streets

LON_M = np.radians(1) * 6378137.0
LAT_M = np.radians(1) * 6378137.0 * (1 - 0.00669437999014)


def at(*places: tuple[float, float]) -> np.ndarray:
    """Return places given in metres east and north as lon and lat."""
    return np.array(places, float).reshape(-1, 2) / [LON_M, LAT_M]


def streets(
    nodes: dict[str, tuple[float, float]],
    ways: Sequence[tuple[str, dict[str, str]]],
    node_tags: dict[str, dict[str, str]] | None = None,
) -> Streets:
    """Draw streets: nodes by one letter each, ways as words of letters with their tags."""
    names = list(nodes)
    table = pd.DataFrame(at(*nodes.values()), columns=["lon", "lat"])
    table.insert(0, "node_id", np.arange(1, len(names) + 1))
    for tag in NODE_TAGS:
        table[tag] = [(node_tags or {}).get(name, {}).get(tag, "") for name in names]
    tags = [[{"highway": "residential", **way}.get(tag, "") for tag in WAY_TAGS] for _, way in ways]
    way_table = pd.DataFrame(tags, columns=list(WAY_TAGS), dtype=object)
    way_table.insert(0, "way_id", np.arange(1, len(ways) + 1))
    pieces = [
        (i, names.index(a), names.index(b))
        for i, (path, _) in enumerate(ways)
        for a, b in pairwise(path)
    ]
    way_of, from_node, to_node = np.array(pieces, np.int32).reshape(-1, 3).T.copy()
    return Streets(nodes=table, ways=way_table, way_of=way_of, from_node=from_node, to_node=to_node)
