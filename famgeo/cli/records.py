"""The audit log: read it, check it, and see what left the building."""

from typing import TYPE_CHECKING, Annotated

import typer

from famgeo.cli.logged import accept_trail
from famgeo.cli.terminal import Json, StudyName, app, open_named, tell, vault_of
from famgeo.errors import StudyError

if TYPE_CHECKING:
    from famgeo.store.audit import AuditEntry, Head

audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who did what, and when.")
app.add_typer(audit, name="audit")

HASH_HEX = 64


@audit.command()
def verify(
    study: StudyName,
    head: Annotated[
        str | None, typer.Option(help="NUMBER:HASH as an earlier report printed it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that no entry was changed, dropped or put in: exits 1 when one was."""
    from famgeo.study.trail import trail_fault

    opened = open_named(study)
    log = opened.store.audit
    fault = log.verify(_head(head) if head else None)
    if fault := fault or trail_fault(opened.store, vault_of(opened, trusted=False)):
        raise StudyError(fault)
    newest, count = log.head, len(log.entries())
    tell(
        f"The audit log is whole: {count:,} entries. Note its head, to check against later: "
        f"{newest.seq}:{newest.hash}",
        {"entries": count, "head": f"{newest.seq}:{newest.hash}"},
        as_json=as_json,
    )


@audit.command()
def accept(
    study: StudyName,
    purpose: Annotated[str, typer.Option(help="What happened; it is written into the log.")],
    as_json: Json = False,
) -> None:
    """Go on with a vault and a log that contradict each other, when no newer copy is left."""
    from famgeo.study.trail import trail_fault

    if not purpose.strip():
        message = "Say what happened in --purpose: it is written into the audit log."
        raise typer.BadParameter(message)
    opened = open_named(study)
    vault = vault_of(opened, trusted=False)
    fault = trail_fault(opened.store, vault)
    if fault:
        accept_trail(opened, vault, purpose=purpose)
    tell(
        f"Accepted, and logged: {fault}" if fault else "The vault and the log agree already.",
        {"accepted": fault},
        as_json=as_json,
    )


@audit.command(name="list")
def list_entries(
    study: StudyName,
    action: Annotated[str | None, typer.Option(help="Only one kind, such as release.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """Say who did what, the newest last."""
    entries = open_named(study).store.audit.entries(action=action)[-last:]
    tell(
        "\n".join(map(line, entries)) or "Nothing was logged yet.",
        {"entries": [_record(entry) for entry in entries]},
        as_json=as_json,
    )


@audit.command()
def exports(study: StudyName, as_json: Json = False) -> None:
    """Say what left the building: which file, when, by whom, why and to whom."""
    entries = open_named(study).store.audit.entries(action="export")
    tell(
        "\n".join(map(line, entries)) or "Nothing has left the building.",
        {"exports": [_record(entry) for entry in entries]},
        as_json=as_json,
    )


def line(entry: "AuditEntry") -> str:
    """Say an entry in one line.

    >>> said = dict(release_id="3f2a", sha256="", purpose="board", recipient="library")
    >>> from famgeo.store.audit import AuditEntry
    >>> line(AuditEntry(seq=7, utc="2026-11-23T14:02:11.000000+00:00", user="ana",
    ...     role="planner", action="export", **said))
    '7  2026-11-23 14:02 UTC  ana (planner): export to library, for board, release 3f2a'
    """
    role = f" ({entry.role})" if entry.role else ""
    said = (
        (" to ", entry.recipient),
        (", for ", entry.purpose),
        (", release ", entry.release_id),
        (", sha256 ", entry.sha256[:16]),
    )
    rest = "".join(f"{before}{text}" for before, text in said if text)
    when = f"{entry.utc[:10]} {entry.utc[11:16]} UTC"
    return f"{entry.seq}  {when}  {entry.user}{role}: {entry.action}{rest}"


def _record(entry: "AuditEntry") -> dict[str, object]:
    fields = (
        "seq",
        "utc",
        "user",
        "role",
        "action",
        "release_id",
        "sha256",
        "purpose",
        "recipient",
    )
    return {name: getattr(entry, name) for name in fields}


def _head(text: str) -> "Head":
    from famgeo.store.audit import Head

    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != HASH_HEX:
        message = f"--head '{text}' is not a number, a colon and a hash of {HASH_HEX} signs."
        raise typer.BadParameter(message)
    return Head(int(number), digest)
