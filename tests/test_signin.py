"""A form of our own page opens a session; nothing else does, and it leads nowhere else."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from asgi import HOST, ask
from drawn_people import PASSWORD, STEWARD, new_store
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from famgeo.roles import Person
from famgeo.settings import Settings
from famgeo.store.studies import Store
from famgeo.store.users import Accounts
from famgeo.ui.signin import FORM_BYTES, Entrance, own_path, sign_in_address

OURS = {"origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return new_store(tmp_path_factory.mktemp("people"))


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return store.accounts


@pytest.fixture
def app(store: Store, monkeypatch: pytest.MonkeyPatch):
    """Return the sign-in routes, with settings from the environment a test names."""

    def make(**environment: str) -> Starlette:
        for name, value in {"sign_in": "local", **environment}.items():
            monkeypatch.setenv(f"FAMGEO_{name.upper()}", value)
        return Starlette(routes=Entrance(Settings(), lambda: store).routes())

    return make


def signed_in(accounts: Accounts, cookie: str) -> Person | None:
    return accounts.session_user(cookie.partition("=")[2], now=datetime.now(UTC))


def form(name: str = "ada", password: str = PASSWORD, **more: str) -> bytes:
    return urlencode({"name": name, "password": password, **more}).encode()


def test_the_right_password_opens_a_session_and_leads_on(app, accounts) -> None:
    sent = form(next="/?place=s1")
    answer = ask(app(), "/sign-in", method="POST", headers=OURS, body=sent)
    assert (answer.status, answer["location"]) == (303, "/?place=s1")
    assert signed_in(accounts, answer.cookie) == STEWARD


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(app) -> None:
    plain = ask(app(), "/sign-in", method="POST", headers=OURS, body=form())["set-cookie"]
    assert re.fullmatch(r"famgeo=[\w-]{40,}; HttpOnly; Path=/; SameSite=strict", plain)
    by_https = ask(app(https="true"), "/sign-in", method="POST", headers=OURS, body=form())
    assert by_https["set-cookie"].startswith("__Host-famgeo=")
    assert by_https["set-cookie"].endswith("; Secure")


def test_a_wrong_password_says_so_keeps_the_name_as_text_and_opens_nothing(app) -> None:
    sent = form(name='"><script>', password="no")
    answer = ask(app(), "/sign-in", method="POST", headers=OURS, body=sent)
    assert answer.status == 403
    assert "The name or the password is not right." in answer.body
    assert "<script>" not in answer.body
    assert 'value="&quot;&gt;&lt;script&gt;"' in answer.body
    assert answer["set-cookie"] == ""


def test_who_guesses_waits_even_with_the_right_password(app) -> None:
    served = app()
    tries = [*(form("cleo", f"guess number {n}") for n in range(5)), form("cleo")]
    answers = [ask(served, "/sign-in", method="POST", headers=OURS, body=body) for body in tries]
    assert {answer.status for answer in answers} == {403}
    assert "has to wait 15 minutes" in answers[-1].body
    for other in ("dora", "nobody"):
        body = form(other, "no such password")
        said = ask(served, "/sign-in", method="POST", headers=OURS, body=body).body
        assert said.replace(f'"{other}"', "") == answers[-1].body.replace('"cleo"', "")


def test_the_log_names_who_came_was_refused_waits_and_left(app, store) -> None:
    served, before = app(), store.audit.head.seq
    wrong = [form("ben", f"guess number {n}") for n in range(7)]
    for body in (form("dora"), *wrong, form("zoe", "no such password")):
        answer = ask(served, "/sign-in", method="POST", headers=OURS, body=body)
        if answer.cookie:
            headers = {**OURS, "cookie": answer.cookie}
            ask(served, "/sign-out", method="POST", headers=headers)
    noted = [(e.user, e.role, e.action) for e in store.audit.entries() if e.seq > before]
    assert noted == [
        ("dora", "principal", "sign-in"),
        ("dora", "principal", "sign-out"),
        *[("ben", "planner", "sign-in refused")] * 4,
        ("ben", "planner", "lock-out"),
    ]
    assert "guess" not in repr(store.audit.entries())


def test_the_password_is_never_sent_back(app) -> None:
    answer = ask(app(), "/sign-in", method="POST", headers=OURS, body=form(password="almost right"))
    assert "almost" not in answer.body


def test_a_token_from_outside_never_becomes_a_session(app, accounts) -> None:
    fixed = {**OURS, "cookie": "famgeo=chosen-by-a-stranger"}
    answer = ask(app(), "/sign-in", method="POST", headers=fixed, body=form())
    assert signed_in(accounts, answer.cookie) == STEWARD
    assert signed_in(accounts, "famgeo=chosen-by-a-stranger") is None


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:9999"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_page_signs_nobody_in_or_out(app, accounts, change) -> None:
    served = app()
    cookie = ask(served, "/sign-in", method="POST", headers=OURS, body=form()).cookie
    headers = {**OURS, **change, "cookie": cookie}
    for path in ("/sign-in", "/sign-out"):
        answer = ask(served, path, method="POST", headers=headers, body=form())
        assert answer.status == 403
        assert "did not come from the app" in answer.body
        assert answer["set-cookie"] == ""
    assert signed_in(accounts, cookie) == STEWARD


def test_a_form_without_an_origin_is_refused(app) -> None:
    headers = {"content-type": OURS["content-type"]}
    assert ask(app(), "/sign-in", method="POST", headers=headers, body=form()).status == 403


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (OURS, form(password="x" * FORM_BYTES)),
        ({**OURS, "content-type": "multipart/form-data; boundary=x"}, form()),
        ({**OURS, "content-type": "application/json"}, b'{"name": "ada"}'),
        (OURS, b"&".join(b"a=1" for _ in range(20))),
        (OURS, b"name=\xff\xfe"),
    ],
)
def test_what_is_no_small_form_is_refused_before_a_password_is_tried(app, headers, body) -> None:
    assert ask(app(), "/sign-in", method="POST", headers=headers, body=body).status == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_and_sending_are_known(app, method) -> None:
    assert ask(app(), "/sign-in", method=method, headers=OURS).status == 405
    assert ask(app(), "/sign-out", headers=OURS).status == 405


def test_signing_out_ends_the_session_for_every_copy_of_the_token(app, accounts) -> None:
    served = app()
    cookie = ask(served, "/sign-in", method="POST", headers=OURS, body=form()).cookie
    answer = ask(served, "/sign-out", method="POST", headers={**OURS, "cookie": cookie})
    assert (answer.status, answer["location"]) == (303, "/sign-in?out")
    assert "Max-Age=0" in answer["set-cookie"]
    assert signed_in(accounts, cookie) is None
    assert "You are signed out." in ask(served, "/sign-in?out").body


def test_whoever_is_in_is_sent_on(app) -> None:
    served = app()
    cookie = ask(served, "/sign-in", method="POST", headers=OURS, body=form()).cookie
    answer = ask(served, "/sign-in?next=/?place=s1", headers={"cookie": cookie})
    assert (answer.status, answer["location"]) == (303, "/?place=s1")


def test_the_page_runs_no_script_and_stands_in_no_frame(app) -> None:
    answer = ask(app(), "/sign-in?next=%22%3E%3Cscript%3E")
    policy = answer["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer["x-frame-options"] == "DENY"
    assert answer["cache-control"] == "no-store"
    assert "<script" not in answer.body
    assert "Riverbend" in answer.body


HOSTILE = [
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "/sign-out",
    "evil.example",
    "/é",
    "",
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_the_way_on_leads_nowhere_else(app, wanted) -> None:
    answer = ask(app(), "/sign-in", method="POST", headers=OURS, body=form(next=wanted))
    assert answer["location"] == "/"


@given(st.text(alphabet="/\\:.?#@ \t\n\r%a0eé", max_size=12))
def test_no_text_leads_to_another_host(text: str) -> None:
    there = urlsplit(urljoin("http://localhost:8501/sign-in", own_path("/" + text)))
    assert (there.scheme, there.netloc) == ("http", "localhost:8501")


def test_a_deep_link_survives_the_sign_in() -> None:
    assert sign_in_address("/", b"place=s1&day=2026-11-10") == (
        "/sign-in?next=%2F%3Fplace%3Ds1%26day%3D2026-11-10"
    )
    assert sign_in_address("/", b"") == "/sign-in"
