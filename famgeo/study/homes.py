"""Exact answers about families: from the vault's homes to barriers, and nothing shown.

What is computed here goes back into the vault or through the release gate.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import fields

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.barriers import find_barriers
from famgeo.domain import Answer, Limits, Meeting
from famgeo.study.both_ways import MEANS, BothWays, Means, both_ways, get_ready
from famgeo.tables import Progress, Trips, Vault, lonlat, no_progress
from famgeo.travel.network import Network

Arrays = dict[str, NDArray[np.generic]]


def means_of(homes: gpd.GeoDataFrame, network: Network, limits: Limits) -> list[Means]:
    """Return the means that any household here has."""
    wheelchair = bool((homes["wheelchair"] == Answer.YES).any())
    has = {
        "walk": True,
        "wheelchair": wheelchair,
        "bike": limits.bike,
        "drive": bool((homes["has_car"] == Answer.YES).any()),
        "transit": bool(network.timetables),
        "transit_step_free": bool(network.timetables) and wheelchair,
    }
    return [MEANS[name] for name, there in has.items() if there]


def barriers_of(
    vault: Vault,
    network: Network,
    homes: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    meeting: Meeting,
    limits: Limits,
    files: Mapping[str, object],
    state: str,
    executor: Executor | None = None,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Return BARRIERS for every household and site at one meeting, and keep them in the vault.

    ``files`` says by hash what the network was read from; with the homes, sites, meeting and
    limits it tells whether stored travel times still hold. ``state`` is that of the vault's homes
    when they were read: what is worked out from homes that changed since is not kept.
    """
    all_means = means_of(homes, network, limits)
    key = {
        **files,
        "homes": lonlat(homes),
        "sites": lonlat(sites),
        "meeting": meeting,
        "limits": limits,
        "means": [means.name for means in all_means],
    }
    stored = vault.load_trips(key)
    journeys = {} if stored is None else _unpack(stored)
    if stored is None:
        get_ready(progress)
    for done, means in enumerate(all_means if stored is None else ()):
        progress(f"Travel times, {means.name.replace('_', ' ')}", done / len(all_means))
        journeys[means.name] = both_ways(
            network,
            lonlat(homes),
            lonlat(sites),
            means=means,
            meeting=meeting,
            limits=limits,
            executor=executor,
        )
    if stored is None:
        vault.save_trips(key, _pack(journeys), state=state)
    table = find_barriers(
        homes,
        sites,
        meeting,
        {name: ways.there for name, ways in journeys.items()},
        {name: ways.home for name, ways in journeys.items()},
        {name: ways.margin for name, ways in journeys.items() if ways.margin is not None},
        limits,
    )
    vault.save_barriers(table, state=state)
    return table


def _pack(journeys: Mapping[str, BothWays]) -> Arrays:
    packed: Arrays = {}
    for name, ways in journeys.items():
        if ways.margin is not None:
            packed[f"{name}/margin"] = ways.margin
        for way in ("there", "home"):
            table = getattr(ways, way)
            packed |= {f"{name}/{way}/{f.name}": getattr(table, f.name) for f in fields(table)}
    return packed


def _unpack(packed: Arrays) -> dict[str, BothWays]:
    names = dict.fromkeys(label.split("/")[0] for label in packed)
    return {
        name: BothWays(
            there=_trips(packed, f"{name}/there"),
            home=_trips(packed, f"{name}/home"),
            margin=packed[f"{name}/margin"].astype(np.float32)
            if f"{name}/margin" in packed
            else None,
        )
        for name in names
    }


def _trips(packed: Arrays, prefix: str) -> Trips:
    arrays = {f.name: packed[f"{prefix}/{f.name}"] for f in fields(Trips)}
    return Trips(**arrays)  # type: ignore[arg-type]
