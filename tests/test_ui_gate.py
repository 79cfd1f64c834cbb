"""Nothing is served to whoever is not signed in, and nobody can say who they are themselves."""

from datetime import UTC, datetime

import pytest
from asgi import ask
from drawn_people import new_store
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from famgeo.errors import StudyError
from famgeo.settings import Settings
from famgeo.store.studies import Store
from famgeo.store.users import Accounts
from famgeo.ui.gate import Gate

PAGE = {"accept": "text/html,application/xhtml+xml"}
INSIDE = [
    "/",
    "/explore",
    "/study/ground.pmtiles",
    "/media/0123456789abcdef.csv",
    "/component/streamlit_folium.st_folium/index.html",
    "/_stcore/host-config",
    "/_stcore/upload_file/x/y",
    "/_stcore/metrics",
    "/_stcore/agent/interact",
    "/static/js/index.js",
    "/public/map/map.js",
    "/public/page.css",
    "/public/vendored/inter/../leaflet/leaflet.js",
    "/sign-in/",
    "/auth/login",
    "/_stcore/health/../stream",
]


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the name the gate gave."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = HTTPConnection(scope).headers
    told = [*headers.getlist("x-famgeo-person"), *headers.getlist("x-forwarded-email")]
    await PlainTextResponse(f"inside as {','.join(told)}")(scope, receive, send)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return new_store(tmp_path_factory.mktemp("people"))


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return store.accounts


@pytest.fixture
def signed_in(accounts: Accounts) -> dict[str, str]:
    """Return the header of somebody who is signed in as ada."""
    return {"cookie": f"famgeo={accounts.open_session('ada', now=datetime.now(UTC))}"}


@pytest.fixture
def gate(store: Store, monkeypatch: pytest.MonkeyPatch):
    """Return a gate with settings from the environment a test names."""

    def make(**environment: str) -> Gate:
        for name, value in {"sign_in": "local", **environment}.items():
            monkeypatch.setenv(f"FAMGEO_{name.upper()}", value)
        return Gate(inside, settings=Settings(), store=lambda: store)

    return make


@pytest.fixture
def proxied(gate):
    return gate(sign_in="proxy", proxy_addresses="10.0.0.0/24")


@pytest.mark.parametrize("path", INSIDE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_without_a_session_nothing_is_served(gate, path, method) -> None:
    answer = ask(gate(), path, method=method)
    assert (answer.status, answer.body) == (401, "Sign in first.")


def test_a_browser_is_shown_the_way_in(gate) -> None:
    answer = ask(gate(), "/?place=s1", headers=PAGE)
    assert (answer.status, answer["location"]) == (303, "/sign-in?next=%2F%3Fplace%3Ds1")
    assert answer["cache-control"] == "no-store"


@pytest.mark.parametrize("cookie", ["", "famgeo=", "famgeo=wrong", "other=t", "famgeo=t2"])
def test_a_websocket_without_a_session_is_never_opened(gate, cookie) -> None:
    headers = {"cookie": cookie} if cookie else {}
    assert ask(gate(), "/_stcore/stream", kind="websocket", headers=headers).status == 403
    assert ask(gate(), "/_stcore/health", kind="websocket", headers=headers).status == 403


def test_with_a_session_everything_is_passed_on_with_the_name(gate, signed_in) -> None:
    assert ask(gate(), "/", headers=signed_in).body == "inside as ada"
    assert ask(gate(), "/_stcore/stream", kind="websocket", headers=signed_in).status == 101


@pytest.mark.parametrize(
    "path", ["/sign-in", "/_stcore/health", "/public/sign-in.css", "/public/logo.svg"]
)
def test_the_sign_in_page_its_style_and_a_sign_of_life_are_open(gate, path) -> None:
    assert ask(gate(), path).body == "inside as "


def test_a_session_that_ended_or_a_user_who_left_is_out_at_once(gate, accounts) -> None:
    served = gate()
    tokens = [accounts.open_session("ben", now=datetime.now(UTC)) for _ in range(2)]
    headers = [{"cookie": f"famgeo={token}"} for token in tokens]
    assert [ask(served, "/", headers=one).status for one in headers] == [200, 200]
    accounts.close_session(tokens[0])
    assert [ask(served, "/", headers=one).status for one in headers] == [401, 200]
    accounts.deactivate("ben")
    assert [ask(served, "/", headers=one).status for one in headers] == [401, 401]


@pytest.mark.parametrize("name", ["x-famgeo-person", "X-Famgeo-Person", "x-forwarded-email"])
def test_nobody_can_say_who_they_are(gate, name, signed_in) -> None:
    assert ask(gate(), "/", headers={name: "ada"}).status == 401
    assert ask(gate(), "/", headers={**signed_in, name: "ben"}).body == "inside as ada"
    assert ask(gate(), "/sign-in", headers={name: "ada"}).body == "inside as "


def test_a_believed_proxy_says_who_it_is(proxied) -> None:
    answer = ask(proxied, "/", headers={"x-forwarded-email": " Ada "}, peer="10.0.0.7")
    assert answer.body == "inside as ada"


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.1.7", "::1", "unix", ""])
def test_nobody_else_is_believed(proxied, peer) -> None:
    headers = {"x-forwarded-email": "ada", "x-forwarded-for": "10.0.0.7", "x-famgeo-person": "ada"}
    answer = ask(proxied, "/", headers=headers, peer=peer)
    assert answer.status == 403
    assert "did not say who you are" in answer.body
    assert ask(proxied, "/s", headers=headers, peer=peer, kind="websocket").status == 403


def test_a_proxy_is_known_by_its_address_in_the_newer_writing_too(proxied) -> None:
    headers = {"x-forwarded-email": "ada"}
    assert ask(proxied, "/", headers=headers, peer="::ffff:10.0.0.7").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("x-forwarded-email", "ben"), ("x-forwarded-email", "ada")],
        [("x-forwarded-email", "ben, ada")],
        [("x-forwarded-email", "")],
        [("x-forwarded-email", "ada\x07")],
        [("x_forwarded_email", "ada")],
        [],
    ],
)
def test_a_name_that_is_not_one_name_is_none(proxied, headers) -> None:
    assert ask(proxied, "/", headers=headers, peer="10.0.0.7").status == 403


def test_a_stranger_by_the_right_door_is_told_whom_to_ask_and_noted_once(proxied, store) -> None:
    for _ in range(3):
        answer = ask(proxied, "/", headers={"x-forwarded-email": "zoe"}, peer="10.0.0.7")
    noted = [(entry.user, entry.action) for entry in store.audit.entries()]
    assert noted == [("zoe", "sign-in without a role")]
    assert answer.status == 403
    assert "You have no role here yet. Ask your district" in answer.body


def test_behind_a_proxy_there_is_no_form_and_no_provider(proxied) -> None:
    for path in ("/sign-in", "/sign-out", "/auth/login", "/oauth2callback"):
        assert ask(proxied, path, method="GET").status == 403
        assert ask(proxied, path, method="POST").status == 403


def test_another_header_can_be_named(gate) -> None:
    served = gate(sign_in="proxy", proxy_addresses="10.0.0.7", proxy_header="Remote-User")
    assert ask(served, "/", headers={"remote-user": "ada"}, peer="10.0.0.7").status == 200
    assert ask(served, "/", headers={"x-forwarded-email": "ada"}, peer="10.0.0.7").status == 403


def test_a_broken_database_opens_nothing_and_says_so(monkeypatch, signed_in) -> None:
    monkeypatch.setenv("FAMGEO_SIGN_IN", "local")

    def broken() -> Store:
        message = "The study's database is damaged."
        raise StudyError(message)

    answer = ask(Gate(inside, settings=Settings(), store=broken), "/", headers=signed_in)
    assert (answer.status, answer.body) == (503, "The study's database is damaged.")
