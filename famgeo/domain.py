"""The frozen types every stage speaks: modes, meetings, limits, goals, plans, reports."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from famgeo.errors import PlanError, StudyError, TravelError
from famgeo.goals import Goal, MostFamilies

__all__ = [
    "HIGHEST",
    "MEETING_TEXT",
    "MOST_SPANS",
    "WEEKDAYS",
    "Answer",
    "Goal",
    "Limits",
    "Meeting",
    "Mode",
    "MostFamilies",
    "Plan",
    "ReadReport",
    "Reason",
    "Refusal",
    "Status",
    "StudySettings",
    "row_words",
    "timezone",
]


class Mode(StrEnum):
    """A means of travel."""

    WALK = "walk"
    WHEELCHAIR = "wheelchair"
    BIKE = "bike"
    DRIVE = "drive"
    TRANSIT = "transit"


class Status(StrEnum):
    """Whether an origin–destination pair has an answer, and if not, why not."""

    OK = "ok"
    TOO_FAR = "too_far"
    NO_TRIP = "no_trip"
    OFF_NETWORK = "off_network"


class Answer(StrEnum):
    """A fact that may not be known. Unknown is its own state: never yes, never no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a family cannot attend a meeting at a site, in the order in which they are given."""

    OFF_NETWORK = "off_network"
    NO_STEP_FREE_WAY = "no_step_free_way"
    NO_TRIP_THERE = "no_trip_there"
    TOO_LONG_THERE = "too_long_there"
    NO_TRIP_HOME = "no_trip_home"
    TOO_LONG_HOME = "too_long_home"
    NOT_THAT_EVENING = "not_that_evening"
    NO_INTERPRETER = "no_interpreter"
    NO_CHILD_CARE = "no_child_care"
    NO_SEAT = "no_seat"


MEETING_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]+(\d\d:\d\d(?::\d\d)?) ?/ ?(\d\d:\d\d(?::\d\d)?)", re.ASCII
)
"""A date, a start, a slash and an end: no offset, for the district's own clock counts."""

MOST_SPANS = 20
"""How many rows or spans of rows a sentence lists; the others are counted."""

HIGHEST = {
    "limit_min": 1440,
    "walk_kmh": 15,
    "wheelchair_kmh": 15,
    "bike_kmh": 60,
    "max_walk_min": 1440,
    "change_s": 7200,
    "max_rides": 8,
    "bike": 1,
    "drive_factor": 10,
    "snap_walk_m": 50_000,
    "snap_drive_m": 50_000,
}
"""The most that each of ``Limits`` may be: what is more is a slip of the pen, and could run for
ever."""

MOST_RUNS = 1000
"""The most questions a day that may be counted on the families themselves: each tells a little."""

PROVEN_GAP = 1e-6
"""How close to the best possible a plan is when it is called proven best."""

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def timezone(name: str) -> ZoneInfo:
    """Look up an IANA time zone, or say in one sentence that there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = (
            f"There is no time zone '{' '.join(name.split())[:40]}'. "
            "Use a name like America/New_York or Europe/Helsinki."
        )
        raise StudyError(message) from error


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Meeting:
    """A meeting families must reach by its start and get home from after its end.

    Both moments are time-zone aware; stages below ``travel`` see minutes, never these.
    """

    arrive_by: datetime
    ends: datetime

    def __post_init__(self) -> None:
        if self.arrive_by.tzinfo is None or self.ends.tzinfo is None:
            message = "A meeting needs a time zone for its start and its end."
            raise PlanError(message)
        if not timedelta(0) < self.ends - self.arrive_by <= timedelta(hours=12):
            message = (
                f"The meeting from {self.arrive_by:%Y-%m-%d %H:%M} to {self.ends:%Y-%m-%d %H:%M} "
                "must end after it starts, and within 12 hours."
            )
            raise PlanError(message)

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> "Meeting":
        """Read ``2020-02-05 18:00/20:00``; an end before the start is on the next day.

        >>> m = Meeting.parse("2020-02-05 18:00/20:00", ZoneInfo("America/New_York"))
        >>> m.meeting_id
        '2020-02-05T18:00/20:00'
        """
        try:
            found = MEETING_TEXT.fullmatch(text.strip())
            if found is None:
                raise ValueError(text)  # noqa: TRY301 - one sentence for every way to be unreadable
            start = datetime.fromisoformat(f"{found[1]} {found[2]}")
            end = datetime.combine(start.date(), time.fromisoformat(found[3]))
            end += timedelta(days=end <= start)
        except (ValueError, OverflowError) as error:
            message = (
                f"The meeting '{' '.join(text.split())[:40]}' cannot be read. Write it as "
                "'2020-02-05 18:00/20:00': the date, the start, a slash and the end."
            )
            raise PlanError(message) from error
        return cls(arrive_by=start.replace(tzinfo=zone), ends=end.replace(tzinfo=zone))

    @property
    def meeting_id(self) -> str:
        """The meeting as a stable text: its local date, start and end."""
        return f"{self.arrive_by:%Y-%m-%dT%H:%M}/{self.ends:%H:%M}"

    @property
    def weekday(self) -> str:
        """The weekday as in OSM opening hours: Mo … Su."""
        return WEEKDAYS[self.arrive_by.weekday()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far a family is asked to go, and how fast it moves.

    ``limit_min`` bounds each way, door to door. Speeds are km/h on the level; the walking speed
    is that of OTP and R5 within a tenth. Snap distances are straight metres from a point to the
    nearest usable street; what is farther is off the network.
    """

    limit_min: float = 60.0
    walk_kmh: float = 4.8
    wheelchair_kmh: float = 3.6
    bike_kmh: float = 15.0
    max_walk_min: float = 20.0
    change_s: int = 60
    max_rides: int = 4
    bike: bool = False
    drive_factor: float = 1.0
    snap_walk_m: float = 500.0
    snap_drive_m: float = 1600.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value, highest = getattr(self, item.name), HIGHEST[item.name]
            may_be_0 = item.name in {"change_s", "max_rides", "max_walk_min", "bike"}
            if not (0 < value <= highest or (may_be_0 and value == 0)):
                above = "from 0" if may_be_0 else "above 0 and"
                message = f"{item.name} is {value:g}; it must be {above} up to {highest}."
                raise TravelError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One row that was not used: its number in the file as a spreadsheet shows it, and why."""

    row: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadReport:
    """What a reader read, used and refused, in words; ``row`` counts the header as row 1.

    Refusals and notes never hold a family's address, coordinates or name.
    """

    source: str
    rows_read: int
    rows_used: int
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    unit: str = "rows"

    def __str__(self) -> str:
        rows_by_reason: dict[str, list[int]] = {}
        for refusal in self.refused:
            rows_by_reason.setdefault(refusal.why, []).append(refusal.row)
        lines = [f"{self.source}: {self.rows_used:,} of {self.rows_read:,} {self.unit} used."]
        lines += [f"  {row_words(rows)}: {why}" for why, rows in rows_by_reason.items()]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


def row_words(rows: Iterable[int]) -> str:
    """Name rows in as few words as they allow; beyond twenty spans, count the others.

    >>> row_words([7, 3, 4, 5]), row_words([9])
    ('Rows 3–5 and 7', 'Row 9')
    >>> row_words(range(1, 2001, 2))[-23:]
    '35, 37, 39 and 980 more'
    """
    ordered = sorted(set(rows))
    there = set(ordered)
    starts = [row for row in ordered if row - 1 not in there]
    ends = [row for row in ordered if row + 1 not in there]
    spans = [str(a) if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True)]
    if len(spans) > MOST_SPANS:
        unnamed = sum(row > ends[MOST_SPANS - 1] for row in ordered)
        spans = [*spans[:MOST_SPANS], f"{unnamed:,} more"]
    listed = " and ".join([", ".join(spans[:-1]), spans[-1]] if len(spans) > 1 else spans)
    return f"Row {listed}" if len(ordered) == 1 else f"Rows {listed}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Chosen sites and how good the choice is, with exact counts: vault side only.

    ``value`` is what the goal measures; None stands for the families reached. ``best_possible``
    is what no choice can be better than, proven; equal means proven best. Where families need
    seats, ``seats`` gives each that has one its site_id and meeting_id, by household_id, and
    ``reached`` counts those.
    """

    site_ids: tuple[str, ...]
    meetings: tuple[Meeting, ...]
    goal: Goal
    families: int
    reached: int
    reached_at_school: int
    best_possible: float
    value: float | None = None
    seats: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @property
    def measure(self) -> float:
        """How good the plan is by its goal."""
        return float(self.reached) if self.value is None else self.value

    @property
    def gap(self) -> float:
        """How far the plan may be from the best possible, as a share of that."""
        worse = self.best_possible - self.measure
        worse = worse if self.goal.more_is_better else -worse
        return max(worse, 0.0) / max(abs(self.best_possible), 1e-12)

    @property
    def proven(self) -> bool:
        """Whether no other choice of sites is better by the goal, to a millionth."""
        return self.gap <= PROVEN_GAP

    @property
    def quality(self) -> str:
        """How good the plan is, in the words used everywhere: proven, or the gap."""
        if self.proven:
            return "proven best"
        return f"within {max(100 * self.gap, 0.1):.1f} % of the best possible"

    def __str__(self) -> str:
        headline = (
            f"{len(self.site_ids)} sites reach {self.reached:,} of {self.families:,} families "
            f"({self.quality}); {self.families - self.reached:,} still have no option."
        )
        return f"{headline} {self.goal.words(self.measure)}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class StudySettings:
    """What ``famgeo.toml`` says of a study."""

    name: str
    timezone: str
    k: int = 10
    runs_per_day: int = 200
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        timezone(self.timezone)
        if not self.name.strip() or not self.name.isprintable():
            message = "A study needs a name of letters that can be seen, on one line."
            raise StudyError(message)
        if self.k < 10:  # noqa: PLR2004 - the floor of the disclosure rule
            message = f"k is {self.k}; the smallest group ever shown cannot be under 10."
            raise StudyError(message)
        if not 1 <= self.runs_per_day <= MOST_RUNS:
            message = f"runs_per_day is {self.runs_per_day}; it must be 1 to {MOST_RUNS:,}."
            raise StudyError(message)
