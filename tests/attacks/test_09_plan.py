"""Attack 9: ask for plans until they tell where a family lives.

The attacker may ask who can come to a meeting at any of two hundred places, within any limit, as
often as they like, and knows how long every way takes. First they look for a place that only one
family reaches. Then they ask before and after a family they know moves in, and see at which places
the count has risen: where the circles of these places meet is the home (trilateration). Last they
ask once, lay all circles over one another, and say of every house in town how likely a family of
the district lives in it (tomography, by the method of Shepp and Vardi 1982). The attack passes when
no count of 1 to k − 1 is said, when fewer than one count in a thousand rises or falls with one
family (one that lies between two groups that were counted may take the figure of the other), and
when both methods find at most twice as many homes as guessing from the published map does.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import geopandas as gpd
import numpy as np
import pytest
from districts import District
from families import draw_households, draw_sites

from famgeo.release.areas import cut_home_areas
from famgeo.release.exact import Exact
from famgeo.release.gate import make_release, release_barriers
from famgeo.release.holding import Counter
from famgeo.tables import Release, ReleasedBarriers, as_points, lonlat

K = 10
SECRET = bytes(range(32))
HOMES, SITES = 300, 200
HOUSES = 3000
TOWN_M = 4000.0
WALK_M_PER_MIN = 80.0
LIMITS_MIN = (5, 10, 15, 20)
OWN_LIMIT_MIN = (60,)
"""What a study asks when nobody asks for another limit."""
WORLDS = 2
STEP_M = 100.0
FOUND_M = 200.0
TARGETS = 5
PICKED = 60
EVENING = ("2026-12-08T18:30/20:30",)
DEGREE_M = 111_195.0
WEST, SOUTH = -99.72, 38.24

Counts = Callable[["Town", Sequence[str], int], np.ndarray]
"""The count of each place, of those who live here, within a limit."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """A town on a plane: houses, homes (the first of the houses) and places in metres."""

    houses_m: np.ndarray
    homes_m: np.ndarray
    sites_m: np.ndarray
    households: gpd.GeoDataFrame
    release: Release
    counter: Counter

    def within(self, limit_min: int) -> np.ndarray:
        """Return who can walk to which place within a limit, shape (homes, sites)."""
        away = self.homes_m[:, None] - self.sites_m[None, :]
        return np.hypot(*np.moveaxis(away, 2, 0)) <= limit_min * WALK_M_PER_MIN

    def exact(self, living: Sequence[str], limit_min: int) -> Exact:
        """Return who can come, of those who live here now."""
        near, here = self.within(limit_min), frozenset(living)
        ids = self.households["household_id"].to_numpy(str)
        sites = draw_sites(SITES)
        reached = {
            site: here & frozenset(ids[near[:, at]].tolist())
            for at, site in enumerate(sites["site_id"])
        }
        return Exact(
            meetings=EVENING,
            sites=sites,
            everyone=here,
            at_school=dict.fromkeys(here - reached["s00"], "too_long_there"),
            reached=reached,
            limit_min=limit_min,
        )


@cache
def town(world: int = 9) -> Town:
    """Draw a town of 3,000 houses in clusters, a family in each tenth, and 200 places to meet."""
    chance = np.random.default_rng(world)
    middles = chance.uniform(400, TOWN_M - 400, (25, 2))
    houses_m = middles[chance.integers(0, 25, HOUSES)] + chance.normal(0, 180, (HOUSES, 2))
    houses_m = houses_m.clip(0, TOWN_M)
    homes_m = houses_m[:HOMES]
    at = homes_m / DEGREE_M / [np.cos(np.radians(SOUTH)), 1] + [WEST, SOUTH]
    households = draw_households_at(at)
    counter = Counter(SECRET, k=K)
    areas = cut_home_areas(lonlat(households), k=K)
    release = make_release(study="Town", households=households, areas=areas, counter=counter)
    return Town(
        houses_m=houses_m,
        homes_m=homes_m,
        sites_m=chance.uniform(0, TOWN_M, (SITES, 2)),
        households=households,
        release=release,
        counter=counter,
    )


def draw_households_at(at: np.ndarray) -> gpd.GeoDataFrame:
    """Return HOUSEHOLDS h000 … at these points."""
    table = draw_households(len(at)).drop(columns="geometry")
    ids = [f"h{n:03d}" for n in range(len(at))]
    return as_points(table.assign(household_id=ids), at[:, 0], at[:, 1])


def asked(place: Town, living: Sequence[str], limit_min: int) -> ReleasedBarriers:
    """Return what ``barriers`` releases."""
    exact = place.exact(living, limit_min)
    return release_barriers(exact, release=place.release, counter=place.counter)


def released_counts(place: Town, living: Sequence[str], limit_min: int) -> np.ndarray:
    """Return the released count of each place; 0 where it is hidden."""
    return asked(place, living, limit_min).sites["reached"].fillna(0).to_numpy(float)


def exact_counts(place: Town, living: Sequence[str], limit_min: int) -> np.ndarray:
    """Return the true count of each place: the weakness."""
    here = np.isin(place.households["household_id"].to_numpy(str), np.array(living))
    return place.within(limit_min)[here].sum(axis=0).astype(float)


def grid() -> np.ndarray:
    """Return the middles of the attacker's squares in metres, shape (cells, 2)."""
    steps = np.arange(STEP_M / 2, TOWN_M, STEP_M)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def circles(place: Town, spots_m: np.ndarray, limits_min: Sequence[int] = LIMITS_MIN) -> np.ndarray:
    """Return which spots are within which place's limit, shape (limits × places, spots)."""
    away = np.hypot(*np.moveaxis(place.sites_m[:, None] - spots_m[None, :], 2, 0))
    return np.vstack([away <= limit * WALK_M_PER_MIN for limit in limits_min])


def guesses(place: Town, number: int, seed: int) -> np.ndarray:
    """Return spots drawn from the published map: an area by its families, then anywhere in it."""
    chance, areas = np.random.default_rng(seed), place.release.home_areas
    weights = areas["families"].to_numpy(float)
    spots = []
    for row in chance.choice(len(areas), number, p=weights / weights.sum()):
        shape = areas.geometry.iloc[row]
        west, south, east, north = shape.bounds
        spots.append((chance.uniform(west, east), chance.uniform(south, north)))
    return (np.array(spots) - [WEST, SOUTH]) * DEGREE_M * [np.cos(np.radians(SOUTH)), 1]


def trilaterated(place: Town, counts: Counts) -> tuple[int, int]:
    """Return how many of the families that moved in are found, and how many counts changed."""
    cells, hits, changed = grid(), 0, 0
    inside, everyone = circles(place, cells), place.households["household_id"].tolist()
    after = np.concatenate([counts(place, everyone, limit) for limit in LIMITS_MIN])
    for target in _targets():
        before = [home for home in everyone if home != everyone[target]]
        told = after != np.concatenate([counts(place, before, limit) for limit in LIMITS_MIN])
        # A place whose count rose is near, one whose count stayed is not.
        agree = (inside == told[:, None]).sum(axis=0)
        spot = cells[agree == agree.max()].mean(axis=0)
        if not told.any():
            spot = guesses(place, 1, seed=target)[0]
        changed += int(told.sum())
        hits += bool(np.hypot(*(spot - place.homes_m[target])) <= FOUND_M)
    return hits, changed


def _targets() -> list[int]:
    return list(range(0, HOMES, HOMES // TARGETS))[:TARGETS]


def picked(place: Town, counts: Counts, limits_min: Sequence[int]) -> int:
    """Return how many of the houses that the counts point to most are homes."""
    inside = circles(place, place.houses_m, limits_min).astype(np.float32)
    everyone = place.households["household_id"].tolist()
    said = np.concatenate([counts(place, everyone, limit) for limit in limits_min])
    likely = np.ones(HOUSES, np.float32)
    ever = np.maximum(inside.sum(axis=0), 1e-6)
    for _ in range(200):
        expected = np.maximum(inside @ likely, 1e-6)
        likely *= (inside.T @ (said / expected).astype(np.float32)) / ever
    by_chance = np.random.default_rng(7).permutation(HOUSES)  # of equals, any
    order = by_chance[np.argsort(-likely[by_chance], kind="stable")]
    return int((order[:PICKED] < HOMES).sum())


def gain(counts: Counts, limits_min: Sequence[int]) -> float:
    """Return how many times more homes are picked than by guessing, over several towns."""
    towns = [town(world) for world in range(WORLDS)]
    hits = sum(picked(place, counts, limits_min) for place in towns)
    return hits / sum(by_guessing(place) for place in towns)


def by_guessing(place: Town) -> float:
    """Return how many of as many houses, drawn by the published map, are homes on average."""
    degrees = place.houses_m / DEGREE_M / [np.cos(np.radians(SOUTH)), 1] + [WEST, SOUTH]
    houses = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*degrees.T), crs=4326)
    areas = place.release.home_areas
    of = gpd.sjoin(houses, areas, predicate="within")
    share = of["families"] / of.groupby("home_area_id")["families"].transform("size")
    home = of.index.to_numpy() < HOMES
    return float(PICKED * (share * home).sum() / share.sum())


def small_counts(said: object, *, k: int) -> list[int]:
    """Return every number of families from 1 to k − 1 in what was said."""
    if isinstance(said, dict):
        kept = {key: value for key, value in said.items() if key not in {"k", "capacity"}}
        return [n for value in kept.values() for n in small_counts(value, k=k)]
    if isinstance(said, list):
        return [n for value in said for n in small_counts(value, k=k)]
    return [said] if isinstance(said, int) and 0 < said < k else []


def test_nothing_that_was_said_of_a_meeting_counts_1_to_9_families(district):
    said = [
        s
        for s in district.said
        if s.command.startswith(("barriers", "plan")) and "KeyError" not in s.text
    ]
    told = [s.data for s in said if "--json" in s.command and "KeyError" not in s.text]
    assert len(told) >= 3
    assert small_counts(told, k=district.release.k) == []
    assert small_counts([p.as_json() for r in district.releases for p in r.plans], k=10) == []


def test_a_place_that_one_family_reaches_is_as_one_that_none_does():
    place = town()
    everyone = place.households["household_id"].tolist()
    alone, none = place.exact(everyone, 10), place.exact(everyone, 10)
    reached = dict(alone.reached)
    few = [s for s, who in reached.items() if len(who) < K]
    one = reached | {few[0]: frozenset(everyone[:1])}
    nobody = reached | {few[0]: frozenset()}
    said = [
        release_barriers(
            Exact(**{**vars_of(exact), "reached": sets}),
            release=place.release,
            counter=place.counter,
        )
        for exact, sets in ((alone, one), (none, nobody))
    ]
    assert json.dumps(said[0].as_json()) == json.dumps(said[1].as_json())
    assert small_counts(said[0].as_json(), k=K) == []


def vars_of(exact: Exact) -> dict[str, object]:
    """Return the parts of an exact answer."""
    return {name: getattr(exact, name) for name in exact.__dataclass_fields__}


def test_asking_before_and_after_a_family_moves_in_finds_it_no_better_than_guessing():
    place = town()
    hits, changed = trilaterated(place, released_counts)
    assert changed <= TARGETS * len(LIMITS_MIN) * SITES // 1000
    assert hits <= max(1, 2 * np.mean([_random_hits(place, seed) for seed in range(100)]))


def _random_hits(place: Town, seed: int) -> int:
    away = np.hypot(*(guesses(place, TARGETS, seed) - place.homes_m[_targets()]).T)
    return int((away <= FOUND_M).sum())


def test_all_circles_together_find_at_most_twice_the_homes_that_guessing_finds():
    assert gain(released_counts, OWN_LIMIT_MIN) <= 2


def test_a_sweep_of_short_limits_finds_far_fewer_than_exact_counts_would():
    """Eight hundred figures say more than two hundred: how often it is asked is logged."""
    assert gain(released_counts, LIMITS_MIN) <= min(3, 0.7 * gain(exact_counts, LIMITS_MIN))


def test_it_bites_counts_that_are_not_held():
    hits, changed = trilaterated(town(), exact_counts)
    assert hits == TARGETS
    assert changed > 100


def test_it_bites_counts_that_are_exact():
    assert gain(exact_counts, LIMITS_MIN) > 3


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_small_count_in_an_answer(small: District):
    weak = small.barriers_said[0].data
    weak["sites"][3]["reached"] = 7
    weak["by_reason"]["no_seat"] = 1
    assert small_counts(weak, k=10) == [1, 7]
