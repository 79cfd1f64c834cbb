"""Users: one role each, no name told, no guess unpunished, no session that outlives its user."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from databases import opened_again
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from famgeo.errors import StudyError
from famgeo.roles import Person, Role
from famgeo.store.passwords import PASSWORDS, Passwords
from famgeo.store.schema import SESSIONS, STUDY_META, USERS
from famgeo.store.sessions import folded
from famgeo.store.studies import new_study
from famgeo.store.users import Accounts, SignInRefused

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WORDS = "heron over the river"
QUICK = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""A test would wait for the real ones; how they are checked is the same."""


@pytest.fixture
def store(tmp_path, database_url):
    return new_study(
        tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago", url=database_url
    )


@pytest.fixture
def accounts(store):
    accounts = Accounts(database=store.database, passwords=QUICK)
    accounts.add_user("ana@example.org", Role.STEWARD, password=WORDS)
    return accounts


def stored(accounts, name="ana@example.org"):
    with accounts.database.reading() as connection:
        return connection.execute(select(USERS).where(USERS.c.name == name)).mappings().one()


def tries(accounts, password, n, now=NOON):
    return [accounts.check_password("ana@example.org", password, now=now) for _ in range(n)]


def test_a_user_is_found_however_the_name_is_typed(accounts, store):
    ana = Person(name="ana@example.org", role=Role.STEWARD)
    for typed in (" Ana@Example.ORG", "ana@example.org", "ａｎａ@example.org"):
        assert accounts.user(typed) == ana
        assert accounts.check_password(typed, WORDS, now=NOON) == ana
        assert accounts.session_user(accounts.open_session(typed, now=NOON), now=NOON) == ana
    assert accounts.user("ann@example.org") is None
    assert opened_again(store).accounts.users() == [(ana, True)]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_folding_a_name_twice_is_folding_it_once(name):
    assert folded(folded(name)) == folded(name)


def test_a_name_has_one_role_and_the_newest_counts(accounts):
    with pytest.raises(StudyError, match=r"'ana@example.org' already"):
        accounts.add_user("ANA@example.org", Role.PLANNER)
    changed = accounts.set_role("Ana@example.org", "principal", school_ids={"S2", "S1"})
    assert changed == accounts.user("ana@example.org")
    assert changed == Person(
        name="ana@example.org", role=Role.PRINCIPAL, school_ids=frozenset({"S1", "S2"})
    )
    assert accounts.set_role("ana@example.org", Role.LIAISON).school_ids == frozenset()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "a\x00b", "\ud800", "a\u202eb"])
def test_a_name_is_one_short_line(accounts, name):
    with pytest.raises(StudyError, match="1 to 200 letters"):
        accounts.add_user(name, Role.PLANNER)


def test_an_unknown_role_or_user_is_answered_by_what_there_is(accounts):
    with pytest.raises(StudyError, match=r"no role 'boss'.*principal, planner, liaison, steward"):
        accounts.add_user("ben", "boss")
    for change in (accounts.deactivate, accounts.activate):
        with pytest.raises(StudyError, match="no user 'ben'"):
            change("ben")
    with pytest.raises(StudyError, match="no user 'ben'"):
        accounts.set_role("ben", Role.PLANNER)
    with pytest.raises(StudyError, match="no active user 'ben'"):
        accounts.open_session("ben", now=NOON)


@pytest.mark.parametrize("password", ["", "elevenchars", "é" * 11, "x" * 1001])
def test_a_password_has_twelve_characters_and_an_end(accounts, password):
    with pytest.raises(StudyError, match="12 to 1,000 characters"):
        accounts.set_password("ana@example.org", password)
    with pytest.raises(StudyError, match="12 to 1,000 characters"):
        accounts.add_user("ben", Role.PLANNER, password=password)
    assert accounts.user("ben") is None


def test_a_password_is_kept_as_argon2id_only(accounts):
    assert stored(accounts)["password"].startswith("$argon2id$")
    assert WORDS not in str(dict(stored(accounts)))
    assert PASSWORDS.hashed(WORDS).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_is_the_same_from_every_keyboard(accounts):
    accounts.set_password("ana@example.org", "cafe\u0301 am Fluss unten")
    same = accounts.check_password("ana@example.org", "caf\u00e9 am Fluss unten", now=NOON)
    assert isinstance(same, Person)


def test_every_refusal_is_the_same_sentence(accounts):
    accounts.add_user("provider@example.org", Role.PLANNER)
    accounts.add_user("gone@example.org", Role.PLANNER, password=WORDS)
    accounts.deactivate("gone@example.org")
    answers = {
        accounts.check_password(name, password, now=NOON)
        for name, password in (
            ("ana@example.org", "wrong"),
            ("ana@example.org", WORDS + "\ud800"),
            ("nobody@example.org", WORDS),
            ("provider@example.org", ""),
            ("provider@example.org", WORDS),
            ("gone@example.org", WORDS),
            ("\x00", WORDS),
            ("", ""),
        )
    }
    answers |= set(tries(accounts, "wrong", 9))
    assert answers == {SignInRefused()}
    assert len(set(map(str, answers))) == 1


class Counting(PasswordHasher):
    """Counts the long works."""

    works = 0

    def hash(self, *args, **kwargs):
        self.works += 1
        return super().hash(*args, **kwargs)

    def verify(self, *args, **kwargs):
        self.works += 1
        return super().verify(*args, **kwargs)


def test_a_refused_try_costs_the_same_for_every_name(accounts):
    """One hash and one row written, so that a clock tells no name."""
    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    watched = Accounts(database=accounts.database, passwords=Passwords(hasher=hasher))
    watched.check_password("nobody", "wrong", now=NOON)  # makes the row of the tries in vain
    tries(accounts, "wrong", 5)
    writes = []

    def note(_connection, _cursor, statement, *_rest):
        writes.append(statement) if statement.startswith(("UPDATE", "INSERT")) else None

    event.listen(accounts.database.engine, "before_cursor_execute", note)
    for name, now in (
        ("nobody", NOON),
        ("ana@example.org", NOON),  # locked
        ("ana@example.org", NOON + 15 * MINUTE),
    ):
        hasher.works = 0
        writes.clear()
        watched.check_password(name, "wrong", now=now)
        assert (hasher.works, len(writes)) == (1, 1), name


def test_five_wrong_passwords_wait_fifteen_minutes_and_each_more_doubles_it(accounts):
    now = NOON
    tries(accounts, "wrong", 4, now)
    assert isinstance(tries(accounts, WORDS, 1, now)[0], Person)
    tries(accounts, "wrong", 5, now)
    for minutes in (15, 30, 60, 120, 240, 480, 960, 1440, 1440):
        assert tries(accounts, WORDS, 1, now + minutes * MINUTE - MINUTE / 60) == [SignInRefused()]
        now += minutes * MINUTE
        assert tries(accounts, "wrong", 1, now) == [SignInRefused()]
    assert isinstance(tries(accounts, WORDS, 1, now + 1440 * MINUTE)[0], Person)
    assert stored(accounts)["failures"] == 0


def test_tries_during_a_wait_do_not_make_it_longer(accounts):
    tries(accounts, "wrong", 50)
    assert isinstance(tries(accounts, WORDS, 1, NOON + 15 * MINUTE)[0], Person)


def test_tries_in_vain_are_counted_and_leave_no_name(accounts):
    for _ in range(3):
        accounts.check_password("typed-my-password-here", "x", now=NOON)
    with accounts.database.reading() as connection:
        meta = {row.key: row.value for row in connection.execute(select(STUDY_META))}
    assert meta["sign_ins_in_vain"] == "3"
    assert "typed-my-password-here" not in str(meta)


def test_guesses_made_at_once_are_all_counted(accounts):
    """Of sixteen guesses five count, and the rest meet the wait."""
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(tries, accounts, "wrong", 4) for _ in range(4)]
        answers = [answer for future in asked for answer in future.result()]
    assert answers == [SignInRefused()] * 16
    assert stored(accounts)["failures"] == 5
    assert tries(accounts, WORDS, 1) == [SignInRefused()]


def test_a_password_is_hashed_again_when_the_parameters_change(accounts):
    before = stored(accounts)["password"]
    stronger = Passwords(hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    renewing = Accounts(database=accounts.database, passwords=stronger)
    assert renewing.check_password("ana@example.org", "wrong", now=NOON) == SignInRefused()
    assert stored(accounts)["password"] == before
    assert isinstance(renewing.check_password("ana@example.org", WORDS, now=NOON), Person)
    after = stored(accounts)["password"]
    assert "m=16,t=2" in after
    assert isinstance(renewing.check_password("ana@example.org", WORDS, now=NOON), Person)
    assert stored(accounts)["password"] == after


def test_a_damaged_hash_lets_nobody_in(accounts):
    with accounts.database.writing() as connection:
        connection.execute(update(USERS).values(password="$argon2id$cut"))
    assert tries(accounts, WORDS, 1) == [SignInRefused()]


def test_a_token_opens_its_session_until_twelve_idle_hours_have_passed(accounts):
    token = accounts.open_session("ana@example.org", now=NOON)
    hours = timedelta(hours=1)
    assert accounts.session_user(token, now=NOON + 11 * hours).name == "ana@example.org"
    assert accounts.session_user(token, now=NOON + 22 * hours) is not None
    assert accounts.session_user(token, now=NOON + 34 * hours) is None
    assert accounts.session_user("guess", now=NOON) is None
    assert accounts.session_user("\ud800", now=NOON) is None


def test_a_session_in_use_is_seldom_written(accounts):
    token = accounts.open_session("ana@example.org", now=NOON)
    writes = []
    event.listen(
        accounts.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: writes.append(statement[:6]),
    )
    for minute in range(60):
        accounts.session_user(token, now=NOON + minute * MINUTE)
    assert writes.count("UPDATE") == 3


def test_only_the_hash_of_a_token_is_kept(accounts):
    tokens = {accounts.open_session("ana@example.org", now=NOON) for _ in range(5)}
    with accounts.database.reading() as connection:
        kept = connection.execute(select(SESSIONS)).all()
    assert len(tokens) == len(kept) == 5
    assert all(len(token) >= 43 for token in tokens)
    assert not any(token in str(kept) for token in tokens)


def test_a_role_counts_at_once_and_who_leaves_is_out_at_once(accounts):
    token = accounts.open_session("ana@example.org", now=NOON)
    accounts.set_role("ana@example.org", Role.PLANNER)
    assert accounts.session_user(token, now=NOON).role is Role.PLANNER
    accounts.deactivate("ana@example.org")
    assert accounts.session_user(token, now=NOON) is None
    assert accounts.user("ana@example.org") is None
    assert not accounts.somebody_can_sign_in()
    accounts.activate("ana@example.org")
    assert accounts.somebody_can_sign_in()
    assert accounts.user("ana@example.org").role is Role.PLANNER
    assert accounts.session_user(token, now=NOON) is None


def test_a_new_password_and_a_sign_out_end_sessions(accounts):
    first, second = (accounts.open_session("ana@example.org", now=NOON) for _ in range(2))
    accounts.close_session(first)
    accounts.close_session(first)
    assert accounts.session_user(first, now=NOON) is None
    assert accounts.session_user(second, now=NOON) is not None
    accounts.set_password("ana@example.org", WORDS + "!")
    assert accounts.session_user(second, now=NOON) is None


def test_ended_sessions_are_cleared_away(accounts):
    accounts.open_session("ana@example.org", now=NOON)
    accounts.open_session("ana@example.org", now=NOON + timedelta(days=1))
    with accounts.database.reading() as connection:
        assert len(connection.execute(select(SESSIONS)).all()) == 1


def test_a_user_is_read_by_one_question(accounts):
    asked = []
    event.listen(
        accounts.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: asked.append(statement),
    )
    accounts.user("ana@example.org")
    assert [s for s in asked if not s.startswith(("BEGIN", "SET"))] == [
        s for s in asked if s.startswith("SELECT")
    ]
    assert sum(s.startswith("SELECT") for s in asked) == 1


def test_a_moment_without_a_time_zone_is_refused(accounts):
    with pytest.raises(StudyError, match="no time zone"):
        accounts.open_session("ana@example.org", now=datetime(2026, 9, 1))  # noqa: DTZ001
