"""The same file is added a second time: by mistake, by two people, after a doubt.

Promise: no new row, no second copy, and what the study holds is the same to the last byte. What
was added is known again by its content, not by its name.
"""

import shutil

import pytest
from test_study import NOW, RIVERBEND, filled

from famgeo.store.vault import open_vault


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("twice") / "riverbend")


def held(study):
    """Return all that the study holds, to be compared."""
    tables = (study.schools(), study.assets(), open_vault(study.folder).students())
    files = {path.name: path.read_bytes() for path in (study.folder / "files").iterdir()}
    return [table.to_wkb().to_csv() for table in tables], files


ADD = {
    "schools.csv": lambda study, path: study.add_schools(path, now=NOW),
    "assets.csv": lambda study, path: study.add_assets(path, now=NOW),
    "streets.osm.pbf": lambda study, path: study.add_streets(path, now=NOW),
    "gtfs.zip": lambda study, path: study.add_transit(path, now=NOW),
    "roster.csv": lambda study, path: study.add_roster(open_vault(study.folder), path, now=NOW),
}


@pytest.mark.parametrize("name", ADD)
def test_a_file_twice_is_no_new_row_and_no_second_copy(study, name):
    before = held(study)
    ADD[name](study, RIVERBEND / name)
    assert held(study) == before


def test_a_roster_under_another_name_is_known_by_its_content(study, tmp_path):
    copy = tmp_path / "families of spring.csv"
    shutil.copy(RIVERBEND / "roster.csv", copy)
    before = held(study)
    report = ADD["roster.csv"](study, copy)
    assert any("were here already" in note for note in report.notes)
    assert held(study) == before
