"""Attack 8: compare two releases between which one family came or went.

The attacker holds last term's release and this term's, and knows of one family that moved in or
out in between. If any figure, category or shape changed, it tells that the family was counted
there, and a count that went from 40 to 45 tells its true value. They try many families, and the
worst ones: the one that takes a group from k to k − 1 or back, the first of an empty group, the
only one of its kind. The attack passes when no byte of the release changes. One thing may: a home
area that has no longer k families joins a neighbour, and then only it, its neighbour and their
neighborhoods may change.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from again import Families, changes, families_of, first_release, released
from districts import District
from truth import lives_in

from famgeo.release.holding import Counter
from famgeo.tables import Ledger

RANDOM = {"riverbend": 2, "small": 6, "nky": 0}
WORST = {"riverbend": 6, "small": 14, "nky": 1}


def neighbours_of(district: District, families: Families) -> Iterator[tuple[str, Families]]:
    """Yield enrolments that differ from a district's by one household, the worst first."""
    chance = np.random.default_rng(8)
    worst = list(_worst(district, families))
    for at in chance.permutation(len(worst))[: WORST[district.town.name]]:
        yield worst[at]
    homes = sorted(families.homes["household_id"])
    for home in chance.choice(homes, RANDOM[district.town.name], replace=False).tolist():
        yield f"{home} leaves", families.without([home])
        yield f"one like {home} joins", families.joined_by(home)


def _worst(district: District, families: Families) -> Iterator[tuple[str, Families]]:
    """Yield those that take a group to or from k, and the first and the last of their kind."""
    k = district.release.k
    crowded = _too_full_to_merge(district)
    for table in district.tables:
        for (place, name), members in table.members.items():
            staying = sorted(members & crowded)
            if len(members) == k - 1:
                yield (
                    f"{table.attribute} {place} {name} reaches {k}",
                    families.joined_by(min(members)),
                )
            if len(members) in {1, k, k + 1} and staying:
                label = f"{table.attribute} {place} {name} leaves {len(members)}"
                yield label, families.without(staying[:1])
            if not members and table.attribute == "language":
                like = min(table.total(place))
                label = f"the first of {name} in {place}"
                yield label, families.joined_by(like, home_language=name)
    like = min(district.mapped["household_id"])
    yield "a language nobody had", families.joined_by(like, home_language="zz")
    yield "a protected family", families.joined_by(like, protected=True)


def _too_full_to_merge(district: District) -> frozenset[str]:
    """Return who may leave a home area that stays large enough."""
    areas = lives_in(district.release.home_areas, "home_area_id", district.homes)
    full = [members for members in areas.values() if len(members) > district.release.k]
    return frozenset().union(*full)


def test_one_family_more_or_less_changes_no_byte(district):
    families = families_of(district)
    before, ledger = first_release(district, families)
    crowded, tried = _too_full_to_merge(district), 0
    mapped = set(district.mapped["household_id"])
    for label, others in neighbours_of(district, families):
        gone = mapped - set(others.homes["household_id"])
        if gone <= crowded:
            after, _ = released(district, others, ledger=ledger)
            assert (label, changes(before, after)) == (label, [])
            tried += 1
    assert tried >= 1


def test_the_same_families_again_are_the_same_release(district):
    families = families_of(district)
    before, ledger = first_release(district, families)
    after, kept = released(district, families, ledger=ledger)
    assert changes(before, after) == []
    assert kept is ledger


@pytest.mark.xdist_group("attacks-small")
def test_four_families_that_leave_one_after_another_change_no_byte(small):
    families = families_of(small)
    before, ledger = released(small, families)
    areas = lives_in(small.release.home_areas, "home_area_id", small.homes)
    largest = sorted(max(areas.values(), key=len))
    for number in range(1, 5):
        after, ledger = released(small, families.without(largest[:number]), ledger=ledger)
        assert changes(before, after) == []


@pytest.mark.xdist_group("attacks-small")
def test_a_home_area_that_falls_below_k_changes_its_own_surroundings_alone(small):
    families = families_of(small)
    before, ledger = released(small, families)
    areas = lives_in(small.release.home_areas, "home_area_id", small.homes)
    name, members = min(areas.items(), key=lambda item: (len(item[1]), item[0]))
    leaving = sorted(members)[: len(members) - small.release.k + 1]
    after, _ = released(small, families.without(leaving), ledger=ledger)
    kept = before.home_areas.merge(after.home_areas, on="home_area_id", suffixes=("", "_now"))
    assert name not in set(kept["home_area_id"])
    assert len(kept) >= len(before.home_areas) - 2
    if len(leaving) < 5:
        assert (kept["families"] == kept["families_now"]).all()


def something_changes(district: District, ledger: Ledger) -> bool:
    """Tell whether some family, joining or leaving, changes a weakened release."""
    families = families_of(district)
    before, ledger_after = released(district, families, ledger=ledger)
    remembered = ledger_after if len(ledger.digests) else ledger
    return any(
        changes(before, released(district, others, ledger=remembered)[0])
        for _, others in neighbours_of(district, families)
    )


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_release_that_holds_nothing(small, monkeypatch):
    """Count each release by itself and each set by itself."""
    monkeypatch.setattr("famgeo.release.holding.HOLD", 0)
    monkeypatch.setattr("famgeo.release.gate.audit_release", lambda *_, **__: None)
    assert something_changes(small, Ledger())


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_pattern_that_is_not_held(small, monkeypatch):
    monkeypatch.setattr(Counter, "held", lambda *_: None)
    assert something_changes(small, small.vault.ledger())
