"""Signing in at the district's provider, all the way there and back."""

import socket
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
from drawn_people import new_store
from provider import Provider, provided
from serving import served
from test_people_server import shake_hands

from famgeo.store.studies import Store

pytestmark = pytest.mark.network

EMAIL = "Ada@District.example"
SECRETS = """[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "a long and random text, only of this test"
client_id = "famgeo"
client_secret = "known to two"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provided() as provider:
        yield provider


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = new_store(tmp_path_factory.mktemp("provider"))
    store.accounts.add_user(EMAIL, "steward")
    return store


@pytest.fixture(scope="module")
def address(provider: Provider, store: Store) -> Iterator[str]:
    folder, port = store.folder.parent, free_port()
    (folder / ".streamlit").mkdir()
    secrets = SECRETS.format(port=port, provider=provider.address)
    (folder / ".streamlit" / "secrets.toml").write_text(secrets, "utf-8")
    with served(folder, port=port, sign_in="oidc") as address:
        yield address


@pytest.fixture
def cookies() -> CookieJar:
    return CookieJar()


@pytest.fixture
def browse(cookies: CookieJar) -> OpenerDirector:
    """Return a client that keeps cookies, follows redirects and asks for pages."""
    opener = build_opener(HTTPCookieProcessor(cookies))
    opener.addheaders = [("Accept", "text/html")]
    return opener


def header(cookies: CookieJar) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)


def test_a_verified_address_with_a_role_comes_in_and_leaves(
    address, provider, store, browse, cookies
) -> None:
    provider.claims = {"email": EMAIL, "email_verified": True}
    assert browse.open(address).url == f"{address}/sign-in"
    assert browse.open(f"{address}/sign-in/provider").url == f"{address}/"
    assert browse.open(f"{address}/study/ground.pmtiles").read(7) == b"PMTiles"
    assert " 101 " in shake_hands(address, Cookie=header(cookies), Origin=address)

    store.accounts.deactivate(EMAIL)
    assert " 403 " in shake_hands(address, Cookie=header(cookies), Origin=address)
    store.accounts.activate(EMAIL)

    browse.open(f"{address}/auth/logout")
    assert browse.open(address).url == f"{address}/sign-in"
    assert " 403 " in shake_hands(address, Cookie=header(cookies), Origin=address)


def test_a_verified_address_without_a_role_is_told_whom_to_ask(address, provider, browse) -> None:
    provider.claims = {"email": "zoe@district.example", "email_verified": True}
    with pytest.raises(HTTPError) as refused:
        browse.open(f"{address}/sign-in/provider")
    assert refused.value.code == 403
    assert "You have no role here yet." in refused.value.read().decode()
    refused.value.close()


@pytest.mark.parametrize(
    "claims",
    [
        {"email": EMAIL},
        {"email": EMAIL, "email_verified": False},
        {"email_verified": True},
        {"email": EMAIL, "email_verified": True, "aud": "another app"},
        {"email": EMAIL, "email_verified": True, "exp": 1},
        {"email": EMAIL, "email_verified": True, "nonce": "another"},
    ],
)
def test_what_is_not_verified_for_this_app_and_now_stays_out(
    address, provider, browse, cookies, claims
) -> None:
    provider.claims = claims
    answer = browse.open(f"{address}/sign-in/provider")
    assert answer.url == f"{address}/sign-in"
    signed = any(cookie.name == "_streamlit_user" for cookie in cookies)
    assert ("did not vouch for your email" in answer.read().decode()) == signed
    assert " 403 " in shake_hands(address, Cookie=header(cookies), Origin=address)
