"""A name that is a path.

The weakness: studies, plans and timetables are named by people or by file names, and names become
files. An attacker calls a plan "../../.ssh/authorized_keys", or puts a link in the place of a file
that will be written or read. What closes it: a study and a plan are named by up to 64 letters,
digits, - and _; what becomes part of a stored file's name loses every other sign; files are written
beside and renamed into place, so a link there is replaced and never followed; and a stored file
that is a link, or lies outside the study, is not read.
"""

from pathlib import Path

import pytest
from feeds import FEED, write_feed
from released import draw_release
from sqlalchemy import text

from famgeo.domain import StudySettings
from famgeo.errors import FamgeoError, ReleaseError, StudyError
from famgeo.outputs import EXPORTERS
from famgeo.outputs.exports import export_path, write_whole
from famgeo.store.artifacts import artifact, load_arrays
from famgeo.store.studies import new_study, open_study_store
from famgeo.store.whole_files import copy_whole
from famgeo.study.planning import plan_name

NAMES = (
    *("..", ".", "", " ", "a/b", "a\\b", "../a", "..\\a", "/etc/passwd", "~", "~root", "a/../../b"),
    *("C:\\a", "C:a", "a\0b", "a\nb", "a b", "a.b", "a:b", "$HOME", "`id`", "a;b", "a|b", "*", "?"),
    *("x" * 65, "x" * 5000, "\u202ea", "a\u2215b", "a\uff0fb", "%2e%2e", "-\n", "\ud800"),
)


def everything_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


ONE_PART = [n for n in NAMES if n and "/" not in n and n not in {".", "\ud800"}]
"""A folder may be given by its path; what counts is the path's last part."""


@pytest.mark.parametrize("name", ONE_PART)
def test_a_study_s_folder_has_a_plain_name(tmp_path, name):
    inside = tmp_path / "studies"
    inside.mkdir()
    with pytest.raises(StudyError, match="cannot be called"):
        new_study(inside / name, name="a", timezone="UTC")
    assert everything_in(tmp_path) == ["studies"]


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_has_a_plain_name(tmp_path, name):
    with pytest.raises(FamgeoError):
        plan_name(name)
    with pytest.raises(ReleaseError):
        export_path(tmp_path, name, "sites.csv", audience="district")


@pytest.mark.parametrize("audience", ["../x", "/x", "", "district/.."])
def test_an_audience_is_one_of_two_words(tmp_path, audience):
    with pytest.raises(ReleaseError):
        export_path(tmp_path, "autumn", "sites.csv", audience=audience)


@pytest.mark.parametrize("name", [n for n in ONE_PART if "\0" not in n and len(n) < 200])
def test_a_timetable_s_file_name_stays_in_the_folder_of_files(tmp_path, name):
    store = new_study(tmp_path / "study", name="a", timezone="UTC")
    source = write_feed(tmp_path / f"{name}.zip", {})
    kept = store.add_file("transit", source, feed_id=source.stem).path
    assert kept.resolve().parent == (store.folder / "files").resolve()
    assert set(kept.name) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )


@pytest.mark.parametrize("write", EXPORTERS.values(), ids=EXPORTERS)
def test_an_export_stays_in_its_folder_whatever_the_places_are_called(tmp_path, write):
    names = ("../../a", "/etc/passwd")
    release = draw_release(names=names)
    release.plans[0].sites["site_id"] = list(names)
    written = write(release, "autumn", tmp_path / "a" / ".." / "out")
    assert {p.resolve().parent for p in written} == {(tmp_path / "out").resolve()}


def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_text("kept")
    return path


@pytest.mark.parametrize("write", EXPORTERS.values(), ids=EXPORTERS)
def test_an_export_replaces_a_link_and_does_not_write_through_it(tmp_path, write):
    kept, folder = victim(tmp_path), tmp_path / "out"
    first = write(draw_release(), "autumn", folder)
    for path in first:
        path.unlink()
        path.symlink_to(kept)
    for path in write(draw_release(), "autumn", folder):
        assert not path.is_symlink()
        assert path.stat().st_size > 0
    assert kept.read_text() == "kept"


def test_a_write_and_a_copy_replace_a_link(tmp_path):
    kept, link, source = victim(tmp_path), tmp_path / "link", tmp_path / "source"
    source.write_bytes(b"new")
    for put in (lambda: write_whole(link, b"new"), lambda: copy_whole(source, link)):
        link.unlink(missing_ok=True)
        link.symlink_to(kept)
        put()
        assert (link.is_symlink(), link.read_bytes(), kept.read_text()) == (False, b"new", "kept")


@pytest.fixture
def store(tmp_path):
    made = new_study(tmp_path / "study", name="a", timezone="UTC")
    made.add_file("transit", write_feed(tmp_path / "bus.zip", dict(FEED)), feed_id="bus")
    (made.folder / "vault.db").write_bytes(b"homes")
    return made


@pytest.mark.parametrize("target", ["vault.db", "/etc/passwd", "famgeo.toml"])
def test_a_stored_file_that_became_a_link_is_not_read(store, target):
    kept = store.files("transit")[0].path
    kept.unlink()
    kept.symlink_to(Path("..") / target)
    with pytest.raises(StudyError, match="is a link"):
        open_study_store(store.folder).files("transit")


@pytest.mark.parametrize("name", ["../vault.db", "/etc/passwd", "..", "a/../../vault.db"])
def test_a_stored_file_s_name_in_the_database_does_not_lead_out(store, name):
    with store.database.writing() as connection:
        connection.execute(text("UPDATE files SET stored_as = :name"), {"name": name})
    with pytest.raises(StudyError, match="outside"):
        open_study_store(store.folder).files("transit")


def test_a_link_in_the_place_of_an_artifact_is_taken_away(store):
    path = artifact(store.folder, "basemap", {"streets": "x"}, ending=".pmtiles")
    path.parent.mkdir()
    path.symlink_to("../vault.db")
    assert not artifact(store.folder, "basemap", {"streets": "x"}, ending=".pmtiles").exists()
    arrays = path.with_suffix(".npz")
    arrays.symlink_to("../vault.db")
    assert load_arrays(arrays) is None
    assert (store.folder / "vault.db").read_bytes() == b"homes"


def test_settings_do_not_lead_anywhere():
    """No setting is a path: there is nothing in famgeo.toml to point elsewhere with."""
    assert {f for f, kind in StudySettings.__annotations__.items() if kind is Path} == set()
