"""Everything one exact computation stands on, handed from stage to stage."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from famgeo.domain import Limits, Meeting, StudySettings
from famgeo.store.studies import Store
from famgeo.study.homes import barriers_of
from famgeo.tables import Progress, Vault, no_progress
from famgeo.travel.network import Network


@dataclass(frozen=True, kw_only=True)
class World:
    """The vault's homes and the public tables around them. Vault side only.

    ``state`` names the homes as they were read. ``files`` holds the hash of each street and
    timetable file the network is read from, which happens when it is first asked for.
    """

    settings: StudySettings
    store: Store
    vault: Vault
    state: str
    homes: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    limits: Limits
    files: Mapping[str, str]
    read_network: Callable[[], Network]

    @cached_property
    def network(self) -> Network:
        """The streets and timetables."""
        return self.read_network()

    @property
    def own_sites(self) -> pd.DataFrame:
        """household_id and site_id for every family's own schools."""
        own = self.homes[["household_id"]].assign(site_id=self.homes["school_ids"].str.split(";"))
        exploded: pd.DataFrame = own.explode("site_id", ignore_index=True)
        return exploded

    def barriers(
        self,
        meetings: Sequence[Meeting],
        executor: Executor | None = None,
        progress: Progress = no_progress,
    ) -> pd.DataFrame:
        """Return BARRIERS of these meetings, at every site; the vault keeps them."""
        tables = [
            barriers_of(
                self.vault,
                self.network,
                self.homes,
                self.sites,
                meeting=meeting,
                limits=self.limits,
                files=self.files,
                state=self.state,
                executor=executor,
                progress=progress,
            )
            for meeting in meetings
        ]
        return pd.concat(tables, ignore_index=True)
