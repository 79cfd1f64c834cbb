"""Text that no spreadsheet runs: what every file for spreadsheets is written through."""

import re

SIGNS = "=+\\-@＝＋－＠"
UNSEEN = r'["\s\u200b-\u200f\u2060\ufeff]*'
STARTS = re.compile(rf"((?:^|[;\t\r\n]){UNSEEN})(?=[{SIGNS}])")
"""Where a cell may start: a program set to another country cuts a line at semicolons or tabs."""
GUARDED = re.compile(rf"((?:^|[;\t\r\n]){UNSEEN})'(?=[{SIGNS}])")


def no_formula(text: str) -> str:
    """Return a text with an apostrophe before each sign with which a cell could start a formula.

    Source: OWASP, CSV Injection, with the separators of other countries.

    >>> no_formula("=1+1"), no_formula("Hall;@SUM(1)"), no_formula("Library")
    ("'=1+1", "Hall;'@SUM(1)", 'Library')
    """
    return STARTS.sub(r"\1'", text)


def as_written(text: str) -> str:
    """Take off the apostrophes that ``no_formula`` put in.

    >>> as_written("Hall;'@SUM(1)")
    'Hall;@SUM(1)'
    """
    return GUARDED.sub(r"\1", text)
