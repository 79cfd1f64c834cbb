"""The vault's registers: what was read, what was asked, and how far the audit log got."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from famgeo.domain import ReadReport, Refusal
from famgeo.errors import StudyError
from famgeo.store.vault import open_vault
from famgeo.tables import Purged, RosterRead

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
REPORT = ReadReport(
    source="roster.csv",
    rows_read=1200,
    rows_used=1198,
    refused=(Refusal(row=3, why="there is no latitude"), Refusal(row=9, why="there is no id")),
    notes=("Decimal commas were read as points.",),
    unit="students",
)


@pytest.fixture
def vault(tmp_path):
    return open_vault(tmp_path)


def test_readings_of_rosters_come_back_whole_and_in_order(vault, tmp_path):
    later = ReadReport(source="spring.csv", rows_read=0, rows_used=0)
    vault.add_read("roster", REPORT, sha256="ab", utc=NOW)
    vault.add_read("roster", later, sha256="cd", utc=NOW - timedelta(days=1))
    assert open_vault(tmp_path).reads() == [
        RosterRead(what="roster", report=REPORT, sha256="ab", utc=NOW),
        RosterRead(what="roster", report=later, sha256="cd", utc=NOW - timedelta(days=1)),
    ]


def test_the_same_question_again_does_not_count(vault, tmp_path):
    assert vault.add_run("first", utc=NOW)
    assert vault.add_run("second", utc=NOW + timedelta(hours=1))
    assert not open_vault(tmp_path).add_run("first", utc=NOW + timedelta(hours=2))
    assert vault.runs_since(NOW) == 2
    assert vault.runs_since(NOW + timedelta(minutes=1)) == 1
    east = timezone(timedelta(hours=9))
    assert vault.runs_since((NOW + timedelta(minutes=1)).astimezone(east)) == 1
    assert vault.runs_since(NOW + timedelta(days=1)) == 0


def test_a_moment_without_a_zone_is_no_moment(vault):
    with pytest.raises(StudyError, match="time zone"):
        vault.runs_since(NOW.replace(tzinfo=None))


def test_the_audit_log_only_grows(vault, tmp_path):
    assert vault.remembered_head() is None
    vault.remember_head(1, "a")
    vault.remember_head(7, "g")
    vault.remember_head(7, "g")
    for sequence, line_hash in ((6, "f"), (7, "x"), (0, "")):
        with pytest.raises(StudyError, match="missing or changed"):
            vault.remember_head(sequence, line_hash)
    assert open_vault(tmp_path).remembered_head() == (7, "g")
    vault.remember_head(2, "b", anew=True)
    assert vault.remembered_head() == (2, "b")


def test_lines_are_kept_for_three_years(vault):
    vault.add_read("roster", REPORT, sha256="ab", utc=NOW)
    vault.add_run("first", utc=NOW)
    vault.add_run("second", utc=NOW + timedelta(days=1))
    assert vault.purge(now=NOW + timedelta(days=3 * 365)) == Purged()
    assert vault.purge(now=NOW + timedelta(days=3 * 365 + 1)) == Purged(log_lines=2)
    assert vault.reads() == []
    assert vault.runs_since(NOW) == 1
