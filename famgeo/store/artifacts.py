"""What can be made again: Parquet tables and NumPy arrays named by what they were made from.

An artifact's name holds the fingerprint of its inputs and of the code, so a stale one is never
found; a damaged one is made again; all of them can be deleted at any time. The ``artifacts``
folder is for public things. What depends on homes goes through the vault.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from famgeo.store.fingerprint import code_version, fingerprint
from famgeo.store.whole_files import write_whole

__all__ = [
    "artifact",
    "code_version",
    "fingerprint",
    "load_arrays",
    "load_or_make",
    "save_arrays",
]

ARTIFACTS_NAME = "artifacts"

Arrays = dict[str, NDArray[np.generic]]
A = TypeVar("A", pd.DataFrame, gpd.GeoDataFrame, Arrays)

DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pa.ArrowException)


def artifact(folder: Path, name: str, inputs: Mapping[str, object], *, ending: str) -> Path:
    """Return where the artifact of these inputs is kept in a study's folder.

    A link in its place is taken away: what it leads to may be a home, and an artifact is public.
    """
    path = folder / ARTIFACTS_NAME / f"{name}-{fingerprint(inputs)}{ending}"
    if path.is_symlink():
        path.unlink()
    return path


def load_or_make(folder: Path, name: str, inputs: Mapping[str, object], make: Callable[[], A]) -> A:
    """Return the artifact of these inputs, from its file or by making it now.

    Tables are kept as Parquet, dictionaries of arrays as npz. A file that cannot be read is made
    again; a folder that cannot be written costs only the time.
    """
    stem = artifact(folder, name, inputs, ending="")
    for ending, load in LOADERS.items():
        found = load(stem.with_name(stem.name + ending))
        if found is not None:
            return cast("A", found)
    made = make()
    try:
        stem.parent.mkdir(exist_ok=True)
        _save(stem, made)
    except OSError:
        return made
    return made


def save_arrays(
    path: Path, arrays: Mapping[str, NDArray[np.generic]], *, mode: int = 0o666
) -> None:
    """Write arrays as npz, whole or not at all; never an array of objects."""

    def write(file: BinaryIO) -> None:
        np.savez(file, allow_pickle=False, **arrays)

    write_whole(path, write, mode=mode)


def load_arrays(path: Path) -> Arrays | None:
    """Read what ``save_arrays`` wrote; None when there is no such file or it is damaged."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except DAMAGED:
        return None


def _save(stem: Path, made: pd.DataFrame | Arrays) -> None:
    if not isinstance(made, pd.DataFrame):
        save_arrays(stem.with_name(stem.name + ".npz"), made)
        return
    stored = io.BytesIO()
    made.to_parquet(stored, compression="zstd", write_page_checksum=True)
    ending = ".geo.parquet" if isinstance(made, gpd.GeoDataFrame) else ".parquet"
    write_whole(stem.with_name(stem.name + ending), lambda file: file.write(stored.getbuffer()))


def _load_table(path: Path) -> pd.DataFrame | None:
    read = gpd.read_parquet if path.name.endswith(".geo.parquet") else pd.read_parquet
    try:
        real = path.is_file() and not path.is_symlink()
        return read(path, page_checksum_verification=True) if real else None
    except DAMAGED:
        return None


LOADERS: Mapping[str, Callable[[Path], object]] = {
    ".parquet": _load_table,
    ".geo.parquet": _load_table,
    ".npz": load_arrays,
}
