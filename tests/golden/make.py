"""Make the stored travel times again: ``FAMGEO_CITIES=… python tests/golden/make.py``.

Six origins and eight destinations in each city, by each means on streets. Only ids are stored,
not places. Make it again only when a rule changed on purpose, and look at what moved.
"""

import os
from functools import cache
from pathlib import Path

import pandas as pd

from famgeo.domain import Limits, Mode
from famgeo.sources.osm import read_streets
from famgeo.tables import as_points
from famgeo.travel.network import Network
from famgeo.travel.times import travel_times

STORED = Path(__file__).parent / "street_times.csv"
CITIES = {
    "nky": ("nky/streets.osm.pbf", "nky/assets.csv", "asset_id"),
    "poa": ("poa/poa_osm.pbf", "poa/poa_hexgrid.csv", "id"),
    "spo": ("spo/spo_osm.pbf", "spo/spo_hexgrid.csv", "id"),
}
MODES = ("walk", "wheelchair", "bike", "drive")


@cache
def _network(streets: Path) -> Network:
    return Network(streets=read_streets(streets).table, limits=Limits())


def table(cities: Path, city: str, mode: str) -> pd.DataFrame:
    """Return the travel times of a city by one means as they come out today."""
    streets, csv, key = CITIES[city]
    rows = pd.read_csv(cities / csv, dtype={key: str})
    spread = rows.iloc[:: max(len(rows) // 14, 1)].head(14)
    ids = pd.DataFrame({"id": spread[key].to_numpy()})
    places = as_points(ids, spread["lon"].to_numpy(), spread["lat"].to_numpy())
    origins, destinations = places.iloc[:6], places.iloc[6:]
    times = travel_times(_network(cities / streets), origins, destinations, Mode(mode))
    times.insert(0, "city", city)
    return times[["city", "mode", "origin_id", "destination_id", "minutes", "walk_m", "status"]]


def main() -> None:
    """Write all tables into one file."""
    cities = Path(os.environ["FAMGEO_CITIES"])
    tables = [table(cities, city, mode) for city in CITIES for mode in MODES]
    pd.concat(tables).to_csv(STORED, index=False)


if __name__ == "__main__":
    main()
