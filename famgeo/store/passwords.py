"""Passwords: argon2id, at least twelve characters, and the same work for a name nobody has.

Parameters are those of RFC 9106 for little memory (64 MiB, 3 passes, 4 lanes); a password stored
under others is hashed again when it is next given.
"""

import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from famgeo.errors import StudyError

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 1000
"""What is longer is no password but a load."""


@dataclass(frozen=True, kw_only=True)
class Passwords:
    """How passwords are hashed and compared."""

    hasher: PasswordHasher

    def hashed(self, password: str) -> str:
        """Return the hash to store. Raises ``StudyError``: too short, too long."""
        if not LEAST_CHARACTERS <= len(_form(password)) <= MOST_CHARACTERS:
            message = (
                f"A password needs {LEAST_CHARACTERS} to {MOST_CHARACTERS:,} characters. Several "
                "words that do not belong together are easy to remember."
            )
            raise StudyError(message)
        return self.hasher.hash(_form(password))

    def match(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; without one, do the same work in vain."""
        if stored is None:
            self.hasher.hash(_form(password))
            return False
        try:
            return self.hasher.verify(stored, _form(password))
        except (VerificationError, InvalidHashError):
            return False

    def renewed(self, stored: str, password: str) -> str:
        """Return the hash to store for a password that matched: a new one if parameters changed."""
        old = self.hasher.check_needs_rehash(stored)
        return self.hasher.hash(_form(password)) if old else stored


def _form(password: str) -> str:
    """Return the password as every keyboard types it, and never a long text to hash."""
    cut = password[: MOST_CHARACTERS + 1].encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", cut)


PASSWORDS = Passwords(hasher=PasswordHasher())
