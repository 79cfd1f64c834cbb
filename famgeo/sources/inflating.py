"""What a packed street file holds, told before osmium reads it.

A small file can unpack to gigabytes. osmium bounds each block of a file but not their sum, so the
sum is taken here: from what the blocks of a PBF say of themselves, which osmium holds them to, and
by unpacking gzip and bzip2 up to the limit.
"""

import bz2
import gzip
from pathlib import Path

from famgeo.errors import SourceError
from famgeo.sources.pbf import has_broken_text, unpacked_bytes

SMALL_BYTES = 1_000_000
"""A file that unpacks to no more cannot be a bomb, however well it packs."""
PBF_RATIO = 30
"""Real extracts unpack to 2 to 4 times their size."""
XML_RATIO = 100
CHUNK_BYTES = 1 << 20


def refuse_hostile(path: Path, form: str) -> None:
    """Raise ``SourceError`` when a street file would fill the memory or end the program.

    Raises ``ValueError``, ``OSError`` or ``zlib.error`` when it is damaged.
    """
    packed = path.stat().st_size
    if form == "pbf":
        too_much = unpacked_bytes(path) > max(SMALL_BYTES, PBF_RATIO * packed)
    else:
        too_much = _inflates_beyond(path, form, max(SMALL_BYTES, XML_RATIO * packed))
    if too_much:
        message = (
            f"{path.name} would unpack to far more than a street file does, so it was not opened. "
            "Export it again as .osm.pbf."
        )
        raise SourceError(message)
    if form == "pbf" and has_broken_text(path):
        message = (
            f"{path.name} is packed in a way that is not read, or a text in it is damaged. "
            "Export it again as .osm.pbf with zlib."
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
