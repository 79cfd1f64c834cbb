"""The vault's ledger: it comes back as it was, two writers never lose one, damage is told."""

import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from famgeo.errors import StudyError
from famgeo.release.holding import Counter
from famgeo.store.engine import sqlite_url
from famgeo.store.vault import open_vault
from famgeo.tables import Ledger
from famgeo.tables.ledger import digest

KEY = bytes(range(32))


@pytest.fixture
def vault(tmp_path):
    return open_vault(tmp_path)


def families(n, start=0):
    return frozenset(f"H{number}" for number in range(start, start + n))


def counted(*sets, ledger=None):
    counter = Counter(KEY, ledger=ledger)
    for households in sets:
        counter.figure(households)
    counter.pattern("language/N01", {"en": families(30), "é;\n": families(4, 30)}, lambda: ["en"])
    return counter.ledger


def same(one, other):
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Ledger)
    )


def raw(vault, statement, **values):
    """Change the vault's file as only another program could."""
    engine = create_engine(sqlite_url(vault.folder / "vault.db"))
    with engine.begin() as connection:
        found = connection.execute(text(statement), values)
        rows = found.fetchall() if found.returns_rows else []
    engine.dispose()
    return rows


def test_before_the_first_release_the_ledger_is_empty(vault):
    assert same(vault.ledger(), Ledger())


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=8))
def test_a_ledger_comes_back_as_it_was(vault, drawn):
    over = vault.ledger()
    ledger = counted(*(families(n, start) for n, start in drawn))
    vault.save_ledger(ledger, over=over)
    assert same(vault.ledger(), ledger)
    assert all(
        getattr(vault.ledger(), name).dtype == getattr(Ledger(), name).dtype
        for name in ("digests", "members", "gone", "figures")
    )


def test_of_two_commands_that_counted_at_once_the_second_is_refused(vault):
    one, other = open_vault(vault.folder), open_vault(vault.folder)
    for _ in range(2):
        read, also_read = one.ledger(), other.ledger()
        first = counted(families(40, len(read.figures) * 100), ledger=read)
        one.save_ledger(first, over=read)
        with pytest.raises(StudyError, match=r"at the same time\. Run this one again"):
            other.save_ledger(counted(families(60, 500), ledger=also_read), over=also_read)
        assert same(vault.ledger(), first)


def test_a_ledger_that_forgot_a_family_replaces_the_one_that_knew_it(vault):
    full = counted(families(40))
    vault.save_ledger(full, over=Ledger())
    vault.save_ledger(full.without([digest("H3", KEY)]), over=vault.ledger())
    assert digest("H3", KEY) not in vault.ledger().digests.tolist()
    assert vault.ledger().gone.tolist() == [1, 0]


@pytest.mark.parametrize("damage", ["cut", "changed", "other", "empty"])
def test_a_damaged_ledger_is_told_in_one_sentence_and_never_taken_for_empty(vault, damage):
    vault.save_ledger(counted(families(40)), over=Ledger())
    ((npz,),) = raw(vault, "select npz from published")
    broken = {
        "cut": npz[: len(npz) // 2],
        "changed": npz[:60] + bytes([npz[60] ^ 1]) + npz[61:],
        "other": b"not an archive",
        "empty": b"",
    }
    raw(vault, "update published set npz = :npz", npz=broken[damage])
    with pytest.raises(StudyError, match="damaged, so nothing can be released") as told:
        vault.ledger()
    assert "H1" not in str(told.value)


def test_figures_changed_by_hand_are_noticed(vault):
    vault.save_ledger(counted(families(40)), over=Ledger())
    raw(vault, "update published set sha256 = 'x'")
    with pytest.raises(StudyError, match="damaged"):
        vault.ledger()


def test_no_household_s_name_is_in_the_stored_ledger(vault):
    vault.save_ledger(counted(frozenset(f"CANARY{n}" for n in range(30))), over=Ledger())
    ((npz,),) = raw(vault, "select npz from published")
    with np.load(io.BytesIO(npz)) as stored:
        assert all(b"CANARY" not in stored[name].tobytes() for name in stored.files)
