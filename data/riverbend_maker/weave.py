"""Weave lines into a street network: shared nodes where they meet, loose ends trimmed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from .ground import Street

Key = tuple[int, int]
"""A node: its place in decimetres east and north."""

STUB_M = 48.0
HUG_M = 38.0


@dataclass(frozen=True, kw_only=True)
class Way:
    """A stretch of one street: the nodes it runs through, its tags, and its quarter."""

    nodes: tuple[Key, ...]
    tags: dict[str, str] = field(default_factory=dict)
    local: bool = False
    quarter: str = ""

    @property
    def line(self) -> LineString:
        """The way as a line in metres."""
        return LineString([(x / 10, y / 10) for x, y in self.nodes])


def weave(streets: list[Street]) -> list[Way]:
    """Join streets that touch or cross, trim stubs, and keep what hangs together."""
    lines = _meet_ends([s.line for s in streets])
    chains = _with_crossings(lines, [s.tags.get("layer", "0") for s in streets])
    edges = _cut(streets, chains)
    edges = _trim(edges)
    edges = _connected(edges)
    return _rejoin(edges)


def _meet_ends(lines: list[LineString], reach_m: float = 8.0) -> list[LineString]:
    """Pull each end that nearly touches another line on to it."""
    tree = shapely.STRtree(lines)
    pulled = []
    for i, line in enumerate(lines):
        coords = [tuple(c) for c in line.coords]
        for end in (0, -1):
            near = tree.query(Point(coords[end]), predicate="dwithin", distance=reach_m)
            others = [lines[j] for j in near if j != i]
            if others:
                other = min(others, key=Point(coords[end]).distance)
                coords[end] = other.interpolate(other.project(Point(coords[end]))).coords[0]
        pulled.append(LineString(coords))
    return pulled


def _key(x: float, y: float) -> Key:
    return (round(x * 10), round(y * 10))


class _Knots:
    """Junction points, one for all that fall within three metres."""

    def __init__(self) -> None:
        self._bins: dict[Key, list[Key]] = defaultdict(list)

    def at(self, x: float, y: float) -> Key:
        key = _key(x, y)
        bx, by = key[0] // 50, key[1] // 50
        near = (k for i in (-1, 0, 1) for j in (-1, 0, 1) for k in self._bins[bx + i, by + j])
        for other in near:
            if np.hypot(other[0] - key[0], other[1] - key[1]) < 30:
                return other
        self._bins[bx, by].append(key)
        return key


def _with_crossings(lines: list[LineString], layers: list[str]) -> list[list[Key]]:
    """Give every line a node wherever it meets another; bridges and tunnels only end on others."""
    knots = _Knots()
    meets: list[list[tuple[float, Key]]] = [[] for _ in lines]
    tree = shapely.STRtree(lines)
    left, right = tree.query(lines, predicate="dwithin", distance=0.3)
    for i, j in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if i < j:
            for point in _touches(lines[i], lines[j], level=layers[i] == layers[j]):
                key = knots.at(point.x, point.y)
                meets[i].append((lines[i].project(point), key))
                meets[j].append((lines[j].project(point), key))
    return [_chain(line, at) for line, at in zip(lines, meets, strict=True)]


def _touches(a: LineString, b: LineString, *, level: bool) -> list[Point]:
    crossing = [p for p in shapely.get_parts(a.intersection(b)) if p.geom_type == "Point"]
    ends = [Point(c) for c in (a.coords[0], a.coords[-1]) if b.distance(Point(c)) < 0.3]
    ends += [Point(c) for c in (b.coords[0], b.coords[-1]) if a.distance(Point(c)) < 0.3]
    if not level:
        return ends
    return crossing + [e for e in ends if all(e.distance(p) > 1 for p in crossing)]


def _chain(line: LineString, meets: list[tuple[float, Key]]) -> list[Key]:
    at_junction = sorted(set(meets))
    own = [(line.project(Point(c)), _key(*c)) for c in line.coords]
    far = [m for m in own if all(abs(m[0] - j[0]) > 4 for j in at_junction)]
    chain: list[Key] = []
    for _, key in sorted(at_junction + far):
        if not chain or chain[-1] != key:
            chain.append(key)
    return chain


def _cut(streets: list[Street], chains: list[list[Key]]) -> list[Way]:
    """Cut the chains at nodes that two or more of them share."""
    uses: dict[Key, int] = defaultdict(int)
    for chain in chains:
        for n, key in enumerate(chain):
            uses[key] += 1 if 0 < n < len(chain) - 1 else 2
    edges = []
    for street, chain in zip(streets, chains, strict=True):
        start = 0
        for stop in range(1, len(chain)):
            if uses[chain[stop]] > 1 or stop == len(chain) - 1:
                edges.append(_edge(street, chain[start : stop + 1]))
                start = stop
    return [e for e in edges if len(e.nodes) > 1]


def _edge(street: Street, nodes: Iterable[Key]) -> Way:
    return Way(nodes=tuple(nodes), tags=street.tags, local=street.local, quarter=street.quarter)


def _trim(edges: list[Way]) -> list[Way]:
    """Drop short loose ends, and local streets that hug another street."""
    main = shapely.STRtree([e.line for e in edges if not e.local])
    edges = [e for e in edges if not (e.local and _hugs(e.line, main))]
    while True:
        degree = _degree(edges)
        kept = [e for e in edges if not _is_stub(e, degree)]
        if len(kept) == len(edges):
            return edges
        edges = kept


def _is_stub(edge: Way, degree: dict[Key, int]) -> bool:
    loose = degree[edge.nodes[0]] == 1 or degree[edge.nodes[-1]] == 1
    return loose and edge.line.length < STUB_M and "bridge" not in edge.tags


def _hugs(line: LineString, main: shapely.STRtree) -> bool:
    spots = [line.interpolate(share, normalized=True) for share in (0.25, 0.5, 0.75)]
    return all(len(main.query(s, predicate="dwithin", distance=HUG_M)) for s in spots) and (
        line.length > 2.2 * HUG_M
    )


def _degree(edges: Iterable[Way]) -> dict[Key, int]:
    degree: dict[Key, int] = defaultdict(int)
    for edge in edges:
        degree[edge.nodes[0]] += 1
        degree[edge.nodes[-1]] += 1
    return degree


def _connected(edges: list[Way]) -> list[Way]:
    """Keep the largest set of streets that hangs together; the railway does not join it."""
    root: dict[Key, Key] = {}

    def find(key: Key) -> Key:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for edge in edges:
        if "highway" in edge.tags:
            root[find(edge.nodes[0])] = find(edge.nodes[-1])
    size: dict[Key, float] = defaultdict(float)
    for edge in edges:
        size[find(edge.nodes[0])] += edge.line.length
    largest = max(size, key=lambda key: size[key])
    return [e for e in edges if "railway" in e.tags or find(e.nodes[0]) == largest]


def _rejoin(edges: list[Way]) -> list[Way]:
    """Make one way of the consecutive stretches of a street that carry the same tags."""
    ways: list[Way] = []
    for edge in edges:
        last = ways[-1] if ways else None
        same = last and last.tags == edge.tags and last.nodes[-1] == edge.nodes[0]
        if same and last and last.quarter == edge.quarter:
            ways[-1] = Way(nodes=last.nodes + edge.nodes[1:], tags=last.tags, local=last.local,
                           quarter=last.quarter)  # fmt: skip
        else:
            ways.append(edge)
    return ways


def stretches(ways: Iterable[Way]) -> Iterator[tuple[Way, tuple[Key, ...]]]:
    """Walk the ways junction by junction."""
    ways = list(ways)
    uses: dict[Key, int] = defaultdict(int)
    for way in ways:
        for n, key in enumerate(way.nodes):
            uses[key] += 1 if 0 < n < len(way.nodes) - 1 else 2
    for way in ways:
        start = 0
        for stop in range(1, len(way.nodes)):
            if uses[way.nodes[stop]] > 1:
                yield way, way.nodes[start : stop + 1]
                start = stop
