"""A zip that writes where it should not, or unpacks to more than there is room for.

The weakness: a zip names its own files and says how large they are. An attacker names one
"../../home/me/.profile", or a link, or sends 204 kB that unpack to 200 MB, files that lie in the
same bytes so that each alone looks harmless, a list of millions of names. What closes it: a zip is
never unpacked to disk; its list of files is bounded before it is read; at most 50 files, 500 MB
and 100 times the size of the zip and of each packed file; names that leave it, links, locked files
and two files of one name are refused; and no more is read than was promised.
"""

import io
import tracemalloc
import zipfile

import pytest
from hostile import feed, overlapping, workbook_with, zip_of, zip_with

from famgeo.errors import SourceError
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.sheets import read_sheet

MOST_BYTES = 250_000_000


def refused(tmp_path, data, read, name):
    """Return why a file is refused; nothing else is written and memory stays small."""
    path = tmp_path / name
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError) as told:
            read(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    assert "\n" not in str(told.value)
    return str(told.value)


def timetable(tmp_path, data):
    return refused(tmp_path, data, lambda p: read_timetable(p, feed_id="f"), "feed.zip")


def table(tmp_path, data):
    return refused(tmp_path, data, read_sheet, "roster.xlsx")


@pytest.mark.parametrize(
    "name",
    [
        *("../stops.txt", "a/../../stops.txt", "/stops.txt", "/etc/cron.d/x", "..\\stops.txt"),
        *("\\windows\\x.txt", "sub/..", "..", "a\\..\\..\\b"),
    ],
)
def test_a_name_that_leaves_the_zip_is_refused(tmp_path, name):
    assert "points outside the zip" in timetable(tmp_path, feed(**{name: "x"}))


@pytest.mark.parametrize("target", ["/etc/passwd", "../vault.db", "stops.txt"])
def test_a_link_is_refused(tmp_path, target):
    def linked(entries):
        entries[-1].external_attr = 0o120777 << 16

    assert "points outside the zip" in timetable(
        tmp_path, zip_with(linked, **{"shapes.txt": target})
    )


def test_200_mb_in_204_kb_are_not_unpacked(tmp_path):
    data = feed(**{"shapes.txt": bytes(200_000_000)})
    assert len(data) < 204_000
    assert "more than 100 times its size" in timetable(tmp_path, data)


def test_files_that_share_their_bytes_count_together(tmp_path):
    data = overlapping(40)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    assert all(p.file_size <= 100 * p.compress_size for p in parts)
    assert sum(p.file_size for p in parts) > 2000 * len(data)
    assert "more than 100 times its size" in timetable(tmp_path, data)
    assert "it was not opened" in table(tmp_path, overlapping(40, last="xl/workbook.xml"))


def test_a_file_may_not_hold_more_than_it_promised(tmp_path):
    def smaller(entries):
        entries[-1].file_size = 10

    assert "damaged" in timetable(tmp_path, zip_with(smaller, **{"stops.txt": "stop_id\n" * 999}))


@pytest.mark.parametrize("locked", ["stops.txt", "stop_times.txt"])
def test_a_locked_file_is_told_as_such(tmp_path, locked):
    data = bytearray(feed())
    for mark, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            if data.find(locked.encode(), at, at + 80) >= 0:
                data[at + flags_at] |= 1
            at = data.find(mark, at + 4)
    assert "locked with a password" in timetable(tmp_path, bytes(data))


def test_a_zip_in_a_zip_stays_closed(tmp_path):
    inner = feed(**{"shapes.txt": bytes(2_000_000)})
    assert "holds no GTFS timetable" in timetable(tmp_path, zip_of({"feed.zip": inner}))
    path = tmp_path / "outer.zip"
    path.write_bytes(feed(**{"feed.zip": inner}))
    assert len(read_timetable(path, feed_id="f").table.trips) == 1


def test_two_files_of_one_name_are_refused(tmp_path):
    def twice(entries):
        entries[-1].filename = "stops.txt"

    assert "the same name" in timetable(tmp_path, zip_with(twice, **{"other.txt": "stop_id\nX\n"}))


def test_a_list_of_a_million_names_is_not_read(tmp_path):
    end = feed()
    at = end.rfind(b"PK\x05\x06")
    entry = b"PK\x01\x02" + bytes(42)
    names = entry * 1_000_000
    closing = end[at : at + 12] + len(names).to_bytes(4, "little") + bytes(6)
    assert "damaged" in timetable(tmp_path, names + closing)
    assert "damaged" in table(tmp_path, b"PK\x03\x04" + names + closing)


def test_too_many_files_are_refused(tmp_path):
    assert "56 files, more than 50" in timetable(
        tmp_path, feed(**{f"{i}.txt": "" for i in range(50)})
    )


def test_a_cell_far_to_the_right_does_not_make_a_wide_table(tmp_path):
    rows = "".join(f'<row r="{i}"><c r="XFD{i}"><v>{i}</v></c></row>' for i in range(1, 9000))
    data = workbook_with(
        "xl/worksheets/sheet1.xml", lambda xml: xml.replace("<sheetData>", f"<sheetData>{rows}")
    )
    assert len(data) < 100_000
    assert "more cells than a table needs" in table(tmp_path, data)
