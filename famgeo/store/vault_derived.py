"""What is derived from homes and never outlives a change of them: barriers and travel times."""

import io
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, bindparam, delete, insert, select

from famgeo.errors import StudyError
from famgeo.store.vault_schema import BARRIER_TABLES, SECRETS, STUDENT_ROWS
from famgeo.tables import BARRIERS, check

PRIVATE_NAME = "private"
TEMPORARY = timedelta(hours=24)
"""How long travel times, and what a killed program left half written, may lie about."""
STATE = "state"
HALF_WRITTEN = (".*.part", ".part-*")


def put_barriers(connection: Connection, barriers: pd.DataFrame) -> None:
    """Replace the stored BARRIERS rows of the meetings in this table."""
    rows = [
        {"meeting_id": meeting_id, "parquet": _to_parquet(part)}
        for meeting_id, part in barriers[list(BARRIERS.columns)].groupby("meeting_id")
    ]
    if rows:
        same = BARRIER_TABLES.c.meeting_id == bindparam("old")
        connection.execute(
            delete(BARRIER_TABLES).where(same), [{"old": row["meeting_id"]} for row in rows]
        )
        connection.execute(insert(BARRIER_TABLES), rows)


def barriers_in(connection: Connection, meeting_id: str) -> pd.DataFrame:
    """Return the stored BARRIERS rows of one meeting; empty when there are none."""
    wanted = select(BARRIER_TABLES.c.parquet).where(BARRIER_TABLES.c.meeting_id == meeting_id)
    stored = connection.execute(wanted).scalar()
    return _no_barriers() if stored is None else _from_parquet(stored)


def is_outdated(connection: Connection, barriers: pd.DataFrame) -> bool:
    """Tell whether barriers name a household that is not in the vault any more."""
    here = set(connection.execute(select(STUDENT_ROWS.c.household_id).distinct()).scalars())
    return not here.issuperset(barriers["household_id"].unique())


def forget_derived(connection: Connection, folder: Path) -> None:
    """Remove all that was derived from homes, half-written files included, as homes change."""
    connection.execute(delete(BARRIER_TABLES))
    connection.execute(delete(SECRETS).where(SECRETS.c.name == STATE))
    connection.execute(insert(SECRETS), {"name": STATE, "value": secrets.token_bytes(16)})
    forget_files(folder)


def state_in(connection: Connection) -> str:
    """Return a name for the homes as they are; it is another after every change of them."""
    wanted = select(SECRETS.c.value).where(SECRETS.c.name == STATE)
    found: bytes | None = connection.execute(wanted).scalar()
    return "" if found is None else found.hex()


def forget_files(folder: Path) -> None:
    """Remove the files derived from homes."""
    private = folder / PRIVATE_NAME
    for path in (*private.glob("*"), *private.glob(".*")):
        path.unlink(missing_ok=True)


def old_travel_times(folder: Path, now: datetime) -> list[Path]:
    """Return the files of travel times that are over a day old."""
    return _older(list((folder / PRIVATE_NAME).glob("*.npz")), now)


def old_leftovers(folder: Path, now: datetime) -> list[Path]:
    """Return the half-written files anywhere in the study that are over a day old."""
    return _older([path for form in HALF_WRITTEN for path in folder.rglob(form)], now)


def remove(paths: list[Path]) -> int:
    """Remove files, also those that are gone by now; return how many were named."""
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _older(paths: list[Path], now: datetime) -> list[Path]:
    latest = (now - TEMPORARY).timestamp()
    return [path for path in paths if path.is_file() and path.lstat().st_mtime <= latest]


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
