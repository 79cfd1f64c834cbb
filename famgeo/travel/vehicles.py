"""Which trip a vehicle runs next, so that riders may stay in their seats."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.tables import Timetable

SAME_PLACE_M = 200.0
"""A next trip that starts farther away is a drive to the depot, not a ride."""

EARTH_M = 6_371_000.0

Longs = NDArray[np.int64]


def next_in_seat(timetable: Timetable) -> Longs:
    """Return for each trip the trip its vehicle runs next with riders on board; -1 = none.

    Within a block and service, in the order of first departures: the next trip, when it starts
    where the last one ended and not before. Trips that repeat by headway have no block. What the
    feed says itself of a pair (``in_seat``) comes first. No trip follows two.
    """
    ends = _trip_ends(timetable)
    pairs = pd.concat([_said(timetable, ends, stays=True), _block_pairs(timetable, ends)])
    forbidden = _said(timetable, ends, stays=False).assign(forbidden=True)
    pairs = pairs.merge(forbidden, on=["from_trip", "to_trip"], how="left")
    pairs = pairs[pairs["forbidden"].isna()]
    pairs = pairs[~pairs["from_trip"].duplicated()]
    pairs = pairs[~pairs["to_trip"].duplicated()]
    following = np.full(len(timetable.trips), -1, dtype=np.int64)
    following[pairs["from_trip"].to_numpy(dtype=np.int64)] = pairs["to_trip"].to_numpy()
    return following


def _trip_ends(timetable: Timetable) -> pd.DataFrame:
    """Return first and last second and stop of each trip; a trip has at least two stops."""
    times = timetable.stop_times
    first = times.drop_duplicates("trip", keep="first").set_index("trip")
    last = times.drop_duplicates("trip", keep="last").set_index("trip")
    trips = timetable.trips[["service_id", "block_id"]]
    return trips.assign(
        first_s=first["departure_s"],
        last_s=last["arrival_s"],
        first_stop=first["stop"],
        last_stop=last["stop"],
    )


def _said(timetable: Timetable, ends: pd.DataFrame, *, stays: bool) -> pd.DataFrame:
    said = timetable.in_seat
    said = said.loc[said["stays"] == stays, ["from_trip", "to_trip"]].astype(np.int64)
    before = ends["last_s"].to_numpy()[said["from_trip"].to_numpy()]
    after = ends["first_s"].to_numpy()[said["to_trip"].to_numpy()]
    return pd.DataFrame(said[after >= before])


def _block_pairs(timetable: Timetable, ends: pd.DataFrame) -> pd.DataFrame:
    repeats = ends.index.isin(timetable.frequencies["trip"])
    blocks = ends[(ends["block_id"] != "") & ~repeats]
    blocks = blocks.sort_values(["service_id", "block_id", "first_s", "last_s"], kind="stable")
    before, after = blocks.iloc[:-1], blocks.iloc[1:]
    follows = (
        (after["service_id"].to_numpy() == before["service_id"].to_numpy())
        & (after["block_id"].to_numpy() == before["block_id"].to_numpy())
        & (after["first_s"].to_numpy() >= before["last_s"].to_numpy())
        & _same_place(timetable.stops, before["last_stop"], after["first_stop"])
    )
    return pd.DataFrame({"from_trip": before.index[follows], "to_trip": after.index[follows]})


def _same_place(
    stops: pd.DataFrame, one: "pd.Series[int]", other: "pd.Series[int]"
) -> NDArray[np.bool_]:
    lon, lat = np.radians(stops["lon"].to_numpy()), np.radians(stops["lat"].to_numpy())
    a, b = one.to_numpy(), other.to_numpy()
    metres = EARTH_M * np.hypot((lon[b] - lon[a]) * np.cos(lat[a]), lat[b] - lat[a])
    return np.asarray(metres <= SAME_PLACE_M)
