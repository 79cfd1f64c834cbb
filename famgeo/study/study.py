"""A study: its files in, its plans out, every stage in its order.

What needs homes takes the vault as an argument. Without one, everything here is public: the map,
the timetable, the directory, and the release. A verb loads the stages it needs when it is called,
so that a command which only notes a name does not wait for a compiler.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from famgeo.domain import Answer, Goal, Limits, Meeting, timezone
from famgeo.errors import StudyError
from famgeo.store.studies import new_study, open_study_store
from famgeo.study.directory import clash
from famgeo.study.intake import Intake
from famgeo.tables import (
    SITES,
    Progress,
    Release,
    ReleasedBarriers,
    ReleasedPlan,
    Vault,
    check,
    lonlat,
    no_progress,
)

if TYPE_CHECKING:
    from famgeo.release.utility import Utility
    from famgeo.study.findings import Finding
    from famgeo.study.geography import StreetPoints
    from famgeo.study.privacy import PrivacyReport
    from famgeo.study.world import World
    from famgeo.travel.network import Network


def create_study(folder: Path, *, name: str, timezone: str, database: str | None = None) -> "Study":
    """Make an empty study in a folder that is not one yet; raises ``StudyError`` otherwise.

    ``database`` is the URL of a PostgreSQL database; without it SQLite in the folder.
    """
    return Study(store=new_study(folder, name=name, timezone=timezone, url=database))


def open_study(folder: Path, *, database: str | None = None) -> "Study":
    """Open the study in a folder; raises ``StudyError`` when there is none or it is damaged."""
    return Study(store=open_study_store(folder, url=database))


@dataclass(frozen=True, kw_only=True)
class Study(Intake):
    """One district's files, tables and plans."""

    @property
    def zone(self) -> ZoneInfo:
        """The district's time zone."""
        return timezone(self.settings.timezone)

    def sites(self) -> gpd.GeoDataFrame:
        """Return SITES: every school, and every asset known to host.

        Raises ``StudyError`` when a school and an asset have the same id.
        """
        if both := clash(set(self.schools()["school_id"]), set(self.assets()["asset_id"])):
            message = f"{both} Give one of them another id and add its file again."
            raise StudyError(message)
        schools = self.schools().rename(columns={"school_id": "site_id"})
        schools = schools.assign(
            kind="school",
            capacity=float("nan"),
            languages="",
            child_care=str(Answer.UNKNOWN),
            opening_hours="",
            cost_usd=float("nan"),
        )
        assets = self.assets().rename(columns={"asset_id": "site_id"})
        hosts = assets[assets["hosts"] == Answer.YES]
        columns = list(SITES.columns)
        both = pd.concat([schools[columns], hosts[columns]], ignore_index=True)
        return check(gpd.GeoDataFrame(both, geometry="geometry", crs="EPSG:4326"), SITES)

    def findings(self, *, today: date, vault: Vault) -> "tuple[Finding, ...]":
        """Say what is missing, stale or wrong, and what to do."""
        from famgeo.study.checking import check_study

        return check_study(self.store, vault, today=today)

    def barriers(
        self,
        vault: Vault,
        meetings: Sequence[Meeting],
        *,
        site_ids: Sequence[str] = (),
        limit_min: float | None = None,
        now: datetime,
        executor: Executor | None = None,
        progress: Progress = no_progress,
    ) -> ReleasedBarriers:
        """Find who cannot come, keep it in the vault, and return what may be shown."""
        from famgeo.study.planning import barriers_released

        limits = self._limits(limit_min)
        return barriers_released(
            self._world(vault, limits),
            meetings,
            site_ids=tuple(site_ids),
            today=now.date(),
            executor=executor,
            progress=progress,
        )

    def plan(
        self,
        vault: Vault,
        goal: Goal,
        meetings: Sequence[Meeting],
        *,
        name: str | None = None,
        now: datetime,
        executor: Executor | None = None,
        progress: Progress = no_progress,
    ) -> ReleasedPlan:
        """Choose sites, verify the choice, release it under a name and keep the release."""
        from famgeo.study.planning import plan_name, plan_released

        name = plan_name(name or f"{goal.most_sites or 'fewest'}-sites")
        release = plan_released(
            self._world(vault, self.settings.limits),
            goal,
            meetings,
            name=name,
            today=now.date(),
            executor=executor,
            progress=progress,
        )
        plan = release.plans[-1]
        self.store.save_plan(plan, utc=now)
        self.store.save_release(release, utc=now)
        return plan

    def release_anew(
        self,
        vault: Vault,
        *,
        now: datetime,
        executor: Executor | None = None,
        progress: Progress = no_progress,
    ) -> "tuple[Release, Utility]":
        """Release the families of now, the newest release's plans counted again, and keep it."""
        from famgeo.study.releasing import released_anew

        world = self._world(vault, self.settings.limits)
        release, utility = released_anew(
            world, today=now.date(), executor=executor, progress=progress
        )
        for plan in release.plans:
            self.store.save_plan(plan, utc=now)
        self.store.save_release(release, utc=now)
        return release, utility

    def privacy(self, vault: Vault, *, today: date) -> "PrivacyReport":
        """Audit the newest release again, and say what the steward has to answer for."""
        from famgeo.study.privacy import privacy_report

        return privacy_report(self._world(vault, self.settings.limits), today=today)

    def release(self) -> Release | None:
        """Return the newest release; None before the first plan."""
        return self.store.latest_release()

    def export(
        self, plan: str, formats: Sequence[str], folder: Path, *, audience: str = "district"
    ) -> list[Path]:
        """Write a released plan's files; raises ``StudyError`` for an unknown plan or format."""
        from famgeo.outputs import EXPORTERS
        from famgeo.release.gate import for_partners

        if unknown := [name for name in formats if name not in EXPORTERS]:
            message = (
                f"There is no format {', '.join(unknown)}. This version writes "
                f"{', '.join(EXPORTERS)}."
            )
            raise StudyError(message)
        newest = self.release()
        released = self.store.plan(plan)
        assert newest is not None
        if released.headline.k < newest.k:
            message = (
                f"The plan {plan} was counted with k = {released.headline.k}, and k is {newest.k} "
                "now. Make the plan again, then export it."
            )
            raise StudyError(message)
        release = replace(newest, plans=(released,))
        theirs = for_partners(release) if audience == "partner" else release
        return [
            path
            for name in formats
            for path in EXPORTERS[name](theirs, plan, folder, audience=audience)
        ]

    def basemap(self) -> Path | None:
        """Return the background map's file, drawn again if it was deleted; None without streets."""
        return self._draw_basemap()

    def service_dates(self) -> tuple[date, date] | None:
        """Return the first and last day that the timetables cover together."""
        days = [feed.services["date"] for feed in self.network.timetables if len(feed.services)]
        if not days:
            return None
        first, last = min(d.min() for d in days), max(d.max() for d in days)
        return pd.Timestamp(first).date(), pd.Timestamp(last).date()

    def round_trips(self, site_id: str, meeting: Meeting, means: str) -> pd.DataFrame:
        """Return the round trip of every home area to a site: public geography, no family in it."""
        from famgeo.study.geography import area_round_trips

        release = self.release()
        if release is None:
            message = f"{self.settings.name} has no plan yet. Make one with famgeo plan."
            raise StudyError(message)
        sites = self.sites()
        site = sites[sites["site_id"] == site_id]
        if site.empty:
            message = f"There is no site '{site_id}' in {self.settings.name}."
            raise StudyError(message)
        return area_round_trips(
            self.network,
            self._street_points,
            list(release.home_areas["home_area_id"]),
            lonlat(site),
            meeting=meeting,
            means=means,
            limits=self.settings.limits,
        )

    @cached_property
    def network(self) -> "Network":
        """The streets and timetables, read once."""
        return self._network(self.settings.limits)

    @cached_property
    def _street_points(self) -> "StreetPoints":
        from famgeo.study.geography import street_points

        release = self.release()
        assert release is not None
        return street_points(release.home_areas, self.network.streets)

    def _network(self, limits: Limits) -> "Network":
        from famgeo.study.stored import stored_streets, stored_timetables
        from famgeo.travel.network import Network

        streets = stored_streets(self.store).table
        return Network(streets=streets, timetables=stored_timetables(self.store), limits=limits)

    def _world(self, vault: Vault, limits: Limits) -> "World":
        from famgeo.sources.roster import households
        from famgeo.study.world import World

        state = vault.state()
        homes = households(vault.students())
        if homes.empty:
            message = (
                f"{self.settings.name} has no families yet. Add them: famgeo add "
                f"{self.folder.name} roster FILE.csv"
            )
            raise StudyError(message)
        files = [*self.store.files("streets"), *self.store.files("transit")]
        same = limits == self.settings.limits
        return World(
            settings=self.settings,
            store=self.store,
            vault=vault,
            state=state,
            homes=homes,
            sites=self.sites(),
            limits=limits,
            files={file.feed_id or file.kind: file.sha256 for file in files},
            read_network=lambda: self.network if same else self._network(limits),
        )

    def _limits(self, limit_min: float | None) -> Limits:
        limits = self.settings.limits
        return limits if limit_min is None else replace(limits, limit_min=limit_min)
