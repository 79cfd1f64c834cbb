"""What the steward owes the families: to look with a reason, to erase, to keep nothing long."""

from typing import Annotated

import typer

from famgeo.cli.logged import log
from famgeo.cli.terminal import Json, StudyName, app, now, open_named, tell, vault_of, who
from famgeo.errors import StudyError


@app.command()
def forget(
    study: StudyName,
    student: Annotated[str | None, typer.Option(help="A child: the whole family goes.")] = None,
    household: Annotated[str | None, typer.Option(help="A household id.")] = None,
    as_json: Json = False,
) -> None:
    """Erase a family for good: no later roster and no older copy of the vault brings it back."""
    if (student is None) == (household is None):
        message = "Name the family by one of --student ID and --household ID."
        raise typer.BadParameter(message)
    opened = open_named(study)
    vault = vault_of(opened)
    homes = {household} if household else set(vault.family_of(student or ""))
    if student and not homes:
        message = (
            "No student of this id is in the vault. To keep a family out that a later roster may "
            "bring, name it by --household ID."
        )
        raise StudyError(message)
    erased = vault.forget(household_ids=homes, student_ids={student} if student else (), now=now())
    log(opened, "forget", vault=vault)
    tell(
        f"{erased}\nThe maps and plans shown until now stay as they are, and name nobody. To count "
        f"anew: famgeo release {study}",
        {"erased": True},
        as_json=as_json,
    )


@app.command()
def look(
    study: StudyName,
    student: Annotated[str, typer.Option(help="One child.")],
    reason: Annotated[str, typer.Option(help="Why; it is written into the audit log.")],
    as_json: Json = False,
) -> None:
    """Show what the vault holds of one child, to the steward who says why."""
    if not reason.strip():
        message = "Say why in --reason: it is written into the audit log."
        raise typer.BadParameter(message)
    opened = open_named(study)
    vault = vault_of(opened)
    students = vault.students()
    rows = students[students["student_id"] == student]
    log(opened, "look at one family", vault=vault, purpose=reason)
    if rows.empty:
        message = "No student of this id is in the vault."
        raise StudyError(message)
    known = rows.drop(columns="geometry").assign(lon=rows.geometry.x, lat=rows.geometry.y)
    records = [
        {str(name): value for name, value in row.items()} for row in known.to_dict("records")
    ]
    text = "\n\n".join("\n".join(f"{n}: {v}" for n, v in row.items()) for row in records)
    tell(text, {"rows": records}, as_json=as_json)


@app.command()
def purge(study: StudyName, as_json: Json = False) -> None:
    """Erase what has had its time: homes of those who left, half-written files, old log lines."""
    from famgeo.store.audit import KEPT

    opened = open_named(study)
    vault = vault_of(opened)
    purged = vault.purge(now=now())
    lines = opened.store.audit.purge(before=now() - KEPT, utc=now(), user=who())
    log(opened, "purge families", vault=vault)
    told = f"\nLines of the audit log over three years old: {lines:,} erased." if lines else ""
    tell(f"{purged}{told}", {"purged": str(purged), "audit_lines": lines}, as_json=as_json)


@app.command(name="bring-back")
def bring_back(study: StudyName, as_json: Json = False) -> None:
    """Undo the newest whole enrolment: those whom it lacked are counted again."""
    opened = open_named(study)
    vault = vault_of(opened)
    rows = vault.bring_back()
    log(opened, "bring back", vault=vault)
    text = (
        "Those who had left with the last whole enrolment are back. Add the right roster now."
        if rows
        else "Nobody left in the last 30 days, so nobody is brought back."
    )
    tell(text, {"brought_back": rows > 0}, as_json=as_json)
