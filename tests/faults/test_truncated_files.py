"""A file arrives cut off, or is still being written while it is added.

Promise: it is refused in one sentence, the file that was there stays the one in use, and nothing
half-written is left behind. A file is copied beside, checked by its hash, and only then takes the
place of the old one. A CSV that ends in the middle cannot be told from a shorter one; its last
row is refused when cells are missing, and how many rows left the study is said.
"""

import openpyxl
import pytest
from feeds import write_feed
from test_study import NOW, RIVERBEND

from famgeo.errors import FamgeoError, StudyError
from famgeo.store import files as kept
from famgeo.study.study import create_study

SHARES = (0.02, 0.5, 0.9, 0.999)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = create_study(
        tmp_path_factory.mktemp("cut") / "riverbend", name="Riverbend", timezone="America/Chicago"
    )
    study.add_streets(RIVERBEND / "streets.osm.pbf", now=NOW)
    study.add_transit(RIVERBEND / "gtfs.zip", now=NOW)
    study.add_schools(RIVERBEND / "schools.csv", now=NOW)
    return study


def workbook(folder):
    """Write the schools of the sample district as a workbook."""
    book = openpyxl.Workbook()
    for line in (RIVERBEND / "schools.csv").read_text(encoding="utf-8").splitlines():
        book.active.append(line.split(","))
    path = folder / "schools.xlsx"
    book.save(path)
    return path.read_bytes()


def held(study):
    """Return what is in use, and every file that lies in the study's folder."""
    used = [f.path.read_bytes() for kind in ("streets", "transit") for f in study.store.files(kind)]
    names = sorted(path.name for path in (study.folder / "files").iterdir())
    return used, names, study.schools()["school_id"].tolist()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", ["streets.osm.pbf", "gtfs.zip", "schools.xlsx"])
def test_a_file_that_was_cut_off_is_refused_and_the_old_one_stays(study, tmp_path, name, share):
    add = {
        "streets.osm.pbf": study.add_streets,
        "gtfs.zip": study.add_transit,
        "schools.xlsx": study.add_schools,
    }[name]
    whole = workbook(tmp_path) if name == "schools.xlsx" else (RIVERBEND / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(whole[: int(len(whole) * share)])
    before = held(study)
    with pytest.raises(FamgeoError) as told:
        add(cut, now=NOW)
    assert name in str(told.value)
    assert "\n" not in str(told.value)
    assert held(study) == before


def test_a_csv_that_ends_in_a_row_says_which_and_how_many_left(study, tmp_path):
    text = (RIVERBEND / "schools.csv").read_text(encoding="utf-8")
    rows = text.splitlines()
    cut = tmp_path / "schools.csv"
    cut.write_text("\n".join(rows[:3]) + "\n" + rows[3][:6], encoding="utf-8")
    report = study.add_schools(cut, now=NOW)
    assert [refusal.row for refusal in report.refused] == [4]
    assert any("left" in note for note in report.notes)
    study.add_schools(RIVERBEND / "schools.csv", now=NOW)


def test_a_file_that_changes_while_it_is_copied_is_refused_and_the_old_one_stays(
    study, tmp_path, monkeypatch
):
    path = write_feed(tmp_path / "gtfs.zip", {})
    copy = kept.copy_whole

    def copy_while_it_grows(source, target):
        with source.open("ab") as file:
            file.write(b"more")
        copy(source, target)

    monkeypatch.setattr(kept, "copy_whole", copy_while_it_grows)
    before = held(study)
    with pytest.raises(StudyError, match="changed while it was copied"):
        study.store.add_file("transit", path, feed_id="gtfs")
    assert held(study) == before
