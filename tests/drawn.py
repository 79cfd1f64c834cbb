"""A drawn district for the app's tests: sixteen home areas, a river, a last bus at 20:10.

The school and the west bank are left of the river, the library right of it. After 20:10 no bus
goes home to the east bank. Everything is made from a few numbers, so a test can say what it sees.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from famgeo.domain import Meeting, StudySettings
from famgeo.outputs.basemap import build_basemap
from famgeo.tables import Headline, Release, ReleasedPlan
from famgeo.tables.schemas import no_neighborhoods, no_tables

WEST, SOUTH, STEP = -99.72, 38.29, 0.01
FAMILIES = 20
LAST_BUS_MIN = 20 * 60 + 10
COLUMNS = range(4)


def home_areas() -> gpd.GeoDataFrame:
    """Return a square of sixteen home areas with twenty families each."""
    corners = [(WEST + i * STEP, SOUTH + j * STEP) for i in COLUMNS for j in COLUMNS]
    boxes = [shapely.box(x, y, x + STEP, y + STEP) for x, y in corners]
    ids = [f"h{n:02d}" for n in range(len(boxes))]
    return gpd.GeoDataFrame(
        {"home_area_id": ids, "families": FAMILIES}, geometry=boxes, crs="EPSG:4326"
    )


def sites(*names: str) -> gpd.GeoDataFrame:
    """Return a school on the west bank and places to meet, one in each area after it."""
    all_names = ("West School", *(names or ("East Library", "Mill Hall")))
    count = len(all_names)
    spots = [(0.5, 1.5), (2.5, 2.5), (1.5, 0.5), *((n % 4 + 0.5, n // 4 % 4) for n in range(count))]
    return gpd.GeoDataFrame(
        {
            "site_id": [f"s{n}" for n in range(count)],
            "name": all_names,
            "kind": ["school", "library", *["hall"] * count][:count],
            "capacity": [300.0, 80.0, *[np.nan] * count][:count],
            "wheelchair": ["yes", "yes", *["unknown"] * count][:count],
            "languages": ["en", "en;es", *[""] * count][:count],
            "child_care": "unknown",
            "opening_hours": ["", "Mo-Fr 09:00-21:00", *[""] * count][:count],
            "cost_usd": 0.0,
        },
        geometry=[shapely.Point(WEST + x * STEP, SOUTH + y * STEP) for x, y in spots[:count]],
        crs="EPSG:4326",
    )


def plan(chosen: gpd.GeoDataFrame, before: int | None, after: int | None) -> ReleasedPlan:
    """Return a released plan that meets at these sites on a Tuesday evening."""
    reached = pd.array([None, *[120] * (len(chosen) - 1)], dtype="Int64")
    return ReleasedPlan(
        name="autumn",
        meetings=("2026-11-10T18:30/20:30",),
        headline=Headline(
            families=320,
            no_option_at_school=before,
            no_option_with_plan=after,
            quality="proven best",
        ),
        sites=chosen.assign(reached=reached),
        settings={},
    )


def neighborhoods() -> gpd.GeoDataFrame:
    """Return a neighborhood for each column of home areas, n1 in the west to n4 in the east."""
    areas = home_areas()
    parts = [areas.iloc[4 * i : 4 * i + 4] for i in COLUMNS]
    return gpd.GeoDataFrame(
        {
            "neighborhood_id": [f"n{i + 1}" for i in COLUMNS],
            "home_area_ids": [";".join(part.home_area_id) for part in parts],
            "families": [int(part.families.sum()) for part in parts],
        },
        geometry=[part.union_all() for part in parts],
        crs="EPSG:4326",
    )


def one_way() -> pd.DataFrame:
    """Return one-way tables: the west goes to s0, the east to s1; languages everywhere."""
    rows = [("school", "", "s0", 160), ("school", "", "s1", 160)]
    rows += [("school", f"n{n}", "s0", 80) for n in (1, 2)]
    rows += [("school", f"n{n}", "s1", 80) for n in (3, 4)]
    rows += [("language", f"n{n}", "es", 45) for n in (1, 2, 3, 4)]
    return pd.DataFrame(rows, columns=["attribute", "neighborhood_id", "category", "families"])


def released_with(release: Release, **parts: object) -> Release:
    """Return a release with other parts."""
    return replace(release, **parts)


def ground(folder: Path) -> Path:
    """Draw a background map of two streets and a river."""
    east = WEST + 4 * STEP
    main = shapely.LineString([(WEST, SOUTH + STEP), (east, SOUTH + STEP)])
    small = shapely.LineString([(WEST, SOUTH + 3 * STEP), (east, SOUTH + 3 * STEP)])
    middle = WEST + 2 * STEP
    river = shapely.box(middle - 0.0005, SOUTH, middle + 0.0005, SOUTH + 4 * STEP)

    def layer(kind: str, name: str, shape: shapely.Geometry) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame({"kind": [kind], "name": [name]}, geometry=[shape], crs=4326)

    streets = [layer("primary", "Main Street", main), layer("residential", "Elm Street", small)]
    layers = {"streets": pd.concat(streets), "water": layer("water", "Heron River", river)}
    return build_basemap(layers, folder / "ground.pmtiles")


@dataclass(kw_only=True)
class DrawnStudy:
    """The study the app sees, with the parts a test asks for."""

    settings: StudySettings = field(
        default_factory=lambda: StudySettings(name="Riverbend", timezone="America/Chicago")
    )
    places: gpd.GeoDataFrame = field(default_factory=sites)
    areas: gpd.GeoDataFrame = field(default_factory=home_areas)
    released: bool = True
    before: int | None = 160
    after: int | None = 40
    planned: bool = True
    dates: tuple[date, date] | None = (date(2026, 9, 1), date(2026, 12, 18))
    tiles: Path | None = None
    store: object = None
    neighborhoods: gpd.GeoDataFrame = field(default_factory=no_neighborhoods)
    tables: pd.DataFrame = field(default_factory=no_tables)

    @property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return ZoneInfo(self.settings.timezone)

    def schools(self) -> gpd.GeoDataFrame:
        """Return the schools among the places, by the columns the app reads."""
        schools = self.places[self.places.kind == "school"]
        return schools.rename(columns={"site_id": "school_id"})[["school_id", "name", "geometry"]]

    def release(self) -> Release | None:
        """Return the newest release."""
        if not self.released:
            return None
        plans = (plan(self.places.iloc[1:3], self.before, self.after),) if self.planned else ()
        return Release(
            release_id="r1",
            study="riverbend",
            k=10,
            home_areas=self.areas,
            unmapped=None,
            neighborhoods=self.neighborhoods,
            tables=self.tables,
            plans=plans,
        )

    def sites(self) -> gpd.GeoDataFrame:
        """Return the places to meet."""
        return self.places

    def basemap(self) -> Path | None:
        """Return the background map."""
        return self.tiles

    def service_dates(self) -> tuple[date, date] | None:
        """Return the days of the timetable."""
        return self.dates

    def round_trips(self, site_id: str, meeting: Meeting, means: str) -> pd.DataFrame:
        """Return ten minutes for each area between, and no bus over the river after 20:10."""
        site = self.places.set_index("site_id").geometry[site_id]
        middles = self.areas.geometry.representative_point()
        minutes = 5 + 10 * (abs(middles.x - site.x) + abs(middles.y - site.y)) / STEP
        there = (minutes if means != "drive" else minutes / 4).to_numpy()
        margin = np.full(len(there), np.inf)
        if means in {"transit", "wheelchair"}:
            ends = meeting.ends.hour * 60 + meeting.ends.minute
            east = (middles.x > WEST + 2 * STEP).to_numpy()
            margin = np.where(east, LAST_BUS_MIN - ends, 23 * 60 - ends).astype(float)
        late = margin < 0
        return pd.DataFrame(
            {
                "home_area_id": self.areas.home_area_id,
                "there_min": there,
                "home_min": np.where(late, np.nan, there),
                "margin_min": np.where(late, np.nan, margin),
                "reason": np.where(late, "no_trip_home", ""),
            }
        )
