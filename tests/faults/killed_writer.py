"""A program that kills writers of one study at random moments and looks at what is left.

Run as ``killed_writer.py FOLDER ROUNDS SEED``. It loads the store once and forks. Each writer
first looks for all that its predecessors acknowledged, then writes and acknowledges on a pipe
until it is killed. What it found is printed as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import geopandas as gpd
import numpy as np
import shapely

from famgeo.domain import Limits
from famgeo.store import vault
from famgeo.store.artifacts import artifact, load_arrays, save_arrays
from famgeo.store.audit import AuditLog
from famgeo.store.studies import new_study, open_study_store
from famgeo.store.toml import read_settings, write_settings
from famgeo.tables import STUDENTS, Release

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
MOST_LINES, LONGEST_S = 19, 0.02
"""A writer is killed after 0 to 18 lines and up to 20 ms; the first ten say what it found."""
KINDS = ("student", "erasure", "run", "audit", "edit", "release", "file", "artifact", "settings")
OFTEN = ("student", "student", "student", "edit", "edit", *KINDS[2:])
EVERY = 5
"""Every fifth family asks to be erased."""


def row(schema, **cells):
    """Draw one row as the database takes it; tables are checked elsewhere and take their time."""
    return {**dict.fromkeys(schema.columns, ""), "lon": -84.5, "lat": 39.0, **cells}


def student(n):
    return [row(STUDENTS, student_id=f"s{n}", household_id=f"H{n}", protected=False)]


LIBRARY = {"asset_id": "A1", "name": "Library", "kind": "library", "geometry": (-84.5, 39.0)}


def rows_as_drawn(rows, _schema):
    return [{name: cell for name, cell in one.items() if name != "geometry"} for one in rows]


AREAS = gpd.GeoDataFrame(
    {"home_area_id": ["A001"], "families": [500]},
    geometry=[shapely.box(-89.1, 43, -89, 43.1)],
    crs="EPSG:4326",
).astype({"home_area_id": str})


def release(n):
    return Release(
        release_id=f"r{n}", study="Riverbend", k=10, home_areas=AREAS, unmapped=None, plans=()
    )


def form(n):
    """Draw what one edit is sent with."""
    return {"edit_id": UUID(int=n), "user": "liaison", "client_utc": None, "utc": NOW}


def content(n):
    return sha256(str(n).encode()).digest() * 2000


@dataclass
class Study:
    """One process's view of the study, opened anew."""

    folder: Path
    store: object = field(init=False)
    vault: object = field(init=False)

    def __post_init__(self):
        self.store = open_study_store(self.folder)
        self.vault = vault.open_vault(self.folder)

    def ask(self, database, query):
        with database.reading() as connection:
            return [row[0] for row in connection.exec_driver_sql(query)]

    def write(self, kind, n):
        getattr(self, f"write_{kind}")(n)

    def write_student(self, n):
        self.vault.add_students(student(n), f"file {n}")

    def write_erasure(self, n):
        self.vault.forget(household_ids=[f"H{EVERY * n}"], now=NOW)

    def write_run(self, n):
        self.vault.add_run(f"q{n}", utc=NOW)

    def write_edit(self, n):
        """Change two fields of the library in one edit."""
        changes = {"capacity": float(n), "cost_usd": float(n)}
        revision = self.store.directory.asset("A1").revision
        self.store.directory.edit_asset("A1", changes, base_revision=revision, **form(n))

    def write_audit(self, n):
        AuditLog(database=self.store.database).append(utc=NOW, user="steward", action=f"step {n}")

    def write_release(self, n):
        self.store.save_release(release(n), utc=NOW)

    def write_file(self, n):
        source = self.folder.parent / "feed.zip"
        source.write_bytes(content(n))
        self.store.add_file("transit", source, feed_id="bus")

    def write_artifact(self, n):
        path = artifact(self.folder, "minutes", {}, ending=".npz")
        path.parent.mkdir(exist_ok=True)
        save_arrays(path, {"minutes": np.full(20_000, n)})

    def write_settings(self, n):
        settings = replace(self.store.settings, limits=Limits(limit_min=float(n)))
        write_settings(self.folder / "famgeo.toml", settings)

    def found(self):
        """Return the highest number found of each kind; raise when what is there is not whole."""
        for database in (self.store.database, self.vault.database):
            assert self.ask(database, "PRAGMA integrity_check") == ["ok"], database.label
        releases = self.ask(self.store.database, "SELECT release_id FROM releases")
        runs = self.ask(self.vault.database, "SELECT question FROM runs")
        minutes = load_arrays(artifact(self.folder, "minutes", {}, ending=".npz"))
        assert minutes is None or len(set(minutes["minutes"].tolist())) == 1, "half an artifact"
        return {
            **self.families(),
            "run": numbers(runs),
            "audit": self.audit_number(),
            "edit": self.edit_number(),
            "release": numbers(releases),
            "file": self.file_number(),
            "artifact": 0 if minutes is None else int(minutes["minutes"][0]),
            "settings": int(read_settings(self.folder / "famgeo.toml").limits.limit_min),
        }

    def families(self):
        here = {
            int(one[1:]) for one in self.ask(self.vault.database, "SELECT student_id FROM students")
        }
        newest = max(here, default=0)
        gone = set(range(1, newest + 1)) - here
        assert gone == {EVERY * n for n in range(1, len(gone) + 1)}, "a student is lost"
        return {"student": newest, "erasure": len(gone)}

    def audit_number(self):
        audit = AuditLog(database=self.store.database)
        assert audit.verify() is None, "a broken chain"
        return audit.head.seq

    def edit_number(self):
        fields = self.store.directory.asset("A1").fields
        edits = len(self.store.directory.asset_history("A1")) - 1
        assert not edits or fields["capacity"] == fields["cost_usd"] == edits, "half an edit"
        return edits

    def file_number(self):
        files = self.store.files("transit")
        if not files:
            return 0
        held = files[0].path.read_bytes()
        assert sha256(held).hexdigest() == files[0].sha256, "half a file"
        return next(n for n in range(100_000) if content(n) == held)


def numbers(names):
    """Return how many names there are; they are numbered without a gap."""
    assert {int(name[1:]) for name in names} == set(range(1, len(names) + 1)), "one is lost"
    return len(names)


def next_kind(found, chance):
    due = found["student"] > EVERY * (found["erasure"] + 1)
    return "erasure" if due else chance.choice(OFTEN)


def live(folder, acknowledged, chance, tell):
    """Look, then write until killed; tell every step that is done."""
    study = Study(folder)
    found = study.found()
    for kind, least in acknowledged.items():
        assert least <= found[kind] <= least + 1, f"{kind}: {found[kind]} where {least} was told"
    tell("looked", 0)
    for kind in found:
        tell(kind, found[kind])
    while True:
        kind = next_kind(found, chance)
        study.write(kind, found[kind] + 1)
        found[kind] += 1
        tell(kind, found[kind])


def one_writer(folder, acknowledged, chance):
    """Fork a writer, kill it at a random moment, and return what it told."""
    reading, writing = os.pipe()
    seed, lines, wait_s = (
        chance.random(),
        chance.randrange(MOST_LINES),
        chance.uniform(0, LONGEST_S),
    )
    pid = os.fork()
    if pid == 0:
        try:
            live(folder, acknowledged, random.Random(seed), lambda *told: say(writing, told))
        except BaseException as fault:  # noqa: BLE001 - whatever it is, it is told
            say(writing, ("fault", f"{type(fault).__name__}: {fault}"))
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = [pipe.readline() for _ in range(lines)]
        time.sleep(wait_s)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return [json.loads(line) for line in (*told, *pipe) if line]


def say(pipe, told):
    os.write(pipe, json.dumps(told).encode() + b"\n")


def make(folder):
    """Make a study with one asset, which is edited later."""
    store = new_study(folder, name="Riverbend", timezone="America/Chicago")
    store.directory.add_asset(LIBRARY, **form(0))
    store.database.engine.dispose()  # a connection must not be carried over a fork


def warm_up(folder):
    """Load, in another study, all that a writer needs, so that each fork starts at once."""
    make(folder)
    study = Study(folder)
    for kind in KINDS:
        study.write(kind, 1)
    for database in (study.store.database, study.vault.database):
        database.engine.dispose()


def run(folder, rounds, seed):
    warm_up(folder.with_name("elsewhere"))
    chance = random.Random(seed)
    acknowledged, looked, writes = {}, 0, 0
    for _ in range(rounds):
        told = one_writer(folder, acknowledged, chance)
        faults = [what for kind, what in told if kind == "fault"]
        if faults:
            return {"faults": faults, "looked": looked, "writes": writes}
        looked += bool(told)
        writes += max(0, len(told) - len(KINDS) - 1)
        acknowledged |= {kind: n for kind, n in told if kind != "looked"}
    return {"faults": [], "looked": looked, "writes": writes, "acknowledged": acknowledged}


if __name__ == "__main__":
    vault.rows_of = rows_as_drawn
    where = Path(sys.argv[1]) / "riverbend"
    make(where)
    sys.stdout.write(json.dumps(run(where, int(sys.argv[2]), int(sys.argv[3]))))
