"""What became of each row of the directory: entries in the order in which they were written."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from famgeo.store.asset_fields import Fields
from famgeo.store.moments import from_text, to_text
from famgeo.store.schema import ASSET_HISTORY

ADD, EDIT, REMOVE, OPT_OUT = "add", "edit", "remove", "opt_out"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One form, as it was sent: ``edit_id`` is made once, on the device, for all its tries.

    A file has none, and no clock of its own.
    """

    edit_id: UUID | None
    user: str
    client_utc: datetime | None
    utc: datetime


@dataclass(frozen=True, kw_only=True)
class Merged:
    """An edit whose every change is in the directory; ``changed`` are the fields that moved."""

    asset_id: str
    revision: int
    entry_id: int
    changed: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """An edit of which some fields met another edit of the same fields.

    ``theirs`` stay in the directory until somebody decides; ``yours`` are in the history. What met
    nothing was taken: ``changed``.
    """

    asset_id: str
    revision: int
    entry_id: int
    changed: Mapping[str, Any]
    theirs: Mapping[str, Any]
    yours: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AssetEntry:
    """One entry of an asset's history; ``lost`` maps a field to [what stayed, what was asked]."""

    entry_id: int
    asset_id: str
    revision: int
    kind: str
    user: str
    client_utc: datetime | None
    utc: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    lost: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListedAsset:
    """An asset as a form shows it, with the revision to send back."""

    asset_id: str
    revision: int
    fields: Fields


def write_entry(
    connection: Connection,
    asset_id: str,
    kind: str,
    revision: int,
    sent: Sent,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    lost: Mapping[str, Any] | None = None,
) -> AssetEntry:
    """Write one entry and return it."""
    row = entry_row(asset_id, kind, revision, sent, before=before, after=after, lost=lost)
    made = connection.execute(insert(ASSET_HISTORY).returning(ASSET_HISTORY), row)
    return _entry(made.mappings().one())


def write_rows(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write many entries at once, as ``entry_row`` makes them."""
    if listed := list(rows):
        connection.execute(insert(ASSET_HISTORY), listed)


def entry_row(
    asset_id: str,
    kind: str,
    revision: int,
    sent: Sent,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    lost: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the database row of an entry."""
    return {
        "asset_id": asset_id,
        "revision": revision,
        "kind": kind,
        "edit_id": None if sent.edit_id is None else str(sent.edit_id),
        "before": _json(before),
        "after": _json(after),
        "lost": _json(lost),
        "user": sent.user,
        "client_utc": None if sent.client_utc is None else to_text(sent.client_utc),
        "utc": to_text(sent.utc),
    }


def entry(connection: Connection, entry_id: int) -> AssetEntry | None:
    """Return one entry; None when there is none of that number."""
    wanted = select(ASSET_HISTORY).where(ASSET_HISTORY.c.entry_id == entry_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _entry(row)


def entry_of_form(connection: Connection, edit_id: UUID) -> AssetEntry | None:
    """Return what a form did when it came before; None the first time."""
    wanted = select(ASSET_HISTORY).where(ASSET_HISTORY.c.edit_id == str(edit_id))
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _entry(row)


def entries_of(connection: Connection, asset_id: str) -> tuple[AssetEntry, ...]:
    """Return an asset's entries, oldest first."""
    wanted = select(ASSET_HISTORY).where(ASSET_HISTORY.c.asset_id == asset_id)
    rows = connection.execute(wanted.order_by(ASSET_HISTORY.c.entry_id)).mappings()
    return tuple(_entry(row) for row in rows)


def changed_since(connection: Connection, asset_id: str, revision: int) -> set[str]:
    """Return the fields of an asset that changed after a revision."""
    mine = ASSET_HISTORY.c.asset_id == asset_id
    wanted = select(ASSET_HISTORY.c.after).where(mine, ASSET_HISTORY.c.revision > revision)
    return {name for after in connection.execute(wanted).scalars() for name in json.loads(after)}


def last_revision(connection: Connection, asset_id: str) -> int:
    """Return the highest revision that an asset ever had in the history; 0 without one."""
    highest = select(func.max(ASSET_HISTORY.c.revision))
    return connection.execute(highest.where(ASSET_HISTORY.c.asset_id == asset_id)).scalar() or 0


def last_revisions(connection: Connection) -> dict[str, int]:
    """Return the highest revision that each asset ever had in the history."""
    highest = func.max(ASSET_HISTORY.c.revision).label("revision")
    rows = connection.execute(
        select(ASSET_HISTORY.c.asset_id, highest).group_by(ASSET_HISTORY.c.asset_id)
    )
    return {row.asset_id: row.revision for row in rows}


def blank(connection: Connection, asset_id: str) -> None:
    """Take every value out of an asset's history; that there were entries stays."""
    nothing = {"before": "{}", "after": "{}", "lost": "{}"}
    mine = ASSET_HISTORY.c.asset_id == asset_id
    connection.execute(update(ASSET_HISTORY).where(mine).values(**nothing))


def outcome(done: AssetEntry) -> Merged | Conflict:
    """Return what an entry says of the form that made it: the same each time it is asked."""
    if not done.lost:
        return Merged(
            asset_id=done.asset_id,
            revision=done.revision,
            entry_id=done.entry_id,
            changed=done.after,
        )
    return Conflict(
        asset_id=done.asset_id,
        revision=done.revision,
        entry_id=done.entry_id,
        changed=done.after,
        theirs={name: pair[0] for name, pair in done.lost.items()},
        yours={name: pair[1] for name, pair in done.lost.items()},
    )


def _json(values: Mapping[str, Any] | None) -> str:
    return json.dumps(values or {}, ensure_ascii=False, allow_nan=False)


def _entry(row: RowMapping) -> AssetEntry:
    return AssetEntry(
        entry_id=row["entry_id"],
        asset_id=row["asset_id"],
        revision=row["revision"],
        kind=row["kind"],
        user=row["user"],
        client_utc=None if row["client_utc"] is None else from_text(row["client_utc"]),
        utc=from_text(row["utc"]),
        before=json.loads(row["before"]),
        after=json.loads(row["after"]),
        lost=json.loads(row["lost"]),
    )
