"""Read the district's schools."""

from pathlib import Path

import geopandas as gpd

from famgeo.sources import cells
from famgeo.sources.places import COORDINATES, Bounds, coordinates
from famgeo.sources.sheets import pick, read_sheet
from famgeo.tables import SCHOOLS, Read, as_points, check

SYNONYMS: dict[str, tuple[str, ...]] = {
    "school_id": ("school_code", "school_number", "ncessch", "building_code", "id"),
    "name": ("school_name", "school", "site_name", "building", "title"),
    "level": ("school_level", "grade_band", "type"),
    **COORDINATES,
    "wheelchair": ("wheelchair_accessible", "accessible", "step_free"),
    "bell_start": ("start_bell", "day_starts", "first_bell"),
    "bell_end": ("end_bell", "day_ends", "last_bell", "dismissal"),
}
REQUIRED = ("school_id", "name", "lon", "lat")
VALUES: tuple[cells.Reading, ...] = (
    ("level", cells.texts, ""),
    ("wheelchair", cells.answers, "is not yes or no, so counts as unknown"),
    ("bell_start", cells.clock_times, "is no time of day, so counts as not known"),
    ("bell_end", cells.clock_times, "is no time of day, so counts as not known"),
)


def read_schools(path: Path, *, district: Bounds | None = None) -> Read[gpd.GeoDataFrame]:
    """Read schools (SCHOOLS) from a CSV or XLSX file with school_id, name, lon and lat.

    district : lon/lat bounds schools are compared with; without them, the file's own median.
    Raises ``SourceError`` when the file cannot be used; a bad row is refused by number.
    """
    sheet = read_sheet(path)
    table, notes = pick(sheet, SYNONYMS, required=REQUIRED)
    where = coordinates(table, district=district, show_figures=True)
    reasons = cells.first_of(
        cells.bad_ids(table["school_id"], "school_id"),
        cells.bad_ids(table["name"], "name"),
        cells.repeated(table, ["school_id"], sheet.rows, "the same school_id"),
        where.reasons,
    )
    good = (reasons == "").to_numpy(dtype=bool)
    values, unread = cells.read_values(table[good], sheet.rows[good], VALUES)
    schools = table.loc[good, ["school_id", "name"]].join(values)
    return Read(
        table=check(as_points(schools, where.lon[good], where.lat[good]), SCHOOLS),
        report=cells.report(sheet, reasons, (*notes, *where.notes, *unread), unit="schools"),
    )
