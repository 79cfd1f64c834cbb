"""Read the community directory: libraries, churches, clinics, parks, people families trust."""

from pathlib import Path

import geopandas as gpd
import opening_hours
import pandas as pd

from famgeo.sources import cells
from famgeo.sources.places import COORDINATES, Bounds, coordinates
from famgeo.sources.sheets import header_key, pick, read_sheet
from famgeo.tables import ASSET_KINDS, ASSETS, Read, as_points, check

SYNONYMS: dict[str, tuple[str, ...]] = {
    "asset_id": ("site_id", "place_id", "location_id", "id"),
    "name": ("asset_name", "site_name", "place_name", "location_name", "title"),
    "kind": ("asset_kind", "type", "category", "amenity"),
    **COORDINATES,
    "organization": ("organisation", "org", "partner", "operator"),
    "hosts": ("can_host", "hosts_meetings", "host", "meeting_space"),
    "capacity": ("seats", "people", "max_people", "room_capacity"),
    "wheelchair": ("wheelchair_accessible", "accessible", "step_free"),
    "languages": ("language", "languages_spoken"),
    "child_care": ("childcare", "child_minding", "has_child_care"),
    "opening_hours": ("hours", "open_hours"),
    "cost_usd": ("cost", "fee", "fee_usd", "rent", "cost_per_meeting"),
    "verified_on": ("verified", "confirmed_on", "last_verified", "assured_date", "checked_on"),
    "source": ("data_source", "origin"),
}
REQUIRED = ("asset_id", "name", "lon", "lat")

KINDS: dict[str, tuple[str, ...]] = {
    "library": ("libraries", "public library", "bookmobile"),
    "community_centre": ("community center", "recreation center", "rec center", "social centre",
                         "youth center", "family center", "neighborhood center", "ymca"),
    "place_of_worship": ("church", "mosque", "synagogue", "temple", "faith site", "faith",
                         "religious", "chapel", "gurdwara", "parish", "worship"),
    "clinic": ("health center", "health centre", "doctors", "hospital", "pharmacy", "dentist"),
    "park": ("park shelter", "playground", "garden", "sports", "pitch", "recreation ground"),
    "food_pantry": ("food bank", "pantry", "soup kitchen"),
    "social_service": ("social facility", "social services", "shelter", "nonprofit", "ngo",
                       "agency", "family resource center", "senior center", "courthouse"),
    "child_care": ("childcare", "kindergarten", "day care", "preschool", "head start"),
    "college": ("university", "community college"),
    "hall": ("partner hall", "townhall", "town hall", "city hall", "event hall", "union hall",
             "fire station"),
    "business": ("shop", "store", "cafe", "restaurant", "laundromat", "barber", "company"),
    "person": ("leader", "community leader", "connector", "elder"),
    "other": ("unknown", "none", ""),
}  # fmt: skip
KIND_OF = {header_key(word): kind for kind in ASSET_KINDS for word in (kind, *KINDS[kind])}
LONGEST_HOURS = 500


def _kinds(column: pd.Series) -> cells.Cells:
    """Read kinds by their name or a synonym."""
    found = cells.each(column, lambda text: KIND_OF.get(header_key(text)))
    return cells.Cells(found.known.where(~found.unread, "other"), found.unread)


def _hours(column: pd.Series) -> cells.Cells:
    """Read opening hours in the grammar of OpenStreetMap."""

    def read(text: str) -> str | None:
        good = len(text) <= LONGEST_HOURS and opening_hours.validate(text)
        return text if good or not text else None

    return cells.each(column, read)


VALUES: tuple[cells.Reading, ...] = (
    ("kind", _kinds, "is none of the known kinds, so counts as other"),
    ("organization", cells.texts, ""),
    ("hosts", cells.answers, "is not yes or no, so counts as unknown"),
    ("capacity", cells.amounts, "is no number, so counts as not known"),
    ("wheelchair", cells.answers, "is not yes or no, so counts as unknown"),
    ("languages", cells.languages, ""),
    ("child_care", cells.answers, "is not yes or no, so counts as unknown"),
    ("opening_hours", _hours, "is not written like 'Mo-Fr 09:00-17:00', so was left out"),
    ("cost_usd", cells.amounts, "is no amount, so counts as not known"),
    ("verified_on", cells.dates, "is no date, so counts as not verified"),
    ("source", cells.texts, ""),
)


def read_assets(path: Path, *, district: Bounds | None = None) -> Read[gpd.GeoDataFrame]:
    """Read the community directory (ASSETS) from a CSV or XLSX file.

    An asset whose ``hosts`` is not stated is unknown and never a candidate site by itself.
    district : lon/lat bounds assets are compared with; without them, the file's own median.
    Raises ``SourceError`` when the file cannot be used; a bad row is refused by number.
    """
    sheet = read_sheet(path)
    table, notes = pick(sheet, SYNONYMS, required=REQUIRED)
    where = coordinates(table, district=district, show_figures=True)
    reasons = cells.first_of(
        cells.bad_ids(table["asset_id"], "asset_id"),
        cells.bad_ids(table["name"], "name"),
        cells.repeated(table, ["asset_id"], sheet.rows, "the same asset_id"),
        where.reasons,
    )
    good = (reasons == "").to_numpy(dtype=bool)
    values, unread = cells.read_values(table[good], sheet.rows[good], VALUES)
    values["source"] = values["source"].where(values["source"] != "", sheet.name)
    assets = table.loc[good, ["asset_id", "name"]].join(values)
    return Read(
        table=check(as_points(assets, where.lon[good], where.lat[good]), ASSETS),
        report=cells.report(sheet, reasons, (*notes, *where.notes, *unread), unit="assets"),
    )
