"""What an adversary may hold: nothing in it names a home, a family or a handful of families."""

import contextlib
import csv
import io
import json
import sqlite3
import struct
import subprocess
import sys
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from released import draw_release

from famgeo import cli
from famgeo.cli.terminal import plain
from famgeo.domain import Limits, Meeting
from famgeo.errors import PlanError, StudyError
from famgeo.outputs.sheets import write_csv
from famgeo.settings import bundled
from famgeo.store.studies import new_study
from famgeo.study.planning import _in_steps
from famgeo.tables import Headline, ReleasedBarriers
from famgeo.ui import words

RIVERBEND = bundled() / "data" / "riverbend"
EVENING = "2026-12-08 18:30/20:30"
CANARY = {"student": "CANARY7Q", "household": "CANARYHOME7Q", "lon": -99.6771339, "lat": 38.2713347}
SLIPPED = "14 Canary Lane Apt 3"


def traces() -> dict[str, bytes]:
    """Return every form in which the canary household might be written."""
    lon, lat = CANARY["lon"], CANARY["lat"]
    found = {"student": b"CANARY7Q", "household": b"CANARYHOME7Q", "address": b"Canary Lane"}
    found["wkb"] = shapely.to_wkb(shapely.Point(lon, lat))[5:]
    for crs in (4326, 3857, 32614):
        point = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
        for axis, value in zip("xy", point, strict=True):
            found[f"{crs} {axis} text"] = f"{value:.5f}"[: 9 if crs == 4326 else 10].encode()
            found[f"{crs} {axis} little"] = struct.pack("<d", value)
            found[f"{crs} {axis} big"] = struct.pack(">d", value)
    return found


def traces_in(data: bytes) -> list[str]:
    forms = {name: (trace, trace.hex().encode()) for name, trace in traces().items()}
    text = data.lower()
    return [n for n, (raw, coded) in forms.items() if raw in data or coded.lower() in text]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Fill and plan a study that holds the canary; return its folder and all that was printed."""
    folder = tmp_path_factory.mktemp("canary")
    roster = pd.read_csv(RIVERBEND / "roster.csv", dtype=str, keep_default_na=False)
    canary = roster.iloc[[0]].assign(
        student_id=CANARY["student"],
        household_id=CANARY["household"],
        lon=str(CANARY["lon"]),
        lat=str(CANARY["lat"]),
        has_car="no",
    )
    slipped = canary.assign(student_id="CANARY7Q2", school_id=SLIPPED)
    swapped = canary.assign(student_id="CANARY7Q3", lon=canary["lat"], lat=canary["lon"])
    pd.concat([roster, canary, slipped, swapped]).to_csv(folder / "families.csv", index=False)
    parts = {
        "streets": RIVERBEND / "streets.osm.pbf",
        "schools": RIVERBEND / "schools.csv",
        "assets": RIVERBEND / "assets.csv",
        "roster": folder / "families.csv",
    }
    asked = ("--meeting", EVENING)
    out = folder / "exported"
    export = ("export", "ours", "--plan", "two", "--format", "csv,geojson")
    commands = [
        ("new", "ours", "--name", "Ours", "--timezone", "America/Chicago"),
        *(("add", "ours", part, file) for part, file in parts.items()),
        ("add", "ours", "roster", folder / "families.csv", "--json"),
        ("check", "ours", "--json"),
        ("barriers", "ours", *asked),
        ("barriers", "ours", *asked, "--json"),
        ("plan", "ours", "--sites", 2, *asked, "--name", "two", "--json"),
        *((*export, "--to", out / who, "--audience", who) for who in ("district", "partner")),
    ]
    with contextlib.chdir(folder):
        return folder, [run(*command) for command in commands]


def run(*words_) -> bytes:
    """Run a command in this process; return all it printed."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        patch.setattr(sys, "argv", ["famgeo", *map(str, words_)])
        with pytest.raises(SystemExit) as left:
            cli.main()
    assert not left.value.code, said.getvalue()
    return said.getvalue().encode()


def test_the_canary_is_in_no_public_file_no_export_and_no_message(told):
    folder, said = told
    for text in said:
        assert traces_in(text) == []
    files = [*(folder / "ours").rglob("*"), *(folder / "exported").rglob("*")]
    public = [
        p
        for p in files
        if p.is_file() and not p.name.startswith("vault.db") and p.parent.name != "private"
    ]
    assert {p.suffix for p in public} >= {".db", ".toml", ".pbf", ".csv", ".geojson", ".txt"}
    assert {p.name: found for p in public if (found := traces_in(p.read_bytes()))} == {}


def test_the_search_for_the_canary_finds_it_where_it_is(told):
    folder, _ = told
    found = traces_in((folder / "ours" / "vault.db").read_bytes())
    assert {"student", "household", "4326 x big", "4326 y big"} <= set(found)
    assert set(traces_in((folder / "families.csv").read_bytes())) >= {"4326 x text", "address"}
    assert traces_in(shapely.Point(CANARY["lon"], CANARY["lat"]).wkb_hex.encode())


def test_the_public_database_knows_nothing_of_a_roster(told):
    folder, _ = told
    with sqlite3.connect(folder / "ours" / "study.db") as database:
        read = [what for (what,) in database.execute("select what from reads")]
    database.close()
    assert set(read) == {"streets", "schools", "assets"}


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
        assert next(csv.DictReader(file))["name"] == f"'{name}"


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
