"""What each family is counted by: one language, one grade band, one means, one school.

Each attribute is a partition of the households, whatever a roster says: a family is counted once
in every table, and what is not stated is a group of its own, never left out.
"""

import re

import pandas as pd

from famgeo.domain import Answer
from famgeo.tables import split_list

NOT_STATED = "not stated"
SEVERAL = "several"
ELEMENTARY, MIDDLE, HIGH = "elementary", "middle", "high"
LAST_GRADES = {ELEMENTARY: 5, MIDDLE: 8, HIGH: 12}
MEANS = {Answer.YES.value: "car", Answer.NO.value: "no car", Answer.UNKNOWN.value: "not known"}

MOST_CHARACTERS = 60
_ADDRESS = re.compile(r"\s*\d+\w?\s+[^\W\d]{2,}")
"""A house number and a word: 12 Elm."""

_YOUNGEST = re.compile(
    r"(?:pre ?k|pk|tk|kg|jk|sk|k|p) ?[2-5]?|(?:pre ?|transitional )?kinder(?:garten\b.*)?"
    r"|pre ?school|ps|early (?:childhood|education)|ece?|ee"
)
_NUMBER = re.compile(r"(-[1-4]|\d{1,2})(?:\.0+)?(?:st|nd|rd|th)?")
_BESIDE = re.compile(r"\b(?:grade|gr|level|class)\b[\s.:-]*|[^\w.\s-]")
_YOUNGER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_OLDER = ("ninth freshman", "tenth sophomore", "eleventh junior", "twelfth senior")
_SPELLED = {word: str(n) for n, word in enumerate(_YOUNGER, start=1)} | {
    word: str(n) for n, words in enumerate(_OLDER, start=9) for word in words.split()
}


def groups_of(students: pd.DataFrame, households: pd.DataFrame) -> pd.DataFrame:
    """Return household_id, language, grade_band, means and school: each exactly one category.

    ``students`` are STUDENTS and ``households`` the HOUSEHOLDS made of them. A household whose
    students are in more than one band is in ``several``; a grade that cannot be read counts for
    nothing beside one that can. A household of more than one school is in ``several`` too.
    """
    bands: dict[str, set[str]] = {}
    for home, grade in zip(students["household_id"], students["grade"], strict=True):
        bands.setdefault(home, set()).add(grade_band(grade))
    ids = households["household_id"]
    return pd.DataFrame(
        {
            "household_id": ids,
            "language": [_named(language) for language in households["home_language"]],
            "grade_band": [_only(bands.get(home, set()) - {NOT_STATED}) for home in ids],
            "means": households["has_car"].map(MEANS),
            "school": [_named(_only(set(split_list(cell)))) for cell in households["school_ids"]],
        }
    ).astype(str)


def grade_band(grade: str) -> str:
    """Return elementary (to 5), middle (6 to 8) or high (9 to 12) for a grade as districts write.

    Zero and less are kindergarten and before, as in many student information systems.

    >>> [grade_band(grade) for grade in ("PK", "05", "6th", "Grade 12", "?")]
    ['elementary', 'elementary', 'middle', 'high', 'not stated']
    """
    plain = " ".join(_BESIDE.sub(" ", grade.casefold()).split())
    if _YOUNGEST.fullmatch(plain.replace("-", " ")):
        return ELEMENTARY
    number = _NUMBER.fullmatch(_SPELLED.get(plain, plain))
    if number is None:
        return NOT_STATED
    return next((band for band, last in LAST_GRADES.items() if int(number[1]) <= last), NOT_STATED)


def _named(text: str) -> str:
    """Return a text that may name a group in a table; ``not stated`` for any other.

    Where columns have slipped a cell holds an address, which ten families of one house may share.
    """
    fits = 0 < len(text) <= MOST_CHARACTERS and text.isprintable()
    return text if fits and not _ADDRESS.match(text) else NOT_STATED


def _only(distinct: set[str]) -> str:
    """Return the one value, ``several``, or ``not stated`` where there is none."""
    if len(distinct) > 1:
        return SEVERAL
    return next(iter(distinct), NOT_STATED)
