"""Who was erased, in words that only say so when the name is known already: keyed digests.

A tombstone is the key it was made with, HMAC-SHA-256(key, kind, id), and a day. The key is drawn
at random for this alone. It lies in the vault and in ``vault.erased`` beside it, and either place
makes the other whole, so that nothing brings a family back by mistake:

- an older ``vault.db`` is put back: ``vault.erased`` still names whom to erase from it;
- ``vault.erased`` is lost or older: the vault writes it again;
- both are put back from the same day before the erasure: nothing here can know of it. Keep a copy
  of ``vault.erased`` apart from the backups, and put it back last.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, insert, select

from famgeo.errors import StudyError
from famgeo.store.vault_schema import TOMBSTONES
from famgeo.store.whole_files import write_whole

BESIDE_NAME = "vault.erased"
KEY_BYTES = 32
OWNER_ONLY = 0o600
FORM = 1

HOUSEHOLD, STUDENT, PUBLISHED = "household", "student", "published"

Tombstones = Mapping[tuple[bytes, bytes], str]
"""The day of the erasure by key and digest."""


def carve(there: Tombstones, kind: str, names: Iterable[str], *, on: date) -> Tombstones:
    """Return the tombstones there are and one for each name that has none yet."""
    new = set(names) - named(there, kind, names)
    key = next((key for key, _ in sorted(there)), None) or secrets.token_bytes(KEY_BYTES)
    return {**there, **{(key, _mark(key, kind, name)): on.isoformat() for name in new}}


def named(stones: Tombstones, kind: str, names: Iterable[str]) -> set[str]:
    """Return which of these names have a tombstone."""
    keys = {key for key, _ in stones}
    return {n for n in set(names) if any((key, _mark(key, kind, n)) in stones for key in keys)}


def read_stones(connection: Connection) -> Tombstones:
    """Return the tombstones in the vault."""
    rows = connection.execute(select(TOMBSTONES)).all()
    return {(row.key, row.digest): row.erased_on for row in rows}


def read_beside(path: Path) -> Tombstones:
    """Return the tombstones in the file beside the vault; none when there is no file.

    Raises ``StudyError`` when it is damaged: without it an erased family could come back.
    """
    try:
        document = json.loads(path.read_bytes())
        return {
            (bytes.fromhex(stone["key"]), bytes.fromhex(stone["digest"])): stone["erased_on"]
            for stone in document["tombstones"]
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        message = (
            f"{path} is damaged, so it cannot be known who was erased. Put back a copy from your "
            "backup, the newest there is."
        )
        raise StudyError(message) from None


def keep(connection: Connection, path: Path, stones: Tombstones) -> None:
    """Write all tombstones to the file beside the vault, then add them to the vault.

    The file comes first: when the vault then cannot be written, the next opening completes it.
    """
    _write_beside(path, stones)
    there = read_stones(connection)
    new = [
        {"key": key, "digest": digest, "erased_on": day}
        for (key, digest), day in stones.items()
        if (key, digest) not in there
    ]
    if new:
        connection.execute(insert(TOMBSTONES), new)


def carve_family(there: Tombstones, kind: str, names: Collection[str], *, on: date) -> Tombstones:
    """Return the tombstones with those of these ids, also as a spreadsheet may write them."""
    exact = carve(there, kind, names, on=on)
    return carve(exact, f"{kind} written", (as_written(name) for name in names), on=on)


def is_erased(
    stones: Tombstones, pairs: Collection[tuple[str, str]], *, written: bool = False
) -> Callable[[tuple[str, str]], bool]:
    """Return which of these pairs of student and household ids a tombstone names.

    ``written``: by ids from a file, where a spreadsheet may have taken their leading zeros.
    """
    form, ending = (as_written, " written") if written else (str, "")
    students = named(stones, STUDENT + ending, {form(student) for student, _ in pairs})
    households = named(stones, HOUSEHOLD + ending, {form(household) for _, household in pairs})
    return lambda pair: form(pair[0]) in students or form(pair[1]) in households


def as_written(name: str) -> str:
    """Return an id without what a spreadsheet changes in it: case, blanks, leading zeros.

    >>> as_written(" 00A7 "), as_written("student 0012")
    ('a7', 'student 12')
    """
    return " ".join(part.lstrip("0") for part in name.casefold().split())


def _write_beside(path: Path, stones: Tombstones) -> None:
    listed = [
        {"key": key.hex(), "digest": digest.hex(), "erased_on": day}
        for (key, digest), day in sorted(stones.items())
    ]
    text = json.dumps({"form": FORM, "tombstones": listed}, indent=1)
    try:
        write_whole(path, lambda file: file.write(text.encode()), mode=OWNER_ONLY)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. Nothing was erased; try again."
        raise StudyError(message) from error


def _mark(key: bytes, kind: str, name: str) -> bytes:
    return hmac.digest(key, f"{kind}\0{name}".encode(), "sha256")
