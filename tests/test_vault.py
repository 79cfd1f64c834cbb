"""The vault: owner only, the same file twice adds nothing, and no fault names a home."""

import os
import stat
import tomllib
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.errors import StudyError, TableError
from famgeo.store import vault as vault_module
from famgeo.store.vault import open_vault
from famgeo.tables import BARRIERS, STUDENTS, Vault, as_points
from famgeo.ui.no_homes import VAULT_CODE, VAULT_FILES

HOME = (-84.5123456789, 39.0123456789)
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path):
    return open_vault(tmp_path)


def student_table(pairs, language="en"):
    """Draw STUDENTS from (student, household) pairs; a home's place follows from its name."""
    table = pd.DataFrame(
        {
            name: "unknown" if name in {"interpreter", "wheelchair", "has_car", "internet"} else ""
            for name in STUDENTS.columns
            if name != "geometry"
        },
        index=range(len(pairs)),
    ).assign(school_id="S1", home_language=language, protected=False)
    table["student_id"] = [student for student, _ in pairs]
    table["household_id"] = [home for _, home in pairs]
    table = table.astype(dict.fromkeys(("student_id", "household_id"), str))
    number = np.array([sum(map(ord, home)) for _, home in pairs], dtype=float)
    return as_points(table, HOME[0] + number / 7e5, HOME[1] + number / 9e5)


def barrier_table(meeting_id, n=3, reason=""):
    table = pd.DataFrame(
        {
            "household_id": [f"H{number}" for number in range(n)],
            "site_id": "S1",
            "meeting_id": meeting_id,
            "there_min": np.linspace(0, 60, n),
            "home_min": np.nan,
            "margin_min": np.inf,
            "best_mode": "walk",
            "reason": reason,
        }
    )
    return table.astype(dict.fromkeys(("household_id", "site_id", "meeting_id"), str))


def pairs_in(vault):
    stored = vault.students()
    return list(zip(stored["student_id"], stored["household_id"], strict=True))


def test_a_new_vault_is_empty(vault):
    keeper: Vault = vault
    assert keeper.students().empty
    assert keeper.barriers("no meeting").empty
    assert list(keeper.barriers("no meeting").columns) == list(BARRIERS.columns)
    assert keeper.load_trips({"homes": 1}) is None


def test_students_come_back_to_the_last_bit(vault, tmp_path):
    table = student_table([("1", "A"), ("1", "B"), ("2", "A")])
    assert vault.add_students(table, "hash") == 3
    stored = open_vault(tmp_path).students()
    pd.testing.assert_frame_equal(
        stored.drop(columns="geometry"), table[list(STUDENTS.columns)].drop(columns="geometry")
    )
    assert stored.geometry.equals(table.geometry)


def test_the_same_file_twice_adds_and_changes_nothing(vault):
    vault.add_students(student_table([("1", "A")]), "first")
    vault.add_students(student_table([("1", "B")]), "second")
    assert vault.add_students(student_table([("1", "A")]), "first") == 0
    assert pairs_in(vault) == [("1", "B")]


def test_a_file_is_the_whole_truth_about_the_students_it_names(vault):
    vault.add_students(student_table([("1", "A"), ("1", "B"), ("2", "A")]), "fall")
    added = vault.add_students(student_table([("1", "B"), ("3", "C")], language="es"), "spring")
    assert added == 1
    assert pairs_in(vault) == [("1", "B"), ("2", "A"), ("3", "C")]
    assert vault.students()["home_language"].tolist() == ["es", "en", "es"]


def test_a_whole_enrolment_lets_those_leave_who_are_not_in_it(vault):
    vault.add_students(student_table([("1", "A"), ("2", "A")]), "fall")
    spring = student_table([("2", "A"), ("3", "C")])
    assert vault.replace_students(spring, "spring", now=NOW) == 1
    assert pairs_in(vault) == [("2", "A"), ("3", "C")]
    assert vault.replace_students(student_table([("9", "Z")]), "spring", now=NOW) == 0


def test_an_empty_roster_is_no_whole_enrolment(vault):
    vault.add_students(student_table([("1", "A")]), "fall")
    with pytest.raises(TableError, match="Nothing was changed"):
        vault.replace_students(student_table([]), "nothing", now=NOW)
    assert pairs_in(vault) == [("1", "A")]


def test_a_mistaken_whole_roster_can_be_undone(vault):
    fall = student_table([("1", "A"), ("2", "A"), ("3", "B")], language="es")
    vault.add_students(fall, "fall")
    vault.replace_students(student_table([("3", "B")]), "one school", now=NOW)
    vault.replace_students(student_table([("4", "D")]), "another", now=NOW + timedelta(days=1))
    assert vault.bring_back() == 1
    assert pairs_in(vault) == [("3", "B"), ("4", "D")]
    assert vault.bring_back() == 2
    assert pairs_in(vault) == [("1", "A"), ("2", "A"), ("3", "B"), ("4", "D")]
    assert vault.bring_back() == 0
    assert vault.students()["home_language"].tolist() == ["es", "es", "en", "en"]
    assert vault.replace_students(student_table([("4", "D")]), "another", now=NOW) == 0
    assert pairs_in(vault) == [("4", "D")]


def test_who_comes_back_by_a_roster_is_not_set_apart_any_more(vault):
    vault.add_students(student_table([("1", "A"), ("2", "A")]), "fall")
    vault.replace_students(student_table([("2", "A")]), "spring", now=NOW)
    assert vault.add_students(student_table([("1", "B")]), "one more") == 1
    assert vault.bring_back() == 0
    assert pairs_in(vault) == [("1", "B"), ("2", "A")]


PAIRS = st.sets(st.tuples(st.sampled_from("12345"), st.sampled_from("ABC")), max_size=8)


@settings(max_examples=15)
@given(st.lists(PAIRS, max_size=4))
def test_after_any_files_each_student_is_as_its_last_file_says(tmp_path_factory, files):
    vault = open_vault(tmp_path_factory.mktemp("vault"))
    expected = {}
    for number, pairs in enumerate(files):
        before = set(pairs_in(vault))
        assert vault.add_students(student_table(sorted(pairs)), str(number)) == len(pairs - before)
        named = {student for student, _ in pairs}
        expected |= {student: {home for s, home in pairs if s == student} for student in named}
    vault.database.engine.dispose()
    assert set(pairs_in(vault)) == {(s, home) for s, homes in expected.items() for home in homes}


def test_the_key_is_made_once_at_random(vault, tmp_path):
    (tmp_path / "other").mkdir()
    assert len(vault.secret()) == 32
    assert open_vault(tmp_path).secret() == vault.secret()
    assert open_vault(tmp_path / "other").secret() != vault.secret()


def families(n):
    return student_table([(str(number), f"H{number}") for number in range(n)])


def test_barriers_replace_those_of_their_own_meetings_only(vault):
    vault.add_students(families(5), "fall")
    vault.save_barriers(pd.concat([barrier_table("mon"), barrier_table("wed", 5)]))
    vault.save_barriers(barrier_table("mon", 4, "no_trip_home"))
    pd.testing.assert_frame_equal(vault.barriers("mon"), barrier_table("mon", 4, "no_trip_home"))
    pd.testing.assert_frame_equal(vault.barriers("wed"), barrier_table("wed", 5))
    vault.save_barriers(barrier_table("wed", 0))
    assert len(vault.barriers("wed")) == 5


def test_travel_times_are_kept_under_all_they_depend_on(vault):
    arrays = {"there/walk/minutes": np.array([[1.5, np.nan]], np.float32)}
    vault.save_trips({"homes": np.array([1.0]), "limits": "a"}, arrays)
    stored = vault.load_trips({"homes": np.array([1.0]), "limits": "a"})
    np.testing.assert_array_equal(stored["there/walk/minutes"], arrays["there/walk/minutes"])
    assert stored["there/walk/minutes"].dtype == np.float32
    assert vault.load_trips({"homes": np.array([2.0]), "limits": "a"}) is None


def test_the_oldest_travel_times_make_room_for_the_newest(vault, monkeypatch):
    monkeypatch.setattr(vault_module, "TRIPS_BYTES", 3000)
    keys = [{"meeting": number} for number in range(5)]
    for made_ns, key in enumerate(keys):
        vault.save_trips(key, {"minutes": np.zeros(100)})
        os.utime(vault._trips(key), ns=(made_ns, made_ns))
    kept = [vault.load_trips(key) is not None for key in keys]
    assert kept == [False, False, False, True, True]


CHANGES = {
    "add": lambda vault: vault.add_students(student_table([("2", "B")]), "spring"),
    "replace": lambda vault: vault.replace_students(families(1), "spring", now=NOW),
    "forget": lambda vault: vault.forget(household_ids=["H0"], now=NOW),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_derived_from_homes_does_not_outlive_a_change_of_them(vault, change):
    vault.add_students(families(3), "fall")
    vault.save_trips({"homes": 1}, {"minutes": np.zeros(1)})
    (vault.folder / "private" / ".trips.part").write_text("left by a killed writer")
    vault.save_barriers(barrier_table("mon"))
    vault.add_students(families(3), "fall")
    assert vault.load_trips({"homes": 1}) is not None
    CHANGES[change](vault)
    assert vault.load_trips({"homes": 1}) is None
    assert vault.barriers("mon").empty
    assert list((vault.folder / "private").iterdir()) == []


def test_what_was_worked_out_for_families_who_left_meanwhile_is_not_kept(vault):
    vault.add_students(families(3), "fall")
    vault.forget(household_ids=["H1"], now=NOW)
    vault.save_trips({"homes": 1}, {"minutes": np.zeros(3)})
    with pytest.raises(StudyError, match="The families changed"):
        vault.save_barriers(barrier_table("mon"))
    assert vault.barriers("mon").empty
    assert vault.load_trips({"homes": 1}) is None


ROOT = Path(__file__).parent.parent


def test_every_module_that_touches_the_vault_is_out_of_reach_of_pages_and_maps():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][2]
    assert {"famgeo.ui", "famgeo.outputs", "famgeo.study", "famgeo.release"} <= set(
        contract["source_modules"]
    )
    modules = {f"famgeo.store.{path.stem}" for path in (ROOT / "famgeo/store").glob("vault*.py")}
    assert modules | {"famgeo.store.published"} == set(contract["forbidden_modules"])
    assert all(VAULT_CODE.search(f"/x/{name.replace('.', '/')}.py") for name in modules)
    assert VAULT_FILES.search("/x/vault.erased")


def modes_in(folder):
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


@pytest.mark.skipif(os.name != "posix", reason="there are no file modes here")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        vault = open_vault(tmp_path)
        vault.add_students(student_table([("1", "A")]), "fall")
        with vault.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM students")
            while_writing = modes_in(tmp_path)
        vault.save_trips({"homes": 1}, {"minutes": np.zeros(1)})
    finally:
        os.umask(before)
    assert while_writing.keys() == {"vault.db", "vault.db-wal", "vault.db-shm"}
    assert set(while_writing.values()) == {0o600}
    kept = {name: mode for name, mode in modes_in(tmp_path).items() if name.startswith("private")}
    assert kept.pop("private") == 0o700
    assert [mode & 0o077 for mode in kept.values()] == [0]


@pytest.mark.skipif(os.name != "posix", reason="there are no file modes here")
def test_a_vault_that_was_opened_to_others_is_closed_again(tmp_path):
    open_vault(tmp_path).database.engine.dispose()
    (tmp_path / "vault.db").chmod(0o644)
    open_vault(tmp_path)
    assert modes_in(tmp_path)["vault.db"] == 0o600


CANARY = "CANARY-HOUSEHOLD"


def assert_names_no_home(error):
    told = "".join(traceback.format_exception(error))
    assert CANARY not in told
    assert "84.5" not in told


def test_a_failed_write_changes_nothing_and_names_no_home(vault, monkeypatch):
    vault.add_students(student_table([("1", "A")]), "fall")
    twice = vault_module.rows_of(student_table([("7", CANARY)]), STUDENTS) * 2
    monkeypatch.setattr(vault_module, "rows_of", lambda *_: twice)
    with pytest.raises(StudyError, match="Nothing was changed") as caught:
        vault.add_students(student_table([("7", CANARY)]), "spring")
    assert_names_no_home(caught.value)
    assert pairs_in(vault) == [("1", "A")]


def test_a_table_that_breaks_its_schema_is_refused_and_names_no_home(vault):
    twice = pd.concat([student_table([("7", CANARY)])] * 2)
    with pytest.raises(TableError, match="students") as caught:
        vault.add_students(twice, "spring")
    assert_names_no_home(caught.value)


@pytest.mark.parametrize("content", [b"x" * 20_000, b"SQLite format 3\0" + b"\7" * 20_000])
def test_a_damaged_vault_is_told_in_plain_words(tmp_path, content):
    (tmp_path / "vault.db").write_bytes(content)
    with pytest.raises(StudyError, match=r"vault\.db.*backup"):
        open_vault(tmp_path)


def test_damaged_barriers_ask_for_the_plan_to_be_made_again(vault):
    vault.add_students(families(3), "fall")
    vault.save_barriers(barrier_table("mon"))
    with vault.database.writing() as connection:
        connection.exec_driver_sql("UPDATE barriers SET parquet = x'00'")
    with pytest.raises(StudyError, match="Make the plan again"):
        vault.barriers("mon")


def test_a_folder_that_is_not_there_has_no_vault(tmp_path):
    with pytest.raises(StudyError, match="cannot be opened"):
        open_vault(tmp_path / "nowhere")


def test_an_erased_family_is_overwritten_in_the_file(vault):
    vault.add_students(student_table([("1", CANARY)]), "fall")
    vault.forget(household_ids=[CANARY], now=NOW)
    held = b"".join(path.read_bytes() for path in vault.folder.iterdir() if path.is_file())
    assert CANARY.encode() not in held
