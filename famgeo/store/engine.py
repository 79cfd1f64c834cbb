"""One way to open a database, read from it and write to it, with its faults in plain words.

SQLite by default; PostgreSQL by URL with the same schema. On SQLite a writer takes its lock when
it begins (``BEGIN IMMEDIATE``): a lock asked for later fails at once when two programs write.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from famgeo.errors import StudyError

PRAGMAS = (
    "busy_timeout=30000",  # first: the others wait their turn too
    "journal_mode=WAL",
    "synchronous=FULL",  # what was acknowledged survives a power cut
    "foreign_keys=ON",
    "temp_store=MEMORY",  # no sorted rows in a temporary file elsewhere
    "secure_delete=ON",  # an erased row is overwritten, not only forgotten
)

FAULTS = (
    (("not a database", "malformed", "corrupt", "no such table", "no such column"), "damaged"),
    (("readonly", "read-only", "unable to open", "permission"), "closed"),
    (("locked", "busy"), "busy"),
    (("full",), "full"),
)

SENTENCES = {
    "damaged": "{label} is damaged and cannot be used. Put back a copy from your backup.",
    "closed": (
        "{label} cannot be opened for writing. Check that you may write to its folder and that "
        "the disk is there."
    ),
    "busy": "{label} is in use by another program. Wait for it to finish and try again.",
    "full": ("The disk of {label} is full. Nothing was changed; free some space and try again."),
    "other": "{label} could not be used ({fault}). Nothing was changed; try again.",
}


@dataclass(frozen=True, kw_only=True)
class Database:
    """An engine and the name its messages use; safe to share among threads."""

    engine: Engine
    label: str

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database and waits for no writer."""
        with self._plainly(), self.engine.connect() as connection:
            yield connection.execution_options(famgeo_reading=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes happen together at the end, or not at all."""
        with self._plainly(), self.engine.begin() as connection:
            yield connection

    def settle(self) -> None:
        """Empty SQLite's journal into the file, so that nothing erased is left in it."""
        if self.engine.dialect.name != "sqlite":
            return
        with self._plainly():
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            # The cause is cut off: it may carry the values of a row.
            raise StudyError(plain_fault(error, self.label)) from None


def plain_fault(error: Exception, label: str) -> str:
    """Say what went wrong in a database in one sentence that holds none of its values."""
    cause = getattr(error, "orig", None) or error
    text = str(cause).lower()
    kind = next((k for words, k in FAULTS if any(word in text for word in words)), "other")
    return SENTENCES[kind].format(label=label, fault=type(cause).__name__)


def open_database(url: str | URL, *, label: str) -> Database:
    """Open a database by URL; nothing is read until it is used."""
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return Database(engine=engine, label=label)


def sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def _prepare(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    # Who holds the public database cannot reach a vault through it.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("famgeo_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
