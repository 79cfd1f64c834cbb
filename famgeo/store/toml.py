"""``famgeo.toml``: the settings of a study, written to be read and changed by people."""

import difflib
import json
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from famgeo.domain import Limits, StudySettings
from famgeo.errors import FamgeoError, StudyError
from famgeo.store.whole_files import write_whole

SETTINGS_NAME = "famgeo.toml"

LONGEST_SHOWN = 60
LONGEST_REMARK = 200
LARGEST_WHOLE = 2**53

COMMENTS = {
    "limit_min": "longest trip each way, door to door [minutes]",
    "walk_kmh": "walking speed on the level [km/h]",
    "wheelchair_kmh": "wheelchair speed on the level [km/h]",
    "bike_kmh": "cycling speed [km/h]",
    "max_walk_min": "longest walk to, from and between stops, each [minutes]",
    "change_s": "least time to change vehicles [seconds]",
    "max_rides": "most vehicles on one trip",
    "bike": "whether families may be expected to cycle",
    "drive_factor": "evening driving time as a multiple of the free-flowing one",
    "snap_walk_m": "farthest straight way from a home to a street, on foot [metres]",
    "snap_drive_m": "farthest straight way from a home to a street, by car [metres]",
}


def read_settings(path: Path) -> StudySettings:
    """Read a study's settings.

    Raises ``StudyError``: the file is not TOML, has a key that does not exist (the nearest one is
    proposed), lacks one that must be there, or holds a value that cannot be.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # ValueError: TOML's own and UTF-8's errors, and a number of thousands of digits.
        message = f"{path} cannot be read: {_one_line(error)}. Correct that line and save the file."
        raise StudyError(message) from error
    limits = document.pop("limits", {})
    if not isinstance(limits, dict):
        message = f"{path}: 'limits' must be a section, [limits], with one setting a line."
        raise StudyError(message)
    try:
        known = _checked(path, limits, Limits, "limits.")
        return StudySettings(**_checked(path, document, StudySettings, ""), limits=Limits(**known))
    except FamgeoError as error:
        message = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
        raise StudyError(message) from error


def write_settings(path: Path, settings: StudySettings) -> None:
    """Write a study's settings with a comment on every limit."""
    lines = [
        "# The settings of this study. Change a value, save the file, run famgeo again.",
        f"name = {_text(settings.name)}",
        f"timezone = {_text(settings.timezone)}",
        f"k = {settings.k}  # the fewest families ever shown as one figure; at least 10",
        f"runs_per_day = {settings.runs_per_day}  # the most new questions about families in a day",
        "",
        "[limits]",
    ]
    for item in fields(Limits):
        value = json.dumps(getattr(settings.limits, item.name))
        lines.append(f"{f'{item.name} = {value}':<24}# {COMMENTS[item.name]}")
    write_whole(path, lambda file: file.write(("\n".join(lines) + "\n").encode()))


def _checked(path: Path, found: dict[str, Any], kind: type, where: str) -> dict[str, Any]:
    known = {f.name: f for f in fields(kind) if f.name != "limits"}
    for name in found:
        if name not in known:
            short = name[:LONGEST_SHOWN]
            raise StudyError(f"{path}: there is no setting '{where}{short}'." + _near(short, known))
    for name, item in known.items():
        if name not in found and item.default is MISSING:
            message = f"{path}: the setting '{where}{name}' is missing. Write it on its own line."
            raise StudyError(message)
    return {name: _value(path, where, known[name], value) for name, value in found.items()}


def _value(path: Path, where: str, item: Field[object], value: object) -> object:
    kind = item.type if isinstance(item.type, type) else str
    huge = isinstance(value, int | float) and not abs(value) < LARGEST_WHOLE
    if kind is float and type(value) is int and not huge:
        value = float(value)
    if type(value) is not kind or huge:
        words = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
        message = f"{path}: '{where}{item.name}' is {_shown(value)}; it must be {words[kind]}."
        raise StudyError(message)
    return value


def _shown(value: object) -> str:
    """Return a value as a message may hold it: in one short line."""
    try:
        shown = repr(value)
    except ValueError:  # a number of thousands of digits, written in base 16
        return "a huge number"
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"


def _near(name: str, known: dict[str, Field[object]]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f" Did you mean '{close[0]}'?"
    return f" The settings are: {', '.join(known)}."


def _text(value: str) -> str:
    # A TOML basic string is a JSON string, but for the delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return " ".join(str(error).split())[:LONGEST_REMARK].rstrip(".")
