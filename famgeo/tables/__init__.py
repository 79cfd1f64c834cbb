"""The shared tables: what flows from stage to stage. Import them from here."""

from famgeo.tables.doors import (
    Progress,
    Vault,
    no_progress,
)
from famgeo.tables.networks import (
    Streets,
    Timetable,
    Trips,
)
from famgeo.tables.released import (
    REASON_WORDS,
    Headline,
    Release,
    ReleasedBarriers,
    ReleasedPlan,
    shown,
)
from famgeo.tables.schemas import (
    ANSWERS,
    ASSET_KINDS,
    ASSETS,
    BARRIERS,
    HOME_AREAS,
    HOUSEHOLDS,
    PLACES,
    SCHOOLS,
    SITES,
    STUDENTS,
    Read,
    as_points,
    check,
    join_list,
    lonlat,
    split_list,
)

__all__ = [
    "ANSWERS",
    "ASSETS",
    "ASSET_KINDS",
    "BARRIERS",
    "HOME_AREAS",
    "HOUSEHOLDS",
    "PLACES",
    "REASON_WORDS",
    "SCHOOLS",
    "SITES",
    "STUDENTS",
    "Headline",
    "Progress",
    "Read",
    "Release",
    "ReleasedBarriers",
    "ReleasedPlan",
    "Streets",
    "Timetable",
    "Trips",
    "Vault",
    "as_points",
    "check",
    "join_list",
    "lonlat",
    "no_progress",
    "shown",
    "split_list",
]
