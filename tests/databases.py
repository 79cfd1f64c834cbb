"""The two databases a study may be kept in; a test that asks for ``database_url`` runs on both."""

import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import Pool

from famgeo.store.studies import Store, open_study_store


def postgres_server() -> URL:
    """Return the server that FAMGEO_POSTGRES names; skip without one, fail when it is required."""
    named = os.environ.get("FAMGEO_POSTGRES")
    if not named:
        pytest.skip("set FAMGEO_POSTGRES to the URL of a PostgreSQL database for tests")
    if named == "required":
        pytest.fail("FAMGEO_POSTGRES is 'required', but no server was started.")
    return make_url(named).set(drivername="postgresql+psycopg")


@contextmanager
def fresh_schema(server: URL) -> Iterator[URL]:
    """Give the URL of an empty schema of its own; nothing of it is left, nor any connection."""
    name = f"test_{uuid.uuid4().hex}"
    opened = []

    def note(connection: object, _record: object) -> None:
        opened.append(connection)

    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    event.listen(Pool, "connect", note)
    try:
        yield server.update_query_dict({"options": f"-csearch_path={name}"})
    finally:
        event.remove(Pool, "connect", note)
        for one in opened:
            one.close()
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def url_of(store: Store) -> URL | None:
    """Return the URL a study is opened by again; None is its own file."""
    url = store.database.engine.url
    return None if url.get_backend_name() == "sqlite" else url


def opened_again(store: Store) -> Store:
    """Open a study as another program would."""
    return open_study_store(store.folder, url=url_of(store))


def at_once(n: int, work: Callable[..., object], *arguments: object) -> list[int | None]:
    """Run the same work in n programs at once and return how each ended; 0 is well."""
    quick = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if quick else "spawn")
    if quick:
        context.set_forkserver_preload(["famgeo.store.studies", "hypothesis", "pytest"])
    programs = [context.Process(target=work, args=arguments) for _ in range(n)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    return [program.exitcode for program in programs]
