"""The community directory, and what became of each of its rows.

Every change is one entry of a history, in the order in which it reached the database; the clocks
of the devices and the server's are both kept and order nothing. Each asset has a revision. Who
edits says which revision they looked at: fields that nobody else changed since are taken; where two
people changed one field to different values, the first stays, the second is kept in the history,
and both are shown. A form that is sent twice changes nothing the second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import geopandas as gpd
from sqlalchemy import Connection, delete, insert, select, update

from famgeo.errors import StudyError
from famgeo.store.asset_fields import EMPTY, POINT, Fields, fields_of, meet, plain, row_of
from famgeo.store.asset_history import (
    ADD,
    EDIT,
    OPT_OUT,
    REMOVE,
    AssetEntry,
    Conflict,
    ListedAsset,
    Merged,
    Sent,
    blank,
    changed_since,
    entries_of,
    entry,
    entry_of_form,
    last_revision,
    outcome,
    write_entry,
)
from famgeo.store.directory_files import replace_assets
from famgeo.store.engine import Database
from famgeo.store.frames import read_points
from famgeo.store.opt_outs import forget_opt_out, note_opt_out, refuse_opted_out
from famgeo.store.schema import ASSET_ROWS
from famgeo.tables import ASSETS


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The community directory of one study."""

    database: Database

    def assets(self) -> gpd.GeoDataFrame:
        """Return ASSETS by ``asset_id``; empty when none were added."""
        with self.database.reading() as connection:
            return read_points(connection, ASSET_ROWS, ASSETS)

    def asset(self, asset_id: str) -> ListedAsset:
        """Return one asset with its revision. Raises ``StudyError`` when it is not listed."""
        with self.database.reading() as connection:
            return _listed(connection, asset_id)

    def asset_history(self, asset_id: str) -> tuple[AssetEntry, ...]:
        """Return what became of an asset, oldest first; also of one that is listed no more."""
        with self.database.reading() as connection:
            return entries_of(connection, asset_id)

    def save_assets(self, assets: gpd.GeoDataFrame, *, user: str = "", utc: datetime) -> int:
        """Put these ASSETS in the place of those listed, one entry for each row that changes.

        Return how many were left out because they asked not to be listed.
        """
        sent = Sent(edit_id=None, user=user, client_utc=None, utc=utc)
        with self.database.writing() as connection:
            return replace_assets(connection, assets, sent)

    def add_asset(
        self,
        fields: Mapping[str, object],
        *,
        edit_id: UUID,
        user: str,
        client_utc: datetime | None,
        utc: datetime,
    ) -> Merged | Conflict:
        """List a new asset: a name, a point, and what else is known of it.

        Without an ``asset_id`` it is named by its form. Raises ``StudyError``: the id is taken, the
        asset asked not to be listed, or a field cannot be.
        """
        given = dict(fields)
        asset_id = str(given.pop("asset_id", "") or f"asset-{edit_id.hex}")
        new = EMPTY | plain(given)
        sent = Sent(edit_id=edit_id, user=user, client_utc=client_utc, utc=utc)
        with self.database.writing() as connection:
            done = entry_of_form(connection, edit_id) or _add(connection, asset_id, new, sent)
            return outcome(done)

    def edit_asset(
        self,
        asset_id: str,
        changes: Mapping[str, object],
        *,
        base_revision: int,
        edit_id: UUID,
        user: str,
        client_utc: datetime | None,
        utc: datetime,
    ) -> Merged | Conflict:
        """Change some fields of an asset as it was at ``base_revision``.

        Raises ``StudyError``: the asset is not listed (any more), a field cannot be.
        """
        new = plain(changes)
        sent = Sent(edit_id=edit_id, user=user, client_utc=client_utc, utc=utc)
        with self.database.writing() as connection:
            done = entry_of_form(connection, edit_id)
            return outcome(done or _edit(connection, asset_id, new, base_revision, sent))

    def remove_asset(
        self,
        asset_id: str,
        *,
        base_revision: int,
        edit_id: UUID,
        user: str,
        client_utc: datetime | None,
        utc: datetime,
    ) -> Merged | Conflict:
        """Take an asset off the list; its history keeps it.

        Raises ``StudyError`` when it is not listed, or was changed since ``base_revision``.
        """
        sent = Sent(edit_id=edit_id, user=user, client_utc=client_utc, utc=utc)
        with self.database.writing() as connection:
            done = entry_of_form(connection, edit_id)
            return outcome(done or _remove(connection, asset_id, base_revision, sent))

    def undo(
        self,
        entry_id: int,
        *,
        edit_id: UUID,
        user: str,
        client_utc: datetime | None,
        utc: datetime,
    ) -> Merged | Conflict:
        """Take back what one entry of the history did, as an edit of its own.

        A field that was changed again since is a conflict. Raises ``StudyError`` when there is
        nothing to take back, or the asset was changed since it was added.
        """
        sent = Sent(edit_id=edit_id, user=user, client_utc=client_utc, utc=utc)
        with self.database.writing() as connection:
            done = entry_of_form(connection, edit_id)
            return outcome(done or _undo(connection, entry(connection, entry_id), sent))

    def opt_out(self, asset_id: str, *, user: str, utc: datetime) -> None:
        """Take off the list who asked not to be on it, and keep every later file from listing them.

        Their values leave the history too. An id that is not listed is remembered all the same.
        """
        sent = Sent(edit_id=None, user=user, client_utc=None, utc=utc)
        with self.database.writing() as connection:
            row = _row(connection, asset_id)
            note_opt_out(connection, asset_id, row, user=user, utc=utc)
            if row is not None:
                connection.execute(delete(ASSET_ROWS).where(ASSET_ROWS.c.asset_id == asset_id))
            blank(connection, asset_id)
            write_entry(connection, asset_id, OPT_OUT, _next(connection, asset_id, row), sent)
        self.database.settle()

    def opt_in(self, asset_id: str) -> bool:
        """Let an asset be listed again; tell whether it had asked not to be."""
        with self.database.writing() as connection:
            return forget_opt_out(connection, asset_id)


def _row(connection: Connection, asset_id: str) -> dict[str, Any] | None:
    wanted = select(ASSET_ROWS).where(ASSET_ROWS.c.asset_id == asset_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else dict(row)


def _listed(connection: Connection, asset_id: str) -> ListedAsset:
    row = _row(connection, asset_id)
    if row is None:
        message = f"There is no '{asset_id}' in the directory (any more). Look at its history."
        raise StudyError(message)
    return ListedAsset(asset_id=asset_id, revision=row["revision"], fields=fields_of(row))


def _next(connection: Connection, asset_id: str, row: dict[str, Any] | None) -> int:
    """Return an asset's next revision: it goes on counting when it was off the list for a while."""
    return max(0 if row is None else row["revision"], last_revision(connection, asset_id)) + 1


def _add(connection: Connection, asset_id: str, new: Fields, sent: Sent) -> AssetEntry:
    if _row(connection, asset_id) is not None:
        message = f"There is a '{asset_id}' in the directory already. Edit it instead."
        raise StudyError(message)
    row = row_of(asset_id, new)
    refuse_opted_out(connection, row)
    revision = _next(connection, asset_id, None)
    connection.execute(insert(ASSET_ROWS), {**row, "revision": revision})
    return write_entry(connection, asset_id, ADD, revision, sent, after=new)


def _edit(
    connection: Connection, asset_id: str, new: Fields, base_revision: int, sent: Sent
) -> AssetEntry:
    now = _listed(connection, asset_id)
    if base_revision > now.revision:
        message = f"'{asset_id}' has no revision {base_revision}; the newest is {now.revision}."
        raise StudyError(message)
    since = changed_since(connection, asset_id, base_revision)
    taken, lost = meet(now.fields, new, since)
    revision = now.revision + bool(taken)
    if taken:
        row = row_of(asset_id, now.fields | taken)
        if {"name", POINT} & set(taken):
            refuse_opted_out(connection, row)
        mine = ASSET_ROWS.c.asset_id == asset_id
        changed = {**row, "revision": revision}
        connection.execute(update(ASSET_ROWS).where(mine).values(**changed))
    before = {name: now.fields[name] for name in taken}
    return write_entry(
        connection, asset_id, EDIT, revision, sent, before=before, after=taken, lost=lost
    )


def _remove(connection: Connection, asset_id: str, base_revision: int, sent: Sent) -> AssetEntry:
    now = _listed(connection, asset_id)
    if now.revision != base_revision:
        message = f"'{asset_id}' was changed since you looked. Look again before you remove it."
        raise StudyError(message)
    connection.execute(delete(ASSET_ROWS).where(ASSET_ROWS.c.asset_id == asset_id))
    revision = now.revision + 1
    return write_entry(connection, asset_id, REMOVE, revision, sent, before=now.fields)


def _undo(connection: Connection, done: AssetEntry | None, sent: Sent) -> AssetEntry:
    if done is not None and done.kind == ADD:
        return _remove(connection, done.asset_id, done.revision, sent)
    if done is not None and done.kind == REMOVE and done.before:
        return _add(connection, done.asset_id, dict(done.before), sent)
    if done is not None and done.kind == EDIT and done.before:
        return _edit(connection, done.asset_id, dict(done.before), done.revision, sent)
    message = "There is nothing to take back in that entry of the history."
    raise StudyError(message)
