"""A file in the place of the whole directory, one entry for each row that it changes."""

from typing import Any

import geopandas as gpd
from sqlalchemy import Connection, bindparam, delete, insert, select

from famgeo.store.asset_fields import Fields, fields_of
from famgeo.store.asset_history import (
    ADD,
    EDIT,
    REMOVE,
    Sent,
    entry_row,
    last_revisions,
    write_rows,
)
from famgeo.store.frames import rows_of
from famgeo.store.opt_outs import opted_out
from famgeo.store.schema import ASSET_ROWS
from famgeo.tables import ASSETS

Row = dict[str, Any]


def replace_assets(connection: Connection, assets: gpd.GeoDataFrame, sent: Sent) -> int:
    """Make the directory what the file says, and return how many rows were left out.

    Left out is who asked not to be listed.
    """
    rows = rows_of(assets, ASSETS)
    out = opted_out(connection, rows)
    new = {row["asset_id"]: row for row in rows if row["asset_id"] not in out}
    old = {row["asset_id"]: dict(row) for row in connection.execute(select(ASSET_ROWS)).mappings()}
    last = last_revisions(connection)
    changed: list[Row] = []
    entries: list[Row] = []
    for asset_id in sorted(old.keys() | new.keys()):
        before, after = old.get(asset_id), new.get(asset_id)
        revision = max(last.get(asset_id, 0), before["revision"] if before else 0) + 1
        kind, was, became = _difference(before, after)
        if not kind:
            continue
        entries.append(entry_row(asset_id, kind, revision, sent, before=was, after=became))
        if after is not None:
            changed.append({**after, "revision": revision})
    _store(connection, [row["asset_id"] for row in entries], changed)
    write_rows(connection, entries)
    return len(out)


def _difference(before: Row | None, after: Row | None) -> tuple[str, Fields, Fields]:
    """Return what happened to a row, its changed fields as they were, and as they became."""
    if before is None and after is not None:
        return ADD, {}, fields_of(after)
    if after is None and before is not None:
        return REMOVE, fields_of(before), {}
    assert before is not None
    assert after is not None
    was, became = fields_of(before), fields_of(after)
    moved = [name for name in was if was[name] != became[name]]
    kind = EDIT if moved else ""
    return kind, {name: was[name] for name in moved}, {name: became[name] for name in moved}


def _store(connection: Connection, ids: list[str], rows: list[Row]) -> None:
    if ids:
        gone = delete(ASSET_ROWS).where(ASSET_ROWS.c.asset_id == bindparam("gone"))
        connection.execute(gone, [{"gone": asset_id} for asset_id in ids])
    if rows:
        connection.execute(insert(ASSET_ROWS), rows)
