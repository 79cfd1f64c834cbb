"""What the app asks of the store about people."""

from datetime import datetime
from typing import Protocol, cast

from famgeo.roles import Person
from famgeo.study.study import Study


class Accounts(Protocol):
    """The users of a study, their passwords and their sessions."""

    def user(self, name: str) -> Person | None:
        """Return an active user."""

    def somebody_can_sign_in(self) -> bool:
        """Tell whether an active user has a password."""

    def check_password(self, name: str, password: str, *, now: datetime) -> object:
        """Return the person, or why not in words."""

    def open_session(self, user: str, *, now: datetime) -> str:
        """Open a session and return its token, which is stored as a hash only."""

    def session_user(self, token: str, *, now: datetime) -> Person | None:
        """Return whom an open session belongs to, with the role of this moment."""

    def close_session(self, token: str) -> None:
        """End a session."""


def accounts(study: Study) -> Accounts:
    """Return the study's users."""
    return cast("Accounts", study.store)
