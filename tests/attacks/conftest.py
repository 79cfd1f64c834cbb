"""Three districts, each built once in whichever process attacks it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from districts import TOWNS, District, build, let_go


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of pytest-xdist, so that these tests can be read without it too."""
    config.addinivalue_line("markers", "xdist_group(name): run in one process with its like")


@pytest.fixture(scope="session")
def district_of(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], District]]:
    """Return a function that gives a district by name, built when it is first asked for."""
    built: dict[str, District] = {}

    def give(name: str) -> District:
        if name not in built:
            town = TOWNS[name]
            cities = request.getfixturevalue("cities") if town.source != "riverbend" else None
            built[name] = build(town, tmp_path_factory.mktemp(name), cities)
        return built[name]

    yield give
    let_go()


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"attacks-{name}")) for name in TOWNS]
)
def district(request: pytest.FixtureRequest, district_of: Callable[[str], District]) -> District:
    """Return each district in turn."""
    return district_of(request.param)


@pytest.fixture
def small(district_of: Callable[[str], District]) -> District:
    """Return the small district: enough to show that an attack bites."""
    return district_of("small")


@pytest.fixture
def cities_folder(cities: Path) -> Path:
    """Return the folder of real test cities."""
    return cities
