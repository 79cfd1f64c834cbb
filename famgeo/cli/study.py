"""Commands on one study: make it, fill it, look it over, plan, export."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from famgeo.cli.terminal import (
    Json,
    StudyName,
    app,
    folder_of,
    now,
    open_named,
    progress,
    report_json,
    tell,
    threads,
    vault_of,
)
from famgeo.domain import Meeting, MostFamilies, ReadReport
from famgeo.errors import SourceError

if TYPE_CHECKING:
    from famgeo.study.study import Study
    from famgeo.tables import Progress


class Part(StrEnum):
    """What a study is made of."""

    ROSTER = "roster"
    SCHOOLS = "schools"
    ASSETS = "assets"
    STREETS = "streets"
    TRANSIT = "transit"


class GoalName(StrEnum):
    """What a plan tries to do best."""

    REACH = "reach"


class Audience(StrEnum):
    """Who will hold an exported file."""

    DISTRICT = "district"
    PARTNER = "partner"


Meetings = Annotated[
    list[str], typer.Option("--meeting", help="'2020-02-05 18:00/20:00': date, start, end.")
]


@app.command()
def new(
    study: StudyName,
    name: Annotated[str, typer.Option(help="The district's name, as people say it.")],
    timezone: Annotated[str, typer.Option(help="Such as America/New_York.")],
    as_json: Json = False,
) -> None:
    """Make an empty study."""
    from famgeo.study.study import create_study

    folder = folder_of(study)
    create_study(folder, name=name, timezone=timezone)
    tell(
        f"Made the study '{name}' in {folder}. Next: famgeo add {study} streets FILE.osm.pbf",
        {"study": study, "name": name, "timezone": timezone},
        as_json=as_json,
    )


@app.command()
def add(
    study: StudyName,
    part: Part,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files to read.")],
    as_json: Json = False,
) -> None:
    """Read files into a study, and say what was used, what was refused and why."""
    opened = open_named(study)
    reports, failures = [], []
    for file in files:
        try:
            with progress() as show:
                reports.append(add_one(opened, part, file, show))
        except SourceError as error:
            failures.append(str(error))
    if not reports:
        raise SourceError("\n".join(failures))
    tell(
        "\n".join([*map(str, reports), *failures]),
        {"read": [report_json(r) for r in reports], "failed": failures},
        as_json=as_json,
    )
    if not any(report.rows_used for report in reports):
        raise typer.Exit(1)


@app.command()
def fetch(
    study: StudyName,
    place: Annotated[str, typer.Option(help="'City, State' as a map would say it.")],
    as_json: Json = False,
) -> None:
    """Download streets, places and the boundary by name: the one command that goes online."""
    from famgeo.sources.fetch import fetch_streets

    opened = open_named(study)
    with progress() as show:
        fetched = fetch_streets(place, opened.folder / "files" / "fetched", progress=show)
        report = opened.add_streets(fetched.streets, now=now(), progress=show)
    tell(
        f"{report}\nPlaces that might host a meeting are in {fetched.pois}. Look them over, then: "
        f"famgeo add {study} assets {fetched.pois}",
        {"read": [report_json(report)], "pois": str(fetched.pois)},
        as_json=as_json,
    )


@app.command()
def check(study: StudyName, as_json: Json = False) -> None:
    """Say what is missing, stale or wrong in a study, and what to do."""
    opened = open_named(study)
    findings = opened.findings(today=now().date(), vault=vault_of(opened))
    text = "\n".join(f"{f.severity}: {f.what} {f.do}" for f in findings)
    tell(
        text or f"{opened.settings.name}: everything a plan needs is there.",
        {"findings": [{"severity": f.severity, "what": f.what, "do": f.do} for f in findings]},
        as_json=as_json,
    )
    if any(f.severity == "missing" for f in findings):
        raise typer.Exit(1)


@app.command()
def barriers(
    study: StudyName,
    meeting: Meetings,
    site: Annotated[list[str] | None, typer.Option(help="Only these sites.")] = None,
    limit_minutes: Annotated[float | None, typer.Option(min=1, max=600)] = None,
    as_json: Json = False,
) -> None:
    """Find who cannot come to a meeting and get home, and why."""
    opened = open_named(study)
    with progress() as show, threads() as executor:
        summary = opened.barriers(
            vault_of(opened),
            [Meeting.parse(text, opened.zone) for text in meeting],
            site_ids=tuple(site or ()),
            limit_min=limit_minutes,
            now=now(),
            executor=executor,
            progress=show,
        )
    tell(str(summary), summary.as_json(), as_json=as_json)


@app.command()
def plan(
    study: StudyName,
    sites: Annotated[int, typer.Option(min=1, max=500, help="How many places to meet.")],
    meeting: Meetings,
    goal: Annotated[GoalName, typer.Option(help="What to do best.")] = GoalName.REACH,
    lock: Annotated[list[str] | None, typer.Option(help="A site that must be in.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A site that must not be in.")] = None,
    need: Annotated[str, typer.Option(help="wheelchair,child_care")] = "",
    name: Annotated[str | None, typer.Option(help="What to call the plan.")] = None,
    as_json: Json = False,
) -> None:
    """Choose the sites that give the most families a meeting they can attend."""
    opened = open_named(study)
    assert goal is GoalName.REACH
    wanted = MostFamilies(
        n_sites=sites,
        locked=frozenset(lock or ()),
        excluded=frozenset(exclude or ()),
        needs=frozenset(part.strip() for part in need.split(",") if part.strip()),
    )
    with progress() as show, threads() as executor:
        released = opened.plan(
            vault_of(opened),
            wanted,
            [Meeting.parse(text, opened.zone) for text in meeting],
            name=name,
            now=now(),
            executor=executor,
            progress=show,
        )
    tell(str(released), released.as_json(), as_json=as_json)


@app.command()
def export(
    study: StudyName,
    plan: Annotated[str, typer.Option(help="The plan's name.")],
    to: Annotated[Path, typer.Option(help="The folder to write to.")],
    format: Annotated[str, typer.Option(help="csv,geojson")] = "csv",  # noqa: A002 - the flag
    audience: Annotated[Audience, typer.Option(help="Who will hold it.")] = Audience.DISTRICT,
    as_json: Json = False,
) -> None:
    """Write a plan's released files."""
    opened = open_named(study)
    formats = [part.strip() for part in format.split(",") if part.strip()]
    written = opened.export(plan, formats, to, audience=audience.value)
    tell(
        "\n".join(f"Wrote {path}" for path in written),
        {"written": [str(path) for path in written]},
        as_json=as_json,
    )


def add_one(study: "Study", part: Part, file: Path, show: "Progress") -> ReadReport:
    """Read one file into a study."""
    if part is Part.ROSTER:
        return study.add_roster(vault_of(study), file)
    if part is Part.SCHOOLS:
        return study.add_schools(file, now=now())
    if part is Part.ASSETS:
        return study.add_assets(file, now=now())
    if part is Part.STREETS:
        return study.add_streets(file, now=now(), progress=show)
    return study.add_transit(file, now=now())
