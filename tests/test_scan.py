"""Every answer of the scans, against every journey there is in hundreds of drawn worlds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import all_journeys, draw_world

from famgeo.travel.last import NO_START, latest_starts
from famgeo.travel.scan import NEVER, earliest
from famgeo.travel.walks import Rules

N_WORLDS = 150


def rules_of(world):
    return Rules(change_s=world.change_s, max_rides=world.max_rides, limit_s=world.limit_s)


def ride(world, day, *, back):
    """Scan a world from or, back in time, to every place at the world's moment."""
    n, p = world.n_stops, world.n_places
    return earliest(
        day.backward if back else day.forward,
        day.n_vehicles,
        access=world.walks(world.egress if back else world.access, p, turned=back),
        changes=world.walks(world.foot, n, turned=back),
        egress=world.walks(world.access if back else world.egress, n, turned=back),
        n_targets=p,
        start_s=-world.from_s if back else world.from_s,
        rules=rules_of(world),
    )


def the_best(journeys):
    """Keep the journeys with the best time and rides; each is (time, rides, start, metres)."""
    first = min(journeys, default=None)
    return {j for j in journeys if j[:2] == first[:2]}


def answer(found, source, target):
    time = int(found.time_s[source, target])
    rest = found.rides, found.start_s, found.walk_m
    return (time, *(float(x[source, target]) for x in rest))


@pytest.mark.parametrize("chunk", range(6))
def test_depart_at_finds_the_first_arrival_with_the_fewest_rides(chunk):
    n_found = 0
    for seed in range(chunk, N_WORLDS, 6):
        world = draw_world(seed)
        found = ride(world, world.day(), back=False)
        for place in range(world.n_places):
            journeys = all_journeys(world, place)
            for target in range(world.n_places):
                best = the_best(
                    {
                        (arrive, n, start, walk)
                        for there, start, arrive, n, walk in journeys
                        if there == target
                        and start >= world.from_s
                        and arrive <= world.from_s + world.limit_s
                    }
                )
                n_found += bool(best)
                if best:
                    assert answer(found, place, target) in best, seed
                else:
                    assert found.time_s[place, target] == NEVER, seed
    assert n_found > 4


@pytest.mark.parametrize("chunk", range(6))
def test_arrive_by_finds_the_last_start_with_the_fewest_rides(chunk):
    n_found = 0
    for seed in range(chunk, N_WORLDS, 6):
        world = draw_world(seed)
        found = ride(world, world.day(), back=True)
        for place in range(world.n_places):
            journeys = all_journeys(world, place)
            for target in range(world.n_places):
                best = the_best(
                    {
                        (-start, n, -arrive, walk)
                        for there, start, arrive, n, walk in journeys
                        if there == target
                        and arrive <= world.from_s
                        and start >= world.from_s - world.limit_s
                    }
                )
                n_found += bool(best)
                if best:
                    assert answer(found, target, place) in best, seed
                else:
                    assert found.time_s[target, place] == NEVER, seed
    assert n_found > 4


@pytest.mark.parametrize("chunk", range(6))
def test_the_last_departure_is_the_last_from_which_one_still_arrives_in_time(chunk):
    n_found = 0
    for seed in range(chunk, N_WORLDS, 6):
        world = draw_world(seed)
        day, until = world.day(), world.from_s + world.limit_s
        found = latest_starts(
            day.forward,
            day.n_vehicles,
            access=world.walks(world.access, world.n_places),
            changes=world.walks(world.foot, world.n_stops),
            egress=world.walks(world.egress, world.n_stops),
            n_targets=world.n_places,
            after_s=world.from_s,
            until_s=until,
            rules=rules_of(world),
        )
        for place in range(world.n_places):
            last = [int(NO_START)] * world.n_places
            for there, start, arrive, _, _ in all_journeys(world, place):
                if world.from_s <= start <= until and arrive - start <= world.limit_s:
                    last[there] = max(last[there], start)
            assert found[place].tolist() == last, seed
            n_found += sum(s != NO_START for s in last)
    assert n_found > 4


@settings(max_examples=60)
@given(st.integers(10_000, 1_000_000))
def test_leaving_at_the_last_start_arrives_in_time_and_a_second_later_does_not(seed):
    world = draw_world(seed)
    day, arrive_by = world.day(), world.from_s
    last = ride(world, day, back=True)
    for origin, target in np.argwhere(last.time_s.T < NEVER):
        leave = -int(last.time_s[target, origin])
        for later, in_time in ((0, True), (1, False)):
            found = ride(replace(world, from_s=leave + later), day, back=False)
            assert (found.time_s[origin, target] <= arrive_by) == in_time


@settings(max_examples=60)
@given(st.integers(10_000, 1_000_000), st.integers(1, 120))
def test_a_later_start_a_longer_limit_and_one_more_ride_never_hurt(seed, more_s):
    world = draw_world(seed)
    day = world.day()
    found = ride(world, day, back=True).time_s
    longer = ride(replace(world, limit_s=world.limit_s + more_s), day, back=True).time_s
    later = replace(world, from_s=world.from_s + more_s, limit_s=world.limit_s + more_s)
    assert (longer[found < NEVER] == found[found < NEVER]).all()
    assert (ride(later, day, back=True).time_s <= found).all()
    assert (
        ride(replace(world, max_rides=world.max_rides + 1), day, back=True).time_s <= found
    ).all()


@settings(max_examples=40)
@given(st.integers(10_000, 1_000_000))
def test_the_order_of_trips_in_the_feed_changes_nothing(seed):
    world = draw_world(seed)
    names = np.random.default_rng(seed).permutation(list(world.trips)).tolist()
    shuffled = replace(world, trips={name: world.trips[name] for name in names})
    for back in (False, True):
        one = ride(world, world.day(), back=back)
        other = ride(shuffled, shuffled.day(), back=back)
        for column in ("time_s", "rides", "walk_m", "start_s"):
            assert np.array_equal(getattr(one, column), getattr(other, column))
