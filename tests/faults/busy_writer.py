"""What one of eight programs does that write to the same study at the same time."""

import os
from dataclasses import replace
from datetime import UTC, datetime

from famgeo.domain import Limits, ReadReport
from famgeo.store.audit import AuditLog
from famgeo.store.schema import STUDY_META
from famgeo.store.studies import open_study_store
from famgeo.store.toml import read_settings, write_settings
from famgeo.store.vault import open_vault

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
WRITES = 200
KINDS = 5


def write_much(folder, url):
    """Make 200 writes of five kinds, one after the other, as fast as they go."""
    name = f"program {os.getpid()}"
    store, vault = open_study_store(folder, url=url), open_vault(folder)
    for n in range(WRITES // KINDS):
        count_one_more(store.database)
        AuditLog(database=store.database).append(utc=NOW, user=name, action=f"step {n}")
        report = ReadReport(source=f"{name}-{n}.csv", rows_read=n, rows_used=n)
        store.add_read("assets", report, sha256="ab", utc=NOW)
        settings = replace(store.settings, limits=Limits(limit_min=float(n + 1)))
        write_settings(store.folder / "famgeo.toml", settings)
        assert read_settings(store.folder / "famgeo.toml").name == store.settings.name
        assert vault.add_run(f"{name}-{n}", utc=NOW)
    for database in (store.database, vault.database):
        database.engine.dispose()


def count_one_more(database):
    """Read a number and write the next: two programs that do so at once must take turns."""
    number = STUDY_META.c.key == "count"
    with database.writing() as connection:
        found = connection.execute(STUDY_META.select().where(number)).one().value
        connection.execute(STUDY_META.update().where(number).values(value=str(int(found) + 1)))
