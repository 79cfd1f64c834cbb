"""Attack 6: ask again and again.

The attacker knows that counts are rounded up or down by chance, and asks a thousand times: the
same page, the same export, the same command, in new sessions, in other processes, with the
families in another order. Were the chance drawn anew, the mean would be the true count. The attack
passes when every answer has one value, however often and from wherever it is asked.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest
from districts import District, in_folder, run
from screens import app_on, environment, opened_page
from truth import lives_in

from famgeo.outputs import EXPORTERS
from famgeo.outputs.maps import draw_map
from famgeo.release.holding import Counter

TIMES = 1000
RENDERINGS = 50
Answers = Collection[object]


def answers(ask: Callable[[int], object], times: int) -> Answers:
    """Return the distinct answers to a question asked many times."""
    return {ask(number) for number in range(times)}


def asked_anew(district: District, members: frozenset[str], *, remembered: bool) -> Answers:
    """Return the figures of one group, each from a session of its own and in another order."""
    secret, k = district.vault.secret(), district.release.k
    ledger = district.vault.ledger() if remembered else None
    ids, chance = np.array(sorted(members)), np.random.default_rng(6)

    def ask(_number: int) -> int | None:
        return Counter(secret, k=k, ledger=ledger).figure(set(chance.permutation(ids).tolist()))

    return answers(ask, TIMES)


def some_area(district: District) -> frozenset[str]:
    """Return the families of a home area whose count is no multiple of 5."""
    groups = lives_in(district.release.home_areas, "home_area_id", district.homes).values()
    return next(members for members in groups if len(members) % 5)


@pytest.mark.parametrize("remembered", [True, False], ids=["with its ledger", "without"])
def test_a_group_counted_a_thousand_times_has_one_figure(district, remembered):
    figures = asked_anew(district, some_area(district), remembered=remembered)
    assert len(figures) == 1


def test_every_session_is_sent_the_same(district):
    with app_on(district):
        sessions = [opened_page({}) for _ in range(3)]
    said = {b"".join(e.proto.body.encode() for e in page.get("html")) for page in sessions}
    drawn = {page.get("component_instance")[0].proto.json_args for page in sessions}
    tables = {page.dataframe[0].value.to_csv() for page in sessions}
    assert [len(said), len(drawn), len(tables)] == [1, 1, 1]


def test_the_map_and_the_files_are_the_same_however_often_they_are_made(district, tmp_path):
    release, sites = district.release, district.study.sites()

    def draw(_number: int) -> str:
        shown = draw_map(release.home_areas, sites, static_url="/public")
        return str([child.value for child in shown._children.values() if hasattr(child, "value")])

    def export(number: int) -> str:
        folder = tmp_path / str(number)
        files = [
            path
            for write in EXPORTERS.values()
            for path in write(release, release.plans[-1].name, folder)
        ]
        return str([(path.name, path.read_bytes()) for path in files])

    assert len(answers(draw, RENDERINGS)) == 1
    assert len(answers(export, RENDERINGS)) == 1


@pytest.mark.xdist_group("attacks-small")
def test_other_processes_and_later_days_say_the_same(small, tmp_path):
    evening = small.town.evenings[0]
    before = small.barriers_said[0].data
    with in_folder(small.root):
        asked = ("barriers", small.town.name, "--meeting", evening, "--json")
        assert [run(*asked).data for _ in range(3)] == [before] * 3
    assert in_a_process(small, asked, folder=tmp_path) == before


def in_a_process(district: District, words: tuple[str, ...], *, folder: Path):
    """Return what a command says in a process whose sets are in another order."""
    command = [sys.executable, "-m", "famgeo", *words]
    environ = environment() | {"PYTHONHASHSEED": "1", "TMPDIR": str(folder)}
    said = subprocess.run(
        command, cwd=district.root, env=environ, capture_output=True, text=True, check=True
    )
    return json.loads(said.stdout)


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_chance_that_is_drawn_anew(small, monkeypatch):
    chance, members = np.random.default_rng(1), some_area(small)
    monkeypatch.setattr("famgeo.release.counts._chance", lambda *_: float(chance.random()))
    assert len(asked_anew(small, members, remembered=False)) > 1
    counter = [
        Counter(small.vault.secret(), k=small.release.k).figure(members) for _ in range(TIMES)
    ]
    assert abs(np.mean(counter) - len(members)) < 0.5


@pytest.mark.xdist_group("attacks-small")
def test_it_bites_a_chance_that_follows_the_order_of_rows(small, monkeypatch):
    members = some_area(small)

    def by_first(households, _secret):
        return (hash(next(iter(households))) % 100) / 100

    monkeypatch.setattr("famgeo.release.counts._chance", by_first)
    figures = {
        Counter(small.vault.secret(), k=10).figure(dict.fromkeys(order).keys())
        for order in (np.roll(sorted(members), shift).tolist() for shift in range(len(members)))
    }
    assert len(figures) > 1
