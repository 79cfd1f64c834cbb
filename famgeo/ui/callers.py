"""Who a request comes from, by each of the ways in.

A name is what the session, the proxy or the district's provider says. The person, with a role, is
what the study's own table of users says of that name at this moment.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from famgeo.roles import Person
from famgeo.settings import Settings, SignIn
from famgeo.store.users import Accounts

PROVIDER_COOKIE = "_streamlit_user"
PROVIDER_LASTS = timedelta(hours=12)
"""How long a sign-in at the provider is good for here; Streamlit alone would keep it 30 days."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A name, '' when none is given, and the person it is here; None without a role."""

    name: str = ""
    person: Person | None = None


def session_cookie(settings: Settings) -> str:
    """Return the name of the session's cookie; by https no neighbor of the host can set it."""
    return "__Host-famgeo" if settings.https else "famgeo"


def caller(
    connection: HTTPConnection, settings: Settings, accounts: Accounts, *, now: datetime
) -> Caller:
    """Tell who a request or a websocket comes from."""
    if settings.sign_in is SignIn.LOCAL:
        token = connection.cookies.get(session_cookie(settings), "")
        person = accounts.session_user(token, now=now) if token else None
        return Caller(name=person.name if person else "", person=person)
    if settings.sign_in is SignIn.PROXY:
        peer = connection.client.host if connection.client else ""
        believed = is_believed(peer, settings.proxy_addresses)
        name = name_in(connection.headers, settings.proxy_header) if believed else ""
    else:
        name = name_by_provider(connection.cookies, now=now)
    return Caller(name=name, person=accounts.user(name) if name else None)


def is_believed(peer: str, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Tell whether the other end of the connection is one of the proxies."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in network for network in proxies)


def name_in(headers: Headers, name: str) -> str:
    """Return the one name in a header; '' when there is none, or more than one to choose from."""
    given = headers.getlist(name)
    return _name(given[0]) if len(given) == 1 and "," not in given[0] else ""


def name_by_provider(cookies: Mapping[str, str], *, now: datetime) -> str:
    """Return the address that the provider verified, from the cookie Streamlit signed; else ''.

    ``st.user`` holds the same, but only once a page runs; this is asked before anything is sent.
    """
    claims = _claims(cookies)
    issued = claims.get("iat")
    fresh = isinstance(issued, int) and now.timestamp() - issued < PROVIDER_LASTS.total_seconds()
    email = claims.get("email")
    verified = claims.get("email_verified") is True and claims.get("is_logged_in") is True
    return _name(email) if fresh and verified and isinstance(email, str) else ""


def _claims(cookies: Mapping[str, str]) -> dict[str, object]:
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        return decode_signed_value(secret, name, cookies.get(name, ""))

    try:
        claims = json.loads(get_cookie_with_chunks(signed, PROVIDER_COOKIE) or b"{}")
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _name(text: str) -> str:
    """Return a name without spaces around it; '' for what cannot be one."""
    name = text.strip()
    return name if name.isprintable() and len(name) <= 254 else ""  # noqa: PLR2004 - RFC 5321
