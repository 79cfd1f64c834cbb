"""One-way tables: no small group, by whatever sum; and not a byte moves for a handful."""

import numpy as np
import pandas as pd
import pytest
from drawn_groups import LANGUAGES, change_few, draw_groups
from hypothesis import given, settings
from hypothesis import strategies as st

from famgeo.release.bounds import narrow
from famgeo.release.counts import OTHER
from famgeo.release.holding import Counter
from famgeo.release.one_way import cells_of, one_way_tables
from famgeo.tables import ATTRIBUTES

KEY = bytes(range(32))
K = 10
SEEDS = st.integers(0, 10_000)


def draw_table(**places):
    """Draw families by language in some neighborhoods; one school, means and grade for all."""
    rows = [
        (place, language)
        for place, counts in places.items()
        for language, n in counts.items()
        for _ in range(n)
    ]
    home, language = zip(*rows, strict=True)
    ids = [f"h{n:05d}" for n in range(len(rows))]
    groups = pd.DataFrame({"household_id": ids, "language": language})
    same = {"grade_band": "several", "means": "car", "school": "s1"}
    return groups.assign(**same), pd.Series(home, index=ids, dtype=str)


def shown_of(tables, place):
    rows = tables[(tables["neighborhood_id"] == place) & (tables["attribute"] == "language")]
    return dict(zip(rows["category"], rows["families"], strict=True))


def mask(tables, cells):
    rows = tables[tables["attribute"] == cells.attribute]
    named = set(zip(rows["neighborhood_id"], rows["category"], strict=True))
    return np.array(
        [[(p, c) in named and c != OTHER for c in cells.categories] for p in cells.places]
    )


@settings(max_examples=12)
@given(seed=SEEDS, places=st.integers(1, 8), families=st.integers(60, 120))
def test_nothing_that_adds_up_tells_of_a_small_group(seed, places, families):
    groups, home = draw_groups(seed, places=places, families=families)
    tables = one_way_tables(groups, home, Counter(KEY))
    assert (tables["families"] >= K).all()
    for attribute in ATTRIBUTES:
        cells = cells_of(attribute, groups, home)
        shown = mask(tables, cells)
        assert (cells.counts[shown] >= K).all()
        for at in np.flatnonzero(shown.any(axis=1)):
            left = cells.counts[at][~shown[at]].sum()
            assert left == 0 or left >= K
        hidden = np.where(shown, 0, cells.counts)[1:].sum(axis=0)[shown[0]]
        assert ((hidden == 0) | (hidden >= K)).all()
        assert not narrow(cells.counts, shown, k=K).any()


@pytest.mark.parametrize("seed", range(12))
def test_one_to_four_households_more_or_less_change_no_row(seed):
    """In these worlds; in one of a hundred a figure taken from a set alike ends to be true."""
    groups, home = draw_groups(seed, places=1 + seed % 7)
    counter = Counter(KEY)
    tables = one_way_tables(groups, home, counter)
    for change in range(3):
        later = Counter(KEY, ledger=counter.ledger)
        changed = one_way_tables(*change_few(groups, home, change), later)
        pd.testing.assert_frame_equal(changed, tables)


@settings(max_examples=6)
@given(seed=SEEDS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed, order):
    groups, home = draw_groups(seed, places=3)
    rows = list(range(len(groups)))
    order.shuffle(rows)
    shuffled = one_way_tables(groups.iloc[rows], home.sample(frac=1, random_state=1), Counter(KEY))
    pd.testing.assert_frame_equal(shuffled, one_way_tables(groups, home, Counter(KEY)))


def test_the_same_families_again_are_told_the_same_and_nothing_new_is_kept():
    groups, home = draw_groups(1)
    first = Counter(KEY)
    tables = one_way_tables(groups, home, first)
    again = Counter(KEY, ledger=first.ledger)
    assert one_way_tables(groups, home, again).equals(tables)
    assert again.ledger is first.ledger


def test_a_small_category_is_in_other_and_takes_the_smallest_with_it():
    world = draw_table(N01={"en": 60, "es": 25, "vi": 15, "so": 4}, N02={"en": 70, "es": 30})
    tables = one_way_tables(*world, Counter(KEY))
    assert set(shown_of(tables, "N01")) == {"en", "es", OTHER}
    assert set(shown_of(tables, "N02")) == {"en", "es"}


def test_a_table_where_nearly_all_are_alike_is_a_total_alone():
    tables = one_way_tables(*draw_table(N01={"en": 400, "es": 12}), Counter(KEY))
    assert shown_of(tables, "N01") == shown_of(tables, "") == {}


def test_what_a_category_hides_in_one_place_it_hides_in_two():
    # Else the 6 in N01 are the district's 46 less the 40 of N02.
    world = draw_table(N01={"en": 60, "es": 6, "vi": 30}, N02={"en": 60, "es": 40, "vi": 40})
    tables = one_way_tables(*world, Counter(KEY))
    assert "es" not in shown_of(tables, "N01")
    assert "es" not in shown_of(tables, "N02") or "es" not in shown_of(tables, "")


def test_families_in_no_home_area_are_in_no_table():
    groups, home = draw_table(N01={"en": 60, "es": 40})
    tables = one_way_tables(groups, home.iloc[:80], Counter(KEY))
    assert shown_of(tables, "") == {"en": 60, "es": 20}


def test_without_neighborhoods_the_district_has_tables_of_its_own():
    groups, home = draw_table(N01={"en": 30, "es": 15})
    tables = one_way_tables(groups, home.map(lambda _: ""), Counter(KEY))
    assert tables["neighborhood_id"].unique().tolist() == [""]
    assert shown_of(tables, "") == {"en": 30, "es": 15}


def test_without_families_there_are_no_tables():
    groups, home = draw_table(N01={"en": 1})
    assert one_way_tables(groups, home.iloc[:0], Counter(KEY)).empty


def test_a_category_called_other_is_never_shown_by_that_name():
    world = draw_table(N01={"en": 60, OTHER: 20, "es": 20, "vi": 3})
    assert shown_of(one_way_tables(*world, Counter(KEY)), "N01")[OTHER] in (20, 25)


def test_the_first_family_of_a_language_changes_no_table():
    world = draw_table(N01={"en": 60, "es": 25, "vi": 15}, N02={"en": 70, "es": 30})
    counter = Counter(KEY)
    tables = one_way_tables(*world, counter)
    assert OTHER not in shown_of(tables, "N02")
    groups, home = draw_table(N01={"en": 60, "es": 25, "vi": 15}, N02={"en": 70, "es": 30, "so": 1})
    assert one_way_tables(groups, home, Counter(KEY, ledger=counter.ledger)).equals(tables)


def test_five_families_of_a_language_do():
    world = draw_table(N01={"en": 60, "es": 25, "vi": 15}, N02={"en": 70, "es": 30})
    counter = Counter(KEY)
    tables = one_way_tables(*world, counter)
    more = draw_table(N01={"en": 60, "es": 25, "vi": 15}, N02={"en": 70, "es": 30, "so": 5})
    later = one_way_tables(*more, Counter(KEY, ledger=counter.ledger))
    assert set(shown_of(later, "N02")) == {"en", OTHER}
    assert not later.equals(tables)


@pytest.mark.parametrize("seed", range(3))
def test_tables_of_six_terms_never_tell_of_a_small_group(seed):
    """Let families come and go term by term; each release stands beside all before it."""
    draw = np.random.default_rng(seed)
    groups, home = draw_groups(seed, places=5)
    counter = Counter(KEY)
    for term in range(6):
        counter = Counter(KEY, ledger=counter.ledger)
        tables = one_way_tables(groups, home, counter)
        for attribute in ATTRIBUTES:
            cells = cells_of(attribute, groups, home)
            assert (cells.counts[mask(tables, cells)] > K - 5).all()
        leaving = draw.random(len(groups)) < 0.05
        new, place = draw_groups(seed + term + 1, places=5)
        new = new.assign(household_id=f"t{term}" + new["household_id"]).iloc[: leaving.sum()]
        place.index = f"t{term}" + place.index
        groups = pd.concat([groups[~leaving], new], ignore_index=True)
        home = pd.concat([home, place]).loc[groups["household_id"]]


def test_the_drawn_languages_are_rare_enough_to_fold():
    groups, home = draw_groups(2)
    counts = cells_of("language", groups, home).counts[1:]
    assert ((counts > 0) & (counts < K)).sum() > len(LANGUAGES)
