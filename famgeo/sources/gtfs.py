"""Read a GTFS feed: bytes in, a checked timetable and a report out.

Standard: GTFS Schedule reference. One reading path for every file; what is wrong in the stop
times is dropped, counted and listed by row, and the rest goes on.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from famgeo.domain import ReadReport, timezone
from famgeo.errors import SourceError, StudyError
from famgeo.sources.archive import read_archive
from famgeo.sources.gtfs_days import service_days
from famgeo.sources.gtfs_stop_times import read_stop_times
from famgeo.sources.gtfs_text import MAX_LISTED, Ledger, TextFile, parse_text
from famgeo.sources.gtfs_trips import read_frequencies, read_in_seat, read_stops, read_trips
from famgeo.tables import Read, Timetable

FILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # file: (columns it must have, columns it may have)
    "agency.txt": (("agency_timezone",), ()),
    "stops.txt": (
        ("stop_id", "stop_lat", "stop_lon"),
        ("stop_name", "location_type", "parent_station", "wheelchair_boarding"),
    ),
    "routes.txt": (("route_id",), ()),
    "trips.txt": (
        ("route_id", "service_id", "trip_id"),
        ("block_id", "wheelchair_accessible"),
    ),
    "stop_times.txt": (
        ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
        (
            "pickup_type",
            "drop_off_type",
            "shape_dist_traveled",
            "location_group_id",
            "location_id",
        ),
    ),
    "calendar.txt": (
        (
            *("service_id", "monday", "tuesday", "wednesday", "thursday", "friday"),
            *("saturday", "sunday", "start_date", "end_date"),
        ),
        (),
    ),
    "calendar_dates.txt": (("service_id", "date", "exception_type"), ()),
    "frequencies.txt": (
        ("trip_id", "start_time", "end_time", "headway_secs"),
        ("exact_times",),
    ),
    "transfers.txt": (
        (),
        ("from_trip_id", "to_trip_id", "transfer_type"),
    ),
}
REQUIRED = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")

Files = dict[str, TextFile]


def read_timetable(path: str | Path, *, feed_id: str) -> Read[Timetable]:
    """Read a GTFS zip as one timetable whose ids start with ``feed_id:``.

    Parameters
    ----------
    path
        The zip, told by its content and not by its name; files at its root or in one folder.
    feed_id
        A short name of the feed; it keeps the ids of several feeds apart.

    Returns
    -------
    The timetable, and a report whose rows are those of ``stop_times.txt``.

    Raises
    ------
    SourceError
        When nothing can be read: no zip, not GTFS, a file or column missing, no trips left.
    """
    path = Path(path)
    ledger = Ledger()
    try:
        files = _read_files(path, ledger)
        timetable, n_rows = _timetable(files, feed_id, ledger)
    except SourceError as error:
        text = str(error)
        raise SourceError(text if text.startswith(path.name) else f"{path.name}: {text}") from error
    return Read(table=timetable, report=_report(path.name, timetable, n_rows, ledger))


def _read_files(path: Path, ledger: Ledger) -> Files:
    contents, folder = read_archive(path, frozenset(FILES))
    if not {"stops.txt", "stop_times.txt", "trips.txt"} & set(contents):
        message = (
            "this zip holds no GTFS timetable: there is no stops.txt, trips.txt or "
            "stop_times.txt in it. Get the agency's GTFS file."
        )
        raise SourceError(message)
    needed = [*REQUIRED, "calendar.txt" if "calendar_dates.txt" not in contents else ""]
    if missing := [name for name in needed if name and name not in contents]:
        message = f"the feed lacks {', '.join(missing)}. Ask the publisher for a complete feed."
        raise SourceError(message)
    if folder:
        ledger.note(f"The files lie in the folder '{folder}' of the zip; they were read from it.")
    return {
        name: parse_text(name, content, (*FILES[name][0], *FILES[name][1]), FILES[name][0], ledger)
        for name, content in sorted(contents.items())
    }


def _timetable(files: Files, feed_id: str, ledger: Ledger) -> tuple[Timetable, int]:
    zone = _timezone(files["agency.txt"], ledger)
    days = service_days(files.get("calendar.txt"), files.get("calendar_dates.txt"), ledger)
    services = {*days["service_id"], *_names(files.get("calendar.txt"))}
    stops = read_stops(files["stops.txt"], ledger)
    trips = read_trips(
        files["trips.txt"], set(_names(files["routes.txt"], "route_id")), services, ledger
    )
    times = read_stop_times(files["stop_times.txt"], stops, trips, ledger)
    if days.empty or times.empty:
        what = "no day of service" if days.empty else "no trip that can be used"
        message = f"the feed has {what}. Ask the publisher for a current feed."
        raise SourceError(message)
    stops, trips, times = _only_used(stops, trips, times)
    timetable = Timetable(
        feed_id=feed_id,
        timezone=zone,
        stops=_prefixed(stops, feed_id, "stop_id"),
        trips=_prefixed(trips, feed_id, "trip_id", "service_id", "block_id", "route_id"),
        stop_times=times,
        services=_prefixed(days, feed_id, "service_id"),
        frequencies=read_frequencies(files.get("frequencies.txt"), trips, ledger),
        in_seat=read_in_seat(files.get("transfers.txt"), trips),
    )
    return timetable, len(files["stop_times.txt"])


def _names(file: TextFile | None, column: str = "service_id") -> list[str]:
    return [] if file is None else file.codes(column)[1]


def _timezone(agency: TextFile, ledger: Ledger) -> str:
    zones = [z for z in agency.codes("agency_timezone")[1] if z]
    if not zones:
        message = "agency.txt names no agency_timezone. Ask the publisher for a complete feed."
        raise SourceError(message)
    if len(zones) > 1:
        ledger.note(f"agency.txt names {len(zones)} time zones; {zones[0]} is used for all.")
    try:
        return timezone(zones[0]).key
    except StudyError as error:
        message = f"agency.txt: {error}"
        raise SourceError(message) from error


def _only_used(
    stops: pd.DataFrame, trips: pd.DataFrame, times: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Keep the stops and trips that stop times use, and renumber."""
    used_stops, stop = np.unique(times["stop"].to_numpy(), return_inverse=True)
    used_trips, trip = np.unique(times["trip"].to_numpy(), return_inverse=True)
    times = times.assign(stop=stop.astype(np.int32), trip=trip.astype(np.int32))
    stops = stops.iloc[used_stops][["stop_id", "name", "lon", "lat", "wheelchair"]]
    trips = trips.iloc[used_trips][["trip_id", "service_id", "block_id", "wheelchair", "route_id"]]
    return stops.reset_index(drop=True), trips.reset_index(drop=True), times


def _prefixed(table: pd.DataFrame, feed_id: str, *columns: str) -> pd.DataFrame:
    """Put ``feed_id:`` before the ids; an empty id stays empty."""
    return table.assign(
        **{c: (f"{feed_id}:" + table[c]).where(table[c] != "", "") for c in columns}
    )


def _report(name: str, timetable: Timetable, n_rows: int, ledger: Ledger) -> ReadReport:
    dates = timetable.services["date"]
    size = f"{len(timetable.trips):,} trips at {len(timetable.stops):,} stops"
    span = f"{dates.min():%Y-%m-%d} to {dates.max():%Y-%m-%d}"
    notes = [f"{size}, from {span} ({timetable.timezone}).", *ledger.notes]
    for what, table in (("stops", timetable.stops), ("trips", timetable.trips)):
        if (table["wheelchair"] == "unknown").all():
            notes.append(f"The feed does not say which {what} a wheelchair user can use.")
    if ledger.unlisted:
        notes.append(f"Refusals not listed, after the first {MAX_LISTED:,}: {ledger.unlisted:,}.")
    return ReadReport(
        source=name,
        rows_read=n_rows,
        rows_used=len(timetable.stop_times),
        refused=tuple(sorted(ledger.refused, key=lambda r: r.row)),
        notes=tuple(notes),
        unit="stop times",
    )
