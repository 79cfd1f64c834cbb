"""Students coming, staying and leaving: what one change of the enrolment does to the vault's rows.

Every function works inside the transaction it is given. Students whom a whole enrolment no longer
names are set apart: from that moment they are counted nowhere, and for 30 days a mistaken roster
can be undone.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from famgeo.store import vault_tombstones as tombstones
from famgeo.store.moments import to_text
from famgeo.store.published import read_ledger, write_ledger
from famgeo.store.vault_schema import (
    DEPARTED_ROWS,
    LEDGER_ROWS,
    SECRETS,
    SOURCES,
    STUDENT_ROWS,
)
from famgeo.tables import digest
from famgeo.tables.records import Erased

KEPT_AFTER_LEAVING = timedelta(days=30)

Row = dict[str, Any]
Pairs = set[tuple[str, str]]


def seen(connection: Connection, source_hash: str, *, newest: bool) -> bool:
    """Tell whether this file was read before; ``newest``: whether it was the last one read."""
    hashes = connection.execute(select(SOURCES.c.sha256).order_by(SOURCES.c.sequence)).scalars()
    known = list(hashes)
    return source_hash in (known[-1:] if newest else known)


def note_source(connection: Connection, source_hash: str) -> None:
    """Note that this file was the last one read."""
    connection.execute(delete(SOURCES).where(SOURCES.c.sha256 == source_hash))
    connection.execute(insert(SOURCES), {"sha256": source_hash})


def put_students(connection: Connection, rows: Collection[Row]) -> int:
    """Make these rows the whole truth about the students they name; return how many are new."""
    before = pairs_in(connection, STUDENT_ROWS)
    _drop(connection, STUDENT_ROWS, "student_id", {row["student_id"] for row in rows})
    _drop(connection, DEPARTED_ROWS, "student_id", {row["student_id"] for row in rows})
    if rows:
        connection.execute(insert(STUDENT_ROWS), list(rows))
    return len({(row["student_id"], row["household_id"]) for row in rows} - before)


def let_leave(connection: Connection, staying: Collection[str], *, now: datetime) -> None:
    """Set apart every student who is not among these."""
    students = connection.execute(select(STUDENT_ROWS)).mappings()
    leaving = [{**row, "left_at": to_text(now)} for row in students]
    leaving = [row for row in leaving if row["student_id"] not in staying]
    if leaving:
        connection.execute(insert(DEPARTED_ROWS), leaving)
    _drop(connection, STUDENT_ROWS, "student_id", {row["student_id"] for row in leaving})


def bring_back(connection: Connection) -> int:
    """Put back those who left with the last whole enrolment; return how many rows.

    Every file counts as unread again, so that the right one can follow.
    """
    left_at = DEPARTED_ROWS.c.left_at
    newest = connection.execute(select(left_at).order_by(left_at.desc()).limit(1)).scalar()
    found = connection.execute(select(DEPARTED_ROWS).where(left_at == newest)).mappings()
    rows = [{name: value for name, value in row.items() if name != "left_at"} for row in found]
    if rows:
        connection.execute(insert(STUDENT_ROWS), rows)
        connection.execute(delete(DEPARTED_ROWS).where(left_at == newest))
        connection.execute(delete(SOURCES))
    return len(rows)


def erase_departed(connection: Connection, *, now: datetime) -> Erased:
    """Erase those who left over 30 days ago, and from the ledger every household not here."""
    over = DEPARTED_ROWS.c.left_at <= to_text(now - KEPT_AFTER_LEAVING)
    students = connection.execute(delete(DEPARTED_ROWS).where(over)).rowcount
    here = {household for _, household in everyone(connection)}
    ledger, secret = read_ledger(connection, LEDGER_ROWS), rounding_secret(connection)
    kept = {digest(household, secret) for household in here} if secret else set()
    gone = set(ledger.digests.tolist()) - kept
    if gone:
        write_ledger(connection, LEDGER_ROWS, ledger.without(gone), over=ledger)
    return Erased(students=students, households=len(gone))


def erase_named(connection: Connection, stones: tombstones.Tombstones) -> Erased:
    """Erase every row that a tombstone names, and the households this leaves empty."""
    before = everyone(connection)
    erased = tombstones.is_erased(stones, before)
    leaving = {pair for pair in before if erased(pair)}
    for table in (STUDENT_ROWS, DEPARTED_ROWS):
        _drop_pairs(connection, table, leaving)
    emptied = _households(leaving) - _households(before - leaving)
    _leave_ledger(connection, stones, emptied)
    return Erased(students=len(leaving), households=len(emptied))


def everyone(connection: Connection) -> Pairs:
    """Return the student and household ids of all who are here or set apart."""
    return pairs_in(connection, STUDENT_ROWS) | pairs_in(connection, DEPARTED_ROWS)


def pairs_in(connection: Connection, table: Table) -> Pairs:
    """Return the student and household ids of a table."""
    return {(row[0], row[1]) for row in connection.execute(select(*table.primary_key.columns))}


def rounding_secret(connection: Connection) -> bytes | None:
    """Return the study's rounding key; None before it was first asked for."""
    found = connection.execute(select(SECRETS.c.value).where(SECRETS.c.name == "rounding"))
    return found.scalar()


def _leave_ledger(
    connection: Connection, stones: tombstones.Tombstones, households: set[str]
) -> None:
    secret, ledger = rounding_secret(connection), read_ledger(connection, LEDGER_ROWS)
    if secret is None or not len(ledger.digests):
        return
    by_name = {published_name(d): d for d in ledger.digests.tolist()}
    gone = {by_name[name] for name in tombstones.named(stones, tombstones.PUBLISHED, by_name)}
    gone |= {digest(household, secret) for household in households} & set(by_name.values())
    if gone:
        write_ledger(connection, LEDGER_ROWS, ledger.without(gone), over=ledger)


def published_name(household_digest: int) -> str:
    """Return the name under which a household of the ledger has its tombstone."""
    return f"{household_digest:016x}"


def _households(pairs: Iterable[tuple[str, str]]) -> set[str]:
    return {household for _, household in pairs}


def _drop(connection: Connection, table: Table, column: str, values: Collection[str]) -> None:
    if values:
        same = table.c[column] == bindparam("named")
        connection.execute(delete(table).where(same), [{"named": value} for value in values])


def _drop_pairs(connection: Connection, table: Table, pairs: Pairs) -> None:
    if pairs:
        both = (table.c.student_id == bindparam("s"), table.c.household_id == bindparam("h"))
        connection.execute(delete(table).where(*both), [{"s": s, "h": h} for s, h in pairs])
