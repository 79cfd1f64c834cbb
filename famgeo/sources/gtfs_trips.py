"""The stops and trips of a feed, its frequencies, and what it says of staying on board."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Answer
from famgeo.sources.gtfs_text import Ledger, TextFile
from famgeo.sources.gtfs_times import parse_times

ANSWER_OF = {"1": Answer.YES.value, "2": Answer.NO.value}
UNKNOWN = Answer.UNKNOWN.value
PLATFORM = ("", "0")
STAYS, LEAVES = "4", "5"
MIN_HEADWAY_S = 10
"""No line runs more often; a smaller number is a fault of the feed."""

Column = NDArray[Any]


def read_stops(file: TextFile, ledger: Ledger) -> pd.DataFrame:
    """Return the stops with ``fault``: why nobody can board there ('' = one can).

    A stop that does not say whether a wheelchair user can board inherits its station's answer.
    """
    stops = pd.DataFrame(
        {
            "stop_id": file.text("stop_id"),
            "name": file.text("stop_name"),
            "lon": file.numbers("stop_lon"),
            "lat": file.numbers("stop_lat"),
            "wheelchair": _answers(file, "wheelchair_boarding"),
            "parent": file.text("parent_station"),
            "fault": _stop_faults(file),
        }
    )
    stops = _first_of_each(stops, "stop_id", file.name, ledger)
    parents = stops.set_index("stop_id")["wheelchair"]
    inherited = stops["parent"].map(parents).fillna(UNKNOWN)
    said = stops["wheelchair"] != UNKNOWN
    return stops.assign(wheelchair=stops["wheelchair"].where(said, inherited))


def _stop_faults(file: TextFile) -> NDArray[np.object_]:
    lon, lat = file.numbers("stop_lon"), file.numbers("stop_lat")
    nowhere = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90)) | ((lon == 0) & (lat == 0))  # noqa: PLR2004
    no_platform = ~file.text("location_type").isin(PLATFORM)
    fault = np.where(nowhere, "has no valid coordinates", "")
    return np.where(no_platform, "is a station or an entrance, not a stop", fault).astype(object)


def _answers(file: TextFile, column: str) -> "pd.Series[str]":
    return file.text(column).map(ANSWER_OF).fillna(UNKNOWN)


def _first_of_each(table: pd.DataFrame, key: str, name: str, ledger: Ledger) -> pd.DataFrame:
    again = table[key].duplicated()
    if again.any():
        ledger.note(
            f"{name}: rows that repeat a {key}: {again.sum():,}; the first of each is used."
        )
    return table[~again].reset_index(drop=True)


def read_trips(
    file: TextFile, routes: set[str], services: set[str], ledger: Ledger
) -> pd.DataFrame:
    """Return the trips with ``fault``: what they refer to that the feed lacks ('' = nothing)."""
    trips = pd.DataFrame(
        {
            "trip_id": file.text("trip_id"),
            "service_id": file.text("service_id"),
            "block_id": file.text("block_id"),
            "wheelchair": _answers(file, "wheelchair_accessible"),
            "route_id": file.text("route_id"),
        }
    )
    no_route = ~trips["route_id"].isin(routes)
    no_service = ~trips["service_id"].isin(services)
    fault = np.where(no_service, "its service is in no calendar", "")
    fault = np.where(no_route, "its route is not in routes.txt", fault)
    return _first_of_each(trips.assign(fault=fault), "trip_id", file.name, ledger)


def read_frequencies(file: TextFile | None, trips: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return the periods in which a trip repeats, by position in ``trips``."""
    if file is None:
        none = np.array([], dtype=np.int32)
        return _frequency_table(none, none, none, none, none > 0)
    trip = pd.Index(trips["trip_id"]).get_indexer(file.text("trip_id"))
    start, end = parse_times(file, "start_time"), parse_times(file, "end_time")
    headway = np.nan_to_num(file.numbers("headway_secs"))
    good = (trip >= 0) & (start >= 0) & (end > start) & (headway >= MIN_HEADWAY_S)
    if not good.all():
        ledger.note(f"frequencies.txt: rows that cannot be used: {(~good).sum():,}.")
    exact = (file.text("exact_times") == "1").to_numpy()
    if (good & ~exact).any():
        ledger.note(
            f"Trips that run every so many minutes, without fixed times: "
            f"{len(np.unique(trip[good & ~exact])):,}; they are taken to leave on the dot from "
            "the start of each period, so a wait can be up to one headway longer."
        )
    return _frequency_table(trip[good], start[good], end[good], headway[good], exact[good])


def _frequency_table(
    trip: Column, start: Column, end: Column, headway: Column, exact: Column
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trip": trip.astype(np.int32),
            "start_s": start.astype(np.int32),
            "end_s": end.astype(np.int32),
            "headway_s": headway.astype(np.int32),
            "exact": exact,
        }
    )


def read_in_seat(file: TextFile | None, trips: pd.DataFrame) -> pd.DataFrame:
    """Return the trip pairs of transfers.txt between which riders stay on, or must not.

    Standard: GTFS ``transfer_type`` 4 (in-seat transfer) and 5 (no in-seat transfer).
    """
    empty = pd.Series([], dtype="str")
    kind, before, after = (
        empty if file is None else file.text(c)
        for c in ("transfer_type", "from_trip_id", "to_trip_id")
    )
    index = pd.Index(trips["trip_id"])
    from_trip, to_trip = index.get_indexer(before), index.get_indexer(after)
    good = kind.isin([STAYS, LEAVES]).to_numpy() & (from_trip >= 0) & (to_trip >= 0)
    return pd.DataFrame(
        {
            "from_trip": from_trip[good].astype(np.int32),
            "to_trip": to_trip[good].astype(np.int32),
            "stays": (kind == STAYS).to_numpy()[good],
        }
    )
