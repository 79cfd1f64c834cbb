"""What an adversary may hold: nothing in it names a home, a family or a handful of families."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from released import draw_release

from famgeo import cli
from famgeo.cli.terminal import plain
from famgeo.domain import Limits, Meeting
from famgeo.errors import PlanError, StudyError
from famgeo.outputs.sheets import write_csv
from famgeo.store.studies import new_study
from famgeo.study.planning import _in_steps
from famgeo.tables import Headline, ReleasedBarriers
from famgeo.ui import words


def test_a_defect_shows_where_it_happened_and_never_a_value(monkeypatch, capsys):
    def broken(*_args, **_kwargs):
        try:
            float("home at 38.2713347")
        except ValueError as error:
            msg = "CANARYHOME7Q"
            raise KeyError(msg) from error

    monkeypatch.setenv("FAMGEO_DEBUG", "1")
    monkeypatch.setattr("famgeo.study.study.open_study", broken)
    monkeypatch.setattr(sys, "argv", ["famgeo", "check", "ours"])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "ValueError" in said
    assert "in broken" in said
    assert "38.2713347" not in said.replace('float("home at 38.2713347")', "")
    assert "CANARYHOME7Q" not in said.replace('msg = "CANARYHOME7Q"', "")


REACHES = {
    "import": "import importlib; importlib.import_module('famgeo.store.' + 'vault')",
    "command line": "import importlib; importlib.import_module('famgeo.' + 'cli')",
    "path": "open(folder + '/vault.db', 'rb')",
    "bytes": "open(folder.encode() + b'/VAULT.db-wal', 'rb')",
    "database": "import sqlite3; sqlite3.connect('file:' + folder + '/vault.db?mode=ro', uri=True)",
    "copy": "import shutil; shutil.copy(folder + '/vault.db', folder + '/x')",
    "link": "import os; os.symlink(folder + '/vault.db', folder + '/x')",
    "travel times": "open(folder + '/private/trips-0a.npz', 'rb')",
    "nothing": "open(folder + '/famgeo.toml', 'rb').close()",
}
SERVED = """
import json, sys
from famgeo.ui import server
folder = sys.argv[1]
def attempt(way):
    try:
        exec(way)
    except PermissionError as error:
        return str(error)
    return "reached"
def reach(*_args, **_kwargs):
    print(json.dumps({name: attempt(way) for name, way in json.loads(sys.argv[2]).items()}))
server.uvicorn.Server.run = reach
server.serve(None, 0, headless=True)
"""


@pytest.mark.network
def test_the_app_s_process_reaches_no_vault_in_any_roundabout_way(tmp_path):
    (tmp_path / "private").mkdir()
    for name in ("vault.db", "VAULT.db-wal", "famgeo.toml", "private/trips-0a.npz"):
        (tmp_path / name).touch()
    command = [sys.executable, "-c", SERVED, str(tmp_path), json.dumps(REACHES)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    refused = dict.fromkeys(REACHES, "The app cannot open a vault.")
    assert json.loads(said) == refused | {"nothing": "reached"}


def test_a_vault_cannot_be_read_through_the_public_database(tmp_path):
    store = new_study(tmp_path / "ours", name="Ours", timezone="America/Chicago")
    other = tmp_path / "other.db"
    with pytest.raises(StudyError), store.database.reading() as connection:
        connection.exec_driver_sql(f"ATTACH DATABASE '{other}' AS other")


@pytest.mark.parametrize("limit_min", [1.0, 30.5, 59.0])
def test_a_limit_between_steps_is_refused_in_words(limit_min):
    with pytest.raises(PlanError, match=f"{limit_min:g} minutes is too fine"):
        _in_steps(Limits(limit_min=limit_min), [])
    _in_steps(Limits(limit_min=5 * np.ceil(limit_min / 5)), [])


@pytest.mark.parametrize("text", ["2026-12-08 18:31/20:30", "2026-12-08 18:30/20:30:01"])
def test_a_meeting_between_steps_is_refused_in_words(text):
    with pytest.raises(PlanError, match="too fine"):
        _in_steps(Limits(), [Meeting.parse(text, ZoneInfo("America/Chicago"))])


@pytest.mark.parametrize(("before", "after"), [(50, 45), (320, 160), (160, 160), (315, 20)])
def test_no_part_of_the_bar_is_a_handful_or_nobody(before, after):
    found = Headline(
        families=320, no_option_at_school=before, no_option_with_plan=after, quality=""
    )
    assert words.parts(found) == []
    assert sum(n for _, n, _ in words.parts(replace(found, no_option_at_school=200))) in {0, 320}


@pytest.mark.parametrize("name", [" =1+1", "\u00a0@SUM(A1)", " \t-2", "\r=1", "＝1", "+1"])
def test_no_blank_hides_a_formula(tmp_path, name):
    release = draw_release(names=(name, "Library"))
    table = next(f for f in write_csv(release, "autumn", tmp_path) if "sites" in f.name)
    with table.open(encoding="utf-8-sig", newline="") as file:
        written = next(csv.DictReader(file))["name"]
    sign = name.lstrip()
    assert written == name.removesuffix(sign) + f"'{sign}"


def test_a_name_cannot_steer_the_terminal():
    assert plain("a\x1b[2J\x9b2J\u202eb\nc\t") == "a[2J2Jb\nc\t"
    assert json.dumps("\x1b") == '"\\u001b"'


def test_a_study_with_a_higher_k_says_so_wherever_a_count_is_hidden():
    plan = draw_release(no_option_at_school=None, no_option_with_plan=None, k=20).plans[0]
    barriers = ReleasedBarriers(meetings=(), headline=plan.headline, sites=plan.sites)
    said = (str(plan), str(barriers), words.plain(words.headline(plan)), words.reach(None, 20))
    for text in said:
        assert "ewer than 20" in text
        assert "ewer than 10" not in text
