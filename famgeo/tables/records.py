"""What the vault says it did, in counts: never an id, never a place."""

from dataclasses import dataclass, fields
from datetime import datetime

from famgeo.domain import ReadReport
from famgeo.tables.released import shown

FEWEST_NAMED = 10
"""The fewest students or households a sentence gives as a figure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """How much was erased: rows of students, and households of which nothing is left."""

    students: int = 0
    households: int = 0

    def __str__(self) -> str:
        if not self.students and not self.households:
            return "Nothing of this family was in the vault. No later file brings it in."
        return (
            f"Erased: {some(self.students)} students of {some(self.households)} households. No "
            "later file and no older copy of the vault brings them back."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """How much was erased because its time was over.

    students : rows of students who left the enrolment; households : of which nothing is left, in
    what was counted for publication too; travel_times : files in ``private``; leftovers : files
    that a killed program left half written; log_lines : lines of the vault's own registers.
    """

    students: int = 0
    households: int = 0
    travel_times: int = 0
    leftovers: int = 0
    log_lines: int = 0

    def __str__(self) -> str:
        told = {
            "students who left": some(self.students),
            "households of which nothing is left": some(self.households),
            "files of travel times over a day old": f"{self.travel_times:,}",
            "files left half written": f"{self.leftovers:,}",
            "register lines over three years old": f"{self.log_lines:,}",
        }
        counts = [getattr(self, field.name) for field in fields(self)]
        parts = [
            f"{n} {what}" for count, (what, n) in zip(counts, told.items(), strict=True) if count
        ]
        return f"Erased: {'; '.join(parts)}." if parts else "Nothing was old enough to be erased."


@dataclass(frozen=True, kw_only=True, slots=True)
class RosterRead:
    """One reading of a roster, kept in the vault alone: rows by their numbers, no cell of them."""

    what: str
    report: ReadReport
    sha256: str
    utc: datetime


def some(count: int) -> str:
    """Say a count of families; a small one is not given.

    >>> some(3), some(1250)
    ('fewer than 10', '1,250')
    """
    return shown(None if count < FEWEST_NAMED else count)
