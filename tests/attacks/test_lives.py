"""The life of a study: families come, move, change, leave and are erased while it is released.

Whatever the order, nothing acknowledged is lost, an erased family stays erased, every release
passes its audit, and the attacks on differences, overlaps and totals find nothing.
"""

import hashlib
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from again import Families, released
from families import draw_barriers, draw_sites
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_03_differencing import groups_found, small_groups
from test_04_overlap import known_too_well
from test_05_totals import narrow_widths, small_remainders, sums_of_tables
from truth import answer_cells, categories_of, map_cells, table_cells, tables_of

from famgeo.domain import Meeting, MostFamilies
from famgeo.errors import TableError
from famgeo.release.counts import BASE
from famgeo.settings import bundled
from famgeo.sources.roster import households
from famgeo.store.studies import open_study_store
from famgeo.store.vault import open_vault
from famgeo.study.study import Study, create_study, open_study
from famgeo.tables import STUDENTS, Ledger, Release, as_points, check, lonlat

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
WEST, SOUTH, SIDE = -99.72, 38.25, 0.03
CLUSTERS = 6
FIRST = 130
LANGUAGES, GRADES, CARS = ("en", "es", "vi", "so"), ("K", "4", "7", "10"), ("yes", "no", "unknown")
SCHOOLS, HALLS = ("s00", "s01"), 4
FEW = st.integers(1, 8)
EVENING = "2026-12-08 18:30/20:30"


def draw_students(numbers: range, seed: int) -> gpd.GeoDataFrame:
    """Return one student for each household, in clusters, with all that families are counted by."""
    chance, count = np.random.default_rng(seed), len(numbers)
    middles = np.random.default_rng(0).uniform(0.15, 0.85, (CLUSTERS, 2))
    at = middles[chance.integers(0, CLUSTERS, count)] + chance.normal(0, 0.08, (count, 2))

    def some(names: tuple[str, ...], *shares: float) -> list[str]:
        return chance.choice(names, count, p=shares or None).tolist()

    table = pd.DataFrame(
        {
            "student_id": [f"S{n}" for n in numbers],
            "household_id": [f"H{n}" for n in numbers],
            "school_id": some(SCHOOLS, 0.6, 0.4),
            "grade": some(GRADES),
            "home_language": some(LANGUAGES, 0.6, 0.25, 0.1, 0.05),
            "interpreter": "no",
            "wheelchair": "no",
            "has_car": some(CARS, 0.6, 0.3, 0.1),
            "internet": "yes",
            "evenings": "",
            "contact": "",
            "entered_on": "",
            "protected": chance.random(count) < 0.02,
        }
    )
    spots = [WEST, SOUTH] + at.clip(0, 1) * SIDE
    return check(as_points(table.astype({"student_id": str}), *spots.T), STUDENTS)


def straight_line_barriers(_vault, _network, homes, sites, *, meeting, limits, **_):
    """Say who lives near enough, as the crow flies: travel that takes no time to work out."""
    away = np.hypot(*np.moveaxis(lonlat(homes)[:, None] - lonlat(sites)[None, :], 2, 0))
    far = away > SIDE / 3 * limits.limit_min / 60
    reasons = np.where(far, "too_long_there", "").astype(object)
    found = draw_barriers(homes, sites, reasons, meeting)
    _vault.save_barriers(found)
    return found


class Lives(RuleBasedStateMachine):
    """A study and what its steward knows of it: the rows that were acknowledged."""

    @initialize(seed=st.integers(0, 5))
    def begin(self, seed: int) -> None:
        """Make a study with two schools, four halls and its first families."""
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("famgeo.study.world.barriers_of", straight_line_barriers)
        nowhere = SimpleNamespace(timetables=())
        self.patch.setattr("famgeo.study.study.Study._network", lambda *_: nowhere)
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "lives"
        create_study(self.folder, name="Lives", timezone="America/Chicago")
        self._put_places()
        self.known: dict[str, tuple[str, ...]] = {}
        self.erased: set[str] = set()
        self.next, self.clock, self.seed = 0, START, seed
        self.latest: Release | None = None
        self._come(FIRST)

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "temporary"):
            self.patch.undo()
            self.temporary.cleanup()

    @property
    def study(self) -> Study:
        """The study, opened anew as every command does."""
        return open_study(self.folder)

    @property
    def vault(self):
        """The vault, opened anew as every command does."""
        return open_vault(self.folder)

    @property
    def now(self) -> datetime:
        """A moment later than the last."""
        self.clock += timedelta(hours=7)
        return self.clock

    def _put_places(self) -> None:
        chance = np.random.default_rng(1)
        spots = [WEST, SOUTH] + chance.uniform(0.2, 0.8, (2 + HALLS, 2)) * SIDE
        sites = draw_sites(2 + HALLS)
        schools = pd.DataFrame(
            {
                "school_id": SCHOOLS,
                "name": ["North School", "South School"],
                "level": "",
                "wheelchair": "yes",
                "bell_start": "",
                "bell_end": "",
            }
        )
        assets = sites.iloc[2:].drop(columns="geometry").rename(columns={"site_id": "asset_id"})
        assets = assets.assign(kind="hall", organization="", hosts="yes", verified_on="", source="")
        store = open_study_store(self.folder)
        store.add_file("streets", bundled() / "data" / "riverbend" / "streets.osm.pbf")
        store.save_schools(as_points(schools, *spots[:2].T))
        store.save_assets(as_points(assets.reset_index(drop=True), *spots[2:].T), utc=START)

    def _come(self, count: int) -> None:
        numbers = range(self.next, self.next + count)
        self.next += count
        self._add(draw_students(numbers, self.seed + self.next))

    def _add(self, students: gpd.GeoDataFrame) -> None:
        named = hashlib.sha256(students.to_csv().encode()).hexdigest()
        self.vault.add_students(students, named)
        rows = rows_of(students)
        self.known |= {home: row for home, row in rows.items() if home not in self.erased}

    def _some(self, data: st.DataObject, count: int) -> gpd.GeoDataFrame:
        students = self.vault.students()
        seed = data.draw(st.integers(0, 10_000))
        chosen = np.random.default_rng(seed).choice(
            len(students), min(count, len(students)), replace=False
        )
        return students.iloc[np.sort(chosen)].reset_index(drop=True)

    @rule(count=FEW)
    def families_come(self, count: int) -> None:
        """Import a file of new families."""
        self._come(count)

    @rule(data=st.data(), count=FEW, language=st.sampled_from((*LANGUAGES, "new")))
    def families_change(self, data: st.DataObject, count: int, language: str) -> None:
        """Edit what some families speak and drive."""
        self._add(self._some(data, count).assign(home_language=language, has_car="no"))

    @rule(data=st.data(), count=FEW)
    def families_move(self, data: st.DataObject, count: int) -> None:
        """Move some families to the other end of town."""
        some = self._some(data, count)
        mirrored = [2 * WEST + SIDE, 2 * SOUTH + SIDE] - lonlat(some)
        self._add(as_points(some.drop(columns="geometry"), *mirrored.T))

    @rule(data=st.data(), count=FEW)
    def families_leave(self, data: st.DataObject, count: int) -> None:
        """Read a whole enrolment that some families are no longer in."""
        gone = set(self._some(data, count)["household_id"])
        students = self.vault.students()
        staying = students[~students["household_id"].isin(gone)].reset_index(drop=True)
        if staying.empty:
            with pytest.raises(TableError, match="without a single student"):
                self.vault.replace_students(staying, str(self.clock), now=self.now)
            return
        self.vault.replace_students(staying, str(self.clock), now=self.now)
        self.known = {home: row for home, row in self.known.items() if home not in gone}

    @rule(data=st.data(), again=st.booleans())
    def a_family_is_erased(self, data: st.DataObject, *, again: bool) -> None:
        """Erase a family; a later roster that still has it must not bring it back."""
        rows = self._some(data, 1)
        gone = set(rows["household_id"])
        self.vault.forget(household_ids=gone, now=self.now)
        self.erased |= gone
        self.known = {home: row for home, row in self.known.items() if home not in gone}
        if again:
            self._add(rows.assign(evenings="Mo"))

    @rule()
    def it_is_released(self) -> None:
        """Make the release anew."""
        self.latest, _ = self.study.release_anew(self.vault, now=self.now)
        self._attack()

    @rule(sites=st.integers(1, 2))
    def a_plan_is_made(self, sites: int) -> None:
        """Choose places and release the plan."""
        study = self.study
        meeting = Meeting.parse(EVENING, study.zone)
        study.plan(self.vault, MostFamilies(n_sites=sites), [meeting], name="p", now=self.now)
        self.latest = study.release()
        self._attack()

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        """The vault holds the rows that were acknowledged, and no other."""
        if hasattr(self, "folder"):
            assert rows_of(self.vault.students()) == self.known

    @invariant()
    @precondition(lambda self: getattr(self, "latest", None) is not None)
    def the_release_that_was_stored_is_the_one_that_was_made(self) -> None:
        """What was released is still what is shown."""
        assert self.study.release().release_id == self.latest.release_id

    def _attack(self) -> None:
        """Try the attacks on the release as held, and on one of the same families held by none."""
        vault, study = self.vault, self.study
        students = vault.students()
        homes = households(students)
        self._true_enough(self.latest, homes)
        meetings = [m for plan in self.latest.plans for m in plan.meetings]
        barriers = [vault.barriers(meeting) for meeting in meetings]
        families = Families(
            students=students,
            barriers=pd.concat(barriers) if barriers else vault.barriers("none"),
        )
        district = SimpleNamespace(vault=vault, study=study, release=self.latest)
        fresh, _ = released(district, families, ledger=Ledger())
        tables = tables_of(fresh, homes, categories_of(students, homes))
        k = fresh.k
        assert groups_found(map_cells(fresh, homes), k=k) == []
        assert groups_found(table_cells(fresh, tables), k=k) == []
        assert [f for table in tables for f in known_too_well(table, k=k)] == []
        assert small_remainders(sums_of_tables(tables), k=k) == []
        assert narrow_widths(tables, k=k) == []
        for plan in fresh.plans:
            cells = answer_cells(plan.headline, plan.sites, families.barriers, homes, label="at")
            assert small_groups(cells, k=k) == []

    def _true_enough(self, release: Release, homes: gpd.GeoDataFrame) -> None:
        """Hold figures to the truth: more than k − 5 families, and less than 10 away."""
        for cell in map_cells(release, homes):
            if cell.name != "unmapped" and not cell.name.startswith("N"):
                assert len(cell.members) >= release.k
                assert abs(cell.figure - len(cell.members)) < 2 * BASE


def rows_of(students: gpd.GeoDataFrame) -> dict[str, tuple[str, ...]]:
    """Return what is known of each household: one row, its home included."""
    told = students.assign(home=students.geometry.to_wkt())
    return {
        home: row
        for home, *row in told[
            ["household_id", "student_id", "home_language", "has_car", "home"]
        ].itertuples(index=False)
    }


FOR_EVERY_CHANGE = settings(
    max_examples=8,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
Lives.TestCase.settings = FOR_EVERY_CHANGE
TestLives = pytest.mark.xdist_group("lives")(Lives.TestCase)


class LongLives(Lives):
    """The same, longer and more often."""


LongLives.TestCase.settings = settings(
    FOR_EVERY_CHANGE, max_examples=30, stateful_step_count=30, derandomize=False
)
TestLongLives = pytest.mark.slow(LongLives.TestCase)
