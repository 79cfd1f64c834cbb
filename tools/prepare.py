"""Prepare .venv from requirements.lock: ``python tools/prepare.py {run|test|bench}``.

Only the standard library is used. The second time it does nothing, until the lock or pyproject.toml
changes. Every download is checked against the hash in the lock.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PARTS = ("run", "test", "bench")
PART_MARK = "# To "  # each part of the lock starts with such a line


def main(wanted: str) -> None:
    """Bring .venv up to the wanted part of the lock."""
    lock = lock_for(wanted)
    state = fingerprint(lock)
    marker = VENV / f"prepared-{wanted}"
    if marker.is_file() and marker.read_text() == state and works():
        return
    if not works():
        make_venv()
    install(lock)
    for part in PARTS[: PARTS.index(wanted) + 1]:
        (VENV / f"prepared-{part}").write_text(fingerprint(lock_for(part)))


def lock_for(wanted: str) -> str:
    """Return the lock's text up to and including the wanted part."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    _, *parts = text.split(PART_MARK)
    return "".join(PART_MARK + part for part in parts[: PARTS.index(wanted) + 1])


def fingerprint(lock: str) -> str:
    """Hash everything that decides what .venv should hold."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return hashlib.sha256("\0".join([lock, project, str(ROOT)]).encode()).hexdigest()


def works() -> bool:
    """Tell whether .venv has a Python that famgeo runs on, with pip; one may be gone or old."""
    check = "import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))"
    try:
        return (
            subprocess.run([PYTHON, "-c", check], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def make_venv() -> None:
    """Make .venv anew; on Debian, install the part of Python that Debian leaves out."""
    if not importlib.util.find_spec("ensurepip"):
        install_venv_module()
    print(f"Making .venv with Python {sys.version.split()[0]}.", flush=True)
    run([sys.executable, "-m", "venv", "--clear", VENV])


def install_venv_module() -> None:
    """Install Debian's python3.X-venv, saying so first."""
    package = f"python3.{sys.version_info.minor}-venv"
    if not shutil.which("apt-get"):
        sys.exit(f"{sys.executable} cannot make virtual environments: its ensurepip is missing.")
    become = [] if os.geteuid() == 0 else ["sudo"]
    print(f"Python's venv module is missing: installing {package} with apt-get.", flush=True)
    run([*become, "apt-get", "update", "-qq"])
    run([*become, "apt-get", "install", "-y", "--no-install-recommends", package])


def install(lock: str) -> None:
    """Install what the lock names, then famgeo itself as an editable package."""
    wanted = VENV / "wanted.lock"
    wanted.write_text(lock, encoding="utf-8")
    print("Installing what requirements.lock names; the first time takes minutes.", flush=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    run([*pip, *quiet, "--only-binary=:all:", "--require-hashes", "-r", wanted])
    run([*pip, "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT])


def run(command: list[str | Path]) -> None:
    """Run a command and stop with its exit code when it fails."""
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(f"This failed with exit code {code}: {' '.join(map(str, command))}")


if __name__ == "__main__":
    if sys.argv[1:] not in [[part] for part in PARTS]:
        sys.exit("Use: python tools/prepare.py run|test|bench")
    main(sys.argv[1])
