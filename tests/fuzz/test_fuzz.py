"""Whatever bytes a reader meets, it reads them or refuses them in one plain sentence.

Real files are damaged as their formats suggest and read in a process of its own: a crash of the
libraries below, a hang and more than 1 GB of memory are seen from outside. No message may repeat
a cell of a roster. The same number makes the same case:
``python tests/fuzz/worker.py READER NUMBER 1 FOLDER`` leaves its file in FOLDER.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory cannot be limited on this system")

WORKER = Path(__file__).with_name("worker.py")
CASES = {
    "roster": 50,
    "schools": 40,
    "assets": 40,
    "places": 40,
    "settings": 300,
    "meeting": 300,
    "name": 300,
    "release": 60,
    "areas": 150,
    "timetable": 50,
    "streets": 100,
    "places-of-osm": 80,
    "basemap": 60,
}
"""Sixty seconds in all on one core."""
MANY = int(os.environ.get("FAMGEO_FUZZ", "3"))
"""How many times as many cases the slow test reads."""
MOST_CRASHES = 5


def fuzz(reader, first, n, folder):
    """Return the outcomes of these cases; the process starts again behind a case that killed it."""
    outcomes, last = [], first + n
    crashes = 0
    while first < last and crashes < MOST_CRASHES:
        command = [sys.executable, str(WORKER), reader, str(first), str(last - first), str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        outcomes += [line for line in lines if "done" in line]
        if ran.returncode == 0:
            break
        crashes += 1
        number = lines[-1]["case"] if lines and "case" in lines[-1] else first
        told = f"ended with code {ran.returncode}: {ran.stderr[-1500:]}"
        outcomes.append({"done": number, "what": "died", "fault": told, "s": 0.0, "kb": 0})
        first = number + 1
    return outcomes


def faults(outcomes):
    return {o["done"]: o["fault"] for o in outcomes if o["fault"]}


@pytest.mark.parametrize("reader", CASES)
def test_damaged_files_are_read_or_refused_in_one_sentence(reader, tmp_path):
    outcomes = fuzz(reader, 0, CASES[reader], tmp_path)
    assert faults(outcomes) == {}
    assert len(outcomes) == CASES[reader]
    assert {"read", "refused"} == {o["what"] for o in outcomes}


@pytest.mark.slow
@pytest.mark.parametrize("reader", CASES)
def test_many_damaged_files_are_read_or_refused_in_one_sentence(reader, tmp_path):
    n = CASES[reader] * MANY
    outcomes = fuzz(reader, 1_000_000, n, tmp_path)
    assert faults(outcomes) == {}
    assert len(outcomes) == n
