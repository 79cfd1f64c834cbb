"""The files a study keeps: copied whole, named by what they hold, one for each kind and feed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import RowMapping, Table, insert, select, update

from famgeo.errors import StudyError
from famgeo.store.engine import Database
from famgeo.store.schema import FILES
from famgeo.store.whole_files import copy_whole, sha256_of

FILES_NAME = "files"


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A file kept in the study's folder: ``kind`` streets or transit, ``name`` as it came."""

    kind: str
    feed_id: str
    name: str
    sha256: str
    path: Path


def kept_files(database: Database, folder: Path, kind: str) -> list[StudyFile]:
    """Return the stored files of a kind, by ``feed_id``."""
    wanted = select(FILES).where(FILES.c.kind == kind).order_by(FILES.c.feed_id)
    with database.reading() as connection:
        return [_file(folder, row) for row in connection.execute(wanted).mappings()]


def keep_file(
    database: Database, folder: Path, kind: str, source: Path, *, feed_id: str
) -> StudyFile:
    """Copy a file into the study in the place of the one of this kind and feed.

    The copy is complete and recorded before the old one goes. Raises ``StudyError`` when the file
    cannot be copied or changes meanwhile.
    """
    try:
        stored = _copied(folder, kind, source, feed_id)
    except OSError as error:
        message = f"{source} could not be copied into {folder}: {error.strerror}."
        raise StudyError(message) from error
    old = [f.path for f in kept_files(database, folder, kind) if f.feed_id == feed_id]
    row = {
        "kind": kind,
        "feed_id": feed_id,
        "name": source.name,
        "stored_as": stored.name,
        "sha256": sha256_of(stored),
    }
    put(database, FILES, row)
    for path in old:
        if path != stored:
            path.unlink(missing_ok=True)
    return next(f for f in kept_files(database, folder, kind) if f.feed_id == feed_id)


def put(database: Database, table: Table, row: Mapping[str, object]) -> None:
    """Store a row in the place of the one with its key."""
    keys = [column == row[column.name] for column in table.primary_key.columns]
    with database.writing() as connection:
        if connection.execute(update(table).where(*keys).values(**row)).rowcount == 0:
            connection.execute(insert(table), row)


def _copied(folder: Path, kind: str, source: Path, feed_id: str) -> Path:
    digest = sha256_of(source)
    label = re.sub(r"[^\w-]+", "_", feed_id or kind)[:40]
    ending = "".join(source.suffixes[-2:]) if source.suffix == ".pbf" else source.suffix
    target = folder / FILES_NAME / f"{kind}-{label}-{digest[:16]}{ending}"
    target.parent.mkdir(exist_ok=True)
    if not target.exists() or sha256_of(target) != digest:
        copy_whole(source, target)
        _check_copy(source, target, digest)
    return target


def _check_copy(source: Path, target: Path, digest: str) -> None:
    if sha256_of(target) != digest:
        target.unlink()
        message = f"{source.name} changed while it was copied. Add it again once it is complete."
        raise StudyError(message)


def _file(folder: Path, row: RowMapping) -> StudyFile:
    return StudyFile(
        kind=row["kind"],
        feed_id=row["feed_id"],
        name=row["name"],
        sha256=row["sha256"],
        path=_inside(folder, row["stored_as"]),
    )


def _inside(folder: Path, name: str) -> Path:
    """Return where a stored file lies: in the study, and itself, not a link to another."""
    path = folder / FILES_NAME / name
    if Path(name).name != name or not name.strip("."):
        message = f"{folder.name} names a file outside of it. Put back a copy from your backup."
        raise StudyError(message)
    if path.is_symlink():
        message = f"{path} is a link. Add the file itself again: famgeo add."
        raise StudyError(message)
    return path
