"""A study folder: everything comes back as it was saved, and faults are told in plain words."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from databases import opened_again
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from famgeo.domain import Limits, ReadReport, Refusal, StudySettings
from famgeo.errors import StudyError
from famgeo.store.releases import release_from_json, release_to_json
from famgeo.store.schema import METADATA, SCHEMA_VERSION, STUDY_META
from famgeo.store.studies import integrity_fault, new_study, open_study_store
from famgeo.store.toml import read_settings, write_settings
from famgeo.tables import NEIGHBORHOODS, ONE_WAY, SITES, Headline, Release, ReleasedPlan, as_points

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
ZONE = "America/Chicago"


@pytest.fixture
def store(tmp_path, database_url):
    return new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE, url=database_url)


@pytest.fixture
def file_store(tmp_path):
    """Give a study in a file, for what only a file can suffer."""
    return new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE)


def asset_table(n=3):
    table = pd.DataFrame(
        {
            "asset_id": [f"A{number:03}" for number in range(n)],
            "name": [f"Bücherei {number}" for number in range(n)],
            "kind": "library",
            "organization": "",
            "hosts": "yes",
            "capacity": [np.nan if number % 2 else 40.0 for number in range(n)],
            "wheelchair": "unknown",
            "languages": "en;es",
            "child_care": "no",
            "opening_hours": "Mo-Fr 09:00-20:00",
            "cost_usd": 0.0,
            "verified_on": "2026-08-01",
            "source": "osm",
        }
    )
    return as_points(table, -89.4 + np.arange(n) / 7, 43.07 + np.arange(n) / 9)


def school_table():
    table = pd.DataFrame(
        {
            "school_id": ["S1"],
            "name": ["Riverside"],
            "level": ["E"],
            "wheelchair": ["yes"],
            "bell_start": ["08:00"],
            "bell_end": [""],
        }
    )
    return as_points(table, np.array([-89.4]), np.array([43.07]))


def released_plan(name="fall"):
    sites = asset_table(2).rename(columns={"asset_id": "site_id"})[list(SITES.columns)]
    return ReleasedPlan(
        name=name,
        meetings=("2026-09-08T18:00/20:00",),
        headline=Headline(
            families=500,
            no_option_at_school=120,
            no_option_with_plan=None,
            quality="proven best",
            by_reason={"no_trip_home": 80, "other": 40},
        ),
        sites=sites.assign(reached=pd.array([380, None], dtype="Int64")),
        settings={"sites": 2, "lock": ["A000"]},
    )


def release(release_id="r1"):
    areas = gpd.GeoDataFrame(
        {"home_area_id": ["A001"], "families": [500]},
        geometry=[shapely.box(-89.1234567890123, 43, -89, 43.1)],
        crs="EPSG:4326",
    ).astype({"home_area_id": str})
    neighborhoods = areas.rename(columns={"home_area_id": "neighborhood_id"}).assign(
        home_area_ids="A001"
    )[list(NEIGHBORHOODS.columns)]
    tables = pd.DataFrame(
        [("language", "", "es", 120), ("language", "A001", "other", 40)],
        columns=list(ONE_WAY.columns),
    )
    return Release(
        release_id=release_id,
        study="Riverbend",
        k=10,
        home_areas=areas,
        unmapped=None,
        neighborhoods=neighborhoods,
        tables=tables,
        plans=(released_plan(),),
    )


def test_a_new_study_is_empty_and_opens_again(store):
    again = opened_again(store)
    assert again.settings == StudySettings(name="Riverbend", timezone=ZONE)
    assert again.schools().empty
    assert again.assets().empty
    assert again.home_areas().empty
    assert again.reads() == []
    assert again.files("streets") == []
    assert again.latest_release() is None
    assert again.plans() == ()
    assert integrity_fault(again) is None


def test_tables_come_back_to_the_last_bit_and_replace_what_was_there(store):
    store.save_assets(asset_table(40), utc=NOON)
    store.save_assets(asset_table(5), utc=NOON)
    store.save_schools(school_table())
    again = opened_again(store)
    pd.testing.assert_frame_equal(
        again.assets().drop(columns="geometry"), asset_table(5).drop(columns="geometry")
    )
    assert again.assets().geometry.equals(asset_table(5).geometry)
    assert again.schools().geometry.equals(school_table().geometry)
    assert again.assets().crs == "EPSG:4326"


def test_a_table_that_breaks_its_schema_leaves_the_old_one(store):
    store.save_assets(asset_table(5), utc=NOON)
    twice = pd.concat([asset_table(2), asset_table(2)])
    with pytest.raises(ValueError, match="asset_id"):
        store.save_assets(twice, utc=NOON)
    assert len(store.assets()) == 5


def test_readings_are_kept_in_order_with_their_refusals(store):
    report = ReadReport(
        source="assets.csv",
        rows_read=3,
        rows_used=2,
        refused=(Refusal(row=3, why="there is no latitude"),),
        notes=("Decimal commas were read as points.",),
        unit="places",
    )
    store.add_read("assets", report, sha256="ab", utc=NOON)
    store.add_read("schools", replace(report, source="schools.csv"), sha256="cd", utc=NOON)
    first, second = opened_again(store).reads()
    assert (first.what, first.report, first.sha256, first.utc) == ("assets", report, "ab", NOON)
    assert second.report.source == "schools.csv"


def test_a_file_is_copied_whole_and_the_same_twice_changes_nothing(store, tmp_path):
    source = tmp_path / "a feed (fall).zip"
    source.write_bytes(b"timetable" * 100_000)
    first = store.add_file("transit", source, feed_id="tank")
    written = first.path.stat().st_mtime_ns
    assert store.add_file("transit", source, feed_id="tank") == first
    assert first.path.stat().st_mtime_ns == written
    assert first.path.read_bytes() == source.read_bytes()
    assert first.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert first.name == "a feed (fall).zip"
    assert first.path.parent == store.folder / "files"


def test_a_new_file_takes_the_place_of_the_old_one_of_its_feed_only(store, tmp_path):
    for feed in ("bus", "rail"):
        (tmp_path / f"{feed}.zip").write_text(feed)
        store.add_file("transit", tmp_path / f"{feed}.zip", feed_id=feed)
    (tmp_path / "bus.zip").write_text("new")
    store.add_file("transit", tmp_path / "bus.zip", feed_id="bus")
    assert [file.path.read_text() for file in store.files("transit")] == ["new", "rail"]
    assert len(list((store.folder / "files").iterdir())) == 2


def test_a_file_that_is_not_there_is_named_and_the_old_one_stays(store, tmp_path):
    (tmp_path / "city.osm.pbf").write_text("streets")
    store.add_file("streets", tmp_path / "city.osm.pbf")
    with pytest.raises(StudyError, match=r"nowhere\.osm\.pbf"):
        store.add_file("streets", tmp_path / "nowhere.osm.pbf")
    (kept,) = store.files("streets")
    assert kept.path.name.endswith(".osm.pbf")
    assert kept.path.read_text() == "streets"


def test_home_areas_are_frozen_to_the_last_bit(store):
    areas = release().home_areas[["home_area_id", "geometry"]]
    store.save_home_areas(areas, frozen_on=date(2026, 9, 1))
    again = opened_again(store).home_areas()
    assert shapely.to_wkb(again.geometry).tolist() == shapely.to_wkb(areas.geometry).tolist()
    assert again["home_area_id"].tolist() == ["A001"]


def same_release(one, other):
    frames = ("home_areas", "neighborhoods", "tables")
    bare = dict.fromkeys(frames, None)
    assert replace(one, plans=(), **bare) == replace(other, plans=(), **bare)
    for name in frames:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for mine, theirs in zip(one.plans, other.plans, strict=True):
        assert replace(mine, sites=None) == replace(theirs, sites=None)
        pd.testing.assert_frame_equal(mine.sites, theirs.sites)
    return True


def test_the_release_saved_last_is_the_one_shown(store):
    for release_id in ("r1", "r2", "r1"):
        store.save_release(release(release_id), utc=NOON)
    assert same_release(opened_again(store).latest_release(), release("r1"))


def test_a_release_of_an_older_famgeo_has_no_neighborhoods():
    document = json.loads(release_to_json(release()))
    del document["neighborhoods"], document["tables"]
    older = release_from_json(json.dumps(document))
    assert (len(older.home_areas), len(older.neighborhoods), len(older.tables)) == (1, 0, 0)


def test_neighborhoods_are_frozen_until_the_next_freeze(store):
    frame = pd.DataFrame({"neighborhood_id": ["N2", "N1"], "home_area_ids": ["A3", "A1;A2"]})
    assert list(store.neighborhoods().columns) == list(frame.columns)
    store.save_neighborhoods(frame, frozen_on=date(2026, 9, 1))
    again = opened_again(store).neighborhoods()
    assert again.to_dict("split")["data"] == [["N1", "A1;A2"], ["N2", "A3"]]
    store.save_neighborhoods(frame[:1], frozen_on=date(2027, 9, 1))
    assert store.neighborhoods()["neighborhood_id"].tolist() == ["N2"]


def test_plans_are_kept_by_name(store):
    store.save_plan(released_plan("fall"), utc=NOON)
    store.save_plan(released_plan("autumn"), utc=NOON)
    store.save_plan(replace(released_plan("fall"), settings={}), utc=NOON)
    assert [plan.name for plan in store.plans()] == ["autumn", "fall"]
    assert store.plan("fall").settings == {}
    with pytest.raises(StudyError, match=r"'spring'.*autumn, fall"):
        store.plan("spring")


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 65, "a.b", "a$"])
def test_a_study_is_called_by_letters_digits_and_dashes(tmp_path, name):
    with pytest.raises(StudyError, match="cannot be called"):
        new_study(tmp_path / "studies." / name, name="Riverbend", timezone=ZONE)


def test_a_study_that_is_there_is_not_made_again(file_store):
    with pytest.raises(StudyError, match="already"):
        new_study(file_store.folder, name="Riverbend", timezone=ZONE)


def test_a_study_that_is_not_there_is_answered_by_the_nearest_name(file_store):
    with pytest.raises(StudyError, match="Did you mean 'riverbend'"):
        open_study_store(file_store.folder.with_name("rivrbend"))
    with pytest.raises(StudyError, match="famgeo new"):
        open_study_store(file_store.folder.with_name("zzz"))


def test_a_time_zone_that_is_not_one_makes_no_folder(tmp_path):
    with pytest.raises(StudyError, match="Chicago"):
        new_study(tmp_path / "riverbend", name="Riverbend", timezone="Chicago")
    assert not (tmp_path / "riverbend").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="Choose another folder"):
        new_study(tmp_path / "file" / "riverbend", name="Riverbend", timezone=ZONE)


def test_the_settings_are_plain_toml_with_a_comment_on_every_limit(file_store):
    text = (file_store.folder / "famgeo.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    limits = [line for line in text.partition("[limits]")[2].splitlines() if line]
    assert document["name"] == "Riverbend"
    assert len(limits) == len(document["limits"])
    assert all("#" in line for line in limits)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(
        lambda name: name.strip() and name.isprintable()
    ),
    st.floats(1e-6, 15),
    st.integers(10, 99),
)
def test_settings_come_back_as_they_were_written(tmp_path_factory, name, kmh, k):
    path = tmp_path_factory.mktemp("settings") / "famgeo.toml"
    settings = StudySettings(name=name, timezone=ZONE, k=k, limits=Limits(walk_kmh=kmh, bike=True))
    write_settings(path, settings)
    assert read_settings(path) == settings


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("timezone =", "timezon =", "no setting 'timezon'. Did you mean 'timezone'"),
        ("walk_kmh =", "walk_kph =", "no setting 'limits.walk_kph'. Did you mean 'walk_kmh'"),
        ("walk_kmh =", "colour =", "The settings are: limit_min, walk_kmh"),
        ("walk_kmh = 4.8", "walk_kmh = -1", "walk_kmh is -1"),
        ("walk_kmh = 4.8", "walk_kmh = 'fast'", "must be a number"),
        ("walk_kmh = 4.8", "walk_kmh = nan", "must be a number"),
        ("walk_kmh = 4.8", "walk_kmh = true", "must be a number"),
        ("max_rides = 4", "max_rides = 4.5", "must be a whole number"),
        ("bike = false", "bike = 0", "must be true or false"),
        ("k = 10", "k = 5", "cannot be under 10"),
        ("k = 10", "k = ", "line 4"),
        (ZONE, "Chicago", "no time zone 'Chicago'"),
        ('name = "Riverbend"', "", "'name' is missing"),
        ("[limits]", "limits = 3\n[limit]", "must be a section"),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_sentence(file_store, old, new, words):
    path = file_store.folder / "famgeo.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        opened_again(file_store)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["emptied", "cut", "noise", "gone"])
def test_a_damaged_database_is_told_in_plain_words(file_store, damage):
    file_store.save_assets(asset_table(300), utc=NOON)
    file_store.database.engine.dispose()
    path = file_store.folder / "study.db"
    whole = path.read_bytes()
    harmed = {"emptied": b"", "cut": whole[: len(whole) // 3], "noise": b"x" * len(whole)}
    path.unlink() if damage == "gone" else path.write_bytes(harmed[damage])
    with pytest.raises(StudyError, match=r"study\.db.*backup") as caught:
        opened_again(file_store).assets()
    assert caught.value.__suppress_context__ or damage == "gone"


def test_a_study_of_a_newer_famgeo_says_so(store):
    with store.database.writing() as connection:
        connection.execute(update(STUDY_META).values(value=str(SCHEMA_VERSION + 1)))
    with pytest.raises(StudyError, match="newer famgeo"):
        opened_again(store)


def test_the_stored_form_does_not_change_unseen():
    """When this fails, raise SCHEMA_VERSION, add its step to migrations, and store the new form."""
    form = [
        f"{t.name}.{c.name} {type(c.type).__name__}"
        for t in METADATA.sorted_tables
        for c in t.columns
    ]
    digest = hashlib.sha256("\n".join(sorted(form)).encode()).hexdigest()[:16]
    assert (SCHEMA_VERSION, digest) == (2, "ced54d2a47146234")


@pytest.fixture
def locked_store():
    """Give a study in a folder that may be read only, to a user who is not the superuser."""
    with tempfile.TemporaryDirectory() as folder:
        store = new_study(Path(folder) / "riverbend", name="Riverbend", timezone=ZONE)
        store.save_assets(asset_table(3), utc=NOON)
        store.database.engine.dispose()
        user = os.geteuid()
        Path(folder).chmod(0o755)
        lock(store.folder)
        os.seteuid(user or 65534)
        yield store
        os.seteuid(user)
        store.folder.chmod(0o755)


def lock(folder):
    for path in folder.iterdir():
        path.chmod(0o555)
    folder.chmod(0o555)


@contextmanager
def write_access(folder):
    """Be the folder's owner for a moment."""
    user = os.geteuid()
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o755)
    yield
    lock(folder)
    os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="there are no such rights here")
def test_a_folder_that_may_not_be_written_can_be_read_and_a_change_is_refused(locked_store):
    again = open_study_store(locked_store.folder)
    assert again.settings.name == "Riverbend"
    assert len(again.assets()) == 3
    assert integrity_fault(again) is None
    with pytest.raises(StudyError, match="may write"):
        again.save_assets(asset_table(4), utc=NOON)
    with pytest.raises(StudyError, match="Choose another folder"):
        new_study(locked_store.folder / "inside", name="Riverbend", timezone=ZONE)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="there are no such rights here")
def test_changes_that_wait_in_a_journal_are_never_left_out(locked_store):
    """With its two journals a database of a killed writer is whole; with one it is refused."""
    with write_access(locked_store.folder):
        live = open_study_store(locked_store.folder)
        live.save_assets(asset_table(5), utc=NOON)
        killed = {path: path.read_bytes() for path in live.folder.glob("study.db*")}
        live.database.engine.dispose()
        for path, content in killed.items():
            path.write_bytes(content)
    after = open_study_store(locked_store.folder)
    assert len(after.assets()) == 5
    after.database.engine.dispose()
    with write_access(locked_store.folder):
        (locked_store.folder / "study.db-shm").unlink()
    with pytest.raises(StudyError, match="may write"):
        open_study_store(locked_store.folder)


OPEN = """
import sys, time
from famgeo.store.engine import open_database
database = open_database(sys.argv[1], label="study.db")
"""

DELETE = """
with database.writing() as connection:
    connection.exec_driver_sql("DELETE FROM assets")
    print("deleted", flush=True)
    time.sleep(60)
"""

COUNT = """
for number in range(100):
    with database.writing() as connection:
        found = connection.exec_driver_sql("SELECT value FROM study_meta WHERE key = 'count'")
        more = int(found.scalar()) + 1
        connection.exec_driver_sql(f"UPDATE study_meta SET value = '{more}' WHERE key = 'count'")
"""


def another_program(store, work):
    url = store.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", OPEN + work, url]
    root = Path(__file__).parent.parent
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_writer_killed_in_the_middle_leaves_nothing_dirty(store):
    for n in (3, 4, 5):
        store.save_assets(asset_table(n), utc=NOON)
        with another_program(store, DELETE) as writer:
            assert writer.stdout.readline() == "deleted\n"
            os.kill(writer.pid, signal.SIGKILL)
        assert len(opened_again(store).assets()) == n
        assert integrity_fault(store) is None


def test_programs_that_write_at_once_all_succeed_and_none_is_lost(store):
    with store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO study_meta VALUES ('count', '0')")
    programs = [another_program(store, COUNT) for _ in range(3)]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    for program in programs:
        program.stdout.close()
    with store.database.reading() as connection:
        found = connection.exec_driver_sql("SELECT value FROM study_meta WHERE key = 'count'")
        assert found.scalar() == "300"


@pytest.mark.skipif(os.name != "posix", reason="only there files have modes")
def test_the_roles_and_passwords_of_a_study_are_for_its_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        store = new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE)
        store.accounts.add_user("ana@example.org", "steward", password="a long enough password")
        modes = {path.name: path.stat().st_mode & 0o777 for path in store.folder.glob("study.db*")}
    finally:
        os.umask(before)
    assert modes["study.db"] == 0o600
    assert set(modes.values()) == {0o600}
