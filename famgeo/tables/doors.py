"""What a stage is handed rather than what it holds: the vault, and a way to show progress."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from famgeo.domain import ReadReport
from famgeo.tables.ledger import Ledger
from famgeo.tables.records import Erased, Purged, RosterRead


class Vault(Protocol):
    """Where homes live. ``store.vault`` provides it; only the command line opens one.

    Stages and ``study`` take a vault as an argument and cannot open one themselves, so no page,
    map or export can reach a home.
    """

    def add_students(self, students: gpd.GeoDataFrame, source_hash: str) -> int:
        """Store STUDENTS rows; the same file twice adds nothing. Return the rows added."""
        ...

    def replace_students(
        self, students: gpd.GeoDataFrame, source_hash: str, *, now: datetime
    ) -> int:
        """Store STUDENTS rows as the whole enrolment; students not in them leave."""
        ...

    def bring_back(self) -> int:
        """Undo the leaving of those whom the last whole enrolment lacked; return how many rows."""
        ...

    def left_out(self, students: gpd.GeoDataFrame) -> int:
        """Return how many of these STUDENTS rows are of erased families and never stored."""
        ...

    def students(self) -> gpd.GeoDataFrame:
        """Return every row of STUDENTS."""
        ...

    def family_of(self, student_id: str) -> frozenset[str]:
        """Return the household ids of a student who is enrolled or left in the last 30 days."""
        ...

    def forget(
        self,
        *,
        household_ids: Collection[str] = (),
        student_ids: Collection[str] = (),
        now: datetime,
    ) -> Erased:
        """Erase families for good; no later roster and no older copy of the vault undoes it."""
        ...

    def purge(self, *, now: datetime) -> Purged:
        """Erase what has had its time."""
        ...

    def secret(self) -> bytes:
        """Return the study's 32-byte rounding key, made once at random."""
        ...

    def state(self) -> str:
        """Return a name for the homes as they are; it is another after every change of them."""
        ...

    def save_barriers(self, barriers: pd.DataFrame, *, state: str | None = None) -> None:
        """Replace the stored BARRIERS rows of the meetings in this table.

        Raises ``StudyError`` when ``state``, that of the homes behind them, is no more.
        """
        ...

    def barriers(self, meeting_id: str) -> pd.DataFrame:
        """Return the stored BARRIERS rows of one meeting; empty when there are none."""
        ...

    def load_trips(self, key: Mapping[str, object]) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays stored under this key by ``save_trips``; None when there are none."""
        ...

    def save_trips(
        self,
        key: Mapping[str, object],
        arrays: Mapping[str, NDArray[np.generic]],
        *,
        state: str | None = None,
    ) -> None:
        """Keep arrays derived from homes until a home changes.

        ``key`` names all they depend on: homes, streets, feeds, sites, meeting, limits. The
        code's version is added.
        """
        ...

    def ledger(self) -> Ledger:
        """Return what was ever published; an empty ledger before the first release."""
        ...

    def save_ledger(self, ledger: Ledger, *, over: Ledger) -> None:
        """Replace the ledger; raises ``StudyError`` when it is not the one read (``over``)."""
        ...

    def add_read(self, what: str, report: ReadReport, *, sha256: str, utc: datetime) -> None:
        """Note the reading of a roster, for the steward alone."""
        ...

    def reads(self) -> list[RosterRead]:
        """Return the readings of rosters, oldest first."""
        ...

    def add_run(self, question: str, *, utc: datetime) -> bool:
        """Note an exact question by its hash; False when it was asked before and does not count."""
        ...

    def runs_since(self, utc: datetime) -> int:
        """Return how many different exact questions were first asked since then."""
        ...

    def remember_head(self, sequence: int, line_hash: str, *, anew: bool = False) -> None:
        """Remember the newest line of the public audit log; ``StudyError`` when lines are gone."""
        ...

    def remembered_head(self) -> tuple[int, str] | None:
        """Return number and hash of the newest line of the audit log that was ever seen."""
        ...


Progress = Callable[[str, float], None]
"""Called with what is being done, in plain words, and the share done from 0 to 1."""


def no_progress(_what: str, _share: float) -> None:
    """Show nothing; the default wherever a ``Progress`` is taken."""
