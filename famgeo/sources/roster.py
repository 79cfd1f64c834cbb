"""Read a district's roster: students with their homes, and the households they make.

Every message names a row by its number and never repeats a name, an address, an id or a
coordinate of a family.
"""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import WEEKDAYS, Answer
from famgeo.sources import cells
from famgeo.sources.places import COORDINATES, Bounds, coordinates, distance_km
from famgeo.sources.sheets import Picked, pick, read_sheet
from famgeo.tables import HOUSEHOLDS, STUDENTS, Read, as_points, check, join_list, split_list

SYNONYMS: dict[str, tuple[str, ...]] = {
    "student_id": ("student", "student_number", "student_no", "pupil_id", "local_id", "sis_id"),
    "household_id": ("household", "family_id", "family", "family_number", "home_id"),
    "school_id": ("school", "school_code", "school_number", "building", "building_code", "campus"),
    **COORDINATES,
    "grade": ("grade_level", "gradelevel", "year_group"),
    "home_language": ("language", "primary_language", "home_lang", "correspondence_language"),
    "interpreter": ("interpreter_needed", "needs_interpreter", "interpretation_needed"),
    "wheelchair": ("wheelchair_user", "uses_wheelchair", "needs_wheelchair", "step_free"),
    "has_car": ("car", "vehicle", "has_vehicle", "household_car", "car_access"),
    "internet": ("internet_access", "home_internet", "has_internet", "internet_in_residence"),
    "evenings": ("available_evenings", "evenings_available", "availability", "free_evenings"),
    "contact": ("preferred_contact", "contact_preference", "preferred_contact_method"),
    "entered_on": ("entry_date", "enrollment_date", "enrolment_date", "start_date", "entered"),
    "protected": ("address_confidential", "confidential", "address_protected"),
    "displaced": ("displaced_student", "mckinney_vento", "homeless"),
    "opted_out": ("opt_out", "do_not_publish", "restricted"),
}
IDS = ("student_id", "household_id", "school_id")
REQUIRED = ("student_id", "school_id", "lon", "lat")
PROTECTING = ("protected", "displaced", "opted_out")
VALUES: tuple[cells.Reading, ...] = (
    ("grade", cells.texts, ""),
    ("home_language", cells.languages, ""),
    ("interpreter", cells.answers, "is not yes or no, so counts as unknown"),
    ("wheelchair", cells.answers, "is not yes or no, so counts as unknown"),
    ("has_car", cells.answers, "is not yes or no, so counts as unknown"),
    ("internet", cells.answers, "is not yes or no, so counts as unknown"),
    ("evenings", cells.evenings, "cannot be read, so any evening counts"),
    ("contact", cells.lower_texts, ""),
    ("entered_on", cells.dates, "is no date, so counts as not known"),
)
"""How each column is read, and what is said of a cell that cannot be."""

TEXTS = ("school_ids", *(name for name, _, _ in VALUES if name != "grade"))

ONE_HOME_KM = 0.1
MAX_HINTS = 100
LAST_DAY = "9999-12-31"


def read_roster(
    path: Path, *, district: Bounds | None = None, schools: Collection[str] | None = None
) -> Read[gpd.GeoDataFrame]:
    """Read a roster (STUDENTS) from a CSV or XLSX file, one row per student and home.

    district : lon/lat bounds homes are compared with; without them, the file's own median.
    schools : the ids of the known schools; a row with any other is refused.
    Raises ``SourceError`` when the file cannot be used; a bad row is refused by number.
    """
    sheet = read_sheet(path)
    picked = pick(sheet, SYNONYMS, required=REQUIRED, quote=False)
    table = picked.table.assign(household_id=_household_ids(picked.table))
    where = coordinates(table, district=district, show_figures=False)
    reasons = cells.first_of(
        *(cells.bad_ids(table[name], name) for name in IDS),
        cells.repeated(
            table, ["student_id", "household_id"], sheet.rows, "the same student and household"
        ),
        _unknown_school(table["school_id"], schools),
        where.reasons,
    )
    good = (reasons == "").to_numpy(dtype=bool)
    values, notes = cells.read_values(table[good], sheet.rows[good], VALUES)
    protected, unsure = _protected(table[good])
    values = table.loc[good, list(IDS)].join(values).assign(protected=protected)
    students = check(as_points(values, where.lon[good], where.lat[good]), STUDENTS)
    notes += cells.unread_note(unsure, sheet.rows[good], "protected is not yes or no, so is yes")
    notes = (*_read_as(picked, where.notes), *notes, *_home_notes(students, sheet.rows[good]))
    return Read(table=students, report=cells.report(sheet, reasons, notes, unit="students"))


def households(students: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join students (STUDENTS) into households (HOUSEHOLDS), each student counted once.

    The rules do not depend on the order of rows. The point is that of the lowest student id. A
    yes wins for interpreter, car and internet, which are facts of the home; else a no. For
    wheelchair, a fact of each child, unknown wins over no. Evenings stated by any sibling count;
    the language is the commonest among those who need an interpreter, else among all; contact is
    the commonest; ``entered_on`` is the earliest; one protected child protects the home.
    ``adults`` is 0, which means not stated.
    """
    rows = students.sort_values(["household_id", "student_id"], ignore_index=True)
    homes = rows.groupby("household_id", sort=True)
    first = homes.head(1).reset_index(drop=True)
    needs = (rows["interpreter"] == Answer.YES.value).to_numpy(dtype=bool)
    merged = pd.DataFrame(
        {
            "household_id": first["household_id"],
            "adults": np.zeros(len(first), dtype=np.int64),
            "students": homes["student_id"].nunique().to_numpy(dtype=np.int64),
            "school_ids": _joined(rows, "school_id"),
            "home_language": _commonest(rows, "home_language", prefer=needs),
            "interpreter": _strongest(rows, "interpreter", (Answer.YES, Answer.NO)),
            "wheelchair": _strongest(rows, "wheelchair", (Answer.YES, Answer.UNKNOWN)),
            "has_car": _strongest(rows, "has_car", (Answer.YES, Answer.NO)),
            "internet": _strongest(rows, "internet", (Answer.YES, Answer.NO)),
            "evenings": _all_evenings(rows),
            "contact": _commonest(rows, "contact"),
            "entered_on": _earliest(rows),
            "protected": homes["protected"].any().to_numpy(dtype=bool),
        }
    ).astype(dict.fromkeys(TEXTS, "str"))
    at = first.geometry.to_numpy()
    return check(gpd.GeoDataFrame(merged, geometry=at, crs=students.crs), HOUSEHOLDS)


def _household_ids(table: pd.DataFrame) -> pd.Series:
    """Return the household ids; a student without one is a household alone."""
    given = cells.column(table, "household_id")
    return given.where(given != "", ("student " + table["student_id"]).where(given == "", ""))


def _read_as(picked: Picked, more: tuple[str, ...]) -> tuple[str, ...]:
    given = cells.column(picked.table, "household_id")
    alone = int((given == "").sum())
    notes = (*picked.notes, *more)
    if "household_id" not in picked.table:
        return (*notes, "There is no column household_id, so each student is a household alone.")
    if alone:
        return (*notes, f"Rows without household_id: {alone:,}; each is a household alone.")
    return notes


def _unknown_school(ids: pd.Series, schools: Collection[str] | None) -> pd.Series:
    """Say which rows name a school that is not known, and which one may be meant."""
    if schools is None:
        return pd.Series("", index=ids.index, dtype="str")
    known = frozenset(schools)
    strange = [i for i in ids.unique() if i not in known]
    told = {i: _no_such_school(i, known if n < MAX_HINTS else ()) for n, i in enumerate(strange)}
    return ids.map(lambda i: told.get(i, "")).astype("str")


def _no_such_school(school_id: str, known: Collection[str]) -> str:
    zeros = sorted(k for k in known if k.lstrip("0") == school_id.lstrip("0"))
    near = zeros or get_close_matches(school_id[:40].upper(), sorted(known), n=1)
    hint = f"is it {near[0]}?" if near else "add the school or correct the id"
    # The cell is not repeated: where columns have slipped it holds an address or a coordinate.
    return f"the school is not in the schools file; {hint}"


def _protected(table: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a home may never be mapped, and where that is in doubt.

    Any word in a protecting column but no protects; only yes protects without a doubt.
    """
    said = [cells.column(table, name) for name in PROTECTING]
    read = [cells.answers(column).known for column in said]
    yes = [(r == Answer.YES.value).to_numpy(dtype=bool) for r in read]
    doubt = [
        ((s != "") & (r == Answer.UNKNOWN.value)).to_numpy(dtype=bool)
        for s, r in zip(said, read, strict=True)
    ]
    protected = np.logical_or.reduce([*yes, *doubt])
    return protected, protected & ~np.logical_or.reduce(yes)


def _home_notes(students: gpd.GeoDataFrame, rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Note children with two homes, and households whose children live at different points."""
    notes = []
    two = int((students["student_id"].value_counts() > 1).sum())
    if two:
        notes.append(f"Students with more than one home: {two:,}; each home is planned for.")
    apart = _apart(students)
    if apart.any():
        n = students.loc[apart, "household_id"].nunique()
        notes.append(
            f"Households with children at points over 100 m apart: {n:,}; the point of the lowest "
            f"student id is used. Check {cells.row_list(rows[apart])}."
        )
    return tuple(notes)


def _apart(students: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Whether each row lies over 100 m from the point its household is planned from."""
    at = pd.DataFrame({"lon": students.geometry.x, "lat": students.geometry.y})
    order = students["student_id"].argsort(kind="stable")
    homes = students["household_id"].iloc[order]
    first = at.iloc[order].groupby(homes.to_numpy()).transform("first").sort_index()
    far = distance_km(*(f[c].to_numpy() for f in (at, first) for c in ("lon", "lat")))
    return np.asarray(far > ONE_HOME_KM)


def _joined(rows: pd.DataFrame, column: str) -> list[str]:
    """Return each household's distinct values that are not blank, sorted and joined."""
    parts: dict[str, set[str]] = {}
    for household, value in zip(rows["household_id"].tolist(), rows[column].tolist(), strict=True):
        parts.setdefault(household, set()).add(value)
    return [join_list(values) for values in parts.values()]


def _strongest(
    rows: pd.DataFrame, column: str, order: tuple[Answer, Answer]
) -> NDArray[np.object_]:
    """Return each household's first answer in ``order`` that a row gives, else the third."""
    rank = [*order, *(a for a in Answer if a not in order)]
    place = rows[column].map({answer.value: i for i, answer in enumerate(rank)})
    best = place.groupby(rows["household_id"]).min().to_numpy(dtype=np.int64)
    return np.array([a.value for a in rank], dtype=object)[best]


def _commonest(
    rows: pd.DataFrame, column: str, prefer: NDArray[np.bool_] | None = None
) -> NDArray[np.object_]:
    """Return each household's commonest value that is not blank; a tie goes to the alphabet.

    Values of rows marked ``prefer`` go before all others.
    """
    keys = ["household_id", column]
    marked = rows[keys].assign(prefer=False if prefer is None else prefer, count=1)
    votes = marked.groupby(keys, as_index=False).agg({"prefer": "any", "count": "sum"})
    votes["given"] = votes[column] != ""
    ranked = votes.sort_values(
        ["household_id", "given", "prefer", "count", column],
        ascending=[True, False, False, False, True],
    )
    return np.asarray(ranked.drop_duplicates("household_id")[column].to_numpy())


def _all_evenings(rows: pd.DataFrame) -> list[str]:
    joined = _joined(rows, "evenings")
    days = {cell: set(split_list(cell)) for cell in set(joined)}
    return [";".join(day for day in WEEKDAYS if day in days[cell]) for cell in joined]


def _earliest(rows: pd.DataFrame) -> NDArray[np.object_]:
    dated = rows["entered_on"].where(rows["entered_on"] != "", LAST_DAY)
    first = dated.groupby(rows["household_id"]).min()
    return np.asarray(first.where(first != LAST_DAY, "").to_numpy())
