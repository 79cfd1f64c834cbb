"""A served district with people: what the wire gives to whoever is not signed in."""

import base64
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from drawn_people import PASSWORD, new_store
from serving import served
from test_server import HOST, ask

pytestmark = pytest.mark.network


def shake_hands(address: str, **headers: str) -> str:
    """Ask for the websocket on a bare socket; return the first line of the answer."""
    port = urlsplit(address).port
    given = {
        "Host": f"localhost:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"sixteen letters!").decode(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection((HOST, port), timeout=20) as wire:
        wire.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
        return wire.recv(4096).decode("latin-1").splitlines()[0]


def send(address: str, text: bytes) -> bytes:
    """Send bytes as they are and return what comes back before the end."""
    with socket.create_connection((HOST, urlsplit(address).port), timeout=20) as wire:
        wire.sendall(text)
        return wire.recv(4096)


@pytest.fixture(scope="module", params=["10.9.9.9", HOST])
def proxied(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bool]]:
    """Serve a district behind a proxy; once this computer is the proxy, once it is not."""
    folder = tmp_path_factory.mktemp("proxied")
    new_store(folder)
    with served(folder, sign_in="proxy", proxy_addresses=request.param) as address:
        yield address, request.param == HOST


def test_the_websocket_opens_for_a_session_and_for_nobody_else(guarded) -> None:
    cookie = f"famgeo={guarded.token('ben')}"
    assert " 403 " in shake_hands(guarded.address)
    assert " 403 " in shake_hands(guarded.address, Cookie="famgeo=made-up")
    assert " 403 " in shake_hands(guarded.address, X_Famgeo_Person="ada", X_Forwarded_Email="ada")
    assert " 101 " in shake_hands(guarded.address, Cookie=cookie)


def test_another_site_s_page_opens_no_websocket_with_our_cookie(guarded) -> None:
    cookie = f"famgeo={guarded.token('ben')}"
    assert " 403 " in shake_hands(guarded.address, Cookie=cookie, Origin="http://evil.example")
    assert " 400 " in shake_hands(guarded.address, Cookie=cookie, Host="evil.example")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/study/ground.pmtiles",
        "/media/0123.csv",
        "/component/streamlit_folium.st_folium/index.html",
        "/_stcore/host-config",
        "/_stcore/agent/openapi.json",
        "/static/manifest.json",
        "/public/map/map.js",
        "/%2e%2e/famgeo.toml",
        "/public/..%2f..%2fetc/passwd",
        "/public/sign-in.css/../map/map.js",
    ],
)
def test_without_a_session_no_route_is_served(guarded, path) -> None:
    status, _, body = ask(guarded.address, path)
    assert status in {400, 401}
    assert len(body) < 100


def test_with_a_session_the_map_comes(guarded) -> None:
    cookie = f"famgeo={guarded.token('cleo')}"
    status, _, body = ask(
        guarded.address, "/study/ground.pmtiles", Cookie=cookie, Range="bytes=0-6"
    )
    assert (status, body) == (206, b"PMTiles")
    assert (
        ask(guarded.address, "/study/ground.pmtiles", Cookie=cookie, Host="evil.example")[0] == 400
    )


def test_the_sign_in_page_and_its_style_come_without_a_session(guarded) -> None:
    page = ask(guarded.address, "/sign-in")[2].decode()
    parts = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(parts) == 4
    css = ask(guarded.address, "/public/fonts.css")[2].decode()
    fonts = [f"/public/{name}" for name in re.findall(r"url\(([^)]+)\)", css)]
    assert [ask(guarded.address, path)[0] for path in [*parts, *fonts]] == [200] * (4 + len(fonts))
    assert "<script" not in page


def test_a_file_sent_without_a_session_is_refused(guarded) -> None:
    sent = (
        b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert b" 401 " in send(guarded.address, sent)


def test_a_form_without_end_is_cut_off(guarded) -> None:
    port = urlsplit(guarded.address).port
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 999999999\r\n\r\n"
    )
    answer = send(guarded.address, head.encode() + b"name=" + b"a" * 100_000)
    assert b" 413 " in answer.splitlines()[0]


def test_a_sign_in_over_the_wire_says_nothing_of_the_password_in_any_log(guarded) -> None:
    port = urlsplit(guarded.address).port
    body = f"name=ada&password={PASSWORD.replace(' ', '+')}"
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = send(guarded.address, (head + body).encode()).decode()
    token = re.search(r"famgeo=([\w-]+); HttpOnly; Path=/; SameSite=strict", answer)
    assert token
    kept = b"".join(path.read_bytes() for path in guarded.store.folder.rglob("*") if path.is_file())
    assert token.group(1).encode() not in kept
    assert PASSWORD.encode() not in kept
    assert guarded.store.audit.entries()[-1].action == "sign-in"


def test_only_the_proxy_can_say_who_it_is(proxied) -> None:
    address, believed = proxied
    claim = {"X-Forwarded-Email": "ada", "X-Forwarded-For": "10.9.9.9", "X-Real-IP": "10.9.9.9"}
    assert ask(address, "/", **claim)[0] == (200 if believed else 403)
    line = shake_hands(address, **{name.replace("-", "_"): text for name, text in claim.items()})
    assert (" 101 " if believed else " 403 ") in line


def test_behind_a_proxy_nobody_without_a_name_and_a_role_comes_in(proxied) -> None:
    address, _ = proxied
    assert ask(address, "/")[0] == 403
    assert ask(address, "/", **{"X-Forwarded-Email": "zoe"})[0] == 403
    assert " 403 " in shake_hands(address, X_Forwarded_Email="zoe")


def test_the_health_of_the_server_is_open(guarded) -> None:
    assert ask(guarded.address, "/_stcore/health")[0] == 200
