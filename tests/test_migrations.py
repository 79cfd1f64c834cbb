"""An older database becomes today's in place, whole or not at all, and loses nothing."""

import sqlite3

import pytest
from databases import at_once, opened_again, url_of
from sqlalchemy import insert, inspect, select, text

from famgeo.errors import StudyError
from famgeo.store import migrations
from famgeo.store.schema import METADATA, SCHEMA_VERSION, SCHOOL_ROWS, STUDY_META
from famgeo.store.studies import integrity_fault, new_study, open_study_store

ZONE = "America/Chicago"

ASSET_COLUMNS = """
    asset_id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, organization TEXT NOT NULL,
    hosts TEXT NOT NULL, capacity FLOAT, wheelchair TEXT NOT NULL, languages TEXT NOT NULL,
    child_care TEXT NOT NULL, opening_hours TEXT NOT NULL, cost_usd FLOAT,
    verified_on TEXT NOT NULL, source TEXT NOT NULL, lon FLOAT NOT NULL, lat FLOAT NOT NULL,
    PRIMARY KEY (asset_id)
"""

VERSION_1 = f"""
CREATE TABLE study_meta (key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (key));
CREATE TABLE schools (school_id TEXT NOT NULL, name TEXT NOT NULL, level TEXT NOT NULL,
    wheelchair TEXT NOT NULL, bell_start TEXT NOT NULL, bell_end TEXT NOT NULL,
    lon FLOAT NOT NULL, lat FLOAT NOT NULL, PRIMARY KEY (school_id));
CREATE TABLE assets ({ASSET_COLUMNS});
CREATE TABLE reads (read_id INTEGER NOT NULL, what TEXT NOT NULL, source TEXT NOT NULL,
    sha256 TEXT NOT NULL, rows_read INTEGER NOT NULL, rows_used INTEGER NOT NULL,
    unit TEXT NOT NULL, refused TEXT NOT NULL, notes TEXT NOT NULL, utc TEXT NOT NULL,
    PRIMARY KEY (read_id));
CREATE TABLE files (kind TEXT NOT NULL, feed_id TEXT NOT NULL, name TEXT NOT NULL,
    stored_as TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (kind, feed_id));
CREATE TABLE home_areas (home_area_id TEXT NOT NULL, wkb BLOB NOT NULL, frozen_on TEXT NOT NULL,
    PRIMARY KEY (home_area_id));
CREATE TABLE releases (sequence INTEGER NOT NULL, release_id TEXT NOT NULL,
    document TEXT NOT NULL, utc TEXT NOT NULL, PRIMARY KEY (sequence), UNIQUE (release_id));
CREATE TABLE plans (name TEXT NOT NULL, settings TEXT NOT NULL, released TEXT NOT NULL,
    utc TEXT NOT NULL, PRIMARY KEY (name));
INSERT INTO study_meta VALUES ('schema_version', '1');
INSERT INTO assets VALUES ('A1', 'Bücherei', 'library', '', 'yes', NULL, 'unknown', 'en', 'no',
    '', 0.0, '', 'osm', -89.4, 43.07);
INSERT INTO schools VALUES ('S1', 'Riverside', 'E', 'yes', '08:00', '', -89.4, 43.07);
"""
"""A study's database as famgeo 0.1 made it."""


@pytest.fixture
def old(tmp_path, database_url):
    """Give a study of form 1 on either database."""
    store = new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE, url=database_url)
    if database_url is None:
        store.database.engine.dispose()
        path = store.folder / "study.db"
        path.unlink()
        connection = sqlite3.connect(path)
        connection.executescript(VERSION_1)
        connection.close()
    else:
        with store.database.writing() as connection:
            METADATA.drop_all(connection)
            script = VERSION_1.replace("BLOB", "BYTEA")
            for key in ("read_id", "sequence"):
                script = script.replace(f"{key} INTEGER", f"{key} SERIAL")
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(text(statement))
    return store


def form_of(database):
    """Return every table's columns, keys and indexes, and the triggers there are."""
    with database.reading() as connection:
        looked = inspect(connection)
        tables = {
            name: (
                sorted(
                    (c["name"], str(c["type"]).upper(), c["nullable"])
                    for c in looked.get_columns(name)
                ),
                looked.get_pk_constraint(name)["constrained_columns"],
                sorted(map(str, looked.get_unique_constraints(name))),
                sorted(map(str, looked.get_indexes(name))),
            )
            for name in looked.get_table_names()
        }
        named = {
            "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
            "postgresql": "SELECT DISTINCT tgname FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgrelid = to_regclass('audit') ORDER BY 1",
        }[connection.dialect.name]
        return tables, list(connection.execute(text(named)).scalars())


def version_in(store):
    with store.database.reading() as connection:
        wanted = select(STUDY_META.c.value).where(STUDY_META.c.key == "schema_version")
        return int(connection.execute(wanted).scalar())


def test_an_older_study_opens_with_all_it_holds(old):
    again = opened_again(old)
    assert version_in(again) == SCHEMA_VERSION
    assert again.assets()["name"].tolist() == ["Bücherei"]
    assert again.schools()["school_id"].tolist() == ["S1"]
    assert again.neighborhoods().empty
    assert integrity_fault(again) is None


def test_an_upgraded_database_has_the_form_of_a_new_one(old, tmp_path):
    upgraded = form_of(opened_again(old).database)
    with old.database.writing() as connection:
        if connection.dialect.name == "postgresql":
            METADATA.drop_all(connection)
    url = url_of(old)
    fresh = new_study(tmp_path / "fresh", name="Fresh", timezone=ZONE, url=url)
    tables, triggers = form_of(fresh.database)
    assert upgraded[0].keys() == tables.keys()
    for name, form in tables.items():
        assert upgraded[0][name] == form, name
    assert upgraded[1] == triggers
    assert triggers


def test_an_upgrade_that_fails_leaves_the_old_form(old, monkeypatch):
    def fail(connection):
        migrations._to_2(connection)
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    before = form_of(old.database)
    monkeypatch.setattr(migrations, "STEPS", {2: fail})
    with pytest.raises(StudyError):
        opened_again(old)
    assert version_in(old) == 1
    assert form_of(old.database) == before


def open_it(folder, url):
    assert len(open_study_store(folder, url=url).assets()) == 1


def test_programs_that_open_an_older_study_at_once_upgrade_it_once(old):
    assert at_once(3, open_it, old.folder, url_of(old)) == [0, 0, 0]
    assert version_in(old) == SCHEMA_VERSION


def test_a_study_is_not_made_over_one_that_is_there(old):
    (old.folder / "famgeo.toml").unlink()
    with pytest.raises(StudyError, match="holds a study already"):
        new_study(old.folder, name="Another", timezone=ZONE, url=url_of(old))
    assert version_in(old) == 1


def test_a_new_study_that_was_interrupted_is_made_again(tmp_path, database_url):
    first = new_study(tmp_path / "riverbend", name="R", timezone=ZONE, url=database_url)
    (first.folder / "famgeo.toml").unlink()
    again = new_study(first.folder, name="Riverbend", timezone=ZONE, url=database_url)
    assert again.settings.name == "Riverbend"
    with again.database.writing() as connection:
        row = dict.fromkeys(("school_id", "name", "level", "wheelchair"), "x")
        row |= {"bell_start": "", "bell_end": "", "lon": 0.0, "lat": 0.0}
        connection.execute(insert(SCHOOL_ROWS), row)
    (first.folder / "famgeo.toml").unlink()
    with pytest.raises(StudyError, match="its schools"):
        new_study(first.folder, name="Riverbend", timezone=ZONE, url=database_url)


@pytest.mark.parametrize("value", ["", "two", "0", "-1"])
def test_a_form_that_is_no_number_is_damage(old, value):
    with old.database.writing() as connection:
        connection.execute(STUDY_META.update().values(value=value))
    with pytest.raises(StudyError, match="damaged"):
        opened_again(old)
