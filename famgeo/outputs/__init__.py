"""From what is safe to show to files and maps: functions of a release alone."""

from collections.abc import Callable
from pathlib import Path

from famgeo.outputs.geo import write_geojson
from famgeo.outputs.sheets import write_csv

EXPORTERS: dict[str, Callable[..., list[Path]]] = {
    "csv": write_csv,
    "geojson": write_geojson,
}
"""The formats of ``famgeo export``: (release, plan name, folder, audience=) → files written."""
