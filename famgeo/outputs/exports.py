"""What every exported file shares: which plan, what may be said to whom, and how it is written.

A file for partners says where and when to meet, how many the place holds and whether it is
accessible; never a count of families.
"""

import os
import re
import secrets
from pathlib import Path

import geopandas as gpd
import pandas as pd

from famgeo.errors import ReleaseError
from famgeo.tables import Release, ReleasedPlan, shown

OSM_CREDIT = "© OpenStreetMap contributors, ODbL"
AUDIENCES = ("district", "partner")
FILE_NAME = re.compile(r"[\w-]{1,64}")
PARTNER_COLUMNS = (
    "site_id",
    "name",
    "kind",
    "capacity",
    "wheelchair",
    "child_care",
    "languages",
    "opening_hours",
)
DISTRICT_COLUMNS = (*PARTNER_COLUMNS, "cost_usd")

Cell = str | int | float | None


def plan_named(release: Release, name: str) -> ReleasedPlan:
    """Return the released plan of this name, or say which there are."""
    for plan in release.plans:
        if plan.name == name:
            return plan
    there = ", ".join(plan.name for plan in release.plans) or "none yet"
    message = f"{release.study} has no released plan '{name}'. Released plans: {there}."
    raise ReleaseError(message)


def export_path(folder: Path, plan_name: str, what: str, *, audience: str) -> Path:
    """Return where a file goes; files for partners say so in their names.

    Raises ``ReleaseError`` when the plan's name cannot be a file's name, or for an audience that
    there is not.
    """
    if audience not in AUDIENCES:
        message = f"There is no audience '{audience}'. Use {' or '.join(AUDIENCES)}."
        raise ReleaseError(message)
    if not FILE_NAME.fullmatch(plan_name):
        message = (
            f"The plan '{' '.join(plan_name.split())[:64]}' cannot be a file's name. Name plans "
            "with up to 64 letters, digits, '-' and '_'."
        )
        raise ReleaseError(message)
    for_whom = "-for-partners" if audience == "partner" else ""
    return folder / f"{plan_name}{for_whom}-{what}"


def site_rows(plan: ReleasedPlan, *, audience: str, k: int) -> list[dict[str, Cell]]:
    """Return what may be said of each chosen site: an allowlist, whatever the table holds.

    ``families`` is the released count, None when it is too small to show; ``families_text`` says
    it in words. Neither is there for partners.
    """
    sites = plan.sites
    columns = PARTNER_COLUMNS if audience == "partner" else DISTRICT_COLUMNS
    rows = []
    for position in range(len(sites)):
        row: dict[str, Cell] = {c: _cell(sites[c].iloc[position]) for c in columns}
        row["meetings"] = "; ".join(plan.meetings)
        if audience == "district":
            count = _cell(sites["reached"].iloc[position])
            row["families"] = count
            row["families_text"] = shown(None if count is None else int(count), k)
        rows.append(row)
    return rows


def degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in longitude and latitude, whatever it came in."""
    return table if table.crs is None else table.to_crs("EPSG:4326")


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, over an older one of the same name."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}. Choose another folder."
        raise ReleaseError(message) from error
    finally:
        if path.parent.is_dir():
            beside.unlink(missing_ok=True)
    return path


def _cell(value: object) -> Cell:
    """Return a table's value as JSON knows it: missing is None, a whole number has no point."""
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return int(number) if number.is_integer() else number
