"""What every command shares: where studies are, how to tell, how to fail, how to show progress."""

import getpass
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from famgeo.domain import ReadReport
from famgeo.errors import StudyError
from famgeo.settings import Settings

if TYPE_CHECKING:
    from famgeo.study.study import Study
    from famgeo.tables import Progress, Vault

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Who cannot come to the meeting, and where to meet instead.",
)

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="The study's name or folder.")]
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

PUT_BACK = (
    "Put back the newest vault.db and study.db from your backup. If there is none: "
    "famgeo audit accept {study} --purpose WHY"
)
WAITS_S = (0.0, 0.2, 0.8)

Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def fail(sentence: str, *, code: int = 1) -> NoReturn:
    """Print one plain sentence, also as JSON when that was asked for, and leave with the code."""
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": sentence}, ensure_ascii=False))
    typer.echo(plain(sentence), err=True)
    sys.exit(code)


def wrong_use(error: Exception) -> str:
    """Say how a command was used wrongly, in one sentence; '' when the error is of another kind.

    typer keeps its errors private, so they are known by what they can do.
    """
    said = getattr(error, "format_message", None)
    if said is None:
        return ""
    sentence = said().removeprefix("Invalid value: ").replace("Value error, ", "")
    sentence = sentence.replace("Input should", "it should").strip()
    context = getattr(error, "ctx", None)
    if context is None or "Usage:" in sentence:
        return str(sentence)
    return f"{sentence.rstrip('.')}. To see how: {context.command_path} --help"


def tell_where(error: BaseException | None) -> None:
    """Print where a defect happened: kinds of errors and lines of code, never their messages.

    A message may quote a row of the vault, and what is printed here is meant to be passed on.
    """
    while error is not None:
        typer.echo("".join(traceback.format_tb(error.__traceback__)), err=True, nl=False)
        typer.echo(type(error).__name__, err=True)
        error = error.__cause__ or error.__context__


def tell(text: str, data: dict[str, object], *, as_json: bool) -> None:
    """Print a summary in words, or as JSON."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=1) if as_json else plain(text))


def plain(text: str) -> str:
    r"""Return a text without signs that steer a terminal: names come from files.

    >>> plain("Library\x1b[2J")
    'Library[2J'
    """
    return STEERING.sub("", text)


def report_json(report: ReadReport) -> dict[str, object]:
    """Return a reader's report as JSON types."""
    return {
        "source": report.source,
        "read": report.rows_read,
        "used": report.rows_used,
        "refused": [{"row": r.row, "why": r.why} for r in report.refused],
        "notes": list(report.notes),
    }


def now() -> datetime:
    """Return the moment of the command; the stages never ask the clock."""
    return datetime.now(UTC)


@app.callback()
def common(
    database: Annotated[
        str | None,
        typer.Option(help="A PostgreSQL database instead of SQLite; or FAMGEO_DATABASE."),
    ] = None,
) -> None:
    """Who cannot come to the meeting, and where to meet instead."""
    if database is not None:
        # The app is a process of its own and finds it there too.
        os.environ["FAMGEO_DATABASE"] = database


def who() -> str:
    """Return the name of the computer's user, for the audit log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"


def folder_of(study: str) -> Path:
    """Return a study's folder: a name lies in the studies folder, a path is itself."""
    path = Path(study)
    return path if len(path.parts) > 1 or path.is_absolute() else Settings().studies / study


def open_named(study: str) -> "Study":
    """Open a study by name or folder."""
    from famgeo.study.study import open_study

    return open_study(folder_of(study), database=Settings().database)


def vault_of(study: "Study", *, trusted: bool = True) -> "Vault":
    """Open the study's vault: only the command line can.

    Raises ``StudyError`` when the vault and the audit log contradict each other, but for who only
    looks and is told so by what was asked: then ``trusted`` is false.
    """
    from famgeo.store.vault import open_vault

    vault = open_vault(study.folder)
    if vault.erased_again.students:
        typer.echo(f"An older copy of the vault was put back. {vault.erased_again}", err=True)
    if trusted:
        _check_trail(study, vault)
    return vault


def _check_trail(study: "Study", vault: "Vault") -> None:
    from famgeo.study.trail import trail_fault

    fault = ""
    for wait_s in WAITS_S:
        time.sleep(wait_s)  # another command may be just between its two notes
        fault = trail_fault(study.store, vault)
        if not fault:
            return
    message = f"{fault} {PUT_BACK.format(study=study.folder.name)}"
    raise StudyError(message)


@contextmanager
def threads() -> Iterator[Executor | None]:
    """Give the searches as many threads as the machine has cores, or FAMGEO_THREADS."""
    from famgeo import jobs

    with jobs.threads(Settings().threads) as executor:
        yield executor


@contextmanager
def progress() -> Iterator["Progress"]:
    """Show long work on a terminal; stay silent in a pipe."""
    from famgeo.tables import no_progress

    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
