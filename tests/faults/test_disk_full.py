"""The disk is full while families, plans, files, artifacts or an erasure are being written.

Promise: what was there stays as it was, to the last row; one plain sentence says that the disk is
full; everything can still be read, also by a program that starts now; and once there is space
again, the same step succeeds. Tried on a disk of a few megabytes, which only the superuser may
make; what SQLite itself says of a full disk is tried everywhere.
"""

import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from test_studies import asset_table, release, school_table
from test_vault import pairs_in, student_table

from famgeo.errors import StudyError
from famgeo.store.artifacts import load_or_make
from famgeo.store.studies import integrity_fault, new_study, open_study_store
from famgeo.store.vault import open_vault

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
DISK = "4m"
FEW = student_table([("1", "A"), ("2", "B")])
MANY = student_table([(str(n), f"H{n}") for n in range(5000)])


@pytest.fixture
def small_disk(tmp_path):
    """Give a folder on a disk of its own, of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "famgeo-test", str(folder)]
    tried = shutil.which("mount") and subprocess.run(command, check=False, capture_output=True)
    if not tried or tried.returncode:
        pytest.skip("a small disk cannot be made here: that takes the superuser's rights")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def study(small_disk):
    """Give a study with something of everything in it, as the store and the vault see it."""
    store = new_study(small_disk / "riverbend", name="Riverbend", timezone="America/Chicago")
    store.save_assets(asset_table(5), utc=NOW)
    store.save_release(release("old"), utc=NOW)
    store.add_file("transit", feed(small_disk.parent, 1000), feed_id="bus")
    vault = open_vault(store.folder)
    vault.add_students(FEW, "fall")
    vault.save_trips({"homes": 1}, {"minutes": np.zeros(10)})
    yield store, vault
    for database in (store.database, vault.database):
        database.engine.dispose()


def feed(folder, n_bytes):
    path = folder / "feed.zip"
    path.write_bytes(np.random.default_rng(n_bytes).bytes(n_bytes))
    return path


@contextmanager
def full(folder):
    """Fill the disk to the last byte, and free it again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    yield
    filler.unlink()


def add_families(_store, vault):
    vault.add_students(MANY, "spring")


def erase_a_family(_store, vault):
    vault.forget(household_ids=["A"], now=NOW)


def keep_travel_times(_store, vault):
    vault.save_trips({"homes": 2}, {"minutes": np.zeros(200_000)})


def save_places(store, _vault):
    store.save_assets(asset_table(2000), utc=NOW)


def save_a_release(store, _vault):
    store.save_release(release("new" * 10_000), utc=NOW)


def add_a_timetable(store, _vault):
    store.add_file("transit", feed(store.folder.parent.parent, 500_000), feed_id="bus")


STEPS = (
    add_families,
    erase_a_family,
    keep_travel_times,
    save_places,
    save_a_release,
    add_a_timetable,
)


def all_there(store, vault):
    """Return all that the study holds and that cannot be made again, to be compared."""
    [file] = store.files("transit")
    parts = sorted(path.name for path in store.folder.rglob("*.part"))
    held = (pairs_in(vault), store.assets()["asset_id"].tolist(), store.latest_release().release_id)
    return *held, file.path.read_bytes(), parts


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_on_a_full_disk_nothing_changes_and_all_can_be_read(small_disk, study, step):
    before = all_there(*study)
    with full(small_disk):
        with pytest.raises(StudyError, match=r"is full\.|No space left") as told:
            step(*study)
        assert str(told.value).count("\n") == 0
        assert all_there(*study) == before
        for database in (study[0].database, study[1].database):
            database.engine.dispose()
        started = open_study_store(study[0].folder), open_vault(study[0].folder)
        assert all_there(*started) == before
        assert integrity_fault(started[0]) is None
    step(*started)
    again = open_study_store(study[0].folder), open_vault(study[0].folder)
    changed = step is keep_travel_times or all_there(*again) != before
    assert changed
    assert again[1].load_trips({"homes": 2}) is not None or step is not keep_travel_times


def test_what_can_be_made_again_is_made_without_being_kept(small_disk, study):
    made = {"minutes": np.arange(100_000)}
    with full(small_disk):
        found = load_or_make(study[0].folder, "minutes", {"a": 1}, lambda: made)
        assert found is made
        assert not list(study[0].folder.rglob("*.part"))
    load_or_make(study[0].folder, "minutes", {"a": 1}, lambda: made)
    kept = load_or_make(study[0].folder, "minutes", {"a": 1}, dict)
    np.testing.assert_array_equal(kept["minutes"], made["minutes"])


@pytest.mark.parametrize("where", ["study", "vault"])
def test_a_database_that_may_not_grow_says_that_the_disk_is_full(tmp_path, where):
    store = new_study(tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago")
    vault = open_vault(store.folder)
    store.save_schools(school_table())
    vault.add_students(FEW, "fall")
    database = store.database if where == "study" else vault.database
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    step = save_places if where == "study" else add_families
    with pytest.raises(StudyError, match=r"is full\. Nothing was changed; free some space"):
        step(store, vault)
    assert store.assets().empty
    assert pairs_in(vault) == [("1", "A"), ("2", "B")]


def test_a_study_that_cannot_be_made_for_want_of_space_says_so(small_disk):
    with full(small_disk), pytest.raises(StudyError, match=r"is full\.|No space left"):
        new_study(small_disk / "riverbend", name="Riverbend", timezone="America/Chicago")
    made = new_study(small_disk / "riverbend", name="Riverbend", timezone="America/Chicago")
    assert made.assets().empty


def test_the_disk_is_small(small_disk):
    assert shutil.disk_usage(Path(small_disk)).total == 4 << 20
