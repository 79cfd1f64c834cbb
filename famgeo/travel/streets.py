"""Streets, built and searched: the public face of graph, snapping and search.

``build_graph`` once per mode, ``snap`` the places once per graph, then ``search`` (dense) or
``nearby`` (sparse) as often as needed.
"""

from famgeo.travel.graph import StreetGraph, build_graph
from famgeo.travel.search import Legs, NearBy, nearby, search
from famgeo.travel.snapping import Snap, snap

__all__ = [
    "Legs",
    "NearBy",
    "Snap",
    "StreetGraph",
    "build_graph",
    "nearby",
    "search",
    "snap",
]
