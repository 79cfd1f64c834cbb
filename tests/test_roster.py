"""A roster keeps every good row, names every other by its number, and never shows a family."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from famgeo.errors import SourceError
from famgeo.sources.roster import households, read_roster
from famgeo.tables import STUDENTS, check

HEADER = "student_id,household_id,school_id,lon,lat"
DISTRICT = (-84.7, 38.9, -84.3, 39.1)


def roster(folder, *rows, header=HEADER, **options):
    path = folder / "roster.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_roster(path, **options)


def refused(read):
    return {r.row: r.why for r in read.report.refused}


def students(*rows):
    """Draw students: id, household, and what else differs from a plain one."""
    plain = {
        "school_id": "S1", "grade": "", "home_language": "en", "interpreter": "no",
        "wheelchair": "no", "has_car": "no", "internet": "no", "evenings": "", "contact": "",
        "entered_on": "", "protected": False, "lon": -84.5, "lat": 39.0,
    }  # fmt: skip
    drawn = [{"student_id": s, "household_id": h, **plain, **more} for s, h, more in rows]
    table = gpd.GeoDataFrame(drawn)
    at = gpd.points_from_xy(table["lon"], table["lat"])
    return check(table.set_geometry(at, crs="EPSG:4326"), STUDENTS)


def only_home(*rows):
    (home,) = households(students(*rows)).to_dict("records")
    return home


def test_a_plain_roster_is_read_whole(tmp_path):
    read = roster(tmp_path, "1,H1,S1,-84.5,39.0", "2,H1,S1,-84.5,39.0")
    assert read.table["student_id"].tolist() == ["1", "2"]
    assert str(read.report).startswith("roster.csv: 2 of 2 students used.")
    assert not refused(read)
    assert set(read.table["has_car"]) == {"unknown"}


def test_ids_keep_their_leading_zeros(tmp_path):
    read = roster(tmp_path, "007,0012,04,-84.5,39.0", schools={"04"})
    assert read.table.loc[0, ["student_id", "household_id", "school_id"]].tolist() == [
        "007",
        "0012",
        "04",
    ]


def test_a_school_that_lost_its_zero_is_refused_with_the_likely_one(tmp_path):
    read = roster(tmp_path, "1,H1,4,-84.5,39", "2,H2,S99,-84.5,39", schools={"04", "12"})
    assert refused(read)[2] == "the school is not in the schools file; is it 04?"
    assert "not in the schools file; add the school" in refused(read)[3]


def test_an_id_that_a_spreadsheet_shortened_is_refused(tmp_path):
    read = roster(tmp_path, "8.59E+11,H1,S1,-84.5,39.0", ",H1,S1,-84.5,39.0", "3,H1,,-84.5,39")
    assert "shortened by a spreadsheet" in refused(read)[2]
    assert refused(read)[3] == "student_id is blank"
    assert refused(read)[4] == "school_id is blank"


def test_a_student_listed_twice_in_a_household_is_set_aside_in_both_rows(tmp_path):
    read = roster(tmp_path, *["1,H1,S1,-84.5,39.0", "2,H1,S1,-84.5,39.0", "1,H1,S2,-84.5,39.0"])
    assert read.table["student_id"].tolist() == ["2"]
    assert sorted(refused(read)) == [2, 4]
    assert "rows 2 and 4" in refused(read)[2]


def test_a_child_with_two_homes_keeps_both(tmp_path):
    read = roster(tmp_path, "1,H1,S1,-84.5,39.0", "1,H2,S1,-84.6,39.0")
    assert len(read.table) == 2
    assert "Students with more than one home: 1;" in str(read.report)
    assert households(read.table)["household_id"].tolist() == ["H1", "H2"]


def test_without_household_ids_each_student_is_a_household(tmp_path):
    read = roster(tmp_path, "1,S1,-84.5,39", "2,S1,-84.5,39", header="student_id,school_id,lon,lat")
    assert read.table["household_id"].nunique() == 2
    assert "each student is a household alone" in str(read.report)
    some = roster(tmp_path, "1,2,S1,-84.5,39", "2,,S1,-84.5,39")
    assert some.table["household_id"].nunique() == 2
    assert "Rows without household_id: 1;" in str(some.report)


def test_no_message_holds_a_familys_id_or_coordinate(tmp_path):
    read = roster(
        tmp_path,
        "canary1,canaryH,S1,39.0111,-84.5111",
        "canary2,canaryH,S1,-80.0111,39.0111",
        "canary3,canaryH,S1,canary street,39.0111",
        "canary4,canaryH,S1,-84.5111,39.0111,canary",
        "canary5,canaryH,S1,-84.5111,39.0111",
        "canary5,canaryH,S1,-84.5111,39.0111",
        "canary6,canaryH,S1,-84.5111,39.0111",
        "canary7,canaryH,S1,-84.5911,39.0111",
        district=DISTRICT,
    )
    assert sorted(refused(read)) == [2, 3, 4, 5, 6, 7]
    assert not any(secret in str(read.report) for secret in ("canary", "0111", "5111", "5911"))


def test_a_fault_that_many_rows_share_is_told_once_and_names_them_all(tmp_path):
    rows = [f"{i},H{i},S1,39.0,-84.5" for i in range(12)]
    assert "Rows 2–13: lat and lon look swapped" in str(roster(tmp_path, *rows).report)
    assert "rows: lat" not in "".join(roster(tmp_path, *rows[:9]).report.notes)


def test_a_row_without_coordinates_waits_for_the_address_step(tmp_path):
    read = roster(tmp_path, "1,H1,S1,,", "2,H1,S1,-84.5,39.0")
    assert refused(read) == {2: "no coordinates; write its lon and lat"}


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("Yes", "yes"), ("y", "yes"), ("TRUE", "yes"), ("1", "yes"), ("x", "yes"), ("Sí", "yes"),
        ("NO", "no"), ("n", "no"), ("false", "no"), ("0", "no"),
        ("", "unknown"), ("unknown", "unknown"), ("n/a", "unknown"), ("maybe", "unknown"),
    ],
)  # fmt: skip
def test_yes_no_and_unknown_are_read_in_their_usual_words(tmp_path, word, answer):
    read = roster(tmp_path, f"1,H1,S1,-84.5,39,{word}", header=HEADER + ",Has Car")
    assert read.table["has_car"].tolist() == [answer]
    assert ("has_car is not yes or no" in str(read.report)) == (word == "maybe")


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("Mon, Wed", "Mo;We"), ("Wed/Mon", "Mo;We"), ("weekdays", "Mo;Tu;We;Th;Fr"),
        ("any", "Mo;Tu;We;Th;Fr;Sa;Su"), ("", ""), ("Tue-Thu", "Tu;We;Th"), ("Mo;We", "Mo;We"),
        ("Tuesday and Thursday", "Tu;Th"), ("lunes y jueves", "Mo;Th"), ("Sa-Mo", "Mo;Sa;Su"),
        ("Wednesday evenings", "We"), ("after work", ""),
    ],
)  # fmt: skip
def test_evenings_become_days_of_the_week(tmp_path, cell, days):
    read = roster(tmp_path, f'1,H1,S1,-84.5,39,"{cell}"', header=HEADER + ",evenings")
    assert read.table["evenings"].tolist() == [days]
    assert ("evenings cannot be read" in str(read.report)) == (cell == "after work")


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2019-08-14", "2019-08-14"), ("8/14/2019", "2019-08-14"), ("14.8.2019", "2019-08-14"),
        ("2019-08-14 00:00:00", "2019-08-14"), ("2019-8-4", "2019-08-04"), ("", ""),
        ("2019-02-30", ""), ("next week", ""),
    ],
)  # fmt: skip
def test_dates_become_iso_and_an_unreadable_one_is_blank_and_noted(tmp_path, cell, iso):
    read = roster(tmp_path, f"1,H1,S1,-84.5,39,{cell}", header=HEADER + ",entry_date")
    assert read.table["entered_on"].tolist() == [iso]
    assert ("entered_on is no date" in str(read.report)) == bool(cell and not iso)


def test_one_day_over_twelve_shows_that_a_column_writes_the_day_first(tmp_path):
    rows = ["1,H1,S1,-84.5,39,4/8/2019", "2,H1,S1,-84.5,39,14/8/2019"]
    read = roster(tmp_path, *rows, header=HEADER + ",entry_date")
    assert read.table["entered_on"].tolist() == ["2019-08-04", "2019-08-14"]


@pytest.mark.parametrize("column", ["address_confidential", "displaced", "Opted Out", "protected"])
@pytest.mark.parametrize(("cell", "protected"), [("yes", True), ("no", False), ("", False)])
def test_each_flag_protects_a_home(tmp_path, column, cell, protected):
    read = roster(tmp_path, f"1,H1,S1,-84.5,39,{cell}", header=f"{HEADER},{column}")
    assert read.table["protected"].tolist() == [protected]


@pytest.mark.parametrize("cell", ["see office", "?", "unknown"])
def test_any_other_word_in_a_protecting_column_protects(tmp_path, cell):
    read = roster(tmp_path, f"1,H1,S1,-84.5,39,{cell}", header=HEADER + ",displaced")
    assert read.table["protected"].tolist() == [True]


def test_languages_are_read_by_name_or_code(tmp_path):
    rows = [f"{i},H1,S1,-84.5,39,{word}" for i, word in enumerate(["Spanish", "ES", "Klingon", ""])]
    read = roster(tmp_path, *rows, header=HEADER + ",Home Language")
    assert read.table["home_language"].tolist() == ["es", "es", "klingon", ""]


def test_a_roster_needs_its_columns(tmp_path):
    with pytest.raises(
        SourceError, match=r"roster.csv lacks the column school_id\. Is column C the"
    ):
        roster(tmp_path, "1,H1,S1,1,2", header="student_id,household_id,schol_id,lon,lat")


def test_siblings_are_one_household_and_a_twice_listed_student_counts_once():
    home = only_home(("1", "H", {}), ("2", "H", {"school_id": "S2"}), ("3", "H", {}))
    assert home["students"] == 3
    assert home["school_ids"] == "S1;S2"
    assert home["adults"] == 0


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [
        ("has_car", ("unknown", "no", "yes"), "yes"),
        ("has_car", ("unknown", "no"), "no"),
        ("interpreter", ("no", "yes"), "yes"),
        ("wheelchair", ("no", "yes", "unknown"), "yes"),
        ("wheelchair", ("no", "unknown"), "unknown"),
        ("internet", ("unknown", "unknown"), "unknown"),
        ("contact", ("", "text", "text", "call"), "text"),
        ("contact", ("text", "call"), "call"),
        ("entered_on", ("2019-12-03", "", "2019-08-14"), "2019-08-14"),
        ("entered_on", ("", ""), ""),
        ("evenings", ("We", "Mo;We", ""), "Mo;We"),
        ("protected", (False, True), True),
    ],
)
def test_what_siblings_say_is_joined_by_a_stated_rule(column, given, kept):
    home = only_home(*[(str(i), "H", {column: value}) for i, value in enumerate(given)])
    assert home[column] == kept


def test_the_language_of_those_who_need_an_interpreter_goes_first():
    plain = [(str(i), "H", {"home_language": "en"}) for i in range(3)]
    needs = ("9", "H", {"home_language": "es", "interpreter": "yes"})
    assert only_home(*plain, needs)["home_language"] == "es"
    assert only_home(*plain)["home_language"] == "en"


def test_points_apart_in_one_household_are_noted_and_the_lowest_student_id_decides(tmp_path):
    rows = ["2,H1,S1,-84.50,39.0", "1,H1,S1,-84.51,39.0", "3,H2,S1,-84.6,39", "4,H2,S1,-84.6001,39"]
    read = roster(tmp_path, *rows)
    assert "Households with children at points over 100 m apart: 1;" in str(read.report)
    assert "row 2." in str(read.report)
    assert households(read.table).geometry.x.tolist() == [-84.51, -84.6]


@given(st.permutations(range(12)))
@settings(max_examples=15)
def test_row_order_changes_no_household(order):
    drawn = students(
        *[
            (str(i), f"H{i % 4}", {"lon": -84 - i / 9, "contact": "abc"[i % 3], "has_car": a})
            for i, a in enumerate(["yes", "no", "unknown"] * 4)
        ]
    )
    expected = households(drawn)
    shuffled = households(drawn.iloc[list(order)])
    assert shuffled.equals(expected)


@given(st.lists(st.sampled_from(["1,H1,S1,-84.5,39.0", "x", "2,H2,S1,,", "3,H1,S1,-84.4,39", ""])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_every_row_is_used_or_refused_and_none_is_lost(tmp_path, rows):
    given_rows = [row for row in rows if row]
    if not given_rows:
        return
    read = roster(tmp_path, *rows)
    assert read.report.rows_read == len(given_rows)
    assert read.report.rows_used == len(read.table)
    assert read.report.rows_used + len(read.report.refused) == len(given_rows)


def test_a_roster_refused_whole_gives_empty_tables(tmp_path):
    read = roster(tmp_path, "1,H1,S1,,")
    assert len(read.table) == 0
    assert len(households(read.table)) == 0


def test_the_real_roster_is_read_whole(cities):
    read = read_roster(cities / "nky/roster.csv", district=(-84.8, 38.8, -84.3, 39.2))
    homes = households(read.table)
    assert (read.report.rows_used, len(read.report.refused)) == (6754, 0)
    assert len(homes) == 4200
    assert homes["students"].sum() == 6754
    assert np.sum(homes["has_car"] == "unknown") == 0
