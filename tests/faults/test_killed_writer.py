"""A program is killed while it writes, at any moment: by kill −9, by the memory running out.

Promise: nothing that was acknowledged is lost, nothing is half there, and both databases are
sound. Students, erasures, questions, the audit, edits, releases, timetables, artifacts and
settings are written by a program that is killed again and again; each next one looks for all that
was told.
A power cut can also lose what the system had not yet written out; there the promise rests on
``synchronous=FULL`` and ``fsync``, which are looked for here and cannot be tried.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from famgeo.store import whole_files
from famgeo.store.studies import new_study
from famgeo.store.vault import open_vault

PROGRAM = Path(__file__).with_name("killed_writer.py")
ROOT = PROGRAM.parent.parent.parent


def killed(folder, rounds, *, cwd=ROOT):
    command = [sys.executable, str(PROGRAM), str(folder), str(rounds), "1"]
    env = {**os.environ, "PYTHONPATH": str(cwd), "OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="programs cannot be forked here")
@pytest.mark.parametrize("rounds", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_however_often_the_writer_is_killed(quick_folder, rounds):
    found = killed(quick_folder, rounds)
    assert found["faults"] == []
    assert found["looked"] > rounds / 2
    assert found["writes"] > rounds / 4
    assert min(found["acknowledged"].values()) > 0


def test_a_commit_waits_for_the_disk(tmp_path):
    store = new_study(tmp_path / "riverbend", name="Riverbend", timezone="America/Chicago")
    for database in (store.database, open_vault(store.folder).database):
        with database.reading() as connection:
            modes = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "journal_mode", "secure_delete")
            }
        assert modes == {"synchronous": 2, "journal_mode": "wal", "secure_delete": 1}


def test_a_whole_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done = []
    flush, rename = os.fsync, Path.replace
    monkeypatch.setattr(
        whole_files.os, "fsync", lambda handle: (done.append("flushed"), flush(handle))
    )
    monkeypatch.setattr(
        Path, "replace", lambda old, new: (done.append("named"), rename(old, new))[1]
    )
    whole_files.write_whole(tmp_path / "a.bin", lambda file: file.write(b"whole"))
    assert done == ["flushed", "named", "flushed"]
