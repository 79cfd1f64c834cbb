"""What a packed street file would unpack to, told before it is unpacked.

A small file can unpack to gigabytes. osmium bounds each block of a file but not their sum, so the
sum is taken here: from what the blocks of a PBF say of themselves, which osmium holds them to, and
by unpacking gzip and bzip2 up to the limit. Format: OpenStreetMap PBF (a length, a header and a
blob, again and again, each a protocol buffer).
"""

import bz2
import gzip
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from famgeo.errors import SourceError

SMALL_BYTES = 1_000_000
"""A file that unpacks to no more cannot be a bomb, however well it packs."""
PBF_RATIO = 30
"""Real extracts unpack to 2 to 4 times their size."""
XML_RATIO = 100
CHUNK_BYTES = 1 << 20
LONGEST_HEADER = 1 << 16
VARINT, EIGHT_BYTES, MEASURED, FOUR_BYTES = 0, 1, 2, 5
RAW, RAW_SIZE, DATA_SIZE = 1, 2, 3


def refuse_bomb(path: Path, form: str) -> None:
    """Raise ``SourceError`` when a street file unpacks to far more than a real one.

    Raises ``ValueError`` or ``OSError`` when it is damaged.
    """
    packed = path.stat().st_size
    if form == "pbf":
        too_much = _pbf_bytes(path) > max(SMALL_BYTES, PBF_RATIO * packed)
    else:
        too_much = _inflates_beyond(path, form, max(SMALL_BYTES, XML_RATIO * packed))
    if too_much:
        message = (
            f"{path.name} would unpack to far more than a street file does, so it was not opened. "
            "Export it again as .osm.pbf."
        )
        raise SourceError(message)


def _inflates_beyond(path: Path, form: str, most: int) -> bool:
    if form == "osm":
        return False
    seen = 0
    with gzip.open(path) if form == "osm.gz" else bz2.open(path) as stream:
        while seen <= most and (chunk := stream.read(CHUNK_BYTES)):
            seen += len(chunk)
    return seen > most


def _pbf_bytes(path: Path) -> int:
    """Return what all blocks together say they unpack to."""
    total = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while at + 4 <= len(data):
            header_at = at + 4
            blob_at = header_at + int.from_bytes(data[at:header_at], "big")
            if not header_at < blob_at <= min(header_at + LONGEST_HEADER, len(data)):
                _breaks()
            size = _largest(data, header_at, blob_at, {DATA_SIZE})
            at = blob_at + size
            if not size or at > len(data):
                _breaks()
            total += _largest(data, blob_at, at, {RAW, RAW_SIZE})
    return total


def _largest(data: mmap.mmap, at: int, end: int, wanted: set[int]) -> int:
    """Return the largest value of these fields; a field may be given twice."""
    return max((value for number, value in _fields(data, at, end) if number in wanted), default=0)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each field of a protocol buffer, and its value or else its length."""
    while at < end:
        key, at = _varint(data, at)
        value, after = 0, at
        if key & 7 in {VARINT, MEASURED}:
            value, after = _varint(data, at)
        yield key >> 3, value
        at = after + {EIGHT_BYTES: 8, MEASURED: value, FOUR_BYTES: 4}.get(key & 7, 0)


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at >= len(data):
            _breaks()
        value |= (data[at] & 0x7F) << 7 * place
        at += 1
        if data[at - 1] < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, at
    return _breaks()


def _breaks() -> NoReturn:
    message = "a block does not end where it says"
    raise ValueError(message)
