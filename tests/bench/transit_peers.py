"""Compare transit with an independent engine, cafein, on Northern Kentucky's buses.

Run it by hand: ``FAMGEO_CITIES=… python tests/bench/transit_peers.py [--homes N] [--sites N]``;
at its full size, 10,000 homes and 100 sites, it takes some minutes, nearly all of them theirs.

1. Same input: stop to stop, the same walks between stops, no blocks, no time for a change. Here the
   two engines must agree to the second.
2. Door to door, each engine with its own streets: how far apart they are, and how long each takes
   by the clock on one core, snapping included, the network being built before for both: the best
   of a few runs of each. Ratios of one run, never seconds, are what to quote. Ours also finds
   when to leave, metres and rides, and walks of any length; theirs finds the minutes. Goal:
   arrive-by at least 100 times as fast, depart-at at least 5 times.
"""

import argparse
import os
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
from cafein import TransportNetwork, TravelTimeMatrix
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from famgeo.domain import Limits, Mode
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.tables import Timetable
from famgeo.travel.arrivals import NEVER, Found
from famgeo.travel.network import Network
from famgeo.travel.scan import earliest
from famgeo.travel.streets import snap
from famgeo.travel.timetable import ServiceDay, service_day
from famgeo.travel.transit import TransitNetwork, scheduled
from famgeo.travel.walks import Rules, Walks, walks

T = TypeVar("T")
DAY = date(2020, 2, 5)
THERE_S, HOME_S = 18 * 3600, 20 * 3600
LIMIT_MIN = 90
LIMITS = Limits()
TWO_MINUTES_S = 120
RUNS, AT_LEAST_S = 3, 2
WALKING = {
    "max_rides": LIMITS.max_rides,
    "walking_speed_kmph": LIMITS.walk_kmh,
    "max_walking_time": LIMITS.max_walk_min,
    "snap_distance": LIMITS.snap_walk_m,
}


def main() -> None:
    """Print the agreement of both engines and the ratio of their times."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--homes", type=int, default=10_000)
    asked.add_argument("--sites", type=int, default=100)
    asked.add_argument("--pairs", type=int, default=300)
    n = asked.parse_args()
    city = Path(os.environ["FAMGEO_CITIES"]) / "nky"
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as folder:
        feed = _without_blocks(city / "gtfs.zip", Path(folder) / "gtfs.zip")
        table = read_timetable(feed, feed_id="nky").table
        ours = Network(streets=read_streets(city / "streets.osm.pbf").table, timetables=(table,))
        bare = TransportNetwork.from_gtfs(feed, trip_distances=False)
        stop_to_stop(bare, table, ours.transit(step_free=False), n.pairs)
        theirs = TransportNetwork.from_gtfs(
            feed,
            osm_pbf=str(city / "streets.osm.pbf"),
            walking_speed_kmph=LIMITS.walk_kmh,
            max_walking_time=LIMITS.max_walk_min,
            snap_distance=LIMITS.snap_walk_m,
            trip_distances=False,
        )
        door_to_door(theirs, ours, table, n.homes, n.sites)


def _without_blocks(source: Path, to: Path) -> Path:
    """Copy a feed without ``block_id``: the other engine does not stay seated."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "trips.txt":
                content = content.replace(b'"block_id"', b'"was_block_id"')
            new.writestr(name, content)
    return to


def stop_to_stop(
    bare: TransportNetwork, table: Timetable, network: TransitNetwork, n_pairs: int
) -> None:
    """Compare journeys between stops on identical walks."""
    ids = table.stops["stop_id"].str.removeprefix("nky:").tolist()
    feet = _closed_walks(network.changes)
    a = np.repeat(np.arange(len(feet)), np.diff(feet.start))
    bare.set_transfers(
        [
            (ids[i], ids[j], int(s), float(m))
            for i, j, s, m in zip(a, feet.target, feet.seconds, feet.metres, strict=True)
        ]
    )
    day = service_day([table], DAY, step_free=False)
    rng = np.random.default_rng(5)
    origins = rng.choice(len(ids), 40, replace=False)
    _compare_departures(bare, day, feet, ids, origins)
    _compare_arrivals(bare, day, feet, ids, rng.choice(len(ids), (n_pairs, 2)))


def _closed_walks(feet: Walks, at_most_s: int = 90) -> Walks:
    """Return short walks between stops and every chain of them as a walk of its own.

    The other engine forgets a stop reached by bus when it reached it earlier on foot; on a closed
    set of walks that loses nothing.
    """
    n = len(feet)
    source = np.repeat(np.arange(n), np.diff(feet.start))
    short = feet.seconds <= at_most_s
    table = csr_array((feet.seconds[short], (source[short], feet.target[short])), shape=(n, n))
    seconds = dijkstra(table)
    a, b = np.nonzero(np.isfinite(seconds) & (seconds > 0))
    chained = seconds[a, b]
    return walks(a.astype(np.int32), b.astype(np.int32), chained, chained, n_places=n)


def _scan(day: ServiceDay, feet: Walks, sources: np.ndarray, moment_s: int, *, back: bool) -> Found:
    """Search from stop to stop: no walk to the first bus, but one from the last."""
    n = len(feet)
    itself = np.arange(n, dtype=np.int32)
    a = np.repeat(itself, np.diff(feet.start))
    pairs = (feet.target, a) if back else (a, feet.target)
    changes = walks(*pairs, feet.seconds.astype(float), feet.metres, n_places=n)
    stay = walks(itself, itself, np.zeros(n), np.zeros(n), n_places=n)
    last = walks(
        *(np.concatenate([itself, p]) for p in pairs),
        np.concatenate([np.zeros(n), feet.seconds]),
        np.concatenate([np.zeros(n), feet.metres]),
        n_places=n,
    )
    return earliest(
        day.backward if back else day.forward,
        day.n_vehicles,
        access=_of(last if back else stay, sources),
        changes=changes,
        egress=stay if back else last,
        n_targets=n,
        start_s=-moment_s if back else moment_s,
        rules=Rules(change_s=0, max_rides=LIMITS.max_rides, limit_s=LIMIT_MIN * 60),
    )


def _of(feet: Walks, sources: np.ndarray) -> Walks:
    """Return the walks of these places alone, in their order."""
    parts = [feet.part(s, s + 1) for s in sources]
    return Walks(
        start=np.cumsum([0, *(len(p.target) for p in parts)]),
        target=np.concatenate([p.target for p in parts]),
        seconds=np.concatenate([p.seconds for p in parts]),
        metres=np.concatenate([p.metres for p in parts]),
    )


def _compare_departures(
    bare: TransportNetwork, day: ServiceDay, feet: Walks, ids: list[str], origins: np.ndarray
) -> None:
    found = _scan(day, feet, origins, HOME_S, back=False)
    same = other = missing = extra = 0
    for row, origin in enumerate(origins):
        times = bare.travel_times_from_stop(ids[origin], f"{DAY} 20:00", max_rides=LIMITS.max_rides)
        theirs = np.array([times.get(i, np.inf) for i in ids])
        theirs[theirs > LIMIT_MIN * 60] = np.inf
        mine = np.where(found.time_s[row] == NEVER, np.inf, found.time_s[row] - float(HOME_S))
        mine[origin] = theirs[origin] = np.inf
        both = np.isfinite(mine) & np.isfinite(theirs)
        same += int((mine[both] == theirs[both]).sum())
        other += int((mine[both] != theirs[both]).sum())
        missing += int((np.isinf(mine) & np.isfinite(theirs)).sum())
        extra += int((np.isfinite(mine) & np.isinf(theirs)).sum())
    print(  # noqa: T201 - a script that reports
        f"stop to stop, depart 20:00: {same:,} pairs equal to the second, {other:,} differ, "
        f"{missing:,} only theirs, {extra:,} only ours"
    )


def _compare_arrivals(
    bare: TransportNetwork, day: ServiceDay, feet: Walks, ids: list[str], pairs: np.ndarray
) -> None:
    found = _scan(day, feet, pairs[:, 1], THERE_S, back=True)
    same = worse = better = nothing = 0
    for row, (origin, target) in enumerate(pairs):
        near = feet.target[feet.start[origin] : feet.start[origin + 1]]
        if origin == target or target in near:
            continue
        journeys = bare.route_between_stops(
            ids[origin], ids[target], arrival=f"{DAY} 18:00", max_rides=LIMITS.max_rides,
            geometries=False,
        )  # fmt: skip
        theirs = max((j["departure_s"] for j in journeys), default=-np.inf)
        mine = -found.time_s[row, origin] if found.time_s[row, origin] != NEVER else -np.inf
        if theirs < THERE_S - LIMIT_MIN * 60:
            theirs = -np.inf
        nothing += int(np.isinf(mine) and np.isinf(theirs))
        same += int(mine == theirs and np.isfinite(mine))
        worse += int(mine < theirs)
        better += int(mine > theirs)
    print(  # noqa: T201 - a script that reports
        f"stop to stop, arrive by 18:00: {same:,} pairs leave at the same second, "
        f"{worse:,} earlier than theirs, {better:,} later, {nothing:,} have no trip in both"
    )


def door_to_door(
    theirs: TransportNetwork, ours: Network, table: Timetable, n_homes: int, n_sites: int
) -> None:
    """Compare minutes and clock both engines on one core, from homes to sites and back."""
    rng = np.random.default_rng(1)
    stops = table.stops[["lon", "lat"]].to_numpy()
    homes = stops[rng.integers(0, len(stops), n_homes)] + rng.normal(0, 0.002, (n_homes, 2))
    sites = stops[rng.integers(0, len(stops), n_sites)] + rng.normal(0, 0.0005, (n_sites, 2))
    for what, goal, ends, when in (
        ("arrive by 18:00", 100, (homes, sites), {"arrival": f"{DAY} 18:00"}),
        ("depart at 20:00", 5, (sites, homes), {"departure": f"{DAY} 20:00"}),
    ):
        few = tuple(places[:2] for places in ends)
        _ours(ours, few, back="arrival" in when), _theirs(theirs, few, when)
        mine, mine_s = _timed(lambda e=ends, w=when: _ours(ours, e, back="arrival" in w))
        frame, their_s = _timed(lambda e=ends, w=when: _theirs(theirs, e, w))
        print(  # noqa: T201 - a script that reports
            f"door to door, {what}, {n_homes:,} homes and {n_sites:,} sites, each engine on one "
            f"core, best of {RUNS} runs or more: they take {their_s:,.2f} s, ours {mine_s:,.3f} s, "
            f"{their_s / mine_s:,.1f} times as long (goal {goal})"
        )
        other = _wide(frame, ends)
        both = np.isfinite(mine) & np.isfinite(other)
        gap = np.abs(mine - other)[both] / 60
        differ = np.argwhere(both & (np.abs(mine - other) > TWO_MINUTES_S))
        print(  # noqa: T201 - a script that reports
            f"door to door, {what}: {both.sum():,} pairs in both, "
            f"{(gap <= 1).mean():.1%} within 1 minute, {(gap <= 5).mean():.1%} within 5; "
            f"{(np.isfinite(mine) & ~np.isfinite(other)).sum():,} only ours, "
            f"{(~np.isfinite(mine) & (other <= LIMIT_MIN * 60)).sum():,} only theirs. "
            f"Of those over 2 minutes apart, {_chained(theirs, ends, differ, when):.0%} "
            "chain two walks in theirs."
        )


def _chained(
    theirs: TransportNetwork,
    ends: tuple[np.ndarray, np.ndarray],
    pairs: np.ndarray,
    when: dict[str, str],
    n: int = 100,
) -> float:
    """Return the share of pairs where they walk to a stop only to walk on, which we never do."""
    sample = pairs[:: max(1, len(pairs) // n)][:n]
    count = 0
    for a, b in sample:
        journeys = theirs.route_between_coordinates(
            tuple(ends[0][a][::-1]), tuple(ends[1][b][::-1]), **when, **WALKING, geometries=False
        )
        kinds = [[leg["type"] for leg in j["legs"]] for j in journeys]
        count += any(
            "transfer" in pair and set(pair) != {"transfer", "transit"}
            for legs in kinds
            for pair in pairwise(legs)
        )
    return count / max(len(sample), 1)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return the answer and the seconds of the fastest of a few runs, and of a few seconds."""
    taken: list[float] = []
    while len(taken) < RUNS or sum(taken) < AT_LEAST_S:
        began = time.perf_counter()
        answer = work()
        taken.append(time.perf_counter() - began)
    return answer, min(taken)


def _ours(network: Network, ends: tuple[np.ndarray, np.ndarray], *, back: bool) -> np.ndarray:
    """Return the seconds from leaving to arriving of the best journeys; snapping is timed too."""
    graph = network.graph(Mode.WALK)
    found = scheduled(
        network.transit(step_free=False),
        network.day(DAY, step_free=False),
        *(snap(graph, places) for places in ends),
        **({"arrive_by_s": THERE_S} if back else {"depart_at_s": HOME_S}),
        max_minutes=LIMIT_MIN,
        limits=replace(LIMITS, change_s=0),
    )
    return found.arrive_s - (found.leave_s if back else HOME_S)


def _theirs(
    network: TransportNetwork, ends: tuple[np.ndarray, np.ndarray], when: dict[str, str]
) -> pd.DataFrame:
    origins, destinations = (
        gpd.GeoDataFrame(
            {"id": [f"{i}" for i in range(len(p))]},
            geometry=gpd.points_from_xy(p[:, 0], p[:, 1]),
            crs="EPSG:4326",
        )
        for p in ends
    )
    return TravelTimeMatrix(
        network,
        origins,
        destinations,
        **when,
        **WALKING,
        output_time_units="seconds",
        workers=1,
    )


def _wide(frame: pd.DataFrame, ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    times = np.full((len(ends[0]), len(ends[1])), np.nan)
    rows, columns = frame["from_id"].astype(int), frame["to_id"].astype(int)
    times[rows.to_numpy(), columns.to_numpy()] = frame["travel_time"].to_numpy(float)
    return times


if __name__ == "__main__":
    main()
