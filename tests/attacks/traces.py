"""Every form in which a household might be written, and every layer in which it might lie hidden.

A short trace is found by chance: four bytes of a float32 or a coordinate of four decimals count
only when both coordinates of the point are found, the latter side by side.
"""

import base64
import gzip
import html
import io
import json
import math
import quopri
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq
import pyproj
import shapely
from pmtiles.reader import MmapSource, all_tiles

GEOHASH = "0123456789bcdefghjkmnpqrstuvwxyz"
WELL_KNOWN = (3857,)
NEAR_BYTES = 100
NESTED_MOST = 4

Pair = tuple[list[bytes], list[bytes]]


def geohash(lon: float, lat: float, length: int = 8) -> str:
    """Return the geohash of a point (Niemeyer 2008); eight letters are 38 m by 19 m."""
    low, high = [-180.0, -90.0], [180.0, 90.0]
    bits = 0
    for turn in range(5 * length):
        axis = turn % 2
        middle = (low[axis] + high[axis]) / 2
        right = (lon, lat)[axis] >= middle
        (low if right else high)[axis] = middle
        bits = bits << 1 | right
    letters = [(bits >> shift) & 31 for shift in range(5 * (length - 1), -1, -5)]
    return "".join(GEOHASH[letter] for letter in letters)


def base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what a run of bytes looks like inside base64, at each of three places to start."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield coded[first:last]


def text_forms(text: str) -> Iterator[bytes]:
    """Yield a text in the encodings of files, mails, addresses and programs."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        yield text.encode(encoding)
    for escaped in (
        json.dumps(text)[1:-1],
        quote(text),
        quote_plus(text),
        html.escape(text),
        text.encode("ascii", "xmlcharrefreplace").decode(),
        quopri.encodestring(text.encode()).decode(),
    ):
        yield escaped.encode()


def decimal_forms(degrees: float, decimals: int) -> set[bytes]:
    """Return a number as text, rounded and cut off, with a point and with a comma."""
    step = 10**decimals
    cut = math.trunc(degrees * step) / step
    both = {f"{degrees:.{decimals}f}", f"{cut:.{decimals}f}"}
    return {text.encode() for found in both for text in (found, found.replace(".", ","))}


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A household to look for: its words, and its home as lon, lat."""

    words: tuple[str, ...]
    lon: float
    lat: float
    metric_epsg: int

    @property
    def planes(self) -> Iterator[tuple[str, tuple[float, float]]]:
        """The home in metres on each plane it might be written in."""
        anchor = [round(degrees * 2) / 2 for degrees in (self.lon, self.lat)]
        area = f"+proj=cea +lat_ts={anchor[1]} +lon_0={anchor[0]} +ellps=WGS84"
        for crs in (*WELL_KNOWN, self.metric_epsg, area):
            move = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform
            yield str(crs).split()[0], move(self.lon, self.lat)

    @cached_property
    def alone(self) -> dict[str, list[bytes]]:
        """Return the traces of which one alone gives the household away."""
        found = {f"word {word}": list(text_forms(word)) for word in self.words}
        found["geohash"] = [geohash(self.lon, self.lat).encode()]
        point = shapely.Point(self.lon, self.lat)
        found["wkb"] = [shapely.to_wkb(point, byte_order=order)[5:] for order in (0, 1)]
        points = {"degrees": (self.lon, self.lat), **dict(self.planes)}
        for plane, place in points.items():
            for axis, value in zip("xy", place, strict=True):
                binary = [struct.pack("<d", value), struct.pack(">d", value)]
                decimals = range(6, 8) if plane == "degrees" else range(1, 4)
                texts = set().union(*(decimal_forms(value, d) for d in decimals))
                found[f"{plane} {axis} binary"] = binary
                found[f"{plane} {axis} text"] = sorted(texts)
        coded = {
            f"{name} in base64": [form for raw in forms for form in base64_forms(raw)]
            for name, forms in found.items()
        }
        hexed = {
            f"{name} in hex": [raw.hex().encode() for raw in forms] for name, forms in found.items()
        }
        return {**found, **coded, **hexed}

    @cached_property
    def near(self) -> dict[str, Pair]:
        """Return short texts for either coordinate: both must be there, side by side."""
        degrees = (self.lon, self.lat)
        pairs = {
            f"degrees to {decimals} decimals": _pair(decimal_forms, degrees, decimals)
            for decimals in (4, 5)
        }
        metres = {f"{plane} metres": _pair(decimal_forms, at, 0) for plane, at in self.planes}
        return {**pairs, **metres}

    @cached_property
    def both(self) -> dict[str, Pair]:
        """Return numbers of four bytes for either coordinate: both must be in the same data."""
        places = {"degrees": (self.lon, self.lat), **dict(self.planes)}
        pairs = {f"{plane} float32": _pair(_packed, place, "f") for plane, place in places.items()}
        tiny = (round(self.lon * 1e7), round(self.lat * 1e7))
        return {**pairs, "degrees times 1e7": _pair(_packed, tiny, "i")}

    def traces_in(self, data: bytes) -> list[str]:
        """Return the names of the traces found in some bytes."""
        lower = data.lower()
        return [
            *(name for name, forms in self.alone.items() if _found(name, forms, data, lower)),
            *(name for name, pair in self.near.items() if side_by_side(data, *pair)),
            *(
                name
                for name, pair in self.both.items()
                if all(any(form in data for form in forms) for forms in pair)
            ),
        ]


def _pair(forms: Callable[..., set[bytes]], place: tuple[float, float], how: object) -> Pair:
    one, other = (sorted(forms(value, how)) for value in place)
    return one, other


def _packed(value: float, kind: str) -> set[bytes]:
    return {struct.pack(f"{order}{kind}", value) for order in "<>"}


def _found(name: str, forms: list[bytes], data: bytes, lower: bytes) -> bool:
    if "base64" in name or "binary" in name or name == "wkb":
        return any(form in data for form in forms)
    return any(form.lower() in lower for form in forms)


def side_by_side(data: bytes, one: list[bytes], other: list[bytes]) -> bool:
    """Tell whether a form of each is found, close to one another."""
    for form in one:
        for match in re.finditer(re.escape(form), data):
            around = data[max(0, match.start() - NEAR_BYTES) : match.end() + NEAR_BYTES]
            if any(second in around for second in other):
                return True
    return False


def layers(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield some bytes, and all that is packed inside them, however deep."""
    yield name, data
    if depth >= NESTED_MOST:
        return
    for inner, content in _unpacked(data):
        yield from layers(f"{name} › {inner}", content, depth + 1)


def layers_of_file(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield a file's bytes and all that is packed in them; of a database, every value."""
    data = path.read_bytes()
    yield f"{path.name} (its name)", path.name.encode()
    yield from layers(path.name, data)
    if data.startswith(b"SQLite format 3\0"):
        yield from _values(path)
    if data.startswith(b"PMTiles"):
        with path.open("rb") as file:
            for where, tile in all_tiles(MmapSource(file)):
                yield f"{path.name} › tile {where}", _gunzipped(tile)


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield "(comment)", archive.comment
            for entry in archive.infolist():
                yield f"{entry.filename} (its name)", entry.filename.encode() + entry.comment
                yield entry.filename, archive.read(entry)
    elif data.startswith(b"\x1f\x8b"):
        yield "gzip", zlib.decompressobj(wbits=31).decompress(data)  # also of a part
    elif data.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(data)).to_pandas()
        yield "rows", table.to_csv().encode()
    elif data.startswith((b"%PDF", b"\x89PNG")):
        yield from _streams(data)


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is deflated in a PDF or a PNG."""
    for start in re.finditer(rb"stream\r?\n|IDAT|zTXt|iCCP", data):
        try:
            yield f"stream at {start.end()}", zlib.decompressobj().decompress(data[start.end() :])
        except zlib.error:
            continue


def _values(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            rows = database.execute(f'select * from "{table}"').fetchall()
            values = [value for row in rows for value in row]
            for blob in (value for value in values if isinstance(value, bytes)):
                yield from layers(f"{path.name} › {table}", blob, 1)
            texts = [str(value) for value in values if not isinstance(value, bytes)]
            yield f"{path.name} › {table}", "\n".join(texts).encode()


def _gunzipped(tile: bytes) -> bytes:
    return gzip.decompress(tile) if tile.startswith(b"\x1f\x8b") else tile
