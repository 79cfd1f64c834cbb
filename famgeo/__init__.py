"""famgeo: who cannot come to the meeting, and where to meet instead.

The public verbs and types. Each is imported when it is first asked for, so that a script that
only reads a timetable does not load a map library.
"""

from importlib import import_module

_WHERE = {
    "FairestReach": "goals",
    "FairestTrips": "goals",
    "FewestSites": "goals",
    "KolmPollak": "goals",
    "Limits": "domain",
    "Meeting": "domain",
    "Mode": "domain",
    "MostFamilies": "domain",
    "Plan": "domain",
    "FamgeoError": "errors",
    "ShortestTrips": "goals",
    "Network": "travel.network",
    "choose_sites": "plan.sites",
    "draw_map": "outputs.maps",
    "fetch_streets": "sources.fetch",
    "find_barriers": "barriers",
    "households": "sources.roster",
    "open_study": "study.study",
    "read_assets": "sources.assets",
    "read_places": "sources.places",
    "read_roster": "sources.roster",
    "read_schools": "sources.schools",
    "read_streets": "sources.osm",
    "read_timetable": "sources.gtfs",
    "run_chunks": "jobs",
    "travel_times": "travel.times",
    "verify_plan": "plan.verify",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605 - one table names both the verb and its place


def __getattr__(name: str) -> object:
    """Import a public verb or type the first time it is used."""
    if name not in _WHERE:
        message = f"module 'famgeo' has no attribute '{name}'"
        raise AttributeError(message)
    return getattr(import_module(f"famgeo.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
