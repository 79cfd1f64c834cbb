"""The data steward's road by command alone: from a roster to a release someone signs for."""

import contextlib
import io
import json
import re
import sqlite3
import sys

import pandas as pd
import pytest

from famgeo import cli
from famgeo.settings import bundled

RIVERBEND = bundled() / "data" / "riverbend"
EVENING = "2026-12-08 18:30/20:30"
HASH = "[0-9a-f]{64}"


def run(folder, *words, typed=""):
    """Run a command in a folder; return its exit code, what it said and what it complained of."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patch.setattr(sys, "argv", ["famgeo", *map(str, words)])
        patch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as left:
            cli.main()
    return left.value.code or 0, said.getvalue(), complained.getvalue()


def told(folder, *words, typed=""):
    code, said, complained = run(folder, *words, typed=typed)
    assert code == 0, complained
    return said


@pytest.fixture
def ours(tmp_path):
    """A study that holds the sample district's families and schools, and no street."""
    told(tmp_path, "new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    told(tmp_path, "add", "ours", "schools", RIVERBEND / "schools.csv")
    told(tmp_path, "add", "ours", "roster", RIVERBEND / "roster.csv")
    return tmp_path


def test_from_a_roster_to_a_signed_release_by_command_alone(ours):
    assert "No roster" not in told(ours, "check", "ours", "--privacy")
    made = told(ours, "release", "ours")
    assert re.search(r"Release [0-9a-f]{16}: 1,[12]\d\d families, none in a group of", made)
    report = told(ours, "check", "ours", "--privacy")
    assert "0 home coordinates in this release" in report
    assert "bounded by linear program: none tells of a small group" in report
    assert "Not signed yet" in report
    signed = told(ours, "sign", "ours", "--purpose", "autumn meetings")
    assert re.search(r"Signed: .*sign, for autumn meetings, release [0-9a-f]{16}", signed)
    assert json.loads(told(ours, "check", "ours", "--privacy", "--json"))["signed_by"]


def test_nothing_is_signed_for_before_there_is_a_release(ours):
    code, _, complained = run(ours, "sign", "ours")
    assert code == 1
    assert complained == "There is no release to sign for yet. Make one: famgeo release ours\n"


def test_a_release_from_before_a_change_of_families_is_not_signed_for(ours):
    told(ours, "release", "ours")
    told(ours, "forget", "ours", "--student", "100001")
    code, _, complained = run(ours, "sign", "ours")
    assert code == 1
    assert "cannot be signed for: The families changed on" in complained
    told(ours, "release", "ours")
    assert "Signed:" in told(ours, "sign", "ours")


def test_an_erased_family_stays_away_whatever_roster_comes(ours):
    said = told(ours, "forget", "ours", "--student", "100001")
    assert said.startswith("Erased: fewer than 10 students of fewer than 10 households.")
    again = pd.read_csv(RIVERBEND / "roster.csv", dtype=str, keep_default_na=False)
    again.assign(grade="12").to_csv(ours / "next.csv", index=False)
    said = told(ours, "add", "ours", "roster", ours / "next.csv")
    assert "Students left out because their family was erased: fewer than 10." in said
    code, _, complained = run(ours, "forget", "ours", "--student", "100001")
    assert code == 1
    assert "No student of this id is in the vault" in complained


def test_who_is_not_in_a_whole_enrolment_leaves_and_can_be_brought_back(ours):
    roster = pd.read_csv(RIVERBEND / "roster.csv", dtype=str, keep_default_na=False)
    roster.iloc[:900].to_csv(ours / "half.csv", index=False)
    assert "have left" in told(ours, "add", "ours", "roster", ours / "half.csv", "--whole")
    halved = json.loads(told(ours, "release", "ours", "--json"))["families"]
    assert told(ours, "purge", "ours") == "Nothing was old enough to be erased.\n"
    assert "are back" in told(ours, "bring-back", "ours")
    assert json.loads(told(ours, "release", "ours", "--json"))["families"] > 1.5 * halved


def test_k_can_only_be_raised(ours):
    settings = ours / "ours" / "famgeo.toml"
    settings.write_text(settings.read_text().replace("k = 10", "k = 20"))
    told(ours, "release", "ours")
    settings.write_text(settings.read_text().replace("k = 20", "k = 10"))
    code, _, complained = run(ours, "release", "ours")
    assert code == 1
    assert "Set k in famgeo.toml to 20 or more." in complained


def test_the_day_s_questions_are_counted_and_the_same_one_once(ours):
    settings = ours / "ours" / "famgeo.toml"
    settings.write_text(settings.read_text().replace("runs_per_day = 200", "runs_per_day = 2"))
    told(ours, "add", "ours", "streets", RIVERBEND / "streets.osm.pbf")
    ask = ("barriers", "ours", "--site", "S1", "--meeting")
    told(ours, *ask, EVENING)
    told(ours, *ask, EVENING)
    told(ours, *ask, "2026-12-08 18:30/20:00")
    code, _, complained = run(ours, *ask, "2026-12-08 18:30/19:30")
    assert code == 1
    assert "In the last 24 hours 2 questions were counted on the families" in complained


def test_what_leaves_the_building_is_registered_with_its_hash(ours):
    told(ours, "add", "ours", "streets", RIVERBEND / "streets.osm.pbf")
    told(ours, "plan", "ours", "--sites", 2, "--meeting", EVENING, "--name", "two")
    export = ("export", "ours", "--plan", "two", "--to", ours / "out", "--audience", "partner")
    told(ours, *export, "--recipient", "the library", "--purpose", "autumn")
    exports = json.loads(told(ours, "audit", "exports", "ours", "--json"))["exports"]
    assert {e["recipient"] for e in exports} == {"the library"}
    assert all(re.fullmatch(HASH, e["sha256"]) for e in exports)
    assert len(exports) == len(list((ours / "out").iterdir()))
    assert "export to the library, for autumn" in told(ours, "check", "ours", "--privacy")


def test_a_changed_line_of_the_log_is_found(ours):
    head = re.search(rf"\d+:{HASH}", told(ours, "audit", "verify", "ours"))[0]
    with sqlite3.connect(ours / "ours" / "study.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'"):
            database.execute(f"drop trigger {name}")
        database.execute("update audit set action = 'add schools' where seq = 2")
    database.close()
    code, _, complained = run(ours, "audit", "verify", "ours", "--head", head)
    assert code == 1
    assert "2" in complained
    assert "Traceback" not in complained


def test_a_log_that_lost_its_end_is_found_by_what_the_vault_remembers(ours):
    with sqlite3.connect(ours / "ours" / "study.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'"):
            database.execute(f"drop trigger {name}")
        database.execute("delete from audit where seq = (select max(seq) from audit)")
    database.close()
    assert run(ours, "audit", "verify", "ours")[0] == 1


def test_people_are_let_in_with_one_role_and_shut_out(ours):
    typed = "a long pass phrase\n"
    add = ("user", "add", "ours")
    assert told(ours, *add, "Ana@Example.org", "--role", "planner", "--password", typed=typed) == (
        "ana@example.org: planner may sign in with the password.\n"
    )
    assert run(ours, *add, "p@example.org", "--role", "principal")[0] == 2
    code, _, complained = run(ours, *add, "p@example.org", "--role", "principal", "--school", "X")
    assert (code, complained) == (1, "There is no school X in this study.\n")
    told(ours, *add, "p@example.org", "--role", "principal", "--school", "S1")
    told(ours, "user", "role", "ours", "ana@example.org", "--role", "liaison")
    told(ours, "user", "off", "ours", "ana@example.org")
    assert told(ours, "user", "list", "ours") == (
        "ana@example.org: liaison (shut out)\np@example.org: principal of S1\n"
    )
    code, _, complained = run(
        ours, *add, "q@example.org", "--role", "planner", "--password", typed="short\n"
    )
    assert code == 1
    assert "12" in complained


def test_no_line_of_the_log_names_a_family(ours):
    told(ours, "forget", "ours", "--student", "100001")
    said = told(ours, "audit", "list", "ours", "--json")
    assert "100001" not in said
    assert "H0001" not in said
    assert [e["action"] for e in json.loads(said)["entries"]][-1] == "forget"


def test_one_family_is_looked_at_with_a_reason_that_is_logged(ours):
    look = ("look", "ours", "--student", "100001", "--reason")
    said = told(ours, *look, "the bell times letter came back")
    assert "household_id: H0001" in said
    assert re.search(r"lat: 38\.\d+", said)
    logged = told(ours, "audit", "list", "ours", "--action", "look at one family")
    assert "for the bell times letter came back" in logged
    assert "H0001" not in logged
    assert run(ours, *look, " ")[0] == 2
