"""Excel workbooks as rows of text: ids without a decimal point, dates in ISO form."""

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice

import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from famgeo.errors import SourceError
from famgeo.sources.kinds import check_zip

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CELLS = 20_000_000
"""Blank ones count: a lone cell far to the right makes its row as long as that."""


def workbook_rows(data: bytes, name: str) -> tuple[list[list[str]], str]:
    """Return the first worksheet's rows as text, and how it was read.

    Raises ``SourceError`` for a damaged workbook or one that would unpack to far too much.
    """
    try:
        check_zip(data, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions openpyxl leaves out
            return _first_sheet(data, name)
    except SourceError:
        raise
    except Exception as error:  # openpyxl lets any error of its parsers through
        message = f"{name} is a damaged or cut-off Excel workbook; save it again or use CSV."
        raise SourceError(message) from error


def _first_sheet(data: bytes, name: str) -> tuple[list[list[str]], str]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheets = [s for s in book.worksheets if s.sheet_state == "visible"] or book.worksheets
        if not sheets:
            message = f"{name} holds no worksheet; save the table as CSV."
            raise SourceError(message)
        rows = list(_rows(sheets[0], name))
    finally:
        book.close()
    if len(sheets) == 1:
        return rows, "Read as an Excel workbook."
    return rows, f"Read as an Excel workbook; only the first of its {len(sheets)} sheets was used."


def _rows(sheet: ReadOnlyWorksheet, name: str) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # a stated size may be wrong, and rows are padded to it
    cells = 0
    for row in islice(sheet.iter_rows(values_only=True), MAX_ROWS + 1):
        cells += 1 + len(row)
        if cells > MAX_CELLS or len(row) > MAX_COLUMNS:
            message = f"{name} has more cells than a table needs; remove the empty columns."
            raise SourceError(message)
        yield _without_end([_text(value) for value in row])


def _without_end(cells: list[str]) -> list[str]:
    """Drop the blank cells at the end of a row, which a workbook need not have stored."""
    filled = len(cells)
    while filled and not cells[filled - 1]:
        filled -= 1
    return cells[:filled]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact
        return str(int(value))
    if isinstance(value, datetime):
        whole_day = value.time() == time(0)
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else str(value)
