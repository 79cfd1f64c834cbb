"""What every test may ask for: real cities, both databases, property tests that time nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import fresh_schema, postgres_server
from hypothesis import settings
from sqlalchemy.engine import URL

# Holding no doctest, and not to be imported for one: what needs the bench extra, and namesakes.
collect_ignore_glob = ["conftest.py", "*/conftest.py", "bench/*_peers.py", "bench/study_road.py"]

CITIES = ("helsinki", "nky", "poa", "portland", "spo")

# A law holds on a slow machine too.
settings.register_profile("famgeo", deadline=None)
settings.load_profile("famgeo")


@pytest.fixture(scope="session")
def cities() -> Path:
    """Return the folder of real test cities; skip when none was given, fail when it is partial."""
    named = os.environ.get("FAMGEO_CITIES")
    if not named:
        pytest.skip("set FAMGEO_CITIES to a folder of test cities")
    folder = Path(named)
    if missing := [city for city in CITIES if not (folder / city).is_dir()]:
        pytest.fail(f"FAMGEO_CITIES is {folder}, which lacks: {', '.join(missing)}.")
    return folder


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[URL | None]:
    """Return where a study keeps its tables: None is its own file, else an empty schema."""
    if request.param == "sqlite":
        yield None
        return
    with fresh_schema(postgres_server()) as url:
        yield url
