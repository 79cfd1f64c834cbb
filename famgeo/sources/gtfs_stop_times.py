"""The stop times of a feed: dropped, counted and listed where they are wrong, else complete."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.sources.gtfs_text import Ledger, TextFile
from famgeo.sources.gtfs_times import (
    BAD,
    BLANK,
    fill_blanks,
    first_of_trip,
    parse_times,
    runs_backwards,
)

NONE, PHONE, DRIVER = "1", "2", "3"
COLUMNS = ["trip", "stop", "arrival_s", "departure_s", "can_board", "can_alight", "by_phone"]

Mask = NDArray[np.bool_]
Text = NDArray[np.object_]


def read_stop_times(
    file: TextFile, stops: pd.DataFrame, trips: pd.DataFrame, ledger: Ledger
) -> pd.DataFrame:
    """Return the stop times of every usable trip, sorted by trip and sequence, blanks filled.

    A row without a usable stop is dropped and its trip goes on without it. A trip with an
    unreadable time, with times that run backwards, without a first or last time, or with a single
    stop is dropped whole.
    """
    times = _drop_rows(_as_positions(file, stops, trips), stops, ledger)
    times = _drop_trips(times, trips["fault"].to_numpy()[times["trip"]], trips, ledger, once=True)
    times = _drop_trips(times, _unreadable(times), trips, ledger)
    times = times.sort_values(["trip", "sequence"], kind="stable", ignore_index=True)
    times = _drop_trips(times, _incomplete(times), trips, ledger)
    back = np.where(runs_backwards(times), "its times run backwards here", "")
    times = _drop_trips(times, back, trips, ledger)
    n_blank = int((times["arrival_s"] == BLANK).sum())
    if n_blank:
        ledger.note(f"Blank stop times filled in between timepoints: {n_blank:,}.")
    if times["by_phone"].any():
        booked = times["by_phone"].sum()
        ledger.note(f"Stop times that must be booked, not used as service: {booked:,}.")
    return fill_blanks(times, stops, times["shape_m"].to_numpy())[COLUMNS]


def _as_positions(file: TextFile, stops: pd.DataFrame, trips: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with trips and stops as positions; -1 = there is none of that id."""
    arrival, departure = parse_times(file, "arrival_time"), parse_times(file, "departure_time")
    pickup, drop_off = file.text("pickup_type"), file.text("drop_off_type")
    by_phone = pickup.isin([PHONE, DRIVER]) | drop_off.isin([PHONE, DRIVER])
    blank = bool((arrival == BLANK).any() and (departure == BLANK).any())
    return pd.DataFrame(
        {
            "row": file.rows,
            "trip": _positions(file, "trip_id", trips["trip_id"]),
            "stop": _positions(file, "stop_id", stops["stop_id"]),
            "sequence": file.numbers("stop_sequence"),
            "arrival_s": np.where(arrival == BLANK, departure, arrival),
            "departure_s": np.where(departure == BLANK, arrival, departure),
            "can_board": ~pickup.isin([NONE, PHONE, DRIVER]),
            "can_alight": ~drop_off.isin([NONE, PHONE, DRIVER]),
            "by_phone": by_phone,
            "flexible": _not_blank(file, "location_group_id") | _not_blank(file, "location_id"),
            "shape_m": file.numbers("shape_dist_traveled") if blank else np.nan,
        }
    )


def _positions(file: TextFile, column: str, ids: pd.Series) -> NDArray[np.int32]:
    codes, values = file.codes(column)
    positions: NDArray[np.int32] = pd.Index(ids).get_indexer(values).astype(np.int32)
    return positions[codes]


def _not_blank(file: TextFile, column: str) -> Mask:
    return (file.text(column) != "").to_numpy() if file.has(column) else np.zeros(len(file), bool)


def _drop_rows(times: pd.DataFrame, stops: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    flexible = times["flexible"].to_numpy()
    if flexible.any():
        ledger.note(f"Stop times of on-demand zones, not scheduled service: {flexible.sum():,}.")
    times = times[~flexible]
    stop_fault = np.append(stops["fault"].to_numpy(), "is not in stops.txt")[times["stop"]]
    no_trip = (times["trip"] < 0).to_numpy()
    why = np.where(stop_fault != "", "its stop " + stop_fault, "").astype(object)
    why = np.where(no_trip, "its trip is not in trips.txt", why)
    bad = why != ""
    for row, reason in zip(times["row"][bad], why[bad], strict=True):
        ledger.refuse(row, reason)
    return pd.DataFrame(times[~bad]).reset_index(drop=True)


def _drop_trips(
    times: pd.DataFrame, why: Text, trips: pd.DataFrame, ledger: Ledger, *, once: bool = False
) -> pd.DataFrame:
    """Drop every trip with a fault in some row; list each such row, or only the trip's first."""
    faulty = np.flatnonzero(why != "")
    bad_trip = np.zeros(len(trips), dtype=bool)
    bad_trip[times["trip"].to_numpy()[faulty]] = True
    listed = times.iloc[faulty].assign(why=why[faulty])
    if once:
        listed = listed.drop_duplicates("trip")
    names = trips["trip_id"].to_numpy()
    for row, trip, reason in listed[["row", "trip", "why"]].itertuples(index=False):
        ledger.refuse(row, f"trip '{names[trip]}' is not used: {reason}.")
    return times[~bad_trip[times["trip"]]].reset_index(drop=True)


def _unreadable(times: pd.DataFrame) -> Text:
    bad_time = (times["arrival_s"] == BAD) | (times["departure_s"] == BAD)
    why = np.where(bad_time, "a time in this row cannot be read", "").astype(object)
    why[times["sequence"].isna().to_numpy()] = "its stop_sequence is not a number"
    return why


def _incomplete(times: pd.DataFrame) -> Text:
    """Say what a trip lacks: a second stop, or a time at its first or last stop."""
    trip = times["trip"].to_numpy()
    first = first_of_trip(trip)
    last = np.append(first[1:], True)[: len(first)]
    blank = (times["arrival_s"] == BLANK).to_numpy()
    why = np.where((first | last) & blank, "no time at its first or last stop", "").astype(object)
    why[first & last] = "it has a single stop"
    return why
