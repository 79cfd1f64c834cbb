"""The server answers this computer alone, with own files, and says where it is."""

import http.client
import signal
import socket
import subprocess
import sys
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import pytest
from serving import SERVER

from famgeo.ui.server import _listen

HOST = "127.0.0.1"

pytestmark = pytest.mark.network


def ask(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(HOST, parts.port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_stranger_s_name_for_this_computer_is_refused(district: str) -> None:
    assert ask(district, "/", Host="evil.example")[0] == 400
    assert ask(district, "/study/ground.pmtiles", Host="evil.example")[0] == 400
    assert ask(district, "/")[0] == 200


def test_the_page_may_load_own_files_only_and_run_no_script_in_its_text(district: str) -> None:
    policy = ask(district, "/")[1]["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in scripts
    assert "unsafe-eval" not in scripts.replace("wasm-unsafe-eval", "")
    assert "http" not in policy


def test_the_background_map_comes_in_ranges(district: str) -> None:
    status, headers, body = ask(district, "/study/ground.pmtiles", Range="bytes=0-6")
    assert status == 206
    assert body == b"PMTiles"
    assert headers["content-range"].startswith("bytes 0-6/")


@pytest.mark.parametrize("path", ["/public/vendored/leaflet/leaflet.js", "/public/map/map.js"])
def test_own_scripts_are_served_as_scripts(district: str, path: str) -> None:
    status, headers, _ = ask(district, path)
    assert status == 200
    assert "javascript" in headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        "/public/missing/jquery.js",
        "/public/../app.py",
        "/public/%2e%2e/app.py",
        "/public/..%2f..%2fetc/passwd",
        "/study/vault.db",
        "/study/../famgeo.toml",
    ],
)
def test_nothing_but_public_files_is_served(district: str, path: str) -> None:
    status, headers, body = ask(district, path)
    assert status in {400, 403, 404} or b"<title>Streamlit</title>" in body
    assert b"import streamlit" not in body
    assert "vault" not in headers.get("content-disposition", "")


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _listen(IPv4Address(HOST), port) as found:
            host, other = found.getsockname()
    assert host == HOST
    assert port < other <= port + 50


def test_ctrl_c_stops_it_without_a_word(tmp_path) -> None:
    command = [sys.executable, str(SERVER), str(tmp_path), "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert "famgeo is open at http://localhost:" in server.stderr.readline()
        server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=30)
        assert server.returncode == 0
    assert "Traceback" not in said
