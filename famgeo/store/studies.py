"""A study: one folder with its settings, its public tables, its files and its releases.

Nothing here knows where a family lives; that is in the vault, a separate file which this module
cannot open.
"""

import difflib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import RowMapping, Table, delete, insert, select, update
from sqlalchemy.engine import URL

from famgeo.domain import ReadReport, Refusal, StudySettings
from famgeo.errors import StudyError
from famgeo.store.engine import Database, open_database, sqlite_url
from famgeo.store.frames import read_points, replace_points
from famgeo.store.releases import (
    plan_from_json,
    plan_to_json,
    release_from_json,
    release_to_json,
)
from famgeo.store.schema import (
    ASSET_ROWS,
    FILES,
    HOME_AREA_ROWS,
    METADATA,
    PLANS,
    READS,
    RELEASES,
    SCHEMA_VERSION,
    SCHOOL_ROWS,
    STUDY_META,
)
from famgeo.store.toml import SETTINGS_NAME, read_settings, write_settings
from famgeo.store.whole_files import copy_whole, sha256_of
from famgeo.tables import ASSETS, SCHOOLS, Release, ReleasedPlan

STUDY_NAME = re.compile(r"[\w-]{1,64}")
DATABASE_NAME = "study.db"
FILES_NAME = "files"


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A file kept in the study's folder: ``kind`` streets or transit, ``name`` as it came."""

    kind: str
    feed_id: str
    name: str
    sha256: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class StoredRead:
    """One ``add``: what was read, from a file with which content, with what result, and when."""

    what: str
    sha256: str
    report: ReadReport
    utc: datetime


@dataclass(frozen=True, kw_only=True)
class Store:
    """A study's folder and database. Every ``save`` is whole or has not happened."""

    folder: Path
    settings: StudySettings
    database: Database

    def schools(self) -> gpd.GeoDataFrame:
        """Return SCHOOLS by ``school_id``; empty when none were added."""
        with self.database.reading() as connection:
            return read_points(connection, SCHOOL_ROWS, SCHOOLS)

    def save_schools(self, schools: gpd.GeoDataFrame) -> None:
        """Put these SCHOOLS in the place of those stored."""
        with self.database.writing() as connection:
            replace_points(connection, SCHOOL_ROWS, schools, SCHOOLS)

    def assets(self) -> gpd.GeoDataFrame:
        """Return ASSETS by ``asset_id``; empty when none were added."""
        with self.database.reading() as connection:
            return read_points(connection, ASSET_ROWS, ASSETS)

    def save_assets(self, assets: gpd.GeoDataFrame) -> None:
        """Put these ASSETS in the place of those stored."""
        with self.database.writing() as connection:
            replace_points(connection, ASSET_ROWS, assets, ASSETS)

    def reads(self) -> list[StoredRead]:
        """Return what was read into the study, oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(READS).order_by(READS.c.read_id)).mappings()
            return [_stored_read(row) for row in rows]

    def add_read(self, what: str, report: ReadReport, *, sha256: str, utc: datetime) -> None:
        """Note one reading. A report holds no home, by the rule of every reader."""
        row = {
            "what": what,
            "source": report.source,
            "sha256": sha256,
            "rows_read": report.rows_read,
            "rows_used": report.rows_used,
            "unit": report.unit,
            "refused": json.dumps([[r.row, r.why] for r in report.refused]),
            "notes": json.dumps(report.notes),
            "utc": utc.isoformat(),
        }
        with self.database.writing() as connection:
            connection.execute(insert(READS), row)

    def files(self, kind: str) -> list[StudyFile]:
        """Return the stored files of a kind, by ``feed_id``."""
        wanted = select(FILES).where(FILES.c.kind == kind).order_by(FILES.c.feed_id)
        with self.database.reading() as connection:
            return [self._file(row) for row in connection.execute(wanted).mappings()]

    def add_file(self, kind: str, source: Path, *, feed_id: str = "") -> StudyFile:
        """Copy a file into the study in the place of the one of this kind and feed.

        The copy is complete and recorded before the old one goes. The same content twice changes
        nothing. Raises ``StudyError`` when the file cannot be copied.
        """
        try:
            stored = self._copied(kind, source, feed_id)
        except OSError as error:
            message = f"{source} could not be copied into {self.folder}: {error.strerror}."
            raise StudyError(message) from error
        old = [f.path for f in self.files(kind) if f.feed_id == feed_id]
        row = {
            "kind": kind,
            "feed_id": feed_id,
            "name": source.name,
            "stored_as": stored.name,
            "sha256": sha256_of(stored),
        }
        _put(self.database, FILES, row)
        for path in old:
            if path != stored:
                path.unlink(missing_ok=True)
        return next(f for f in self.files(kind) if f.feed_id == feed_id)

    def home_areas(self) -> gpd.GeoDataFrame:
        """Return the frozen home areas: ``home_area_id`` and polygon; empty before the first."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(HOME_AREA_ROWS).order_by(HOME_AREA_ROWS.c.home_area_id)
            ).all()
        shapes = shapely.from_wkb([row.wkb for row in rows])
        ids = pd.Series([row.home_area_id for row in rows], dtype=str)
        return gpd.GeoDataFrame({"home_area_id": ids}, geometry=list(shapes), crs="EPSG:4326")

    def save_home_areas(self, areas: gpd.GeoDataFrame, *, frozen_on: date) -> None:
        """Freeze these home areas in the place of those stored."""
        rows = [
            {"home_area_id": area_id, "wkb": wkb, "frozen_on": frozen_on.isoformat()}
            for area_id, wkb in zip(
                areas["home_area_id"], shapely.to_wkb(areas.geometry.to_numpy()), strict=True
            )
        ]
        with self.database.writing() as connection:
            connection.execute(delete(HOME_AREA_ROWS))
            if rows:
                connection.execute(insert(HOME_AREA_ROWS), rows)

    def latest_release(self) -> Release | None:
        """Return the release that was saved last; None before the first."""
        newest = select(RELEASES.c.document).order_by(RELEASES.c.sequence.desc()).limit(1)
        with self.database.reading() as connection:
            document = connection.execute(newest).scalar()
        return None if document is None else release_from_json(document)

    def save_release(self, release: Release, *, utc: datetime) -> None:
        """Store a release and its plans; the same release again becomes the latest."""
        row = {
            "release_id": release.release_id,
            "document": release_to_json(release),
            "utc": utc.isoformat(),
        }
        with self.database.writing() as connection:
            same = RELEASES.c.release_id == release.release_id
            connection.execute(delete(RELEASES).where(same))
            connection.execute(insert(RELEASES), row)

    def plans(self) -> tuple[ReleasedPlan, ...]:
        """Return the saved plans by name."""
        with self.database.reading() as connection:
            rows = connection.execute(select(PLANS.c.released).order_by(PLANS.c.name)).scalars()
            return tuple(plan_from_json(text) for text in rows)

    def plan(self, name: str) -> ReleasedPlan:
        """Return one saved plan. Raises ``StudyError`` naming the plans there are."""
        plans = {plan.name: plan for plan in self.plans()}
        if name not in plans:
            there = f"The plans are: {', '.join(plans)}." if plans else "No plan was made yet."
            message = f"There is no plan '{name}' in {self.settings.name}. {there}"
            raise StudyError(message)
        return plans[name]

    def save_plan(self, plan: ReleasedPlan, *, utc: datetime) -> None:
        """Store a released plan under its name, in the place of one of that name."""
        row = {
            "name": plan.name,
            "settings": json.dumps(plan.settings),
            "released": plan_to_json(plan),
            "utc": utc.isoformat(),
        }
        _put(self.database, PLANS, row)

    def _copied(self, kind: str, source: Path, feed_id: str) -> Path:
        digest = sha256_of(source)
        label = re.sub(r"[^\w-]+", "_", feed_id or kind)[:40]
        ending = "".join(source.suffixes[-2:]) if source.suffix == ".pbf" else source.suffix
        target = self.folder / FILES_NAME / f"{kind}-{label}-{digest[:16]}{ending}"
        target.parent.mkdir(exist_ok=True)
        if not target.exists() or sha256_of(target) != digest:
            copy_whole(source, target)
        return target

    def _file(self, row: RowMapping) -> StudyFile:
        return StudyFile(
            kind=row["kind"],
            feed_id=row["feed_id"],
            name=row["name"],
            sha256=row["sha256"],
            path=self.folder / FILES_NAME / row["stored_as"],
        )


def new_study(folder: Path, *, name: str, timezone: str, url: str | None = None) -> Store:
    """Make an empty study. ``url`` is a PostgreSQL database; without it SQLite in the folder.

    Raises ``StudyError``: a name that cannot be a folder's, a time zone that does not exist, a
    study that is there already, a folder that cannot be written.
    """
    folder = _named(folder)
    settings = StudySettings(name=name, timezone=timezone)
    if (folder / SETTINGS_NAME).exists():
        message = f"There is a study in {folder} already. Open it, or choose another name."
        raise StudyError(message)
    try:
        (folder / FILES_NAME).mkdir(parents=True, exist_ok=True)
        database = _database(folder, url)
        _create_tables(database)
        # Last, for it is what makes the folder a study.
        write_settings(folder / SETTINGS_NAME, settings)
    except OSError as error:
        message = f"No study can be made in {folder}: {error.strerror}. Choose another folder."
        raise StudyError(message) from error
    return Store(folder=folder, settings=settings, database=database)


def open_study_store(folder: Path, *, url: str | None = None) -> Store:
    """Open a study that exists.

    Raises ``StudyError``: no study there (the nearest name is proposed), settings that cannot be,
    a database that is missing, damaged, or made by a newer famgeo.
    """
    folder = _named(folder)
    if not (folder / SETTINGS_NAME).is_file():
        message = f"There is no study in {folder}.{_nearest(folder)} To make a new one: famgeo new"
        raise StudyError(message)
    if url is None and not (folder / DATABASE_NAME).is_file():
        message = f"{folder / DATABASE_NAME} is missing. Put back a copy from your backup."
        raise StudyError(message)
    settings = read_settings(folder / SETTINGS_NAME)
    database = _database(folder, url)
    _check_version(database)
    return Store(folder=folder, settings=settings, database=database)


def integrity_fault(store: Store) -> str | None:
    """Return what is wrong inside a SQLite database, in one sentence, or None."""
    if store.database.engine.dialect.name != "sqlite":
        return None
    try:
        with store.database.reading() as connection:
            answer = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    except (StudyError, sqlite3.Error) as error:
        return str(error)
    return None if answer == "ok" else f"{store.database.label} is damaged."


def _named(folder: Path) -> Path:
    folder = folder.absolute()
    if not STUDY_NAME.fullmatch(folder.name):
        message = f"A study cannot be called '{folder.name}'. Use 1 to 64 letters, digits, - and _."
        raise StudyError(message)
    return folder


def _nearest(folder: Path) -> str:
    try:
        studies = [path.parent.name for path in folder.parent.glob(f"*/{SETTINGS_NAME}")]
    except OSError:
        studies = []
    close = difflib.get_close_matches(folder.name, studies, n=1, cutoff=0.4)
    return f" Did you mean '{close[0]}'?" if close else ""


def _database(folder: Path, url: str | None) -> Database:
    where: str | URL = sqlite_url(folder / DATABASE_NAME) if url is None else url
    label = str(folder / DATABASE_NAME) if url is None else "The study's database"
    return open_database(where, label=label)


def _create_tables(database: Database) -> None:
    with database.writing() as connection:
        METADATA.create_all(connection)
        connection.execute(delete(STUDY_META))
        connection.execute(
            insert(STUDY_META), {"key": "schema_version", "value": str(SCHEMA_VERSION)}
        )


def _check_version(database: Database) -> None:
    wanted = select(STUDY_META.c.value).where(STUDY_META.c.key == "schema_version")
    with database.reading() as connection:
        found = connection.execute(wanted).scalar()
    if found is None or not found.isdigit():
        message = f"{database.label} is damaged and cannot be used. Put back a copy from a backup."
        raise StudyError(message)
    if int(found) > SCHEMA_VERSION:
        message = (
            f"{database.label} was made by a newer famgeo (its form is {found}, this one knows "
            f"{SCHEMA_VERSION}). Update famgeo and open it again."
        )
        raise StudyError(message)


def _put(database: Database, table: Table, row: Mapping[str, object]) -> None:
    keys = [column == row[column.name] for column in table.primary_key.columns]
    with database.writing() as connection:
        if connection.execute(update(table).where(*keys).values(**row)).rowcount == 0:
            connection.execute(insert(table), row)


def _stored_read(row: RowMapping) -> StoredRead:
    refused: Sequence[tuple[int, str]] = json.loads(row["refused"])
    report = ReadReport(
        source=row["source"],
        rows_read=row["rows_read"],
        rows_used=row["rows_used"],
        refused=tuple(Refusal(row=number, why=why) for number, why in refused),
        notes=tuple(json.loads(row["notes"])),
        unit=row["unit"],
    )
    return StoredRead(
        what=row["what"],
        sha256=row["sha256"],
        report=report,
        utc=datetime.fromisoformat(row["utc"]),
    )
