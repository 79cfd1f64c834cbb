"""Moments in a database: UTC to the microsecond, as text that sorts as time does."""

from datetime import UTC, datetime

from famgeo.errors import StudyError


def to_text(moment: datetime) -> str:
    """Write a time-zone aware moment.

    >>> to_text(datetime(2026, 9, 1, 12, tzinfo=UTC))
    '2026-09-01T12:00:00.000000+00:00'
    """
    if moment.tzinfo is None:
        message = f"The moment {moment.isoformat()} has no time zone; give it one."
        raise StudyError(message)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """Read a moment as ``to_text`` wrote it."""
    return datetime.fromisoformat(text)
