"""The command line: one plain sentence for every failure, ``--json`` for every summary.

The commands are a contract: names, flags and columns stay. Only this package opens the vault. A
command imports what it needs when it runs, so that ``famgeo --help`` answers at once.
"""

import sys

from famgeo.cli import data, demo, study
from famgeo.cli.terminal import app, fail, tell_where
from famgeo.errors import FamgeoError
from famgeo.settings import Settings

__all__ = ["app", "data", "demo", "main", "study"]


def main() -> None:
    """Run the command line; a failure is one plain sentence and exit code 1, never a traceback."""
    try:
        app()
    except FamgeoError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped. What was finished is kept.", code=130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last door: a traceback shown is a defect
        if Settings().debug:
            tell_where(error)
        fail(
            f"famgeo failed where it should not have ({type(error).__name__}). Your study is "
            "unharmed. Run the command again with FAMGEO_DEBUG=1 and report what it prints."
        )
