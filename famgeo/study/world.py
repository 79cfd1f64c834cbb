"""Everything one exact computation stands on, handed from stage to stage."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd

from famgeo.domain import Limits, StudySettings
from famgeo.store.studies import Store
from famgeo.tables import Vault
from famgeo.travel.network import Network


@dataclass(frozen=True, kw_only=True)
class World:
    """The vault's homes and the public tables around them. Vault side only.

    ``files`` holds the hash of each street and timetable file the network was read from.
    """

    settings: StudySettings
    store: Store
    vault: Vault
    network: Network
    homes: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    limits: Limits
    files: Mapping[str, str]
