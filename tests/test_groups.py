"""What a family is counted by: one category of each attribute, whatever the roster says."""

import pandas as pd
import pytest
from families import draw_households
from hypothesis import given
from hypothesis import strategies as st

from famgeo.study.groups import grade_band, groups_of

WRITTEN = {
    "elementary": [
        *("PK", "K", "KG", "TK", "0", "00", "-1", "01", "1", "5", "05", "5th", "1st", "First"),
        *("PK4", "K5", "EC", "PS", "Pre-K", "Preschool", "Grade 5", "grade-3", "Gr. 2", "3.0"),
        *("Grade K", "Pre K", "Kindergarten (AM)", " 4 ", "pre-kindergarten", "Kinder"),
    ],
    "middle": ["6", "06", "7th", "Grade 8", "grade-6", "Gr. 7", "seventh", "8.0", "6th grade"],
    "high": ["9", "09", "12", "10TH", "Grade 11", "grade-9", "Senior", "12.0", "Ninth"],
    "not stated": ["", "?", "UG", "13", "99", "adult", "6-8", "-9", "1/2"],
}


def students_of(*rows):
    return pd.DataFrame(rows, columns=["household_id", "grade"])


@pytest.mark.parametrize(
    ("grade", "band"), [(grade, band) for band, grades in WRITTEN.items() for grade in grades]
)
def test_a_grade_is_read_as_districts_write_it(grade, band):
    assert grade_band(grade) == band


def test_a_family_with_children_in_two_bands_is_in_several():
    students = students_of(("h00", "2"), ("h00", "9"), ("h01", "K"), ("h01", "5"), ("h02", ""))
    bands = groups_of(students, draw_households(3))["grade_band"]
    assert bands.tolist() == ["several", "elementary", "not stated"]


def test_a_grade_that_cannot_be_read_counts_for_nothing_beside_one_that_can():
    students = students_of(("h00", "2"), ("h00", "?"))
    assert groups_of(students, draw_households(1))["grade_band"].tolist() == ["elementary"]


def test_means_language_and_school_are_named_also_when_not_stated():
    homes = draw_households(
        3,
        has_car=["yes", "no", "unknown"],
        home_language=["es", "", "en;fr"],
        school_ids=["s1", "s1;s2", "s2"],
    )
    table = groups_of(students_of(), homes)
    assert table["means"].tolist() == ["car", "no car", "not known"]
    assert table["language"].tolist() == ["es", "not stated", "en;fr"]
    assert table["school"].tolist() == ["s1", "several", "s2"]


@given(
    grades=st.lists(st.tuples(st.integers(0, 5), st.text(max_size=6)), max_size=12),
    order=st.randoms(),
)
def test_every_household_is_in_one_category_of_each_attribute_in_any_order(grades, order):
    rows = [(f"h{home:02d}", grade) for home, grade in grades]
    homes = draw_households(6)
    table = groups_of(students_of(*rows), homes)
    assert table["household_id"].tolist() == homes["household_id"].tolist()
    assert (table != "").all().all()
    order.shuffle(rows)
    pd.testing.assert_frame_equal(table, groups_of(students_of(*rows), homes))


@pytest.mark.parametrize("cell", ["12 Elm Street", " 7B Oak", "x" * 61, "en\nes", "en\x07", ""])
def test_a_cell_that_can_be_no_name_is_not_stated(cell):
    homes = draw_households(1, home_language=cell, school_ids=cell)
    students = pd.DataFrame({"household_id": homes["household_id"], "grade": "5"})
    groups = groups_of(students, homes)
    assert groups.loc[0, ["language", "school"]].tolist() == ["not stated", "not stated"]


@pytest.mark.parametrize("cell", ["es-419", "01", "Haitian Creole (Kreyòl)", "S 12", "105"])
def test_codes_and_names_stay_as_they_are(cell):
    homes = draw_households(1, home_language=cell, school_ids=cell)
    students = pd.DataFrame({"household_id": homes["household_id"], "grade": "5"})
    assert groups_of(students, homes).loc[0, ["language", "school"]].tolist() == [cell, cell]
