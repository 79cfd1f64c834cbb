"""What left the building, and who did what: a log that only grows, each entry sealing all before.

**The chain.** An entry's hash is the SHA-256 of the UTF-8 bytes of a JSON array, written without
spaces and with every character as itself: ``[previous, seq, utc, user, role, action, release_id,
sha256, purpose, recipient]``, where ``previous`` is the hash of the entry before, or 64 zeros
before the first. Any change breaks the chain at its entry. Who may write the database could make a
whole new tail; it is found by whoever remembers an earlier ``head``, so note the head elsewhere.

**The order** is that of ``seq``. ``utc`` is the server's clock at the time, kept as it was, also
when it was wrong or set back.

**Retention.** Entries older than three years may go, from the start only. A ``purge`` entry is
written first and holds the hash of the last entry to go, so the chain itself vouches for where it
now starts. The database refuses every other deletion and every change (``audit_guard``).

**What is in it:** short plain text on one line. No address or home ever belongs here.
"""

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, RowMapping, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from famgeo.errors import StudyError
from famgeo.roles import Person, Role
from famgeo.store.engine import Database
from famgeo.store.moments import to_text
from famgeo.store.schema import AUDIT

BEGINNING = "0" * 64
MOST_CHARACTERS = 200
KEPT = timedelta(days=3 * 365 + 1)
EXPORT = "export"
PURGE = "purge"
TYPED = ("purpose", "recipient")
COORDINATE = re.compile(r"\d[.,]\d{4,}")
REGISTER = ("utc", "user", "role", "release_id", "sha256", "purpose", "recipient")


class Head(NamedTuple):
    """The newest entry's number and hash: all that must be remembered to find a forged tail."""

    seq: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the log. ``utc`` as text, for it is part of what is hashed."""

    seq: int
    utc: str
    user: str
    role: str
    action: str
    release_id: str
    sha256: str
    purpose: str
    recipient: str

    def sealed(self, previous: str) -> str:
        """Return this entry's hash, given that of the entry before."""
        fields = [previous, *astuple(self)]
        # What is no text was put there by another hand, and only has to be hashed otherwise.
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=repr)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class AuditLog:
    """The audit of one study."""

    database: Database

    @property
    def head(self) -> Head:
        """The newest entry's number and hash; 0 and zeros before the first."""
        with self.database.reading() as connection:
            return _head(connection)

    def append(
        self,
        *,
        utc: datetime,
        user: str | Person,
        action: str,
        role: str = "",
        release_id: str = "",
        sha256: str = "",
        purpose: str = "",
        recipient: str = "",
    ) -> AuditEntry:
        """Write one entry after the newest and return it; it is on the disk when this returns.

        ``user`` may be a Person, whose role is then written. Raises ``StudyError``: a field that
        is too long or has several lines, a hash that is none, a full disk.
        """
        name, held = (user.name, user.role.value) if isinstance(user, Person) else (user, role)
        fields = _plain(
            user=name,
            role=held,
            action=action,
            release_id=release_id,
            sha256=sha256,
            purpose=purpose,
            recipient=recipient,
        )
        if fields["action"] == PURGE:
            message = "A purge is written by the audit itself."
            raise StudyError(message)
        with self.database.writing() as connection:
            return _append(connection, utc=to_text(utc), fields=fields)

    def entries(
        self, *, since: datetime | None = None, action: str | None = None
    ) -> tuple[AuditEntry, ...]:
        """Return the entries in their order: those the server dated ``since`` or later."""
        wanted = select(AUDIT).order_by(AUDIT.c.seq)
        if since is not None:
            wanted = wanted.where(AUDIT.c.utc >= to_text(since))
        if action is not None:
            wanted = wanted.where(AUDIT.c.action == action)
        with self.database.reading() as connection:
            return tuple(_entry(row) for row in connection.execute(wanted).mappings())

    def export_register(self, *, since: datetime | None = None) -> pd.DataFrame:
        """Return what left the building: when, by whom, which release and file, why, to whom."""
        exports = self.entries(since=since, action=EXPORT)
        rows = [{name: getattr(entry, name) for name in REGISTER} for entry in exports]
        return pd.DataFrame(rows, columns=list(REGISTER), dtype=str)

    def verify(self, remembered: Head | None = None) -> str | None:
        """Return the first fault in one sentence that names the entry, or None.

        With a head ``remembered`` from earlier, a tail that was cut off or made anew is found too.
        """
        with self.database.reading() as connection:
            return _broken_link(connection) or _forgotten(connection, remembered)

    def forgotten(self, remembered: Head) -> str | None:
        """Return a fault when the entry of a head remembered from earlier is not there, or None.

        Unlike ``verify`` it looks at that entry alone.
        """
        with self.database.reading() as connection:
            return _forgotten(connection, remembered)

    def purge(self, *, before: datetime, utc: datetime, user: str | Person) -> int:
        """Let the oldest entries go, up to the first dated ``before`` or later; return how many.

        The purge is itself an entry, written first. Raises ``StudyError`` when ``before`` is less
        than three years ago.
        """
        if before > utc - KEPT:
            message = "The audit is kept for three years. Choose an earlier date."
            raise StudyError(message)
        with self.database.writing() as connection:
            going = _going(connection, to_text(before))
            if going is None:
                return 0
            first, last = going
            name = user.name if isinstance(user, Person) else user
            fields = _plain(
                user=name,
                role=Role.STEWARD.value,
                action=PURGE,
                sha256=last.hash,
                purpose=f"entries {first} to {last.seq} are over three years old",
            )
            _append(connection, utc=to_text(utc), fields=fields)
            # The last goes last: the guard looks for it to know what the purge covers.
            connection.execute(delete(AUDIT).where(AUDIT.c.seq < last.seq))
            connection.execute(delete(AUDIT).where(AUDIT.c.seq == last.seq))
        self.database.settle()
        return last.seq - first + 1


def check_fields(**fields: str) -> None:
    """Raise ``StudyError`` for text that the audit would refuse: better before the work."""
    for name, text in fields.items():
        _line(name, text)


def _plain(**fields: str) -> dict[str, str]:
    """Return every text field: one short line, cleaned of what cannot be printed."""
    names = ("user", "role", "action", "release_id", "sha256", "purpose", "recipient")
    clean = {name: _line(name, fields.get(name, "")) for name in names}
    digest = clean["sha256"]
    if digest and (len(digest) != len(BEGINNING) or set(digest) - set("0123456789abcdef")):
        message = "The audit's field 'sha256' takes 64 hexadecimal digits or nothing."
        raise StudyError(message)
    if not clean["user"] or not clean["action"]:
        message = "An audit entry needs to say who did what."
        raise StudyError(message)
    return clean


def _line(name: str, text: str) -> str:
    if len(text) > MOST_CHARACTERS or len(text.strip().splitlines()) > 1:
        message = (
            f"The audit's field '{name}' takes one line of up to {MOST_CHARACTERS} characters. "
            "Say it shorter, and never with an address."
        )
        raise StudyError(message)
    if name in TYPED and COORDINATE.search(text):
        message = (
            f"The audit's field '{name}' holds a number with four decimals or more, as coordinates "
            "have. Nobody's home goes into the log: say it without."
        )
        raise StudyError(message)
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _append(connection: Connection, *, utc: str, fields: dict[str, str]) -> AuditEntry:
    previous = _head(connection)
    entry = AuditEntry(seq=previous.seq + 1, utc=utc, **fields)
    chain = {"previous": previous.hash, "hash": entry.sealed(previous.hash)}
    connection.execute(insert(AUDIT), {"seq": entry.seq, "utc": utc, **fields, **chain})
    return entry


def _head(connection: Connection) -> Head:
    newest = select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head(0, BEGINNING) if row is None else Head(row.seq, row.hash)


def _entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__dataclass_fields__})


def _going(connection: Connection, before: str) -> tuple[int, Head] | None:
    """Return the first number and the last entry of the unbroken run of old ones at the start."""
    first = connection.execute(select(func.min(AUDIT.c.seq))).scalar()
    kept = select(func.min(AUDIT.c.seq)).where(AUDIT.c.utc >= before).scalar_subquery()
    wanted = select(AUDIT.c.seq, AUDIT.c.hash).where(AUDIT.c.seq < func.coalesce(kept, 1 << 62))
    last = connection.execute(wanted.order_by(AUDIT.c.seq.desc()).limit(1)).first()
    return None if first is None or last is None else (first, Head(last.seq, last.hash))


def _broken_link(connection: Connection) -> str | None:
    """Follow the chain from its first entry and return the first fault."""
    seq = 1
    try:
        seq, previous = _start(connection)
        for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings():
            if row["seq"] != seq:
                return f"Entry {seq} of the audit is missing."
            if row["previous"] != previous:
                return f"Entry {seq} of the audit does not follow the entry before it."
            if row["hash"] != _entry(row).sealed(previous):
                return f"Entry {seq} of the audit was changed."
            seq, previous = seq + 1, row["hash"]
    except SQLAlchemyError:
        return f"Entry {seq} of the audit cannot be read."
    return None


def _start(connection: Connection) -> tuple[int, str]:
    """Return the number and the previous hash that the first entry must have.

    That is the end of the newest recorded purge whose own end is where the log begins.
    """
    row = connection.execute(
        select(AUDIT.c.seq, AUDIT.c.previous).order_by(AUDIT.c.seq).limit(1)
    ).first()
    if row is None or row.seq == 1:
        return 1, BEGINNING
    recorded = select(AUDIT.c.seq).where(
        AUDIT.c.action == PURGE,
        AUDIT.c.sha256 == row.previous,
        AUDIT.c.purpose.like(f"entries % to {row.seq - 1} are %"),
    )
    vouched = connection.execute(recorded.limit(1)).first() is not None
    return (row.seq, row.previous) if vouched else (1, BEGINNING)


def _forgotten(connection: Connection, remembered: Head | None) -> str | None:
    """Return a fault when the remembered entry is not the one there is."""
    if remembered is None or remembered.seq == 0:
        return None
    newest, start = _head(connection), _start(connection)
    if remembered.seq > newest.seq:
        return f"Entry {newest.seq + 1} of the audit and those after it are missing at the end."
    if remembered.seq < start[0]:
        passed = remembered.seq < start[0] - 1 or remembered.hash == start[1]
    else:
        same = select(AUDIT.c.hash).where(AUDIT.c.seq == remembered.seq)
        passed = connection.execute(same).scalar() == remembered.hash
    return None if passed else f"Entry {remembered.seq} of the audit is not the one remembered."
