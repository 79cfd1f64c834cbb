"""The environment is read once, by rule, and a mistake is named with its variable."""

from ipaddress import ip_network

import pytest

from famgeo.errors import StudyError
from famgeo.settings import Settings, SignIn


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch):
    def read(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(f"FAMGEO_{name.upper()}", value)
        return Settings()

    return read


def test_nothing_set_means_this_computer_alone(settings) -> None:
    found = settings()
    assert found.sign_in is SignIn.NONE
    assert str(found.address) == "127.0.0.1"
    assert found.host_names == ("localhost", "127.0.0.1")


def test_lists_are_separated_by_commas_or_spaces(settings) -> None:
    found = settings(proxy_addresses="10.0.0.7, 10.1.0.0/16 ::1", hosts="Map.example,b.example")
    networks = ["10.0.0.7/32", "10.1.0.0/16", "::1/128"]
    assert found.proxy_addresses == tuple(ip_network(text) for text in networks)
    assert found.host_names[2:] == ("map.example", "b.example")


def test_the_address_listened_at_is_a_name_too(settings) -> None:
    assert "10.2.0.1" in settings(address="10.2.0.1").host_names
    assert "0.0.0.0" not in settings(address="0.0.0.0").host_names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sign_in", "maybe"),
        ("address", "lan"),
        ("hosts", "*"),
        ("hosts", "a.example:8501"),
        ("hosts", "https://a.example"),
        ("proxy_header", "X Forwarded"),
        ("proxy_header", "X_Forwarded_Email"),
        ("proxy_header", ""),
        ("proxy_addresses", "proxy.example"),
        ("proxy_addresses", "10.0.0.7/8"),
        ("proxy_sign_out", "javascript:alert(1)"),
        ("proxy_sign_out", "//evil.example"),
        ("proxy_sign_out", "http://district.example/out"),
        ("https", "perhaps"),
        ("threads", "0"),
    ],
)
def test_what_cannot_be_is_named_with_its_variable(settings, name, value) -> None:
    with pytest.raises(StudyError, match=f"FAMGEO_{name.upper()} is '") as found:
        settings(**{name: value})
    assert str(found.value).count("\n") == 0


@pytest.mark.parametrize("url", ["/oauth2/sign_out?rd=%2F", "https://district.example/out", ""])
def test_a_proxy_s_way_out_is_a_path_or_https(settings, url) -> None:
    assert settings(proxy_sign_out=url).proxy_sign_out == url
