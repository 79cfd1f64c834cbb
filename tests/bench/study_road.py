"""The whole road from files to a released plan, in one process and by the commands a user types.

``FAMGEO_CITIES=… python tests/bench/study_road.py``: Northern Kentucky, 4,200 households, 80 assets
and 6 schools, every mode, one evening. Goal: at most 15 s and 1 GB on two cores, in one process.
By commands, each starts Python anew.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
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
ZONE = "America/New_York"
NOW = datetime(2020, 1, 15, 12, tzinfo=UTC)


def in_one_process(city: Path, folder: Path) -> None:
    """Walk the road once and print the seconds of each part."""
    start = last = time.perf_counter()
    taken = []

    def passed(what: str) -> None:
        nonlocal last
        last, before = time.perf_counter(), last
        taken.append(f"{what} {last - before:.1f}")

    from famgeo.domain import Meeting, MostFamilies  # noqa: PLC0415 - imports are timed too
    from famgeo.store.vault import open_vault  # noqa: PLC0415
    from famgeo.study.study import create_study, open_study  # noqa: PLC0415

    passed("imports")
    create_study(folder / "district", name="District", timezone=ZONE)
    study = open_study(folder / "district")
    vault = open_vault(study.folder)
    for part, name in PARTS.items():
        if part == "roster":
            study.add_roster(vault, city / name, now=NOW)
        else:
            getattr(study, f"add_{part}")(city / name, now=NOW)
        passed(part)
    meeting = Meeting.parse(MEETING, study.zone)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        goal = MostFamilies(n_sites=3)
        plan = study.plan(vault, goal, [meeting], name="three", now=NOW, executor=threads)
    passed("plan")
    study.export("three", ["csv", "geojson"], folder / "to")
    passed("export")
    print(f"{time.perf_counter() - start:.1f} s ({', '.join(taken)}), {plan.headline.quality}")  # noqa: T201


def by_commands(city: Path, folder: Path) -> str:
    """Walk the road once by commands; return the seconds of each."""
    study = str(folder / "district")
    steps = [("new", study, "--name", "District", "--timezone", ZONE)]
    steps += [("add", study, part, str(city / name)) for part, name in PARTS.items()]
    steps += [
        ("plan", study, "--sites", "3", "--meeting", MEETING, "--name", "three"),
        ("export", study, "--plan", "three", "--format", "csv,geojson", "--to", str(folder / "to")),
    ]
    taken = []
    for step in steps:
        start = time.perf_counter()
        _run([str(FAMGEO), *step])
        name = step[2] if step[0] == "add" else step[0]
        taken.append((name, time.perf_counter() - start))
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in taken)
    return f"{sum(seconds for _, seconds in taken):.1f} s ({parts})"


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr.strip()}"
        raise RuntimeError(message)
    return done.stdout.strip()


def main() -> None:
    """Print the seconds and the most memory of the road, and the seconds by commands."""
    city = Path(os.environ["FAMGEO_CITIES"]) / "nky"
    if sys.argv[1:]:
        in_one_process(city, Path(sys.argv[1]))
        return
    for _ in range(2):  # the first compiles what is compiled once for each machine
        with TemporaryDirectory() as folder:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            told = _run([sys.executable, __file__, folder])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak_gb = after.ru_maxrss / 1e6
    print(f"in one process: {told}; {cpu:.1f} s of one core, {peak_gb:.2f} GB")  # noqa: T201
    with TemporaryDirectory() as folder:
        print(f"by commands: {by_commands(city, Path(folder))}")  # noqa: T201


if __name__ == "__main__":
    main()
