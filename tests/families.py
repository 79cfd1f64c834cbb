"""Draw families, sites, trips and barriers for tests of who can come and where to meet."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from famgeo.domain import Meeting, Status
from famgeo.tables import Trips, as_points

ZONE = ZoneInfo("America/New_York")
WEDNESDAY = Meeting.parse("2020-02-05 18:00/20:00", ZONE)
THURSDAY = Meeting.parse("2020-02-06 18:00/20:00", ZONE)
CODES = {status: code for code, status in enumerate(Status)}
MEANS = ("walk", "wheelchair", "bike", "drive", "transit", "transit_step_free")
SCHEDULED = MEANS[4:]


def draw_households(n, **columns):
    """Return HOUSEHOLDS h00, h01 … that walk, unless the columns say otherwise."""
    table = pd.DataFrame(
        {
            "household_id": [f"h{i:02d}" for i in range(n)],
            "adults": 1,
            "students": 1,
            "school_ids": "s00",
            "home_language": "en",
            "interpreter": "no",
            "wheelchair": "no",
            "has_car": "unknown",
            "internet": "unknown",
            "evenings": "",
            "contact": "",
            "entered_on": "",
            "protected": False,
        }
        | columns
    )
    return as_points(table, np.full(n, -84.5), np.full(n, 39.0))


def draw_sites(n, **columns):
    """Return SITES s00 (a school), s01 … that are accessible, unless the columns say otherwise."""
    table = pd.DataFrame(
        {
            "site_id": [f"s{i:02d}" for i in range(n)],
            "name": [f"Place {i}" for i in range(n)],
            "kind": ["school" if i == 0 else "library" for i in range(n)],
            "capacity": 100.0,
            "wheelchair": "yes",
            "languages": "",
            "child_care": "unknown",
            "opening_hours": "",
            "cost_usd": np.nan,
        }
        | columns
    )
    return as_points(table, np.full(n, -84.5), np.full(n, 39.0))


def draw_trips(minutes, *, rides=0, missing=Status.NO_TRIP, status=None):
    """Return Trips of these minutes; NaN has the status of what is missing."""
    minutes = np.atleast_2d(np.asarray(minutes, np.float32))
    if status is None:
        status = np.where(np.isnan(minutes), CODES[missing], CODES[Status.OK])
    return Trips(
        minutes=minutes,
        leave_s=np.zeros(minutes.shape),
        arrive_s=np.zeros(minutes.shape),
        walk_m=np.zeros(minutes.shape, np.float32),
        rides=np.broadcast_to(np.asarray(rides, np.int8), minutes.shape).copy(),
        status=np.asarray(status, np.int8),
    )


def draw_barriers(households, sites, reasons, meeting=WEDNESDAY):
    """Return BARRIERS with these reasons, an array of households and sites; '' = can attend."""
    reasons = np.asarray(reasons, dtype=object)
    assert reasons.shape == (len(households), len(sites))
    table = pd.DataFrame(
        {
            "household_id": np.repeat(households["household_id"].to_numpy(object), len(sites)),
            "site_id": np.tile(sites["site_id"].to_numpy(object), len(households)),
            "meeting_id": meeting.meeting_id,
            "there_min": 20.0,
            "home_min": 20.0,
            "margin_min": np.inf,
            "best_mode": "walk",
            "reason": reasons.ravel(),
        }
    )
    text = ["household_id", "site_id", "meeting_id", "best_mode", "reason"]
    return table.astype(dict.fromkeys(text, "str"))
