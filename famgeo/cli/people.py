"""Who may sign in to the app, with which role: kept by the steward."""

import sys
from typing import Annotated

import typer

from famgeo.cli.logged import log
from famgeo.cli.terminal import Json, StudyName, app, open_named, tell
from famgeo.errors import StudyError
from famgeo.roles import Person, Role

users = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may sign in.")
app.add_typer(users, name="user")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name or an e-mail address.")]
Schools = Annotated[
    list[str] | None, typer.Option("--school", help="A principal's own school; may be repeated.")
]


@users.command()
def add(
    study: StudyName,
    name: Name,
    role: Annotated[Role, typer.Option(help="What they are to the district.")],
    school: Schools = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from a pipe.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let someone in, with one role."""
    opened = open_named(study)
    _schools_fit(role, school, set(opened.schools()["school_id"]))
    person = opened.store.accounts.add_user(
        name, role, school_ids=school or (), password=_password() if password else None
    )
    log(opened, f"add user as {role}", recipient=person.name)
    how = "with the password" if password else "by the district's own sign-in"
    tell(f"{_described(person)} may sign in {how}.", _record(person), as_json=as_json)


@users.command(name="role")
def set_role(
    study: StudyName,
    name: Name,
    role: Annotated[Role, typer.Option(help="What they are to the district.")],
    school: Schools = None,
    as_json: Json = False,
) -> None:
    """Give someone another role; it counts from their next click."""
    opened = open_named(study)
    _schools_fit(role, school, set(opened.schools()["school_id"]))
    person = opened.store.accounts.set_role(name, role, school_ids=school or ())
    log(opened, f"change role to {role}", recipient=person.name)
    tell(f"{_described(person)} from the next click on.", _record(person), as_json=as_json)


@users.command(name="password")
def set_password(study: StudyName, name: Name, as_json: Json = False) -> None:
    """Give someone a new password; they are signed out everywhere."""
    opened = open_named(study)
    person = opened.store.accounts.set_password(name, _password())
    log(opened, "change password", recipient=person.name)
    tell(f"The password of {person.name} is changed.", _record(person), as_json=as_json)


@users.command()
def off(study: StudyName, name: Name, as_json: Json = False) -> None:
    """Let someone in no more, from the next click on."""
    opened = open_named(study)
    person = opened.store.accounts.deactivate(name)
    log(opened, "shut out", recipient=person.name)
    tell(f"{person.name} may no longer sign in.", _record(person), as_json=as_json)


@users.command()
def on(study: StudyName, name: Name, as_json: Json = False) -> None:
    """Let someone in again, also after too many wrong passwords."""
    opened = open_named(study)
    person = opened.store.accounts.activate(name)
    log(opened, "let in again", recipient=person.name)
    tell(f"{_described(person)} may sign in again.", _record(person), as_json=as_json)


@users.command(name="list")
def list_users(study: StudyName, as_json: Json = False) -> None:
    """Say who may sign in."""
    everybody = open_named(study).store.accounts.users()
    lines = [
        f"{_described(person)}{'' if active else ' (shut out)'}" for person, active in everybody
    ]
    tell(
        "\n".join(lines)
        or f"Nobody yet. To let someone in: famgeo user add {study} NAME --role ROLE",
        {"users": [{**_record(person), "active": active} for person, active in everybody]},
        as_json=as_json,
    )


def _password() -> str:
    """Ask for a password twice on a terminal; else take the first line of the pipe."""
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _schools_fit(role: Role, given: list[str] | None, known: set[str]) -> None:
    """Refuse a principal without a school, and a school that is not there."""
    if role is Role.PRINCIPAL and not given:
        message = "A principal sees the own school. Say which: --school ID"
        raise typer.BadParameter(message)
    if unknown := sorted(set(given or ()) - known):
        message = f"There is no school {', '.join(unknown)} in this study."
        raise StudyError(message)


def _described(person: Person) -> str:
    schools = f" of {', '.join(sorted(person.school_ids))}" if person.school_ids else ""
    return f"{person.name}: {person.role}{schools}"


def _record(person: Person) -> dict[str, object]:
    return {"name": person.name, "role": person.role.value, "schools": sorted(person.school_ids)}
