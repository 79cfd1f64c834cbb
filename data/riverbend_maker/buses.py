"""Run eight bus routes and one rail line through town, and stop the east bank's at 20:10."""

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from shapely.geometry import LineString, Point

from .ground import HUB, RAIL, RIVER_COURSE
from .town import Town
from .weave import Key, Way, stretches

Pattern = tuple[tuple[str, str, int], ...]
"""Spans of departures: first, last, minutes between."""

LAST_EAST = "20:10"
EAST_WEEK: Pattern = (("05:55", "08:40", 15), ("09:10", "14:40", 30), ("14:55", "18:40", 15),
                      ("19:10", LAST_EAST, 30))  # fmt: skip
EAST_SATURDAY: Pattern = (("08:10", "18:10", 60),)
WEST_WEEK: Pattern = (("05:50", "08:50", 20), ("09:20", "14:50", 30), ("15:10", "18:30", 20),
                      ("19:00", "20:30", 30), ("21:30", "22:30", 60))  # fmt: skip
WEST_SATURDAY: Pattern = (("07:30", "21:30", 60),)
LATE_WEEK: Pattern = (("06:00", "18:30", 30), ("19:10", "24:30", 40))
LATE_SATURDAY: Pattern = (("08:00", "24:00", 60),)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route: where it runs, when its trips start, and how well it takes wheelchairs."""

    route_id: str
    name: str
    color: str
    via: tuple[tuple[float, float], ...]
    week: Pattern
    saturday: Pattern = ()
    wheelchair: tuple[int, ...] = (1,)
    timepoints_only: bool = False
    loop: bool = False


@dataclass(frozen=True, kw_only=True)
class Run:
    """One direction of a route: its stops, the metres to each, and its path."""

    route: Route
    direction: int
    stop_ids: list[str]
    at_m: list[float]
    path: LineString
    headsign: str


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A stop at a street corner, in metres."""

    stop_id: str
    name: str
    x: float
    y: float
    wheelchair: int
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Service:
    """All of the feed that is drawn: stops and runs."""

    stops: dict[str, Stop]
    runs: list[Run]


H = HUB
ROUTES = (
    Route(route_id="1", name="Main Street East", color="C0392B", week=EAST_WEEK,
          saturday=EAST_SATURDAY, via=(H, (-250, 0), (1350, 130), (1950, 130), (2690, 250),
          (3280, 300), (3520, -1170))),
    Route(route_id="2", name="East Bank North", color="8E44AD", week=EAST_WEEK,
          saturday=EAST_SATURDAY, wheelchair=(0,), via=(H, (-250, 0), (1350, 130), (1630, 130),
          (1640, 790), (2150, 850), (2680, 830))),
    Route(route_id="3", name="Mill Street & Cannery", color="D35400", week=EAST_WEEK,
          saturday=EAST_SATURDAY, wheelchair=(1, 2), via=(H, (-780, -760), (-160, -850),
          (1100, -945), (1740, -890), (1880, -1290), (2250, -1330), (2660, -1260))),
    Route(route_id="4", name="Bluffs & Northgate", color="2980B9", week=WEST_WEEK,
          saturday=WEST_SATURDAY, via=(H, (-810, 640), (-325, 690), (-380, 1445), (-1390, 1345),
          (-1350, 2180))),
    Route(route_id="5", name="Southfield & Middle School", color="27AE60", week=WEST_WEEK,
          saturday=WEST_SATURDAY, wheelchair=(1, 1, 0), via=(H, (-780, -760), (-1380, -700),
          (-1420, -1260), (-2050, -1180), (-2020, -640))),
    Route(route_id="6", name="West Loop", color="16A085", week=LATE_WEEK, saturday=LATE_SATURDAY,
          loop=True, via=(H, (-1390, -100), (-2040, 40), (-2040, 800), (-1370, 780),
          (-1390, 550), (-810, 640), H)),
    Route(route_id="7", name="Downtown Shuttle", color="F39C12", week=(("06:00", "06:00", 60),),
          loop=True, via=(H, (-250, 0), (330, 60), (520, 80), (250, -380), (-180, -830),
          (-770, -760), H)),
    Route(route_id="8", name="West Side Crosstown", color="7F8C8D", week=WEST_WEEK,
          timepoints_only=True, via=((-1350, 2180), (-2120, 1960), (-2090, 1400), (-2040, 40),
          (-2060, -1180), (-2180, -1870), (-1460, -2080))),
)  # fmt: skip
RAIL_WEEK: Pattern = (("05:40", "19:10", 30), ("20:10", "22:10", 60))
RAIL_ROUTE = Route(route_id="R", name="Heron Valley Line", color="34495E", week=RAIL_WEEK,
                   saturday=(("07:40", "21:40", 60),), via=())  # fmt: skip
STATIONS = (("Highland", 2050), ("Northgate", 1400), ("Riverbend Central", -55),
            ("Southfield", -1320), ("Southern Loop", -1985))  # fmt: skip


def east_of_river(x: float, y: float) -> bool:
    """Tell whether a place lies on the river's east bank."""
    return RIVER_COURSE.interpolate(RIVER_COURSE.project(Point(x, y))).x < x


class RoadMap:
    """The streets buses may use, with the quickest path between two corners."""

    def __init__(self, ways: list[Way]) -> None:
        self.next: dict[Key, list[tuple[float, Key, tuple[Key, ...]]]] = defaultdict(list)
        self.names: dict[Key, dict[str, int]] = defaultdict(dict)
        for way, nodes in stretches(ways):
            speed = SPEEDS.get(way.tags.get("highway", ""), 0)
            if speed:
                self._add(way, nodes, speed)
            for key in (nodes[0], nodes[-1]):
                if name := way.tags.get("name", ""):
                    self.names[key][name] = RANK.get(way.tags.get("highway", ""), 3)
        self.keys = np.array(sorted(self.next), float)

    def _add(self, way: Way, nodes: tuple[Key, ...], speed: float) -> None:
        cost = LineString([(x / 10, y / 10) for x, y in nodes]).length / speed
        self.next[nodes[0]].append((cost, nodes[-1], nodes))
        if "oneway" not in way.tags:
            self.next[nodes[-1]].append((cost, nodes[0], nodes[::-1]))

    def corner(self, place: tuple[float, float]) -> Key:
        """Return the corner nearest to a place where two named streets of some rank meet."""

        def far(key: Key) -> float:
            minor = 60 * sum(sorted(self.names[key].values())[:2])
            return float(np.hypot(key[0] / 10 - place[0], key[1] / 10 - place[1])) + minor

        return min((k for k in self.next if len(self.names[k]) > 1), key=far)

    def path(self, start: Key, goal: Key) -> list[Key]:
        """Return the nodes of the quickest path (Dijkstra)."""
        best = {start: 0.0}
        came: dict[Key, tuple[Key, tuple[Key, ...]]] = {}
        queue = [(0.0, start)]
        while queue:
            cost, key = heapq.heappop(queue)
            if key == goal:
                return self._back(came, start, goal)
            for step, other, nodes in self.next[key]:
                if cost + step < best.get(other, np.inf):
                    best[other] = cost + step
                    came[other] = (key, nodes)
                    heapq.heappush(queue, (cost + step, other))
        message = f"No street leads from {start} to {goal}."
        raise ValueError(message)

    @staticmethod
    def _back(came: dict[Key, tuple[Key, tuple[Key, ...]]], start: Key, goal: Key) -> list[Key]:
        path = [goal]
        while path[-1] != start:
            _, nodes = came[path[-1]]
            path += nodes[-2::-1]
        return path[::-1]


SPEEDS = {"primary": 12.0, "secondary": 12.0, "tertiary": 10.0, "residential": 5.0}
RANK = {"primary": 0, "secondary": 0, "tertiary": 1, "residential": 2}


def build_service(town: Town, rng: np.random.Generator) -> Service:
    """Lay every route on the streets, in both directions, with stops at corners."""
    layout = _Layout(RoadMap(town.ways), rng)
    runs = [run for route in ROUTES for run in layout.runs(route)]
    return Service(stops=layout.stops, runs=[*runs, *_rail_runs(layout.stops)])


class _Layout:
    """Routes laid on the streets one after the other, sharing the stops they have in common."""

    def __init__(self, roads: RoadMap, rng: np.random.Generator) -> None:
        self.roads, self.rng = roads, rng
        self.hub = roads.corner(HUB)
        x, y = self.hub[0] / 10 - 12, self.hub[1] / 10 + 9
        station = Stop(stop_id="RTC", name="Riverbend Transit Center", x=x, y=y, wheelchair=1)
        self.stops = {"RTC": station}
        self._at_corner: dict[tuple[Key, str], Stop] = {}

    def runs(self, route: Route) -> Iterator[Run]:
        """Lay a route out and back, or once round."""
        there = [self.roads.corner(place) for place in route.via]
        for direction, via in enumerate([there] if route.loop else [there, there[::-1]]):
            path = [via[0]]
            for start, goal in pairwise(via):
                path += self.roads.path(start, goal)[1:]
            yield self._run(route, direction, path, set(via))

    def _run(self, route: Route, direction: int, path: list[Key], via: set[Key]) -> Run:
        places = list(_stop_corners(path, via, self.roads))
        stops = [self._stop(route, path, n) for n, _ in places]
        self.stops |= {stop.stop_id: stop for stop in stops}
        return Run(
            route=route,
            direction=direction,
            stop_ids=[stop.stop_id for stop in stops],
            at_m=[along for _, along in places],
            path=LineString([(x / 10, y / 10) for x, y in path]),
            headsign=route.name if route.loop else stops[-1].name,
        )

    def _stop(self, route: Route, path: list[Key], n: int) -> Stop:
        """Stop just past the corner, on the right; at the hub, in the route's bay."""
        key, last = path[n], n + 1 == len(path)
        a, b = (path[n - 1], key) if last else (key, path[n + 1])
        dx, dy = np.subtract(b, a) / np.hypot(*np.subtract(b, a))
        heading = "NESW"[round(np.degrees(np.arctan2(dx, dy)) / 90) % 4]
        if key == self.hub:
            return self._bay(int(route.route_id))
        if (key, heading) not in self._at_corner:
            ahead = -9.0 if last else 9.0
            x, y = key[0] / 10 + ahead * dx + 5 * dy, key[1] / 10 + ahead * dy - 5 * dx
            known = [1, 1, 0, 0, 2] if east_of_river(x, y) else [1, 1, 1, 0, 2]
            self._at_corner[key, heading] = Stop(
                stop_id=str(1001 + len(self._at_corner)), x=x, y=y,
                name=_corner_name(key, a if last else b, self.roads),
                wheelchair=int(self.rng.choice(known)),
            )  # fmt: skip
        return self._at_corner[key, heading]

    def _bay(self, number: int) -> Stop:
        bay = "ABCDEFGH"[number - 1]
        x, y = self.hub[0] / 10 + 5, self.hub[1] / 10 + 5 * (number - 4)
        return Stop(stop_id=f"RTC-{bay}", name=f"Riverbend Transit Center, Bay {bay}", x=x, y=y,
                    wheelchair=1, parent="RTC")  # fmt: skip


def _stop_corners(path: list[Key], via: set[Key], roads: RoadMap) -> Iterator[tuple[int, float]]:
    """Stop at both ends and at a named corner about every 330 m."""
    along, since = 0.0, np.inf
    for n, key in enumerate(path):
        if n:
            step = float(np.hypot(*(np.subtract(key, path[n - 1])))) / 10
            along, since = along + step, since + step
        end = n in {0, len(path) - 1}
        left = _length(path[n:])
        corner = len([name for name in roads.names[key] if name]) > 1
        good = corner and since > (240 if key in via else 330) and left > 200
        if end or good:
            since = 0.0
            yield n, along


def _length(path: list[Key]) -> float:
    return float(np.hypot(*np.diff(np.array(path, float), axis=0).T).sum()) / 10


def _corner_name(key: Key, other: Key, roads: RoadMap) -> str:
    here = sorted((n for n in roads.names[key] if n), key=lambda n: roads.names[key][n])
    on = [n for n in here if n in roads.names.get(other, {})]
    first = on[0] if on else here[0]
    rest = [n for n in here if n != first]
    return f"{first} & {rest[0]}" if rest else first


def _rail_runs(stops: dict[str, Stop]) -> list[Run]:
    ids, at = [], []
    for name, y in STATIONS:
        here = RAIL.intersection(LineString([(-3000, y), (3000, y)]))
        stop_id = f"R-{name.replace(' ', '')}"
        parent = "RTC" if name == "Riverbend Central" else ""
        stops[stop_id] = Stop(stop_id=stop_id, name=f"{name} Station", x=here.x + 6, y=here.y,
                              wheelchair=0 if name == "Highland" else 1, parent=parent)  # fmt: skip
        ids.append(stop_id)
        at.append(RAIL.project(here))
    start, end = at[0], at[-1]
    path = LineString([RAIL.interpolate(d).coords[0] for d in np.linspace(start, end, 60)])
    down = [d - start for d in at]
    back = [end - d for d in at[::-1]]
    south, north = STATIONS[-1][0], STATIONS[0][0]
    return [
        Run(route=RAIL_ROUTE, direction=0, stop_ids=ids, at_m=down, path=path, headsign=south),
        Run(route=RAIL_ROUTE, direction=1, stop_ids=ids[::-1], at_m=back, path=path.reverse(),
            headsign=north),
    ]  # fmt: skip
