"""Make the sample district Riverbend: ``python data/make_riverbend.py [FOLDER]``.

The town, its timetable, its families and its places are drawn from one seed, so the same program
writes the same files, byte for byte.
"""

import sys
from pathlib import Path

import numpy as np
from riverbend_maker.buses import build_service
from riverbend_maker.families import build_roster
from riverbend_maker.timetable import check_last_east, gtfs_tables
from riverbend_maker.town import SEED, build_town
from riverbend_maker.write import (
    ASSET_COLUMNS,
    ROSTER_COLUMNS,
    SCHOOL_COLUMNS,
    asset_rows,
    csv_text,
    school_rows,
    write_gtfs,
    write_streets,
)


def make(folder: Path) -> None:
    """Write the five data files of the district into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    town = build_town()
    service = build_service(town, np.random.default_rng([SEED, 3]))
    check_last_east(service)
    roster = build_roster(town, np.random.default_rng([SEED, 4]))
    write_streets(folder / "streets.osm.pbf", town)
    write_gtfs(folder / "gtfs.zip", gtfs_tables(service))
    tables = {
        "roster.csv": csv_text(roster, ROSTER_COLUMNS),
        "schools.csv": csv_text(school_rows(town), SCHOOL_COLUMNS),
        "assets.csv": csv_text(asset_rows(town), ASSET_COLUMNS),
    }
    for name, text in tables.items():
        (folder / name).write_bytes(text.encode())


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "riverbend")
