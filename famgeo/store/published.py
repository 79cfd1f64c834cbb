"""Where the vault keeps its ledger: all that was ever counted for publication, in one row.

The whole ledger is replaced at once or not at all, and only by one that grew out of it: of two
commands that counted at the same time the second is refused, for it held its figures against a
ledger that lacks the first one's.
"""

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    insert,
    select,
    update,
)

from famgeo.errors import StudyError
from famgeo.tables import Ledger

TYPES = {
    "digests": np.uint64,
    "members": np.uint8,
    "gone": np.int64,
    "figures": np.int64,
}
TEXTS = ("labels", "patterns")
ONLY_ROW = 1
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


def ledger_table(metadata: MetaData) -> Table:
    """Return the table of the one row: the ledger as npz, and the hash of what is in it."""
    return Table(
        "published",
        metadata,
        Column("row", Integer, primary_key=True),
        Column("sha256", Text, nullable=False),
        Column("npz", LargeBinary, nullable=False),
    )


def read_ledger(connection: Connection, table: Table) -> Ledger:
    """Return the stored ledger; an empty one when there is none.

    Raises ``StudyError`` when it is damaged: without it no figure can be held.
    """
    stored = connection.execute(select(table.c.npz, table.c.sha256)).one_or_none()
    return Ledger() if stored is None else _unpacked(stored.npz, stored.sha256)


def write_ledger(connection: Connection, table: Table, ledger: Ledger, *, over: Ledger) -> None:
    """Replace the stored ledger; raises ``StudyError`` when it is not ``over`` any more."""
    new = {"sha256": _content_hash(ledger), "npz": _packed(ledger)}
    stored = connection.execute(select(table.c.sha256)).scalar()
    old = _content_hash(over)
    if stored is None and old == _content_hash(Ledger()):
        connection.execute(insert(table), {"row": ONLY_ROW, **new})
        return
    # The condition is in the statement itself: no other writer can come between.
    replaced = connection.execute(update(table).where(table.c.sha256 == old).values(new))
    if replaced.rowcount != 1:
        message = "Another command released figures at the same time. Run this one again."
        raise StudyError(message)


def _content_hash(ledger: Ledger) -> str:
    """Return a hash of what a ledger says; the bytes of an npz hold the time as well."""
    digest = hashlib.sha256()
    for name, kind in TYPES.items():
        array = getattr(ledger, name)
        digest.update(repr((name, array.shape)).encode() + array.astype(kind).tobytes())
    digest.update(json.dumps([ledger.labels, ledger.patterns, ledger.k]).encode())
    return digest.hexdigest()


def _packed(ledger: Ledger) -> bytes:
    arrays = {name: getattr(ledger, name).astype(kind) for name, kind in TYPES.items()}
    texts = {name: _bytes(json.dumps(getattr(ledger, name))) for name in TEXTS}
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, k=np.int64(ledger.k), **arrays, **texts)
    return stored.getvalue()


def _unpacked(npz: bytes, sha256: str) -> Ledger:
    try:
        with np.load(io.BytesIO(npz), allow_pickle=False) as stored:
            held = {field.name: stored[field.name] for field in fields(Ledger)}
        texts = {name: tuple(json.loads(held[name].tobytes())) for name in TEXTS}
        ledger = Ledger(**{**held, **texts, "k": int(held["k"])})
        if _content_hash(ledger) == sha256:
            return ledger
    except DAMAGED:
        pass  # The cause is cut off: it may hold what was stored.
    message = (
        "The vault's record of what was published is damaged, so nothing can be released. Put "
        "back a copy from your backup."
    )
    raise StudyError(message)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
