"""Re-create ``static/vendored`` from the npm packages below: ``python tools/vendor.py``.

Run by hand, with npm, when a version changes. Each package is fetched by its exact version and
used only when its sha256 is the one written here. Pointers to source maps are cut off, because
the maps are not shipped.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).parent.parent / "static" / "vendored"
SCRIPT_SUFFIXES = {".js", ".css"}
SOURCE_MAP = re.compile(rb"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One npm package: what it is called, its fingerprint, and the files taken from it."""

    name: str
    version: str
    sha256: str
    folder: str
    files: tuple[str, ...]


PACKAGES = (
    Package(
        name="leaflet",
        version="1.9.4",
        sha256="84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77",
        folder="leaflet",
        files=("LICENSE", "dist/leaflet.js", "dist/leaflet.css"),
    ),
    Package(
        name="protomaps-leaflet",
        version="5.1.0",
        sha256="0b45b08d0e6f7d39816415dbe6821d0556e7997ec716ed0123305cc1fe5a3fd8",
        folder="protomaps-leaflet",
        files=("LICENSE", "dist/protomaps-leaflet.js"),
    ),
    Package(
        name="@fontsource-variable/inter",
        version="5.3.0",
        sha256="d26710dd38e7217484a1d47ee76c024977ec550548876f26d06ed1844af09a14",
        folder="inter",
        files=(
            "LICENSE",
            "files/inter-latin-wght-normal.woff2",
            "files/inter-latin-ext-wght-normal.woff2",
            "files/inter-cyrillic-wght-normal.woff2",
            "files/inter-vietnamese-wght-normal.woff2",
        ),
    ),
)


def fetch(package: Package, folder: Path) -> Path:
    """Fetch a package with npm and return its archive, or stop when its bytes differ."""
    npm = shutil.which("npm")
    if npm is None:
        message = "npm is needed to re-create the vendored files; install it and run this again."
        raise SystemExit(message)
    wanted = f"{package.name}@{package.version}"
    subprocess.run([npm, "pack", "--silent", wanted], cwd=folder, check=True)
    archive = next(folder.glob("*.tgz"))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        message = f"{wanted} has sha256 {found}, not {package.sha256}; nothing was changed."
        raise SystemExit(message)
    return archive


def take(package: Package, archive: Path, folder: Path) -> None:
    """Copy the files wanted from the archive, flat, without pointers to source maps."""
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for name in package.files:
            member = tar.extractfile(f"package/{name}")
            assert member is not None
            data = member.read()
            if Path(name).suffix in SCRIPT_SUFFIXES:
                data = SOURCE_MAP.sub(b"\n", data)
            (folder / Path(name).name).write_bytes(data)


def main() -> None:
    """Build the new folder beside the old one, and swap it in when all of it is there."""
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "vendored"
        for package in PACKAGES:
            downloads = Path(temporary) / package.folder
            downloads.mkdir()
            take(package, fetch(package, downloads), fresh / package.folder)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)


if __name__ == "__main__":
    main()
