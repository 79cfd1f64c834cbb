"""From a roster to a release that someone signs for."""

from typing import TYPE_CHECKING, Annotated

import typer

from famgeo.cli.logged import log
from famgeo.cli.report import words_of
from famgeo.cli.terminal import (
    Json,
    StudyName,
    app,
    now,
    open_named,
    progress,
    tell,
    threads,
    vault_of,
)
from famgeo.errors import ReleaseError

if TYPE_CHECKING:
    from famgeo.study.study import Study


@app.command()
def release(study: StudyName, as_json: Json = False) -> None:
    """Count the families for the map, the tables and the newest plans, and audit every figure."""
    opened = open_named(study)
    vault = vault_of(opened)
    with progress() as show, threads() as executor:
        made, utility = opened.release_anew(vault, now=now(), executor=executor, progress=show)
    log(opened, "release", vault=vault, release_id=made.release_id)
    families = int(made.home_areas["families"].sum()) + (made.unmapped or 0)
    tell(
        f"Release {made.release_id}: {families:,} families, none in a group of fewer than "
        f"{made.k}.\n{utility}\nTo read what you would sign for: famgeo check {study} --privacy",
        {"release_id": made.release_id, "k": made.k, "families": families} | utility.as_json(),
        as_json=as_json,
    )


@app.command()
def sign(
    study: StudyName,
    purpose: Annotated[str, typer.Option(help="What it will be used for.")] = "",
    as_json: Json = False,
) -> None:
    """Sign for the newest release: it is audited once more, and your name goes into the log."""
    opened = open_named(study)
    vault = vault_of(opened)
    report = opened.privacy(vault, today=now().date())
    if report.release is None:
        message = f"There is no release to sign for yet. Make one: famgeo release {study}"
        raise ReleaseError(message)
    if not report.sound:
        said = report.stale or report.fault or report.log_fault or "it holds a home's coordinates."
        message = (
            f"Release {report.release.release_id} cannot be signed for: {said} "
            f"See famgeo check {study} --privacy"
        )
        raise ReleaseError(message)
    log(opened, "sign", vault=vault, release_id=report.release.release_id, purpose=purpose)
    tell(
        words_of(opened.privacy(vault, today=now().date())),
        {"signed": report.release.release_id},
        as_json=as_json,
    )


def check_privacy(study: "Study", *, as_json: bool) -> None:
    """Print the steward's report; leave with 1 when the release must not be shown as it is."""
    report = study.privacy(vault_of(study, trusted=False), today=now().date())
    tell(words_of(report), report.as_json(), as_json=as_json)
    if report.release is not None and not report.sound:
        raise typer.Exit(1)
