"""Open a zip someone sent: by its content, within limits, and never onto the disk."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from famgeo.errors import SourceError
from famgeo.sources.kinds import looks_like, open_zip

MAX_FILES = 50
MAX_BYTES = 500_000_000
MAX_RATIO = 100
SMALL_BYTES = 1_000_000
"""A file this small cannot be a bomb, however well it packs."""


def read_archive(path: Path, wanted: frozenset[str]) -> tuple[dict[str, bytes], str]:
    """Read the wanted files of a zip into memory; return them by name, and the folder they are in.

    The names are bare (``stops.txt``). Files may lie at the root or all in one folder, whose name
    is returned ('' = at the root).

    Raises
    ------
    SourceError
        When the file is no zip, is cut short or encrypted, holds more than 50 files, unpacks to
        more than 500 MB or 100 times its size, or has a name that leaves the zip.
    """
    try:
        with path.open("rb") as file, open_zip(file) as archive:
            members = _safe_members(archive, path)
            folder = _common_folder(members, wanted)
            return _read_wanted(archive, members, folder, wanted), folder
    except FileNotFoundError as error:
        message = f"{path.name}: there is no such file. Check the path."
        raise SourceError(message) from error
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        message = f"{path.name}: {_why_unreadable(path)}"
        raise SourceError(message) from error
    except Exception as error:
        if isinstance(error, SourceError):
            raise
        message = f"{path.name}: the zip is damaged. Get the file again from its publisher."
        raise SourceError(message) from error


def _why_unreadable(path: Path) -> str:
    try:
        head = path.read_bytes()[:SMALL_BYTES] if path.is_file() else b""
    except OSError:
        return "this file cannot be read. Check that you may open it."
    if path.is_dir():
        return "this is a folder. Give the GTFS .zip file itself."
    if head[:2] == b"PK":
        return (
            "the zip is damaged, cut short or locked with a password. Get the file again from "
            "its publisher."
        )
    if not head:
        return "the file is empty. Get it again from its publisher."
    what = looks_like(head)
    if what == "an OpenStreetMap extract":
        return "this is an OpenStreetMap extract; add it as streets instead."
    return f"this is {what or 'not a zip file'}. A timetable is a GTFS .zip file."


def _safe_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    members = [
        m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")
    ]
    if fault := _fault(members, path.stat().st_size):
        message = f"{path.name}: {fault}, so it was not opened. Send a plain zip of text files."
        raise SourceError(message)
    return members


def _fault(members: list[zipfile.ZipInfo], packed: int) -> str:
    """Say why a zip must not be opened, '' when it may be."""
    unpacked = sum(m.file_size for m in members)
    if len(members) > MAX_FILES:
        return f"it holds {len(members):,} files, more than {MAX_FILES}"
    if unpacked > MAX_BYTES:
        return f"it unpacks to more than {MAX_BYTES // 1_000_000} MB"
    # Files in a zip may overlap, so that each is small enough for what it claims to be packed in.
    if _is_bomb(unpacked, packed) or any(_is_bomb(m.file_size, m.compress_size) for m in members):
        return f"a file in it unpacks to more than {MAX_RATIO} times its size"
    if any(_leaves(m) for m in members):
        return "a file in it has a name that points outside the zip"
    if len({m.filename for m in members}) < len(members):
        return "two files in it have the same name"
    return ""


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > max(SMALL_BYTES, MAX_RATIO * packed)


def _leaves(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    return ".." in parts.parts or parts.is_absolute() or stat.S_ISLNK(member.external_attr >> 16)


def _common_folder(members: list[zipfile.ZipInfo], wanted: frozenset[str]) -> str:
    paths = [PurePosixPath(m.filename) for m in members]
    folders = {str(p.parent) for p in paths if p.name in wanted and len(p.parts) <= 2}  # noqa: PLR2004
    return "" if not folders or "." in folders else min(folders)


def _read_wanted(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: str, wanted: frozenset[str]
) -> dict[str, bytes]:
    prefix = f"{folder}/" if folder else ""
    found = {m.filename.removeprefix(prefix): m for m in members if m.filename.startswith(prefix)}
    return {name: _read_member(archive, found[name]) for name in wanted & set(found)}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Read no more than the header promised: a header can lie."""
    with archive.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if len(content) > member.file_size:
        raise zipfile.BadZipFile(member.filename)
    return content
