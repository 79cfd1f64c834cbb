"""Streets and timetables made ready for questions, each part built once and when first asked for.

A network holds public things only: it never keeps the places it was asked about.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from threading import Lock, RLock
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from famgeo.domain import Limits, Mode, timezone
from famgeo.errors import TravelError
from famgeo.tables import Streets, Timetable
from famgeo.travel.streets import StreetGraph, build_graph
from famgeo.travel.timetable import ServiceDay, service_day
from famgeo.travel.transit import TransitNetwork, build_transit

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A city to travel in. Threads may share one: each part is built by the first that asks."""

    streets: Streets
    timetables: tuple[Timetable, ...] = ()
    limits: Limits = field(default_factory=Limits)
    _built: dict[object, Any] = field(default_factory=dict, init=False, repr=False)
    _locks: dict[object, Any] = field(default_factory=dict, init=False, repr=False)
    _door: Any = field(default_factory=Lock, init=False, repr=False)

    def graph(self, mode: Mode) -> StreetGraph:
        """Return the street graph of a mode; for transit, the streets one walks to a stop."""
        on_street = Mode.WALK if mode is Mode.TRANSIT else mode
        return self._once(
            ("graph", on_street), lambda: build_graph(self.streets, on_street, self.limits)
        )

    def day(self, day: date, *, step_free: bool) -> ServiceDay:
        """Return what runs on a day of service; refuse a day outside the timetables."""
        self._need_timetable()
        return self._once(
            ("day", day, step_free),
            lambda: service_day(self.timetables, day, step_free=step_free),
        )

    def transit(self, *, step_free: bool) -> TransitNetwork:
        """Return the stops on the walking graph, or on the wheelchair graph when step-free."""
        self._need_timetable()
        graph = self.graph(Mode.WHEELCHAIR if step_free else Mode.WALK)
        return self._once(
            ("transit", step_free),
            lambda: build_transit(self.timetables, graph, self.limits, step_free=step_free),
        )

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of the first timetable; None when there is no timetable."""
        return timezone(self.timetables[0].timezone) if self.timetables else None

    def _need_timetable(self) -> None:
        if not self.timetables:
            message = "There is no timetable here. Add a GTFS file to travel by transit."
            raise TravelError(message)

    def _once(self, key: object, build: Callable[[], T]) -> T:
        """Build a part once, however many threads ask; different parts build side by side."""
        with self._door:
            lock = self._locks.setdefault(key, RLock())
        with lock:
            if key not in self._built:
                self._built[key] = build()
            part: T = self._built[key]
            return part

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without locks or built parts."""
        return {"streets": self.streets, "timetables": self.timetables, "limits": self.limits}

    def __setstate__(self, state: dict[str, Any]) -> None:
        fresh = Network(**state)
        for name, value in vars(fresh).items():
            object.__setattr__(self, name, value)
