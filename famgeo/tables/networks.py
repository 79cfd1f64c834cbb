"""Streets, timetables and trips: the tables between sources and travel, as arrays."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WAY_TAGS = (
    "highway",
    "name",
    "access",
    "area",
    "bicycle",
    "cycleway",
    "cycleway:both",
    "cycleway:left",
    "cycleway:left:oneway",
    "cycleway:right",
    "cycleway:right:oneway",
    "foot",
    "incline",
    "junction",
    "maxspeed",
    "maxspeed:backward",
    "maxspeed:forward",
    "motor_vehicle",
    "motorcar",
    "motorroad",
    "oneway",
    "oneway:bicycle",
    "oneway:foot",
    "public_transport",
    "railway",
    "service",
    "sidewalk",
    "sidewalk:both",
    "sidewalk:left",
    "sidewalk:right",
    "smoothness",
    "surface",
    "tracktype",
    "tunnel",
    "vehicle",
    "wheelchair",
)
"""The way tags a street keeps: all that a travel profile reads, and the name."""

NODE_TAGS = (
    "barrier",
    "highway",
    "kerb",
    "wheelchair",
    "access",
    "foot",
    "bicycle",
    "motor_vehicle",
)
"""The node tags a street keeps."""


@dataclass(frozen=True, kw_only=True)
class Streets:
    """The street network as read, before any mode's rules are applied.

    nodes : node_id (int64), lon, lat, and the text columns ``NODE_TAGS`` ('' = no tag). Only nodes
        that a way uses.
    ways : way_id (int64) and the text columns ``WAY_TAGS`` ('' = no tag).
    way_of, from_node, to_node : int32 arrays, one entry per straight piece of a way in the
        way's direction; positions in ``ways`` and ``nodes``, not ids.
    """

    nodes: pd.DataFrame
    ways: pd.DataFrame
    way_of: NDArray[np.int32]
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """One GTFS feed as checked tables; ids are prefixed by the feed, so feeds join.

    stops : stop_id, name, lon, lat, wheelchair (Answer, inherited from the parent station).
    trips : trip_id, service_id, block_id ('' = none), wheelchair (Answer), route_id.
    stop_times : trip (int32 position in trips), stop (int32 position in stops), arrival_s,
        departure_s (int32 service seconds from noon minus 12 h, blanks interpolated),
        can_board, can_alight (bool; False also for by-phone), by_phone (bool); sorted by trip
        and sequence.
    services : one row per service and date on which it runs: service_id, date (datetime64[D]).
    frequencies : trip (int32), start_s, end_s, headway_s (int32), exact (bool).
    in_seat : from_trip, to_trip (int32), stays (bool): what the feed itself says of riders
        staying on from one trip to the next; a False overrides the block.
    """

    feed_id: str
    timezone: str
    stops: pd.DataFrame
    trips: pd.DataFrame
    stop_times: pd.DataFrame
    services: pd.DataFrame
    frequencies: pd.DataFrame
    in_seat: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"from_trip": [], "to_trip": [], "stays": []})
    )


@dataclass(frozen=True, kw_only=True)
class Trips:
    """Best trips from every origin to every destination: arrays of shape (origins, destinations).

    minutes : float32, the time given up (see below); NaN = no way.
    leave_s, arrive_s : float64 POSIX seconds; NaN = no way. For arrive-by, ``leave_s`` is the
        latest moment to leave and ``minutes`` runs from it to the meeting's start. For depart-at,
        ``arrive_s`` is the earliest arrival and ``minutes`` runs from the meeting's end to it.
    walk_m : float32 metres on foot. rides : int8 vehicles boarded; 0 on foot or by own means.
    status : int8 codes, positions in ``list(Status)``.
    """

    minutes: NDArray[np.float32]
    leave_s: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    walk_m: NDArray[np.float32]
    rides: NDArray[np.int8]
    status: NDArray[np.int8]
