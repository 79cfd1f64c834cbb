"""Schools are read from CSV or XLSX; bell times become clock times."""

import openpyxl
import pytest

from famgeo.errors import SourceError
from famgeo.sources.schools import read_schools
from famgeo.tables import lonlat

HEADER = "school_id,name,level,lon,lat,wheelchair,bell_start,bell_end"


def schools(folder, *rows, header=HEADER):
    path = folder / "schools.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_schools(path)


def test_a_school_needs_only_an_id_a_name_and_a_place(tmp_path):
    read = schools(tmp_path, "S1,Hill,-84.5,39.0", header="school code,School Name,LONG,LAT")
    assert read.table.drop(columns="geometry").to_dict("records") == [
        {
            "school_id": "S1",
            "name": "Hill",
            "level": "",
            "wheelchair": "unknown",
            "bell_start": "",
            "bell_end": "",
        }
    ]
    assert lonlat(read.table).tolist() == [[-84.5, 39.0]]


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("8:05", "08:05"), ("08:05:00", "08:05"), ("3:10 PM", "15:10"), ("12:00 am", "00:00"),
        ("12:30 p.m.", "12:30"), ("", ""), ("25:00", ""), ("13:00 pm", ""), ("noon", ""),
    ],
)  # fmt: skip
def test_bell_times_become_clock_times_and_an_unreadable_one_is_noted(tmp_path, written, clock):
    read = schools(tmp_path, f"S1,Hill,E,-84.5,39,yes,{written},")
    assert read.table["bell_start"].tolist() == [clock]
    assert ("bell_start is no time of day" in str(read.report)) == bool(written and not clock)


def test_schools_with_the_same_id_are_all_set_aside(tmp_path):
    rows = ["S1,Hill,E,-84.5,39,,,", "S2,Dale,E,-84.5,39,,,", "S1,Peak,E,-84.5,39,,,"]
    read = schools(tmp_path, *rows)
    assert read.table["school_id"].tolist() == ["S2"]
    assert [r.row for r in read.report.refused] == [2, 4]


def test_a_school_without_a_name_or_with_swapped_coordinates_is_refused(tmp_path):
    read = schools(tmp_path, "S1,,E,-84.5,39,,,", "S2,Dale,E,39.0,-84.5,,,")
    assert [(r.row, r.why) for r in read.report.refused] == [
        (2, "name is blank"),
        (3, "lat -84.5 and lon 39.0 look swapped"),
    ]


def test_a_workbook_is_read_as_a_csv_is(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["School ID", "Name", "Lon", "Lat", "Bell Start"])
    book.active.append([12, "Hill", -84.5, 39, "8:05"])
    book.save(tmp_path / "schools.xlsx")
    read = read_schools(tmp_path / "schools.xlsx")
    assert read.table[["school_id", "bell_start"]].to_numpy().tolist() == [["12", "08:05"]]
    assert "Excel workbook" in str(read.report)


def test_a_roster_given_as_schools_is_refused(tmp_path):
    with pytest.raises(SourceError, match="lacks the column name"):
        schools(tmp_path, "1,S1,1,2", header="student_id,school_id,lon,lat")


def test_the_real_schools_are_read_whole(cities):
    read = read_schools(cities / "nky/schools.csv")
    assert read.table["level"].tolist() == ["E", "E", "M", "M", "H", "H"]
    assert not read.report.refused
