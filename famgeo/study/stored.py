"""The street and timetable files that a study keeps, read again when they are needed."""

from collections.abc import Callable
from typing import TypeVar

from famgeo.errors import SourceError, StudyError
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.store.studies import Store, StudyFile
from famgeo.tables import Read, Streets, Timetable

T = TypeVar("T")


def stored_streets(store: Store) -> Read[Streets]:
    """Return the study's streets; raises ``StudyError`` when there are none or they are damaged."""
    files = store.files("streets")
    if not files:
        message = (
            f"{store.settings.name} has no streets yet. Add them: famgeo add {store.folder.name} "
            "streets FILE.osm.pbf"
        )
        raise StudyError(message)
    return _read(store, files[0], lambda file: read_streets(file.path))


def stored_timetable(store: Store, file: StudyFile) -> Timetable:
    """Return one of the study's timetables; raises ``StudyError`` when it is damaged."""
    return _read(store, file, lambda f: read_timetable(f.path, feed_id=f.feed_id)).table


def stored_timetables(store: Store) -> tuple[Timetable, ...]:
    """Return the study's timetables; raises ``StudyError`` when one is damaged."""
    return tuple(stored_timetable(store, file) for file in store.files("transit"))


def _read(store: Store, file: StudyFile, read: Callable[[StudyFile], T]) -> T:
    try:
        return read(file)
    except SourceError as error:
        message = (
            f"The study's copy of {file.name} is missing or damaged. Add it again: famgeo add "
            f"{store.folder.name} {file.kind} {file.name}"
        )
        raise StudyError(message) from error
