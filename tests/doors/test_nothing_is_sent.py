"""An address, or anything else of a family, that leaves the district's computer.

The weakness: to look up an address on a public service is to disclose it, and a library may ask
the internet without being told to: for a grid, a font, a list of drivers, a word of thanks. What
closes it: one module opens sockets (``sources.fetch``, which asks for streets by a place's name)
and only the command line reaches it; the import contracts say so; and the whole program is
imported, and the sample district solved, looked over and exported, with every way out watched and,
where the system allows, with no network there at all.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCH = "Only fetch asks anyone for anything"
ASKED = "Only the command line fetches"


def test_the_whole_program_and_a_solved_study_ask_nobody(solved):
    assert [way for way in solved.ways_out if not on_this_computer(way)] == []
    assert not solved.projections_ask


def on_this_computer(way):
    """Whether a socket is this computer's with itself; urllib3 makes one to see how it counts."""
    event, args = way
    return event.startswith("socket.") and args[-1].startswith(("('127.0.0.1'", "('::1'"))


def test_a_study_is_solved_with_no_network_at_all(solved):
    if not solved.without_network:
        pytest.skip("this system cannot start a program without a network")
    assert (solved.exports / "three-places-sites.csv").is_file()


def test_no_module_has_a_word_for_looking_up_addresses():
    words = ("geocode", "nominatim", "geopy", "photon", "googlemaps")
    talkers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "famgeo").rglob("*.py")
        if any(word in path.read_text(encoding="utf-8").lower() for word in words)
    }
    assert talkers <= {"famgeo/sources/fetch.py"}


def test_what_fetch_may_be_told_is_a_place_and_nothing_of_a_study():
    """It takes a name that someone types, a folder, addresses of servers; no table."""
    tree = ast.parse((ROOT / "famgeo/sources/fetch.py").read_text(encoding="utf-8"))
    door = next(
        n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "fetch_streets"
    )
    names = [a.arg for a in (*door.args.args, *door.args.kwonlyargs)]
    assert names == ["place", "folder", "overpass_url", "nominatim_url", "progress"]
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not {m for m in imported if m and ("roster" in m or "vault" in m or "store" in m)}


def contracts():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {c["name"]: c for c in rules["tool"]["importlinter"]["contracts"]}


def test_the_contracts_are_there():
    assert {"famgeo.sources", "famgeo.outputs", "famgeo.store", "famgeo.study"} <= set(
        contracts()[FETCH]["source_modules"]
    )
    assert contracts()[ASKED]["forbidden_modules"] == ["famgeo.sources.fetch"]


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("sources/roster.py", "import http.client", FETCH),
        ("sources/osm_pois.py", "from urllib.request import urlopen", FETCH),
        ("outputs/maps.py", "import socket", FETCH),
        ("store/vault.py", "import requests", FETCH),
        ("study/study.py", "import smtplib", FETCH),
        ("study/study.py", "from famgeo.sources.fetch import fetch_streets", ASKED),
        ("sources/roster.py", "from famgeo.sources.fetch import fetch_streets", ASKED),
    ],
)
def test_a_planted_way_out_breaks_its_contract(tmp_path, where, line, contract):
    shutil.copytree(
        ROOT / "famgeo", tmp_path / "famgeo", ignore=shutil.ignore_patterns("*.pyc", "bundled")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = tmp_path / "famgeo" / where
    module.write_text(f"{module.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    ran = subprocess.run(
        [*command, "--contract", contracts()[contract]["id"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert f"{contract} BROKEN" in ran.stdout
