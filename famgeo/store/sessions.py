"""Who is signed in at this moment: random tokens, of which only the hash is kept."""

import contextlib
import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, delete, insert, select, update

from famgeo.errors import StudyError
from famgeo.roles import Person, Role
from famgeo.store.engine import Database
from famgeo.store.moments import from_text, to_text
from famgeo.store.schema import SESSIONS, USERS
from famgeo.tables import split_list

IDLE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=15)
"""How often a session that is in use is written: never on each click."""
TOKEN_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The open sessions of a study's users. All moments are the server's."""

    database: Database

    def open_session(self, user: str, *, now: datetime) -> str:
        """Open a session for a user and return its token.

        A session ends when it was not used for twelve hours. Raises ``StudyError`` when there is
        no such active user.
        """
        token, user = secrets.token_urlsafe(TOKEN_BYTES), folded(user)
        row = {
            "token_sha256": _sha256(token),
            "user": user,
            "created": to_text(now),
            "expires": to_text(now + IDLE),
        }
        there = select(USERS.c.name).where(USERS.c.name == user, USERS.c.active)
        with self.database.writing() as connection:
            if connection.execute(there).first() is None:
                message = f"There is no active user '{user}'."
                raise StudyError(message)
            connection.execute(delete(SESSIONS).where(SESSIONS.c.expires <= to_text(now)))
            connection.execute(insert(SESSIONS), row)
        return token

    def session_user(self, token: str, *, now: datetime) -> Person | None:
        """Return whom an open session belongs to, with the role of this moment; None without."""
        mine = SESSIONS.c.token_sha256 == _sha256(token)
        wanted = (
            select(USERS, SESSIONS.c.expires)
            .join(SESSIONS, SESSIONS.c.user == USERS.c.name)
            .where(mine, SESSIONS.c.expires > to_text(now), USERS.c.active)
        )
        with self.database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        if row is None:
            return None
        if from_text(row["expires"]) < now + IDLE - NOTED_EVERY:
            later = update(SESSIONS).where(mine).values(expires=to_text(now + IDLE))
            # A full disk ends no session early.
            with contextlib.suppress(StudyError), self.database.writing() as connection:
                connection.execute(later)
        return person_of(row)

    def close_session(self, token: str) -> None:
        """End a session; one that is not there has ended already."""
        with self.database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.token_sha256 == _sha256(token)))


def folded(name: str) -> str:
    """Return a name as it is stored and compared; what cannot be printed becomes ``?``.

    >>> folded(" Ana@Example.ORG "), folded("ａｎａ@example.org")
    ('ana@example.org', 'ana@example.org')
    """
    seen = "".join(c if c.isprintable() else "?" for c in name.strip())
    plain = unicodedata.normalize("NFKC", seen).casefold()
    return unicodedata.normalize("NFKC", plain).strip()


def person_of(row: RowMapping) -> Person:
    """Return the person whom a row of USERS describes."""
    schools = frozenset(split_list(row["school_ids"]))
    return Person(name=row["name"], role=Role(row["role"]), school_ids=schools)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
