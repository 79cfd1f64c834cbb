"""The blocks of a street file in the PBF format, as far as they must be known before osmium reads.

Format: OpenStreetMap PBF: a length, a header and a blob, again and again, each a protocol buffer.
"""

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

LONGEST_HEADER = 1 << 16
LARGEST_BLOCK = 1 << 25
VARINT, EIGHT_BYTES, MEASURED, FOUR_BYTES = 0, 1, 2, 5
KIND, DATA_SIZE = 1, 3
RAW, RAW_SIZE, ZLIB = 1, 2, 3
CONTENTS = frozenset({RAW, ZLIB, 4, 5, 6, 7})
"""A blob holds one of these; the last four are packed in ways that hardly anyone uses."""
STRINGS = 1
NO_TEXT = b"\n\0"

Bytes = mmap.mmap | bytes


class Field(NamedTuple):
    """A field of a protocol buffer: its number, its value or else its length, where it begins."""

    number: int
    value: int
    at: int


def unpacked_bytes(path: Path) -> int:
    """Return what all blocks together say they unpack to; osmium holds each to it.

    Raises ``ValueError`` when the blocks do not follow one another to the end.
    """
    with _mapped(path) as data:
        return sum(
            max((f.value for f in blob if f.number in {RAW, RAW_SIZE}), default=0)
            for _, blob in _blobs(data)
        )


def has_broken_text(path: Path) -> bool:
    """Tell whether a text of the file holds a zero byte, or is packed so that none can say.

    osmium keeps texts one after another with a zero at the end of each. With another zero inside
    one it reads on beyond the last, and the whole program ends: a file of 300 bytes did it.
    """
    with _mapped(path) as data:
        return any(kind == b"OSMData" and _is_broken(data, blob) for kind, blob in _blobs(data))


def _is_broken(data: mmap.mmap, blob: list[Field]) -> bool:
    contents = [field for field in blob if field.number in CONTENTS]
    if len(contents) != 1 or contents[0].number not in {RAW, ZLIB}:
        return True
    packed = data[contents[0].at : contents[0].at + contents[0].value]
    raw = packed
    if contents[0].number == ZLIB:
        raw = zlib.decompressobj().decompress(packed, LARGEST_BLOCK + 1)
    tables = [field for field in _fields(raw, 0, len(raw)) if field.number == STRINGS]
    return any(_has_zero(raw[field.at : field.at + field.value]) for field in tables)


def _has_zero(table: bytes) -> bool:
    """Tell whether a text in a table of texts holds a zero; the first one is empty by rule."""
    if b"\0" not in table.removeprefix(NO_TEXT):
        return False
    return any(b"\0" in table[t.at : t.at + t.value] for t in _fields(table, 0, len(table)))


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _blobs(data: mmap.mmap) -> Iterator[tuple[bytes, list[Field]]]:
    """Yield each block's kind and the fields of its blob."""
    at = 0
    while at < len(data):
        header_at = at + 4
        blob_at = header_at + int.from_bytes(data[at:header_at], "big")
        if not header_at < blob_at <= min(header_at + LONGEST_HEADER, len(data)):
            _breaks()
        header = {field.number: field for field in _fields(data, header_at, blob_at)}
        if KIND not in header or DATA_SIZE not in header:
            _breaks()
        at = blob_at + header[DATA_SIZE].value
        if at > len(data):
            _breaks()
        kind = header[KIND]
        yield data[kind.at : kind.at + kind.value], list(_fields(data, blob_at, at))


def _fields(data: Bytes, at: int, end: int) -> Iterator[Field]:
    """Walk over the fields of a protocol buffer without reading what they hold."""
    while at < end:
        key, at = _varint(data, at)
        value, after = 0, at
        if key & 7 in {VARINT, MEASURED}:
            value, after = _varint(data, at)
        yield Field(key >> 3, value, after)
        at = after + {EIGHT_BYTES: 8, MEASURED: value, FOUR_BYTES: 4}.get(key & 7, 0)


def _varint(data: Bytes, at: int) -> tuple[int, int]:
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
