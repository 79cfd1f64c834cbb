"""Street searches against scipy on the same city, in one run: ratios, not seconds.

``FAMGEO_CITIES=… python tests/bench/street_peers.py``. Scipy searches the uncontracted graph from
nodes with the same limit and reads off the nodes of the targets: it is spared snapping and entry
points. Goal: at most half its time.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from famgeo.domain import Limits, Mode
from famgeo.sources.osm import read_streets
from famgeo.tables import Streets
from famgeo.travel.profiles import price
from famgeo.travel.streets import build_graph, search, snap

CITIES = {"nky": "nky/streets.osm.pbf", "poa": "poa/poa_osm.pbf"}
SITES, HOMES, LIMIT_S = 100, 10_000, 3600.0


def seconds(ask: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return min(taken)


def plain_graph(streets: Streets, mode: Mode) -> csr_matrix:
    """Return the largest strongly connected part of the uncontracted graph."""
    prices = price(streets, mode, Limits())
    go, back = np.isfinite(prices.forward_s), np.isfinite(prices.backward_s)
    tail = np.r_[streets.from_node[go], streets.to_node[back]]
    head = np.r_[streets.to_node[go], streets.from_node[back]]
    cost = np.r_[prices.forward_s[go], prices.backward_s[back]] + prices.node_s[head]
    n = len(streets.nodes)
    graph = csr_matrix((np.maximum(cost, 1e-9), (tail, head)), (n, n))
    label = connected_components(graph, connection="strong")[1]
    kept = np.flatnonzero(label == np.bincount(label).argmax())
    return graph[kept][:, kept]


def main() -> None:
    """Print one line for each city and mode."""
    rng = np.random.default_rng(1)
    for city, path in CITIES.items():
        streets = read_streets(Path(os.environ["FAMGEO_CITIES"]) / path).table
        rows = rng.integers(0, len(streets.nodes), SITES + HOMES)
        places = streets.nodes[["lon", "lat"]].to_numpy(float)[rows]
        places = places + rng.normal(0, 0.0005, places.shape)
        for mode in (Mode.WALK, Mode.WHEELCHAIR, Mode.BIKE, Mode.DRIVE):
            graph = build_graph(streets, mode, Limits())
            sites, homes = snap(graph, places[:SITES]), snap(graph, places[SITES:])
            plain = plain_graph(streets, mode)
            starts, ends = (rng.integers(0, plain.shape[0], n) for n in (SITES, HOMES))
            ours = seconds(
                lambda g=graph, s=sites, h=homes: search(g, s, h, reverse=False, limit_s=LIMIT_S)
            )
            theirs = seconds(
                lambda p=plain, s=starts, e=ends: dijkstra(p, indices=s, limit=LIMIT_S)[:, e], 2
            )
            print(f"{city} {mode}: {ours / theirs:.2f} of scipy's time")  # noqa: T201


if __name__ == "__main__":
    main()
