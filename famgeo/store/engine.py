"""One way to open a database, read from it and write to it, with its faults in plain words.

SQLite by default; PostgreSQL by URL with the same schema and the same two promises: a reader sees
one moment and waits for no writer; a writer takes its lock when it begins and has the database to
itself until it ends (``BEGIN IMMEDIATE``, or an advisory lock of the schema), because a lock asked
for later fails at once when two programs write.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from famgeo.errors import StudyError

PRAGMAS = (
    "busy_timeout=30000",  # first: the others wait their turn too
    "journal_mode=WAL",
    "synchronous=FULL",  # what was acknowledged survives a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # an erased row is overwritten, not only forgotten
)

POSTGRES_LOCK = (
    "SET LOCAL lock_timeout = '30s'",
    "SELECT pg_advisory_xact_lock(hashtext('famgeo ' || current_schema()))",
)

POSTGRES_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

FAULTS = (
    (("connection failed", "refused", "server closed", "is bad", "terminating"), "away"),
    (("not a database", "malformed", "corrupt", "no such", "does not exist"), "damaged"),
    (("readonly", "read-only", "unable to open", "permission"), "closed"),
    (("locked", "busy", "lock timeout"), "busy"),
    (("full", "no space left", "ioerr_shm"), "full"),
)

SENTENCES = {
    "away": (
        "{label} cannot be reached. Check that its server runs, and the address, name and password "
        "that were given."
    ),
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
        """Give a connection that sees one moment of the database and waits for no writer.

        It also works in a folder that may not be written, and when the disk is full.
        """
        options = POSTGRES_READING if self.engine.dialect.name == "postgresql" else {}
        with self._plainly(), self._connected() as connection:
            yield connection.execution_options(famgeo_reading=True, **options)

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

    def _connected(self) -> Connection:
        try:
            return self.engine.connect()
        except (SQLAlchemyError, sqlite3.Error):
            unchanging = _unchanging(self.engine.url)
            if unchanging is None:
                raise
            return unchanging.connect()

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
    text = f"{cause} {getattr(cause, 'sqlite_errorname', '')}".lower()
    kind = next((k for words, k in FAULTS if any(word in text for word in words)), "other")
    return SENTENCES[kind].format(label=label, fault=type(cause).__name__)


def open_database(url: str | URL, *, label: str) -> Database:
    """Open a database by URL; nothing is read until it is used.

    Raises ``StudyError`` when the URL cannot be read or its driver is not installed. The URL is in
    no message: it may hold a password.
    """
    try:
        engine = create_engine(_with_driver(make_url(url)), hide_parameters=True)
    except (ArgumentError, ValueError):
        message = (
            f"The address of {_lower(label)} cannot be read. Write it as "
            "postgresql://user:password@host:5432/database."
        )
        raise StudyError(message) from None
    except ModuleNotFoundError as error:
        message = (
            f"PostgreSQL needs the package {error.name}. Install it: pip install 'famgeo[postgres]'"
        )
        raise StudyError(message) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Database(engine=engine, label=label)


def sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def _with_driver(url: URL) -> URL:
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise ArgumentError
    return url


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:] if label.startswith("The ") else label


def _unchanging(url: URL) -> Engine | None:
    """Open a SQLite file that nobody can be writing: read without a lock and without a journal.

    SQLite's journal needs a file beside the database, which a folder that may not be written and
    a full disk refuse. What is settled in the database can be read without one. None when changes
    wait in a journal: without them it would be yesterday's study that is shown.
    """
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    path = Path(url.database)
    journal = path.with_name(f"{path.name}-wal")
    if not path.is_file() or (journal.is_file() and journal.stat().st_size):
        return None
    where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(where, uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _guard)
    return engine


def _prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    _guard(connection, record)


def _guard(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA temp_store=MEMORY")  # no sorted rows in a file elsewhere
    # Who holds the public database cannot reach a vault through it.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("famgeo_reading", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
    elif not reading:
        for statement in POSTGRES_LOCK:
            connection.exec_driver_sql(statement)
