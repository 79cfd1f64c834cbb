"""A table is read whatever its encoding, separator or kind; what is no table is named."""

import io
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from famgeo.errors import FamgeoError, SourceError
from famgeo.sources.assets import read_assets
from famgeo.sources.places import read_places
from famgeo.sources.roster import read_roster
from famgeo.sources.schools import read_schools
from famgeo.sources.sheets import pick, read_sheet
from famgeo.tables import Read

NAMES = {"name": ("site_name",), "lat": ("latitude", "y"), "lon": ("lng", "x")}


def write(folder, data, name="table.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def workbook(rows, *, sheets=1):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_accents_survive_every_encoding_and_separator(tmp_path, encoding, called, separator):
    text = separator.join(["name", "lat", "lon"]) + "\r\n" + separator.join(["Peña", "1", "2"])
    sheet = read_sheet(write(tmp_path, text.encode(encoding)))
    assert sheet.header == ["name", "lat", "lon"]
    assert sheet.records == [["Peña", "1", "2"]]
    assert called in sheet.read_as


def test_a_file_cut_off_within_a_character_keeps_its_accents_and_names_the_row(tmp_path):
    sheet = read_sheet(write(tmp_path, "name,lat,lon\nPeña,1,2\nñandú".encode()[:-1]))
    assert sheet.records == [["Peña", "1", "2"]]
    assert [r.row for r in sheet.refused] == [3]
    assert "UTF-8" in sheet.read_as


def test_an_accent_at_the_end_of_an_old_file_is_kept(tmp_path):
    sheet = read_sheet(write(tmp_path, "name,lat\n1,café".encode("cp1252")))
    assert sheet.records == [["1", "café"]]


def test_a_workbook_is_known_by_its_content_and_ids_keep_no_decimal_point(tmp_path):
    data = workbook([["name", "lat", "lon"], [7.0, 39.5, "007"], [None, True, None]], sheets=2)
    sheet = read_sheet(write(tmp_path, data, "table.csv"))
    assert sheet.records == [["7", "39.5", "007"], ["", "True", ""]]
    assert "first of its 2 sheets" in sheet.read_as


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path):
    text = 'name,lat,lon\n\n"a\nb",1,2\n , ,\nc,3,4\n'
    sheet = read_sheet(write(tmp_path, text))
    assert list(sheet.rows) == [3, 5]
    rows = [["name", "lat"], [], ["a", 1], [None, None], ["c", 2]]
    assert list(read_sheet(write(tmp_path, workbook(rows))).rows) == [3, 5]


def test_a_row_with_the_wrong_number_of_fields_is_refused_and_the_rest_is_read(tmp_path):
    sheet = read_sheet(write(tmp_path, "name,lat,lon\na,1\nb,1,2,3\nc,1,2,,\nd,1,2\n"))
    assert [r.row for r in sheet.refused] == [2, 3]
    assert "2 fields where the header has 3" in sheet.refused[0].why
    assert [cells[0] for cells in sheet.records] == ["c", "d"]


def test_a_quotation_mark_left_open_is_named_by_its_row(tmp_path):
    sheet = read_sheet(write(tmp_path, 'name,lat,lon\na,1,2\n"b,1,2\nc,1,2\n'))
    assert [cells[0] for cells in sheet.records] == ["a"]
    assert sheet.refused[0].row == 3
    assert "quotation mark" in sheet.refused[0].why


def test_a_header_may_hold_a_line_break(tmp_path):
    sheet = read_sheet(write(tmp_path, '"site\nname";lat;lon\na,b;1;2\n'))
    assert pick(sheet, NAMES).table["name"].tolist() == ["a,b"]


def test_the_line_that_names_a_separator_for_spreadsheets_is_no_row(tmp_path):
    sheet = read_sheet(write(tmp_path, "sep=;\r\nname;lat\r\na,b;1\r\n"))
    assert sheet.records == [["a,b", "1"]]
    assert list(sheet.rows) == [2]


def test_columns_are_found_by_synonyms_whatever_their_case_and_signs(tmp_path):
    sheet = read_sheet(write(tmp_path, "Site Name,LATITUDE,Lng.,zip\n A  b ,1,2,3\n"))
    picked = pick(sheet, NAMES, required=("name", "lat", "lon"))
    assert picked.table.loc[0].to_dict() == {"name": "A b", "lat": "1", "lon": "2"}
    assert picked.notes == ("Columns not used: 'zip'.",)


def test_the_exact_name_wins_over_a_synonym(tmp_path):
    sheet = read_sheet(write(tmp_path, "y,lat,lon,name\n9,1,2,a\n"))
    assert pick(sheet, NAMES).table["lat"].tolist() == ["1"]


def test_a_missing_column_is_named_with_the_nearest_header(tmp_path):
    sheet = read_sheet(write(tmp_path, "name,lattitude,lon\na,1,2\n"))
    with pytest.raises(SourceError, match=r"lacks the column lat\. Is 'lattitude' the column lat"):
        pick(sheet, NAMES, required=("name", "lat", "lon"))


def test_a_file_without_a_header_row_is_not_quoted(tmp_path):
    sheet = read_sheet(write(tmp_path, "Secret Street 5,39.1,-84.5\nx,1,2\n"))
    with pytest.raises(SourceError) as told:
        pick(sheet, NAMES, required=("name", "lat", "lon"))
    assert "Secret" not in str(told.value)
    assert "39.1" not in str(told.value)


def test_a_formula_guard_is_taken_off(tmp_path):
    sheet = read_sheet(write(tmp_path, "name,lat,lon\n'=1+1,1,2\n'tis,1,2\n"))
    assert pick(sheet, NAMES).table["name"].tolist() == ["=1+1", "'tis"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "has no rows"),
        (b"name,lat,lon\n", "has no rows"),
        (b"1," * 2000 + b"1\n1\n", "has 2,001 columns in its first row"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "old Excel"),
        (zipped({"stop_times.txt": "a", "trips.txt": "b"}), "GTFS timetable; add it as transit"),
        (zipped({"feed/stop_times.txt": "a"}), "GTFS timetable"),
        (zipped({"word/document.xml": "a"}), "a Word document"),
        (zipped({"a.txt": "a"}), "a zip archive"),
        (
            b"\0\0\0\x0e\x0a\x09OSMHeader\x18" + b"x" * 99,
            "OpenStreetMap extract; add it as streets",
        ),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'{"type": "FeatureCollection"}', "GeoJSON"),
        (b"SQLite format 3\0" + b"\0" * 99, "GeoPackage"),
        (b"\x1f\x8b\x08abc", "gzip"),
        (bytes(range(256)) * 9, "not text"),
        (b"a,b\n1,\x00\n", "not text"),
    ],
)
def test_what_is_no_table_is_named_in_one_sentence(tmp_path, data, said):
    with pytest.raises(SourceError, match=said) as told:
        read_sheet(write(tmp_path, data, "roster.csv"))
    assert "roster.csv" in str(told.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        read_sheet(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="it is a folder"):
        read_sheet(tmp_path)


def test_a_cut_off_workbook_is_named(tmp_path):
    data = workbook([["name", "lat"], *[[f"n{i}", i] for i in range(500)]])
    for end in (200, len(data) // 2, len(data) - 10):
        with pytest.raises(SourceError, match=r"cut-off .*Excel workbook"):
            read_sheet(write(tmp_path, data[:end]))


def test_a_zip_bomb_is_not_opened(tmp_path):
    bomb = zipped({"xl/workbook.xml": "<a/>", "xl/worksheets/sheet1.xml": b"0" * 60_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(SourceError, match=r"would unpack to 60 MB .* it was not opened"):
        read_sheet(write(tmp_path, bomb, "roster.xlsx"))


def test_an_xml_bomb_is_refused(tmp_path):
    laughs = "".join(
        f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' if i else '<!ENTITY l0 "ha">' for i in range(12)
    )
    with zipfile.ZipFile(io.BytesIO(workbook([["name", "lat"], ["HERE", 1]]))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = f"<!DOCTYPE x [{laughs}]>" + sheet.replace("HERE", "&l11;")
    assert "&l11;" in parts["xl/worksheets/sheet1.xml"]
    with pytest.raises(SourceError, match="damaged"):
        read_sheet(write(tmp_path, zipped(parts), "roster.xlsx"))


READERS = (read_roster, read_schools, read_assets, read_places)
HEADER = (
    "id,student_id,household_id,school_id,asset_id,name,lon,lat,evenings,entry_date,has_car,"
    "languages,opening_hours,cost,bell_start\n"
)
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "", "1", "S1", "-84.5", "39,1", "39.1", "1e99", "1e999", "nan", "inf", "0x1", '"',
            "yes", "Mon-We", "2019-02-30", "13/13/2020", "8:99 pm", "Mo-Fr 09:00-17:00", "9" * 400,
            "−5", "٣", "'=1", "\0", "\ud7ff", "$1,000",
        ]
    ),
)  # fmt: skip
LINES = st.lists(st.lists(CELLS, min_size=12, max_size=16), max_size=8)
TABLES = LINES.map(lambda rows: (HEADER + "\n".join(",".join(r) for r in rows)).encode())
WORKBOOK = workbook([HEADER.strip().split(","), [1, 2, 3, "S1", 5, "a", -84.5, 39.1]])


def is_read_or_refused(folder, data):
    path = write(folder, data, "any.bin")
    for read in READERS:
        try:
            got = read(path)
        except FamgeoError:
            continue
        assert isinstance(got, Read)
        assert got.report.rows_used == len(got.table)
        assert got.report.rows_read == len(got.table) + len(got.report.refused)


@given(st.binary(max_size=400))
@example(b"PK\x03\x04")
@example(b"\xff\xfe")
@example(b"\xff\xfea")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_bytes_are_read_or_refused(tmp_path, data):
    is_read_or_refused(tmp_path, data)


@given(TABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_table_is_read_or_refused(tmp_path, data):
    is_read_or_refused(tmp_path, data)


@given(at=st.integers(0, len(WORKBOOK) - 1), noise=st.binary(min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_any_damage_to_a_workbook_is_read_or_refused(tmp_path, at, noise):
    is_read_or_refused(tmp_path, WORKBOOK[:at] + noise + WORKBOOK[at + len(noise) :])
