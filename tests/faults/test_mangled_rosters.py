"""A roster comes from a spreadsheet that changed it: encoding, separator, decimals, ids, copies.

Promise: it is read as it was meant where that is certain, and said how; what is not certain is
refused by its row and never guessed. Ids stay text. A school id that lost its leading zero is
named with the one it may be. A student who is there twice is set aside in both rows. What is
stored is UTF-8, and no erased family slips in by an id without its zeros.
"""

from datetime import UTC, datetime

import pytest

from famgeo.store.vault import open_vault
from famgeo.study.study import create_study

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
SCHOOLS = "school_id,name,lon,lat\n04,École Élémentaire,-84.5,39.0\n12,North,-84.52,39.02\n"
COLUMNS = "student_id;household_id;school_id;lon;lat;contact\n"
ROWS = "007;0012;04;-84,5001;39,0001;Père à la maison\n008;0013;12;-84,5002;39,0002;phone\n"


@pytest.fixture
def study(tmp_path):
    study = create_study(tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago")
    schools = tmp_path / "schools.csv"
    schools.write_text(SCHOOLS, encoding="utf-8")
    study.add_schools(schools, now=NOW)
    return study


def add(study, text, encoding="utf-8"):
    """Add a roster and return the report and what the vault then holds."""
    path = study.folder.parent / "roster.csv"
    path.write_bytes(text.encode(encoding))
    vault = open_vault(study.folder)
    return study.add_roster(vault, path, now=NOW), vault.students()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_roster_means_the_same_in_every_encoding_with_its_commas_and_zeros(study, encoding):
    report, students = add(study, COLUMNS + ROWS, encoding)
    assert report.rows_used == 2
    assert students["student_id"].tolist() == ["007", "008"]
    assert students["household_id"].tolist() == ["0012", "0013"]
    assert students["school_id"].tolist() == ["04", "12"]
    assert students.geometry.x.tolist() == [-84.5001, -84.5002]
    assert students["contact"].tolist() == ["père à la maison", "phone"]
    stored = b"".join(path.read_bytes() for path in study.folder.glob("vault.db*"))
    assert "père".encode() in stored
    assert "père".encode("cp1252") not in stored
    told = str(report)
    assert "comma" in told
    assert ("Windows-1252" in told) == (encoding == "cp1252")


def test_a_school_that_lost_its_zero_is_named_with_the_one_it_may_be(study):
    report, students = add(study, COLUMNS + ROWS.replace(";04;", ";4;"))
    assert [refusal.row for refusal in report.refused] == [2]
    assert "is it 04?" in report.refused[0].why
    assert students["student_id"].tolist() == ["008"]


@pytest.mark.parametrize("id_", ["8.59E+11", "1,2E+10"])
def test_an_id_in_scientific_notation_is_refused(study, id_):
    report, students = add(study, COLUMNS + ROWS.replace("007", id_))
    assert [refusal.row for refusal in report.refused] == [2]
    assert "shortened by a spreadsheet" in report.refused[0].why
    assert students["student_id"].tolist() == ["008"]


def test_a_student_who_is_there_twice_is_set_aside_in_both_rows(study):
    report, students = add(study, COLUMNS + ROWS + "007;0012;04;-84,4;39,1;\n")
    assert [refusal.row for refusal in report.refused] == [2, 4]
    assert students["student_id"].tolist() == ["008"]


def test_an_erased_family_does_not_slip_in_without_its_zeros(study):
    add(study, COLUMNS + ROWS)
    open_vault(study.folder).forget(household_ids=["0012"], student_ids=["007"], now=NOW)
    report, students = add(study, COLUMNS + ROWS.replace("007;0012", "7;12"))
    assert students["student_id"].tolist() == ["008"]
    assert "erased" in str(report)
