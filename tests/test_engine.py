"""A database in trouble: plain words, nothing half done, and reading goes on."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from databases import opened_again
from sqlalchemy import text

from famgeo.errors import StudyError
from famgeo.store.engine import open_database, sqlite_url
from famgeo.store.studies import integrity_fault, new_study, open_study_store

ZONE = "America/Chicago"
SECRET = "heron-over-the-river"
META = "INSERT INTO study_meta VALUES ('note', :note)"


@pytest.fixture
def store(tmp_path, database_url):
    return new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE, url=database_url)


@pytest.fixture
def file_store(tmp_path):
    return new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE)


def note(database, value="x"):
    with database.writing() as connection:
        connection.execute(text(META), {"note": value})


def notes(database):
    with database.reading() as connection:
        wanted = text("SELECT value FROM study_meta WHERE key = 'note'")
        return list(connection.execute(wanted).scalars())


@pytest.mark.parametrize(
    "url", ["", "riverbend", "mysql://a:{}@b/c", "postgresql://a:{}@b:port/c", "oracle://{}@b"]
)
def test_an_address_that_cannot_be_read_is_told_without_its_password(url):
    with pytest.raises(StudyError, match="postgresql://user:password@host:5432") as caught:
        open_database(url.format(SECRET), label="The study's database")
    assert SECRET not in str(caught.value)


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_told_without_its_password(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://ada:{SECRET}@127.0.0.1:{free.getsockname()[1]}/riverbend"
        with pytest.raises(StudyError, match="cannot be reached") as caught:
            new_study(tmp_path / "riverbend", name="Riverbend", timezone=ZONE, url=url)
    assert SECRET not in str(caught.value)
    assert not (tmp_path / "riverbend" / "famgeo.toml").exists()


def test_a_missing_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StudyError, match=r"pip install 'famgeo\[postgres\]'"):
        open_database("postgresql://a@b/c", label="The study's database")


def test_the_address_of_the_database_is_in_no_file_of_the_study(store):
    url = store.database.engine.url.render_as_string(hide_password=False)
    for path in store.folder.rglob("*"):
        assert not path.is_file() or url.encode() not in path.read_bytes()


def test_a_reader_sees_one_moment_while_another_writes(store):
    note(store.database, "before")
    with store.database.reading() as connection:
        wanted = text("SELECT value FROM study_meta WHERE key = 'note'")
        assert connection.execute(wanted).scalar() == "before"
        with store.database.writing() as other:
            other.execute(text("UPDATE study_meta SET value = 'after' WHERE key = 'note'"))
        assert connection.execute(wanted).scalar() == "before"
    assert notes(store.database) == ["after"]


def test_a_reader_cannot_write_to_a_server(store):
    if store.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no read-only transactions")
    with pytest.raises(StudyError), store.database.reading() as connection:
        connection.execute(text(META), {"note": "x"})


def test_a_change_that_fails_halfway_leaves_nothing(store):
    def fail(database):
        with database.writing() as connection:
            connection.execute(text("DELETE FROM study_meta WHERE key = 'schema_version'"))
            connection.execute(text(META), {"note": "there is one already"})

    note(store.database)
    with pytest.raises(StudyError, match="Nothing was changed"):
        fail(store.database)
    assert notes(store.database) == ["x"]
    assert opened_again(store).settings.name == "Riverbend"


def test_a_full_database_says_so_changes_nothing_and_can_be_read(file_store):
    def fill(database):
        with database.writing() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            connection.execute(text("UPDATE study_meta SET value = 'after' WHERE key = 'note'"))
            rows = [{"key": f"{number}", "value": "x" * 10_000} for number in range(100)]
            connection.execute(text("INSERT INTO study_meta VALUES (:key, :value)"), rows)

    note(file_store.database, "before")
    with pytest.raises(StudyError, match=r"disk of .*study\.db is full. Nothing was changed"):
        fill(file_store.database)
    assert notes(file_store.database) == ["before"]
    assert integrity_fault(file_store) is None


ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from famgeo.errors import StudyError
from famgeo.store.studies import open_study_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file grows by a byte
store = open_study_store(Path(sys.argv[1]))
print(store.settings.name, len(store.schools()))
try:
    store.accounts.add_user("ana", "steward")
except StudyError as error:
    print(error)
"""


def on_a_full_disk(folder):
    """Open a study where no file can grow; tell what was read and what a change said."""
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(folder)]
    return subprocess.run(
        command, cwd=root, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits here")
def test_a_study_opens_for_reading_when_the_disk_is_full(file_store):
    file_store.database.engine.dispose()
    read, said = on_a_full_disk(file_store.folder)
    assert read == "Riverbend 0"
    assert "is full. Nothing was changed" in said


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits here")
def test_a_study_in_use_is_read_live_when_the_disk_is_full(file_store):
    """Another program holds the journals: what it wrote last is read too."""
    note(file_store.database)
    assert on_a_full_disk(file_store.folder)[0] == "Riverbend 0"
    assert notes(file_store.database) == ["x"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_study_on_a_real_full_disk_is_read_and_whole_afterwards(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        store = new_study(disk / "riverbend", name="Riverbend", timezone=ZONE)
        note(store.database, "before")
        store.database.engine.dispose()
        with pytest.raises(OSError, match="No space left"):
            (disk / "rest").write_bytes(b"x" * 1_000_000)
        full = open_study_store(store.folder)
        assert notes(full.database) == ["before"]
        with pytest.raises(StudyError, match=r"is full\. Nothing was changed"):
            full.accounts.add_user("ana", "steward")
        assert notes(full.database) == ["before"]
        (disk / "rest").unlink()
        full.accounts.add_user("ana", "steward")
        assert integrity_fault(full) is None
        full.database.engine.dispose()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_is_not_there_is_not_made_by_reading(tmp_path):
    database = open_database(sqlite_url(tmp_path / "nowhere" / "study.db"), label="study.db")
    with pytest.raises(StudyError, match="cannot be opened"), database.reading() as connection:
        connection.execute(text("SELECT 1"))
    assert not (tmp_path / "nowhere").exists()
