"""Which sites a plan may choose: known to have what is needed, open, and not excluded.

Not knowing never passes: under a budget, a site must have a known cost; where families need
seats, a known capacity. Every site is a candidate, schools too: a plan may well say that a
school is the best place to meet. To meet outside of school, exclude the schools.
"""

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from famgeo.domain import Answer, Goal, Meeting
from famgeo.errors import PlanError
from famgeo.plan.hours import open_during

NEEDS = ("child_care", "wheelchair")
"""What a plan may insist on: columns of SITES that must say yes; unknown never passes."""


def candidate_sites(
    sites: gpd.GeoDataFrame, goal: Goal, meetings: Sequence[Meeting]
) -> gpd.GeoDataFrame:
    """Return the SITES that may be chosen, in the order of their ids.

    A site must be open during every meeting, for the plan meets at each site each time. Raises
    ``PlanError`` for a need or a site that does not exist, a locked site that may not be chosen,
    and fewer candidates than the plan asks for; each names what binds.
    """
    _known(sites, goal)
    tests = _tests(sites, goal, meetings)
    _locks_hold(sites, goal, tests)
    may = tests.all(axis=1)
    if may.sum() < least_sites(goal):
        raise PlanError(_too_few(goal, tests))
    return sites[may.to_numpy()].sort_values("site_id", ignore_index=True)


def least_sites(goal: Goal) -> int:
    """Return how few sites a plan may have: with a budget, and where it is the goal, one."""
    return 1 if goal.budget_usd is not None else goal.most_sites or 1


def _known(sites: gpd.GeoDataFrame, goal: Goal) -> None:
    if unknown := sorted(goal.needs - set(NEEDS)):
        message = f"A plan cannot need '{', '.join(unknown)}'. It can need {' and '.join(NEEDS)}."
        raise PlanError(message)
    named = goal.locked | goal.excluded
    if unknown := sorted(named - set(sites["site_id"])):
        message = (
            f"There is no site {', '.join(unknown)} to lock or exclude. Sites are the schools, "
            "and the assets whose hosts column says yes."
        )
        raise PlanError(message)


def _tests(sites: gpd.GeoDataFrame, goal: Goal, meetings: Sequence[Meeting]) -> pd.DataFrame:
    """Return what each site must pass, one column for each test, named as a sentence ends."""
    hours = sites["opening_hours"]
    is_open = {text: all(open_during(text, m) for m in meetings) for text in hours.unique()}
    tests = {f"have {need} = yes": sites[need] == Answer.YES for need in sorted(goal.needs)}
    tests["are open during every meeting"] = pd.Series([is_open[h] for h in hours], dtype=bool)
    if goal.budget_usd is not None:
        tests["have a known cost"] = sites["cost_usd"].notna()
    if goal.seats_each is not None:
        tests["have a known capacity"] = sites["capacity"].notna()
    tests["are not excluded"] = ~sites["site_id"].isin(goal.excluded)
    return pd.DataFrame({name: test.to_numpy(bool) for name, test in tests.items()})


def _locks_hold(sites: gpd.GeoDataFrame, goal: Goal, tests: pd.DataFrame) -> None:
    locked = sites["site_id"].isin(goal.locked).to_numpy()
    for name, passes in tests.items():
        if broken := sorted(sites["site_id"][locked & ~passes.to_numpy()]):
            message = (
                f"These sites are locked but are not among those that {name}: "
                f"{', '.join(broken)}. Unlock them, correct the directory, or change the plan."
            )
            raise PlanError(message)


def _too_few(goal: Goal, tests: pd.DataFrame) -> str:
    left = int(tests.all(axis=1).sum())
    fits = ", ".join(f"{int(test.sum())} {name}" for name, test in tests.items())
    without = {name: int(tests.drop(columns=name).all(axis=1).sum()) for name in tests}
    binds = max(without, key=lambda name: without[name])
    advice = f" Without '{binds}', {without[binds]} could be." if without[binds] > left else ""
    return (
        f"The plan asks for {least_sites(goal)} sites but only {left} can be chosen: of "
        f"{len(tests)} sites, {fits}.{advice} Ask for fewer sites, or add places that host to "
        "the directory."
    )
