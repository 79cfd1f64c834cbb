"""The one open study that every page and every visitor shares."""

import threading
from functools import lru_cache
from pathlib import Path

from famgeo.settings import Settings
from famgeo.study.study import Study, open_study

_opening = threading.Lock()


def opened_study() -> Study | None:
    """Return the study named by ``FAMGEO_STUDY``, opened once; None when none is named.

    Raises
    ------
    FamgeoError
        When the folder is not a study, or is damaged.
    """
    folder = Settings().study
    if folder is None:
        return None
    with _opening:
        return _open(folder, Settings().database)


@lru_cache(maxsize=4)
def _open(folder: Path, database: str | None) -> Study:
    return open_study(folder, database=database)
