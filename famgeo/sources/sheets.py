"""One reading path for tables: a CSV or XLSX file → rows of text with a spreadsheet's row numbers.

What a file is comes from its first bytes, never from its name. Everything is read as text, so that
an id keeps its leading zeros; what was detected is said in ``Sheet.read_as``.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import Refusal
from famgeo.errors import SourceError
from famgeo.sources.kinds import looks_like, only_tables
from famgeo.tables.formulas import as_written

MAX_BYTES = 200_000_000
MAX_COLUMNS = 1_000
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
HEAD = 100_000
"""Characters from which the kind of text is told; shorter than the longest field."""
MAX_CONTROL_SHARE = 0.01

Row = tuple[int, list[str]]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table as read: its header, its rows of text, and their numbers (a header counts as row 1).

    ``refused`` holds the rows whose number of fields is not the header's; blank rows are neither.
    """

    name: str
    header: list[str]
    records: list[list[str]]
    rows: NDArray[np.int64]
    refused: tuple[Refusal, ...]
    read_as: str


class Picked(NamedTuple):
    """The columns a reader asked for, under its own names, and what it said of the others."""

    table: pd.DataFrame
    notes: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """Read a CSV or XLSX file as text.

    Raises ``SourceError`` when the file is not there, is no table, is damaged, or has no rows.
    """
    path = Path(path)
    data = read_bytes(path)
    if looks_like(data) == "an Excel workbook":
        from famgeo.sources.workbook import workbook_rows  # noqa: PLC0415 - a CSV needs no Excel

        numbered, read_as = workbook_rows(data, path.name)
        return _sheet(path.name, _named(numbered), read_as, pad=True)
    only_tables(data, path.name)
    text, encoding = _decode(data, path.name)
    delimiter, text = _delimiter(text)
    read_as = f"Read as {encoding} text, columns separated by {DELIMITERS[delimiter]}."
    return _sheet(path.name, _named(_csv_rows(text, delimiter, path.name)), read_as, pad=False)


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes, or say in one sentence why they cannot be had."""
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path.name} is over 200 MB; split it into smaller files."
            raise SourceError(message)
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        message = f"{path.name} cannot be opened: {_reason(error)}. Check the path and try again."
        raise SourceError(message) from error
    if not data.strip():
        message = f"{path.name} is empty; export it again."
        raise SourceError(message)
    return data


def pick(
    sheet: Sheet,
    synonyms: Mapping[str, tuple[str, ...]],
    *,
    required: tuple[str, ...] = (),
    quote: bool = True,
) -> Picked:
    """Pick a reader's columns by name or synonym, whatever their case, spaces or underscores.

    synonyms : the reader's column → other names it goes by, the best first.
    quote : whether a message may repeat a header. False names columns by their letters: where the
    first row is no header, it is a family.
    Returns the columns that are there, stripped text, blanks as ''.
    Raises ``SourceError`` naming the required columns that are missing and the nearest headers.
    """
    place = _places(sheet.header, synonyms)
    if missing := [c for c in required if c not in place]:
        raise SourceError(_missing(sheet, missing, synonyms, set(place.values()), quote=quote))
    columns = {name: _texts(record[at] for record in sheet.records) for name, at in place.items()}
    table = pd.DataFrame(columns, index=pd.RangeIndex(len(sheet.records)))
    return Picked(table, _unused(sheet.header, set(place.values()), quote=quote))


def header_key(name: str) -> str:
    """Return a header without case, spaces and signs, for comparing.

    >>> header_key(" Home_Language ")
    'homelanguage'
    """
    return "".join(c for c in name.casefold() if c.isalnum())


def _texts(column: Iterable[str]) -> pd.Series:
    """Return cells without control signs and needless blanks.

    The apostrophes that keep a spreadsheet from running a formula are taken off.
    """
    plain = pd.Series([" ".join(cell.split()) for cell in column], dtype="str")
    odd = plain.str.contains(r"[\x00-\x1f\x7f']")
    if not odd.any():
        return plain
    cleaned = plain[odd].str.replace(r"[\x00-\x1f\x7f]", "", regex=True)
    plain[odd] = cleaned.map(as_written).str.strip()
    return plain


def _places(header: list[str], synonyms: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    at: dict[str, int] = {}
    for position, name in enumerate(header):
        at.setdefault(header_key(name), position)
    found = {
        column: [at[key] for key in map(header_key, (column, *others)) if key in at]
        for column, others in synonyms.items()
    }
    return {column: places[0] for column, places in found.items() if places}


def _missing(
    sheet: Sheet,
    missing: list[str],
    synonyms: Mapping[str, tuple[str, ...]],
    used: set[int],
    *,
    quote: bool,
) -> str:
    free = {header_key(n)[:40]: i for i, n in enumerate(sheet.header) if i not in used and n}
    nearest = {}
    for column in missing:
        names = [header_key(n) for n in (column, *synonyms[column])]
        close = [hit for n in names for hit in get_close_matches(n, free, n=1, cutoff=0.7)]
        if close:
            nearest[column] = _called(sheet.header, free[close[0]], quote=quote)
    plural = "columns" if len(missing) > 1 else "column"
    which = "" if quote else "column "
    hints = "".join(f" Is {which}{got} the column {want}?" for want, got in nearest.items())
    return (
        f"{sheet.name} lacks the {plural} {', '.join(missing)}.{hints} "
        "Name the columns in the first row, as in the sample files."
    )


def _unused(header: list[str], used: set[int], *, quote: bool) -> tuple[str, ...]:
    names = [_called(header, i, quote=quote) for i, n in enumerate(header) if i not in used and n]
    if not names:
        return ()
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""  # noqa: PLR2004 - a short list
    return (f"Columns not used: {', '.join(names[:8])}{more}.",)


def _called(header: list[str], at: int, *, quote: bool) -> str:
    return f"'{header[at][:40]}'" if quote else column_letters(at)


def column_letters(at: int) -> str:
    """Return what a spreadsheet calls a column, counted from 0.

    >>> column_letters(0), column_letters(26)
    ('A', 'AA')
    """
    before, last = divmod(at, 26)
    return (column_letters(before - 1) if before else "") + chr(ord("A") + last)


def _named(numbered: Iterable[list[str]]) -> Iterator[Row]:
    """Give rows the numbers a spreadsheet shows, from 1, and leave out the blank ones."""
    for number, cells in enumerate(numbered, start=1):
        if any(cell and not cell.isspace() for cell in cells):
            yield number, cells


def _sheet(name: str, rows: Iterator[Row], read_as: str, *, pad: bool) -> Sheet:
    header = _trim(next(rows, (0, []))[1])
    width = len(header)
    if width > MAX_COLUMNS:
        message = f"{name} has {width:,} columns in its first row; is it a table with a header?"
        raise SourceError(message)
    good: list[Row] = []
    refused: list[Refusal] = []
    for number, cells in rows:
        fitted = cells if len(cells) == width else _fit(cells, width, pad=pad)
        if len(fitted) == width:
            good.append((number, fitted))
        else:
            refused.append(Refusal(row=number, why=_misfit(fitted, width)))
    if not good and not refused:
        message = f"{name} has no rows under its header; export it again."
        raise SourceError(message)
    return Sheet(
        name=name,
        header=[" ".join(h.split()) for h in header],
        records=[cells for _, cells in good],
        rows=np.array([number for number, _ in good], dtype=np.int64),
        refused=tuple(refused),
        read_as=read_as,
    )


def _trim(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _fit(cells: list[str], width: int, *, pad: bool) -> list[str]:
    """Drop blank cells past the header; a workbook leaves out trailing blanks, a CSV does not."""
    kept = [*cells[:width], *_trim(cells[width:])]
    return kept + [""] * (width - len(kept)) if pad else kept


def _misfit(cells: list[str], width: int) -> str:
    lines = sum(cell.count("\n") for cell in cells)
    if len(cells) < width and lines:
        return (
            f"a quotation mark is opened and not closed, so the {lines} lines after it were not "
            "read; close it"
        )
    return f"has {len(cells)} fields where the header has {width}; check its separators and quotes"


def _decode(data: bytes, name: str) -> tuple[str, str]:
    """Return the text and what its encoding is called, or refuse bytes that are no text."""
    for encoding, called in _encodings(data):
        try:
            text = (_whole(data) if encoding == "utf-8-sig" else data).decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            return text, called
    message = f"{name} is not text; export the table as CSV (UTF-8) or XLSX."
    raise SourceError(message)


def _whole(data: bytes) -> bytes:
    """Return UTF-8 bytes without the half of a character at which a cut-off file ends."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = data[: error.start]
        if error.reason == "unexpected end of data" and not whole.isascii():
            return whole
    return data


def _encodings(data: bytes) -> list[tuple[str, str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [("utf-16", "UTF-16")]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[first:1000:2].count(0) * 3 > len(data[first:1000:2]):
            return [(encoding, "UTF-16")]
    return [("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")]


def _is_text(text: str) -> bool:
    head = text[:HEAD]
    odd = sum(head.count(chr(c)) for c in range(32) if chr(c) not in "\t\n\r\f\v\x1a")
    return "\0" not in text and odd <= MAX_CONTROL_SHARE * len(head)


def _delimiter(text: str) -> tuple[str, str]:
    """Return the separator that cuts the first line that is not blank into the most columns.

    A first line ``sep=;``, which spreadsheets write and do not show, decides and is taken off.
    """
    head = text[:HEAD]
    line = next((line for line in io.StringIO(head, newline="") if line.strip()), "")
    if line.lower().startswith("sep=") and line[4:5] in DELIMITERS:
        return line[4], text[text.index(line) + len(line) :]

    def columns(delimiter: str) -> int:
        rows = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        return next((len(row) for row in rows if any(row)), 0)

    return max(DELIMITERS, key=columns), text


def _csv_rows(text: str, delimiter: str, name: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):  # noqa: B007 - told when the next row fails
            yield cells
    except csv.Error as error:
        message = (
            f"{name} cannot be read after row {number}: a field there is too long; "
            "look for a quotation mark that is opened and not closed."
        )
        raise SourceError(message) from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, PermissionError):
        return "this account may not read it"
    return "the system cannot read it"
