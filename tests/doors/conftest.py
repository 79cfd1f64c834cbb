"""The sample district, solved once by a process whose every way out is watched."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

WATCHED = Path(__file__).with_name("watched.py")


def alone():
    """Return what starts a program without any network, where this system can."""
    command = [shutil.which("unshare") or "unshare", "-rn"]
    try:
        ran = subprocess.run([*command, "true"], capture_output=True, check=False)
    except OSError:
        return []
    return command if ran.returncode == 0 else []


@pytest.fixture(scope="session")
def solved(tmp_path_factory):
    """Return the solved study's ``folder``, its ``exports``, and the ``ways_out`` tried."""
    folder = tmp_path_factory.mktemp("studies")
    log = tmp_path_factory.mktemp("log") / "seen.json"
    without_network = alone()
    command = [*without_network, sys.executable, str(WATCHED), str(log), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(log.read_text())
    return SimpleNamespace(
        folder=folder / "riverbend-demo",
        exports=folder / "out",
        ways_out=told["seen"],
        projections_ask=told["projections_ask"],
        without_network=bool(without_network),
    )
