"""The steward's report: what is kept, what is shown, what left the building, and that it is safe.

It audits the newest release again, from the vault, and says in plain words what a district has to
answer for. Whoever holds the vault may read it; the counts in it are those of the release.
"""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from famgeo.errors import ReleaseError
from famgeo.release.audit import audit_release
from famgeo.release.exact import Exact, exact_of
from famgeo.release.gate import is_as_made
from famgeo.release.utility import Utility, utility_of
from famgeo.store.audit import EXPORT, AuditEntry, Head
from famgeo.study.counting import counting
from famgeo.study.groups import groups_of
from famgeo.study.traces import homes_in
from famgeo.study.trail import CHANGING, RELEASING, trail_fault
from famgeo.study.world import World
from famgeo.tables import Release, ReleasedPlan, lonlat
from famgeo.tables.records import RosterRead

SIGN = "sign"


@dataclass(frozen=True, kw_only=True)
class PrivacyReport:
    """What the steward signs for. ``fault`` is '' when the audit found none.

    stale : why the release could not be audited again, '' when it was. unchecked : plans whose
    exact figures are no longer in the vault. homes, numbers : how many homes the release holds
    the coordinates of, and among how many numbers was looked.
    """

    study: str
    folder: str
    today: date
    reads: tuple[RosterRead, ...]
    release: Release | None
    utility: Utility | None = None
    homes: int = 0
    numbers: int = 0
    fault: str = ""
    stale: str = ""
    unchecked: tuple[str, ...] = ()
    exports: tuple[AuditEntry, ...] = ()
    signed: AuditEntry | None = None
    entries: int = 0
    head: Head | None = None
    log_fault: str = ""

    @property
    def sound(self) -> bool:
        """Whether a steward may sign: audited today, without a fault, and no home in it."""
        audited = self.release is not None and not self.stale and not self.fault
        return audited and not self.homes and not self.log_fault

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON types."""
        return {
            "study": self.study,
            "on": self.today.isoformat(),
            "sound": self.sound,
            "release_id": self.release.release_id if self.release else None,
            "k": self.release.k if self.release else None,
            "utility": self.utility.as_json() if self.utility else None,
            "home_coordinates": self.homes,
            "numbers_looked_at": self.numbers,
            "fault": self.fault,
            "stale": self.stale,
            "plans_not_audited_again": list(self.unchecked),
            "rosters": [
                {"utc": r.utc.isoformat(), "source": r.report.source, "used": r.report.rows_used}
                for r in self.reads
            ],
            "exports": len(self.exports),
            "signed_by": self.signed.user if self.signed else None,
            "audit_entries": self.entries,
            "audit_head": f"{self.head.seq}:{self.head.hash}" if self.head else None,
            "audit_fault": self.log_fault,
        }


def privacy_report(world: World, *, today: date) -> PrivacyReport:
    """Audit the newest release again and gather what the steward has to answer for."""
    store, vault = world.store, world.vault
    entries = store.audit.entries()
    report = PrivacyReport(
        study=world.settings.name,
        folder=store.folder.name,
        today=today,
        reads=tuple(vault.reads()),
        release=store.latest_release(),
        exports=tuple(entry for entry in entries if entry.action == EXPORT),
        entries=len(entries),
        head=store.audit.head,
        log_fault=store.audit.verify() or trail_fault(store, vault),
    )
    release = report.release
    if release is None:
        return report
    signed = [e for e in entries if e.action == SIGN and e.release_id == release.release_id]
    homes, numbers = homes_in(release, lonlat(world.homes))
    report = replace(
        report,
        signed=signed[-1] if signed else None,
        homes=homes,
        numbers=numbers,
        stale=_changed_since(release, entries) or _k_raised(release, world),
    )
    if not is_as_made(release):
        return replace(report, fault="its content does not fit its name, so it was changed.")
    return report if report.stale else _audited(report, release, world)


def _changed_since(release: Release, entries: tuple[AuditEntry, ...]) -> str:
    """Say that families came or went after a release was made; '' when none did."""
    made = [e.seq for e in entries if e.action in RELEASING and e.release_id == release.release_id]
    later = [e for e in entries if made and e.seq > made[-1] and e.action in CHANGING]
    return f"The families changed on {later[-1].utc[:10]}, after it was made." if later else ""


def _k_raised(release: Release, world: World) -> str:
    """Say that k was raised after a release was made; '' when it was not."""
    k = max(world.settings.k, world.vault.ledger().k)
    return f"k was raised from {release.k} to {k}, after it was made." if k > release.k else ""


def _audited(report: PrivacyReport, release: Release, world: World) -> PrivacyReport:
    """Audit a release against the vault: its map, its tables, and each plan that still can be."""
    exact = {plan.name: _exact(plan, world) for plan in release.plans}
    known = tuple(plan for plan in release.plans if exact[plan.name] is not None)
    groups = groups_of(world.vault.students(), world.homes)
    fault = ""
    with counting(world.vault, k=release.k) as counter:
        try:
            audit_release(
                replace(release, plans=known),
                households=world.homes,
                groups=groups,
                exact=[sets for sets in exact.values() if sets is not None],
                ledger=counter.ledger,
                secret=counter.secret,
            )
        except ReleaseError as error:
            fault = str(error).removeprefix("Nothing was released: ")
        utility = utility_of(release, households=world.homes, groups=groups, counter=counter)
    unchecked = tuple(plan.name for plan in release.plans if plan not in known)
    return replace(report, fault=fault, utility=utility, unchecked=unchecked)


def _exact(plan: ReleasedPlan, world: World) -> Exact | None:
    """Return the sets behind a plan; None when the vault no longer holds its barriers."""
    kept = [world.vault.barriers(meeting_id) for meeting_id in plan.meetings]
    there = set(world.sites["site_id"])
    if any(table.empty for table in kept) or not set(plan.sites["site_id"]) <= there:
        return None
    chosen = world.sites.set_index("site_id", drop=False).loc[list(plan.sites["site_id"])]
    return exact_of(
        pd.concat(kept, ignore_index=True),
        households=world.homes,
        own_sites=world.own_sites,
        sites=chosen.reset_index(drop=True),
        meetings=plan.meetings,
    )
