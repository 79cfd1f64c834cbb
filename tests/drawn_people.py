"""Four people of the drawn district, in a study's own database."""

from pathlib import Path

from argon2 import PasswordHasher

from famgeo.roles import Person, Role
from famgeo.store.passwords import Passwords
from famgeo.store.studies import Store, new_study, open_study_store
from famgeo.store.users import Accounts

PASSWORD = "heron over the river"
STEWARD = Person(name="ada", role=Role.STEWARD)
PLANNER = Person(name="ben", role=Role.PLANNER)
LIAISON = Person(name="cleo", role=Role.LIAISON)
PRINCIPAL = Person(name="dora", role=Role.PRINCIPAL, school_ids=frozenset({"s0"}))
EVERYBODY = (STEWARD, PLANNER, LIAISON, PRINCIPAL)
QUICK = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class QuickStore(Store):
    """A study whose people's passwords are checked in a moment."""

    @property
    def accounts(self) -> Accounts:
        """Who may sign in."""
        return Accounts(database=self.database, passwords=QUICK)


def new_store(folder: Path) -> Store:
    """Make a study with these four people, all of one password."""
    made = new_study(folder / "riverbend", name="Riverbend", timezone="America/Chicago")
    store = QuickStore(folder=made.folder, settings=made.settings, database=made.database)
    for person in EVERYBODY:
        store.accounts.add_user(
            person.name, person.role, school_ids=person.school_ids, password=PASSWORD
        )
    return store


def opened_store(folder: Path) -> Store | None:
    """Open the study made by ``new_store``; None where none was made."""
    study = folder / "riverbend"
    return open_study_store(study) if study.is_dir() else None
