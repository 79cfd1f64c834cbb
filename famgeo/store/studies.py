"""A study: one folder with its settings, its public tables, its files and its releases.

Nothing here knows where a family lives; that is in the vault, a separate file which this module
cannot open.
"""

import difflib
import json
import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.engine import URL

from famgeo.domain import ReadReport, StudySettings
from famgeo.errors import StudyError
from famgeo.store.audit import AuditLog
from famgeo.store.directory import Directory
from famgeo.store.engine import Database, open_database, sqlite_url
from famgeo.store.files import FILES_NAME, StudyFile, keep_file, kept_files, put
from famgeo.store.frames import read_points, replace_points
from famgeo.store.frozen import (
    read_home_areas,
    read_neighborhoods,
    write_home_areas,
    write_neighborhoods,
)
from famgeo.store.migrations import bring_up_to_date, make_tables
from famgeo.store.reads import StoredRead, store_read, stored_reads
from famgeo.store.releases import (
    plan_from_json,
    plan_to_json,
    release_from_json,
    release_to_json,
)
from famgeo.store.schema import METADATA, PLANS, RELEASES, SCHOOL_ROWS
from famgeo.store.toml import SETTINGS_NAME, read_settings, write_settings
from famgeo.store.users import Accounts
from famgeo.tables import SCHOOLS, Release, ReleasedPlan

STUDY_NAME = re.compile(r"[\w-]{1,64}")
OWNER_ONLY = 0o600
DATABASE_NAME = "study.db"


@dataclass(frozen=True, kw_only=True)
class Store:
    """A study's folder and database. Every ``save`` is whole or has not happened."""

    folder: Path
    settings: StudySettings
    database: Database

    @property
    def directory(self) -> Directory:
        """The community directory with its history, and who asked not to be in it."""
        return Directory(database=self.database)

    @property
    def audit(self) -> AuditLog:
        """Who did what, and what left the building."""
        return AuditLog(database=self.database)

    @property
    def accounts(self) -> Accounts:
        """Who may sign in, and who is."""
        return Accounts(database=self.database)

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
        return self.directory.assets()

    def save_assets(self, assets: gpd.GeoDataFrame, *, user: str = "", utc: datetime) -> int:
        """Put these ASSETS in the place of those stored, each change kept in their history.

        Return how many were left out because they asked not to be listed.
        """
        return self.directory.save_assets(assets, user=user, utc=utc)

    def reads(self) -> list[StoredRead]:
        """Return what was read into the study, oldest first."""
        return stored_reads(self.database)

    def add_read(self, what: str, report: ReadReport, *, sha256: str, utc: datetime) -> None:
        """Note one reading. A report holds no home, by the rule of every reader."""
        store_read(self.database, StoredRead(what=what, sha256=sha256, report=report, utc=utc))

    def files(self, kind: str) -> list[StudyFile]:
        """Return the stored files of a kind, by ``feed_id``."""
        return kept_files(self.database, self.folder, kind)

    def add_file(self, kind: str, source: Path, *, feed_id: str = "") -> StudyFile:
        """Copy a file into the study in the place of the one of this kind and feed.

        The same content twice changes nothing. Raises ``StudyError`` when it cannot be copied.
        """
        return keep_file(self.database, self.folder, kind, source, feed_id=feed_id)

    def home_areas(self) -> gpd.GeoDataFrame:
        """Return the frozen home areas: ``home_area_id`` and polygon; empty before the first."""
        return read_home_areas(self.database)

    def save_home_areas(self, areas: gpd.GeoDataFrame, *, frozen_on: date) -> None:
        """Freeze these home areas in the place of those stored."""
        write_home_areas(self.database, areas, frozen_on=frozen_on)

    def neighborhoods(self) -> pd.DataFrame:
        """Return the frozen neighborhoods: ``neighborhood_id`` and ``home_area_ids``.

        The ids of a neighborhood's home areas are joined by ``;``. Empty before the first.
        """
        return read_neighborhoods(self.database)

    def save_neighborhoods(self, neighborhoods: pd.DataFrame, *, frozen_on: date) -> None:
        """Freeze these neighborhoods in the place of those stored."""
        write_neighborhoods(self.database, neighborhoods, frozen_on=frozen_on)

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
        put(self.database, PLANS, row)


def new_study(folder: Path, *, name: str, timezone: str, url: str | URL | None = None) -> Store:
    """Make an empty study. ``url`` is a PostgreSQL database; without it SQLite in the folder.

    Raises ``StudyError``: a name that cannot be a folder's, a time zone that does not exist, a
    study that is there already, a folder that cannot be written, a database out of reach.
    """
    folder = _named(folder)
    settings = StudySettings(name=name, timezone=timezone)
    if (folder / SETTINGS_NAME).exists():
        message = f"There is a study in {folder} already. Open it, or choose another name."
        raise StudyError(message)
    try:
        (folder / FILES_NAME).mkdir(parents=True, exist_ok=True)
        if url is None:
            _make_private(folder / DATABASE_NAME)
        database = _database(folder, url)
        make_tables(database)
        # Last, for it is what makes the folder a study.
        write_settings(folder / SETTINGS_NAME, settings)
    except OSError as error:
        message = f"No study can be made in {folder}: {error.strerror}. Choose another folder."
        raise StudyError(message) from error
    return Store(folder=folder, settings=settings, database=database)


def open_study_store(folder: Path, *, url: str | URL | None = None) -> Store:
    """Open a study that exists, and bring an older one to today's form.

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
    bring_up_to_date(database)
    return Store(folder=folder, settings=settings, database=database)


def integrity_fault(store: Store) -> str | None:
    """Return what is wrong inside the study's database or its audit, in one sentence, or None."""
    try:
        with store.database.reading() as connection:
            damaged = _damaged(connection)
    except StudyError as error:
        return str(error)
    return f"{store.database.label} is damaged." if damaged else store.audit.verify()


def _damaged(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() != "ok"
    for table in METADATA.sorted_tables:
        connection.execute(select(table)).all()
    return False


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


def _make_private(path: Path) -> None:
    """Make an empty file for its owner alone: roles and passwords' hashes will be in it.

    SQLite gives its journals the mode of the database.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))


def _database(folder: Path, url: str | URL | None) -> Database:
    where: str | URL = sqlite_url(folder / DATABASE_NAME) if url is None else url
    label = str(folder / DATABASE_NAME) if url is None else "The study's database"
    return open_database(where, label=label)
