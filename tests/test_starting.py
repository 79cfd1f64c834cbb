"""The app does not start with a door open, and says in one sentence which and how to close it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_people import new_store
from streamlit.runtime.secrets import secrets_singleton

from famgeo.errors import StudyError
from famgeo.settings import Settings
from famgeo.store.studies import new_study
from famgeo.study.study import Study
from famgeo.ui import starting
from famgeo.ui.starting import check_start

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "a long and random text, only of this test",
    "client_id": "famgeo",
    "client_secret": "known to two",
    "server_metadata_url": "http://localhost:1/.well-known/openid-configuration",
}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch):
    """Return a function that tries to start with settings on a study."""

    def attempt(study: Study | None, **environment: str) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(f"FAMGEO_{name.upper()}", value)
        check_start(Settings(), study)

    return attempt


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(store=new_store(tmp_path_factory.mktemp("people")))


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that writes .streamlit/secrets.toml and lets Streamlit read it."""

    def write(**auth: str) -> None:
        path = tmp_path / "secrets.toml"
        lines = [f'{key} = "{value}"' for key, value in auth.items() if value]
        path.write_text("\n".join(["[auth]", *lines]), "utf-8")
        monkeypatch.setattr(
            "streamlit.runtime.secrets.config.get_option",
            lambda name: [str(path)] if name == "secrets.files" else None,
        )
        secrets_singleton._reset()

    yield write
    secrets_singleton._reset()


def test_on_this_computer_alone_no_sign_in_is_needed(start) -> None:
    start(None)
    start(None, address="::1")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "::"])
def test_without_sign_in_nobody_else_is_served(start, study, address) -> None:
    with pytest.raises(StudyError, match=r"serves this computer alone, but FAMGEO_ADDRESS is"):
        start(study, address=address)


def test_without_sign_in_no_other_name_is_answered(start, study) -> None:
    with pytest.raises(StudyError, match=r"but FAMGEO_HOSTS is map\.district\.example"):
        start(study, hosts="map.district.example")


@pytest.mark.parametrize("way", ["local", "proxy", "oidc"])
def test_sign_in_needs_a_study(start, way) -> None:
    with pytest.raises(StudyError, match="Start: famgeo app STUDY"):
        start(None, sign_in=way)


def test_a_form_that_nobody_could_pass_is_not_shown(start, tmp_path) -> None:
    empty = Study(store=new_study(tmp_path / "empty", name="Empty", timezone="America/Chicago"))
    with pytest.raises(StudyError, match="famgeo user add empty NAME --role steward"):
        start(empty, sign_in="local")
    empty.store.accounts.add_user("ada", "steward")
    with pytest.raises(StudyError, match="Nobody can sign in to Empty yet"):
        start(empty, sign_in="local")


def test_with_a_user_of_a_password_the_form_starts(start, study) -> None:
    start(study, sign_in="local")


def test_passwords_never_travel_in_the_clear(start, study) -> None:
    with pytest.raises(StudyError, match=r"unprotected to 0\.0\.0\.0"):
        start(study, sign_in="local", address="0.0.0.0")
    start(study, sign_in="local", address="0.0.0.0", https="true")


def test_a_proxy_has_to_be_known(start, study) -> None:
    with pytest.raises(StudyError, match="Set FAMGEO_PROXY_ADDRESSES"):
        start(study, sign_in="proxy")
    start(study, sign_in="proxy", proxy_addresses="10.0.0.7")


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_believing_everybody_is_believing_nobody(start, study, everybody) -> None:
    with pytest.raises(StudyError, match="everybody"):
        start(study, sign_in="proxy", proxy_addresses=everybody)


def test_a_provider_needs_its_secrets(start, study, secrets) -> None:
    with pytest.raises(StudyError, match=r"\.streamlit/secrets\.toml cannot be used"):
        start(study, sign_in="oidc")
    secrets(**{**AUTH, "client_id": ""})
    with pytest.raises(StudyError, match="client_id"):
        start(study, sign_in="oidc")
    secrets(**{**AUTH, "cookie_secret": "short"})
    with pytest.raises(StudyError, match="shorter than 32"):
        start(study, sign_in="oidc")
    secrets(**AUTH)
    start(study, sign_in="oidc")


def test_a_provider_needs_two_more_packages(start, study, monkeypatch) -> None:
    monkeypatch.setattr(starting, "find_spec", lambda _name: None)
    with pytest.raises(StudyError, match=r"pip install famgeo\[oidc\]"):
        start(study, sign_in="oidc")


def test_every_way_in_is_checked() -> None:
    assert set(starting.CHECKS) | {"none"} == set(starting.SignIn)


@pytest.mark.network
def test_the_refusal_is_one_sentence_on_the_terminal() -> None:
    command = [sys.executable, "-m", "famgeo.ui.server", "--headless", "--port", "0"]
    environment = os.environ | {"FAMGEO_ADDRESS": "0.0.0.0"}
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert told.returncode == 1
    assert told.stderr.startswith("Without sign-in the app serves this computer alone")
    assert told.stderr.count("\n") == 1
