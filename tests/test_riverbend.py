"""The sample district: what it promises the README, the demo and whoever explores it."""

import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import opening_hours
import osmium
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from famgeo.barriers import find_barriers
from famgeo.domain import Limits, Meeting, Mode
from famgeo.sources.assets import read_assets
from famgeo.sources.gtfs import read_timetable
from famgeo.sources.osm import read_streets
from famgeo.sources.roster import households, read_roster
from famgeo.sources.schools import read_schools
from famgeo.tables import ASSET_KINDS, Trips, lonlat
from famgeo.travel.network import Network
from famgeo.travel.times import last_way_home, trips

ROOT = Path(__file__).parent.parent
RIVERBEND = ROOT / "data" / "riverbend"
DATA = ("streets.osm.pbf", "gtfs.zip", "roster.csv", "schools.csv", "assets.csv")
CHICAGO = ZoneInfo("America/Chicago")
EAST_BANK = -99.6648
"""The longitude of the river's eastern flood plain: whoever lives beyond it lives on the bank."""


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(RIVERBEND / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def feed() -> dict[str, pd.DataFrame]:
    with zipfile.ZipFile(RIVERBEND / "gtfs.zip") as archive:
        names = archive.namelist()
        read = {n: pd.read_csv(archive.open(n), dtype=str, keep_default_na=False) for n in names}
    return {name.removesuffix(".txt"): frame for name, frame in read.items()}


@pytest.fixture(scope="module")
def drawn() -> gpd.GeoDataFrame:
    """Every way of the street file with its tags, in metres."""
    processor = osmium.FileProcessor(RIVERBEND / "streets.osm.pbf").with_locations()
    ways = [
        (o.id, dict(o.tags), [(n.lon, n.lat) for n in o.nodes]) for o in processor if o.is_way()
    ]
    lines = [shapely.LineString(coords) for _, _, coords in ways]
    frame = gpd.GeoDataFrame({"tags": [tags for _, tags, _ in ways]}, geometry=lines, crs=4326)
    return frame.to_crs(32614)


@pytest.fixture(scope="module")
def network() -> Network:
    timetable = read_timetable(RIVERBEND / "gtfs.zip", feed_id="riverbend").table
    return Network(
        streets=read_streets(RIVERBEND / "streets.osm.pbf").table,
        timetables=(timetable,),
        limits=Limits(),
    )


def having(drawn: gpd.GeoDataFrame, key: str, *values: str) -> gpd.GeoDataFrame:
    return drawn[[key in t and (not values or t[key] in values) for t in drawn["tags"]]]


def polygon(drawn: gpd.GeoDataFrame, name: str) -> shapely.Polygon:
    (line,) = [g for g, t in zip(drawn.geometry, drawn["tags"], strict=True)
               if t.get("name") == name and t.get("natural") == "water"]  # fmt: skip
    return shapely.Polygon(line)


def seconds(text: str) -> int:
    hours, minutes, rest = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + rest


def contents(path: Path) -> object:
    """Return what a file holds; how a compressor packs it may differ between machines."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
            return [(i.filename, i.date_time, archive.read(i)) for i in archive.infolist()]
    if path.suffix == ".pbf":
        return [
            (str(o), dict(o.tags), [n.ref for n in o.nodes] if o.is_way() else str(o.location))
            for o in osmium.FileProcessor(path)
        ]
    return path.read_bytes()


def test_the_generator_draws_the_committed_files_again(tmp_path: Path) -> None:
    maker = ROOT / "data" / "make_riverbend.py"
    subprocess.run([sys.executable, str(maker), str(tmp_path)], check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(DATA)
    for name in DATA:
        assert contents(tmp_path / name) == contents(RIVERBEND / name), name


def test_the_files_stay_small() -> None:
    sizes = {name: (RIVERBEND / name).stat().st_size for name in DATA}
    assert sizes["streets.osm.pbf"] < 600_000
    assert sum(sizes.values()) < 1_000_000


def test_the_readers_use_every_row() -> None:
    reads = [
        read_roster(RIVERBEND / "roster.csv"),
        read_schools(RIVERBEND / "schools.csv"),
        read_assets(RIVERBEND / "assets.csv"),
        read_streets(RIVERBEND / "streets.osm.pbf"),
        read_timetable(RIVERBEND / "gtfs.zip", feed_id="riverbend"),
    ]
    for read in reads:
        assert read.report.rows_used == read.report.rows_read, str(read.report)
        assert not read.report.refused, str(read.report)


def test_no_cell_of_the_roster_is_empty_but_an_unknown_evening() -> None:
    roster = table("roster.csv")
    assert not (roster.drop(columns="evenings") == "").any(axis=None)
    assert not roster.map(lambda cell: cell.lower() == "nan").any(axis=None)


def test_there_are_1200_households_1800_students_and_five_schools() -> None:
    roster, schools = table("roster.csv"), table("schools.csv")
    assert roster["household_id"].nunique() == 1200
    assert roster["student_id"].nunique() == 1800
    assert Counter(schools["level"]) == {"E": 3, "M": 1, "H": 1}
    assert set(roster["school_id"]) == set(schools["school_id"])


def test_some_children_have_two_homes() -> None:
    homes = table("roster.csv").groupby("student_id")["household_id"].nunique()
    assert set(homes) == {1, 2}
    assert 20 <= (homes == 2).sum() <= 30


def test_flats_hold_families_that_are_not_one_household() -> None:
    homes = table("roster.csv").drop_duplicates("household_id")
    at_one_point = homes.groupby(["lon", "lat"])["household_id"].nunique()
    assert (at_one_point >= 2).sum() > 50
    assert at_one_point.max() <= 9


def test_siblings_go_to_different_schools() -> None:
    schools = table("roster.csv").groupby("household_id")["school_id"].nunique()
    assert (schools > 1).sum() > 200


def test_languages_and_cars_depend_on_where_families_live() -> None:
    homes = table("roster.csv").drop_duplicates("household_id")
    east = homes["lon"].astype(float) > EAST_BANK
    assert set(homes["home_language"]) == {"en", "es", "vi"}
    assert (homes[east]["home_language"] != "en").mean() > 0.4
    assert (homes[~east]["home_language"] != "en").mean() < 0.25
    assert 0.42 < (homes[east]["has_car"] == "yes").mean() < 0.60
    assert (homes[~east]["has_car"] == "yes").mean() > 0.72


def test_there_are_45_places_of_every_kind_and_most_host_meetings() -> None:
    assets = table("assets.csv")
    assert len(assets) == 45
    assert set(assets["kind"]) == set(ASSET_KINDS)
    hosts = assets[assets["hosts"] == "yes"]
    assert len(hosts) >= 25
    assert (hosts["lon"].astype(float) > EAST_BANK).sum() >= 8
    assert set(assets["wheelchair"]) == {"yes", "no", "unknown"}
    assert assets["verified_on"].str.startswith("2026-").all()


def test_every_opening_hour_can_be_read_and_not_every_place_is_open_in_the_evening() -> None:
    tuesday = datetime(2026, 12, 8, 19, 30)  # noqa: DTZ001 - opening hours are local
    hours = [
        opening_hours.OpeningHours(text) for text in table("assets.csv")["opening_hours"] if text
    ]
    is_open = [hour.is_open(tuesday) for hour in hours]
    assert 20 <= sum(is_open) < len(is_open) - 5


def test_the_settings_are_those_of_the_district() -> None:
    settings = tomllib.loads((RIVERBEND / "famgeo.toml").read_text(encoding="utf-8"))
    assert settings == {"name": "Riverbend", "timezone": "America/Chicago", "k": 10, "limits": {}}


def test_exactly_three_bridges_cross_the_river(drawn: gpd.GeoDataFrame) -> None:
    river = polygon(drawn, "Heron River")
    crossing = having(drawn, "highway")
    crossing = crossing[crossing.intersects(river)]
    assert all(tags.get("bridge") == "yes" for tags in crossing["tags"])
    assert {tags["name"] for tags in crossing["tags"]} == {"Main St", "Mill St", "Northern Pkwy"}
    assert len(crossing) == 3


def test_no_street_runs_through_a_lake_and_no_house_stands_in_water_or_on_a_street(
    drawn: gpd.GeoDataFrame,
) -> None:
    streets = having(drawn, "highway")
    outlines = having(drawn, "building").geometry
    buildings = np.array([shapely.Polygon(outline) for outline in outlines])
    water = [polygon(drawn, name) for name in ("Heron River", "Mirror Lake", "Gravel Pit")]
    assert not any(streets.intersects(lake).any() for lake in water[1:])
    assert not shapely.intersects(shapely.union_all(water), buildings).any()
    tree = shapely.STRtree(streets.geometry.to_numpy())
    assert tree.query(buildings, predicate="intersects").shape[1] == 0


def test_walkers_cross_the_expressway_at_one_overpass_and_one_underpass(
    drawn: gpd.GeoDataFrame,
) -> None:
    fast = having(drawn, "highway", "motorway")
    assert all(tags["foot"] == "no" for tags in fast["tags"])
    streets = having(drawn, "highway").drop(fast.index)
    on_foot = streets[[t["highway"] != "motorway_link" for t in streets["tags"]]]
    crossing = on_foot[on_foot.crosses(shapely.union_all(fast.geometry.to_numpy()))]
    assert all("bridge" in tags or "tunnel" in tags for tags in crossing["tags"])
    open_to_walkers = [t["name"] for t in crossing["tags"] if t.get("foot") != "no"]
    assert sorted(open_to_walkers) == ["Northern Pkwy", "Quarry Rd"]


def test_streets_hang_together_on_foot_and_by_car(network: Network) -> None:
    streets = network.streets
    kinds = streets.ways["highway"].to_numpy()[streets.way_of]
    foot = streets.ways["foot"].to_numpy()[streets.way_of]
    one_way = (streets.ways["oneway"] == "yes").to_numpy()[streets.way_of]
    walk = (foot != "no") & ~np.isin(kinds, ["motorway", "motorway_link"])
    drive = ~np.isin(kinds, ["footway", "cycleway", "steps"])
    for open_, oriented in ((walk, False), (drive, True)):
        a, b = streets.from_node[open_], streets.to_node[open_]
        back = ~one_way[open_] if oriented else np.ones(len(a), bool)
        ends = np.r_[a, b[back]], np.r_[b, a[back]]
        size = (len(streets.nodes), len(streets.nodes))
        graph = coo_matrix((np.ones(len(ends[0])), ends), size)
        _, label = connected_components(graph, connection="strong")
        used = np.unique(np.r_[a, b])
        assert Counter(label[used]).most_common(1)[0][1] / len(used) > 0.98


def test_every_home_is_near_a_street_but_three_farms(drawn: gpd.GeoDataFrame) -> None:
    homes = households(read_roster(RIVERBEND / "roster.csv").table).to_crs(32614)
    tree = shapely.STRtree(having(drawn, "highway").geometry.to_numpy())
    _, metres = tree.query_nearest(
        homes.geometry.to_numpy(), return_distance=True, all_matches=False
    )
    assert (metres > 500).sum() == 3
    assert (metres < 100).sum() == len(homes) - 3


def test_eight_bus_routes_and_a_rail_line_run_from_august_to_june(
    feed: dict[str, pd.DataFrame],
) -> None:
    assert Counter(feed["routes"]["route_type"]) == {"3": 8, "2": 1}
    assert set(feed["agency"]["agency_timezone"]) == {"America/Chicago"}
    assert set(feed["calendar"]["start_date"]) == {"20260801"}
    assert set(feed["calendar"]["end_date"]) == {"20270630"}
    assert "20261126" in set(feed["calendar_dates"]["date"])


def test_the_last_bus_to_or_from_the_east_bank_starts_at_2010(
    feed: dict[str, pd.DataFrame],
) -> None:
    stops = feed["stops"].set_index("stop_id")["stop_lon"].astype(float)
    times = feed["stop_times"].merge(feed["trips"], on="trip_id")
    east_routes = set(times[times["stop_id"].map(stops) > EAST_BANK]["route_id"])
    starts = times[times["stop_sequence"] == "1"]
    last = {key: max(map(seconds, rows["departure_time"]))
            for key, rows in starts.groupby(["route_id", "direction_id"])}  # fmt: skip
    assert east_routes == {"1", "2", "3"}
    assert all(at == seconds("20:10:00") for (r, _), at in last.items() if r in east_routes)
    assert all(last[route, "0"] >= seconds("22:00:00") for route in ("4", "5", "6", "8", "R"))
    assert max(map(seconds, filter(None, times["arrival_time"]))) > seconds("24:00:00")


def test_the_timetable_holds_what_real_ones_surprise_with(feed: dict[str, pd.DataFrame]) -> None:
    times = feed["stop_times"].merge(feed["trips"], on="trip_id")
    blank = times[times["arrival_time"] == ""]
    assert set(blank["route_id"]) == {"8"}
    assert not (blank["stop_sequence"] == "1").any()
    assert set(feed["frequencies"]["headway_secs"]) == {"720", "1200"}
    blocks = feed["trips"][feed["trips"]["block_id"] != ""].groupby("block_id")["route_id"]
    assert blocks.nunique().max() == 2
    assert set(feed["stops"]["wheelchair_boarding"]) == {"0", "1", "2"}
    assert set(feed["trips"]["wheelchair_accessible"]) == {"0", "1", "2"}
    assert (feed["stops"]["parent_station"] == "RTC").sum() == 8


def test_stops_stand_at_named_corners_on_the_streets(
    feed: dict[str, pd.DataFrame], drawn: gpd.GeoDataFrame
) -> None:
    stops = feed["stops"]
    where = gpd.points_from_xy(stops["stop_lon"].astype(float), stops["stop_lat"].astype(float))
    metres = gpd.GeoSeries(where, crs=4326).to_crs(32614).to_numpy()
    tree = shapely.STRtree(having(drawn, "highway").geometry.to_numpy())
    _, away = tree.query_nearest(metres, return_distance=True, all_matches=False)
    assert away.max() < 50
    assert np.median(away) < 8
    corners = stops[~stops["stop_name"].str.contains("Transit Center|Station")]
    assert corners["stop_name"].str.contains(" & ").all()


def test_a_family_on_the_east_bank_can_ride_to_an_evening_meeting_but_not_home(
    network: Network,
) -> None:
    school = lonlat(read_schools(RIVERBEND / "schools.csv").table)[-1:]
    home = np.array([[-99.657, 38.2685]])
    start, end = (datetime(2026, 12, 8, h, 30, tzinfo=CHICAGO) for h in (18, 20))
    there = trips(network, home, school, Mode.TRANSIT, arrive_by=start, max_minutes=60)
    on_foot = trips(network, school, home, Mode.WALK, max_minutes=240)
    late = last_way_home(network, school, home, after=end, limit_min=60, step_free=False)
    soon = last_way_home(network, school, home, after=start, limit_min=60, step_free=False)
    assert there.minutes[0, 0] <= 60
    assert there.rides[0, 0] >= 1
    assert on_foot.minutes[0, 0] > 60
    assert np.isnan(late[0, 0])
    assert 0 <= soon[0, 0] <= 100


def test_a_fifth_of_families_have_no_option_at_school_and_three_places_leave_one_in_25(
    network: Network,
) -> None:
    families = households(read_roster(RIVERBEND / "roster.csv").table)
    sites = candidate_sites()
    meeting = Meeting.parse("2026-12-08 18:30/20:30", CHICAGO)
    there, home, margin = both_ways(network, lonlat(families), lonlat(sites), meeting)
    barriers = find_barriers(families, sites, meeting, there, home, margin, Limits())
    attends = (barriers["reason"] == "").to_numpy().reshape(len(families), len(sites))
    own = np.array(
        [[s in ids.split(";") for s in sites["site_id"]] for ids in families["school_ids"]]
    )
    at_school = (attends & own).any(axis=1)
    assert 0.15 < 1 - at_school.mean() < 0.25
    without = families[~at_school]
    assert (without["has_car"] != "yes").mean() > 0.85
    assert (without.geometry.x > EAST_BANK).mean() > 0.85
    chosen = sites["name"].isin(["East Bank Library", "Prairie View Elementary",
                                 "Sunflower Park Club Room"])  # fmt: skip
    assert 1 - attends[:, chosen].any(axis=1).mean() < 0.04


def candidate_sites() -> gpd.GeoDataFrame:
    schools = read_schools(RIVERBEND / "schools.csv").table.rename(columns={"school_id": "site_id"})
    assets = read_assets(RIVERBEND / "assets.csv").table.rename(columns={"asset_id": "site_id"})
    both = pd.concat([schools, assets[assets["hosts"] == "yes"]], ignore_index=True)
    return both[["site_id", "name", "wheelchair", "geometry"]]


def both_ways(
    network: Network, homes: np.ndarray, sites: np.ndarray, meeting: Meeting
) -> tuple[dict[str, Trips], dict[str, Trips], dict[str, np.ndarray]]:
    means = {"walk": (Mode.WALK, False), "wheelchair": (Mode.WHEELCHAIR, False),
             "drive": (Mode.DRIVE, False), "transit": (Mode.TRANSIT, False),
             "transit_step_free": (Mode.TRANSIT, True)}  # fmt: skip
    there, home, margin = {}, {}, {}
    for name, (mode, step_free) in means.items():
        how = {"max_minutes": 60.0, "step_free": step_free}
        there[name] = trips(network, homes, sites, mode, arrive_by=meeting.arrive_by, **how)
        home[name] = trips(network, sites, homes, mode, depart_at=meeting.ends, **how)
        margin[name] = np.zeros((len(sites), len(homes)), np.float32)
    return there, home, margin
