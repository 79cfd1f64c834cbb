"""Look a whole study over: its tables, its files, and its homes through the gate."""

from datetime import date

import geopandas as gpd
import pandas as pd

from famgeo.domain import Answer, Mode
from famgeo.errors import StudyError
from famgeo.sources.roster import households
from famgeo.store.studies import Store, integrity_fault
from famgeo.study.counting import counting
from famgeo.study.findings import Finding, Looked, OffStreets, look_over
from famgeo.study.stored import stored_streets, stored_timetable
from famgeo.tables import Streets, Timetable, Vault, lonlat, shown
from famgeo.travel.network import Network
from famgeo.travel.streets import snap


def check_study(store: Store, vault: Vault, *, today: date) -> tuple[Finding, ...]:
    """Return all there is to see to in a study; a damaged file is a finding, not a failure."""
    students = vault.students()
    streets, timetables, damaged = _files(store)
    if fault := integrity_fault(store):
        damaged = (f"{fault} Put back a copy from your backup.", *damaged)
    unknown = _unknown_schools(store, students)
    often = unknown >= store.settings.k
    seen = Looked(
        study=store.folder.name,
        zone=store.settings.timezone,
        schools=store.schools(),
        assets=store.assets(),
        families=len(students) > 0,
        unknown_schools=tuple(sorted(unknown[often].index)),
        rare_schools=bool((~often).any()),
        has_streets=bool(store.files("streets")),
        timetables=timetables,
        off_streets=OffStreets() if streets is None else _off(store, vault, students, streets),
        damaged=damaged,
    )
    return look_over(seen, today=today)


def _unknown_schools(store: Store, students: gpd.GeoDataFrame) -> "pd.Series[int]":
    """Return the households of each school id that no school has; none before there are schools."""
    known = store.schools()["school_id"]
    strange = students[~students["school_id"].isin(known) & (len(known) > 0)]
    households_by_id: pd.Series[int] = strange.groupby("school_id")["household_id"].nunique()
    return households_by_id


def _files(store: Store) -> tuple[Streets | None, tuple[Timetable, ...], tuple[str, ...]]:
    """Return the streets, the timetables, and what is wrong with those that cannot be read."""
    streets, timetables, damaged = None, [], []
    try:
        streets = stored_streets(store).table if store.files("streets") else None
    except StudyError as error:
        damaged.append(str(error))
    for file in store.files("transit"):
        try:
            timetables.append(stored_timetable(store, file))
        except StudyError as error:
            damaged.append(str(error))
    return streets, tuple(timetables), tuple(damaged)


def _off(store: Store, vault: Vault, students: gpd.GeoDataFrame, streets: Streets) -> OffStreets:
    """Return which places, and in released words how many homes, are too far from any street."""
    network = Network(streets=streets, timetables=(), limits=store.settings.limits)
    graph, k = network.graph(Mode.WALK), store.settings.k
    places = _places(store)
    near = snap(graph, lonlat(places)).ok
    homes = households(students)
    off = set(homes["household_id"][~snap(graph, lonlat(homes)).ok])
    with counting(vault, k=k) as counter:
        count = shown(counter.figure(off), k) if off else ""
    return OffStreets(homes=count, sites=tuple(places["id"][~near]))


def _places(store: Store) -> gpd.GeoDataFrame:
    """Return every school, and every asset that hosts: id and point."""
    schools, assets = store.schools(), store.assets()
    both = [
        schools.rename(columns={"school_id": "id"})[["id", "geometry"]],
        assets[assets["hosts"] == Answer.YES].rename(columns={"asset_id": "id"})[
            ["id", "geometry"]
        ],
    ]
    return gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs="EPSG:4326")
