"""The command line is a contract: names, flags, columns, exit codes, and plain sentences."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from famgeo import cli
from famgeo.errors import FetchError
from famgeo.settings import bundled
from famgeo.sources.fetched import Fetched
from famgeo.study import homes
from famgeo.study.study import open_study

RIVERBEND = bundled() / "data" / "riverbend"
EVENING = "2026-12-08 18:30/20:30"
COMMANDS = (
    "demo",
    "app",
    "new",
    "add",
    "fetch",
    "check",
    "times",
    "barriers",
    "plan",
    "export",
    "synth",
    "release",
    "sign",
    "forget",
    "look",
    "purge",
    "bring-back",
)


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder; return its exit code, its output and its complaint."""
    monkeypatch.chdir(tmp_path)

    def run_in(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["famgeo", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        told = capsys.readouterr()
        return left.value.code or 0, told.out, told.err

    return run_in


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """The sample district, planned by the demo command in a process of its own."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "famgeo", "demo", "--no-app", "--json"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def counts_in(data: object) -> list[int]:
    """Return every whole number in a JSON summary."""
    if isinstance(data, dict):
        return [n for value in data.values() for n in counts_in(value)]
    if isinstance(data, list):
        return [n for value in data for n in counts_in(value)]
    return [data] if isinstance(data, int) and not isinstance(data, bool) else []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Usage" in out
    if command != "app":
        assert "--json" in out


def test_the_demo_says_how_many_families_have_no_option_and_how_many_with_the_plan(solved):
    _, told = solved
    assert told["plan"] == "three-places"
    assert len(told["sites"]) == 3
    assert told["quality"] == "proven best"
    assert told["no_option_at_school"] > (told["no_option_with_plan"] or 0)


def test_no_summary_shows_a_group_of_one_to_nine(solved, run):
    folder, told = solved
    code, out, _ = run("barriers", folder / "riverbend-demo", "--meeting", EVENING, "--json")
    assert code == 0
    for count in [*counts_in(told), *counts_in(json.loads(out))]:
        assert count == 0 or count >= 10
        assert count % 5 == 0


def test_a_second_plan_does_not_search_again(solved, run, monkeypatch):
    folder, told = solved

    def searched(*_args, **_kwargs):
        pytest.fail("travel times were computed a second time")

    monkeypatch.setattr(homes, "both_ways", searched)
    where = folder / "riverbend-demo"
    code, out, err = run("plan", where, "--sites", 3, "--meeting", EVENING, "--json")
    assert code == 0, err
    assert json.loads(out)["sites"] == told["sites"]


def test_an_export_holds_the_plan_and_no_family_when_a_partner_gets_it(solved, run, tmp_path):
    folder, told = solved
    where = folder / "riverbend-demo"
    words = ("export", where, "--plan", "three-places", "--format", "csv,geojson", "--to")
    assert run(*words, tmp_path / "district")[0] == 0
    assert run(*words, tmp_path / "partner", "--audience", "partner")[0] == 0
    for site in told["sites"]:
        assert any(site["name"] in f.read_text() for f in (tmp_path / "district").iterdir())
        assert any(site["name"] in f.read_text() for f in (tmp_path / "partner").iterdir())
    for file in (tmp_path / "partner").glob("*.csv"):
        assert "famil" not in file.read_text().lower()


def test_an_unknown_format_names_those_there_are(solved, run):
    folder, _ = solved
    where = folder / "riverbend-demo"
    code, _, err = run("export", where, "--plan", "three-places", "--format", "dwg", "--to", ".")
    assert code == 1
    assert "dwg" in err
    assert "geojson" in err


def test_check_tells_what_a_new_study_still_needs(run):
    assert run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")[0] == 0
    code, out, _ = run("check", "ours")
    assert code == 1
    for part in ("families", "streets", "schools", "places that host"):
        assert f"no {part}" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "nowhere"), "no study"),
        (("new", "ours", "--name", "Ours", "--timezone", "Mars/Base"), "Mars/Base"),
        (("new", "a b", "--name", "Ours", "--timezone", "America/Chicago"), "a b"),
        (("plan", "nowhere", "--sites", 3, "--meeting", "2026-12-08 18:30/20:30"), "no study"),
    ],
)
def test_a_failure_is_one_plain_sentence_and_exit_code_1(run, words, said):
    code, out, err = run(*words)
    assert code == 1
    assert said in err
    assert "Traceback" not in out + err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("nothing-like-it",),
        ("times", "--mode", "fly"),
        ("plan", "x", "--sites", "many", "--meeting", EVENING),
    ],
)
def test_wrong_use_exits_with_2(run, words):
    assert run(*words)[0] == 2


def test_an_error_is_json_too_when_asked(run):
    code, out, _ = run("check", "nowhere", "--json")
    assert code == 1
    assert "no study" in json.loads(out)["error"]


def test_a_defect_of_our_own_shows_no_traceback(run, monkeypatch):
    def broken(*_args, **_kwargs):
        msg = "a secret detail"
        raise RuntimeError(msg)

    monkeypatch.setattr("famgeo.study.study.open_study", broken)
    code, out, err = run("check", "ours")
    assert code == 1
    assert "Traceback" not in err
    assert "a secret detail" not in out + err
    assert "FAMGEO_DEBUG" in err


@pytest.mark.parametrize("part", ["roster", "schools", "assets", "streets", "transit"])
def test_the_wrong_file_is_refused_by_name_and_nothing_is_lost(run, part, tmp_path):
    run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    wrong = tmp_path / "notes.txt"
    wrong.write_bytes(b"\x00\x01 this is not a table\n")
    code, out, err = run("add", "ours", part, wrong)
    assert code == 1
    assert "notes.txt" in err
    assert "Traceback" not in out + err


def test_add_goes_on_with_the_next_file_and_says_what_failed(run, tmp_path):
    run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    empty = tmp_path / "empty.csv"
    empty.touch()
    code, out, _ = run("add", "ours", "schools", empty, RIVERBEND / "schools.csv")
    assert code == 0
    assert "empty.csv" in out
    assert "5 of 5" in out


def test_times_writes_one_row_for_every_pair_in_the_columns_of_the_contract(run):
    people = pd.read_csv(RIVERBEND / "roster.csv").drop_duplicates("student_id").head(6)
    people.rename(columns={"student_id": "id"})[["id", "lon", "lat"]].to_csv("o.csv", index=False)
    schools = pd.read_csv(RIVERBEND / "schools.csv").rename(columns={"school_id": "id"})
    schools[["id", "lon", "lat"]].to_csv("d.csv", index=False)
    words = ["times", "--streets", RIVERBEND / "streets.osm.pbf", "--origins", "o.csv"]
    words += ["--destinations", "d.csv", "--transit", RIVERBEND / "gtfs.zip", "--mode", "transit"]
    code, _, err = run(*words, "--arrive-by", "2026-12-08T18:30", "--out", "out.csv")
    assert code == 0, err
    table = pd.read_csv("out.csv")
    assert " ".join(table.columns) == (
        "origin_id destination_id mode minutes leave_at arrive_at walk_m rides status"
    )
    assert len(table) == 6 * 5
    good = table[table["status"] == "ok"]
    assert len(good)
    leave = pd.to_datetime(good["leave_at"])
    start = pd.Timestamp("2026-12-08T18:30-06:00")
    assert ((start - leave).dt.total_seconds() / 60 - good["minutes"]).abs().max() < 0.02
    assert (pd.to_datetime(good["arrive_at"]) <= start).all()


def test_times_needs_one_of_arrive_by_and_depart_at(run):
    words = ("times", "--streets", "s.pbf", "--origins", "o.csv", "--destinations", "d.csv")
    words += ("--mode", "walk", "--out", "o.parquet")
    assert run(*words)[0] == 2
    both = ("--arrive-by", "2026-12-08T18:30", "--depart-at", "2026-12-08T20:30")
    assert run(*words, *both)[0] == 2


def test_help_answers_without_loading_a_map_or_table_library():
    code = (
        "import sys, famgeo.cli; print(sorted({'pandas', 'streamlit', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_vault_of_a_study_is_for_its_owner_alone(solved):
    folder, _ = solved
    vault = folder / "riverbend-demo" / "vault.db"
    if os.name == "posix":
        assert vault.stat().st_mode & 0o777 == 0o600


def test_no_home_of_the_roster_is_in_any_public_file_of_the_study(solved):
    folder, _ = solved
    homes = pd.read_csv(RIVERBEND / "roster.csv", dtype=str)
    places = pd.read_csv(RIVERBEND / "assets.csv", dtype=str)  # may stand where a family lives
    lons = {lon.encode() for lon in set(homes["lon"]) - set(places["lon"])}
    assert len(lons) > 1000
    for path in Path(folder / "riverbend-demo").rglob("*"):
        private = path.name.startswith("vault.db") or "private" in path.parts
        if path.is_file() and not private and "files" not in path.parts:
            data = path.read_bytes()
            assert not any(lon in data for lon in lons), path.name


def test_fetch_puts_what_was_downloaded_into_the_study(run, monkeypatch, tmp_path):
    asked = []

    def downloaded(place, folder, *, progress):
        asked.append((place, folder, progress))
        return Fetched(
            name="Riverbend",
            streets=RIVERBEND / "streets.osm.pbf",
            pois=tmp_path / "pois.csv",
            boundary=tmp_path / "boundary.geojson",
            n_streets=1,
            n_pois=1,
        )

    monkeypatch.setattr("famgeo.sources.fetch.fetch_streets", downloaded)
    run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    code, out, err = run("fetch", "ours", "--place", "Riverbend, Kansas")
    assert code == 0, err
    assert asked[0][0] == "Riverbend, Kansas"
    assert "street ways used" in out
    assert "pois.csv" in out
    assert "no streets" not in run("check", "ours")[1]


def test_fetch_without_a_network_says_what_to_download_by_hand(run, monkeypatch):
    def offline(*_args, **_kwargs):
        message = "There is no network here. Download a .osm.pbf and add it."
        raise FetchError(message)

    monkeypatch.setattr("famgeo.sources.fetch.fetch_streets", offline)
    run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    code, _, err = run("fetch", "ours", "--place", "Riverbend, Kansas")
    assert code == 1
    assert err.strip() == "There is no network here. Download a .osm.pbf and add it."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "x", "--sites", 0, "--meeting", EVENING), "--sites"),
        (("add", "x", "nonsense", "f.csv"), "'nonsense' is not one of"),
        (("new",), "STUDY"),
    ],
)
def test_wrong_use_is_one_sentence_that_says_where_to_look_and_json_when_asked(run, words, said):
    code, _, err = run(*words)
    assert code == 2
    assert said in err
    assert f"famgeo {words[0]} --help" in err
    assert len(err.strip().splitlines()) == 1
    code, out, _ = run(*words, "--json")
    assert code == 2
    assert said in json.loads(out)["error"]


@pytest.mark.parametrize(
    ("variable", "value"), [("THREADS", "0"), ("THREADS", "many"), ("DEBUG", "perhaps")]
)
def test_an_environment_variable_that_cannot_be_is_named(run, monkeypatch, variable, value):
    monkeypatch.setenv(f"FAMGEO_{variable}", value)
    code, _, err = run("check", "ours")
    assert code == 1
    assert f"FAMGEO_{variable} is '{value}'" in err
    assert len(err.strip().splitlines()) == 1


def test_an_output_that_cannot_be_written_is_told_in_a_sentence(run, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("famgeo.cli.study.tell", full)
    code, _, err = run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")
    assert code == 1
    assert err.strip() == "The output cannot be used: No space left on device."


def times_words(out, *, when="2026-12-08T18:30"):
    words = ["times", "--streets", RIVERBEND / "streets.osm.pbf", "--mode", "walk"]
    words += ["--origins", "o.csv", "--destinations", "o.csv", "--arrive-by", when, "--out", out]
    return words


def test_times_looks_for_the_folder_before_it_searches(run, tmp_path):
    (tmp_path / "a.csv").mkdir()
    for out, said in (("nowhere/t.csv", "There is no folder nowhere"), ("a.csv", "is a folder")):
        code, _, err = run(*times_words(out))
        assert code == 1
        assert said in err


@pytest.mark.parametrize("when", ["tomorrow", "2026-12-08", "18:30"])
def test_times_takes_no_date_for_midnight(run, when):
    code, _, err = run(*times_words("t.csv", when=when))
    assert code == 2
    assert "Write it as 2020-02-05T18:00" in err


def test_synth_draws_the_same_families_by_the_same_seed_and_refuses_a_seed_below_0(run, tmp_path):
    schools = pd.read_csv(RIVERBEND / "schools.csv")
    schools.assign(people=50).to_csv("cells.csv", index=False)
    words = ["synth", "--population", "cells.csv", "--field", "people", "--households", 20]
    words += ["--schools", RIVERBEND / "schools.csv", "--seed"]
    assert run(*words, 7, "--out", "a.csv")[0] == run(*words, 7, "--out", "b.csv")[0] == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert run(*words, -1, "--out", "c.csv")[0] == 2
    code, _, err = run(*words, 7, "--out", "nowhere/c.csv")
    assert code == 1
    assert "nowhere/c.csv cannot be written" in err


@pytest.fixture
def ours(run):
    """An empty study called ours."""
    assert run("new", "ours", "--name", "Ours", "--timezone", "America/Chicago")[0] == 0
    return run


def part_of(name, rows, **changes):
    """Write some rows of a sample table, changed, and return the file's name."""
    table = pd.read_csv(RIVERBEND / name, dtype=str, keep_default_na=False).iloc[rows]
    table.assign(**changes).to_csv(out := f"{rows.start}-{rows.stop}-{name}", index=False)
    return out


def test_files_of_one_command_join_and_those_of_the_next_take_their_place(ours):
    first, second = part_of("assets.csv", slice(0, 5)), part_of("assets.csv", slice(3, 9))
    code, out, _ = ours("add", "ours", "assets", first, second)
    assert code == 0
    assert "an earlier one has them too: 2." in out
    assert len(open_study(Path("ours")).assets()) == 9
    _, out, _ = ours("add", "ours", "assets", second)
    assert "In the place of what was there: 3 of 9 left." in out
    assert len(open_study(Path("ours")).assets()) == 6


def test_one_file_never_takes_the_place_of_another_in_silence(ours, tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gtfs.zip").write_bytes((RIVERBEND / "gtfs.zip").read_bytes())
    code, _, err = ours("add", "ours", "transit", "a/gtfs.zip", "b/gtfs.zip")
    assert code == 2
    assert "Two timetables are called gtfs" in err
    code, _, err = ours("add", "ours", "streets", "a.osm.pbf", "b.osm.pbf")
    assert code == 2
    assert "one street file" in err


def test_an_id_of_a_school_and_a_place_is_told_before_it_stops_a_plan(ours):
    ours("add", "ours", "schools", RIVERBEND / "schools.csv")
    ours("add", "ours", "assets", part_of("assets.csv", slice(0, 1), asset_id="S1"))
    code, out, _ = ours("check", "ours")
    assert code == 1
    assert "wrong: The same id names a school and a place in the directory: S1." in out


def test_check_names_the_study_to_add_to_and_a_file_that_is_gone(ours):
    ours("add", "ours", "transit", RIVERBEND / "gtfs.zip")
    for file in Path("ours/files").iterdir():
        file.unlink()
    code, out, _ = ours("check", "ours")
    assert code == 1
    assert "famgeo add ours streets FILE.osm.pbf" in out
    assert "copy of gtfs.zip is missing or damaged. Add it again: famgeo add ours" in out


@pytest.mark.parametrize(("format_", "code"), [("", 2), (" , ", 2), ("CSV", 0), ("geoJSON", 0)])
def test_an_export_writes_something_or_says_why_not(solved, run, format_, code):
    folder, _ = solved
    words = ("export", folder / "riverbend-demo", "--plan", "three-places", "--to", "out")
    assert run(*words, "--format", format_)[0] == code
    assert bool(list(Path("out").glob("*"))) == (code == 0)


def test_what_cannot_be_asked_is_refused_before_any_search(solved, run, monkeypatch):
    folder, _ = solved
    monkeypatch.setattr(homes, "both_ways", lambda *_a, **_k: pytest.fail("searched"))
    words = (folder / "riverbend-demo", "--meeting", "2026-12-09 18:30/20:30")
    for more in (
        ("plan", "--lock", "A99"),
        ("plan", "--need", "lift"),
        ("barriers", "--site", "X"),
    ):
        sites = ("--sites", 2) if more[0] == "plan" else ()
        code, _, err = run(more[0], *words, *sites, *more[1:])
        assert code == 1
        assert more[2] in err
