"""Four people of the drawn district, in a study's own database."""

from dataclasses import replace
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


def new_store(folder: Path) -> Store:
    """Make a study with these four people, all of one password."""
    store = new_study(folder / "riverbend", name="Riverbend", timezone="America/Chicago")
    for person in EVERYBODY:
        accounts_of(store).add_user(
            person.name, person.role, school_ids=person.school_ids, password=PASSWORD
        )
    return store


def opened_store(folder: Path) -> Store | None:
    """Open the study made by ``new_store``; None where none was made."""
    study = folder / "riverbend"
    return open_study_store(study) if study.is_dir() else None


def accounts_of(store: Store) -> Accounts:
    """Return a study's people, with passwords that are checked in a moment."""
    return replace(store.accounts, passwords=QUICK)
