"""One service day as connections: every vehicle between every two consecutive stops.

Source: Dibbelt, Pajor, Strasser, Wagner, *Connection Scan Algorithm*, 2018. Times are service
seconds from noon minus 12 h of the day asked for, so a trip at 25:10 of the day before has its
1:10 here, whatever the clocks did that night.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Answer, timezone
from famgeo.errors import TravelError
from famgeo.tables import Timetable
from famgeo.travel.clock import HALF_DAY_S, zero_posix_s
from famgeo.travel.vehicles import next_in_seat

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Mask = NDArray[np.bool_]
Rides = tuple[Ints, Ints, Ints, Ints, Ints, Mask, Mask]
"""The arrays of ``Connections`` as a kernel takes them."""

DAY_S = 2 * HALF_DAY_S


@dataclass(frozen=True, kw_only=True)
class Connections:
    """Rides from one stop to the next in the order in which a scan meets them.

    All arrays have one entry per connection, sorted by ``depart_s``, then vehicle, then the order
    of stops on the vehicle. Stops count through all feeds in their order.
    """

    depart_s: Ints
    arrive_s: Ints
    from_stop: Ints
    to_stop: Ints
    vehicle: Ints
    board: Mask
    alight: Mask

    def __len__(self) -> int:
        return len(self.depart_s)

    @property
    def columns(self) -> Rides:
        """The arrays in the order of the fields."""
        return (
            *(self.depart_s, self.arrive_s, self.from_stop, self.to_stop, self.vehicle),
            *(self.board, self.alight),
        )


@dataclass(frozen=True, kw_only=True)
class ServiceDay:
    """What runs from noon of the day before to noon of the day after, both ways round.

    forward, backward : the connections, and the same with time and direction reversed (negated
        seconds), so that one kernel searches both ways.
    zero_s : POSIX seconds of service second 0. n_trips : the day's own trips, frequencies expanded.
    notes : what a user should know, such as a feed that does not cover the day.
    """

    day: date
    zone: str
    zero_s: int
    n_stops: int
    n_vehicles: int
    n_trips: int
    forward: Connections
    backward: Connections
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Runs:
    """Trips on the road, one entry per trip and departure.

    shift_s is what to add to the trip's times; vehicle is the run its vehicle started with; own
    tells the day's own trips from those of the days around it.
    """

    trip: Longs
    shift_s: Longs
    vehicle: Longs
    own: Mask


def service_day(timetables: Sequence[Timetable], day: date, *, step_free: bool) -> ServiceDay:
    """Lay out everything that runs on a day of service as one network of all feeds.

    Trips of the day before and of the day after are in it up to 12 h away, so that a search over
    midnight sees them. A trip that repeats leaves on the dot from the start of each period, also
    where the feed gives only a headway. A vehicle whose next trip of its block follows is one
    vehicle: staying on is no further ride. With ``step_free``, only trips and stops that a
    wheelchair user can surely use; unknown counts as no.

    Raises
    ------
    TravelError
        When there is no feed, or no feed covers the day; names its dates and the nearest same
        weekday inside them.
    """
    covered = [_covers(t, day) for t in timetables]
    if not any(covered):
        raise TravelError(_not_covered(timetables, day))
    zone = timezone(timetables[0].timezone)
    zero_s = zero_posix_s(day, zone)
    parts: list[Connections] = []
    n_stops = n_vehicles = n_trips = 0
    for timetable, runs_then in zip(timetables, covered, strict=True):
        if runs_then:
            runs = _runs(timetable, day, zero_s, step_free=step_free)
            parts.append(_connections(timetable, runs, n_stops, n_vehicles, step_free=step_free))
            n_vehicles += len(runs.trip)
            n_trips += int(runs.own.sum())
        n_stops += len(timetable.stops)
    forward, backward = _both_ways(parts)
    return ServiceDay(
        day=day,
        zone=zone.key,
        zero_s=zero_s,
        n_stops=n_stops,
        n_vehicles=n_vehicles,
        n_trips=n_trips,
        forward=forward,
        backward=backward,
        notes=_notes(timetables, covered, day, n_trips, step_free=step_free),
    )


def feed_dates(timetable: Timetable) -> tuple[date, date]:
    """Return the first and last day on which anything of the feed runs."""
    dates = timetable.services["date"]
    return dates.min().date(), dates.max().date()


def _covers(timetable: Timetable, day: date) -> bool:
    first, last = feed_dates(timetable)
    return first <= day <= last


def _not_covered(timetables: Sequence[Timetable], day: date) -> str:
    if not timetables:
        return "There is no timetable. Add a GTFS feed to travel by bus or train."
    listed = "; ".join(
        f"'{t.feed_id}' covers {feed_dates(t)[0]} to {feed_dates(t)[1]}" for t in timetables
    )
    return f"No timetable covers {day:%A} {day}: {listed}. {_advice(timetables, day)}"


def _advice(timetables: Sequence[Timetable], day: date) -> str:
    """Name the nearest day of the same weekday on which something runs."""
    dates = pd.concat([t.services["date"] for t in timetables])
    same = dates[dates.dt.day_of_week == day.weekday()]
    if same.empty:
        return f"Nothing runs on a {day:%A}; choose another day or add a newer feed."
    near = same.iloc[(same - pd.Timestamp(day)).abs().argmin()]
    return f"The nearest {day:%A} with service is {near:%Y-%m-%d}; choose it or add a newer feed."


def _notes(
    timetables: Sequence[Timetable],
    covered: Sequence[bool],
    day: date,
    n_trips: int,
    *,
    step_free: bool,
) -> tuple[str, ...]:
    notes = [
        f"The feed '{t.feed_id}' does not cover {day}: it runs from "
        f"{feed_dates(t)[0]} to {feed_dates(t)[1]}. Its service is left out."
        for t, runs_then in zip(timetables, covered, strict=True)
        if not runs_then
    ]
    if n_trips == 0:
        what = "Nothing that a wheelchair user can surely use" if step_free else "Nothing"
        notes.append(f"{what} runs on {day:%A} {day}, though the timetable covers it.")
    return tuple(notes)


def _runs(timetable: Timetable, day: date, zero_s: int, *, step_free: bool) -> _Runs:
    """Return every run of the days before, on and after.

    A vehicle is broken up by a trip that a wheelchair user cannot surely sit through.
    """
    zone = timezone(timetable.timezone)
    following = next_in_seat(timetable)
    days = [day + timedelta(days=k) for k in (-1, 0, 1)]
    usable = (timetable.trips["wheelchair"] == Answer.YES).to_numpy() | (not step_free)
    parts = [
        _runs_of(timetable, d, zero_posix_s(d, zone) - zero_s, following, usable) for d in days
    ]
    n_before = np.cumsum([0, *(len(p.trip) for p in parts[:-1])])
    return _Runs(
        trip=np.concatenate([p.trip for p in parts]),
        shift_s=np.concatenate([p.shift_s for p in parts]),
        vehicle=np.concatenate([p.vehicle + n for p, n in zip(parts, n_before, strict=True)]),
        own=np.repeat([False, True, False], [len(p.trip) for p in parts]),
    )


def _runs_of(
    timetable: Timetable, day: date, shift_s: int, following: Longs, usable: Mask
) -> _Runs:
    services = timetable.services
    running = services.loc[services["date"] == pd.Timestamp(day), "service_id"]
    runs = timetable.trips["service_id"].isin(running).to_numpy() & usable
    repeats = np.zeros(len(runs), dtype=bool)
    repeats[timetable.frequencies["trip"].to_numpy()] = True
    once = np.flatnonzero(runs & ~repeats)
    again, again_s = _departures(timetable, runs)
    trip = np.concatenate([once, again])
    n_alone = np.arange(len(once), len(trip))
    return _Runs(
        trip=trip,
        shift_s=shift_s + np.concatenate([np.zeros(len(once), dtype=np.int64), again_s]),
        vehicle=np.concatenate([_vehicles(once, following), n_alone]),
        own=np.ones(len(trip), dtype=bool),
    )


def _departures(timetable: Timetable, runs: Mask) -> tuple[Longs, Longs]:
    """Return the departures of trips that repeat: the trip, and what to add to its times."""
    periods = timetable.frequencies[runs[timetable.frequencies["trip"].to_numpy()]]
    start, end, headway, trip = (
        periods[c].to_numpy(dtype=np.int64) for c in ("start_s", "end_s", "headway_s", "trip")
    )
    count = -((start - end) // headway)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    first_s = timetable.stop_times.drop_duplicates("trip")["departure_s"].to_numpy(dtype=np.int64)
    leaves = np.repeat(start, count) + nth * np.repeat(headway, count)
    trips = np.repeat(trip, count)
    return trips, leaves - first_s[trips]


def _vehicles(trips: Longs, following: Longs) -> Longs:
    """Give each trip of a day the place of the first trip that its vehicle runs."""
    place = np.full(len(following) + 1, -1, dtype=np.int64)
    place[trips] = np.arange(len(trips))
    vehicle = np.arange(len(trips))
    after = place[following[trips]]
    vehicle[after[after >= 0]] = np.flatnonzero(after >= 0)
    while (vehicle[vehicle] != vehicle).any():
        vehicle = vehicle[vehicle]
    return vehicle


def _connections(
    timetable: Timetable, runs: _Runs, first_stop: int, first_vehicle: int, *, step_free: bool
) -> Connections:
    """Lay out the runs as connections, in the order of each run's stops but not yet of time."""
    times = timetable.stop_times
    arrival, departure = (times[c].to_numpy(np.int64) for c in ("arrival_s", "departure_s"))
    trip, stop = times["trip"].to_numpy(), times["stop"].to_numpy()
    starts = np.flatnonzero(np.diff(trip, prepend=-1))
    lengths = np.diff(starts, append=len(trip)) - 1
    run = _near(runs, departure[starts], arrival[starts + lengths])
    count = lengths[runs.trip[run]]
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = np.repeat(starts[runs.trip[run]], count) + nth
    shift = np.repeat(runs.shift_s[run], count)
    usable = (timetable.stops["wheelchair"] == Answer.YES).to_numpy() | (not step_free)
    return Connections(
        depart_s=(departure[at] + shift).astype(np.int32),
        arrive_s=(arrival[at + 1] + shift).astype(np.int32),
        from_stop=(stop[at] + first_stop).astype(np.int32),
        to_stop=(stop[at + 1] + first_stop).astype(np.int32),
        vehicle=np.repeat(runs.vehicle[run] + first_vehicle, count).astype(np.int32),
        board=times["can_board"].to_numpy()[at] & usable[stop[at]],
        alight=times["can_alight"].to_numpy()[at + 1] & usable[stop[at + 1]],
    )


def _near(runs: _Runs, first_s: Longs, last_s: Longs) -> Longs:
    """Return the runs on the road from noon of the day before to noon of the day after.

    They are in the order of their departures, so that a vehicle's trips follow each other.
    """
    begins = first_s[runs.trip] + runs.shift_s
    ends = last_s[runs.trip] + runs.shift_s
    order = np.lexsort((ends, begins))
    near = (ends > -HALF_DAY_S) & (begins < DAY_S + HALF_DAY_S)
    return np.asarray(order[near[order]], dtype=np.int64)


def _both_ways(parts: Sequence[Connections]) -> tuple[Connections, Connections]:
    """Join the feeds' connections, sorted for a scan forward and for one back in time."""
    one = Connections(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Connections)}
    )
    order = np.lexsort((np.arange(len(one)), one.vehicle, one.depart_s))
    back = np.lexsort((-np.arange(len(one)), one.vehicle, -one.arrive_s))
    turned = Connections(
        depart_s=-one.arrive_s,
        arrive_s=-one.depart_s,
        from_stop=one.to_stop,
        to_stop=one.from_stop,
        vehicle=one.vehicle,
        board=one.alight,
        alight=one.board,
    )
    return _take(one, order), _take(turned, back)


def _take(connections: Connections, order: Longs) -> Connections:
    return Connections(**{f.name: getattr(connections, f.name)[order] for f in fields(Connections)})
