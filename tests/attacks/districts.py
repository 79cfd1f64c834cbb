"""Three districts to attack, each built once by the commands a steward types.

A second household, the finch, is erased before anything is counted, though the roster that is read
again still has it.

Every district holds a canary: a household whose ids, whose contact and whose home occur nowhere
else, entered rightly once and wrongly three times (an address as school, swapped coordinates, a
note in the wrong column), as rosters are. What the commands print, write and leave behind is kept
for the attacks; the vault is opened only to know what is true.
"""

import contextlib
import hashlib
import io
import json
import secrets
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest
from truth import Cell, Table, categories_of, tables_of

from famgeo import cli
from famgeo.outputs import EXPORTERS
from famgeo.settings import bundled
from famgeo.sources.roster import households
from famgeo.store.releases import release_from_json
from famgeo.store.schema import RELEASES
from famgeo.store.vault import StudyVault, open_vault
from famgeo.study.study import Study, open_study
from famgeo.tables import Headline, Ledger, Release, ReleasedBarriers

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STUDENT, HOUSEHOLD, CONTACT = "CANARY7Q", "CANARYHOME7Q", "canary7q-läuten"
ERASED, ERASED_HOME = "FINCH4W", "FINCHHOME4W"
SLIPPED = "14 Canary Läne Apt 3"
KEY_BYTES = 32
VAULT_SIDE = ("vault.db", "private")
PLANS = {"one": 1, "two": 2}
NO_PLAN = {"no_option_with_plan": None, "quality": ""}


@dataclass(frozen=True, kw_only=True)
class Town:
    """What a district is built from. ``canary``: lon, lat of its home, to seven decimals.

    ``thorough``: whether the steward also releases anew, signs and reads every report.
    """

    name: str
    source: str
    timezone: str
    evenings: tuple[str, ...]
    canary: tuple[float, float]
    metric_epsg: int
    families: int | None = None
    limits_min: tuple[int, ...] = ()
    thorough: bool = True

    @property
    def erased(self) -> tuple[float, float]:
        """The home of the family that was erased."""
        lon, lat = self.canary
        return lon + 0.0123457, lat - 0.0054323


RIVERBEND = ("2026-12-08 18:30/20:30", "2026-12-08 17:00/18:30", "2026-12-12 10:00/12:00")
TOWNS = {
    "riverbend": Town(
        name="riverbend",
        source="riverbend",
        timezone="America/Chicago",
        evenings=RIVERBEND,
        canary=(-99.6771339, 38.2713347),
        metric_epsg=32614,
        limits_min=(30, 45),
    ),
    "small": Town(
        name="small",
        source="riverbend",
        timezone="America/Chicago",
        evenings=RIVERBEND[:2],
        canary=(-99.6771339, 38.2713347),
        metric_epsg=32614,
        families=299,
        limits_min=(45,),
    ),
    "nky": Town(
        name="nky",
        source="nky",
        timezone="America/New_York",
        evenings=("2020-02-05 18:00/20:00", "2020-02-05 17:00/18:30"),
        canary=(-84.5126339, 39.0567847),
        metric_epsg=32616,
        thorough=False,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """All that one command printed, to either stream."""

    command: str
    text: str

    @property
    def data(self) -> dict[str, object]:
        """What a command with ``--json`` said."""
        return json.loads(self.text)


@dataclass(kw_only=True)
class District:
    """A built district: its folder, what was printed, and for the judge alone, what is true."""

    town: Town
    root: Path
    said: list[Said] = field(default_factory=list)
    pages: list[AppTest] = field(default_factory=list)
    answers: dict[str, list[Cell]] = field(default_factory=dict)
    again: list[tuple[Release, Ledger]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.root / self.town.name

    @property
    def out(self) -> Path:
        """Where its exports are, by audience."""
        return self.root / "exported"

    @property
    def left(self) -> Path:
        """The folder for temporary files while it was built."""
        return self.root / "temporary"

    @cached_property
    def study(self) -> Study:
        """The study, as the app opens it."""
        return open_study(self.folder)

    @cached_property
    def vault(self) -> StudyVault:
        """The vault, for the judge."""
        return open_vault(self.folder)

    @cached_property
    def homes(self) -> gpd.GeoDataFrame:
        """HOUSEHOLDS, as they truly are."""
        return households(self.vault.students())

    @property
    def mapped(self) -> gpd.GeoDataFrame:
        """The households that may be in an area at all."""
        return self.homes[~self.homes["protected"]]

    @cached_property
    def releases(self) -> list[Release]:
        """Every release that was stored, oldest first; the last is the one that is shown."""
        wanted = select(RELEASES.c.document).order_by(RELEASES.c.sequence)
        with self.study.store.database.reading() as connection:
            return [release_from_json(text) for text in connection.execute(wanted).scalars()]

    @property
    def release(self) -> Release:
        """The release that is shown."""
        return self.releases[-1]

    @cached_property
    def barriers_said(self) -> list[Said]:
        """What ``famgeo barriers --json`` said, in turn."""
        return [s for s in self.said if s.command.startswith("barriers") and "--json" in s.command]

    @cached_property
    def tables(self) -> list[Table]:
        """Who is in each cell of the one-way tables of the release that is shown."""
        groups = categories_of(self.vault.students(), self.homes)
        return tables_of(self.release, self.homes, groups)

    def barriers(self, meetings: Iterable[str]) -> pd.DataFrame:
        """Return the stored BARRIERS of some meetings."""
        return pd.concat([self.vault.barriers(meeting) for meeting in meetings])

    @staticmethod
    def barriers_shown(said: Said) -> ReleasedBarriers:
        """Return what ``barriers --json`` said as the table it was made from."""
        data = said.data
        counts = ("families", "no_option_at_school", "by_reason")
        headline = Headline(**{name: data[name] for name in counts}, **NO_PLAN)
        sites = pd.DataFrame(data["sites"]).astype({"reached": "Int64"})
        return ReleasedBarriers(meetings=tuple(data["meetings"]), headline=headline, sites=sites)

    def public_files(self) -> list[Path]:
        """Return every file that is not the vault's own."""
        own = [p for p in self.folder.rglob("*") if p.is_file() and not _is_private(p, self.folder)]
        beside = [p for f in (self.out, self.left) for p in f.rglob("*") if p.is_file()]
        return [*own, *beside]


def _is_private(path: Path, folder: Path) -> bool:
    first = path.relative_to(folder).parts[0]
    return first.startswith(VAULT_SIDE[0]) or first == VAULT_SIDE[1]


def source_of(town: Town, cities: Path | None) -> Path:
    """Return the folder with a town's files."""
    if town.source == "riverbend":
        return bundled() / "data" / "riverbend"
    assert cities is not None
    return cities / town.source


def roster_with_canary(town: Town, source: Path) -> pd.DataFrame:
    """Return the town's roster, thinned to its size, with the canary and its wrong entries."""
    roster = pd.read_csv(source / "roster.csv", dtype=str, keep_default_na=False)
    if town.families is not None:
        ids = np.sort(roster["household_id"].unique())
        kept = np.random.default_rng(3).choice(ids, town.families, replace=False)
        roster = roster[roster["household_id"].isin(kept)]
    lon, lat = (f"{degrees:.7f}" for degrees in town.canary)
    canary = roster.iloc[[0]].assign(
        student_id=STUDENT,
        household_id=HOUSEHOLD,
        lon=lon,
        lat=lat,
        preferred_contact=CONTACT,
        address_confidential="no",
    )
    wrong = [
        canary.assign(student_id=f"{STUDENT}2", school_id=SLIPPED),
        canary.assign(student_id=f"{STUDENT}3", lon=lat, lat=lon),
        canary.assign(student_id=f"{STUDENT}4", entry_date=SLIPPED, has_car=SLIPPED),
    ]
    lon, lat = (f"{degrees:.7f}" for degrees in town.erased)
    erased = canary.assign(student_id=ERASED, household_id=ERASED_HOME, lon=lon, lat=lat)
    return pd.concat([roster, canary, *wrong, erased], ignore_index=True)


def commands_of(town: Town, source: Path, roster: Path, out: Path) -> Iterator[tuple[object, ...]]:
    """Yield the commands that build a district, plan in it, and export all there is."""
    name = town.name
    yield "new", name, "--name", name.title(), "--timezone", town.timezone
    yield "add", name, "streets", source / "streets.osm.pbf"
    yield "add", name, "transit", source / "gtfs.zip"
    yield "add", name, "schools", source / "schools.csv"
    yield "add", name, "assets", source / "assets.csv", "--json"
    yield "add", name, "roster", roster
    yield "forget", name, "--student", ERASED, "--json"
    yield "add", name, "roster", roster, "--json"
    yield "check", name
    yield "check", name, "--json"
    for evening in town.evenings:
        yield "barriers", name, "--meeting", evening, "--json"
    if town.thorough:
        yield "barriers", name, "--meeting", town.evenings[0]
    for limit_min in town.limits_min:
        asked = ("--limit-minutes", limit_min)
        yield "barriers", name, "--meeting", town.evenings[0], *asked, "--json"
    both = [part for evening in town.evenings[:2] for part in ("--meeting", evening)]
    meetings = {"one": ("--meeting", town.evenings[0]), "two": both}
    for plan, sites in PLANS.items():
        yield "plan", name, "--sites", sites, *meetings[plan], "--name", plan, "--json"
    if town.thorough:
        yield "plan", name, "--sites", PLANS["two"], *both, "--name", "two"
    for plan in PLANS:
        for audience in ("district", "partner"):
            to = ("--to", out / audience, "--audience", audience)
            yield "export", name, "--plan", plan, "--format", ",".join(EXPORTERS), *to
    yield "look", name, "--student", STUDENT, "--reason", "a call from the school"
    if town.thorough:
        yield "release", name
        yield "release", name, "--json"
        yield "check", name, "--privacy"
        yield "check", name, "--privacy", "--json"
        yield "sign", name, "--purpose", "autumn meetings"
        yield "purge", name
    yield "audit", "verify", name
    yield "audit", "list", name, "--json"
    yield "audit", "exports", name


def build(town: Town, root: Path, cities: Path | None) -> District:
    """Build a district in a folder, keeping every word and every file it leaves."""
    source, district = source_of(town, cities), District(town=town, root=root)
    district.left.mkdir()
    roster = root.with_name(f"{root.name}-families.csv")
    roster_with_canary(town, source).to_csv(roster, index=False)
    with in_folder(root, temporary=district.left) as patch:
        patch.setattr(secrets, "token_bytes", key_of(town))
        for number, command in enumerate(commands_of(town, source, roster, district.out)):
            district.said.append(run(*command))
            if not number:
                keep_journal(district.folder)
        with failing_inside():
            defect = ("barriers", town.name, "--meeting", town.evenings[0])
            district.said += [run(*defect, debug=True), run(*defect, "--json", debug=True)]
    return district


def keep_journal(folder: Path) -> None:
    """Hold the public database open, so that its journal stays beside it to be searched."""
    connection = sqlite3.connect(folder / "study.db")
    connection.execute("select count(*) from sqlite_master").fetchone()
    _HELD.append(connection)


_HELD: list[sqlite3.Connection] = []


def let_go() -> None:
    """Close what ``keep_journal`` holds."""
    while _HELD:
        _HELD.pop().close()


def key_of(town: Town) -> Callable[..., bytes]:
    """Return a source of chance whose 32-byte key is the town's own, so that a run is repeated."""
    real = secrets.token_bytes

    def token_bytes(nbytes: int = KEY_BYTES) -> bytes:
        if nbytes != KEY_BYTES:
            return real(nbytes)
        return hashlib.sha256(town.name.encode()).digest()

    return token_bytes


@contextlib.contextmanager
def in_folder(root: Path, *, temporary: Path | None = None) -> Iterator[pytest.MonkeyPatch]:
    """Work in a folder, with temporary files in one that can be searched, on one thread."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(root):
        patch.setenv("FAMGEO_THREADS", "1")
        patch.delenv("FAMGEO_STUDIES", raising=False)
        if temporary is not None:
            patch.setenv("TMPDIR", str(temporary))
            patch.setattr(tempfile, "tempdir", str(temporary))
        yield patch


def run(*words: object, debug: bool = False) -> Said:
    """Run a command in this process; return all it printed. Only a defect may fail."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        patch.setattr(sys, "argv", ["famgeo", *map(str, words)])
        if debug:
            patch.setenv("FAMGEO_DEBUG", "1")
        with pytest.raises(SystemExit) as left:
            cli.main()
    assert bool(left.value.code) == debug, said.getvalue()
    return Said(command=" ".join(map(str, words)), text=said.getvalue())


@contextlib.contextmanager
def failing_inside() -> Iterator[None]:
    """Let the innermost step fail with a family's row in its message."""

    def broken(homes: gpd.GeoDataFrame, *_args: object, **_kwargs: object) -> None:
        row = homes[homes["household_id"] == HOUSEHOLD].iloc[0]
        raise KeyError(dict(row), row.geometry.wkt, SLIPPED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("famgeo.study.homes.find_barriers", broken)
        yield


def copied(district: District, root: Path) -> District:
    """Copy a district, vault and all, for an attack that changes it."""
    root.mkdir(exist_ok=True)
    shutil.copytree(district.folder, root / district.town.name)
    for journal in (root / district.town.name).glob("study.db-*"):
        journal.unlink()
    with (
        contextlib.closing(sqlite3.connect(district.folder / "study.db")) as there,
        contextlib.closing(sqlite3.connect(root / district.town.name / "study.db")) as here,
    ):
        there.backup(here)
    return District(town=district.town, root=root, said=list(district.said))
