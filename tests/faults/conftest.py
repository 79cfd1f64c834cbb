"""What the tests of faults share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in memory where there is one: there a flush to the disk takes no time.

    What a program that is killed leaves behind, and who waits for whom, is the same on any disk.
    """
    try:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY, prefix="famgeo-") as folder:
            yield Path(folder)
    except OSError:
        yield tmp_path
