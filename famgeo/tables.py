"""The shared tables: their columns, what each may hold, and one check at the door.

Ids are text. Points and polygons are EPSG:4326 (lon, lat). Lists inside a cell are joined by
``;``. Minutes are float and NaN means no way. A reader ends in ``check``; every stage after it
trusts the table.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from famgeo.domain import Answer, ReadReport, Reason
from famgeo.errors import TableError

T = TypeVar("T")

ANSWERS = [answer.value for answer in Answer]
ASSET_KINDS = (
    "library",
    "community_centre",
    "place_of_worship",
    "clinic",
    "park",
    "food_pantry",
    "social_service",
    "child_care",
    "college",
    "hall",
    "business",
    "person",
    "other",
)


def _id(*, unique: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check.str_length(1, 200), unique=unique)


def _text() -> pa.Column:
    return pa.Column(str)


def _answer() -> pa.Column:
    return pa.Column(str, pa.Check.isin(ANSWERS))


def _number(low: float = 0.0) -> pa.Column:
    return pa.Column(float, pa.Check.ge(low), nullable=True)


def _shape() -> pa.Column:
    return pa.Column("geometry", pa.Check(lambda s: s.notna() & ~s.is_empty, name="has a shape"))


STUDENTS = pa.DataFrameSchema(
    {
        "student_id": _id(),
        "household_id": _id(),
        "school_id": _id(),
        "grade": _text(),
        "home_language": _text(),
        "interpreter": _answer(),
        "wheelchair": _answer(),
        "has_car": _answer(),
        "internet": _answer(),
        "evenings": _text(),
        "contact": _text(),
        "entered_on": _text(),
        "protected": pa.Column(bool),
        "geometry": _shape(),
    },
    unique=["student_id", "household_id"],
    name="students",
)
"""One row per student and home; a child with two homes has two rows."""

HOUSEHOLDS = pa.DataFrameSchema(
    {
        "household_id": _id(unique=True),
        "adults": pa.Column(int, pa.Check.ge(0)),
        "students": pa.Column(int, pa.Check.ge(1)),
        "school_ids": _text(),
        "home_language": _text(),
        "interpreter": _answer(),
        "wheelchair": _answer(),
        "has_car": _answer(),
        "internet": _answer(),
        "evenings": _text(),
        "contact": _text(),
        "entered_on": _text(),
        "protected": pa.Column(bool),
        "geometry": _shape(),
    },
    name="households",
)
"""Vault only. ``evenings`` such as ``Mo;We``; empty means not known, so any."""

SCHOOLS = pa.DataFrameSchema(
    {
        "school_id": _id(unique=True),
        "name": _id(),
        "level": _text(),
        "wheelchair": _answer(),
        "bell_start": _text(),
        "bell_end": _text(),
        "geometry": _shape(),
    },
    name="schools",
)

ASSETS = pa.DataFrameSchema(
    {
        "asset_id": _id(unique=True),
        "name": _id(),
        "kind": pa.Column(str, pa.Check.isin(ASSET_KINDS)),
        "organization": _text(),
        "hosts": _answer(),
        "capacity": _number(),
        "wheelchair": _answer(),
        "languages": _text(),
        "child_care": _answer(),
        "opening_hours": _text(),
        "cost_usd": _number(),
        "verified_on": _text(),
        "source": _text(),
        "geometry": _shape(),
    },
    name="assets",
)
"""The community directory. Any asset with ``hosts`` = yes is a candidate site."""

SITES = pa.DataFrameSchema(
    {
        "site_id": _id(unique=True),
        "name": _id(),
        "kind": _text(),
        "capacity": _number(),
        "wheelchair": _answer(),
        "languages": _text(),
        "child_care": _answer(),
        "opening_hours": _text(),
        "cost_usd": _number(),
        "geometry": _shape(),
    },
    name="sites",
)
"""Schools (kind ``school``) and assets that may host a meeting."""

PLACES = pa.DataFrameSchema({"id": _id(unique=True), "geometry": _shape()}, name="places")
"""Origins or destinations of the ``times`` command."""

BARRIERS = pa.DataFrameSchema(
    {
        "household_id": _id(),
        "site_id": _id(),
        "meeting_id": _id(),
        "there_min": _number(),
        "home_min": _number(),
        "margin_min": pa.Column(float, nullable=True),
        "best_mode": _text(),
        "reason": pa.Column(str, pa.Check.isin(["", *(r.value for r in Reason)])),
    },
    name="barriers",
)
"""Vault only. An empty ``reason`` means the family can attend; ``margin_min`` is inf when no
timetable bounds the way home, and NaN when there is none."""

HOME_AREAS = pa.DataFrameSchema(
    {"home_area_id": _id(unique=True), "families": pa.Column(int), "geometry": _shape()},
    name="home areas",
)


def check(table: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Return the table with exactly the schema's columns in order, or raise naming every bad row.

    Raises ``TableError`` with each fault as ``column X, row N: what``; rows count from 1.
    """
    columns = list(schema.columns)
    if missing := [c for c in columns if c not in table]:
        message = f"The {schema.name} table lacks the columns {', '.join(missing)}."
        raise TableError(message)
    ordered = table[columns].reset_index(drop=True)
    try:
        schema.validate(ordered, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise TableError(_faults(schema, error)) from error
    return ordered


def _faults(schema: pa.DataFrameSchema, error: pa.errors.SchemaErrors) -> str:
    lines = [
        f"column {case.column}, "
        + (f"row {int(case.index) + 1}: " if pd.notna(case.index) else "")
        + f"fails '{case.check}'"
        for case in error.failure_cases.itertuples()
    ]
    return f"The {schema.name} table has {len(lines)} faults. " + "; ".join(lines)


def as_points(
    table: pd.DataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> gpd.GeoDataFrame:
    """Return the table as a GeoDataFrame of EPSG:4326 points."""
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def lonlat(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the points of a table as an array of shape (n, 2), lon and lat in degrees."""
    return np.column_stack([table.geometry.x, table.geometry.y]).astype(np.float64)


def join_list(items: object) -> str:
    """Join the distinct parts of a list cell, sorted, by ``;``."""
    return ";".join(sorted({str(i).strip() for i in items if str(i).strip()}))  # type: ignore[attr-defined]


def split_list(cell: str) -> list[str]:
    """Split a list cell into its parts; an empty cell has none."""
    return [part.strip() for part in cell.split(";") if part.strip()]


@dataclass(frozen=True, kw_only=True)
class Read(Generic[T]):
    """What a reader returns: the checked table and the report on how it came about."""

    table: T
    report: ReadReport


@dataclass(frozen=True, kw_only=True)
class Streets:
    """The street network as read, before any mode's rules are applied.

    nodes : node_id (int64), lon, lat, and the text columns barrier, highway, kerb, wheelchair,
        access, foot, bicycle, motor_vehicle ('' = no tag). Only nodes that a way uses.
    ways : way_id (int64) and text columns, one per tag the profiles read ('' = no tag).
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
    """

    feed_id: str
    timezone: str
    stops: pd.DataFrame
    trips: pd.DataFrame
    stop_times: pd.DataFrame
    services: pd.DataFrame
    frequencies: pd.DataFrame


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


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The released answer for one plan: counts rounded with the key, None = fewer than k.

    ``quality`` says how good the plan is; ``by_reason`` maps a Reason to the released count of
    families without an option at school for whom it is the main reason.
    """

    families: int
    no_option_at_school: int | None
    no_option_with_plan: int | None
    quality: str
    by_reason: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReleasedPlan:
    """A plan as it may be shown: sites are public facts, counts went through the gate.

    sites : the SITES columns of the chosen sites, ``reached`` (nullable Int64; NA = fewer than k):
        released number of families who could attend there.
    settings : everything needed to make the plan again, JSON types only.
    """

    name: str
    meetings: tuple[str, ...]
    headline: Headline
    sites: gpd.GeoDataFrame
    settings: dict[str, object]

    def __str__(self) -> str:
        head = self.headline
        now, then = shown(head.no_option_at_school), shown(head.no_option_with_plan)
        lines = [
            f"{self.name}: of {shown(head.families)} families, {now} have no way to attend "
            f"at their own school and get home. With these {len(self.sites)} sites, {then} "
            f"have no option ({head.quality}).",
            *_site_lines(self.sites),
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the plan as JSON types; a count that is too small to show is null."""
        return {
            "plan": self.name,
            "meetings": list(self.meetings),
            **asdict(self.headline),
            "sites": _site_records(self.sites),
        }


@dataclass(frozen=True, kw_only=True)
class ReleasedBarriers:
    """Who cannot come, as it may be shown: for these meetings, at school and at each site.

    sites : site_id, name, kind, reached (nullable Int64; NA = fewer than k).
    """

    meetings: tuple[str, ...]
    headline: Headline
    sites: pd.DataFrame

    def __str__(self) -> str:
        head = self.headline
        reasons = [
            f"  {REASON_WORDS[reason]}: {shown(count)}" for reason, count in head.by_reason.items()
        ]
        lines = [
            f"Of {shown(head.families)} families, {shown(head.no_option_at_school)} have no way "
            "to attend at their own school and get home:",
            *reasons,
            "Families who could attend at each place:",
            *_site_lines(self.sites),
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the summary as JSON types; a count that is too small to show is null."""
        return {
            "meetings": list(self.meetings),
            "families": self.headline.families,
            "no_option_at_school": self.headline.no_option_at_school,
            "by_reason": self.headline.by_reason,
            "sites": _site_records(self.sites),
        }


REASON_WORDS = {
    "off_network": "live too far from any street on the map",
    "no_step_free_way": "need a step-free way that is not there or not known",
    "no_trip_there": "have no trip there in time",
    "too_long_there": "would travel too long to get there",
    "no_trip_home": "have no trip home after the end",
    "too_long_home": "would travel too long to get home",
    "not_that_evening": "cannot come that evening",
    "no_interpreter": "need an interpreter",
    "no_child_care": "need child care",
    "no_seat": "find no seat",
    "other": "have another reason",
}


def shown(count: int | None, k: int = 10) -> str:
    """Say a released count in words; None is a group too small to count.

    >>> shown(1250), shown(None)
    ('1,250', 'fewer than 10')
    """
    return f"fewer than {k}" if count is None else f"{count:,}"


def _site_lines(sites: pd.DataFrame) -> list[str]:
    return [
        f"  {row['site_id']}  {row['name']}: {shown(row['reached'])} families"
        for row in _site_records(sites)
    ]


def _site_records(sites: pd.DataFrame) -> list[dict[str, Any]]:
    counts = [None if pd.isna(n) else int(n) for n in sites["reached"]]
    rows = zip(sites["site_id"], sites["name"], sites["kind"], counts, strict=True)
    return [{"site_id": i, "name": n, "kind": k, "reached": c} for i, n, k, c in rows]


@dataclass(frozen=True, kw_only=True)
class Release:
    """The one audited object every page, export and message is a function of.

    home_areas : HOME_AREAS, families rounded. unmapped : released number of families that live in
        no home area (protected, or too few); None = fewer than k.
    """

    release_id: str
    study: str
    k: int
    home_areas: gpd.GeoDataFrame
    unmapped: int | None
    plans: tuple[ReleasedPlan, ...] = ()


class Vault(Protocol):
    """Where homes live. ``store.vault`` provides it; only the command line opens one.

    Stages and ``study`` take a vault as an argument and cannot open one themselves, so no page,
    map or export can reach a home.
    """

    def add_students(self, students: gpd.GeoDataFrame, source_hash: str) -> int:
        """Store STUDENTS rows; the same file twice adds nothing. Return the rows added."""
        ...

    def students(self) -> gpd.GeoDataFrame:
        """Return every row of STUDENTS."""
        ...

    def secret(self) -> bytes:
        """Return the study's 32-byte rounding key, made once at random."""
        ...

    def save_barriers(self, barriers: pd.DataFrame) -> None:
        """Replace the stored BARRIERS rows of the meetings in this table."""
        ...

    def barriers(self, meeting_id: str) -> pd.DataFrame:
        """Return the stored BARRIERS rows of one meeting; empty when there are none."""
        ...


Progress = Callable[[str, float], None]
"""Called with what is being done, in plain words, and the share done from 0 to 1."""


def no_progress(_what: str, _share: float) -> None:
    """Show nothing; the default wherever a ``Progress`` is taken."""
