"""The round trip that everything is scored on: there by the start, home after the end."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from famgeo.domain import Limits, Meeting, Mode
from famgeo.tables import Progress, Trips
from famgeo.travel.network import Network
from famgeo.travel.times import last_way_home, trips
from famgeo.travel.warm import is_warm, warm_up

LONGEST_MIN = 120.0
"""How far trips are searched, so that one that is too long can be told from none."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """One means of travel: its name in the tables, its mode, and whether it must be step-free."""

    name: str
    mode: Mode
    step_free: bool = False


MEANS = {
    means.name: means
    for means in (
        Means(name="walk", mode=Mode.WALK),
        Means(name="wheelchair", mode=Mode.WHEELCHAIR, step_free=True),
        Means(name="bike", mode=Mode.BIKE),
        Means(name="drive", mode=Mode.DRIVE),
        Means(name="transit", mode=Mode.TRANSIT),
        Means(name="transit_step_free", mode=Mode.TRANSIT, step_free=True),
    )
}


@dataclass(frozen=True, kw_only=True)
class BothWays:
    """Trips from homes to sites, trips from sites to homes, and the margin of the latter.

    there : arrays of shape (homes, sites). home : (sites, homes). margin : (sites, homes) minutes
        after the end that the last scheduled trip home leaves; None for means without timetable.
    """

    there: Trips
    home: Trips
    margin: NDArray[np.float32] | None


def get_ready(progress: Progress) -> None:
    """Compile the searches if this machine has not yet, and say so: it takes about a minute."""
    if not is_warm():
        progress("Warming up, the first time on this machine (about a minute)", 0.0)
        warm_up()


def service_notes(network: Network, meetings: Sequence[Meeting]) -> tuple[str, ...]:
    """Return what must be known of the timetables on these days, such as a feed that is over."""
    if not network.timetables:
        return ()
    moments = [moment for meeting in meetings for moment in (meeting.arrive_by, meeting.ends)]
    days = sorted({moment.astimezone(network.zone).date() for moment in moments})
    notes = [note for day in days for note in network.day(day, step_free=False).notes]
    return tuple(dict.fromkeys(notes))


def both_ways(
    network: Network,
    homes_lonlat: NDArray[np.float64],
    sites_lonlat: NDArray[np.float64],
    *,
    means: Means,
    meeting: Meeting,
    limits: Limits,
    executor: Executor | None = None,
) -> BothWays:
    """Search there and home again by one means."""
    longest = max(LONGEST_MIN, limits.limit_min)
    there = trips(
        network,
        homes_lonlat,
        sites_lonlat,
        means.mode,
        arrive_by=meeting.arrive_by,
        max_minutes=longest,
        step_free=means.step_free,
        executor=executor,
    )
    home = trips(
        network,
        sites_lonlat,
        homes_lonlat,
        means.mode,
        depart_at=meeting.ends,
        max_minutes=longest,
        step_free=means.step_free,
        executor=executor,
    )
    if means.mode is not Mode.TRANSIT:
        return BothWays(there=there, home=home, margin=None)
    margin = last_way_home(
        network,
        sites_lonlat,
        homes_lonlat,
        after=meeting.ends,
        limit_min=limits.limit_min,
        step_free=means.step_free,
        executor=executor,
    )
    return BothWays(there=there, home=home, margin=margin)
