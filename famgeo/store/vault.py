"""Where homes live: ``vault.db``, readable by its owner alone, and the folder ``private/``.

Only the command line opens a vault. No page, map or export can import this module or those beside
it, and what is derived from homes (minutes to sites, barriers) is reachable only through the
object it returns. What is derived never outlives a change of the homes it came from, and a family
that was erased is not brought back by a later roster or an older copy of the vault.
"""

import contextlib
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, inspect

from famgeo.errors import StudyError, TableError
from famgeo.store import vault_derived as derived
from famgeo.store import vault_enrolment as enrolment
from famgeo.store import vault_tombstones as tombstones
from famgeo.store.artifacts import load_arrays, save_arrays
from famgeo.store.engine import Database, open_database, sqlite_url
from famgeo.store.fingerprint import fingerprint
from famgeo.store.frames import read_points, rows_of
from famgeo.store.published import read_ledger, write_ledger
from famgeo.store.vault_register import Register, erase_old_lines
from famgeo.store.vault_schema import LEDGER_ROWS, METADATA, SECRETS, STUDENT_ROWS
from famgeo.tables import STUDENTS, Ledger, digest
from famgeo.tables.records import Erased, Purged

VAULT_NAME = "vault.db"
PRIVATE_NAME = derived.PRIVATE_NAME
SECRET_BYTES = 32
CHANGED_MEANWHILE = "The families changed while this was worked out. Run the command again."
TRIPS_BYTES = 2_000_000_000
"""How much disk kept travel times may take; the oldest make room for the newest."""
OWNER_ONLY = 0o600
OWNER_ONLY_FOLDER = 0o700


@dataclass(frozen=True, kw_only=True)
class StudyVault(Register):
    """The vault of one study; it satisfies ``tables.Vault``. Its errors hold no row's values.

    ``erased_again`` counts what opening it erased: families whom an older copy of the vault, put
    back in the place of a newer one, had brought back.
    """

    folder: Path
    erased_again: Erased = field(default_factory=Erased)

    def add_students(self, students: gpd.GeoDataFrame, source_hash: str) -> int:
        """Store STUDENTS rows and return how many are new.

        A file is the whole truth about the students it names, their homes included, and says
        nothing about the others: who left the district leaves by ``replace_students``. A file
        whose content was read before adds and changes nothing. Rows of erased families are left
        out, as ``left_out`` counts them.
        """
        rows = _checked_rows(students)
        with self.database.writing() as connection:
            if enrolment.seen(connection, source_hash, newest=False):
                return 0
            new = enrolment.put_students(connection, _kept(connection, rows))
            self._enrolled(connection, source_hash)
        self.database.settle()
        return new

    def replace_students(
        self, students: gpd.GeoDataFrame, source_hash: str, *, now: datetime
    ) -> int:
        """Store STUDENTS rows as the whole enrolment and return how many are new.

        Students not in them leave: they count nowhere from now on, and ``purge`` erases them after
        30 days. Until then ``bring_back`` undoes it. Raises ``TableError`` when there is no row.
        """
        rows = _checked_rows(students)
        if not rows:
            message = (
                "A roster without a single student is no whole enrolment. Nothing was changed."
            )
            raise TableError(message)
        with self.database.writing() as connection:
            if enrolment.seen(connection, source_hash, newest=True):
                return 0
            staying = {row["student_id"] for row in rows}
            enrolment.let_leave(connection, staying, now=now)
            new = enrolment.put_students(connection, _kept(connection, rows))
            self._enrolled(connection, source_hash)
        self.database.settle()
        return new

    def bring_back(self) -> int:
        """Undo the leaving of those whom the last whole enrolment lacked; return how many rows."""
        with self.database.writing() as connection:
            rows = enrolment.bring_back(connection)
            if rows:
                derived.forget_derived(connection, self.folder)
        self.database.settle()
        return rows

    def left_out(self, students: gpd.GeoDataFrame) -> int:
        """Return how many of these STUDENTS rows are of erased families and never stored."""
        rows = _checked_rows(students)
        with self.database.reading() as connection:
            return len(rows) - len(_kept(connection, rows))

    def students(self) -> gpd.GeoDataFrame:
        """Return every row of STUDENTS, by student and household."""
        with self.database.reading() as connection:
            return read_points(connection, STUDENT_ROWS, STUDENTS)

    def family_of(self, student_id: str) -> frozenset[str]:
        """Return the household ids of a student who is enrolled or left in the last 30 days."""
        with self.database.reading() as connection:
            pairs = enrolment.everyone(connection)
        return frozenset(household for student, household in pairs if student == student_id)

    def forget(
        self,
        *,
        household_ids: Collection[str] = (),
        student_ids: Collection[str] = (),
        now: datetime,
    ) -> Erased:
        """Erase families for good: their rows, all that was derived, their place in the ledger.

        A family is erased whole by its ``household_ids`` (``family_of``); ``student_ids`` erases
        these students alone. Keyed tombstones keep both from coming back by a later roster or an
        older copy of the vault. An id that is not here gets its tombstone too.
        """
        with self.database.writing() as connection:
            stones = self._stones(connection)
            ids = {tombstones.HOUSEHOLD: household_ids, tombstones.STUDENT: student_ids}
            for kind, names in ids.items():
                stones = tombstones.carve_family(stones, kind, names, on=now.date())
            if secret := enrolment.rounding_secret(connection):
                counted = [enrolment.published_name(digest(h, secret)) for h in household_ids]
                stones = tombstones.carve(stones, tombstones.PUBLISHED, counted, on=now.date())
            tombstones.keep(connection, self.folder / tombstones.BESIDE_NAME, stones)
            erased = enrolment.erase_named(connection, stones)
            derived.forget_derived(connection, self.folder)
        self._settle_for_good()
        return erased

    def purge(self, *, now: datetime) -> Purged:
        """Erase what has had its time, and return how much.

        Homes of students who left 30 days ago, and their households' place in the ledger; travel
        times and half-written files after 24 hours; the vault's registers after three years.
        """
        with self._on_disk():  # first, for it makes room on a disk that is full
            travel_times = derived.remove(derived.old_travel_times(self.folder, now))
            leftovers = derived.remove(derived.old_leftovers(self.folder, now))
        with self.database.writing() as connection:
            gone = enrolment.erase_departed(connection, now=now)
            lines = erase_old_lines(connection, now=now)
        self._settle_for_good()
        return Purged(
            students=gone.students,
            households=gone.households,
            travel_times=travel_times,
            leftovers=leftovers,
            log_lines=lines,
        )

    def secret(self) -> bytes:
        """Return the study's 32-byte rounding key, made once at random."""
        with self.database.reading() as connection:
            found = enrolment.rounding_secret(connection)
        if found is not None:
            return found
        with self.database.writing() as connection:
            found = enrolment.rounding_secret(connection)
            if found is None:
                found = secrets.token_bytes(SECRET_BYTES)
                connection.execute(insert(SECRETS), {"name": "rounding", "value": found})
        return found

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

    def state(self) -> str:
        """Return a name for the homes as they are; it is another after every change of them."""
        with self.database.reading() as connection:
            return derived.state_in(connection)

    def save_barriers(self, barriers: pd.DataFrame, *, state: str | None = None) -> None:
        """Replace the stored BARRIERS rows of the meetings in this table.

        ``state`` is that of the homes they were worked out from. Raises ``StudyError``, and drops
        the travel times too, when families came, moved or left in the meantime.
        """
        with self.database.writing() as connection:
            moved = state not in {None, derived.state_in(connection)}
            outdated = moved or derived.is_outdated(connection, barriers)
            if not outdated:
                derived.put_barriers(connection, barriers)
        if outdated:
            derived.forget_files(self.folder)
            raise StudyError(CHANGED_MEANWHILE)

    def barriers(self, meeting_id: str) -> pd.DataFrame:
        """Return the stored BARRIERS rows of one meeting; empty when there are none."""
        with self.database.reading() as connection:
            return derived.barriers_in(connection, meeting_id)

    def load_trips(self, key: Mapping[str, object]) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays stored under this key by ``save_trips``; None when there are none."""
        return load_arrays(self._trips(key))

    def save_trips(
        self,
        key: Mapping[str, object],
        arrays: Mapping[str, NDArray[np.generic]],
        *,
        state: str | None = None,
    ) -> None:
        """Keep arrays derived from homes until a home changes, and for 24 hours at least.

        ``key`` names all they depend on: the homes, streets, feeds, sites, meeting, limits, code;
        ``state`` is that of the homes. Raises ``StudyError`` when it is no more, and when they
        cannot be written; nothing is lost but the time to make them again.
        """
        private = self.folder / PRIVATE_NAME
        with self._on_disk():
            private.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
            private.chmod(OWNER_ONLY_FOLDER)
            save_arrays(self._trips(key), arrays, mode=OWNER_ONLY)
            _keep_newest(private, TRIPS_BYTES)
        if state not in {None, self.state()}:
            derived.forget_files(self.folder)
            raise StudyError(CHANGED_MEANWHILE)

    def _trips(self, key: Mapping[str, object]) -> Path:
        return self.folder / PRIVATE_NAME / f"trips-{fingerprint(key)}.npz"

    def _stones(self, connection: Connection) -> tombstones.Tombstones:
        return {
            **tombstones.read_beside(self.folder / tombstones.BESIDE_NAME),
            **tombstones.read_stones(connection),
        }

    def _enrolled(self, connection: Connection, source_hash: str) -> None:
        enrolment.note_source(connection, source_hash)
        derived.forget_derived(connection, self.folder)

    def _settle_for_good(self) -> None:
        """Empty the journal; raises ``StudyError`` when another program keeps it from being so."""
        self.database.settle()
        journal = self.folder / f"{VAULT_NAME}-wal"
        if journal.is_file() and journal.stat().st_size:
            message = (
                "The rows are erased, but another program is reading the vault and its journal "
                "still holds them. Close that program and run famgeo purge."
            )
            raise StudyError(message)

    @contextlib.contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.folder / PRIVATE_NAME} cannot be written: {error.strerror}."
            raise StudyError(message) from error


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
    if not _has_all_tables(database):
        with database.writing() as connection:
            METADATA.create_all(connection)
    vault = StudyVault(folder=path.parent, database=database)
    return replace(vault, erased_again=_erase_again(vault))


def _has_all_tables(database: Database) -> bool:
    with database.reading() as connection:
        return set(METADATA.tables) <= set(inspect(connection).get_table_names())


def _erase_again(vault: StudyVault) -> Erased:
    """Erase whom the tombstones beside the vault name and the vault does not know to be erased.

    They differ when one of the two was put back from an older copy, or an erasure was interrupted.
    """
    beside = vault.folder / tombstones.BESIDE_NAME
    with vault.database.reading() as connection:
        if tombstones.read_stones(connection) == tombstones.read_beside(beside):
            return Erased()
    with vault.database.writing() as connection:
        stones = {**tombstones.read_beside(beside), **tombstones.read_stones(connection)}
        tombstones.keep(connection, beside, stones)
        erased = enrolment.erase_named(connection, stones)
        derived.forget_derived(connection, vault.folder)
    vault.database.settle()
    return erased


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


def _checked_rows(students: gpd.GeoDataFrame) -> list[enrolment.Row]:
    try:
        return rows_of(students, STUDENTS)
    except TableError as fault:
        # The cause is cut off: it holds the cells that were refused.
        raise TableError(str(fault)) from None


def _kept(connection: Connection, rows: list[enrolment.Row]) -> list[enrolment.Row]:
    """Return the rows of which no tombstone names the student or the household."""
    pairs = [(row["student_id"], row["household_id"]) for row in rows]
    erased = tombstones.is_erased(tombstones.read_stones(connection), pairs, written=True)
    return [row for row, pair in zip(rows, pairs, strict=True) if not erased(pair)]
