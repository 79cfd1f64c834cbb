"""What a release is good for, beside being safe: how fine its map is, and how much it names.

Said of a release by its own figures and those its counter holds, so it may be shown with it.
"""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from famgeo.release.bounds import DISTRICT
from famgeo.release.counts import OTHER, TOP_SHARE, Households
from famgeo.release.folding import Cells
from famgeo.release.holding import Counter
from famgeo.release.neighborhoods import neighborhood_of
from famgeo.release.one_way import cells_of
from famgeo.tables import ATTRIBUTES, Release

SMALL, PROTECTING, ALIKE = "small", "protecting", "alike"
WORDS = {
    SMALL: "too few families or none",
    PROTECTING: "to protect another",
    ALIKE: "over 95 % of the families alike",
}
SQUARE_METRES = 1e6


@dataclass(frozen=True, kw_only=True)
class Utility:
    """How much a release shows.

    home_areas, median_km2, median_families : how fine the map is. neighborhoods : how many.
    named : for each attribute, the share of mapped families that neighborhoods show by name; by
    rounded figures, so all may be a little over 1. folded : for each attribute, how many counts of
    neighborhoods are not shown by name, and why.
    """

    home_areas: int
    median_km2: float
    median_families: float
    neighborhoods: int
    named: Mapping[str, float]
    folded: Mapping[str, Mapping[str, int]]

    def __str__(self) -> str:
        first = (
            f"{self.home_areas:,} home areas, half of them under {self.median_km2:.2f} km² and "
            f"{self.median_families:g} families; {self.neighborhoods:,} neighborhoods."
        )
        return "\n".join([first, *(self._line(attribute) for attribute in self.named)])

    def as_json(self) -> dict[str, object]:
        """Return the measures as JSON types."""
        return asdict(self)

    def _line(self, attribute: str) -> str:
        why = [f"{n} {WORDS[reason]}" for reason, n in self.folded[attribute].items() if n]
        left = f"; counts not named: {', '.join(why)}" if why else ""
        word = attribute.replace("_", " ")
        return f"By {word}: {min(self.named[attribute], 1):.0%} of families named{left}."


def utility_of(
    release: Release, *, households: gpd.GeoDataFrame, groups: pd.DataFrame, counter: Counter
) -> Utility:
    """Measure a release; the other arguments are those it was made from.

    Only what the counter counted for the release is asked of it again.
    """
    areas, hoods = release.home_areas, release.neighborhoods
    of = neighborhood_of(households, areas, hoods)
    return Utility(
        home_areas=len(areas),
        median_km2=round(float(np.median(_km2(areas))), 3) if len(areas) else 0.0,
        median_families=float(areas["families"].median()) if len(areas) else 0.0,
        neighborhoods=len(hoods),
        named={attribute: _named(release, attribute) for attribute in ATTRIBUTES},
        folded={
            attribute: _folded(release, cells_of(attribute, groups, of), counter)
            for attribute in ATTRIBUTES
        },
    )


def _named(release: Release, attribute: str) -> float:
    """Return the share of the neighborhoods' families in categories shown by name."""
    tables, whole = release.tables, release.neighborhoods["families"].sum()
    inside = (tables["attribute"] == attribute) & (tables["neighborhood_id"] != "")
    named = tables[inside & (tables["category"] != OTHER)]["families"].sum()
    return round(float(named / whole), 3) if whole else 0.0


def _folded(release: Release, cells: Cells, counter: Counter) -> dict[str, int]:
    """Return how many counts of neighborhoods are not shown, of categories the district counts."""
    rows = release.tables[release.tables["attribute"] == cells.attribute]
    shown = set(zip(rows["neighborhood_id"], rows["category"], strict=True))
    why: Tally[str] = Tally({SMALL: 0, PROTECTING: 0, ALIKE: 0})
    counted = [
        name
        for name, members in cells.row(DISTRICT).items()
        if members and counter.foretell(members)
    ]
    for at, place in enumerate(cells.places):
        if place:
            groups = cells.row(at)
            figures = {name: _figure(groups[name], counter) for name in counted}
            alike = max(figures.values(), default=0) > TOP_SHARE * sum(figures.values())
            named = ALIKE if alike else PROTECTING
            left = [name for name in counted if (place, name) not in shown]
            why.update(named if figures[name] else SMALL for name in left)
    return dict(why)


def _figure(households: Households, counter: Counter) -> int:
    return (counter.foretell(households) or 0) if households else 0


def _km2(areas: gpd.GeoDataFrame) -> list[float]:
    globe = pyproj.Geod(ellps="WGS84")
    metres = [abs(globe.geometry_area_perimeter(shape)[0]) for shape in areas.geometry]
    return [square / SQUARE_METRES for square in metres]
