"""Commands on one study: make it, fill it, look it over, plan, export."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from famgeo.cli.logged import log, note_question
from famgeo.cli.release import check_privacy
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
from famgeo.errors import SourceError, StudyError
from famgeo.settings import Settings
from famgeo.store.whole_files import sha256_of

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
    made = create_study(folder, name=name, timezone=timezone, database=Settings().database)
    tell(
        f"Made the study '{name}' in {made.folder}. Next: famgeo add {study} streets FILE.osm.pbf",
        {"study": study, "name": name, "timezone": timezone},
        as_json=as_json,
    )


@app.command()
def add(
    study: StudyName,
    part: Part,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files to read.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="A roster of everybody: who is not in it has left.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read files into a study, and say what was used, what was refused and why."""
    _one_place_each(part, files)
    _one_whole(part, files, whole=whole)
    opened = open_named(study)
    reports: list[ReadReport] = []
    failures: list[str] = []
    for file in files:
        try:
            with progress() as show:
                joining = any(r.rows_used for r in reports)
                reports.append(add_one(opened, part, file, show, joining=joining, whole=whole))
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
def check(
    study: StudyName,
    privacy: Annotated[
        bool, typer.Option("--privacy", help="Audit what is shown, for the data steward.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what is missing, stale or wrong in a study, and what to do."""
    from famgeo.study.findings import STOPPING

    opened = open_named(study)
    if privacy:
        check_privacy(opened, as_json=as_json)
        return
    findings = opened.findings(today=now().date(), vault=vault_of(opened, trusted=False))
    text = "\n".join(f"{f.severity}: {f.what} {f.do}".strip() for f in findings)
    tell(
        text or f"{opened.settings.name}: everything a plan needs is there.",
        {"findings": [{"severity": f.severity, "what": f.what, "do": f.do} for f in findings]},
        as_json=as_json,
    )
    if any(f.severity in STOPPING for f in findings):
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
    vault, meetings = vault_of(opened), [Meeting.parse(text, opened.zone) for text in meeting]
    note_question(
        opened, vault, {"meetings": meetings, "sites": site or [], "limit": limit_minutes}
    )
    with progress() as show, threads() as executor:
        summary = opened.barriers(
            vault,
            meetings,
            site_ids=tuple(site or ()),
            limit_min=limit_minutes,
            now=now(),
            executor=executor,
            progress=show,
        )
    log(opened, "barriers", vault=vault, purpose=_named(meetings))
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
        needs=frozenset(part.strip().lower() for part in need.split(",") if part.strip()),
    )
    vault, meetings = vault_of(opened), [Meeting.parse(text, opened.zone) for text in meeting]
    note_question(opened, vault, {"meetings": meetings, "goal": wanted})
    with progress() as show, threads() as executor:
        released = opened.plan(
            vault,
            wanted,
            meetings,
            name=name,
            now=now(),
            executor=executor,
            progress=show,
        )
    log(opened, "plan", vault=vault, release_id=_release_id(opened), purpose=released.name)
    tell(str(released), released.as_json(), as_json=as_json)


@app.command()
def export(
    study: StudyName,
    plan: Annotated[str, typer.Option(help="The plan's name.")],
    to: Annotated[Path, typer.Option(help="The folder to write to.")],
    format: Annotated[str, typer.Option(help="csv,geojson")] = "csv",  # noqa: A002 - the flag
    audience: Annotated[Audience, typer.Option(help="Who will hold it.")] = Audience.DISTRICT,
    recipient: Annotated[str, typer.Option(help="To whom it goes, for the register.")] = "",
    purpose: Annotated[str, typer.Option(help="What for, for the register.")] = "",
    as_json: Json = False,
) -> None:
    """Write a plan's released files."""
    from famgeo.store.audit import check_fields

    opened = open_named(study)
    formats = [part.strip().lower() for part in format.split(",") if part.strip()]
    if not formats:
        message = "Give --format one or more of the formats, such as --format csv,geojson."
        raise typer.BadParameter(message)
    check_fields(recipient=recipient, purpose=purpose)  # no file without its line in the register
    written = opened.export(plan, formats, to, audience=audience.value)
    try:
        for path in written:
            log(
                opened,
                "export",
                release_id=_release_id(opened),
                sha256=sha256_of(path),
                recipient=recipient or f"the {audience.value}",
                purpose=purpose or f"{path.name} of plan {plan}",
            )
    except StudyError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    tell(
        "\n".join(f"Wrote {path}" for path in written),
        {"written": [str(path) for path in written]},
        as_json=as_json,
    )


def _release_id(study: "Study") -> str:
    release = study.release()
    return release.release_id if release else ""


def _named(meetings: list[Meeting]) -> str:
    """Name meetings in a line of the log."""
    first = meetings[0].meeting_id
    return first if len(meetings) == 1 else f"{first} and {len(meetings) - 1} more"


def _one_place_each(part: Part, files: list[Path]) -> None:
    """Refuse files of which one would silently take the place of another."""
    if part is Part.STREETS and len(files) > 1:
        message = "A study has one street file. Join extracts first, such as with osmium merge."
        raise typer.BadParameter(message)
    names = [file.stem for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if part is Part.TRANSIT and twice:
        message = (
            f"Two timetables are called {twice[0]}, and one would take the place of the other. "
            "Rename one of the files."
        )
        raise typer.BadParameter(message)


def _one_whole(part: Part, files: list[Path], *, whole: bool) -> None:
    """Refuse ``--whole`` where one file cannot say who has left."""
    if whole and (part is not Part.ROSTER or len(files) > 1):
        message = "--whole is for one roster: a single file that names everybody."
        raise typer.BadParameter(message)


def add_one(
    study: "Study",
    part: Part,
    file: Path,
    show: "Progress",
    *,
    joining: bool = False,
    whole: bool = False,
) -> ReadReport:
    """Read one file into a study; ``joining`` an earlier one or in its place."""
    if part is Part.ROSTER:
        vault = vault_of(study)
        report = study.add_roster(vault, file, now=now(), whole=whole)
        log(study, f"add roster{' (whole)' if whole else ''}", vault=vault)
        return report
    if part is Part.SCHOOLS:
        report = study.add_schools(file, now=now(), joining=joining)
    elif part is Part.ASSETS:
        report = study.add_assets(file, now=now(), joining=joining)
    elif part is Part.STREETS:
        report = study.add_streets(file, now=now(), progress=show)
    else:
        report = study.add_transit(file, now=now())
    log(study, f"add {part}")
    return report
