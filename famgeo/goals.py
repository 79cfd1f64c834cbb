"""What a choice of sites is to be best at, and what it must keep: one type for each goal.

A family *has an option* when it can attend at a chosen site in at least one meeting. Its minutes
are those there and home together, at the best of them. Every goal counts families by weight, 1
unless ``weights`` says otherwise.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from famgeo.errors import PlanError

Texts = frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteGoal(ABC):
    """What every choice of sites may be asked to keep, whatever it is to be best at.

    Not knowing is never good enough: a site whose cost is unknown is no candidate under a
    budget, and one whose capacity is unknown none where families need seats.

    Parameters
    ----------
    locked, excluded
        Sites that must, and must not, be chosen.
    needs
        What each site must have: ``wheelchair``, ``child_care``.
    budget_usd
        The most that all sites may cost in all meetings. Then fewer sites may be chosen.
    accessible, child_care, off_site
        At least how many must be known to be accessible, to have child care, not to be schools.
    speaking
        At least how many must list a language, by language.
    seats_each
        How many seats a family takes. Then each family is given one site and meeting, and none
        has more families than its capacity; a family without a seat has no option.
    weights
        How much each family counts, by household_id; those not named count 1.
    """

    locked: Texts = frozenset()
    excluded: Texts = frozenset()
    needs: Texts = frozenset()
    budget_usd: float | None = None
    accessible: int = 0
    child_care: int = 0
    off_site: int = 0
    speaking: Mapping[str, int] = field(default_factory=dict)
    seats_each: int | None = None
    weights: Mapping[str, float] = field(default_factory=dict, repr=False)

    more_is_better: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if both := sorted(self.locked & self.excluded):
            message = f"These sites are both locked and excluded: {', '.join(both)}."
            raise PlanError(message)
        if self.budget_usd is not None and not 0 <= self.budget_usd < math.inf:
            message = f"A budget is a number of dollars from 0, not {self.budget_usd}."
            raise PlanError(message)
        at_least = {"accessible": self.accessible, "child_care": self.child_care}
        at_least |= {"off_site": self.off_site, **self.speaking}
        for name, number in at_least.items():
            if number < 0:
                message = f"At least how many sites ({name}) is a number from 0, not {number}."
                raise PlanError(message)
        if self.seats_each is not None and self.seats_each < 1:
            message = f"A family takes at least one seat, not {self.seats_each}."
            raise PlanError(message)
        if wrong := [weight for weight in self.weights.values() if not 0 <= weight < math.inf]:
            message = f"The weight of a family is a number from 0, not {wrong[0]}."
            raise PlanError(message)

    @property
    @abstractmethod
    def most_sites(self) -> int | None:
        """How many sites may be chosen; None when as many as it takes."""

    @abstractmethod
    def words(self, value: float) -> str:
        """Say what a plan's measure is, as a sentence; '' when the headline says it all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SomeSites(SiteGoal):
    """A goal for so many sites."""

    n_sites: int

    def __post_init__(self) -> None:
        SiteGoal.__post_init__(self)
        if self.n_sites < 1:
            message = f"A plan needs at least one site, not {self.n_sites}."
            raise PlanError(message)
        if len(self.locked) > self.n_sites:
            message = f"{len(self.locked)} sites are locked but only {self.n_sites} may be chosen."
            raise PlanError(message)

    @property
    def most_sites(self) -> int:
        """How many sites may be chosen."""
        return self.n_sites


@dataclass(frozen=True, kw_only=True, slots=True)
class MostFamilies(SomeSites):
    """Goal: the most families with at least one meeting they can attend (maximal covering).

    A plan's measure is the weight of those families.
    """

    more_is_better: ClassVar[bool] = True

    def words(self, value: float) -> str:
        """Say nothing: the headline is the measure, but for weights."""
        return f"By their weights they count {value:,.1f}." if self.weights else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortestTrips(SomeSites):
    """Goal: the fewest minutes for all families together (p-median).

    A family without an option counts as ``no_option_min`` minutes: a whole day, so that few
    minutes of many never outweigh the families who are cut off. A trip never counts more.
    A plan's measure is the mean.
    """

    no_option_min: float = 1440.0

    def __post_init__(self) -> None:
        SomeSites.__post_init__(self)
        _check_no_option(self.no_option_min)

    def words(self, value: float) -> str:
        """Say what a family gives up on average."""
        return (
            f"On average a family gives up {value:.1f} minutes there and home, counting "
            f"{self.no_option_min:g} for each without an option."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FairestReach(SomeSites):
    """Goal: the highest share of families with an option in the group where it is lowest.

    ``groups`` gives the group of every family by household_id. A plan's measure is that share.
    """

    groups: Mapping[str, str] = field(repr=False)

    more_is_better: ClassVar[bool] = True

    def words(self, value: float) -> str:
        """Say what share the worst-off group has."""
        return f"In every group at least {100 * value:.1f} % of the families have an option."


@dataclass(frozen=True, kw_only=True, slots=True)
class FairestTrips(SomeSites):
    """Goal: the fewest minutes on average in the group where they are most (p-centre of groups).

    ``groups`` gives the group of every family by household_id; with a group for each family it
    is the longest trip that is shortened. A family without an option counts as ``no_option_min``
    minutes: two hours each way, the longest that is searched. A plan's measure is that mean.
    """

    groups: Mapping[str, str] = field(repr=False)
    no_option_min: float = 240.0

    def __post_init__(self) -> None:
        SomeSites.__post_init__(self)
        _check_no_option(self.no_option_min)

    def words(self, value: float) -> str:
        """Say what the worst-off group gives up."""
        return (
            f"In no group does a family give up more than {value:.1f} minutes on average, "
            f"counting {self.no_option_min:g} for each without an option."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class KolmPollak(SomeSites):
    """Goal: the fewest minutes, where those who already give up many count more.

    The measure is the Kolm–Pollak equally-distributed equivalent: the minutes that, were they the
    same for all, would be as good. Below 0, ``epsilon`` says how much inequality counts: −1 is
    usual, near 0 it is the mean. Its scale κ is taken from the minutes there would be with every
    candidate chosen, so that a sum over families remains to be made least (Horton et al. 2024,
    arXiv 2401.15452). A family without an option counts as ``no_option_min`` minutes: two hours
    each way.
    """

    epsilon: float = -1.0
    no_option_min: float = 240.0

    def __post_init__(self) -> None:
        SomeSites.__post_init__(self)
        _check_no_option(self.no_option_min)
        if not -10 <= self.epsilon < 0:  # noqa: PLR2004 - e to the tenth of minutes is past sense
            message = f"epsilon is {self.epsilon:g}; it must be from -10 to below 0."
            raise PlanError(message)

    def words(self, value: float) -> str:
        """Say what the equivalent is."""
        return (
            f"What families give up is as good as {value:.1f} minutes for each, counting "
            f"{self.no_option_min:g} for each without an option."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FewestSites(SiteGoal):
    """Goal: the fewest sites that give this share of all families an option (set covering).

    A plan's measure is the number of its sites.
    """

    share: float

    def __post_init__(self) -> None:
        SiteGoal.__post_init__(self)
        if not 0 < self.share <= 1:
            message = f"The share of families to reach is {self.share:g}; give it above 0, up to 1."
            raise PlanError(message)

    @property
    def most_sites(self) -> None:
        """As many sites as it takes."""
        return

    def words(self, value: float) -> str:
        """Say how few sites there are."""
        return f"{value:.0f} sites are enough to reach {100 * self.share:g} % of the families."


Goal = MostFamilies | ShortestTrips | FairestReach | FairestTrips | KolmPollak | FewestSites


def _check_no_option(no_option_min: float) -> None:
    if not 0 < no_option_min < math.inf:
        message = f"no_option_min is {no_option_min:g}; it must be a number of minutes above 0."
        raise PlanError(message)
