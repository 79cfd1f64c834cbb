"""Draw small GTFS feeds and timetables for tests."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from famgeo.tables import Timetable

ZONE = "America/New_York"
EMPTY = np.array([], dtype=np.int32)

FEED = {
    "agency.txt": f"agency_name,agency_url,agency_timezone\nTown Bus,http://t.example,{ZONE}\n",
    "routes.txt": "route_id,route_type\nR,3\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon\n"
        "A,First,39.00,-84.50\nB,Second,39.01,-84.50\nC,Third,39.03,-84.50\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "W,1,1,1,1,1,0,0,20200203,20200214\n"
    ),
    "trips.txt": "route_id,service_id,trip_id\nR,W,T\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T,08:00:00,08:00:00,A,1\nT,08:05:00,08:06:00,B,2\nT,08:16:00,08:16:00,C,3\n"
    ),
}
"""One bus on weekdays: A 8:00, B 8:05–8:06, C 8:16; B to C is twice as far as A to B."""


def write_feed(path: Path, files: dict[str, str | bytes | None], folder: str = "") -> Path:
    """Write FEED with these files changed or, when None, left out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**FEED, **files}.items():
            if text is not None:
                archive.writestr(folder + name, text)
    return path


def zip_of(files: dict[str, bytes]) -> bytes:
    """Return the bytes of a zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def draw_timetable(
    trips: dict[str, list[tuple]],
    *,
    n_stops: int,
    days: tuple[str, ...] = ("2020-02-05",),
    blocks: dict[str, str] | None = None,
    services: dict[str, str] | None = None,
    wheelchair: dict[str, str] | None = None,
    stop_wheelchair: tuple[str, ...] = (),
    frequencies: tuple[tuple[str, int, int, int], ...] = (),
    in_seat: tuple[tuple[str, str, bool], ...] = (),
    service_days: dict[str, tuple[str, ...]] | None = None,
    zone: str = ZONE,
    feed_id: str = "f",
    apart_deg: float = 0.0,
    lonlat: np.ndarray | None = None,
) -> Timetable:
    """Make a timetable from ``{trip: [(stop, arrival_s, departure_s[, board, alight]), …]}``.

    Stops are numbers; all lie at one place unless ``apart_deg`` or ``lonlat`` set them apart, so
    a vehicle's next trip may start anywhere.
    """
    if lonlat is None:
        lonlat = np.array([(-84.5 + apart_deg * i, 39.0) for i in range(n_stops)])
    names = list(trips)
    rows = [
        (names.index(name), call[0], call[1], call[2], *(call[3:] or (True, True)))
        for name, calls in trips.items()
        for call in calls
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    running = service_days or {"W": days}
    return Timetable(
        feed_id=feed_id,
        timezone=zone,
        stops=pd.DataFrame(
            {
                "stop_id": [f"{feed_id}:{i}" for i in range(n_stops)],
                "name": [f"Stop {i}" for i in range(n_stops)],
                "lon": lonlat[:, 0],
                "lat": lonlat[:, 1],
                "wheelchair": list(stop_wheelchair) or ["unknown"] * n_stops,
            }
        ),
        trips=pd.DataFrame(
            {
                "trip_id": names,
                "service_id": [(services or {}).get(n, "W") for n in names],
                "block_id": [(blocks or {}).get(n, "") for n in names],
                "wheelchair": [(wheelchair or {}).get(n, "unknown") for n in names],
                "route_id": ["R"] * len(names),
            }
        ),
        stop_times=pd.DataFrame(
            {
                "trip": np.array(columns[0], dtype=np.int32),
                "stop": np.array(columns[1], dtype=np.int32),
                "arrival_s": np.array(columns[2], dtype=np.int32),
                "departure_s": np.array(columns[3], dtype=np.int32),
                "can_board": np.array(columns[4], dtype=bool),
                "can_alight": np.array(columns[5], dtype=bool),
                "by_phone": np.zeros(len(rows), dtype=bool),
            }
        ),
        services=pd.DataFrame(
            [(s, pd.Timestamp(d)) for s, dates in running.items() for d in dates],
            columns=["service_id", "date"],
        ),
        frequencies=pd.DataFrame(
            {
                "trip": np.array([names.index(f[0]) for f in frequencies], dtype=np.int32),
                "start_s": np.array([f[1] for f in frequencies], dtype=np.int32),
                "end_s": np.array([f[2] for f in frequencies], dtype=np.int32),
                "headway_s": np.array([f[3] for f in frequencies], dtype=np.int32),
                "exact": np.ones(len(frequencies), dtype=bool),
            }
        ),
        in_seat=pd.DataFrame(
            {
                "from_trip": np.array([names.index(p[0]) for p in in_seat], dtype=np.int32),
                "to_trip": np.array([names.index(p[1]) for p in in_seat], dtype=np.int32),
                "stays": np.array([p[2] for p in in_seat], dtype=bool),
            }
        ),
    )
