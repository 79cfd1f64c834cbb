"""Count for publication: against all that was ever published, and kept before it is shown."""

from collections.abc import Iterator
from contextlib import contextmanager

from famgeo.release.holding import Counter
from famgeo.tables import Vault


def check_k(vault: Vault, *, k: int) -> None:
    """Raise ``ReleaseError`` when k is lower than it was: better before the work than after."""
    Counter(vault.secret(), k=k, ledger=vault.ledger())


@contextmanager
def counting(vault: Vault, *, k: int) -> Iterator[Counter]:
    """Give a counter and keep what it counted; nothing is kept when nothing came of it.

    Show what was counted only after the block has ended: a figure that is shown and not kept could
    not be held. Raises ``ReleaseError`` when k was lowered, and ``StudyError`` when the ledger is
    damaged or another command counted at the same time.
    """
    read = vault.ledger()
    counter = Counter(vault.secret(), k=k, ledger=read)
    yield counter
    if counter.ledger is not read:
        vault.save_ledger(counter.ledger, over=read)
