"""The privacy report in plain words: a page that a steward can print, sign and defend."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from famgeo.cli.records import line

if TYPE_CHECKING:
    from famgeo.study.privacy import PrivacyReport
    from famgeo.tables import Release


def words_of(report: "PrivacyReport") -> str:
    """Return the report, a section for each question a steward is asked."""
    return "\n".join(_lines(report))


def _lines(report: "PrivacyReport") -> Iterator[str]:
    yield f"Privacy report of {report.study}, {report.today.isoformat()}"
    yield from ("", "What was read into the vault")
    yield from _reads(report)
    yield from ("", "What is shown")
    if report.release is None:
        yield "  Nothing yet: no release was made."
    else:
        yield from _shown(report, report.release)
        yield from ("", "What was checked just now")
        yield from _checked(report)
    yield from ("", "What left the building")
    yield from (f"  {line(entry)}" for entry in report.exports)
    if not report.exports:
        yield "  Nothing: no file was exported."
    yield from ("", "Who answers for it")
    yield from _answered(report)


def _reads(report: "PrivacyReport") -> Iterator[str]:
    for read in report.reads:
        dropped = read.report.rows_read - read.report.rows_used
        rest = f"; {dropped:,} not used, listed when the file was added" if dropped else ""
        yield (
            f"  {read.utc:%Y-%m-%d}  {read.report.source}: {read.report.rows_used:,} of "
            f"{read.report.rows_read:,} {read.report.unit} used{rest}."
        )
    if not report.reads:
        yield "  No roster."


def _shown(report: "PrivacyReport", release: "Release") -> Iterator[str]:
    yield f"  Release {release.release_id}. No figure counts fewer than {release.k} families."
    if report.utility is not None:
        yield from (f"  {text}" for text in str(report.utility).splitlines())
    plans = ", ".join(plan.name for plan in release.plans)
    yield f"  Plans: {plans}." if plans else "  No plan."
    yield "  Families with a protected address are in no map and in no table."


def _checked(report: "PrivacyReport") -> Iterator[str]:
    yield (
        f"  {report.homes:,} home coordinates in this release (looked for among its "
        f"{report.numbers:,} different numbers)."
    )
    if report.stale:
        yield f"  NOT AUDITED AGAIN: {report.stale} Make a new one: famgeo release {report.folder}"
    elif report.fault:
        yield (
            f"  FAULT: {report.fault} Show it to nobody; make a new one: famgeo release "
            f"{report.folder}"
        )
    else:
        yield (
            "  Every figure was held against the families in the vault, and every sum and "
            "difference of tables bounded by linear program: none tells of a small group."
        )
    for name in report.unchecked:
        yield f"  The plan {name} was checked when it was made, and not again today."
    yield (
        f"  FAULT in the audit log: {report.log_fault}"
        if report.log_fault
        else f"  The audit log is whole: {report.entries:,} entries."
    )


def _answered(report: "PrivacyReport") -> Iterator[str]:
    if report.signed is not None:
        yield f"  Signed: {line(report.signed)}"
    elif report.sound:
        yield f"  Not signed yet. To sign for this release: famgeo sign {report.folder}"
    else:
        yield "  Not signed, and not ready to be."
    if report.head is not None:
        head = f"{report.head.seq}:{report.head.hash}"
        yield f"  Head of the audit log, to check against later: {head}"
