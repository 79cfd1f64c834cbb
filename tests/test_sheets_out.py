"""CSV of a release: what a spreadsheet opens, runs nothing of, and may know."""

import csv
import io

import pytest
from released import PAYLOADS, SECRET, draw_release

from famgeo.outputs.sheets import write_csv


def rows(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_district_gets_sites_a_summary_and_what_they_mean(tmp_path):
    written = write_csv(draw_release(), "autumn", tmp_path / "new" / "folder")
    assert [p.name for p in written] == [
        "autumn-sites.csv",
        "autumn-summary.csv",
        "autumn-about.txt",
    ]
    sites = rows(written[0])
    assert list(sites[0]) == [
        *("site_id", "name", "kind", "capacity", "wheelchair", "child_care", "languages"),
        *("opening_hours", "cost_usd", "meetings", "families", "lon", "lat"),
    ]
    assert [s["families"] for s in sites] == ["120", "fewer than 10"]
    assert [s["capacity"] for s in sites] == ["80", ""]
    assert sites[0]["meetings"] == "2020-02-05T18:00/20:00; 2020-02-06T18:00/20:00"
    assert (float(sites[0]["lon"]), float(sites[0]["lat"])) == (-84.5, 39)


def test_the_summary_is_the_headline_as_released(tmp_path):
    told = {r["what"]: r["value"] for r in rows(write_csv(draw_release(), "autumn", tmp_path)[1])}
    assert told["families"] == "125"
    assert told["families with no option at their own school"] == "45"
    assert told["families with no option in this plan"] == "fewer than 10"
    assert told["how good the choice of sites is"] == "proven best"
    reason = "families with no option at school who "
    assert told[f"{reason}have no trip home after the end"] == "35"
    assert told[f"{reason}would travel too long to get home"] == "fewer than 10"


def test_a_partner_gets_places_and_no_count_of_families(tmp_path):
    written = write_csv(draw_release(), "autumn", tmp_path, audience="partner")
    assert [p.name for p in written] == [
        "autumn-for-partners-sites.csv",
        "autumn-for-partners-about.txt",
    ]
    for path in written:
        text = path.read_text(encoding="utf-8-sig")
        assert "families" not in text.lower()
        assert "120" not in text
        assert "cost" not in text


@pytest.mark.parametrize("audience", ["district", "partner"])
def test_a_column_that_is_not_allowed_stays_behind(tmp_path, audience):
    for path in write_csv(draw_release(), "autumn", tmp_path, audience=audience):
        assert SECRET.encode() not in path.read_bytes()


def test_no_text_runs_as_a_formula_and_none_is_lost(tmp_path):
    release = draw_release(names=PAYLOADS, reached=[50] * len(PAYLOADS))
    names = [row["name"] for row in rows(write_csv(release, "autumn", tmp_path)[0])]
    assert all(name.lstrip().startswith("'") for name in names[:-1])
    assert [name.replace("'", "", 1) for name in names[:-1]] + names[-1:] == PAYLOADS


def test_spreadsheets_find_utf_8_and_their_own_line_ends(tmp_path):
    path = write_csv(draw_release(names=("Café", "Škola")), "autumn", tmp_path)[0]
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert [r["name"] for r in rows(path)] == ["Café", "Škola"]


@pytest.mark.parametrize("audience", ["district", "partner"])
def test_every_folder_of_files_says_whose_map_it_is(tmp_path, audience):
    about = write_csv(draw_release(), "autumn", tmp_path, audience=audience)[-1]
    assert "© OpenStreetMap contributors, ODbL" in about.read_text(encoding="utf-8")


def test_a_plan_without_sites_is_an_empty_table(tmp_path):
    release = draw_release(names=(), reached=())
    assert rows(write_csv(release, "autumn", tmp_path)[0]) == []


def test_files_written_again_take_the_place_of_the_old(tmp_path):
    write_csv(draw_release(), "autumn", tmp_path)
    path = write_csv(draw_release(names=("New", "Newer")), "autumn", tmp_path)[0]
    assert [r["name"] for r in rows(path)] == ["New", "Newer"]
    assert not list(tmp_path.glob(".*"))


def test_a_count_is_a_plain_number_and_words_only_where_it_is_hidden(tmp_path):
    release = draw_release(reached=(3520, None), no_option_at_school=1045)
    sites, summary, _ = write_csv(release, "autumn", tmp_path)
    assert [row["families"] for row in rows(sites)] == ["3520", "fewer than 10"]
    told = {row["what"]: row["value"] for row in rows(summary)}
    assert told["families with no option at their own school"] == "1045"
    assert told["families with no option in this plan"] == "fewer than 10"
