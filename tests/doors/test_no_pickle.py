"""A stored file that runs when it is read.

The weakness: to read a pickle is to run what it says, and caches, arrays and tables may be pickles
inside. Who can put a file into a study's folder could then run a program as the steward. What
closes it: nothing is stored but JSON, TOML, SQLite, Parquet, PMTiles, and arrays of plain numbers;
no module can read a pickle; and every file of a solved study is looked into.
"""

import ast
import io
import pickletools
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "famgeo").rglob("*.py")) + sorted((ROOT / "pages").glob("*.py"))
RUNS_WHAT_IT_READS = {
    *("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
    *("torch", "sklearn", "yaml", "jsonpickle", "code", "codeop"),
}
BUILTINS = {"eval", "exec", "compile", "__import__"}
METHODS = {"read_pickle", "to_pickle", "load_extension", "enable_load_extension"}


def imports_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def faults_of(source):
    """Say what in a module could run what it reads."""
    tree = ast.parse(source)
    found = set(imports_of(tree)) & RUNS_WHAT_IT_READS
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        found |= {getattr(node.func, "id", "")} & BUILTINS
        found |= {getattr(node.func, "attr", "")} & METHODS
        told = {k.arg: k.value for k in node.keywords}
        allow = told.get("allow_pickle")
        if allow is not None and getattr(allow, "value", True) is not False:
            found.add("allow_pickle")
        if ast.unparse(node.func) == "np.load" and allow is None:
            found.add("np.load")
        if "persist" in told:
            found.add("a cache on disk")
    return found


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from joblib import load", "pd.read_pickle('x')", "eval(text)"),
        *("np.load(path)", "np.load(path, allow_pickle=True)", "st.cache_data(persist='disk')"),
    ],
)
def test_the_check_itself_sees_a_pickle(line):
    assert faults_of(line)


def test_no_module_can_read_or_write_a_pickle():
    assert {m.name: f for m in MODULES if (f := faults_of(m.read_text(encoding="utf-8")))} == {}


def is_pickle(data):
    """Whether bytes begin with a whole pickle, of any protocol, that is more than a number."""
    try:
        ops = {op.name for op, _, _ in pickletools.genops(data)}
    except Exception:  # noqa: BLE001 - whatever is no pickle
        return False
    return "STOP" in ops and bool(ops & {"PROTO", "GLOBAL", "STACK_GLOBAL", "INST", "REDUCE"})


def parts_of(path):
    """Yield the bytes of a file, of the files packed in it, and of the cells of a database."""
    data = path.read_bytes()
    yield data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if data.startswith(b"SQLite format 3\0"):
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as database:
            for (table,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    yield from (
                        bytes(c) if isinstance(c, bytes) else str(c).encode() for c in row if c
                    )
        database.close()


def test_the_look_into_files_itself_finds_a_pickle(tmp_path):
    danger = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."
    assert is_pickle(danger)
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (?)", (danger,))
    database.close()
    assert any(map(is_pickle, parts_of(path)))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", danger)
    assert any(map(is_pickle, parts_of(tmp_path / "a.npz")))


def test_no_file_of_a_solved_study_is_or_holds_a_pickle(solved):
    files = [p for p in solved.folder.rglob("*") if p.is_file()]
    assert len(files) >= 6
    assert [p.name for p in files if any(map(is_pickle, parts_of(p)))] == []


def test_every_stored_array_is_of_plain_numbers_or_text(solved):
    arrays = list(solved.folder.rglob("*.npz"))
    assert arrays
    for path in arrays:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            assert all(not stored[name].dtype.hasobject for name in stored.files)


def test_a_study_holds_known_kinds_of_files_only(solved):
    known = {
        ".toml",
        ".db",
        ".npz",
        ".parquet",
        ".pmtiles",
        ".pbf",
        ".zip",
        ".lock",
        ".json",
        ".jsonl",
        ".erased",
    }
    strangers = {p.suffix for p in solved.folder.rglob("*") if p.is_file()} - known
    assert {s for s in strangers if s not in {".db-wal", ".db-shm"}} == set()
