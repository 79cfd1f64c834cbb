"""Compile the search kernels ahead of the first question, on a drawn block with one bus.

Compiling takes a while once on each machine; later starts read the result from disk.
"""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from famgeo.domain import Limits, Mode
from famgeo.tables import NODE_TAGS, WAY_TAGS, Streets, Timetable
from famgeo.travel.kernels import search_dense
from famgeo.travel.network import Network
from famgeo.travel.times import last_way_home, trips

_ZONE = "UTC"
_NOON = datetime(2020, 2, 5, 12, tzinfo=ZoneInfo(_ZONE))
_CORNERS = np.array([(0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01)])


def is_warm() -> bool:
    """Whether compiled kernels are on disk already, so that a first question is answered at once.

    A hint for a progress line: kernels left by another version of the code also count.
    """
    folder = search_dense.stats.cache_path
    return folder is not None and any(Path(folder).glob("kernels.search_dense-*.nbi"))


def warm_up() -> None:
    """Ask every kind of question once in a drawn world; changes nothing but the disk cache."""
    network = Network(streets=_block(), timetables=(_one_bus(),), limits=Limits())
    few, more = _CORNERS[:1], _CORNERS
    for mode in Mode:
        for origins, destinations in ((few, more), (more, few)):
            trips(network, origins, destinations, mode, arrive_by=_NOON, max_minutes=60)
            trips(network, origins, destinations, mode, depart_at=_NOON, max_minutes=60)
    last_way_home(network, few, more, after=_NOON, limit_min=60)


def _block() -> Streets:
    """Return four residential streets around a block."""
    corners = pd.DataFrame({"node_id": range(4), "lon": _CORNERS[:, 0], "lat": _CORNERS[:, 1]})
    street = pd.DataFrame({"way_id": [1]})
    return Streets(
        nodes=corners.assign(**dict.fromkeys(NODE_TAGS, "")),
        ways=street.assign(**(dict.fromkeys(WAY_TAGS, "") | {"highway": "residential"})),
        way_of=np.zeros(4, np.int32),
        from_node=np.arange(4, dtype=np.int32),
        to_node=np.roll(np.arange(4, dtype=np.int32), -1),
    )


def _one_bus() -> Timetable:
    """Return a bus across the block shortly before noon, and one shortly after."""
    minutes = np.array([700, 705, 730, 735], np.int32)
    whole = np.ones(4, bool)
    none = np.empty(0, np.int32)
    return Timetable(
        feed_id="drawn",
        timezone=_ZONE,
        stops=pd.DataFrame(
            {
                "stop_id": ["a", "b"],
                "name": ["A", "B"],
                "lon": _CORNERS[[0, 2], 0],
                "lat": _CORNERS[[0, 2], 1],
                "wheelchair": "yes",
            }
        ),
        trips=pd.DataFrame(
            {
                "trip_id": ["1", "2"],
                "service_id": "s",
                "block_id": "",
                "wheelchair": "yes",
                "route_id": "r",
            }
        ),
        stop_times=pd.DataFrame(
            {
                "trip": np.array([0, 0, 1, 1], np.int32),
                "stop": np.array([0, 1, 0, 1], np.int32),
                "arrival_s": minutes * 60,
                "departure_s": minutes * 60,
                "can_board": whole,
                "can_alight": whole,
                "by_phone": ~whole,
            }
        ),
        services=pd.DataFrame(
            {"service_id": ["s"], "date": np.array(["2020-02-05"], "datetime64[D]")}
        ),
        frequencies=pd.DataFrame(
            {"trip": none, "start_s": none, "end_s": none, "headway_s": none, "exact": none == 0}
        ),
    )
