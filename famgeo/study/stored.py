"""The street and timetable files that a study keeps, read again when they are needed."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import pandas as pd

from famgeo.errors import SourceError, StudyError
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.store.files import StudyFile
from famgeo.store.studies import Store
from famgeo.tables import Read, Streets, Timetable

T = TypeVar("T")


def stored_streets(store: Store) -> Read[Streets]:
    """Return the study's streets; raises ``StudyError`` when there are none or they are damaged."""
    return _read(store, need_streets(store), lambda file: read_streets(file.path))


def need_streets(store: Store) -> StudyFile:
    """Return the study's street file; raises ``StudyError`` when there is none."""
    files = store.files("streets")
    if not files:
        message = (
            f"{store.settings.name} has no streets yet. Add them: famgeo add {store.folder.name} "
            "streets FILE.osm.pbf"
        )
        raise StudyError(message)
    return files[0]


def stored_timetable(store: Store, file: StudyFile) -> Timetable:
    """Return one of the study's timetables; raises ``StudyError`` when it is damaged."""
    return _read(store, file, lambda f: read_timetable(f.path, feed_id=f.feed_id)).table


def stored_timetables(store: Store) -> tuple[Timetable, ...]:
    """Return the study's timetables; raises ``StudyError`` when one is damaged."""
    return tuple(stored_timetable(store, file) for file in store.files("transit"))


def when_over(
    store: Store, new: Timetable, there: StudyFile | None, *, today: date
) -> tuple[str, ...]:
    """Say of a timetable whose last day has passed that it is over; nothing of a current one.

    Raises ``SourceError`` when the one it would replace runs longer, which stays.
    """
    first, last = _days(new)
    if last >= today:
        return ()
    lasted = None if there is None else _last_day(store, there)
    if lasted is not None and lasted > last:
        message = (
            f"The timetable '{new.feed_id}' covers {first} to {last}, which is over; the one that "
            f"is there runs to {lasted} and stays. Ask the agency for its current GTFS file."
        )
        raise SourceError(message)
    return (f"It covers {first} to {last}, which is over: ask the agency for a current one.",)


def _last_day(store: Store, file: StudyFile) -> date | None:
    try:
        return _days(stored_timetable(store, file))[1]
    except StudyError:
        return None  # a damaged one holds back no other


def _days(timetable: Timetable) -> tuple[date, date]:
    days = pd.to_datetime(timetable.services["date"])
    return days.min().date(), days.max().date()


def _read(store: Store, file: StudyFile, read: Callable[[StudyFile], T]) -> T:
    try:
        return read(file)
    except SourceError as error:
        message = (
            f"The study's copy of {file.name} is missing or damaged. Add it again: famgeo add "
            f"{store.folder.name} {file.kind} {file.name}"
        )
        raise StudyError(message) from error
