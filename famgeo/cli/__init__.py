"""The command line: one plain sentence for every failure, ``--json`` for every summary.

The commands are a contract: names, flags and columns stay. Only this package opens the vault. A
command imports what it needs when it runs, so that ``famgeo --help`` answers at once.
"""

import os
import sys

from famgeo.cli import data, demo, families, people, records, release, study
from famgeo.cli.terminal import app, fail, tell_where, wrong_use
from famgeo.errors import FamgeoError

__all__ = ["app", "data", "demo", "families", "main", "people", "records", "release", "study"]


def main() -> None:
    """Run the command line; a failure is one plain sentence and exit code 1, never a traceback."""
    try:
        sys.exit(app(prog_name="famgeo", standalone_mode=False))
    except FamgeoError as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader has left; what Python still holds for it must not be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename or 'The output'} cannot be used: {error.strerror or error}.")
    except MemoryError:
        fail("There is not enough memory for that. Ask for fewer places or families at a time.")
    except Exception as error:  # noqa: BLE001 - the last door: a traceback shown is a defect
        if sentence := wrong_use(error):
            fail(sentence, code=2)
        if os.environ.get("FAMGEO_DEBUG", "").lower() in {"1", "true", "yes", "on"}:
            tell_where(error)
        fail(
            f"famgeo failed where it should not have ({type(error).__name__}). Your study is "
            "unharmed. Run the command again with FAMGEO_DEBUG=1 and report what it prints."
        )
