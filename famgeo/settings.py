"""Settings from the environment, read by the command line and the app only."""

import os
import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from famgeo.errors import StudyError

OWN_HOSTS = ("localhost", "127.0.0.1")


class SignIn(StrEnum):
    """How the app learns who is there."""

    NONE = "none"
    LOCAL = "local"
    PROXY = "proxy"
    OIDC = "oidc"


def _words(text: object) -> object:
    return [word for word in re.split(r"[,\s]+", text) if word] if isinstance(text, str) else text


def _host(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name):
        message = "a host is named without a port, a path or a star"
        raise ValueError(message)
    return name.lower()


def _header(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", name):
        message = "a header's name has letters, digits and hyphens only"
        raise ValueError(message)
    return name.lower()


def _own_path_or_https(url: str) -> str:
    if url and not re.fullmatch(r"/(?![/\\])[!-~]*|https://[!-~]+", url):
        message = "it has to begin with https:// or with one /"
        raise ValueError(message)
    return url


Host = Annotated[str, AfterValidator(_host)]
Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """What a machine's owner may set, each as an environment variable ``FAMGEO_…``.

    Lists are separated by commas or spaces. Raises ``StudyError`` naming the first variable that
    holds what it cannot.
    """

    model_config = SettingsConfigDict(env_prefix="FAMGEO_", extra="ignore", frozen=True)

    studies: Path = Field(default=Path(), description="the folder that holds the studies")
    study: Path | None = Field(default=None, description="the study the app opens")
    database: str | None = Field(
        default=None, description="the URL of a PostgreSQL database instead of SQLite"
    )
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    debug: bool = Field(default=False, description="show tracebacks of famgeo's own defects")

    sign_in: SignIn = Field(default=SignIn.NONE, description="how the app learns who is there")
    address: IPv4Address | IPv6Address = Field(
        default=IPv4Address("127.0.0.1"), description="the address the app listens at"
    )
    hosts: Annotated[tuple[Host, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(), description="the names people type to reach the app, besides localhost"
    )
    https: bool = Field(default=False, description="people reach the app by https only")
    proxy_header: Annotated[str, AfterValidator(_header)] = Field(
        default="x-forwarded-email", description="the header in which a proxy says who it is"
    )
    proxy_addresses: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(), description="the addresses of proxies that are believed"
    )
    proxy_sign_out: Annotated[str, AfterValidator(_own_path_or_https)] = Field(
        default="", description="where the proxy signs people out"
    )

    def __init__(self) -> None:
        try:
            super().__init__()
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            message = (
                f"The environment variable FAMGEO_{str(fault['loc'][0]).upper()} is "
                f"'{fault['input']}': {fault['msg'].removeprefix('Value error, ').lower()}. "
                "Correct it or unset it."
            )
            raise StudyError(message) from None

    @property
    def host_names(self) -> tuple[str, ...]:
        """Every name the app answers to."""
        anywhere = self.address.is_unspecified or self.address.version == 6  # noqa: PLR2004
        own = () if anywhere else (str(self.address),)
        return tuple(dict.fromkeys((*OWN_HOSTS, *own, *self.hosts)))


def bundled() -> Path:
    """Return the folder that holds app.py, pages/, static/ and data/riverbend.

    Inside a wheel they travel in ``famgeo/bundled``; in a checkout they are at its root.
    """
    inside = Path(__file__).parent / "bundled"
    return inside if inside.is_dir() else Path(__file__).parent.parent
