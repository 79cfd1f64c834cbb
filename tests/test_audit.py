"""The audit: it only grows, every change to it is found and named, and it holds no address."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from databases import at_once, opened_again, url_of
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from famgeo.errors import StudyError
from famgeo.roles import Person, Role
from famgeo.store.audit import BEGINNING, AuditEntry, AuditLog, Head, _line
from famgeo.store.studies import integrity_fault, new_study, open_study_store

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHA = "ab" * 32
FIELDS = (
    *("utc", "user", "role", "action", "release_id", "sha256", "purpose", "recipient"),
    *("previous", "hash"),
)


COPIED = """utc, "user", role, action, release_id, sha256, purpose, recipient, 'p', 'h'
    FROM audit WHERE seq = 1"""


@pytest.fixture
def store(tmp_path, database_url):
    return new_study(
        tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago", url=database_url
    )


@pytest.fixture
def log(store):
    return store.audit


def write(log, n, *, first=NOON, step=DAY):
    for number in range(n):
        log.append(
            utc=first + number * step,
            user="ana@example.org",
            role="steward",
            action="export" if number % 2 else "import",
            release_id=f"r{number}",
            sha256=SHA,
            purpose="Brücke to the partners’ fair",
            recipient="library",
        )
    return log


def rows(log):
    with log.database.reading() as connection:
        return connection.execute(text("SELECT * FROM audit ORDER BY seq")).mappings().all()


def tamper(log, *statements, **values):
    """Change the table as someone who may change the database itself."""
    with log.database.writing() as connection:
        if connection.dialect.name == "sqlite":
            for trigger in ("insert", "update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS audit_{trigger}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
        for statement in statements:
            connection.execute(text(statement), values)


def test_entries_come_back_in_the_order_they_were_written(log, store):
    assert log.head == Head(0, BEGINNING)
    assert log.verify() is None
    write(log, 6)
    again = opened_again(store).audit
    entries = again.entries()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[3] == AuditEntry(
        seq=4,
        utc="2026-09-04T12:00:00.000000+00:00",
        user="ana@example.org",
        role="steward",
        action="export",
        release_id="r3",
        sha256=SHA,
        purpose="Brücke to the partners’ fair",
        recipient="library",
    )
    assert again.entries(since=NOON + 4 * DAY) == entries[4:]
    assert [e.seq for e in again.entries(since=NOON + DAY, action="export")] == [2, 4, 6]
    assert again.verify() is None
    assert again.verify(again.head) is None
    assert again.head.seq == 6
    assert integrity_fault(store) is None


def test_the_hash_is_the_documented_one():
    """Made by hand: ``sha256sum`` of ``["000…",1,"2026-09-01T…","ana",…,"Brücke","a \\"b\\""]``."""
    entry = AuditEntry(
        seq=1,
        utc="2026-09-01T12:00:00.000000+00:00",
        user="ana",
        role="steward",
        action="export",
        release_id="r1",
        sha256="",
        purpose="Brücke",
        recipient='a "b"',
    )
    assert entry.sealed(BEGINNING) == (
        "38975b05bbd88635d28f56fdd34287d3592f80c2552cf91ff41f076ca4a50507"
    )


def test_the_server_s_clock_is_kept_and_orders_nothing(log):
    for moment in (NOON, NOON - DAY, NOON + DAY, NOON):
        log.append(utc=moment, user="ana", action="plan")
    assert [entry.utc[8:10] for entry in log.entries()] == ["01", "31", "02", "01"]
    assert log.verify() is None


def test_a_person_is_written_with_the_role_of_the_moment(log):
    ana = Person(name="ana", role=Role.PLANNER)
    entry = log.append(utc=NOON, user=ana, action="plan")
    assert (entry.user, entry.role) == ("ana", "planner")


def test_the_export_register_says_what_left_when_and_to_whom(log):
    register = write(log, 5).export_register(since=NOON + 2 * DAY)
    (row,) = register.to_dict("records")
    assert row == {
        "utc": "2026-09-04T12:00:00.000000+00:00",
        "user": "ana@example.org",
        "role": "steward",
        "release_id": "r3",
        "sha256": SHA,
        "purpose": "Brücke to the partners’ fair",
        "recipient": "library",
    }
    assert list(log.export_register(since=NOON + 9 * DAY).columns) == list(row)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("purpose", "x" * 201, "'purpose' takes one line of up to 200"),
        ("purpose", "Ana Lima\n12 Oak Street", "one line"),
        ("recipient", "a\u2028b", "one line"),
        ("recipient", "a\rb", "one line"),
        ("sha256", "12 Oak Street", "64 hexadecimal digits"),
        ("sha256", "AB" * 32, "64 hexadecimal digits"),
        ("user", "", "who did what"),
        ("action", " \u200b", "who did what"),
        ("action", "purge", "by the audit itself"),
        ("action", " pur\u200bge\n", "by the audit itself"),
    ],
)
def test_a_field_that_is_no_short_plain_line_is_refused(log, field, value, words):
    given = {"user": "ana", "action": "export", field: value}
    with pytest.raises(StudyError, match=words):
        log.append(utc=NOON, **given)
    assert log.head.seq == 0


@given(st.text(max_size=200))
def test_what_is_written_can_be_printed_on_one_line(written):
    try:
        line = _line("purpose", written)
    except StudyError:
        assert len(written.strip().splitlines()) > 1, "only what has several lines is refused"
        return
    assert line.isprintable()
    assert line == line.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET purpose = 'other' WHERE seq = 2",
        "UPDATE audit SET purpose = purpose",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE seq = 1",
        f"INSERT INTO audit SELECT 9, {COPIED}",
        f"INSERT OR REPLACE INTO audit SELECT 2, {COPIED}",
        "UPDATE OR REPLACE audit SET seq = 2 WHERE seq = 1",
        "TRUNCATE audit",
        f"INSERT INTO audit SELECT 2, {COPIED} ON CONFLICT (seq) DO UPDATE SET role = 'x'",
    ],
)
def test_the_database_itself_refuses_to_change_or_drop_an_entry(log, statement):
    before = rows(write(log, 3))
    with pytest.raises(StudyError), log.database.writing() as connection:
        connection.execute(text(statement))
    assert rows(log) == before


def flips(value, seed):
    """Give the texts that differ in one bit: all bits at both ends, some between."""
    raw = value.encode()
    bits = {*range(8), *range(8 * len(raw) - 8, 8 * len(raw))}
    bits |= set(random.Random(seed).sample(range(8 * len(raw)), 6))
    for bit in sorted(bits):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.parametrize("field", FIELDS)
def test_one_bit_of_any_field_changed_is_found_and_the_entry_named(log, field):
    write(log, 3)
    sqlite = log.database.engine.dialect.name == "sqlite"
    put = f'UPDATE audit SET "{field}" = CAST(:raw AS TEXT) WHERE seq = 2'
    before = rows(log)[1][field]
    for raw in flips(before, field):
        changed = raw if sqlite else raw.decode("utf-8", "ignore").replace("\0", "")
        if changed == before:
            continue
        tamper(log, put, raw=changed)
        assert log.verify().startswith("Entry 2 of the audit "), raw
    tamper(log, put, raw=before)
    assert log.verify() is None


@pytest.mark.parametrize("bit", range(20))
def test_one_bit_of_a_number_changed_is_found(log, bit):
    write(log, 3)
    changed = 2 ^ (1 << bit)
    if changed in {1, 3}:
        pytest.skip("a number is given once")
    tamper(log, f"UPDATE audit SET seq = {changed} WHERE seq = 2")
    assert log.verify() == ("Entry 1 of the audit is missing." if changed == 0 else MISSING_2)


MISSING_2 = "Entry 2 of the audit is missing."


def test_a_field_that_became_bytes_is_found(log):
    if write(log, 3).database.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite keeps bytes in a text column")
    tamper(log, "UPDATE audit SET purpose = CAST(purpose AS BLOB) WHERE seq = 2")
    assert log.verify() == "Entry 2 of the audit was changed."


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("seq = 2", "Entry 2 of the audit is missing."),
        ("seq = 1", "Entry 1 of the audit is missing."),
        ("seq <= 3", "Entry 1 of the audit is missing."),
        ("seq = 5", "Entry 5 of the audit and those after it are missing at the end."),
        ("seq > 0", "Entry 1 of the audit and those after it are missing at the end."),
    ],
)
def test_entries_that_were_dropped_are_found(log, gone, words):
    head = write(log, 5).head
    tamper(log, f"DELETE FROM audit WHERE {gone}")
    assert log.verify(head) == words


def test_two_entries_that_changed_places_are_found(log):
    write(log, 4)
    tamper(
        log,
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 99",
    )
    assert log.verify() == "Entry 2 of the audit does not follow the entry before it."


def test_a_tail_made_anew_is_found_by_who_remembers_the_head(log):
    head = write(log, 5).head
    tamper(log, "DELETE FROM audit WHERE seq > 3")
    for _ in range(3):
        log.append(utc=NOON, user="mallory", action="plan")
    assert log.verify() is None
    assert log.verify(head) == "Entry 5 of the audit is not the one remembered."


def test_old_entries_go_by_a_purge_that_is_an_entry(log):
    write(log, 10)
    seventh = Head(7, rows(log)[6]["hash"])
    later = NOON + 4 * 365 * DAY
    assert log.purge(before=NOON + 7 * DAY, utc=later, user="ana") == 7
    entries = log.entries()
    assert [entry.seq for entry in entries] == [8, 9, 10, 11]
    assert (entries[-1].action, entries[-1].sha256) == ("purge", seventh.hash)
    assert entries[-1].purpose == "entries 1 to 7 are over three years old"
    for remembered in (None, log.head, seventh, Head(3, SHA)):
        assert log.verify(remembered) is None
    assert log.verify(Head(7, SHA)) == "Entry 7 of the audit is not the one remembered."
    log.append(utc=later, user="ana", action="plan")
    assert log.head.seq == 12


def test_a_purge_may_take_all_and_the_next_takes_the_one_before(log):
    write(log, 3)
    assert log.purge(before=NOON + 99 * DAY, utc=NOON + 2000 * DAY, user="ana") == 3
    assert [entry.action for entry in log.entries()] == ["purge"]
    assert log.purge(before=NOON + 2001 * DAY, utc=NOON + 4000 * DAY, user="ana") == 1
    assert [entry.seq for entry in log.entries()] == [5]
    assert log.verify() is None


def test_a_purge_takes_the_start_only_and_never_what_is_young(log):
    for moment in (NOON, NOON + 5 * DAY, NOON + DAY):
        log.append(utc=moment, user="ana", action="plan")
    assert log.purge(before=NOON + 2 * DAY, utc=NOON + 2000 * DAY, user="ana") == 1
    assert [entry.seq for entry in log.entries()] == [2, 3, 4]
    assert log.purge(before=NOON + 2 * DAY, utc=NOON + 2000 * DAY, user="ana") == 0
    assert log.head.seq == 4
    with pytest.raises(StudyError, match="kept for three years"):
        log.purge(before=NOON, utc=NOON + 3 * 365 * DAY, user="ana")


def test_what_a_purge_does_not_cover_cannot_be_deleted_after_it(log):
    write(log, 5)
    log.purge(before=NOON + 2 * DAY, utc=NOON + 2000 * DAY, user="ana")
    for seq in (3, 5, 6):
        with pytest.raises(StudyError), log.database.writing() as connection:
            connection.execute(text(f"DELETE FROM audit WHERE seq = {seq}"))


def test_a_start_that_no_purge_recorded_is_found(log):
    write(log, 5)
    log.purge(before=NOON + 2 * DAY, utc=NOON + 2000 * DAY, user="ana")
    tamper(log, "DELETE FROM audit WHERE seq = 3")
    assert log.verify() == "Entry 1 of the audit is missing."


def test_a_purge_that_fails_leaves_everything(log, monkeypatch):
    before = rows(write(log, 5))
    monkeypatch.setattr("famgeo.store.audit._append", lambda *_args, **_values: None)
    with pytest.raises(StudyError):
        log.purge(before=NOON + 2 * DAY, utc=NOON + 2000 * DAY, user="ana")
    assert rows(log) == before


def append_many(folder, url, n):
    log = AuditLog(database=open_study_store(folder, url=url).database)
    for _ in range(n):
        log.append(utc=NOON, user="ana", action="plan")


def test_eight_programs_that_write_at_once_leave_no_gap_and_no_fork(log, store):
    assert at_once(8, append_many, store.folder, url_of(store), 25) == [0] * 8
    assert [entry.seq for entry in log.entries()] == list(range(1, 201))
    assert log.verify() is None
