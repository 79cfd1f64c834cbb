"""Write the timetable as GTFS tables: trips from headways, vehicles chained into blocks."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .buses import LAST_EAST, Pattern, Run, Service, east_of_river
from .ground import to_lonlat

Row = dict[str, Any]
BUS_MPS, RAIL_MPS, DWELL_S = 6.6, 13.0, 12
FIRST_DAY, LAST_DAY = "20260801", "20270630"
HOLIDAYS = ("20260907", "20261126", "20261225", "20270101", "20270531")
SATURDAY_LIKE = ("20261127", "20261224")
SHUTTLE = (("07:00:00", "19:00:00", 720), ("19:00:00", "22:00:00", 1200))


@dataclass(frozen=True, kw_only=True)
class _Trip:
    trip_id: str
    service: str
    run: Run
    times_s: list[int]
    wheelchair: int


def gtfs_tables(service: Service) -> dict[str, list[Row]]:
    """Return every file of the feed as rows, in a fixed order."""
    trips = [t for run in service.runs for t in _trips(run)]
    blocks = _blocks(trips)
    served = {s for run in service.runs for s in run.stop_ids} | {"RTC"}
    return {
        "agency.txt": [_agency()],
        "feed_info.txt": [_feed_info()],
        "calendar.txt": _calendar(),
        "calendar_dates.txt": _calendar_dates(),
        "routes.txt": _routes(service),
        "stops.txt": [_stop(s) for s in service.stops.values() if s.stop_id in served],
        "shapes.txt": [row for run in service.runs for row in _shape(run)],
        "trips.txt": [_trip(t, blocks) for t in trips],
        "stop_times.txt": [row for t in trips for row in _stop_times(t)],
        "frequencies.txt": _frequencies(trips),
    }


def clock(seconds: int) -> str:
    """Write service seconds as GTFS does, past 24:00 where need be."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def minutes(text: str) -> int:
    """Read ``HH:MM`` as minutes."""
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def _departures(pattern: Pattern) -> list[int]:
    """List departures in minutes; each span's last departure is always run."""
    starts: set[int] = set()
    for first, last, headway in pattern:
        starts |= set(range(minutes(first), minutes(last) + 1, headway)) | {minutes(last)}
    return sorted(starts)


def _trips(run: Run) -> list[_Trip]:
    speed = RAIL_MPS if run.route.route_id == "R" else BUS_MPS
    run_s = [round((m / speed + DWELL_S * n) / 10) * 10 for n, m in enumerate(run.at_m)]
    trips = []
    for service, pattern in (("WK", run.route.week), ("SA", run.route.saturday)):
        for n, start in enumerate(_departures(pattern)):
            wheelchair = run.route.wheelchair[n % len(run.route.wheelchair)]
            trip_id = (
                f"{run.route.route_id}-{service}-{run.direction}-{start // 60:02d}{start % 60:02d}"
            )
            times = [start * 60 + s for s in run_s]
            trips.append(_Trip(trip_id=trip_id, service=service, run=run, times_s=times,
                               wheelchair=wheelchair))  # fmt: skip
    return trips


INTERLINED = {("2", 1): ("4", 0), ("4", 1): ("2", 0), ("3", 1): ("5", 0), ("5", 1): ("3", 0)}
"""A bus that comes in on the first route and direction goes out on the second."""


def _blocks(trips: list[_Trip]) -> dict[str, str]:
    """Chain each trip that ends at the hub to the next free one of its partner route."""
    follower: dict[str, str] = {}
    taken: set[str] = set()
    for trip in sorted(trips, key=lambda t: (t.times_s[-1], t.trip_id)):
        partner = INTERLINED.get((trip.run.route.route_id, trip.run.direction))
        later = [t for t in trips if (t.run.route.route_id, t.run.direction) == partner
                 and t.service == trip.service and t.trip_id not in taken
                 and 120 <= t.times_s[0] - trip.times_s[-1] <= 900]  # fmt: skip
        if later:
            following = min(later, key=lambda t: t.times_s[0])
            follower[trip.trip_id] = following.trip_id
            taken.add(following.trip_id)
    return _named_blocks([t.trip_id for t in trips], follower, taken)


def _named_blocks(trip_ids: list[str], follower: dict[str, str], taken: set[str]) -> dict[str, str]:
    blocks: dict[str, str] = {}
    for first in trip_ids:
        if first in taken or first not in follower:
            continue
        block, trip_id = f"B{len(set(blocks.values())) + 1:03d}", first
        blocks[trip_id] = block
        while trip_id in follower:
            trip_id = follower[trip_id]
            blocks[trip_id] = block
    return blocks


def _agency() -> Row:
    return {"agency_id": "RT", "agency_name": "Riverbend Transit",
            "agency_url": "https://transit.riverbend.example", "agency_timezone": "America/Chicago",
            "agency_lang": "en"}  # fmt: skip


def _feed_info() -> Row:
    return {"feed_publisher_name": "Riverbend Transit", "feed_lang": "en",
            "feed_publisher_url": "https://transit.riverbend.example",
            "feed_start_date": FIRST_DAY, "feed_end_date": LAST_DAY,
            "feed_version": "2026-27"}  # fmt: skip


def _calendar() -> list[Row]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    span = {"start_date": FIRST_DAY, "end_date": LAST_DAY}
    return [
        {"service_id": "WK", **{d: int(n < 5) for n, d in enumerate(days)}, **span},
        {"service_id": "SA", **{d: int(n == 5) for n, d in enumerate(days)}, **span},
    ]


def _calendar_dates() -> list[Row]:
    rows = [("WK", day, 2) for day in (*HOLIDAYS, *SATURDAY_LIKE)]
    rows += [("SA", day, 1) for day in SATURDAY_LIKE]
    return [{"service_id": s, "date": d, "exception_type": t} for s, d, t in sorted(rows)]


def _routes(service: Service) -> list[Row]:
    routes = {run.route.route_id: run.route for run in service.runs}
    return [
        {"route_id": r.route_id, "agency_id": "RT", "route_short_name": r.route_id,
         "route_long_name": r.name, "route_type": 2 if r.route_id == "R" else 3,
         "route_color": r.color, "route_text_color": "FFFFFF"}
        for r in routes.values()
    ]  # fmt: skip


def _stop(stop: Any) -> Row:
    lon, lat = to_lonlat(np.array([stop.x, stop.y]))
    return {"stop_id": stop.stop_id, "stop_name": stop.name, "stop_lat": f"{lat:.6f}",
            "stop_lon": f"{lon:.6f}", "location_type": int(stop.stop_id == "RTC"),
            "parent_station": stop.parent, "wheelchair_boarding": stop.wheelchair}  # fmt: skip


def shape_id(run: Run) -> str:
    """Name a run's path."""
    return f"{run.route.route_id}-{run.direction}"


def _shape(run: Run) -> list[Row]:
    coords = np.array(run.path.coords)
    walked = np.r_[0, np.hypot(*np.diff(coords, axis=0).T).cumsum()]
    return [
        {"shape_id": shape_id(run), "shape_pt_lat": f"{lat:.6f}", "shape_pt_lon": f"{lon:.6f}",
         "shape_pt_sequence": n, "shape_dist_traveled": f"{m:.1f}"}
        for n, ((lon, lat), m) in enumerate(zip(to_lonlat(coords), walked, strict=True), 1)
    ]  # fmt: skip


def _trip(trip: _Trip, blocks: dict[str, str]) -> Row:
    run = trip.run
    return {"route_id": run.route.route_id, "service_id": trip.service, "trip_id": trip.trip_id,
            "trip_headsign": run.headsign, "direction_id": run.direction,
            "block_id": blocks.get(trip.trip_id, ""), "shape_id": shape_id(run),
            "wheelchair_accessible": trip.wheelchair}  # fmt: skip


def _stop_times(trip: _Trip) -> list[Row]:
    last = len(trip.times_s) - 1
    rows = []
    for n, (stop_id, at_s) in enumerate(zip(trip.run.stop_ids, trip.times_s, strict=True)):
        blank = trip.run.route.timepoints_only and n % 6 and n != last
        text = "" if blank else clock(at_s)
        rows.append({"trip_id": trip.trip_id, "arrival_time": text, "departure_time": text,
                     "stop_id": stop_id, "stop_sequence": n + 1,
                     "shape_dist_traveled": f"{trip.run.at_m[n]:.1f}",
                     "timepoint": int(not blank)})  # fmt: skip
    return rows


def _frequencies(trips: list[_Trip]) -> list[Row]:
    shuttle = [t for t in trips if t.run.route.route_id == "7"]
    return [
        {"trip_id": t.trip_id, "start_time": start, "end_time": end, "headway_secs": headway,
         "exact_times": 0}
        for t in shuttle
        for start, end, headway in SHUTTLE
    ]  # fmt: skip


def check_last_east(service: Service) -> None:
    """Make sure that no trip that serves the east bank starts after 20:10."""
    for run in service.runs:
        stops = [service.stops[s] for s in run.stop_ids]
        if any(east_of_river(s.x, s.y) for s in stops):
            for pattern in (run.route.week, run.route.saturday):
                assert max(_departures(pattern), default=0) <= minutes(LAST_EAST), run.route.name
