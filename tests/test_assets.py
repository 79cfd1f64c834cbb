"""The community directory: what is not stated stays unknown, and every doubt is noted by row."""

import numpy as np
import pytest

from famgeo.sources.assets import KINDS, read_assets
from famgeo.tables import ASSET_KINDS

PLACE = "A1,Hall,-84.5,39.0"


def assets(folder, *rows, more="", name="assets.csv"):
    path = folder / name
    header = "asset_id,name,lon,lat" + (f",{more}" if more else "")
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_assets(path)


def test_what_is_not_stated_is_unknown(tmp_path):
    read = assets(tmp_path, PLACE)
    (asset,) = read.table.drop(columns="geometry").to_dict("records")
    assert [asset[c] for c in ("hosts", "wheelchair", "child_care")] == ["unknown"] * 3
    assert np.isnan([asset["capacity"], asset["cost_usd"]]).all()
    assert (asset["kind"], asset["source"], asset["verified_on"]) == ("other", "assets.csv", "")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Church", "place_of_worship"), ("faith_site", "place_of_worship"), ("Library", "library"),
        ("community center", "community_centre"), ("Food Bank", "food_pantry"),
        ("partner_hall", "hall"), ("volcano", "other"),
    ],
)  # fmt: skip
def test_kinds_are_read_by_their_synonyms_and_an_unknown_one_is_noted(tmp_path, written, kind):
    read = assets(tmp_path, f"{PLACE},{written}", more="type")
    assert read.table["kind"].tolist() == [kind]
    assert ("kind is none of the known kinds" in str(read.report)) == (written == "volcano")


def test_every_kind_has_its_words_and_no_word_means_two_kinds():
    assert tuple(KINDS) == ASSET_KINDS
    words = [word for others in KINDS.values() for word in others]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("written", "hours", "noted"),
    [
        ("Mo-Fr 10:00-20:00", "Mo-Fr 10:00-20:00", False),
        ("24/7", "24/7", False),
        ("", "", False),
        ("9 to 5", "", True),
        ("Mo" * 400, "", True),
    ],
)
def test_opening_hours_that_cannot_be_read_are_left_out_and_noted(tmp_path, written, hours, noted):
    read = assets(tmp_path, f"{PLACE},{written}", more="opening_hours")
    assert read.table["opening_hours"].tolist() == [hours]
    assert ("opening_hours is not written like" in str(read.report)) == noted
    assert ("in row 2." in str(read.report)) == noted


@pytest.mark.parametrize(
    ("written", "usd"),
    [
        ("120", 120.0), ('"$1,200"', 1200.0), ("Free", 0.0), ("12.50", 12.5), ("", None),
        ("-5", None), ("ask", None), ('"1,2"', None), ("1e999", None),
    ],
)  # fmt: skip
def test_amounts_are_read_and_an_unreadable_one_is_not_known(tmp_path, written, usd):
    read = assets(tmp_path, f"{PLACE},{written}", more="cost")
    got = read.table["cost_usd"].tolist()[0]
    assert got == usd or (usd is None and np.isnan(got))
    assert ("cost_usd is no amount" in str(read.report)) == (usd is None and written != "")


def test_languages_and_dates_are_read(tmp_path):
    read = assets(tmp_path, f'{PLACE},"English, Spanish;sw",11/4/2019', more="languages,verified")
    assert read.table["languages"].tolist() == ["en;es;sw"]
    assert read.table["verified_on"].tolist() == ["2019-11-04"]


def test_assets_with_the_same_id_are_all_set_aside(tmp_path):
    read = assets(tmp_path, PLACE, "A2,Park,-84.5,39.0", PLACE)
    assert read.table["asset_id"].tolist() == ["A2"]
    assert [r.row for r in read.report.refused] == [2, 4]
    assert "rows 2 and 4" in read.report.refused[0].why


def test_a_latitude_of_100_is_refused_and_the_rest_is_read(tmp_path):
    read = assets(tmp_path, PLACE, "A2,Park,-184.5,100")
    assert len(read.table) == 1
    assert "lat is outside −90 to 90" in read.report.refused[0].why


def test_a_name_is_kept_as_text_whatever_it_holds(tmp_path):
    read = assets(tmp_path, "A1,${alert(1)}<b>,-84.5,39.0")
    assert read.table["name"].tolist() == ["${alert(1)}<b>"]


def test_the_real_assets_are_read_whole(cities):
    read = read_assets(cities / "nky/assets.csv")
    assert len(read.table) == 80
    assert not read.report.refused
    assert len(read.report.notes) == 1
    assert read.table["hosts"].value_counts().to_dict() == {"yes": 60, "unknown": 12, "no": 8}
