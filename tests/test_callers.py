"""Whom the district's provider names, as far as Streamlit's signed cookie can be believed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from famgeo.ui import callers
from famgeo.ui.callers import PROVIDER_COOKIE, PROVIDER_LASTS, name_by_provider

KEY = "a long and random text, only of this test"
NOW = datetime(2026, 11, 10, 18, 30, tzinfo=UTC)
SAID = {
    "email": "Ada@District.example",
    "email_verified": True,
    "is_logged_in": True,
    "iat": int(NOW.timestamp()) - 60,
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "get_cookie_secret", lambda: KEY)


def cookies(claims: object, *, key: str = KEY, name: str = PROVIDER_COOKIE) -> dict[str, str]:
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return {PROVIDER_COOKIE: create_signed_value(key, name, text).decode()}


def test_a_verified_address_is_a_name() -> None:
    assert name_by_provider(cookies(SAID), now=NOW) == "Ada@District.example"


@pytest.mark.parametrize(
    "change",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email_verified": 1},
        {"is_logged_in": False},
        {"email": ["ada@district.example"]},
        {"email": ""},
        {"iat": None},
        {"iat": int((NOW - PROVIDER_LASTS).timestamp())},
    ],
)
def test_what_is_not_verified_or_not_fresh_is_no_name(change) -> None:
    assert name_by_provider(cookies({**SAID, **change}), now=NOW) == ""


@pytest.mark.parametrize("claim", ["email", "email_verified", "is_logged_in", "iat"])
def test_what_is_not_said_is_no_name(claim) -> None:
    said = {key: value for key, value in SAID.items() if key != claim}
    assert name_by_provider(cookies(said), now=NOW) == ""


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {PROVIDER_COOKIE: ""},
        {PROVIDER_COOKIE: json.dumps(SAID)},
        cookies(SAID, key="another key"),
        cookies(SAID, name="_streamlit_user_tokens"),
        cookies("not JSON"),
        cookies("[1]"),
    ],
)
def test_what_our_server_did_not_sign_is_no_name(forged) -> None:
    assert name_by_provider(forged, now=NOW) == ""


def test_a_sign_in_at_the_provider_lasts_a_working_day() -> None:
    almost = NOW + PROVIDER_LASTS - timedelta(seconds=61)
    assert name_by_provider(cookies(SAID), now=almost) != ""
    assert name_by_provider(cookies(SAID), now=almost + timedelta(seconds=2)) == ""
