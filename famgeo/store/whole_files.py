"""Files that are there whole or not at all: written beside, flushed, then renamed into place."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, mode: int = 0o666) -> None:
    """Write a file so that a reader, or a power cut, never meets half of it.

    ``mode`` is narrowed by the umask, as for any file. Raises ``OSError``; the old file stays.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that the target is whole or unchanged."""
    with source.open("rb") as data:
        write_whole(target, lambda file: _copy(data, file))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(data: BinaryIO, file: BinaryIO) -> None:
    while chunk := data.read(CHUNK_BYTES):
        file.write(chunk)


def _flush_folder(folder: Path) -> None:
    # A rename lasts once its folder is flushed; Windows cannot open a folder, and need not.
    with contextlib.suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
