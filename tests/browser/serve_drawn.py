"""Serve the app on a drawn district: ``python serve_drawn.py FOLDER PORT NAME...``.

The names are given to the district's places, however hostile. Where the folder holds a study with
people (``drawn_people.new_store``), they may sign in. Tests start and stop this.
"""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import drawn
import drawn_people

from famgeo.ui import opened, server


def main() -> None:
    """Serve on this port, 0 for a free one, until stopped."""
    # What a shell starts in its background is deaf to Ctrl+C; an app at a terminal is not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder, port, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    study = drawn.DrawnStudy(
        places=drawn.sites(*names),
        tiles=drawn.ground(folder),
        store=drawn_people.opened_store(folder),
        neighborhoods=drawn.neighborhoods(),
        tables=drawn.one_way(),
    )
    opened.open_study = lambda _folder, **_database: study
    server.serve(folder, port, headless=True)


if __name__ == "__main__":
    main()
