"""The sample district, and the app."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from famgeo.cli.logged import log
from famgeo.cli.study import Part, add_one
from famgeo.cli.terminal import (
    Json,
    app,
    folder_of,
    now,
    open_named,
    progress,
    tell,
    threads,
    vault_of,
)
from famgeo.domain import Meeting, MostFamilies
from famgeo.errors import StudyError
from famgeo.settings import Settings, bundled

if TYPE_CHECKING:
    from famgeo.study.study import Study

DEMO_STUDY = "riverbend-demo"
DEMO_MEETING = "2026-12-08 18:30/20:30"
DEMO_SITES = 3


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    no_app: Annotated[bool, typer.Option("--no-app", help="Stop after the study.")] = False,
    as_json: Json = False,
) -> None:
    """Solve the sample district and open the app."""
    opened = demo_study(folder_of(DEMO_STUDY))
    vault = vault_of(opened)
    with progress() as show, threads() as executor:
        released = opened.plan(
            vault,
            MostFamilies(n_sites=DEMO_SITES),
            [Meeting.parse(DEMO_MEETING, opened.zone)],
            name="three-places",
            now=now(),
            executor=executor,
            progress=show,
        )
    made = opened.release()
    assert made is not None
    log(opened, "plan", vault=vault, release_id=made.release_id, purpose=released.name)
    tell(str(released), released.as_json(), as_json=as_json)
    if not no_app:
        serve(opened.folder, port)


@app.command(name="app")
def open_app(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
) -> None:
    """Open the app in the browser."""
    serve(open_named(study).folder if study else None, port)


def demo_study(folder: Path) -> "Study":
    """Open the sample district, made from its files the first time."""
    from famgeo.study.study import create_study, open_study

    if (folder / "famgeo.toml").exists():
        return open_study(folder, database=Settings().database)
    files = bundled() / "data" / "riverbend"
    study = create_study(
        folder, name="Riverbend", timezone="America/Chicago", database=Settings().database
    )
    names = {
        Part.STREETS: "streets.osm.pbf",
        Part.TRANSIT: "gtfs.zip",
        Part.SCHOOLS: "schools.csv",
        Part.ASSETS: "assets.csv",
        Part.ROSTER: "roster.csv",
    }
    for part, name in names.items():
        with progress() as show:
            typer.echo(str(add_one(study, part, files / name, show)), err=True)
    return study


def serve(folder: Path | None, port: int) -> None:
    """Run the app in a process of its own, which cannot open a vault."""
    where = [str(folder.resolve())] if folder else []
    command = [sys.executable, "-m", "famgeo.ui.server", "--port", str(port), *where]
    code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own module
    if code == 1:
        raise typer.Exit(1)  # it has said why itself
    if code not in {0, 130, -2}:
        message = f"The app stopped with code {code}. Try another port: --port {port + 1}."
        raise StudyError(message)
