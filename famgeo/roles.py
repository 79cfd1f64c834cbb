"""Who may see and do what: the whole rule in one table.

A principal sees the own school, a planner plans, a liaison keeps the directory, the steward
answers for the families' data. A partner never signs in: a partner is sent a file.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What someone is to the district."""

    PRINCIPAL = "principal"
    PLANNER = "planner"
    LIAISON = "liaison"
    STEWARD = "steward"


class Right(StrEnum):
    """Something a page shows or does."""

    MAP = "map"
    TABLES = "tables"
    VIEW_PLAN = "view_plan"
    RUN_PLAN = "run_plan"
    SAVE_PLAN = "save_plan"
    VIEW_ASSETS = "view_assets"
    EDIT_ASSETS = "edit_assets"
    MERGE_ASSETS = "merge_assets"
    LOG_VISIT = "log_visit"
    EXPORT_RELEASE = "export_release"
    EXPORT_SITES = "export_sites"
    STEWARD_DATA = "steward_data"


class Scope(StrEnum):
    """How far a right reaches."""

    NONE = "none"
    OWN_SCHOOL = "own_school"
    ALL = "all"


OWN, ALL = Scope.OWN_SCHOOL, Scope.ALL

MAY: dict[Role, dict[Right, Scope]] = {
    Role.PRINCIPAL: {
        Right.MAP: OWN,
        Right.TABLES: OWN,
        Right.VIEW_PLAN: ALL,
        Right.VIEW_ASSETS: ALL,
        Right.EXPORT_RELEASE: OWN,
    },
    Role.PLANNER: {
        Right.MAP: ALL,
        Right.TABLES: ALL,
        Right.VIEW_PLAN: ALL,
        Right.RUN_PLAN: ALL,
        Right.SAVE_PLAN: ALL,
        Right.VIEW_ASSETS: ALL,
        Right.EDIT_ASSETS: ALL,
        Right.EXPORT_SITES: ALL,
    },
    Role.LIAISON: {
        Right.MAP: ALL,
        Right.VIEW_ASSETS: ALL,
        Right.EDIT_ASSETS: ALL,
        Right.LOG_VISIT: ALL,
    },
    Role.STEWARD: {
        Right.MAP: ALL,
        Right.TABLES: ALL,
        Right.VIEW_PLAN: ALL,
        Right.RUN_PLAN: ALL,
        Right.VIEW_ASSETS: ALL,
        Right.EDIT_ASSETS: ALL,
        Right.MERGE_ASSETS: ALL,
        Right.EXPORT_RELEASE: ALL,
        Right.EXPORT_SITES: ALL,
        Right.STEWARD_DATA: ALL,
    },
}
"""What is not listed is not allowed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Someone who is signed in. ``school_ids`` are a principal's own schools."""

    name: str
    role: Role
    school_ids: frozenset[str] = frozenset()

    def scope(self, right: Right) -> Scope:
        """Return how far this person's right reaches."""
        return MAY[self.role].get(right, Scope.NONE)

    def may(self, right: Right) -> bool:
        """Tell whether this person has the right at all."""
        return self.scope(right) is not Scope.NONE
