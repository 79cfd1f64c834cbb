"""Commands that need no study: travel times for analysts, and made-up families."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from famgeo.cli.terminal import Json, app, progress, tell, threads
from famgeo.domain import Limits, Mode


@app.command()
def times(
    streets: Annotated[Path, typer.Option(help="FILE.osm.pbf or FILE.osm")],
    origins: Annotated[Path, typer.Option(help="CSV with id, lon, lat")],
    destinations: Annotated[Path, typer.Option(help="CSV with id, lon, lat")],
    mode: Annotated[Mode, typer.Option(help="How people travel.")],
    out: Annotated[Path, typer.Option(help="FILE.parquet or FILE.csv")],
    transit: Annotated[list[Path] | None, typer.Option(help="GTFS.zip, may be repeated")] = None,
    arrive_by: Annotated[str | None, typer.Option(help="2020-02-05T18:00")] = None,
    depart_at: Annotated[str | None, typer.Option(help="2020-02-05T20:00")] = None,
    max_minutes: Annotated[float, typer.Option(min=1, max=24 * 60)] = 120.0,
    walk_kmh: Annotated[float, typer.Option(min=0.1, max=15)] = 4.8,
    max_walk_minutes: Annotated[float, typer.Option(min=0, max=24 * 60)] = 20.0,
    change_seconds: Annotated[int, typer.Option(min=0, max=7200)] = 60,
    max_rides: Annotated[int, typer.Option(min=0, max=8)] = 4,
    as_json: Json = False,
) -> None:
    """Write travel times for every pair of origin and destination."""
    from famgeo.study.times import TimesQuestion, answer_times

    if (arrive_by is None) == (depart_at is None):
        message = "Give one of --arrive-by and --depart-at, such as --arrive-by 2020-02-05T18:00."
        raise typer.BadParameter(message)
    if out.suffix.lower() not in {".parquet", ".csv"}:
        message = f"--out {out} must end in .parquet or .csv."
        raise typer.BadParameter(message)
    question = TimesQuestion(
        streets=streets,
        transit=tuple(transit or ()),
        origins=origins,
        destinations=destinations,
        mode=mode,
        arrive_by=_moment("--arrive-by", arrive_by),
        depart_at=_moment("--depart-at", depart_at),
        max_minutes=max_minutes,
        limits=Limits(
            walk_kmh=walk_kmh,
            max_walk_min=max_walk_minutes,
            change_s=change_seconds,
            max_rides=max_rides,
        ),
    )
    with progress() as show, threads() as executor:
        answer = answer_times(question, out, executor=executor, progress=show)
    tell(str(answer), answer.as_json(), as_json=as_json)


@app.command()
def synth(
    population: Annotated[Path, typer.Option(help="Polygons, or a CSV of cell centres.")],
    field: Annotated[str, typer.Option(help="The column that counts people.")],
    households: Annotated[int, typer.Option(min=1, max=5_000_000)],
    schools: Annotated[Path, typer.Option(help="CSV of schools")],
    out: Annotated[Path, typer.Option(help="roster.csv")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same families.")] = 1,
    as_json: Json = False,
) -> None:
    """Draw made-up families where people live, to plan without student data."""
    from famgeo.sources.schools import read_schools
    from famgeo.sources.synth import synth_families, write_roster

    students = synth_families(
        population,
        people_field=field,
        households=households,
        schools=read_schools(schools).table,
        seed=seed,
    )
    write_roster(students, out)
    drawn = students["household_id"].nunique()
    tell(
        f"Wrote {out}: made-up families, no real person. Students: {len(students):,}, "
        f"households: {drawn:,}.",
        {"students": len(students), "households": drawn, "out": str(out)},
        as_json=as_json,
    )


def _moment(flag: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text.strip()) < len("2020-02-05T18:00"):
            raise ValueError(text)  # noqa: TRY301 - a date alone would be taken for midnight
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        message = f"{flag} '{text}' is not a time. Write it as 2020-02-05T18:00."
        raise typer.BadParameter(message) from error
