"""What a file is, told from its first bytes, in words a planner understands."""

import io
import zipfile
from typing import BinaryIO

from famgeo.errors import SourceError

MAX_UNPACKED_BYTES = 200_000_000
MAX_RATIO = 100
MAX_PARTS = 2_000
MAX_DIRECTORY_BYTES = 1_000_000
"""A zip lists its files at its end. Python holds ten times the list's size before it shows any."""

SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel (.xls) or Word file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"SQLite format 3\0", "a database or GeoPackage"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\0\0\x27\x0a", "part of a shapefile"),
    (b"{\\rtf", "a word-processor document"),
)
OPENINGS = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<", "an XML file"),
    (b"{", "a JSON or GeoJSON file"),
    (b"[", "a JSON file"),
)
ZIP_PARTS = (
    ("xl/workbook.xml", "an Excel workbook"),
    ("xl/workbook.bin", "a binary Excel (.xlsb) workbook"),
    ("word/document.xml", "a Word document"),
    ("content.xml", "an OpenDocument file"),
    ("stop_times.txt", "a GTFS timetable"),
    ("manifest.csv", "a OneRoster archive"),
)
NOT_TABLES = {
    "a GTFS timetable": "add it as transit instead",
    "an OpenStreetMap extract": "add it as streets instead",
    "an old Excel (.xls) or Word file": "open it and save it as XLSX or CSV",
    "a binary Excel (.xlsb) workbook": "open it and save it as XLSX or CSV",
    "an OpenDocument file": "open it and save it as XLSX or CSV",
    "a OneRoster archive": "it holds no coordinates; export the students as CSV with lon and lat",
    "a damaged or cut-off zip file or Excel workbook": "export or upload it again",
}


def looks_like(data: bytes) -> str:
    """Say what the bytes are: "a PDF document", "an Excel workbook"; '' for plain text."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data)
    if b"OSMHeader" in data[:64]:
        return "an OpenStreetMap extract"
    for magic, what in SIGNATURES:
        if data.startswith(magic):
            return what
    opening = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((what for start, what in OPENINGS if opening.startswith(start)), "")


def only_tables(data: bytes, name: str) -> None:
    """Raise ``SourceError`` when the bytes are known to be something other than a text table."""
    if what := looks_like(data):
        advice = NOT_TABLES.get(what, "a CSV or XLSX file is needed")
        message = f"{name} looks like {what}; {advice}."
        raise SourceError(message)


def check_zip(data: bytes, name: str) -> None:
    """Raise ``SourceError`` for an archive that unpacks to more than a table ever needs.

    At most 200 MB, 100 times the file's size and 2,000 parts: a "zip bomb" is far beyond each.
    """
    with open_zip(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    ratio = unpacked / len(data)  # of the whole file, for its parts may overlap
    if unpacked > MAX_UNPACKED_BYTES or ratio > MAX_RATIO or len(parts) > MAX_PARTS:
        message = (
            f"{name} would unpack to {unpacked / 1e6:,.0f} MB in {len(parts):,} parts, more than "
            "a table needs; it was not opened. Save the table as CSV."
        )
        raise SourceError(message)


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip whose list of files is of a size to be read.

    Raises ``BadZipFile`` for what is no zip, and for a list that is longer than any real one.
    """
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001 - or read it all
    if end and end[zipfile._ECD_SIZE] > MAX_DIRECTORY_BYTES:  # type: ignore[attr-defined]  # noqa: SLF001
        message = "its list of files is too long"
        raise zipfile.BadZipFile(message)
    return zipfile.ZipFile(file)


def _zip_kind(data: bytes) -> str:
    try:
        with open_zip(io.BytesIO(data)) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        return "a damaged or cut-off zip file or Excel workbook"
    for part, what in ZIP_PARTS:
        if any(name == part or name.endswith("/" + part) for name in names):
            return what
    return "a zip archive"
