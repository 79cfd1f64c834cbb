"""Make the stored transit trips again: ``FAMGEO_CITIES=… python tests/golden/make_transit.py``.

Ten origins and four destinations in each city, there by the start of a meeting and home after its
end. Only ids are stored, not places. Make it again only when a rule changed on purpose, and look
at what moved.
"""

import os
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from famgeo.domain import Mode
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.tables import as_points
from famgeo.travel.network import Network
from famgeo.travel.times import travel_times

STORED = Path(__file__).parent / "transit_times.csv"
CITIES = {
    "nky": ("streets.osm.pbf", ("gtfs.zip",), "assets.csv", "asset_id", "2020-02-05 18:00"),
    "poa": (
        "poa_osm.pbf",
        ("poa_eptc.zip", "poa_trensurb.zip"),
        "poa_hexgrid.csv",
        "id",
        "2019-05-15 14:00",
    ),
    "spo": ("spo_osm.pbf", ("spo.zip",), "spo_hexgrid.csv", "id", "2019-05-15 18:00"),
}
WAYS = ("there", "home")
COLUMNS = ["origin_id", "destination_id", "minutes", "leave_at", "arrive_at", "walk_m", "rides"]


@cache
def _network(cities: Path, city: str) -> Network:
    streets, feeds, *_ = CITIES[city]
    folder = cities / city
    return Network(
        streets=read_streets(folder / streets).table,
        timetables=tuple(read_timetable(folder / f, feed_id=f[:-4]).table for f in feeds),
    )


def table(cities: Path, city: str, way: str) -> pd.DataFrame:
    """Return the trips of a city there or home as they come out today."""
    *_, csv, key, start = CITIES[city]
    network = _network(cities, city)
    moment = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(network.timetables[0].timezone))
    rows = pd.read_csv(cities / city / csv, dtype={key: str})
    spread = rows.iloc[:: max(len(rows) // 14, 1)].head(14)
    ids = pd.DataFrame({"id": spread[key].to_numpy()})
    places = as_points(ids, spread["lon"].to_numpy(), spread["lat"].to_numpy())
    homes, sites = places.iloc[:10], places.iloc[10:]
    ends = (homes, sites) if way == "there" else (sites, homes)
    when = {"arrive_by" if way == "there" else "depart_at": moment}
    times = travel_times(network, *ends, Mode.TRANSIT, max_minutes=90, **when)
    return times[[*COLUMNS, "status"]].assign(city=city, way=way)


def main() -> None:
    """Write all tables into one file."""
    cities = Path(os.environ["FAMGEO_CITIES"])
    tables = [table(cities, city, way) for city in CITIES for way in WAYS]
    pd.concat(tables).to_csv(STORED, index=False)


if __name__ == "__main__":
    main()
