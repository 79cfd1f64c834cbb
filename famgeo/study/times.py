"""The ``times`` command: files in, one row for every pair out."""

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from famgeo.domain import Limits, Mode, ReadReport, Status, timezone
from famgeo.errors import SourceError
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.sources.places import read_places
from famgeo.study.both_ways import get_ready
from famgeo.tables import Progress, Timetable, no_progress
from famgeo.travel.network import Network
from famgeo.travel.times import travel_times


@dataclass(frozen=True, kw_only=True, slots=True)
class TimesQuestion:
    """What ``times`` was asked; ``arrive_by`` or ``depart_at`` is local unless it has an offset."""

    streets: Path
    transit: tuple[Path, ...]
    origins: Path
    destinations: Path
    mode: Mode
    arrive_by: datetime | None
    depart_at: datetime | None
    max_minutes: float
    limits: Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class TimesAnswer:
    """How many pairs came out in each state, and what the files held."""

    out: Path
    pairs: int
    by_status: dict[str, int]
    reports: tuple[ReadReport, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        states = ", ".join(f"{count:,} {status}" for status, count in self.by_status.items())
        wrote = f"Wrote {self.pairs:,} pairs: {states}."
        return "\n".join([*map(str, self.reports), *self.notes, wrote])

    def as_json(self) -> dict[str, object]:
        """Return the answer as JSON types."""
        return {
            "out": str(self.out),
            "pairs": self.pairs,
            "by_status": self.by_status,
            "notes": list(self.notes),
            "read": [
                {"source": r.source, "read": r.rows_read, "used": r.rows_used} for r in self.reports
            ],
        }


def answer_times(
    question: TimesQuestion,
    out: Path,
    *,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> TimesAnswer:
    """Read the files, search every pair and write the table.

    Raises ``SourceError`` for a file that cannot be used or written, ``TravelError`` for a date
    outside the timetable.
    """
    if question.mode is Mode.TRANSIT and not question.transit:
        message = "--mode transit needs a timetable: add --transit GTFS.zip."
        raise SourceError(message)
    check_place_for(out)
    progress("Reading places", 0.0)
    origins, destinations = read_places(question.origins), read_places(question.destinations)
    progress("Reading streets", 0.1)
    streets = read_streets(question.streets)
    progress("Reading timetables", 0.3)
    feeds = [
        read_timetable(path, feed_id=feed_id)
        for path, feed_id in zip(question.transit, feed_ids(question.transit), strict=True)
    ]
    timetables = tuple(feed.table for feed in feeds)
    network = Network(streets=streets.table, timetables=timetables, limits=question.limits)
    arrive_by, depart_at = (
        in_zone(moment, timetables) for moment in (question.arrive_by, question.depart_at)
    )
    get_ready(progress)
    progress("Searching", 0.5)
    table = travel_times(
        network,
        origins.table,
        destinations.table,
        question.mode,
        arrive_by=arrive_by,
        depart_at=depart_at,
        max_minutes=question.max_minutes,
        executor=executor,
    )
    progress("Writing", 0.9)
    write_table(table, out)
    counts = table["status"].value_counts()
    return TimesAnswer(
        out=out,
        pairs=len(table),
        by_status={str(s): int(counts[s]) for s in Status if counts.get(s, 0)},
        reports=tuple(read.report for read in (origins, destinations, streets, *feeds)),
        notes=_notes(network, question, arrive_by or depart_at),
    )


def _notes(network: Network, question: TimesQuestion, moment: datetime | None) -> tuple[str, ...]:
    """Return what an analyst must know of the day and the clock."""
    if moment is None:
        return ()
    if question.mode is Mode.TRANSIT:
        return network.day(moment.astimezone(network.zone).date(), step_free=False).notes
    asked = question.arrive_by or question.depart_at
    if asked is None or asked.tzinfo is not None or network.zone is not None:
        return ()
    return ("Nothing names a time zone, so times are in UTC; 18:00-05:00 would say another.",)


def feed_ids(paths: tuple[Path, ...] | list[Path]) -> list[str]:
    """Name feeds by their files; two files of one name get a number."""
    stems = [path.stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else f"{stem}-{stems[: i + 1].count(stem)}"
        for i, stem in enumerate(stems)
    ]


def in_zone(moment: datetime | None, timetables: tuple[Timetable, ...]) -> datetime | None:
    """Read a moment without offset as local: the feed's zone, or UTC when nothing says where."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=timezone(timetables[0].timezone if timetables else "UTC"))


def check_place_for(out: Path) -> None:
    """Raise ``SourceError`` before hours of work when there is no folder to write to."""
    if out.is_dir():
        message = f"{out} is a folder. Name a file in it with --out."
        raise SourceError(message)
    if not out.parent.is_dir():
        message = f"There is no folder {out.parent}. Make it, or choose another place with --out."
        raise SourceError(message)


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a table whole or not at all: to a temporary file beside it, then by rename."""
    part = out.with_name(f".{out.name}.part")
    try:
        if out.suffix.lower() == ".parquet":
            table.to_parquet(part, index=False, compression="zstd")
        else:
            table.to_csv(part, index=False)
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or error
        message = f"{out} cannot be written: {reason}. Choose another place with --out."
        raise SourceError(message) from error
