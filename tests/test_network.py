import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import sleep

import pytest
from drawn_streets import at, streets
from feeds import draw_timetable

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.travel import network as module
from famgeo.travel.network import Network

BLOCK = streets(
    {"a": (0, 0), "b": (100, 0), "c": (100, 100), "d": (0, 100)},
    [("abcd", {}), ("da", {"highway": "footway"})],
)
BUS = draw_timetable(
    {"T": [(0, 3600, 3600), (1, 3900, 3900)]}, n_stops=2, lonlat=at((0, 0), (90, 0))
)


def test_a_part_is_built_once_however_many_threads_ask(monkeypatch):
    built = []

    def slowly(*args):
        built.append(args[1])
        sleep(0.05)
        return object()

    monkeypatch.setattr(module, "build_graph", slowly)
    network = Network(streets=BLOCK)
    with ThreadPoolExecutor(4) as executor:
        graphs = list(executor.map(network.graph, [Mode.WALK, Mode.DRIVE] * 4))
    assert sorted(built) == [Mode.DRIVE, Mode.WALK]
    assert len({id(graph) for graph in graphs}) == 2


def test_transit_walks_on_the_walking_graph():
    network = Network(streets=BLOCK, timetables=(BUS,))
    assert network.graph(Mode.TRANSIT) is network.graph(Mode.WALK)
    assert network.transit(step_free=False).graph is network.graph(Mode.WALK)
    assert network.transit(step_free=True).graph is network.graph(Mode.WHEELCHAIR)


def test_a_day_is_laid_out_once():
    network = Network(streets=BLOCK, timetables=(BUS,))
    day = date(2020, 2, 5)
    assert network.day(day, step_free=False) is network.day(day, step_free=False)
    assert network.day(day, step_free=False) is not network.day(day, step_free=True)


def test_without_a_timetable_transit_says_what_to_add():
    network = Network(streets=BLOCK)
    assert network.zone is None
    for ask in (
        lambda: network.day(date(2020, 2, 5), step_free=False),
        lambda: network.transit(step_free=False),
    ):
        with pytest.raises(TravelError, match="Add a GTFS file"):
            ask()


def test_a_network_can_go_to_another_process():
    network = Network(streets=BLOCK, limits=Limits(walk_kmh=4))
    network.graph(Mode.WALK)
    copy = pickle.loads(pickle.dumps(network))
    assert copy.limits == network.limits
    assert len(copy.graph(Mode.WALK).metres) == 4
