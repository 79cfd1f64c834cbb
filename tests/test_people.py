"""A page shows each person their part, reads the role at every rerun, and keeps nothing back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import drawn
import pytest
import streamlit as st
from drawn_people import LIAISON, PLANNER, PRINCIPAL, new_store
from streamlit.testing.v1 import AppTest

from famgeo.roles import Person, Right, Role
from famgeo.settings import bundled
from famgeo.store.studies import Store
from famgeo.store.users import Accounts
from famgeo.ui import opened, people

WEST = {f"h{n:02d}" for n in range(8)}
EVERYWHERE = {f"h{n:02d}" for n in range(16)}


@pytest.fixture
def store(tmp_path) -> Store:
    return new_store(tmp_path)


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return store.accounts


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path, store: Store) -> Iterator[object]:
    """Return a function that opens the app as a user, in this process, on one study."""
    study = drawn.DrawnStudy(
        store=store, neighborhoods=drawn.neighborhoods(), tables=drawn.one_way()
    )
    monkeypatch.setattr(opened, "open_study", lambda _folder, **_database: study)
    monkeypatch.setenv("FAMGEO_STUDY", str(tmp_path))
    monkeypatch.setenv("FAMGEO_SIGN_IN", "local")
    opened._open.cache_clear()
    st.cache_data.clear()

    def start(name: str, script: str = "app.py") -> AppTest:
        token = store.accounts.open_session(name, now=datetime.now(UTC)) if name else ""
        monkeypatch.setattr(type(st.context), "cookies", {"famgeo": token})
        return AppTest.from_file(str(bundled() / script), default_timeout=60).run()

    yield start
    opened._open.cache_clear()
    st.cache_data.clear()


def sent(page: AppTest) -> str:
    """Return all that a page's elements are sent, but for its style."""
    protos = [str(element.proto) for element in page._tree if hasattr(element, "proto")]
    return "\n".join(proto for proto in protos if "data-stale" not in proto)


def painted(page: AppTest) -> set[str]:
    """Return the home areas on the map and in its table."""
    (component,) = page.get("component_instance")
    drawn_ids = {
        area
        for area in EVERYWHERE
        if f'"{area}"' in json.loads(component.proto.json_args)["feature_group"]
    }
    assert len(page.dataframe[0].value) == len(drawn_ids)
    return drawn_ids


@pytest.mark.parametrize(
    ("name", "areas"),
    [("ada", EVERYWHERE), ("ben", EVERYWHERE), ("cleo", EVERYWHERE), ("dora", WEST)],
)
def test_each_role_sees_its_part_of_the_map(app, name, areas) -> None:
    assert painted(app(name)) == areas


def test_a_principal_is_told_whose_neighborhoods_these_are(app, accounts) -> None:
    assert "The map shows the neighborhoods of West School." in sent(app("dora"))
    assert "The map shows the neighborhoods of" not in sent(app("ada"))
    accounts.set_role("dora", Role.PRINCIPAL)
    page = app("dora")
    assert "No school is noted for you yet." in sent(page)
    assert "families live where" not in sent(page)
    assert not page.exception


def test_a_liaison_is_told_nothing_of_the_plan(app) -> None:
    said = sent(app("cleo"))
    assert "Move the meeting about to see who could come" in said
    assert "have no way to attend" not in said
    assert "The places this plan chose" not in said


def test_the_page_says_who_is_in_and_how_to_leave(app) -> None:
    said = sent(app("dora"))
    assert "dora</b> Principal" in said
    assert "/sign-out" in said


def test_without_sign_in_nobody_is_named_and_everything_is_shown(app, monkeypatch) -> None:
    monkeypatch.setenv("FAMGEO_SIGN_IN", "none")
    page = app("")
    assert painted(page) == EVERYWHERE
    assert 'class=\\"badge' not in sent(page)


def test_a_role_that_changed_counts_at_the_next_rerun(app, accounts) -> None:
    page = app("ada")
    page.session_state["area"] = "h15"
    assert "h15" in sent(page.run())

    accounts.set_role("ada", Role.PRINCIPAL, school_ids=["s0"])
    page.run()
    assert painted(page) == WEST
    assert "area" not in page.session_state
    assert {area for area in EVERYWHERE if area in sent(page)} == WEST


@pytest.mark.parametrize("end", ["deactivate", "close"])
def test_who_is_let_in_no_more_sees_nothing_at_the_next_rerun(app, accounts, end) -> None:
    page = app("ada")
    if end == "deactivate":
        accounts.deactivate("ada")
    else:
        accounts.close_session(st.context.cookies["famgeo"])
    page.run()
    assert "You are signed out." in sent(page)
    assert "/sign-in" in sent(page)
    assert not page.get("component_instance")
    assert "families" not in sent(page)


@pytest.mark.parametrize("token", ["", "made-up"])
def test_a_page_without_a_session_shows_nothing(app, monkeypatch, token) -> None:
    page = app("")
    monkeypatch.setattr(type(st.context), "cookies", {"famgeo": token})
    page.run()
    assert "You are signed out." in sent(page)
    assert "families" not in sent(page)


def test_after_a_steward_a_principal_is_sent_no_byte_of_the_rest(app) -> None:
    before = sent(app("ada"))
    assert all(area in before for area in EVERYWHERE)
    after = sent(app("dora"))
    assert [area for area in sorted(EVERYWHERE - WEST) if area in after] == []
    assert all(area in after for area in WEST)


def test_a_proxy_s_word_is_looked_up_at_every_rerun(app, accounts, store, monkeypatch) -> None:
    monkeypatch.setenv("FAMGEO_SIGN_IN", "proxy")
    monkeypatch.setattr(type(st.context), "headers", {"x-famgeo-person": "ben"})
    page = app("")
    assert "ben</b> Planner" in sent(page)
    assert "/sign-out" not in sent(page)
    page.run()
    assert [(e.user, e.role, e.action) for e in store.audit.entries()] == [
        ("ben", "planner", "sign-in")
    ]
    accounts.deactivate("ben")
    assert "You are signed out." in sent(page.run())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_only_pages_of_the_own_role_are_listed(monkeypatch, role, right) -> None:
    pages = (("pages/explore.py", "All", Right.MAP), ("pages/this.py", "This", right))
    monkeypatch.setattr(people, "PAGES", pages)
    person = Person(name="x", role=role)
    assert (("pages/this.py", "This") in people.open_to(person)) == person.may(right)


def test_a_stranger_s_list_holds_the_page_that_says_so_and_no_other() -> None:
    assert people.open_to(None) == [("pages/explore.py", "Explore")]


@pytest.mark.parametrize(
    ("person", "right", "opens"),
    [
        (PLANNER, Right.SAVE_PLAN, True),
        (PLANNER, Right.STEWARD_DATA, False),
        (PRINCIPAL, Right.TABLES, True),
        (LIAISON, Right.TABLES, False),
        (LIAISON, Right.VIEW_PLAN, False),
    ],
)
def test_a_page_asked_for_by_its_address_opens_for_its_roles_alone(
    monkeypatch, person, right, opens
) -> None:
    def body(right: str) -> None:
        import streamlit  # noqa: PLC0415

        from famgeo.ui.people import Right, require  # noqa: PLC0415

        require(Right(right))
        streamlit.text("inside")

    monkeypatch.setattr(people, "present", lambda: person)
    page = AppTest.from_function(body, kwargs={"right": right.value}).run()
    assert bool(page.text) == opens
    assert opens or "is not part of your role" in sent(page)
