"""What comes into a study: files, each read by its reader, and a note of how it went."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import geopandas as gpd

from famgeo.domain import ReadReport, StudySettings
from famgeo.store.artifacts import artifact
from famgeo.store.studies import Store
from famgeo.store.whole_files import sha256_of
from famgeo.study.directory import put_together, roster_notes
from famgeo.tables import Progress, Vault, no_progress

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The part of a study that takes files in."""

    store: Store

    @property
    def folder(self) -> Path:
        """The folder that holds all of the study."""
        return self.store.folder

    @property
    def settings(self) -> StudySettings:
        """What ``famgeo.toml`` says."""
        return self.store.settings

    def schools(self) -> gpd.GeoDataFrame:
        """Return SCHOOLS."""
        return self.store.schools()

    def assets(self) -> gpd.GeoDataFrame:
        """Return ASSETS."""
        return self.store.assets()

    def add_roster(
        self, vault: Vault, path: Path, *, now: datetime, whole: bool = False
    ) -> ReadReport:
        """Read families into the vault; the report names rows, never a home.

        ``whole``: the file is the whole enrolment, and students not in it leave. The public
        database keeps nothing of it: how many are new or were refused can be a small group, and
        the hash of a roster would confirm a guess at its content.
        """
        from famgeo.sources.roster import read_roster

        known = set(self.schools()["school_id"]) or None
        read, digest = read_roster(path, district=self._bounds(), schools=known), sha256_of(path)
        if whole:
            added = vault.replace_students(read.table, digest, now=now)
        else:
            added = vault.add_students(read.table, digest)
        notes = roster_notes(len(read.table), added, vault.left_out(read.table), whole=whole)
        report = replace(read.report, notes=(*read.report.notes, *notes))
        vault.add_read("roster", report, sha256=digest, utc=now)
        return report

    def add_schools(self, path: Path, *, now: datetime, joining: bool = False) -> ReadReport:
        """Read the schools, in the place of those there were, or ``joining`` them."""
        from famgeo.sources.schools import read_schools

        read, before = read_schools(path, district=self._bounds()), self.schools()
        table, notes = put_together(before, read.table, "school_id", joining=joining)
        if len(read.table):
            self.store.save_schools(table)
        return self._noted("schools", path, read.report, now, notes)

    def add_assets(self, path: Path, *, now: datetime, joining: bool = False) -> ReadReport:
        """Read the community directory, in the place of the one there was, or ``joining`` it."""
        from famgeo.sources.assets import read_assets

        read, before = read_assets(path, district=self._bounds()), self.assets()
        table, notes = put_together(before, read.table, "asset_id", joining=joining)
        if len(read.table) and (left_out := self.store.save_assets(table, utc=now)):
            notes += (f"Left out because they asked not to be listed: {left_out:,}.",)
        return self._noted("assets", path, read.report, now, notes)

    def add_streets(
        self, path: Path, *, now: datetime, progress: Progress = no_progress
    ) -> ReadReport:
        """Read and keep a street file, and draw the background map from it."""
        from famgeo.sources.osm import read_streets

        progress("Reading streets", 0.1)
        read = read_streets(path)
        self.store.add_file("streets", path)
        progress("Drawing the background map", 0.5)
        self._draw_basemap()
        return self._noted("streets", path, read.report, now)

    def add_transit(self, path: Path, *, now: datetime) -> ReadReport:
        """Read and keep one timetable; a file of the same name takes its place.

        One that is over takes the place of none that runs longer: ``SourceError``.
        """
        from famgeo.sources.gtfs import read_timetable
        from famgeo.study.stored import when_over

        read = read_timetable(path, feed_id=path.stem)
        there = {file.feed_id: file for file in self.store.files("transit")}
        over = when_over(self.store, read.table, there.get(path.stem), today=now.date())
        stored = self.store.add_file("transit", path, feed_id=path.stem)
        other = path.stem in there and there[path.stem].sha256 != stored.sha256
        notes = (f"It takes the place of the timetable '{path.stem}' that was there.",)
        return self._noted("transit", path, read.report, now, (*over, *(notes if other else ())))

    def _draw_basemap(self) -> Path | None:
        from famgeo.outputs.basemap import build_basemap
        from famgeo.sources.osm import read_basemap

        files = self.store.files("streets")
        if not files:
            return None
        path = artifact(self.folder, "basemap", {"streets": files[0].sha256}, ending=".pmtiles")
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            build_basemap(read_basemap(files[0].path), path)
        return path

    def _bounds(self) -> Bounds | None:
        """Return the district's box: that of its schools, for what is added later to meet."""
        schools = self.schools()
        if len(schools) < 2:  # noqa: PLR2004 - one point has no extent
            return None
        west, south, east, north = schools.total_bounds
        return float(west), float(south), float(east), float(north)

    def _noted(
        self,
        what: str,
        path: Path,
        report: ReadReport,
        now: datetime,
        notes: tuple[str, ...] = (),
    ) -> ReadReport:
        told = replace(report, notes=(*report.notes, *(notes if report.rows_used else ())))
        self.store.add_read(what, told, sha256=sha256_of(path), utc=now)
        return told
