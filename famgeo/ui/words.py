"""Every sentence of the app, in plain words: pure functions of released numbers.

A sentence is a list of pieces, ``(text, tone)``; the tone "bad" or "good" marks the figures a
reader should see first, and "" is running text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd

from famgeo.domain import Limits, Reason
from famgeo.tables import Headline, ReleasedPlan, split_list

Sentence = list[tuple[str, str]]
STEP = 10
AROUND_M = 150
SIDES = ("North", "North-east", "East", "South-east", "South", "South-west", "West", "North-west")


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """A way to travel: its word on a button, and who travels so."""

    label: str
    who: str
    by_timetable: bool


MEANS = {
    "transit": Means(label="Bus and train", who="a person without a car", by_timetable=True),
    "walk": Means(label="On foot", who="a person on foot", by_timetable=False),
    "drive": Means(label="By car", who="a person with a car", by_timetable=False),
    "bike": Means(label="By bike", who="a person with a bike", by_timetable=False),
    "wheelchair": Means(
        label="Wheelchair and bus", who="a person using a wheelchair", by_timetable=True
    ),
}

NEVER_THERE = frozenset({Reason.NO_TRIP_THERE, Reason.OFF_NETWORK, Reason.NO_STEP_FREE_WAY})
TOO_LONG = frozenset({Reason.TOO_LONG_THERE, Reason.TOO_LONG_HOME})

KINDS = {
    "school": "School",
    "library": "Library",
    "community_centre": "Community center",
    "place_of_worship": "Place of worship",
    "clinic": "Clinic",
    "park": "Park",
    "food_pantry": "Food pantry",
    "social_service": "Social service",
    "child_care": "Child care",
    "college": "College",
    "hall": "Hall",
    "business": "Business",
    "person": "Person",
    "other": "Place",
}
LEGEND = "Door to door, the longer way of the two"
OUTSIDE = "There is no timetable for {asked}; it covers {first} to {last}. Shown is {shown}."
NO_STUDY = "No study is open yet."
NOT_READY = "This study cannot be shown yet."
WORKING = "Reading streets and timetables. This takes a moment the first time."
COUNTS_ALL = (
    "Every family of an area counts here, with or without a car. "
    "The answer at the top knows who has one."
)
NO_RELEASE = "No families have been brought into this study yet."
OWN_AREAS = "The map shows the neighborhoods of {}."
NO_OWN_SCHOOL = "No school is noted for you yet. Ask your district's data steward."
MAP_ALONE = "Move the meeting about to see who could come and get home again."
NO_PLAN = "There is no plan for this study yet. Move the meeting about to see who could come."
NO_TIMETABLE = (
    "This study has no bus timetable yet, so only travel on foot and by car is shown. "
    "Add one with: famgeo add STUDY transit gtfs.zip"
)
DEFECT = (
    "famgeo failed where it should not have ({}). Your study is unharmed. Start the app again with "
    "FAMGEO_DEBUG=1 and report what it prints."
)
NO_SITES = (
    "This study has no schools and no places to meet yet. "
    "Add them with: famgeo add STUDY schools schools.csv"
)

LANGUAGES = {
    "am": "Amharic",
    "ar": "Arabic",
    "ase": "American Sign Language",
    "bn": "Bengali",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "gu": "Gujarati",
    "hi": "Hindi",
    "hmn": "Hmong",
    "ht": "Haitian Creole",
    "it": "Italian",
    "ja": "Japanese",
    "km": "Khmer",
    "ko": "Korean",
    "ne": "Nepali",
    "pl": "Polish",
    "ps": "Pashto",
    "pt": "Portuguese",
    "ru": "Russian",
    "so": "Somali",
    "sw": "Swahili",
    "tl": "Tagalog",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
WEEKDAYS = {
    "Mo": "Mon",
    "Tu": "Tue",
    "We": "Wed",
    "Th": "Thu",
    "Fr": "Fri",
    "Sa": "Sat",
    "Su": "Sun",
}
STEP_FREE = {"yes": "Step-free", "no": "Not step-free", "unknown": "Step-free: not known"}


def plain(sentence: Sentence) -> str:
    """Return a sentence without its tones."""
    return "".join(text for text, _tone in sentence)


def day(moment: date | datetime) -> str:
    """Return a date as people say it.

    >>> day(date(2026, 11, 10))
    'Tuesday 10 November'
    """
    return f"{moment:%A} {moment.day} {moment:%B}"


def outside(asked: date, shown: date, dates: tuple[date, date]) -> str:
    """Say that a day asked for is not in the timetable, and which day is shown."""
    first, last = (f"{day(d)} {d.year}" for d in dates)
    return OUTSIDE.format(
        asked=f"{day(asked)} {asked.year}",
        first=first,
        last=last,
        shown=f"{day(shown)} {shown.year}",
    )


def counted(number: int | None, k: int = STEP) -> str:
    """Return a released count; None means it is too small to show.

    >>> counted(1180), counted(None)
    ('about 1,180', 'fewer than 10')
    """
    return f"fewer than {k}" if number is None else f"about {number:,}"


def when(meeting_ids: Sequence[str]) -> str:
    """Return a plan's evenings in words, from their ids such as ``2026-11-10T18:30/20:30``."""
    starts = sorted(datetime.fromisoformat(m.split("/")[0]) for m in meeting_ids)
    if len(meeting_ids) == 1:
        ends = meeting_ids[0].split("/")[1]
        return f"On {day(starts[0])}, {starts[0]:%H:%M} to {ends},"
    return f"On {len(starts)} evenings from {day(starts[0])} to {day(starts[-1])},"


def headline(plan: ReleasedPlan) -> Sentence:
    """Say who cannot come now, and what the plan changes."""
    found, n_sites = plan.headline, len(plan.sites)
    places = "this 1 place" if n_sites == 1 else f"these {n_sites} places"
    return [
        (f"{when(plan.meetings)} ", ""),
        (counted(found.no_option_at_school, found.k), "bad"),
        (f" of {found.families:,} families have no way to attend at their school. ", ""),
        (f"Meeting at {places} instead leaves ", ""),
        (counted(found.no_option_with_plan, found.k), "good"),
        (".", ""),
    ]


def parts(found: Headline) -> list[tuple[str, int, str]]:
    """Return the families as (look, number, words) that add up.

    None when a count is hidden, or when one of the parts would be a handful or nobody: parts are
    differences of rounded counts.
    """
    before, after = found.no_option_at_school, found.no_option_with_plan
    if before is None or after is None or not after <= before <= found.families:
        return []
    bar = [
        ("already", found.families - before, "can come at their school"),
        ("more", before - after, "more can come with these places"),
        ("left", after, "still have no way"),
    ]
    return bar if min(families for _, families, _ in bar) >= STEP else []


def rounded(families: float) -> int:
    """Round an estimate to tens.

    >>> rounded(183.0), rounded(4)
    (180, 0)
    """
    return int(np.floor(families / STEP + 0.5)) * STEP


def estimate(
    trips: pd.DataFrame, families: pd.Series, place: str, means: str, limit_min: float
) -> Sentence:
    """Say how many families live where they could come at this time, and what stops the others.

    An estimate: released families of each home area times public geography, so it says "about".
    It names no total: areas are rounded one by one, so theirs is not quite the headline's.

    Parameters
    ----------
    trips
        Indexed by ``home_area_id``, with ``reason``.
    families
        Released families by ``home_area_id``.
    """
    who = MEANS[means].who
    count = families.groupby(trips.reason.reindex(families.index).fillna("")).sum()
    able = rounded(float(count.get("", 0)))
    sentence: Sentence = [
        ("At this time, ", ""),
        (counted(able or None), "good"),
        (f" families live where {who} can come to {place} and get home.", ""),
    ]
    for reasons, words in _stops(means, limit_min):
        stopped = rounded(float(sum(count.get(reason, 0) for reason in reasons)))
        if stopped:
            sentence += [(" About ", ""), (f"{stopped:,}", "bad"), (f" live {words}.", "")]
    return sentence


def _stops(means: str, limit_min: float) -> list[tuple[frozenset[Reason], str]]:
    too_early = "where the last way home leaves too early"
    no_home = too_early if MEANS[means].by_timetable else "where there is no way home"
    return [
        (frozenset({Reason.NO_TRIP_HOME}), no_home),
        (NEVER_THERE, "where there is no way to get there in time"),
        (TOO_LONG, f"more than {limit_min:.0f} minutes away"),
    ]


def reason(found: str, means: str, limit_min: float) -> str:
    """Return why people of an area cannot attend, or that they can."""
    timed = MEANS[means].by_timetable
    sentences = {
        "": "People here can come and get home again.",
        Reason.OFF_NETWORK: "No street or path we know of leads here.",
        Reason.NO_STEP_FREE_WAY: "There is no step-free way there.",
        Reason.NO_TRIP_THERE: "There is no way to be there in time.",
        Reason.TOO_LONG_THERE: f"Getting there takes longer than {limit_min:.0f} minutes.",
        Reason.NO_TRIP_HOME: "The last way home leaves before the meeting ends."
        if timed
        else "There is no way home.",
        Reason.TOO_LONG_HOME: f"Getting home takes longer than {limit_min:.0f} minutes.",
    }
    return sentences.get(found, "People here cannot attend.")


def minutes(value: float) -> str:
    """Return minutes in words.

    >>> minutes(24.4), minutes(float("nan"))
    ('24 min', 'no way')
    """
    return f"{value:.0f} min" if np.isfinite(value) else "no way"


def margin(value: float, ends: datetime) -> str:
    """Return when the last way home leaves, and how long before or after the end that is."""
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "They can leave at any time."
    if 0 <= value < 1:
        return "The last way home leaves just as the meeting ends."
    leaves = ends + timedelta(minutes=int(np.floor(value)))
    n = abs(int(np.floor(value)))
    counted_minutes = "1 minute" if n == 1 else f"{n} minutes"
    side = "before" if value < 0 else "after"
    return f"The last way home leaves at {leaves:%H:%M}, {counted_minutes} {side} the end."


def looks(trips: pd.DataFrame, limits: Limits) -> pd.Series:
    """Return each home area's look on the map: m0 … m4 by the longer trip, or a barrier."""
    longer = trips[["there_min", "home_min"]].max(axis=1, skipna=False)
    steps = np.searchsorted(_edges(limits), longer.to_numpy(), side="right")
    look = pd.Series([f"m{min(step, 3)}" for step in steps], index=trips.index)
    look[trips.reason.isin(TOO_LONG)] = "m4"
    look[trips.reason == Reason.NO_TRIP_HOME] = "no-way-home"
    look[trips.reason.isin(NEVER_THERE)] = "no-way-there"
    return look


def _edges(limits: Limits) -> list[float]:
    return [limits.limit_min * quarter / 4 for quarter in (1, 2, 3)]


def legend(limits: Limits) -> list[tuple[str, str]]:
    """Return what the colours mean, nearest first."""
    one, two, three = (round(edge) for edge in _edges(limits))
    return [
        ("m0", f"under {one} min"),
        ("m1", f"{one} to {two - 1} min"),
        ("m2", f"{two} to {three - 1} min"),
        ("m3", f"{three} to {limits.limit_min:.0f} min"),
        ("m4", f"over {limits.limit_min:.0f} min"),
        ("no-way-home", "no way home"),
        ("no-way-there", "no way there"),
    ]


def label(row: pd.Series) -> str:
    """Return what an area says when pointed at."""
    if row.reason == Reason.NO_TRIP_HOME:
        return f"{minutes(row.there_min)} there, no way home"
    if row.reason in NEVER_THERE:
        return "No way there in time"
    return f"{minutes(row.there_min)} there, {minutes(row.home_min)} home"


def kind(value: str) -> str:
    """Return the word for a kind of place."""
    return KINDS.get(value, "Place")


def seats(capacity: float) -> str:
    """Return how many people a place holds."""
    return f"{capacity:,.0f} seats" if np.isfinite(capacity) else "Seats: not known"


def hours(start: time, end: time) -> str:
    """Return the hours of a meeting.

    >>> hours(time(18, 30), time(20, 30))
    '18:30 to 20:30'
    """
    return f"{start:%H:%M} to {end:%H:%M}"


def reach(reached: int | None, k: int = STEP) -> str:
    """Return how many families could attend at a place."""
    return f"{counted(reached, k)} families could come here and get home".capitalize()


def area_name(place: str, east_m: float, north_m: float) -> str:
    """Return how an area is called: by the place nearest to its middle, and the side it lies on.

    >>> area_name("East Library", 30, -60), area_name("East Library", 900, -850)
    ('Around East Library', 'South-east of East Library')
    """
    if np.hypot(east_m, north_m) < AROUND_M:
        return f"Around {place}"
    eighth = round(float(np.degrees(np.arctan2(east_m, north_m))) / 45) % 8
    return f"{SIDES[eighth]} of {place}"


def languages(cell: str) -> str:
    """Return the languages spoken at a place, from codes such as ``en;es``.

    >>> languages("en;es;xx"), languages("")
    ('English, Spanish, xx', 'not known')
    """
    return ", ".join(LANGUAGES.get(code, code) for code in split_list(cell)) or "not known"


def opening(hours_text: str) -> str:
    """Return opening hours written in the OpenStreetMap grammar with the usual day names.

    >>> opening("Mo-Th 09:00-21:00; Fr,Sa 09:00-17:00")
    'Mon–Thu 09:00–21:00; Fri, Sat 09:00–17:00'
    """
    named = re.sub("|".join(WEEKDAYS), lambda found: WEEKDAYS[found.group()], hours_text)
    return re.sub(r",(?=\S)", ", ", named).replace("-", "–") or "not known"


def quality(plan: ReleasedPlan) -> str:
    """Say how good a plan is."""
    if plan.headline.quality == "proven best":
        return f"Plan “{plan.name}”. No other choice of places reaches more families."
    return f"Plan “{plan.name}”. This choice is {plan.headline.quality}."
