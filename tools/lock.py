"""Choose dependency versions and write requirements.lock; needs ``uv`` on the PATH.

One resolution covers Python 3.11 to 3.14 on Linux, macOS and Windows. The file has three parts, to
run, to test and to measure, and holds versions and hashes but no addresses. Versions already there
stay; ``python tools/lock.py --upgrade`` takes the newest.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
TITLES = (
    "# To run famgeo: `make demo` installs this part.",
    "# To test it: `make test` installs this part too.",
    "# To measure it: `make bench` installs this part too.",
)


def main(options: list[str]) -> None:
    """Resolve once with everything, then sort each package into the first part that needs it."""
    everything = resolve("--extra=dev", "--extra=bench", *options)
    stanzas = split(everything)
    parts = [names(resolve()), names(resolve("--extra=dev")), set(stanzas)]
    seen: set[str] = set()
    lines = ["# Made by `make lock`; every version has its hashes. Do not edit."]
    for title, part in zip(TITLES, parts, strict=True):
        new = sorted((part & set(stanzas)) - seen)
        lines += ["", title, *(stanzas[name] for name in new)]
        seen |= part
    LOCK.write_text("\n".join(lines) + "\n", encoding="utf-8")


def resolve(*options: str) -> str:
    """Return uv's universal resolution of pyproject.toml and its build tool, near today's lock."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "requirements.txt"
        if LOCK.is_file():
            output.write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
        subprocess.run(
            [
                *("uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11"),
                *("--generate-hashes", "--no-header", "--no-annotate"),
                *(f"--output-file={output}", "pyproject.toml", "-", *options),
            ],
            cwd=ROOT,
            input="hatchling\n",
            text=True,
            check=True,
        )
        return output.read_text(encoding="utf-8")


def split(text: str) -> dict[str, str]:
    """Map each package's name to its lines; a package may have several versions, by Python."""
    stanzas: dict[str, str] = {}
    for stanza in re.split(r"\n(?=\w)", text.strip()):
        name = stanza.split("==")[0].strip()
        stanzas[name] = f"{stanzas[name]}\n{stanza}" if name in stanzas else stanza
    return stanzas


def names(text: str) -> set[str]:
    """Return the packages a resolution names."""
    return set(split(text))


if __name__ == "__main__":
    main(sys.argv[1:])
