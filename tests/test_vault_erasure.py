"""An erased family is nowhere in the study's files, and nothing brings it back."""

import json
import shutil
import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_vault import barrier_table, pairs_in, student_table

from famgeo.errors import StudyError
from famgeo.store import vault_tombstones
from famgeo.store.vault import open_vault
from famgeo.tables import Erased, Ledger, Purged, digest

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GONE = "CANARY-HOUSEHOLD"
CHILD = "CANARY-CHILD"
PAIRS = [(CHILD, GONE), ("CANARY-SIBLING", GONE), ("1", "A"), ("2", "A"), ("3", "B")]


@pytest.fixture
def vault(tmp_path):
    vault = open_vault(tmp_path)
    table = student_table(PAIRS)
    table.loc[table["household_id"] == GONE, "contact"] = "CANARY-CELL"
    vault.add_students(table, "fall")
    return vault


def counted(vault, *sets):
    """Draw a ledger in which these sets of household ids were counted."""
    secret = vault.secret()
    everyone = sorted({home for homes in sets for home in homes})
    rows = [[home in homes for home in everyone] for homes in sets]
    return Ledger(
        digests=np.array([digest(home, secret) for home in everyone], np.uint64),
        members=np.packbits(np.array(rows, bool), axis=1),
        gone=np.zeros(len(sets), np.int64),
        figures=np.full(len(sets), 20),
        labels=("",) * len(sets),
        patterns=("",) * len(sets),
        k=10,
    )


def traces_of(vault, table):
    """Return the files of a study that hold a home of these rows in any form."""
    points = [number for point in table.geometry for number in (point.x, point.y)]
    forms = [b"CANARY", digest(GONE, vault.secret()).to_bytes(8, "little")]
    forms += [struct.pack(order, number) for number in points for order in ("<d", ">d")]
    forms += [repr(number).encode()[:10] for number in points]
    files = [path for path in vault.folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


def test_no_page_of_any_file_holds_an_erased_family(vault):
    table = student_table(PAIRS[:2])
    vault.save_ledger(counted(vault, {GONE, "A", "B"}, {GONE}), over=Ledger())
    vault.save_trips({"homes": 1}, {"at": table.geometry.x.to_numpy()})
    vault.save_barriers(barrier_table("mon").assign(household_id=GONE))
    (vault.folder / "private" / ".trips-1.npz.0.part").write_text("CANARY half written")
    assert set(traces_of(vault, table)) >= {"vault.db-wal", ".trips-1.npz.0.part"}
    assert vault.forget(household_ids=[GONE], now=NOW) == Erased(students=2, households=1)
    assert traces_of(vault, table) == []
    assert pairs_in(vault) == sorted(PAIRS[2:])
    assert vault.barriers("mon").empty


def test_the_ledger_loses_an_erased_household_and_still_knows_how_many_it_counted(vault):
    vault.save_ledger(counted(vault, {GONE, "A", "B"}, {"A"}), over=Ledger())
    vault.forget(household_ids=[GONE], now=NOW)
    ledger = vault.ledger()
    kept = {digest(home, vault.secret()) for home in "AB"}
    assert set(ledger.digests.tolist()) == kept
    assert ledger.gone.tolist() == [1, 0]
    assert ledger.figures.tolist() == [20, 20]


def test_what_an_erasure_says_holds_no_id_and_no_small_count(vault):
    erased = vault.forget(household_ids=[GONE], now=NOW)
    assert str(erased).startswith("Erased: fewer than 10 students of fewer than 10 households.")
    assert "CANARY" not in repr(erased)
    assert "Nothing of this family was in the vault" in str(
        vault.forget(household_ids=[GONE], now=NOW)
    )


def test_a_family_is_the_households_of_its_student(vault):
    vault.add_students(student_table([("9", "X"), ("9", "Y"), ("8", "Y")]), "two homes")
    assert vault.family_of("9") == {"X", "Y"}
    assert vault.family_of("nobody") == frozenset()
    erased = vault.forget(household_ids=vault.family_of("9"), now=NOW)
    assert erased == Erased(students=3, households=2)


def test_a_student_alone_is_erased_from_every_home_and_the_siblings_stay(vault):
    assert vault.forget(student_ids=[CHILD], now=NOW) == Erased(students=1)
    assert (CHILD, GONE) not in pairs_in(vault)
    assert ("CANARY-SIBLING", GONE) in pairs_in(vault)
    vault.add_students(student_table([(CHILD, "elsewhere")]), "spring")
    assert vault.family_of(CHILD) == frozenset()


def test_no_later_roster_brings_an_erased_family_back(vault):
    vault.forget(household_ids=[GONE], now=NOW)
    table = student_table([*PAIRS, ("5", "E")])
    assert vault.left_out(table) == 2
    assert vault.add_students(table, "spring") == 1
    assert vault.replace_students(table, "summer", now=NOW) == 0
    assert pairs_in(vault) == [*sorted(PAIRS[2:]), ("5", "E")]


@pytest.mark.parametrize("written", [("7", "H"), ("07", "12"), ("0007 ", "h"), ("9", "0012")])
def test_nor_does_a_roster_from_which_a_spreadsheet_took_the_zeros(vault, written):
    vault.add_students(student_table([("007", "0012"), ("8", "0013")]), "fall zeros")
    vault.forget(household_ids=["0012"], student_ids=["007"], now=NOW)
    table = student_table([written, ("8", "13")])
    assert vault.left_out(table) == 1
    vault.add_students(table, "spring")
    assert pairs_in(vault) == sorted([*PAIRS, ("8", "13")])


def test_erasing_one_id_erases_no_other_that_is_alike(vault):
    vault.add_students(student_table([("007", "X"), ("7", "Y")]), "alike")
    assert vault.forget(student_ids=["007"], now=NOW) == Erased(students=1, households=1)
    assert ("7", "Y") in pairs_in(vault)


def test_undoing_a_mistaken_roster_does_not_bring_an_erased_family_back(vault):
    vault.replace_students(student_table(PAIRS[3:]), "mistake", now=NOW)
    assert vault.forget(household_ids=[GONE], now=NOW) == Erased(students=2, households=1)
    assert vault.bring_back() == 1
    assert pairs_in(vault) == sorted(PAIRS[2:])


def copy_of(vault, folder):
    """Copy a vault's files aside, as a backup does."""
    vault.database.settle()
    folder.mkdir()
    for name in ("vault.db", "vault.erased"):
        if (vault.folder / name).exists():
            shutil.copy(vault.folder / name, folder / name)


def put_back(vault, folder, *names):
    vault.database.engine.dispose()
    for name in names:
        (vault.folder / name).unlink(missing_ok=True)
        if (folder / name).exists():
            shutil.copy(folder / name, vault.folder / name)
    return open_vault(vault.folder)


def test_an_older_copy_of_the_vault_does_not_bring_an_erased_family_back(vault, tmp_path):
    vault.save_ledger(counted(vault, {GONE, "A", "B"}, {"left long ago"}), over=Ledger())
    copy_of(vault, tmp_path / "backup")
    vault.forget(household_ids=[GONE, "left long ago"], now=NOW)
    again = put_back(vault, tmp_path / "backup", "vault.db")
    assert again.erased_again == Erased(students=2, households=1)
    assert pairs_in(again) == sorted(PAIRS[2:])
    assert again.ledger().gone.tolist() == [1, 1]
    shutil.rmtree(tmp_path / "backup")
    assert traces_of(again, student_table(PAIRS[:2])) == []
    again.database.engine.dispose()
    assert open_vault(vault.folder).erased_again == Erased()


def test_a_lost_list_of_tombstones_is_written_again_from_the_vault(vault, tmp_path):
    vault.forget(household_ids=[GONE], now=NOW)
    listed = (tmp_path / "vault.erased").read_bytes()
    (tmp_path / "vault.erased").unlink()
    vault.database.engine.dispose()
    open_vault(tmp_path)
    assert (tmp_path / "vault.erased").read_bytes() == listed
    assert (tmp_path / "vault.erased").stat().st_mode & 0o777 == 0o600


def test_tombstones_of_two_keys_both_hold(vault, tmp_path):
    copy_of(vault, tmp_path / "backup")
    vault.forget(household_ids=["A"], now=NOW)
    shutil.move(tmp_path / "vault.erased", tmp_path / "apart")
    again = put_back(vault, tmp_path / "backup", "vault.db")
    again.forget(household_ids=[GONE], now=NOW)
    mine = json.loads((tmp_path / "vault.erased").read_text())["tombstones"]
    theirs = json.loads((tmp_path / "apart").read_text())["tombstones"]
    (tmp_path / "vault.erased").write_text(json.dumps({"tombstones": mine + theirs}))
    again.database.engine.dispose()
    assert pairs_in(open_vault(tmp_path)) == [("3", "B")]
    assert len({stone["key"] for stone in mine + theirs}) == 2


def test_a_damaged_list_of_tombstones_stops_everything_and_says_what_to_do(vault, tmp_path):
    vault.forget(household_ids=[GONE], now=NOW)
    for content in (b"{", b'{"tombstones": [{"key": "zz"}]}', b"\xff\xfe", b"[]"):
        (tmp_path / "vault.erased").write_bytes(content)
        with pytest.raises(StudyError, match=r"vault\.erased is damaged.*backup"):
            open_vault(tmp_path)


def test_an_erasure_that_was_interrupted_is_completed_at_the_next_opening(vault, monkeypatch):
    def power_cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("famgeo.store.vault.enrolment.erase_named", power_cut)
    with pytest.raises(KeyboardInterrupt):
        vault.forget(household_ids=[GONE], now=NOW)
    assert (CHILD, GONE) in pairs_in(vault)
    monkeypatch.undo()
    vault.database.engine.dispose()
    again = open_vault(vault.folder)
    assert again.erased_again == Erased(students=2, households=1)
    assert pairs_in(again) == sorted(PAIRS[2:])


def test_when_the_list_cannot_be_written_nothing_is_erased(vault, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault_tombstones, "write_whole", full)
    with pytest.raises(StudyError, match=r"No space left on device\. Nothing was erased"):
        vault.forget(household_ids=[GONE], now=NOW)
    assert pairs_in(vault) == sorted(PAIRS)


def test_a_reader_who_keeps_the_journal_open_is_told_of(vault):
    other = open_vault(vault.folder)
    with vault.database.engine.connect() as one:
        one.exec_driver_sql("PRAGMA busy_timeout=1")
    with other.database.reading() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM students").scalar()
        with pytest.raises(StudyError, match="Close that program and run famgeo purge"):
            vault.forget(household_ids=[GONE], now=NOW)
    vault.purge(now=NOW)
    assert traces_of(vault, student_table(PAIRS[:2])) == []


def test_tombstones_say_nothing_without_the_key_and_know_kinds_apart():
    stones = vault_tombstones.carve({}, "household", ["A"], on=NOW.date())
    assert vault_tombstones.named(stones, "household", ["A", "B"]) == {"A"}
    assert vault_tombstones.named(stones, "student", ["A", "B"]) == set()
    assert vault_tombstones.carve(stones, "household", ["A"], on=NOW.date()) == stones
    more = vault_tombstones.carve(stones, "student", ["A"], on=NOW.date())
    assert len({key for key, _ in more}) == 1
    (_, one), (_, other) = more
    assert one != other


NAMES = st.sets(st.sampled_from("ABCDE"), max_size=3)


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(["add", "replace", "forget", "back", "purge"]), NAMES)))
def test_whatever_happens_later_an_erased_household_stays_away(tmp_path_factory, steps):
    vault = open_vault(tmp_path_factory.mktemp("vault"))
    erased = set()
    for number, (step, homes) in enumerate(steps):
        table = student_table([(home.lower(), home) for home in sorted(homes)])
        if step == "add":
            vault.add_students(table, str(number))
        elif step == "replace" and homes:
            vault.replace_students(table, str(number), now=NOW + number * DAY)
        elif step == "forget":
            vault.forget(household_ids=homes, now=NOW)
            erased |= homes
        elif step == "back":
            vault.bring_back()
        elif step == "purge":
            vault.purge(now=NOW + (20 + number) * DAY)
        assert not erased & {home for _, home in pairs_in(vault)}
    vault.database.engine.dispose()


def test_homes_of_students_who_left_are_erased_after_30_days_and_not_before(vault):
    vault.save_ledger(counted(vault, {GONE, "A"}, {"B"}), over=Ledger())
    vault.replace_students(student_table(PAIRS[2:]), "spring", now=NOW)
    assert pairs_in(vault) == sorted(PAIRS[2:])
    assert vault.purge(now=NOW + 29 * DAY) == Purged()
    assert str(Purged()) == "Nothing was old enough to be erased."
    assert "vault.db" in traces_of(vault, student_table(PAIRS[:2]))
    assert vault.purge(now=NOW + 30 * DAY) == Purged(students=2, households=1)
    assert traces_of(vault, student_table(PAIRS[:2])) == []
    assert vault.ledger().gone.tolist() == [1, 0]
    assert vault.bring_back() == 0


def test_travel_times_and_half_written_files_are_erased_after_a_day(vault):
    vault.save_trips({"homes": 1}, {"minutes": np.zeros(1)})
    files = vault.folder / "files"
    files.mkdir()
    for name in (".bus.zip.ab12.part", ".part-streets.osm", "bus.part.zip"):
        (files / name).write_text("half")
    made = datetime.now(UTC)
    assert vault.purge(now=made + timedelta(hours=23)) == Purged()
    purged = vault.purge(now=made + timedelta(hours=25))
    assert purged == Purged(travel_times=1, leftovers=2)
    assert str(purged) == (
        "Erased: 1 files of travel times over a day old; 2 files left half written."
    )
    assert [path.name for path in files.iterdir()] == ["bus.part.zip"]
    assert vault.load_trips({"homes": 1}) is None


def test_an_erased_family_was_in_no_barrier_of_another(vault):
    both = pd.concat([barrier_table("mon", 1).assign(household_id=home) for home in (GONE, "A")])
    vault.save_barriers(both)
    vault.forget(household_ids=[GONE], now=NOW)
    assert vault.barriers("mon").empty


def test_what_was_worked_out_from_homes_that_moved_since_is_not_kept(tmp_path):
    vault = open_vault(tmp_path)
    vault.add_students(student_table([("S1", "H1")]), "one")
    state = vault.state()
    vault.add_students(student_table([("S2", "H2")]), "two")
    assert vault.state() != state
    with pytest.raises(StudyError, match="families changed while"):
        vault.save_barriers(barrier_table("mon").assign(household_id="H1"), state=state)
    with pytest.raises(StudyError, match="families changed while"):
        vault.save_trips({"homes": 1}, {"minutes": np.zeros(1)}, state=state)
    assert vault.barriers("mon").empty
    assert vault.load_trips({"homes": 1}) is None
    vault.save_barriers(barrier_table("mon").assign(household_id="H1"), state=vault.state())
    assert len(vault.barriers("mon"))
