"""Coordinates from two columns of text, and the reader of plain places (id, lon, lat)."""

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.sources import cells
from famgeo.sources.sheets import pick, read_sheet
from famgeo.tables import PLACES, Read, as_points, check

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

COORDINATES: dict[str, tuple[str, ...]] = {
    "lon": ("longitude", "lng", "long", "x", "lon_wgs84", "stop_lon"),
    "lat": ("latitude", "y", "lat_wgs84", "stop_lat"),
}
SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("place_id", "origin_id", "destination_id", "site_id", "asset_id", "school_id", "name"),
    **COORDINATES,
}

PROJECTED = (
    "lat and lon are not degrees but look like a map projection's metres or feet; "
    "export them as WGS 84 degrees"
)
EARTH_RADIUS_KM = 6371.0088
FAR_KM = 200.0
GROW_SHARE = 0.5
GROW_DEGREES = 0.1
FEWEST_FOR_MEDIAN = 5
INHABITED = (-66.0, 83.0)
"""Latitudes between which there is a street at all; a point outside is a mistake."""

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Coordinates(NamedTuple):
    """Lon and lat in degrees, why a row's cannot be used ('' = they can), and notes."""

    lon: Floats
    lat: Floats
    reasons: pd.Series
    notes: tuple[str, ...]


def read_places(path: Path, *, district: Bounds | None = None) -> Read[gpd.GeoDataFrame]:
    """Read places (PLACES) from a CSV or XLSX file with the columns id, lon and lat.

    Raises ``SourceError`` when the file cannot be used; a bad row is refused by number.
    """
    sheet = read_sheet(path)
    table, notes = pick(sheet, SYNONYMS, required=("id", "lon", "lat"))
    where = coordinates(table, district=district, show_figures=True)
    reasons = cells.first_of(
        cells.bad_ids(table["id"], "id"),
        cells.repeated(table, ["id"], sheet.rows, "the same id"),
        where.reasons,
    )
    good = (reasons == "").to_numpy(dtype=bool)
    places = as_points(table.loc[good, ["id"]], where.lon[good], where.lat[good])
    told = cells.report(sheet, reasons, (*notes, *where.notes), unit="places")
    return Read(table=check(places, PLACES), report=told)


def coordinates(table: pd.DataFrame, *, district: Bounds | None, show_figures: bool) -> Coordinates:
    """Read the columns lon and lat; say what is wrong and the likely fix, and fix nothing.

    Points are compared with the district, grown by half its size and at least 0.1 degrees, or
    without one with the file's own median. ``show_figures`` is False for homes: their reasons
    hold no coordinate.
    """
    comma = _decimal_comma(table["lon"], table["lat"])
    lon = cells.numbers(table["lon"], decimal_comma=comma)
    lat = cells.numbers(table["lat"], decimal_comma=comma)
    near = _near(lon, lat, district)
    reasons = cells.first_of(_unreadable(table, lon, lat), _misplaced(table, lon, lat, near))
    if show_figures:
        figures = (
            "lat " + table["lat"].str.slice(0, 24) + " and lon " + table["lon"].str.slice(0, 24)
        )
        reasons = reasons.where(
            ~reasons.str.startswith("lat and lon"), figures + reasons.str.slice(len("lat and lon"))
        )
    notes = ("Decimal commas in lon and lat were read as decimal points.",) if comma else ()
    return Coordinates(lon, lat, reasons, notes)


def _decimal_comma(lon: pd.Series, lat: pd.Series) -> bool:
    """Whether the file writes 39,08 for 39.08: more cells with one comma than with a point."""
    both = pd.concat([lon, lat], ignore_index=True)
    commas = both.str.fullmatch(r"[+−-]?[0-9]{1,3},[0-9]+").sum()
    return bool(commas > both.str.fullmatch(r"[+−-]?[0-9]{1,3}\.[0-9]+").sum())


def _unreadable(table: pd.DataFrame, lon: Floats, lat: Floats) -> pd.Series:
    no_lon, no_lat = (table["lon"] == "").to_numpy(), (table["lat"] == "").to_numpy()
    return cells.why(
        (no_lon & no_lat, "no coordinates; write its lon and lat"),
        (no_lon, "lon is blank"),
        (no_lat, "lat is blank"),
        (np.isnan(lon) & np.isnan(lat), "lat and lon are not numbers"),
        (np.isnan(lon), "lon is not a number"),
        (np.isnan(lat), "lat is not a number"),
        like=table["lon"],
    )


def _misplaced(table: pd.DataFrame, lon: Floats, lat: Floats, near: "_Near") -> pd.Series:
    """Say why a point cannot be right; the first fix that puts it near the rest is proposed."""
    wrong = ~_on_earth(lon, lat) | ~near(lon, lat)

    def fixed_by(new_lon: Floats, new_lat: Floats) -> Flags:
        return wrong & _on_earth(new_lon, new_lat) & near(new_lon, new_lat)

    return cells.why(
        ((lon == 0) & (lat == 0), "lat and lon are 0, which is in the ocean"),
        (
            (np.abs(lon) > 360) & (np.abs(lat) > 360),  # noqa: PLR2004 - beyond any angle
            PROJECTED,
        ),
        (fixed_by(lat, lon), "lat and lon look swapped"),
        (fixed_by(-lon, lat), "lat and lon are far away; lon looks to have the wrong sign"),
        (fixed_by(lon, -lat), "lat and lon are far away; lat looks to have the wrong sign"),
        (~_on_earth(lon, lat) & _on_earth(lat, lon), "lat and lon look swapped"),
        (np.abs(lat) > 90, "lat and lon are not on earth: lat is outside −90 to 90"),  # noqa: PLR2004
        (np.abs(lon) > 180, "lat and lon are not on earth: lon is outside −180 to 180"),  # noqa: PLR2004
        (~_on_earth(lon, lat), "lat and lon are in polar ice; check them"),
        (wrong, f"lat and lon are {near.far}; check them"),
        like=table["lon"],
    )


def _on_earth(lon: Floats, lat: Floats) -> Flags:
    low, high = INHABITED
    return (np.abs(lon) <= 180) & (lat > low) & (lat < high)  # noqa: PLR2004 - degrees


class _Near(NamedTuple):
    """Where points are expected: in a box, or around a middle, or anywhere."""

    box: Bounds | None
    middle: tuple[float, float] | None
    far: str

    def __call__(self, lon: Floats, lat: Floats) -> Flags:
        if self.box:
            west, south, east, north = self.box
            return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        if self.middle:
            return distance_km(lon, lat, *self.middle) <= FAR_KM
        return np.ones(len(lon), dtype=bool)


def _near(lon: Floats, lat: Floats, district: Bounds | None) -> _Near:
    if district:
        west, south, east, north = district
        wide = max(GROW_SHARE * (east - west), GROW_DEGREES)
        high = max(GROW_SHARE * (north - south), GROW_DEGREES)
        box = (west - wide, south - high, east + wide, north + high)
        return _Near(box, None, "far outside the district")
    usable = _on_earth(lon, lat) & ~((lon == 0) & (lat == 0))
    if usable.sum() < FEWEST_FOR_MEDIAN:
        return _Near(None, None, "")
    middle = (_median(lon[usable]), _median(lat[usable]))
    return _Near(None, middle, f"over {FAR_KM:.0f} km from the middle of the file's points")


def _median(values: Floats) -> float:
    """Return the lower median, always one of the values."""
    return float(np.partition(values, (len(values) - 1) // 2)[(len(values) - 1) // 2])


def distance_km(lon: Floats, lat: Floats, to_lon: Floats | float, to_lat: Floats | float) -> Floats:
    """Return great-circle distances in km (haversine on the mean sphere)."""
    a, b = np.radians(lat), np.radians(to_lat)
    half = (
        np.sin((b - a) / 2) ** 2
        + np.cos(a) * np.cos(b) * np.sin(np.radians(np.asarray(to_lon) - lon) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
