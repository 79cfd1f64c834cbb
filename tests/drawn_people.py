"""Four people of the drawn district, kept in memory as the study's database keeps them."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from famgeo.roles import Person, Role

PASSWORD = "heron over the river"
STEWARD = Person(name="ada", role=Role.STEWARD)
PLANNER = Person(name="ben", role=Role.PLANNER)
LIAISON = Person(name="cleo", role=Role.LIAISON)
PRINCIPAL = Person(name="dora", role=Role.PRINCIPAL, school_ids=frozenset({"s0"}))
EVERYBODY = (STEWARD, PLANNER, LIAISON, PRINCIPAL)


@dataclass
class DrawnAccounts:
    """Users with one password, and their open sessions."""

    people: dict[str, Person] = field(default_factory=lambda: {p.name: p for p in EVERYBODY})
    sessions: dict[str, str] = field(default_factory=dict)
    opened: int = 0

    def user(self, name: str) -> Person | None:
        return self.people.get(name)

    def somebody_can_sign_in(self) -> bool:
        return bool(self.people)

    def check_password(self, name: str, password: str, *, now: datetime) -> object:
        known = name in self.people and password == PASSWORD
        return self.people[name] if known else "Name or password is not right."

    def open_session(self, user: str, *, now: datetime) -> str:
        self.opened += 1
        self.sessions[f"token-{self.opened}"] = user
        return f"token-{self.opened}"

    def session_user(self, token: str, *, now: datetime) -> Person | None:
        return self.people.get(self.sessions.get(token, ""))

    def close_session(self, token: str) -> None:
        self.sessions.pop(token, None)

    def change(self, name: str, **what: object) -> None:
        self.people[name] = replace(self.people[name], **what)
