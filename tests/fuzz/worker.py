"""Read damaged files in a process that may die: ``worker.py READER FIRST N FOLDER``.

One JSON line is printed before and one after each case, so that whoever started this process
knows which case killed it. Memory is limited to 1 GB more than reading an undamaged file took.
"""

import faulthandler
import json
import random
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

from readers import CANARY, READERS

from famgeo.errors import FamgeoError

MOST_BYTES = 1 << 30
LONGEST_S = 20
LONGEST_MESSAGE = 700


def make(reader, number):
    """Return the case of this number: the same bytes each time."""
    chance = random.Random(f"{reader}/{number}")
    one = READERS[reader]
    return one.damage(chance, chance.choice(one.seeds()))


def write(case, folder):
    for old in folder.iterdir():
        old.unlink()
    for name, data in case.beside.items():
        (folder / name).write_bytes(data)
    path = folder / case.name
    path.write_bytes(case.data)
    return path


def causes(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def fault_in(text, *, most, told_of_families):
    """Say what is wrong with words shown to a user; '' when nothing is."""
    if told_of_families and (found := CANARY.search(text)):
        return f"repeats a cell of a roster: {found.group()} in {text[:300]!r}"
    if not text.strip() or len(text) > most:
        return f"is {len(text)} characters long"
    return "holds a traceback" if "Traceback" in text else ""


def outcome(reader, path):
    """Return what became of a case, and what is wrong with that ('' = nothing)."""
    try:
        read = READERS[reader].read(path)
    except FamgeoError as error:
        if any(isinstance(e, MemoryError) for e in causes(error)):
            return "refused", "took more than 1 GB"
        words = str(error)
        fault = fault_in(words, most=LONGEST_MESSAGE, told_of_families=reader == "roster")
        return "refused", fault or ("is not one line" if "\n" in words else "")
    except BaseException:  # noqa: BLE001 - a Rust panic is no Exception
        return "failed", traceback.format_exc()[-1500:]
    report = getattr(read, "report", None)
    if report is None:
        return "read", ""
    fault = fault_in(str(report), most=2_000_000, told_of_families=reader == "roster")
    if not fault and report.rows_used > report.rows_read:
        fault = "counts more rows used than read"
    return "read", fault


def limit_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(reader, first, n, folder):
    warnings.simplefilter("error", RuntimeWarning)
    folder = Path(folder)
    for seed in READERS[reader].seeds():
        files = seed if isinstance(seed, dict) else {"seed.bin": seed}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        READERS[reader].read(folder / next(iter(files)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limit_memory()
    for number in range(first, first + n):
        print(json.dumps({"case": number}), flush=True)
        path = write(make(reader, number), folder)
        faulthandler.dump_traceback_later(LONGEST_S, exit=True)
        started = time.perf_counter()
        what, fault = outcome(reader, path)
        faulthandler.cancel_dump_traceback_later()
        took = round(time.perf_counter() - started, 3)
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        told = {"done": number, "what": what, "fault": fault, "s": took, "kb": more}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
