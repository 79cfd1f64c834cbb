"""Columns of text → values: answers, numbers, dates, evenings, languages; and rows set aside.

A value that cannot be read becomes "not known" and is noted by its row; a row that cannot be used
at all is refused by number. No note here ever repeats the content of a cell.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import WEEKDAYS, Answer, ReadReport, Refusal, row_words
from famgeo.sources.sheets import Sheet

YES = frozenset("yes y true t 1 x si sí s oui ja sim ✓ ✔".split())  # noqa: SIM905 - a word list
NO = frozenset("no n false f 0 non nein nao não - none".split())  # noqa: SIM905 - a word list
NOT_KNOWN = frozenset({"", "unknown", "?", "n/a", "na", "not known", "unsure", "desconocido"})

LANGUAGES = {
    "english": "en", "inglés": "en", "ingles": "en", "eng": "en",
    "spanish": "es", "español": "es", "espanol": "es", "castellano": "es", "spa": "es",
    "arabic": "ar", "العربية": "ar", "ara": "ar",
    "french": "fr", "français": "fr", "francais": "fr", "fra": "fr",
    "haitian creole": "ht", "haitian": "ht", "kreyòl": "ht", "hat": "ht",
    "swahili": "sw", "kiswahili": "sw", "swa": "sw",
    "nepali": "ne", "नेपाली": "ne", "nep": "ne",
    "portuguese": "pt", "português": "pt", "portugues": "pt", "por": "pt",
    "chinese": "zh", "mandarin": "zh", "cantonese": "yue", "中文": "zh", "zho": "zh",
    "vietnamese": "vi", "tiếng việt": "vi", "vie": "vi",
    "somali": "so", "soomaali": "so", "som": "so",
    "russian": "ru", "русский": "ru", "rus": "ru",
    "ukrainian": "uk", "українська": "uk", "ukr": "uk",
    "burmese": "my", "karen": "kar", "hmong": "hmn", "tagalog": "tl", "filipino": "tl",
    "korean": "ko", "japanese": "ja", "german": "de", "italian": "it", "polish": "pl",
    "hindi": "hi", "urdu": "ur", "bengali": "bn", "punjabi": "pa", "gujarati": "gu",
    "farsi": "fa", "persian": "fa", "dari": "prs", "pashto": "ps", "turkish": "tr",
    "amharic": "am", "tigrinya": "ti", "kinyarwanda": "rw", "kirundi": "rn", "lingala": "ln",
    "romanian": "ro", "marshallese": "mh", "finnish": "fi", "swedish": "sv",
}  # fmt: skip
"""Language names and three-letter codes → ISO 639 codes; other words stay as written, in lower
case."""

DAY_WORDS = {
    **{day.lower(): day for day in WEEKDAYS},
    **dict(zip("mon tue wed thu fri sat sun".split(), WEEKDAYS, strict=True)),  # noqa: SIM905
    **dict(zip("lun mar mié jue vie sáb dom".split(), WEEKDAYS, strict=True)),  # noqa: SIM905
}
DAY_GROUPS = {
    "any": WEEKDAYS, "all": WEEKDAYS, "every": WEEKDAYS, "daily": WEEKDAYS,
    "weekdays": WEEKDAYS[:5], "weekday": WEEKDAYS[:5], "weekends": WEEKDAYS[5:],
    "weekend": WEEKDAYS[5:],
}  # fmt: skip

NUMBER = r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,2})?"
ISO_DATE = r"((?:19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2})(?:[T ].*)?"
LOCAL_DATE = r"([0-9]{1,2})([/.])([0-9]{1,2})\2((?:19|20)[0-9]{2})(?: .*)?"
CLOCK = re.compile(
    r"([0-9]{1,2})[:.h]([0-9]{2})(?::[0-9]{2})?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE
)

NOON = 12


class Cells(NamedTuple):
    """A column's values, and which of its cells could not be read."""

    known: pd.Series
    unread: NDArray[np.bool_]


Reading = tuple[str, Callable[[pd.Series], Cells], str]
"""A column, how it is read, and what is said of a cell that cannot be."""


def read_values(
    table: pd.DataFrame, rows: NDArray[np.int64], readings: Iterable[Reading]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read each column as told; return the values and a note on each column's unread cells."""
    found = {name: read(column(table, name)) for name, read, _ in readings}
    notes = (
        note
        for name, _, saying in readings
        for note in unread_note(found[name].unread, rows, f"{name} {saying}")
    )
    values = pd.DataFrame({name: cells.known for name, cells in found.items()}, index=table.index)
    return values, tuple(notes)


def column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a text column, or blanks when the file does not have it."""
    if name in table:
        return table[name]
    return pd.Series([""] * len(table), index=table.index, dtype="str")


def each(texts: pd.Series, read: Callable[[str], str | None]) -> Cells:
    """Read every distinct cell once; None means it cannot be read and counts as blank."""
    values = {text: read(text) for text in texts.unique()}
    unread = texts.map({text: value is None for text, value in values.items()})
    known = texts.map({text: value or "" for text, value in values.items()})
    return Cells(known.astype("str"), unread.to_numpy(dtype=bool))


def texts(column: pd.Series) -> Cells:
    """Take the text as it is."""
    return Cells(column, np.zeros(len(column), dtype=bool))


def lower_texts(column: pd.Series) -> Cells:
    """Take the text in lower case."""
    return texts(column.str.lower())


def answers(texts: pd.Series) -> Cells:
    """Read yes, no or unknown; blank is unknown, and so is any other word, which is noted."""

    def read(text: str) -> str | None:
        word = text.casefold()
        if word in YES:
            return Answer.YES
        if word in NO:
            return Answer.NO
        return Answer.UNKNOWN if word in NOT_KNOWN else None

    values, unread = each(texts, read)
    return Cells(values.where(values != "", Answer.UNKNOWN.value), unread)


def numbers(texts: pd.Series, *, decimal_comma: bool = False) -> NDArray[np.float64]:
    """Return the numbers in a column; NaN where a cell is no plain finite number."""
    plain = texts.str.replace("−", "-", regex=False)
    if decimal_comma:
        plain = plain.str.replace(",", ".", regex=False)
    good = plain.str.fullmatch(NUMBER).to_numpy(dtype=bool)
    return np.asarray(plain.where(good, "nan").to_numpy(dtype=np.float64))


def amounts(texts: pd.Series) -> Cells:
    """Read amounts such as ``$1,200`` or ``free``; the unread and the negative become NaN."""
    plain = texts.str.replace(r"[$€£\s]|(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", regex=True)
    values = numbers(plain.where(plain.str.casefold() != "free", "0"))
    values[values < 0] = np.nan
    return Cells(
        pd.Series(values, index=texts.index), np.isnan(values) & (texts != "").to_numpy(dtype=bool)
    )


def dates(texts: pd.Series) -> Cells:
    """Read dates to ISO form: ISO, 8/14/2019 or 14.8.2019; what cannot be read becomes blank.

    With slashes the month comes first, unless some cell of the column shows that the day does.
    """
    iso = texts.str.extract(f"^{ISO_DATE}$")[0]
    local = texts.str.extract(f"^{LOCAL_DATE}$")
    slash = (local[1] == "/").to_numpy(dtype=bool)
    first = pd.to_numeric(local[0], errors="coerce")
    day_first = ~slash | bool((first[slash] > NOON).any())
    day, month = local[0].where(day_first, local[2]), local[2].where(day_first, local[0])
    written = iso.where(iso.notna(), local[3] + "-" + month + "-" + day)
    parsed = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    values = parsed.dt.strftime("%Y-%m-%d").where(parsed.notna(), "").astype("str")
    return Cells(values, ((values == "") & (texts != "")).to_numpy(dtype=bool))


def evenings(texts: pd.Series) -> Cells:
    """Read evenings to OSM days in the week's order: ``Mon, Wed`` → ``Mo;We``."""
    return each(texts, _days)


def languages(texts: pd.Series) -> Cells:
    """Read language names or codes, separated by ``;`` ``,`` or ``/``, to ISO 639 codes."""

    def read(text: str) -> str:
        words = (w.strip().casefold() for w in re.split(r"[;,/]", text))
        return ";".join(dict.fromkeys(LANGUAGES.get(w, w) for w in words if w))

    return each(texts, read)


def clock_times(texts: pd.Series) -> Cells:
    """Read times of day to ``08:05``; accepts ``8:05``, ``8.05`` and ``3:10 PM``."""

    def read(text: str) -> str | None:
        found = CLOCK.fullmatch(text)
        if not found:
            return None if text else ""
        hour, minute = int(found[1]), int(found[2])
        if found[3]:
            if not 1 <= hour <= NOON:
                return None
            hour = hour % NOON + (NOON if found[3].lower() == "p" else 0)
        return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None  # noqa: PLR2004

    return each(texts, read)


def bad_ids(texts: pd.Series, name: str) -> pd.Series:
    """Say why an id cannot be used: blank, too long, or shortened by a spreadsheet."""
    cut = texts.str.fullmatch(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3}").to_numpy(dtype=bool)
    return why(
        (texts == "", f"{name} is blank"),
        (texts.str.len() > 200, f"{name} is longer than 200 characters"),  # noqa: PLR2004
        (cut, f"{name} was shortened by a spreadsheet (like 8.6E+11); export it as text"),
        like=texts,
    )


def repeated(table: pd.DataFrame, keys: list[str], rows: NDArray[np.int64], what: str) -> pd.Series:
    """Set aside every row that shares its keys with another, and say which rows they are."""
    given = (table[keys] != "").all(axis=1)
    twice = table.duplicated(keys, keep=False) & given
    group = table[twice].groupby(keys, sort=False).ngroup()
    listed: dict[int, list[int]] = {}
    for key, row in zip(group, rows[twice.to_numpy(dtype=bool)], strict=True):
        listed.setdefault(key, []).append(row)
    told = {
        key: f"{what} is in {row_list(same)}; all are set aside until one is left"
        for key, same in listed.items()
    }
    return group.map(told).astype("str").reindex(table.index, fill_value="")


def why(*faults: tuple[object, str], like: pd.Series) -> pd.Series:
    """Return each row's first fault in words, '' where there is none."""
    masks = [np.asarray(mask, dtype=bool) for mask, _ in faults]
    told = np.select(masks, [text for _, text in faults], default="")
    return pd.Series(told, index=like.index, dtype="str")


def first_of(*reasons: pd.Series) -> pd.Series:
    """Return each row's first reason that is not blank."""
    found = reasons[0]
    for more in reasons[1:]:
        found = found.where(found != "", more)
    return found


def row_list(rows: Iterable[int]) -> str:
    """Write row numbers inside a sentence; beyond twenty spans, count the others.

    >>> row_list([5, 9, 10, 11])
    'rows 5 and 9–11'
    """
    return row_words(int(row) for row in rows).lower()


def unread_note(unread: NDArray[np.bool_], rows: NDArray[np.int64], saying: str) -> tuple[str, ...]:
    """Return one note on the cells that could not be read, or none."""
    return (f"{saying}, in {row_list(rows[unread])}.",) if unread.any() else ()


def report(sheet: Sheet, reasons: pd.Series, notes: Iterable[str], *, unit: str) -> ReadReport:
    """Sum up what was read, what was refused and why, in the order of the file."""
    bad = (reasons != "").to_numpy(dtype=bool)
    refused = [
        *sheet.refused,
        *(
            Refusal(row=int(row), why=reason)
            for row, reason in zip(sheet.rows[bad], reasons[bad], strict=True)
        ),
    ]
    return ReadReport(
        source=sheet.name,
        rows_read=len(sheet.records) + len(sheet.refused),
        rows_used=int((~bad).sum()),
        refused=tuple(sorted(refused, key=lambda r: r.row)),
        notes=(sheet.read_as, *notes),
        unit=unit,
    )


def _days(text: str) -> str | None:
    """Read one cell of evenings; None when a word in it is no day."""
    words = [w for w in re.split(r"[;,/&+\s]+|\band\b|\by\b", text.casefold()) if w]
    found: set[str] = set()
    for word in words:
        if word in {"evening", "evenings", "nights", "days"}:
            continue
        days = _day_range(word)
        if not days:
            return None
        found.update(days)
    return ";".join(day for day in WEEKDAYS if day in found)


def _day_range(word: str) -> tuple[str, ...]:
    if word in DAY_GROUPS:
        return DAY_GROUPS[word]
    ends = [_day(part) for part in re.split("[-–]", word)]
    if "" in ends or len(ends) > 2:  # noqa: PLR2004 - a range has two ends
        return ()
    first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
    span = (last - first) % 7
    return tuple(WEEKDAYS[(first + step) % 7] for step in range(span + 1))


def _day(word: str) -> str:
    return DAY_WORDS.get(word) or (DAY_WORDS.get(word[:3], "") if word.isalpha() else "")
