"""Eight programs write to one study at the same time: tablets, a planner, an import at night.

Promise: each waits for its turn; no write fails, none is lost, and what is read and then written
again (a count, the audit's chain) never overwrites what another wrote in between. On SQLite and
on PostgreSQL.
"""

from busy_writer import KINDS, NOW, WRITES, write_much
from databases import at_once, opened_again, url_of

from famgeo.store.audit import AuditLog
from famgeo.store.schema import STUDY_META
from famgeo.store.studies import integrity_fault, new_study, open_study_store
from famgeo.store.vault import open_vault

PROGRAMS = 8
EACH = WRITES // KINDS


def test_eight_programs_write_at_once_and_nothing_fails_or_is_lost(quick_folder, database_url):
    folder = quick_folder / "riverbend"
    store = new_study(folder, name="Riverbend", timezone="America/Chicago", url=database_url)
    with store.database.writing() as connection:
        connection.execute(STUDY_META.insert(), {"key": "count", "value": "0"})
    store.database.engine.dispose()
    vault = open_vault(folder)
    vault.database.engine.dispose()
    ended = at_once(PROGRAMS, write_much, folder, url_of(store))
    assert ended == [0] * PROGRAMS
    again = opened_again(store)
    with again.database.reading() as connection:
        count = connection.execute(STUDY_META.select().where(STUDY_META.c.key == "count")).one()
    audit = AuditLog(database=again.database)
    assert int(count.value) == len(audit.entries()) == len(again.reads()) == PROGRAMS * EACH
    assert audit.verify() is None
    assert [entry.seq for entry in audit.entries()] == list(range(1, PROGRAMS * EACH + 1))
    told = {(entry.user, entry.action) for entry in audit.entries()}
    programs = {user for user, _ in told}
    assert len(programs) == PROGRAMS
    assert told == {(user, f"step {n}") for user in programs for n in range(EACH)}
    assert open_vault(folder).runs_since(NOW) == PROGRAMS * EACH
    assert open_study_store(folder, url=url_of(store)).settings.limits.limit_min == EACH
    assert integrity_fault(again) is None
