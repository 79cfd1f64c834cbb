"""Whether the vault and the audit log still belong together: each remembers of the other.

The vault remembers the log's newest entry at each command, and the log has an entry of each that
counted families. So a log that was cut or made anew is found by the vault; and by the log a vault
that was put back from an older copy or made anew, which has forgotten what was published. With
such a vault nothing can be held: the same families would be rounded a second time, and many
roundings of one number tell the number.
"""

from famgeo.store.audit import AuditEntry, Head
from famgeo.store.studies import Store
from famgeo.tables import Vault

RELEASING = frozenset({"release", "plan"})
CHANGING = frozenset({"add roster", "add roster (whole)", "forget", "bring back", "purge families"})

OLDER = (
    "The vault does not know of entry {seq} of the audit log ({action}, {day}), so it is an older "
    "copy or another vault, and what was published since is not in it."
)
TOO_SOON = (
    "Entry {seq} of the audit log, the newest that the vault remembers, was taken out as if it "
    "were over three years old."
)


def trail_fault(store: Store, vault: Vault) -> str:
    """Say in one sentence how the vault and the log contradict each other; '' when they do not."""
    entries, seen = store.audit.entries(), vault.remembered_head()
    head = Head(*seen) if seen else Head(0, "")
    if fault := store.audit.forgotten(head):
        return fault
    if entries and 0 < head.seq < entries[0].seq:
        return TOO_SOON.format(seq=head.seq)
    unknown = [entry for entry in entries if entry.seq > head.seq and _by_vault(entry)]
    if not unknown:
        return ""
    last = unknown[-1]
    return OLDER.format(seq=last.seq, action=last.action, day=last.utc[:10])


def _by_vault(entry: AuditEntry) -> bool:
    """Tell whether an entry is of a command that let the vault remember it."""
    return entry.action in CHANGING or (entry.action in RELEASING and entry.release_id != "")
