"""One reading path for every GTFS text file: bytes in, a table of text columns out."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as pacsv

from famgeo.domain import Refusal
from famgeo.errors import SourceError

MAX_LISTED = 1000
BOM = b"\xef\xbb\xbf"


@dataclass
class Ledger:
    """What is being refused and noted while a feed is read; ``rows`` are those of stop_times."""

    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlisted: int = 0

    def refuse(self, row: int, why: str) -> None:
        """List a refused row; past the first thousand only count it."""
        if len(self.refused) < MAX_LISTED:
            self.refused.append(Refusal(row=int(row), why=why))
        else:
            self.unlisted += 1

    def note(self, text: str) -> None:
        """Add a sentence to the report."""
        self.notes.append(text)


@dataclass(frozen=True)
class TextFile:
    """A GTFS file as text columns; a column the file lacks reads as empty text."""

    name: str
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def has(self, column: str) -> bool:
        """Tell whether the file has the column with anything in it."""
        return column in self.table.column_names

    def arrow(self, column: str) -> pa.ChunkedArray:
        """Return a column as Arrow text without surrounding blanks."""
        if not self.has(column):
            return pa.chunked_array([pa.repeat(pa.scalar(""), len(self))])
        return self.table.column(column)

    def codes(self, column: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return a column as positions in its distinct values, and those values stripped."""
        encoded = self.arrow(column).combine_chunks().dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return indices, [str(v).strip() for v in encoded.dictionary.to_pylist()]

    def text(self, column: str) -> pd.Series:
        """Return a column as pandas text without surrounding blanks."""
        stripped = pc.utf8_trim_whitespace(self.arrow(column))
        return pd.Series(stripped.to_pandas(), dtype="str")

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers; what is blank or no number is NaN."""
        indices, values = self.codes(column)
        return np.array([_number(v) for v in values] or [np.nan])[indices]

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row numbers as a spreadsheet shows them: the header is row 1."""
        return np.arange(2, len(self) + 2)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def parse_text(
    name: str, content: bytes, columns: Sequence[str], required: Sequence[str], ledger: Ledger
) -> TextFile:
    """Read the columns of one file as text; say what is wrong in one sentence if it cannot be.

    Accepts a byte-order mark, blanks around header names, cp1252, quoted line breaks, and rows
    with too few cells (the rest is empty); rows with too many are refused.
    """
    body = _as_utf8(name, content, ledger)
    header, _, rest = body.partition(b"\n")
    names = [h.strip().strip('"').strip() for h in _cells(name, [header.decode()], [""])[0]]
    if missing := [c for c in required if c not in names]:
        message = (
            f"{name} lacks the column{'s'[: len(missing) > 1]} {', '.join(missing)}. "
            "Ask the publisher of the feed for a complete one."
        )
        raise SourceError(message)
    keep = [c for c in columns if c in names]
    return TextFile(name=name, table=_read_rows(name, rest, names, keep, ledger))


def _as_utf8(name: str, content: bytes, ledger: Ledger) -> bytes:
    body = content.removeprefix(BOM).lstrip(b"\r\n")
    try:
        body.decode()
    except UnicodeDecodeError:
        ledger.note(f"{name} is not UTF-8; it was read as cp1252.")
        body = body.decode("cp1252", errors="replace").encode()
    return body if b"\n" in body else body.replace(b"\r", b"\n")


def _read_rows(
    name: str, rest: bytes, names: list[str], keep: list[str], ledger: Ledger
) -> pa.Table:
    unique = [h if names.index(h) == i else f"{h}#{i}" for i, h in enumerate(names)]
    if not rest.strip():
        return pa.table({c: pa.array([], pa.string()) for c in keep})
    short: list[str] = []
    long: list[int] = []

    def on_invalid(row: pacsv.InvalidRow) -> str:
        if row.actual_columns < row.expected_columns:
            short.append(row.text)
        else:
            long.append(row.number or 0)
        return "skip"

    try:
        table = pacsv.read_csv(
            io.BytesIO(rest),
            read_options=pacsv.ReadOptions(
                column_names=unique, use_threads=False, block_size=1 << 24
            ),
            parse_options=pacsv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=on_invalid
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(unique, pa.string()),
                include_columns=keep,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        raise _unreadable(name) from error
    if long:
        ledger.note(f"{name}: rows with more cells than the header, not used: {len(long):,}.")
    if not short:
        return table
    padded = _cells(name, short, [""] * len(unique))
    return pa.concat_tables([table, _text_table(padded, unique, keep)])


def _cells(name: str, rows: Sequence[str], blank: list[str]) -> list[list[str]]:
    """Cut rows into cells, and fill up those that have fewer than the blank row."""
    try:
        return [row + blank[len(row) :] for row in csv.reader(rows)] or [blank]
    except csv.Error as error:
        raise _unreadable(name) from error


def _unreadable(name: str) -> SourceError:
    return SourceError(
        f"{name} is not a readable table of comma-separated text. Get the feed again."
    )


def _text_table(cells: list[list[str]], names: list[str], keep: list[str]) -> pa.Table:
    return pa.table({c: pa.array([r[names.index(c)] for r in cells], pa.string()) for c in keep})
