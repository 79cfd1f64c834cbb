"""Measure everything that has a goal, in one run: what was asked beside what was found.

``FAMGEO_CITIES=… python tests/bench/run.py [part …]``. Each part is a script of its own and runs in
a process of its own; other work on the machine shows in seconds, hardly in ratios.
"""

import subprocess
import sys
from pathlib import Path

PARTS = {
    "streets": ("street_peers.py", "walk: at most 0.50 of scipy's time"),
    "transit": ("transit_peers.py", "arrive-by at least 100 times as fast as cafein, and right"),
    "plan": ("plan_peers.py", "at least 20 times as fast as the usual model, same optimum"),
    "study": ("study_road.py", "4,200 households × 86 sites: at most 15 s and 1 GB"),
}

GREETING = ("Running HiGHS", "Includes third-party")


def measure(part: str) -> list[str]:
    """Run one part; return the lines it printed. Raises ``RuntimeError`` when it fails."""
    script = Path(__file__).with_name(PARTS[part][0])
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{script.name} failed: {done.stderr.strip()}"
        raise RuntimeError(message)
    return [line for line in done.stdout.splitlines() if not line.startswith(GREETING)]


def main() -> None:
    """Print a heading with the goal, and below it the figures, for each part asked for."""
    for part in sys.argv[1:] or PARTS:
        print(f"\n{part}: {PARTS[part][1]}", flush=True)  # noqa: T201 - a report
        for line in measure(part):
            print(f"  {line}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
