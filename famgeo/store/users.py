"""Who may sign in: one role each, a password or none, and a wait after wrong tries.

Names (mostly e-mail addresses) are compared as Unicode's NFKC without case. Who signs in by a
provider or a proxy has no password here. Every refused try costs one hash and one small write,
whether the name is known or not, and is answered by the same sentence.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from famgeo.errors import StudyError
from famgeo.roles import Person, Role
from famgeo.store.engine import Database
from famgeo.store.moments import from_text, to_text
from famgeo.store.passwords import PASSWORDS, Passwords
from famgeo.store.schema import SESSIONS, STUDY_META, USERS
from famgeo.store.sessions import Sessions, folded, person_of
from famgeo.tables import join_list

MOST_NAME = 200
FREE_TRIES = 5
FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=24)
VAIN_TRIES = "sign_ins_in_vain"


@dataclass(frozen=True, kw_only=True)
class SignInRefused:
    """Why nobody was signed in: one sentence for every cause, so that it tells of no name."""

    def __str__(self) -> str:
        return (
            f"The name or the password is not right. After {FREE_TRIES} wrong tries a name has to "
            f"wait {FIRST_WAIT.seconds // 60} minutes, and longer each time."
        )


@dataclass(frozen=True, kw_only=True)
class Accounts(Sessions):
    """The people of a study."""

    database: Database
    passwords: Passwords = field(default=PASSWORDS)

    def user(self, name: str) -> Person | None:
        """Return an active user with the role of this moment; None when there is none."""
        wanted = select(USERS).where(USERS.c.name == folded(name), USERS.c.active)
        with self.database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else person_of(row)

    def users(self) -> list[tuple[Person, bool]]:
        """Return everybody by name, with whether they are active."""
        with self.database.reading() as connection:
            rows = connection.execute(select(USERS).order_by(USERS.c.name)).mappings()
            return [(person_of(row), row["active"]) for row in rows]

    def somebody_can_sign_in(self) -> bool:
        """Tell whether an active user has a password."""
        wanted = select(USERS.c.name).where(USERS.c.active, USERS.c.password.is_not(None))
        with self.database.reading() as connection:
            return connection.execute(wanted.limit(1)).first() is not None

    def add_user(
        self,
        name: str,
        role: Role | str,
        *,
        school_ids: Collection[str] = (),
        password: str | None = None,
    ) -> Person:
        """Add a user. Without a password they sign in by a provider or a proxy.

        Raises ``StudyError``: a name that is taken or cannot be one, an unknown role, a password
        that is too short.
        """
        key = _checked_name(name)
        row = {
            "name": key,
            "role": _checked_role(role).value,
            "school_ids": join_list(school_ids),
            "password": None if password is None else self.passwords.hashed(password),
            "failures": 0,
            "active": True,
        }
        with self.database.writing() as connection:
            if self._row(connection, key) is not None:
                message = f"There is a user '{key}' already. Change the role instead."
                raise StudyError(message)
            connection.execute(insert(USERS), row)
        return Person(name=key, role=_checked_role(role), school_ids=frozenset(school_ids))

    def set_role(self, name: str, role: Role | str, *, school_ids: Collection[str] = ()) -> Person:
        """Give a user this role in the place of the one they had; it counts from the next click."""
        new = {"role": _checked_role(role).value, "school_ids": join_list(school_ids)}
        return self._change(name, new)

    def set_password(self, name: str, password: str | None) -> Person:
        """Change a password, or take it away; every open session of the user ends."""
        hashed = None if password is None else self.passwords.hashed(password)
        return self._change(
            name, {"password": hashed, "failures": 0, "locked_until": None}, out=True
        )

    def deactivate(self, name: str) -> Person:
        """Let a user in no more, from the next click; the name stays taken."""
        return self._change(name, {"active": False}, out=True)

    def activate(self, name: str) -> Person:
        """Let a user in again."""
        return self._change(name, {"active": True, "failures": 0, "locked_until": None})

    def waits_until(self, name: str) -> datetime | None:
        """Return until when a name waits after wrong tries; None when it never had to."""
        with self.database.reading() as connection:
            row = self._row(connection, folded(name))
        until = None if row is None else row["locked_until"]
        return None if until is None else from_text(until)

    def check_password(self, name: str, password: str, *, now: datetime) -> Person | SignInRefused:
        """Return the active user whose name and password these are, or the refusal.

        After ``FREE_TRIES`` wrong passwords in a row the name waits, even with the right one; each
        wrong try after that doubles the wait. A right password starts the count anew.
        """
        key = folded(name)
        with self.database.reading() as connection:
            row = self._row(connection, key)
        stored = row["password"] if row is not None and row["active"] else None
        right = self.passwords.match(stored, password)
        renewed = self.passwords.renewed(stored, password) if right and stored else stored
        with self.database.writing() as connection:
            # Read again: other tries may have been counted during the long work above.
            row = self._row(connection, key)
            if row is None or not row["active"] or row["password"] != stored or stored is None:
                return _in_vain(connection)
            if row["locked_until"] is not None and now < from_text(row["locked_until"]):
                return _in_vain(connection)
            if not right:
                return _count(connection, row, now)
            if (renewed, 0) != (stored, row["failures"]):
                fresh = {"password": renewed, "failures": 0, "locked_until": None}
                connection.execute(update(USERS).where(USERS.c.name == key).values(**fresh))
            return person_of(row)

    def _change(self, name: str, new: dict[str, Any], *, out: bool = False) -> Person:
        key = folded(name)
        with self.database.writing() as connection:
            connection.execute(update(USERS).where(USERS.c.name == key).values(**new))
            row = self._row(connection, key)
            if row is None:
                message = f"There is no user '{name.strip()[:MOST_NAME]}'. Add the user first."
                raise StudyError(message)
            if out:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.user == key))
        return person_of(row)

    @staticmethod
    def _row(connection: Connection, key: str) -> RowMapping | None:
        return connection.execute(select(USERS).where(USERS.c.name == key)).mappings().first()


def _checked_name(name: str) -> str:
    key = folded(name)
    if not (0 < len(key) <= MOST_NAME and name.strip().isprintable()):
        message = (
            f"A user's name is 1 to {MOST_NAME} letters on one line, such as an e-mail address."
        )
        raise StudyError(message)
    return key


def _checked_role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        message = f"There is no role '{role}'. The roles are {', '.join(Role)}."
        raise StudyError(message) from None


def _count(connection: Connection, row: RowMapping, now: datetime) -> SignInRefused:
    failures = row["failures"] + 1
    doublings = min(failures - FREE_TRIES, 10)
    wait = min(FIRST_WAIT * 2**doublings, LONGEST_WAIT) if doublings >= 0 else timedelta(0)
    until = to_text(now + wait) if wait else None
    counted = {"failures": failures, "locked_until": until}
    connection.execute(update(USERS).where(USERS.c.name == row["name"]).values(**counted))
    return SignInRefused()


def _in_vain(connection: Connection) -> SignInRefused:
    """Count a try for which no user is answerable: the write that a wrong password costs."""
    mine = STUDY_META.c.key == VAIN_TRIES
    tries = int(connection.execute(select(STUDY_META.c.value).where(mine)).scalar() or 0)
    value = str(tries + 1)
    if connection.execute(update(STUDY_META).where(mine).values(value=value)).rowcount == 0:
        connection.execute(insert(STUDY_META), {"key": VAIN_TRIES, "value": value})
    return SignInRefused()
