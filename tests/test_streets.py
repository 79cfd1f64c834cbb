from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from drawn_streets import at, streets
from hypothesis import given, settings
from hypothesis import strategies as st
from street_oracle import Oracle

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.sources.osm import read_streets
from famgeo.travel.streets import Snap, StreetGraph, build_graph, nearby, search, snap

METRE_A_SECOND = Limits(walk_kmh=3.6, bike_kmh=3.6, snap_walk_m=500)
BLOCK = {"a": (0, 0), "b": (100, 0), "c": (100, 100), "d": (0, 100)}
RING = [("abcda", {})]
CITIES = {
    "nky": "nky/streets.osm.pbf",
    "portland": "portland/portland-central.osm.pbf",
    "spo": "spo/spo_osm.pbf",
}


def walk(nodes, ways, node_tags=None, *, mode=Mode.WALK, limits=METRE_A_SECOND) -> StreetGraph:
    return build_graph(streets(nodes, ways, node_tags), mode, limits)


def seconds(graph, origins, destinations, *, reverse=False, limit_s=9_999.0):
    a, b = snap(graph, origins), snap(graph, destinations)
    return search(graph, a, b, reverse=reverse, limit_s=limit_s).seconds


def test_a_walk_is_the_straight_way_to_the_street_the_street_and_the_straight_way_off_it():
    graph = walk(BLOCK, RING)
    legs = search(
        graph,
        snap(graph, at((20, -10))),
        snap(graph, at((130, 40))),
        reverse=False,
        limit_s=999,
    )
    assert legs.seconds == pytest.approx(np.array([[10 + 80 + 40 + 30]]), abs=1e-3)
    assert legs.metres == pytest.approx(np.array([[160]]), abs=1e-3)


def test_two_places_on_one_street_meet_on_it():
    graph = walk({"a": (0, 0), "b": (1000, 0)}, [("ab", {})])
    found = seconds(graph, at((100, 0), (900, 5)), at((300, 0), (100, 0), (950, 0)))
    assert found == pytest.approx(np.array([[200, 0, 850], [605, 805, 55]]), abs=1e-3)


def test_the_same_place_is_no_way_at_all():
    graph = walk(BLOCK, RING)
    place = at((50, -40))
    a = snap(graph, place)
    assert seconds(graph, place, place, limit_s=1) == 0
    assert nearby(graph, a, a, reverse=False, limit_s=1).metres == 0


def test_a_one_way_street_leads_around_the_block():
    graph = walk(BLOCK, [("abcda", {"oneway": "yes"})], mode=Mode.BIKE)
    there, back = at((20, 0)), at((60, 0))
    assert seconds(graph, there, back) == pytest.approx(40, abs=1e-3)
    assert seconds(graph, back, there) == pytest.approx(360, abs=1e-3)
    assert seconds(graph, there, back, reverse=True) == pytest.approx(360, abs=1e-3)


def test_a_place_at_a_corner_may_leave_by_either_street():
    ways = [("abcda", {"oneway": "yes"}), ("ae", {})]
    graph = walk({**BLOCK, "e": (0, -100)}, ways, mode=Mode.BIKE)
    assert seconds(graph, at((0, 0)), at((0, -60))) == pytest.approx(60, abs=1e-3)
    assert seconds(graph, at((0, -60)), at((0, 0))) == pytest.approx(60, abs=1e-3)


def test_a_cul_de_sac_is_left_the_way_one_came():
    graph = walk({**BLOCK, "e": (50, 0), "f": (50, -200)}, [("aebcda", {}), ("ef", {})])
    found = seconds(graph, at((50, -150)), at((50, -180), (50, -10), (90, 0)))
    assert found == pytest.approx(np.array([[30, 140, 190]]), abs=1e-3)


def test_a_loop_street_is_entered_from_both_ends():
    nodes = {"a": (0, 0), "b": (100, 0), "c": (200, 100), "d": (200, -100)}
    graph = walk(nodes, [("ab", {}), ("bcdb", {})])
    found = seconds(graph, at((50, 0)), at((200, 40), (200, -40)))
    assert found == pytest.approx(50 + 2**0.5 * 100 + 60, abs=1e-3)


def test_no_place_lands_on_an_island_of_the_network():
    island = {"x": (0, 300), "y": (50, 300)}
    graph = walk({**BLOCK, **island}, [*RING, ("xy", {})])
    assert snap(graph, at((20, 290))).snap_m == pytest.approx(190, abs=1e-2)


def test_a_one_way_dead_end_is_no_part_of_the_network():
    graph = walk({**BLOCK, "e": (300, 0)}, [*RING, ("be", {"oneway": "yes"})], mode=Mode.BIKE)
    assert snap(graph, at((290, 0))).snap_m == pytest.approx(190, abs=1e-2)


def test_a_place_beyond_the_cap_is_off_the_network_and_never_zero_away():
    graph = walk(BLOCK, RING)
    places = at((20, -499), (20, -501), (20, 0))
    snapped = snap(graph, places)
    assert list(snapped.ok) == [True, False, True]
    assert np.isnan(snapped.snap_m[1])
    found = seconds(graph, places, places)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert len(nearby(graph, snapped, snapped, reverse=False, limit_s=9_999).target) == 4


def test_a_place_without_coordinates_is_off_the_network():
    graph = walk(BLOCK, RING)
    assert not snap(graph, np.array([[np.nan, 0.0], [0.0, np.inf], [0.0, 90.0]])).ok.any()
    assert len(snap(graph, np.empty((0, 2)))) == 0


def test_a_gate_can_be_come_up_to_from_both_sides_but_not_passed():
    line = {"a": (0, 0), "g": (100, 0), "b": (200, 0), "c": (200, 100), "d": (0, 100)}
    graph = walk(line, [("agbcda", {})], {"g": {"barrier": "wall"}})
    found = seconds(graph, at((90, 0)), at((110, 0), (10, 0)))
    assert found == pytest.approx(np.array([[90 + 100 + 200 + 100 + 90, 80]]), abs=1e-3)


def test_lights_are_paid_when_passed():
    line = {"a": (0, 0), "b": (100, 0), "c": (200, 0)}
    graph = walk(line, [("abc", {})], {"b": {"highway": "traffic_signals"}}, mode=Mode.BIKE)
    found = seconds(graph, at((50, 0)), at((150, 0), (90, 0)))
    assert found == pytest.approx(np.array([[105, 40]]), abs=1e-3)


def test_two_ways_over_the_same_nodes_are_one_street():
    line = {"a": (0, 0), "b": (100, 0)}
    slow = {"highway": "footway"}
    graph = walk(line, [("ab", {}), ("ba", slow), ("ab", slow)], mode=Mode.BIKE)
    places = at((10, 0), (40, 1), (90, -2))
    expected = np.array([[0, 31, 82], [31, 0, 53], [82, 53, 0]])
    assert seconds(graph, places, places) == pytest.approx(expected, abs=1e-3)


def test_metres_on_foot_are_walked_ones_only():
    for mode, expected in ((Mode.WALK, 160), (Mode.BIKE, 40), (Mode.DRIVE, 0)):
        graph = walk(BLOCK, RING, mode=mode)
        a, b = snap(graph, at((20, -10))), snap(graph, at((130, 40)))
        metres = search(graph, a, b, reverse=False, limit_s=9_999).metres
        assert metres == pytest.approx(expected, abs=1e-2)


def test_a_mode_without_a_street_says_so():
    with pytest.raises(TravelError, match="No street in this file can be used by drive"):
        walk(BLOCK, [("abcda", {"highway": "footway"})], mode=Mode.DRIVE)


@pytest.mark.parametrize("limit_s", [-1.0, np.inf, np.nan])
def test_a_limit_is_a_finite_number(limit_s):
    graph = walk(BLOCK, RING)
    with pytest.raises(TravelError, match="finite"):
        seconds(graph, at((0, 0)), at((0, 0)), limit_s=limit_s)


# --- laws -------------------------------------------------------------------------------------


@st.composite
def towns(draw) -> tuple[dict, list, dict, list]:
    """Draw a crooked grid with gaps, one-way streets, cul-de-sacs and lights, and six places."""
    size, step = draw(st.integers(2, 4)), 100
    jitter = st.integers(-30, 30)
    letter = {(i, j): chr(97 + i * size + j) for i in range(size) for j in range(size)}
    nodes = {
        name: (i * step + draw(jitter), j * step + draw(jitter)) for (i, j), name in letter.items()
    }
    kinds = st.sampled_from([None, {}, {}, {}, {"oneway": "yes"}, {"oneway": "-1"}])
    ways = [("ab", {})]
    for (i, j), name in letter.items():
        for other in ((i + 1, j), (i, j + 1)):
            if name + letter.get(other, "b") == "ab":
                continue
            if other in letter and (kind := draw(kinds)) is not None:
                ways.append((name + letter[other], kind))
    lights = draw(st.lists(st.sampled_from(sorted(nodes)), max_size=3))
    decimetres = st.integers(-600, size * step * 10).map(lambda d: d / 10)
    spot = st.tuples(decimetres, decimetres)
    places = draw(st.lists(spot, min_size=6, max_size=6))
    return nodes, ways, {x: {"highway": "traffic_signals"} for x in lights}, places


@given(town=towns(), mode=st.sampled_from([Mode.WALK, Mode.BIKE, Mode.DRIVE]))
@settings(max_examples=60)
def test_every_way_is_as_short_as_an_independent_engine_finds(town, mode):
    nodes, ways, tags, places = town
    drawn = streets(nodes, ways, tags)
    graph = build_graph(drawn, mode, METRE_A_SECOND)
    oracle = Oracle(drawn, mode, METRE_A_SECOND, graph.snap_m_per_s)
    points = at(*places)
    expected = oracle.seconds(points, points, 1e9)
    expected[(points[:, None] == points).all(axis=2)] = 0.0
    plain = oracle.plain[: len(points)]
    pairs = np.ix_(plain, plain)
    for reverse in (False, True):
        got = seconds(graph, points, points, reverse=reverse)
        want = expected.T if reverse else expected
        assert got[pairs] == pytest.approx(want[pairs], abs=2e-3)


@given(town=towns(), limit_s=st.floats(1, 600), more_s=st.floats(0, 600))
@settings(max_examples=30)
def test_a_longer_limit_never_loses_a_pair_nor_changes_one(town, limit_s, more_s):
    nodes, ways, tags, places = town
    graph = walk(nodes, ways, tags, mode=Mode.BIKE)
    points = at(*places)
    short = seconds(graph, points, points, limit_s=limit_s)
    long = seconds(graph, points, points, limit_s=limit_s + more_s)
    found = ~np.isnan(short)
    assert (short[found] <= limit_s + 1e-3).all()
    assert np.array_equal(short[found], long[found])
    assert (np.isnan(short) | found)[~np.isnan(long)].all()


@given(town=towns())
@settings(max_examples=30)
def test_a_stop_on_the_way_is_never_a_short_cut(town):
    nodes, ways, tags, places = town
    graph = walk(nodes, ways, tags, mode=Mode.BIKE)
    points = at(*places)
    direct = seconds(graph, points, points)
    for via in range(len(points)):
        assert (direct <= direct[:, [via]] + direct[[via], :] + 1e-2).all()


@given(town=towns(), limit_s=st.floats(1, 500), reverse=st.booleans())
@settings(max_examples=30)
def test_the_sparse_answer_is_the_dense_one(town, limit_s, reverse):
    nodes, ways, tags, places = town
    graph = walk(nodes, ways, tags, mode=Mode.BIKE)
    a, b = snap(graph, at(*places[:4])), snap(graph, at(*places[2:]))
    dense = search(graph, a, b, reverse=reverse, limit_s=limit_s)
    sparse = nearby(graph, a, b, reverse=reverse, limit_s=limit_s)
    source, target = np.nonzero(~np.isnan(dense.seconds))
    assert np.array_equal(sparse.source, source)
    assert np.array_equal(sparse.target, target)
    assert np.array_equal(sparse.seconds, dense.seconds[source, target])
    assert np.array_equal(sparse.metres, dense.metres[source, target])
    assert np.array_equal(np.diff(sparse.start), np.bincount(source, minlength=len(a)))


@given(town=towns(), order=st.permutations(range(6)))
@settings(max_examples=25)
def test_the_order_of_places_and_the_executor_change_nothing(town, order):
    nodes, ways, tags, places = town
    graph = walk(nodes, ways, tags)
    a = snap(graph, at(*places))
    rows = np.array(order)
    plain = search(graph, a, a, reverse=False, limit_s=999).seconds
    mixed = search(graph, a.take(rows), a, reverse=False, limit_s=999).seconds
    assert np.array_equal(mixed, plain[rows], equal_nan=True)
    with ThreadPoolExecutor(2) as executor:
        side_by_side = search(graph, a, a, reverse=False, limit_s=999, executor=executor).seconds
    assert np.array_equal(side_by_side, plain, equal_nan=True)


# --- real cities ------------------------------------------------------------------------------


def _places(city_streets, n: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    rows = rng.integers(0, len(city_streets.nodes), n)
    near = city_streets.nodes[["lon", "lat"]].to_numpy(float)[rows]
    return near + rng.normal(0, 0.0015, (n, 2))


@pytest.mark.golden
@pytest.mark.parametrize("mode", [Mode.WALK, Mode.WHEELCHAIR, Mode.BIKE, Mode.DRIVE])
@pytest.mark.parametrize("city", ["nky", "portland"])
def test_a_city_agrees_with_an_independent_engine_to_a_few_milliseconds(cities, city, mode):
    drawn = read_streets(cities / CITIES[city]).table
    limits = Limits()
    graph = build_graph(drawn, mode, limits)
    points = _places(drawn, 60)
    origins, destinations = snap(graph, points[:15]), snap(graph, points[15:])
    oracle = Oracle(drawn, mode, limits, graph.snap_m_per_s)
    want = oracle.seconds(points[:15], points[15:], 3600)
    plain = oracle.plain & np.concatenate([origins.ok, destinations.ok])
    pairs = np.ix_(plain[:15], plain[15:])
    got = search(graph, origins, destinations, reverse=False, limit_s=3600).seconds
    back = search(graph, destinations, origins, reverse=True, limit_s=3600).seconds.T
    assert np.isfinite(want[pairs]).sum() > 40
    for answer in (got, back):
        filled = np.where(np.isnan(answer), np.inf, answer)
        assert filled[pairs] == pytest.approx(want[pairs], abs=3e-3)


@pytest.mark.golden
def test_a_snap_is_the_nearest_street_of_the_component(cities):
    drawn = read_streets(cities / CITIES["spo"]).table
    graph = build_graph(drawn, Mode.WALK, Limits())
    points = _places(drawn, 40)
    snapped: Snap = snap(graph, points)
    oracle = Oracle(drawn, Mode.WALK, Limits(), graph.snap_m_per_s)
    straight = [oracle.nearest(*point)[2] for point in points]
    assert snapped.snap_m == pytest.approx(np.array(straight), abs=1e-2)
