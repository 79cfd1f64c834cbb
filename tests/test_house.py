"""The house rules hold, and a change that breaks one is caught."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
LAYERS = "Data flows one way, and every module has its place"
CORE = "The core draws nothing, stores nothing and opens no socket"
VAULT = "Nothing that draws or writes can reach the vault"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [LINT_IMPORTS, "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "famgeo", tmp_path / "famgeo", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(copy: Path, where: str, line: str) -> None:
    module = copy / "famgeo" / where
    text = module.read_text(encoding="utf-8") if module.is_file() else '"""Stray."""\n'
    module.write_text(f"{text}\n{line}\n", encoding="utf-8")


def test_every_contract_on_imports_holds():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        pytest.param("travel/times.py", "import streamlit", CORE, id="travel draws"),
        pytest.param("travel/times.py", "import socket", CORE, id="travel opens a socket"),
        pytest.param("plan/sites.py", "from urllib.request import urlopen", CORE, id="plan asks"),
        pytest.param("release/__init__.py", "import sqlalchemy", CORE, id="release stores"),
        pytest.param(
            "outputs/maps.py", "from famgeo.store import vault", VAULT, id="map has homes"
        ),
        pytest.param("ui/__init__.py", "import famgeo.store.vault", VAULT, id="page has homes"),
        pytest.param("utils.py", "HELPER = 1", LAYERS, id="a stray module"),
        pytest.param("travel/times.py", "import famgeo.sources.osm", LAYERS, id="travel reads"),
        pytest.param("domain.py", "import famgeo.tables", LAYERS, id="domain knows tables"),
        pytest.param("plan/sites.py", "import famgeo.settings", LAYERS, id="plan reads settings"),
    ],
)
def test_a_planted_import_is_named_by_its_contract(copy, where, line, contract):
    plant(copy, where, line)
    result = lint_imports(copy)
    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout


def imports_of(module: Path) -> set[str]:
    """Return the dotted names a file imports, ``from a import b`` as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def strangers(module: Path) -> set[str]:
    """Return what a page may not import: all but famgeo.ui, streamlit and the standard library."""
    allowed = ("famgeo.ui", "streamlit", *sys.stdlib_module_names)
    return {name for name in imports_of(module) if not within(name, allowed)}


def test_pages_and_the_app_import_only_the_user_interface():
    pages = sorted((ROOT / "pages").glob("*.py"))
    assert pages
    assert {p.name: s for p in [ROOT / "app.py", *pages] if (s := strangers(p))} == {}


def test_a_page_that_reaches_behind_the_interface_is_a_stranger(tmp_path):
    page = tmp_path / "page.py"
    page.write_text("from famgeo import ui, store\nimport famgeo.ui.show\nimport streamlit as st\n")
    assert strangers(page) == {"famgeo.store"}


def test_a_page_is_a_paragraph():
    limits = {ROOT / "app.py": 20} | dict.fromkeys((ROOT / "pages").glob("*.py"), 60)
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in limits}
    assert {path.name: n for path, n in lines.items() if n > limits[path]} == {}


def test_only_fetch_talks_to_the_network():
    doors = (
        *("osmnx", "requests", "httpx", "aiohttp", "urllib3", "urllib.request"),
        *("http.client", "ftplib", "smtplib"),
    )
    talkers = {
        module.relative_to(ROOT).as_posix()
        for module in (ROOT / "famgeo").rglob("*.py")
        if any(within(name, doors) for name in imports_of(module))
    }
    assert talkers == {"famgeo/sources/fetch.py"}


def locked() -> dict[str, list[Requirement]]:
    """Return the pins of requirements.lock by package; one package may differ by Python."""
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if re.match(r"\w", line):
            pin = Requirement(line.rstrip(" \\"))
            pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def version_of(pin: Requirement) -> str:
    return str(pin.specifier).removeprefix("==")


def test_every_locked_package_has_one_version_and_a_hash():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    stanzas = re.findall(r"^\w.*(?:\n    .*)*", text, flags=re.MULTILINE)
    assert len(stanzas) == sum(map(len, locked().values()))
    assert [
        s for s in stanzas if not re.match(r"[\w.-]+==[\w.]+( ; .*)? \\\n    --hash=sha256:", s)
    ] == []


def test_the_lock_answers_what_the_project_asks_for():
    project = PROJECT["project"]
    asked = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in ("dev", "bench"):
        asked += project["optional-dependencies"][extra]
    pins = locked()
    unanswered = [
        wanted
        for wanted in map(Requirement, asked)
        if not (found := pins.get(canonicalize_name(wanted.name)))
        or not all(wanted.specifier.contains(version_of(pin)) for pin in found)
    ]
    assert unanswered == [], "run `make lock`"


def undeclared(folder: Path, extras: tuple[str, ...]) -> set[str]:
    """Return what the folder's files import that pyproject.toml does not ask for."""
    asked = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        asked += PROJECT["project"]["optional-dependencies"][extra]
    declared = {canonicalize_name(Requirement(line).name) for line in asked}
    siblings = {path.stem for path in folder.rglob("*") if path.is_dir() or path.suffix == ".py"}
    found = {
        name.split(".")[0] for module in folder.rglob("*.py") for name in imports_of(module)
    } - {"famgeo", "None", *siblings, *sys.stdlib_module_names}
    makers = packages_distributions()
    # What is not installed (the bench extra) is taken to be called as it is imported.
    return {n for n in found if not declared & set(map(canonicalize_name, makers.get(n, [n])))}


def test_what_is_imported_is_asked_for():
    assert undeclared(ROOT / "famgeo", ()) == set()
    assert undeclared(ROOT / "tests", ("dev", "bench")) == set()


def licence_of(name: str) -> str:
    try:
        about = metadata(name)
    except PackageNotFoundError:  # of another platform
        return ""
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    short = about.get("License-Expression") or (about.get("License") or "").split("\n")[0]
    return " ".join([short, *classifiers])


def test_no_locked_package_has_a_licence_that_binds_the_whole():
    copyleft = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
    assert [name for name in locked() if copyleft.search(licence_of(name))] == []


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_registry():
    # Spelled in halves, so that this file does not name them either.
    hosts = ("python" + "hosted", "pypi" + ".org", "npm" + "js")
    options = ("deb." + "debian", "index" + "-url")
    named = re.compile("|".join(map(re.escape, (*hosts, *options))).encode())
    assert [
        path.relative_to(ROOT).as_posix() for path in tracked() if named.search(path.read_bytes())
    ] == []


def test_the_lock_has_a_part_to_run_one_to_test_and_one_to_measure():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    run, test, bench = (part.split("\n", 1) for part in text.split("\n# To ")[1:])
    assert [part[0].split()[0] for part in (run, test, bench)] == ["run", "test", "measure"]
    assert "\nhatchling==" in run[1]
    assert "\npytest==" in test[1]
