"""The whole road from files to a released plan, by the commands a user types.

``FAMGEO_CITIES=… python tests/bench/study_road.py``: Northern Kentucky, 4,200 households, 80 places
and 6 schools, every mode, one evening. Goal: at most 15 s and 1 GB on two cores; the time to start
each command is part of it.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

FAMGEO = Path(sys.executable).with_name("famgeo")
PARTS = {
    "schools": "schools.csv",
    "assets": "assets.csv",
    "streets": "streets.osm.pbf",
    "transit": "gtfs.zip",
    "roster": "roster.csv",
}
MEETING = "2020-02-05 18:00/20:00"


def run(*words: Sequence[str]) -> tuple[str, float]:
    """Run one command; return its last line and its seconds."""
    start = time.perf_counter()
    done = subprocess.run([FAMGEO, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"famgeo {' '.join(words)}: {done.stderr.strip()}"
        raise RuntimeError(message)
    return done.stdout.strip().splitlines()[0], time.perf_counter() - start


def road(city: Path, folder: Path) -> list[tuple[str, float]]:
    """Walk the road once; return each command's name and seconds."""
    study = str(folder / "district")
    steps = [("new", study, "--name", "District", "--timezone", "America/New_York")]
    steps += [("add", study, part, str(city / name)) for part, name in PARTS.items()]
    steps += [
        ("plan", study, "--sites", "3", "--meeting", MEETING, "--name", "three"),
        ("export", study, "--plan", "three", "--format", "csv,geojson", "--to", str(folder / "to")),
    ]
    taken = []
    for step in steps:
        _, seconds = run(*step)
        taken.append((" ".join([step[0], *step[2:3]]) if step[0] == "add" else step[0], seconds))
    return taken


def main() -> None:
    """Print the seconds of each command, of all, and the most memory any of them held."""
    city = Path(os.environ["FAMGEO_CITIES"]) / "nky"
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        road(city, Path(first))  # compiles what is compiled once for each machine
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken = road(city, Path(second))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in taken)
    total = sum(seconds for _, seconds in taken)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(  # noqa: T201
        f"files to a released plan: {total:.1f} s, {cpu:.1f} s of one core, "
        f"{used.ru_maxrss / 1e6:.2f} GB at most ({parts})"
    )


if __name__ == "__main__":
    main()
