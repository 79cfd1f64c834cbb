"""The days on which each GTFS service runs, from calendar.txt and calendar_dates.txt."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.errors import SourceError
from famgeo.sources.gtfs_text import Ledger, TextFile

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_SERVICE_DAYS = 5_000_000
ADDED, REMOVED = "1", "2"

Days = NDArray[np.datetime64]


def parse_dates(file: TextFile, column: str) -> Days:
    """Return a YYYYMMDD column as days; what is no date is NaT."""
    codes, values = file.codes(column)
    return np.array([_day(v) for v in values] or ["NaT"], dtype="datetime64[D]")[codes]


def _day(text: str) -> str:
    if len(text) != len("YYYYMMDD") or not text.isdecimal():
        return "NaT"
    stamp = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        np.datetime64(stamp, "D")
    except ValueError:
        return "NaT"
    return stamp


def service_days(
    calendar: TextFile | None, exceptions: TextFile | None, ledger: Ledger
) -> pd.DataFrame:
    """List each service and date on which it runs: weekly days, plus added, minus removed.

    ``end_date`` is itself a day of service. Either file may be missing.
    """
    weekly = _weekly(calendar, ledger) if calendar is not None else _no_days()
    if exceptions is None:
        return _sorted(weekly)
    changes = pd.DataFrame(
        {
            "service_id": exceptions.text("service_id"),
            "date": parse_dates(exceptions, "date"),
            "kind": exceptions.text("exception_type"),
        }
    )
    bad = changes["date"].isna() | ~changes["kind"].isin([ADDED, REMOVED])
    if bad.any():
        ledger.note(
            f"calendar_dates.txt: rows without a valid date or type: {bad.sum():,}; not used."
        )
    changes = changes[~bad]
    removed = changes.loc[changes["kind"] == REMOVED, ["service_id", "date"]]
    added = changes.loc[changes["kind"] == ADDED, ["service_id", "date"]]
    left = weekly.merge(removed.assign(gone=True), on=["service_id", "date"], how="left")
    return _sorted(pd.concat([left.loc[left["gone"].isna(), ["service_id", "date"]], added]))


def _no_days() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "service_id": pd.Series([], dtype="str"),
            "date": np.array([], dtype="datetime64[s]"),
        }
    )


def _sorted(days: pd.DataFrame) -> pd.DataFrame:
    return days.drop_duplicates().sort_values(["date", "service_id"], ignore_index=True)


def _weekly(calendar: TextFile, ledger: Ledger) -> pd.DataFrame:
    first, last = parse_dates(calendar, "start_date"), parse_dates(calendar, "end_date")
    bad = np.isnat(first) | np.isnat(last)
    if bad.any():
        ledger.note(f"calendar.txt: services without valid dates: {bad.sum():,}; not used.")
    span = np.where(bad, 0, (last - first).astype(np.int64) + 1).clip(min=0)
    if span.sum() > MAX_SERVICE_DAYS:
        message = "calendar.txt spans too many years; ask the publisher for a feed of this year."
        raise SourceError(message)
    runs = np.column_stack([calendar.text(day).to_numpy() == "1" for day in WEEKDAYS])
    row = np.repeat(np.arange(len(calendar)), span)
    nth = np.arange(span.sum()) - np.repeat(np.cumsum(span) - span, span)
    date = first[row] + nth
    # 1970-01-01 was a Thursday, the fourth day of the week
    keep = runs[row, (date.astype(np.int64) + 3) % 7]
    service = calendar.text("service_id").to_numpy()
    return pd.DataFrame({"service_id": service[row[keep]], "date": date[keep]})
