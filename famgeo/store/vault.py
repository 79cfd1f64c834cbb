"""Where homes live: ``vault.db``, readable by its owner alone, and the folder ``private/``.

Only the command line opens a vault. No page, map or export can import this module, and what is
derived from homes (minutes to sites, barriers) is reachable only through the object it returns.
What is derived never outlives a change of the homes it came from.
"""

import contextlib
import io
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)

from famgeo.errors import StudyError, TableError
from famgeo.store.artifacts import load_arrays, save_arrays
from famgeo.store.engine import Database, open_database, sqlite_url
from famgeo.store.fingerprint import fingerprint
from famgeo.store.frames import point_table, read_points, rows_of
from famgeo.store.published import ledger_table, read_ledger, write_ledger
from famgeo.tables import BARRIERS, STUDENTS, Ledger, check

VAULT_NAME = "vault.db"
PRIVATE_NAME = "private"
SECRET_BYTES = 32
TRIPS_BYTES = 2_000_000_000
"""How much disk kept travel times may take; the oldest make room for the newest."""
OWNER_ONLY = 0o600
OWNER_ONLY_FOLDER = 0o700

METADATA = MetaData()

STUDENT_ROWS = point_table("students", METADATA, STUDENTS, key=("student_id", "household_id"))

SOURCES = Table(
    "sources",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

BARRIER_TABLES = Table(
    "barriers",
    METADATA,
    Column("meeting_id", Text, primary_key=True),
    Column("parquet", LargeBinary, nullable=False),
)

LEDGER_ROWS = ledger_table(METADATA)


@dataclass(frozen=True, kw_only=True)
class StudyVault:
    """The vault of one study; it satisfies ``tables.Vault``. Its errors hold no row's values."""

    folder: Path
    database: Database

    def add_students(self, students: gpd.GeoDataFrame, source_hash: str) -> int:
        """Store STUDENTS rows and return how many are new.

        A file is the whole truth about the students it names, their homes included, and says
        nothing about the others: who left the district leaves by ``replace_students``. A file
        whose content was read before adds and changes nothing.
        """
        return self._store(students, source_hash, whole=False)

    def replace_students(self, students: gpd.GeoDataFrame, source_hash: str) -> int:
        """Store STUDENTS rows as the whole enrolment: students not in them leave the vault."""
        return self._store(students, source_hash, whole=True)

    def students(self) -> gpd.GeoDataFrame:
        """Return every row of STUDENTS, by student and household."""
        with self.database.reading() as connection:
            return read_points(connection, STUDENT_ROWS, STUDENTS)

    def secret(self) -> bytes:
        """Return the study's 32-byte rounding key, made once at random."""
        wanted = select(SECRETS.c.value).where(SECRETS.c.name == "rounding")
        with self.database.writing() as connection:
            found = connection.execute(wanted).scalar()
            if found is None:
                found = secrets.token_bytes(SECRET_BYTES)
                connection.execute(insert(SECRETS), {"name": "rounding", "value": found})
        return bytes(found)

    def ledger(self) -> Ledger:
        """Return what was ever counted for publication; raises ``StudyError`` when damaged."""
        with self.database.reading() as connection:
            return read_ledger(connection, LEDGER_ROWS)

    def save_ledger(self, ledger: Ledger, *, over: Ledger) -> None:
        """Replace the ledger, before anything counted by it is shown.

        Raises ``StudyError`` when the stored one is not ``over`` any more.
        """
        with self.database.writing() as connection:
            write_ledger(connection, LEDGER_ROWS, ledger, over=over)

    def save_barriers(self, barriers: pd.DataFrame) -> None:
        """Replace the stored BARRIERS rows of the meetings in this table."""
        rows = [
            {"meeting_id": meeting_id, "parquet": _to_parquet(part)}
            for meeting_id, part in barriers[list(BARRIERS.columns)].groupby("meeting_id")
        ]
        if not rows:
            return
        with self.database.writing() as connection:
            same = BARRIER_TABLES.c.meeting_id == bindparam("old")
            connection.execute(
                delete(BARRIER_TABLES).where(same), [{"old": row["meeting_id"]} for row in rows]
            )
            connection.execute(insert(BARRIER_TABLES), rows)

    def barriers(self, meeting_id: str) -> pd.DataFrame:
        """Return the stored BARRIERS rows of one meeting; empty when there are none."""
        wanted = select(BARRIER_TABLES.c.parquet).where(BARRIER_TABLES.c.meeting_id == meeting_id)
        with self.database.reading() as connection:
            stored = connection.execute(wanted).scalar()
        return _no_barriers() if stored is None else _from_parquet(stored)

    def load_trips(self, key: Mapping[str, object]) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays stored under this key by ``save_trips``; None when there are none."""
        return load_arrays(self._trips(key))

    def save_trips(
        self, key: Mapping[str, object], arrays: Mapping[str, NDArray[np.generic]]
    ) -> None:
        """Keep arrays derived from homes until a home changes.

        ``key`` names all they depend on: the homes, streets, feeds, sites, meeting, limits, code.
        Raises ``StudyError`` when they cannot be written; nothing is lost but the time to make
        them again.
        """
        try:
            private = self.folder / PRIVATE_NAME
            private.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
            private.chmod(OWNER_ONLY_FOLDER)
            save_arrays(self._trips(key), arrays, mode=OWNER_ONLY)
            _keep_newest(private, TRIPS_BYTES)
        except OSError as error:
            message = f"{self.folder / PRIVATE_NAME} cannot be written: {error.strerror}."
            raise StudyError(message) from error

    def _trips(self, key: Mapping[str, object]) -> Path:
        return self.folder / PRIVATE_NAME / f"trips-{fingerprint(key)}.npz"

    def _store(self, students: gpd.GeoDataFrame, source_hash: str, *, whole: bool) -> int:
        rows = _checked_rows(students)
        with self.database.writing() as connection:
            if _seen(connection, source_hash, newest=whole):
                return 0
            before = set(map(tuple, connection.execute(select(*STUDENT_ROWS.primary_key.columns))))
            _forget(connection, None if whole else {row["student_id"] for row in rows})
            if rows:
                connection.execute(insert(STUDENT_ROWS), rows)
            connection.execute(delete(SOURCES).where(SOURCES.c.sha256 == source_hash))
            connection.execute(insert(SOURCES), {"sha256": source_hash})
            connection.execute(delete(BARRIER_TABLES))
            self._forget_derived()
        self.database.settle()
        return len({(row["student_id"], row["household_id"]) for row in rows} - before)

    def _forget_derived(self) -> None:
        for path in (self.folder / PRIVATE_NAME).glob("*"):
            path.unlink(missing_ok=True)
        for path in (self.folder / PRIVATE_NAME).glob(".*"):
            path.unlink(missing_ok=True)


def open_vault(folder: Path) -> StudyVault:
    """Open the vault of a study folder, or make it: one file of mode 0600, whatever the umask.

    SQLite gives its journals the mode of the database. Raises ``StudyError`` when the folder is
    no study, or the vault is damaged or cannot be opened.
    """
    path = folder.absolute() / VAULT_NAME
    try:
        _make_private(path)
    except OSError as error:
        message = f"The vault {path} cannot be opened: {error.strerror}."
        raise StudyError(message) from error
    database = open_database(sqlite_url(path), label=str(path))
    with database.writing() as connection:
        METADATA.create_all(connection)
    return StudyVault(folder=path.parent, database=database)


def _keep_newest(folder: Path, most_bytes: int) -> None:
    newest_first = sorted(folder.glob("*.npz"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    kept_bytes = 0
    for order, path in enumerate(newest_first):
        kept_bytes += path.stat().st_size
        if order and kept_bytes > most_bytes:
            path.unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
    path.chmod(OWNER_ONLY)


def _checked_rows(students: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    try:
        return rows_of(students, STUDENTS)
    except TableError as fault:
        # The cause is cut off: it holds the cells that were refused.
        raise TableError(str(fault)) from None


def _seen(connection: Connection, source_hash: str, *, newest: bool) -> bool:
    hashes = connection.execute(select(SOURCES.c.sha256).order_by(SOURCES.c.sequence)).scalars()
    known = list(hashes)
    return source_hash in (known[-1:] if newest else known)


def _forget(connection: Connection, student_ids: set[str] | None) -> None:
    everyone = delete(STUDENT_ROWS)
    if student_ids is None:
        connection.execute(everyone)
        return
    same = STUDENT_ROWS.c.student_id == bindparam("named")
    if student_ids:
        connection.execute(everyone.where(same), [{"named": name} for name in student_ids])


def _to_parquet(barriers: pd.DataFrame) -> bytes:
    stored = io.BytesIO()
    barriers.to_parquet(stored, compression="zstd", index=False, write_page_checksum=True)
    return stored.getvalue()


def _from_parquet(stored: bytes) -> pd.DataFrame:
    try:
        stream = io.BytesIO(stored)
        return pd.read_parquet(stream, page_checksum_verification=True)[list(BARRIERS.columns)]
    except (OSError, pa.ArrowException, KeyError):
        message = "The stored barriers are damaged. Make the plan again to renew them."
        raise StudyError(message) from None


def _no_barriers() -> pd.DataFrame:
    empty = {
        name: pd.Series(dtype=float if str(spec.dtype) == "float64" else str)
        for name, spec in BARRIERS.columns.items()
    }
    return check(pd.DataFrame(empty), BARRIERS)
