"""Open an OpenStreetMap file by what is in it, not by its name, and loop over it safely."""

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import osmium

from famgeo.errors import SourceError
from famgeo.sources.inflating import refuse_hostile

_PBF_MARK = b"OSMHeader"
DAMAGED = (RuntimeError, OSError, ValueError, EOFError, zlib.error, osmium.InvalidLocationError)
HEAD_BYTES = 4096
LONGEST_REMARK = 100
_HOW = "Export it again as .osm.pbf and try once more."


class OsmFile(osmium.io.File):
    """A file on disk and its osmium format."""

    def __init__(self, path: Path, form: str) -> None:
        super().__init__(str(path), form)
        self.path, self.form = path, form


@contextmanager
def osm_file(path: Path | str) -> Iterator[OsmFile]:
    """Yield the file for osmium's readers; every fault inside becomes one ``SourceError``."""
    path = Path(path)
    form = _sniff(path)
    try:
        refuse_hostile(path, form)
        yield OsmFile(path, form)
    except DAMAGED as error:
        if isinstance(error, SourceError):
            raise
        message = f"{path.name} breaks off or is damaged inside ({_first_line(error)}). {_HOW}"
        raise SourceError(message) from error


def _sniff(path: Path) -> str:
    """Name the osmium format of a file by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        message = f"{path.name} cannot be opened ({error.strerror}). Check the path."
        raise SourceError(message) from error
    if not head:
        message = f"{path.name} is empty. {_HOW}"
        raise SourceError(message)
    form = "pbf" if _PBF_MARK in head[:32] else _sniff_xml(path, head)
    if not form:
        message = (
            f"{path.name} is not an OpenStreetMap file. Give a .osm.pbf, .osm or .osm.gz extract."
        )
        raise SourceError(message)
    return form


def _sniff_xml(path: Path, head: bytes) -> str:
    """Name the XML format, packed or plain; '' when it is none."""
    for mark, form, unpack in ((b"\x1f\x8b", "osm.gz", gzip.open), (b"BZh", "osm.bz2", bz2.open)):
        if head.startswith(mark):
            return form if _is_osm_xml(_unpacked(unpack(path))) else ""
    return "osm" if _is_osm_xml(head) else ""


def _unpacked(file: gzip.GzipFile | bz2.BZ2File) -> bytes:
    """Return the first bytes of a packed file; a block of bzip2 holds nearly a million."""
    try:
        with file:
            return file.read(HEAD_BYTES)
    except (zlib.error, OSError, EOFError):
        return b""


def _is_osm_xml(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith((b"<?xml", b"<osm")) and b"<osm" in text


def _first_line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words.rstrip(".") if len(words) <= LONGEST_REMARK else f"{words[:LONGEST_REMARK]}…"
