"""The vault's own registers: rosters read, exact questions asked, and how far the audit log got.

They stay in the vault: how many rows of a roster were refused can be a small group, and the hash
of a roster would confirm a guess at its content.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from famgeo.domain import ReadReport, Refusal
from famgeo.errors import StudyError
from famgeo.store.engine import Database
from famgeo.store.moments import from_text, to_text
from famgeo.store.vault_schema import AUDIT_HEAD, ROSTER_READS, RUNS
from famgeo.tables.records import RosterRead

LOGS_KEPT = timedelta(days=3 * 365 + 1)
REWRITTEN = (
    "The audit log is not the one that this vault remembers: lines of it are missing or changed. "
    "Run famgeo audit verify, and put back a copy of the study from your backup."
)


@dataclass(frozen=True, kw_only=True)
class Register:
    """What the vault writes down beside the homes."""

    database: Database

    def add_read(self, what: str, report: ReadReport, *, sha256: str, utc: datetime) -> None:
        """Note the reading of a roster, for the steward alone."""
        read = RosterRead(what=what, report=report, sha256=sha256, utc=utc)
        with self.database.writing() as connection:
            _note_read(connection, read)

    def reads(self) -> list[RosterRead]:
        """Return the readings of rosters, oldest first."""
        with self.database.reading() as connection:
            return _reads_in(connection)

    def add_run(self, question: str, *, utc: datetime) -> bool:
        """Note an exact question by its hash; False when it was asked before and does not count."""
        with self.database.writing() as connection:
            return _note_run(connection, question, utc=utc)

    def runs_since(self, utc: datetime) -> int:
        """Return how many different exact questions were first asked since then."""
        with self.database.reading() as connection:
            return _runs_in(connection, utc)

    def remember_head(self, sequence: int, line_hash: str, *, anew: bool = False) -> None:
        """Remember the newest line of the public audit log, so that a rewritten log is found.

        Raises ``StudyError`` when the log lacks lines it had, unless the steward begins ``anew``.
        """
        with self.database.writing() as connection:
            _note_head(connection, sequence, line_hash, anew=anew)

    def remembered_head(self) -> tuple[int, str] | None:
        """Return number and hash of the newest line of the audit log that was ever seen."""
        with self.database.reading() as connection:
            return _head_in(connection)


def erase_old_lines(connection: Connection, *, now: datetime) -> int:
    """Erase what the registers noted over three years ago; return how many lines."""
    latest = to_text(now - LOGS_KEPT)
    return sum(
        connection.execute(delete(table).where(table.c.utc <= latest)).rowcount
        for table in (ROSTER_READS, RUNS)
    )


def _note_read(connection: Connection, read: RosterRead) -> None:
    """Note one reading. A report holds no cell of a family, by the rule of every reader."""
    row = {
        "what": read.what,
        "sha256": read.sha256,
        "report": json.dumps(asdict(read.report)),
        "utc": to_text(read.utc),
    }
    connection.execute(insert(ROSTER_READS), row)


def _reads_in(connection: Connection) -> list[RosterRead]:
    """Return every reading, oldest first."""
    rows = connection.execute(select(ROSTER_READS).order_by(ROSTER_READS.c.sequence))
    return [
        RosterRead(
            what=row.what,
            report=_report(row.report),
            sha256=row.sha256,
            utc=from_text(row.utc),
        )
        for row in rows
    ]


def _note_run(connection: Connection, question: str, *, utc: datetime) -> bool:
    """Note an exact question and tell whether it is new; asked again it tells nothing more."""
    if connection.execute(select(RUNS).where(RUNS.c.question == question)).first():
        return False
    connection.execute(insert(RUNS), {"question": question, "utc": to_text(utc)})
    return True


def _runs_in(connection: Connection, since: datetime) -> int:
    """Return how many different questions were first asked at this moment or later."""
    wanted = select(func.count()).select_from(RUNS).where(RUNS.c.utc >= to_text(since))
    return connection.execute(wanted).scalar_one()


def _note_head(connection: Connection, sequence: int, line_hash: str, *, anew: bool) -> None:
    """Remember the newest line of the audit log.

    Raises ``StudyError`` when the log goes back behind the line remembered or has another there,
    unless the steward knows of it and begins ``anew``.
    """
    known = _head_in(connection)
    goes_on = known is None or sequence > known[0] or (sequence, line_hash) == known
    if not goes_on and not anew:
        raise StudyError(REWRITTEN)
    connection.execute(delete(AUDIT_HEAD))
    connection.execute(insert(AUDIT_HEAD), {"sequence": sequence, "hash": line_hash})


def _head_in(connection: Connection) -> tuple[int, str] | None:
    """Return the newest line of the audit log as it was last seen: its number and its hash."""
    found = connection.execute(select(AUDIT_HEAD)).one_or_none()
    return None if found is None else (found.sequence, found.hash)


def _report(text: str) -> ReadReport:
    told = json.loads(text)
    refused = tuple(Refusal(**refusal) for refusal in told.pop("refused"))
    return ReadReport(**{**told, "refused": refused, "notes": tuple(told["notes"])})
