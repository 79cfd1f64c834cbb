"""The figures of one answer: no two of them, taken from each other, tell of a few families."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from families import draw_sites
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.errors import ReleaseError
from famgeo.release.audit import audit_barriers
from famgeo.release.exact import Exact
from famgeo.release.holding import Counter
from famgeo.release.plan_figures import answer
from famgeo.tables import ReleasedBarriers

KEY = bytes(range(32))
REASONS = np.array(["no_trip_home", "too_long_home", "no_interpreter"])


def families(n, start=0):
    return frozenset(f"H{number}" for number in range(start, start + n))


def exact_sets(everyone, reached, without_school=frozenset()):
    """Draw an answer: who lacks an option at school lacks a trip home."""
    sites = draw_sites(len(reached))
    return Exact(
        meetings=("m",),
        sites=sites,
        everyone=everyone,
        at_school=dict.fromkeys(without_school, "no_trip_home"),
        reached=dict(zip(sites["site_id"], reached, strict=True)),
    )


def figures_of(exact, counter=None):
    counter = counter or Counter(KEY)
    found = answer(exact, families=len(exact.everyone), quality="", counter=counter)
    return found.headline, [None if pd.isna(n) else int(n) for n in found.sites["reached"]]


def test_a_site_within_another_but_for_few_shows_the_same_figure():
    exact = exact_sets(families(400), [families(100), families(107), families(140)])
    _, (one, within, apart) = figures_of(exact)
    assert one == within == 100
    assert apart == 140


def test_two_sites_that_share_nobody_do_not_tell_who_reaches_neither():
    exact = exact_sets(families(300), [families(200), families(94, 200)])
    head, reached = figures_of(exact)
    assert head.no_option_with_plan is None
    assert sum(reached) == head.families


def test_what_the_other_sites_reach_and_one_does_not_is_no_small_group():
    exact = exact_sets(families(300), [families(200), families(100, 106)])
    head, (one, _) = figures_of(exact)
    assert head.no_option_with_plan == 95
    assert head.families - head.no_option_with_plan - one == 0


def test_a_plan_s_small_gain_is_not_told_and_a_large_one_is():
    few = exact_sets(families(300), [families(206)], without_school=families(100, 200))
    head, _ = figures_of(few)
    assert head.no_option_with_plan == head.no_option_at_school
    more = exact_sets(families(300), [families(240)], without_school=families(100, 200))
    assert figures_of(more)[0].no_option_with_plan == 60


def test_all_but_few_is_shown_as_all():
    exact = exact_sets(families(300), [families(294)], without_school=families(297))
    head, reached = figures_of(exact)
    assert reached == [300]
    assert head.no_option_at_school == 300
    assert head.by_reason == {}


def districts(seed, n, n_sites):
    """Draw a district on a plane; return its answers as the limit grows."""
    draw = np.random.default_rng(seed)
    homes, sites = draw.normal(0, 1, (n, 2)), draw.normal(0, 0.6, (n_sites, 2))
    sites[n_sites // 2 :] = sites[0] + draw.normal(0, 0.03, (n_sites - n_sites // 2, 2))
    names = np.array([f"H{number}" for number in range(n)])
    reasons = draw.choice(REASONS, n)
    away = np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1))
    for limit in np.linspace(0.2, 3, 5):
        exact = exact_sets(
            frozenset(names.tolist()), [frozenset(names[far < limit].tolist()) for far in away.T]
        )
        cannot = np.hypot(*homes.T) > 0.7 * limit
        at_school = dict(zip(names[cannot].tolist(), reasons[cannot].tolist(), strict=True))
        yield replace(exact, at_school=at_school)


def answered(exact, families, counter):
    found = answer(exact, families=families, quality="", counter=counter)
    return ReleasedBarriers(
        meetings=exact.meetings,
        headline=found.headline,
        sites=pd.DataFrame(found.sites[["site_id", "name", "kind", "reached"]]),
    )


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(30, 400), st.integers(1, 6), st.integers(-9, 9))
def test_what_is_made_passes_the_audit_in_any_district_under_any_limit(seed, n, n_sites, off):
    counter = Counter(KEY)
    whole = max(10, 5 * round((n + off) / 5))
    for exact in districts(seed, n, n_sites):
        shown = answered(exact, whole, counter)
        audit_barriers(shown, exact=exact, k=10, ledger=counter.ledger, secret=KEY)


def test_the_audit_stops_a_difference_of_few():
    exact = exact_sets(families(400), [families(100), families(107)])
    counter = Counter(KEY)
    good = answered(exact, 400, counter)
    assert counter.figure(families(107)) == 105
    bad = replace(good, sites=good.sites.assign(reached=pd.array([100, 105], dtype="Int64")))
    with pytest.raises(ReleaseError, match="differ by a group under 10"):
        audit_barriers(bad, exact=exact, k=10, ledger=counter.ledger, secret=KEY)


def test_the_audit_stops_a_figure_the_ledger_lacks():
    exact = exact_sets(families(400), [families(100)])
    good = answered(exact, 400, Counter(KEY))
    with pytest.raises(ReleaseError, match="was not counted"):
        audit_barriers(good, exact=exact, k=10, ledger=Counter(KEY).ledger, secret=KEY)
