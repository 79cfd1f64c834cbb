"""Drawn transit worlds, and every journey in them: slow, simple, and written apart from famgeo."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from feeds import draw_timetable

from famgeo.travel.timetable import service_day
from famgeo.travel.walks import Walks, walks

DAY = date(2020, 2, 5)
NOON = 43_200


@dataclass
class World:
    """Trips as lists of (stop, arrival, departure, board, alight); walks as {(a, b): seconds}."""

    n_stops: int
    n_places: int
    trips: dict
    blocks: dict
    foot: dict
    access: dict
    egress: dict
    change_s: int
    max_rides: int
    limit_s: int
    from_s: int

    def timetable(self):
        return draw_timetable(self.trips, n_stops=self.n_stops, blocks=self.blocks)

    def day(self):
        return service_day([self.timetable()], DAY, step_free=False)

    def walks(self, pairs: dict, n: int, *, turned: bool = False) -> Walks:
        rows = sorted((b, a, s) if turned else (a, b, s) for (a, b), s in pairs.items())
        source, target, seconds = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        return walks(source, target, seconds, metres(seconds), n_places=n)


def metres(seconds):
    return seconds * 2.0


def draw_world(seed: int) -> World:
    """Draw a world full of ties: coarse times, rides of no seconds, loops, blocks, caps."""
    rng = np.random.default_rng(seed)
    n_stops, n_places, step = int(rng.integers(2, 7)), 3, int(rng.choice([1, 30]))

    def some_walks(n, m, share):
        return {
            (a, b): int(rng.integers(0, 5)) * step
            for a in range(n)
            for b in range(m)
            if rng.random() < share
        }

    trips = {f"t{k}": _draw_trip(rng, n_stops, step) for k in range(int(rng.integers(1, 8)))}
    foot = some_walks(n_stops, n_stops, rng.choice([0.0, 0.2, 0.5]))
    return World(
        n_stops=n_stops,
        n_places=n_places,
        trips=trips,
        blocks={t: f"b{rng.integers(0, 2)}" for t in trips if rng.random() < 0.6},
        foot={pair: s for pair, s in foot.items() if pair[0] != pair[1]},
        access=some_walks(n_places, n_stops, 0.4),
        egress=some_walks(n_stops, n_places, 0.4),
        change_s=int(rng.choice([0, step, 2 * step])),
        max_rides=int(rng.choice([0, 1, 2, 3, 4], p=[0.05, 0.2, 0.25, 0.25, 0.25])),
        limit_s=int(rng.integers(5, 30)) * step,
        from_s=NOON + int(rng.integers(0, 12)) * step,
    )


def _draw_trip(rng, n_stops, step):
    now = NOON + int(rng.integers(0, 20)) * step
    calls = []
    for _ in range(int(rng.integers(2, 6))):
        arrival = now
        now += int(rng.choice([0, 0, 1])) * step
        calls.append(
            (int(rng.integers(n_stops)), arrival, now, rng.random() < 0.85, rng.random() < 0.85)
        )
        now += int(rng.choice([0, 1, 1, 2])) * step
    return calls


def vehicles(world: World) -> list[list[list[tuple]]]:
    """Return the trips each vehicle runs one after the other."""
    alone = [[calls] for trip, calls in world.trips.items() if trip not in world.blocks]
    for block in sorted(set(world.blocks.values())):
        of_block = [world.trips[t] for t, b in world.blocks.items() if b == block]
        of_block.sort(key=lambda calls: (calls[0][2], calls[-1][1]))
        chain = []
        for calls in of_block:
            if chain and calls[0][2] < chain[-1][-1][1]:
                alone.append(chain)
                chain = []
            chain.append(calls)
        alone.append(chain)
    return alone


def rides_of(vehicle: list[list[tuple]]) -> list[tuple[int, int, int, int]]:
    """Return every (from stop, departure, to stop, arrival) one can sit through on a vehicle."""
    calls = [(p, i, *call) for p, trip in enumerate(vehicle) for i, call in enumerate(trip)]
    boards = [c for c in calls if c[5] and c[1] < len(vehicle[c[0]]) - 1]
    alights = [c for c in calls if c[6] and c[1] > 0]
    return [(b[2], b[4], a[2], a[3]) for b in boards for a in alights if a[:2] > b[:2]]


def all_journeys(world: World, place: int) -> set[tuple[int, int, int, int, float]]:
    """Return every (destination, start, arrival, rides, metres) from a place, at any time of day.

    ``start`` is just in time for the first vehicle.
    """
    rides = {ride for vehicle in vehicles(world) for ride in rides_of(vehicle)}
    found = set()
    off = {
        (to, arrive, leave - world.access[place, stop], metres(world.access[place, stop]))
        for stop, leave, to, arrive in rides
        if (place, stop) in world.access
    }
    for n in range(1, world.max_rides + 1):
        for stop, arrive, start, walk in off:
            for there in range(world.n_places):
                if (stop, there) in world.egress:
                    s = world.egress[stop, there]
                    found.add((there, start, arrive + s, n, walk + metres(s)))
        off = {step for state in off for step in _next_rides(world, rides, state)}
    return found


def _next_rides(world, rides, state):
    stop, arrive, start, walk = state
    for board, leave, to, then in rides:
        foot = 0 if board == stop else world.foot.get((stop, board))
        if foot is not None and arrive + foot + world.change_s <= leave:
            yield to, then, start, walk + metres(foot)
