"""The vault and the audit log vouch for each other, and no file leaves without its line."""

import hashlib
import json
import re
import shutil
import sqlite3

import pytest
from test_steward import HASH, RIVERBEND, ours, run, told

__all__ = ["ours"]
EVENING = "2026-12-08 18:30/20:30"


def reseal(folder, change):
    """Make the whole log anew, with every hash right, as who may write the database could."""
    with sqlite3.connect(folder / "study.db") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'"):
            database.execute(f"drop trigger {name}")
        rows = database.execute(
            "select seq, utc, user, role, action, release_id, sha256, purpose, recipient "
            "from audit order by seq"
        ).fetchall()
        database.execute("delete from audit")
        previous = "0" * 64
        for row in change([list(row) for row in rows]):
            text = json.dumps([previous, *row], ensure_ascii=False, separators=(",", ":"))
            sealed = hashlib.sha256(text.encode()).hexdigest()
            database.execute(
                "insert into audit (seq, utc, user, role, action, release_id, sha256, purpose, "
                "recipient, previous, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, previous, sealed),
            )
            previous = sealed
    database.close()


def purged_too_soon(folder):
    """Take all entries out as a purge would, past the database's own guard."""
    with sqlite3.connect(folder / "study.db") as database:
        seq, utc, sealed = database.execute(
            "select seq, utc, hash from audit order by seq desc limit 1"
        ).fetchone()
        words = f"entries 1 to {seq} are over three years old"
        row = [seq + 1, utc, "root", "steward", "purge", "", sealed, words, ""]
        text = json.dumps([sealed, *row], ensure_ascii=False, separators=(",", ":"))
        database.execute(
            "insert into audit (seq, utc, user, role, action, release_id, sha256, purpose, "
            "recipient, previous, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, sealed, hashlib.sha256(text.encode()).hexdigest()),
        )
        database.execute("delete from audit where seq < ?", (seq,))
        database.execute("delete from audit where seq = ?", (seq,))
    database.close()


def refused(folder, *words):
    code, _, complained = run(folder, *words)
    assert code == 1
    return complained


def test_a_log_made_anew_is_not_taken_up_by_the_next_command(ours):
    def other_user(rows):
        rows[1][2] = "somebody else"
        return [*rows, [len(rows) + 1, rows[-1][1], "x", "steward", "sign", "", "", "", ""]]

    reseal(ours / "ours", other_user)
    assert "not the one remembered" in refused(ours, "release", "ours")
    assert "not the one remembered" in refused(ours, "audit", "verify", "ours")


def test_a_purge_that_came_too_soon_is_found(ours):
    purged_too_soon(ours / "ours")
    assert "as if it were over three years old" in refused(ours, "audit", "verify", "ours")
    assert "as if it were over three years old" in refused(ours, "release", "ours")


@pytest.mark.parametrize("lost", [False, True], ids=["older", "made anew"])
def test_a_vault_that_forgot_what_was_published_counts_nothing(ours, lost):
    vault, kept = ours / "ours" / "vault.db", ours / "kept.db"
    shutil.copy(vault, kept)
    told(ours, "release", "ours")
    for path in (ours / "ours").glob("vault.*"):
        path.unlink()
    if lost:
        add = ("add", "ours", "roster", RIVERBEND / "roster.csv")
        assert "is an older copy or another vault" in refused(ours, *add)
    else:
        shutil.copy(kept, vault)
        assert "is an older copy or another vault" in refused(ours, "release", "ours")
    assert "is an older copy or another vault" in refused(ours, "audit", "verify", "ours")
    accepted = told(ours, "audit", "accept", "ours", "--purpose", "the disk broke")
    assert accepted.startswith("Accepted, and logged: The vault does not know of entry")
    if not lost:
        told(ours, "release", "ours")
    verified = told(ours, "audit", "verify", "ours")
    assert re.search(rf"\d+:{HASH}", verified)
    assert "the disk broke" in told(ours, "audit", "list", "ours")
    assert "agree already" in told(ours, "audit", "accept", "ours", "--purpose", "again")


@pytest.mark.parametrize(
    "words",
    [("--purpose", "x" * 300), ("--recipient", "a\nb"), ("--recipient", "38.26068 -99.64695")],
    ids=["too long", "two lines", "a coordinate"],
)
def test_no_file_leaves_that_the_register_cannot_hold(ours, words):
    told(ours, "add", "ours", "streets", RIVERBEND / "streets.osm.pbf")
    told(ours, "plan", "ours", "--sites", 2, "--meeting", EVENING, "--name", "two")
    out = ours / "out"
    refused(ours, "export", "ours", "--plan", "two", "--to", out, *words)
    assert not out.exists() or not list(out.iterdir())
    assert told(ours, "audit", "exports", "ours") == "Nothing has left the building.\n"


def test_when_k_was_raised_the_report_says_so_and_no_older_plan_leaves(ours):
    told(ours, "add", "ours", "streets", RIVERBEND / "streets.osm.pbf")
    for name in ("older", "two"):
        told(ours, "plan", "ours", "--sites", 2, "--meeting", EVENING, "--name", name)
    settings = ours / "ours" / "famgeo.toml"
    settings.write_text(settings.read_text().replace("k = 10", "k = 20"))
    run(ours, "check", "ours")
    code, said, complained = run(ours, "check", "ours", "--privacy")
    assert (code, complained) == (1, "")
    assert "NOT AUDITED AGAIN: k was raised from 10 to 20" in said
    assert "k was raised from 10 to 20" in refused(ours, "sign", "ours")
    told(ours, "release", "ours")
    older = refused(ours, "export", "ours", "--plan", "older", "--to", ours / "out")
    assert "was counted with k = 10, and k is 20 now" in older


def test_a_release_that_was_changed_where_it_is_stored_is_found(ours):
    told(ours, "release", "ours")
    with sqlite3.connect(ours / "ours" / "study.db") as database:
        other = """replace(document, '"study": "Ours"', '"study": "3"')"""
        database.execute(f"update releases set document = {other}")
    database.close()
    code, said, _ = run(ours, "check", "ours", "--privacy")
    assert code == 1
    assert "its content does not fit its name" in said
