"""Everything that touches families or leaves the building is written into the audit log."""

from datetime import timedelta
from typing import TYPE_CHECKING

from famgeo.cli.terminal import now, who
from famgeo.errors import PlanError
from famgeo.roles import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from famgeo.study.study import Study
    from famgeo.tables import Vault

A_DAY = timedelta(days=1)


def log(
    study: "Study",
    action: str,
    *,
    vault: "Vault | None" = None,
    release_id: str = "",
    sha256: str = "",
    purpose: str = "",
    recipient: str = "",
) -> None:
    """Write one line into the audit log; with a vault, let it remember how far the log got.

    Who can read the vault's files acts as its steward. Raises ``StudyError`` when the vault
    remembers another log than this one.
    """
    audit = study.store.audit
    audit.append(
        utc=now(),
        user=who(),
        role=Role.STEWARD.value,
        action=action,
        release_id=release_id,
        sha256=sha256,
        purpose=purpose,
        recipient=recipient,
    )
    if vault is not None:
        vault.remember_head(*audit.head)


def accept_trail(study: "Study", vault: "Vault", *, purpose: str) -> None:
    """Log that the vault and the log are taken as they are, and let the vault remember this log."""
    log(study, "accept vault and log", purpose=purpose)
    vault.remember_head(*study.store.audit.head, anew=True)


def note_question(study: "Study", vault: "Vault", question: "Mapping[str, object]") -> None:
    """Note a question that is counted on the families; the same one again counts once.

    Raises ``PlanError`` when the day's number of new questions has been asked: the answers to very
    many questions would tell together what none of them tells.
    """
    from famgeo.store.fingerprint import fingerprint

    most = study.settings.runs_per_day
    if vault.runs_since(now() - A_DAY) >= most:
        message = (
            f"In the last 24 hours {most:,} questions were counted on the families, the most this "
            "study allows. Ask again tomorrow; the steward can raise runs_per_day in famgeo.toml."
        )
        raise PlanError(message)
    vault.add_run(fingerprint(question), utc=now())
