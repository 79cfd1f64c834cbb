"""Released plans as CSV for spreadsheets, with a text file that says what is in them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from famgeo.outputs.exports import (
    OSM_CREDIT,
    Cell,
    degrees,
    export_path,
    plan_named,
    site_rows,
    write_whole,
)
from famgeo.tables import REASON_WORDS, Release, ReleasedPlan, shown
from famgeo.tables.formulas import no_formula

POINT_DECIMALS = 6


def write_csv(
    release: Release, plan_name: str, folder: Path, *, audience: str = "district"
) -> list[Path]:
    """Write a plan's sites, for the district its headline too, and what the columns mean.

    UTF-8 with a byte order mark, as spreadsheet programs expect; a text that a spreadsheet would
    run as a formula starts with an apostrophe. Raises ``ReleaseError`` for a plan or audience
    that there is not, and for a folder that cannot be written.
    """
    plan = plan_named(release, plan_name)
    tables = {"sites.csv": _sites(plan, audience=audience, k=release.k)}
    if audience == "district":
        tables["summary.csv"] = _summary(release, plan)
    files = {what: _csv(rows) for what, rows in tables.items()}
    files["about.txt"] = _about(release, plan, audience=audience).encode()
    return [
        write_whole(export_path(folder, plan_name, what, audience=audience), content)
        for what, content in files.items()
    ]


def _sites(plan: ReleasedPlan, *, audience: str, k: int) -> list[dict[str, Cell]]:
    points = degrees(plan.sites).geometry
    rows = []
    for row, point in zip(site_rows(plan, audience=audience, k=k), points, strict=True):
        if audience == "district":
            words = row.pop("families_text")
            row["families"] = words if row["families"] is None else row["families"]
        lon, lat = round(point.x, POINT_DECIMALS), round(point.y, POINT_DECIMALS)
        rows.append({**row, "lon": lon, "lat": lat})
    return rows


def _summary(release: Release, plan: ReleasedPlan) -> list[dict[str, Cell]]:
    head, k = plan.headline, release.k
    figures: dict[str, Cell] = {
        "study": release.study,
        "plan": plan.name,
        "release": release.release_id,
        "meetings": "; ".join(plan.meetings),
        "families": _figure(head.families, k),
        "families with no option at their own school": _figure(head.no_option_at_school, k),
        "families with no option in this plan": _figure(head.no_option_with_plan, k),
        "how good the choice of sites is": head.quality,
    }
    for reason, count in head.by_reason.items():
        words = REASON_WORDS.get(reason, reason)
        figures[f"families with no option at school who {words}"] = _figure(count, k)
    return [{"what": what, "value": value} for what, value in figures.items()]


def _figure(count: int | None, k: int) -> Cell:
    """Return a released count as a plain number; in words only when it is too small to show."""
    return shown(None, k) if count is None else count


def _csv(rows: Sequence[dict[str, Cell]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_safe(cell) for cell in row.values()] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet runs; a number stays a number, whatever its sign.

    >>> _safe("=1+1"), _safe(-84.5), _safe("Library")
    ("'=1+1", -84.5, 'Library')
    """
    return no_formula(cell) if isinstance(cell, str) else cell


def _about(release: Release, plan: ReleasedPlan, *, audience: str) -> str:
    lines = [
        f"{release.study}: the places of the plan '{plan.name}'",
        f"Meetings: {'; '.join(plan.meetings)}",
        f"Release: {release.release_id}",
        "",
        "capacity: people. opening_hours: as on OpenStreetMap. lon, lat: WGS 84 degrees.",
        "wheelchair, child_care: yes, no or unknown; unknown is neither yes nor no.",
        "An apostrophe before = + - @ keeps a spreadsheet from running the text as a formula.",
    ]
    if audience == "district":
        lines += [
            "cost_usd: dollars for one meeting. families: those who could come and get home.",
            f"Counts of families are rounded. A group of fewer than {release.k} is never shown,",
            "and a few larger ones are hidden so that it cannot be worked out.",
        ]
    return "\n".join([*lines, "", f"Map data: {OSM_CREDIT} (openstreetmap.org/copyright)", ""])
