"""Walks around stops, read off searches made once, against a search for each question."""

import numpy as np
import pytest
from drawn_streets import at, streets
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.domain import Limits, Mode
from famgeo.errors import TravelError
from famgeo.travel.doors import reach_of_stops, walks_to_doors
from famgeo.travel.streets import build_graph, nearby, snap
from famgeo.travel.transit import build_transit, scheduled

CORNERS = {"a": (0, 0), "b": (600, 0), "c": (600, 600), "d": (0, 600), "e": (1500, 0)}
TOWN = streets(CORNERS, [("ab", {}), ("bc", {}), ("cd", {}), ("da", {}), ("be", {})])
GRAPH = build_graph(TOWN, Mode.WALK, Limits())

points = st.lists(st.tuples(st.integers(-400, 1900), st.integers(-700, 900)), max_size=8)


@pytest.mark.parametrize("reverse", [False, True])
@settings(max_examples=60)
@given(stops=points, places=points, minutes=st.integers(0, 40))
def test_the_stops_near_a_door_are_those_a_search_finds(stops, places, minutes, reverse):
    stops, places = (snap(GRAPH, at(*some)) for some in (stops, places))
    asked = {"reverse": reverse, "limit_s": minutes * 60.0}
    found = walks_to_doors(reach_of_stops(GRAPH, stops, **asked), places)
    near = nearby(GRAPH, stops, places, **asked)
    place = np.repeat(np.arange(len(places)), np.diff(found.start))
    order = np.lexsort((place, found.target))
    assert found.target[order].tolist() == near.source.tolist()
    assert place[order].tolist() == near.target.tolist()
    assert found.seconds[order].tolist() == np.rint(near.seconds).tolist()
    assert found.metres[order].tolist() == near.metres.tolist()


def test_longer_walks_than_the_stops_were_connected_by_are_refused():
    network, door = build_transit([], GRAPH, Limits(), step_free=False), snap(GRAPH, at((0, 0)))
    asked = {"depart_at_s": 0, "max_minutes": 60, "limits": Limits(max_walk_min=25)}
    with pytest.raises(TravelError, match="walks of 20 minutes, not 25"):
        scheduled(network, None, door, door, **asked)
