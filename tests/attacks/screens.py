"""What a reader's screen is sent: each page in several views, in this process and in a browser."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pandas as pd
import pytest
import streamlit as st
from districts import District
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Request, sync_playwright
from streamlit.testing.v1 import AppTest

from famgeo.settings import bundled
from famgeo.ui import opened

CHROMIUM = os.environ.get("FAMGEO_CHROMIUM") or shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SITE_VIEWS = 2


@contextmanager
def app_on(district: District) -> Iterator[None]:
    """Let the app, in this process, open a district."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAMGEO_STUDY", str(district.folder))
        opened._open.cache_clear()
        st.cache_data.clear()
        yield
    opened._open.cache_clear()
    st.cache_data.clear()


def views_of(district: District) -> list[dict[str, str]]:
    """Return the addresses of several views: places, hours and ways to travel."""
    one, other, *_ = district.study.sites()["site_id"]
    return [
        {},
        {"place": one, "by": "drive"},
        {"place": other, "by": "transit", "from": "17:00", "to": "21:30"},
    ]


def pages_of(district: District) -> list[AppTest]:
    """Return the app's page in several views, each opened once for all attacks."""
    if not district.pages:
        with app_on(district):
            district.pages += [opened_page(address) for address in views_of(district)]
    return district.pages


def screens(district: District) -> Iterator[bytes]:
    """Yield what every element of the app's page is sent, in several views, and its address."""
    for page in pages_of(district):
        yield from elements(page)


def opened_page(address: dict[str, str]) -> AppTest:
    """Open the app's page at an address and run it; it must say no trouble."""
    page = AppTest.from_file(str(bundled() / "app.py"), default_timeout=120)
    for key, value in address.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


def elements(page: AppTest) -> Iterator[bytes]:
    """Yield each element as sent, its tables also as text, the address, and the session's state."""
    for element in page._tree:
        proto = getattr(element, "proto", None)
        if proto is not None:
            yield str(proto).encode()
            yield proto.SerializeToString()
        if isinstance(getattr(element, "value", None), pd.DataFrame):
            yield element.value.to_csv().encode()
    yield str(page.query_params).encode()
    yield str(page.session_state._state.filtered_state).encode()


@contextmanager
def served(district: District) -> Iterator[tuple[str, list[str]]]:
    """Serve a district in a process of its own; give its address, and what it printed."""
    command = [sys.executable, "-m", "famgeo.ui.server", str(district.folder), "--port", "0"]
    said: list[str] = []
    with subprocess.Popen(
        [*command, "--headless"], stderr=subprocess.PIPE, text=True, env=environment()
    ) as server:
        try:
            assert server.stderr is not None
            for line in server.stderr:
                said.append(line)
                if found := re.search(r"http://localhost:\d+", line):
                    break
            else:
                pytest.fail(f"the server did not start: {said}")
            yield found.group(), said
        finally:
            server.terminate()
            assert server.stderr is not None
            said.append(server.stderr.read())
            server.wait(20)


def in_a_browser(address: str) -> Iterator[tuple[str, bytes]]:
    """Look at the page in Chromium, move about, and yield all that was sent either way."""
    if CHROMIUM is None:
        message = "no Chromium found; install it or set FAMGEO_CHROMIUM"
        if os.environ.get("FAMGEO_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    seen: list[tuple[str, bytes]] = []
    finished: list[Request] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("request", lambda r: seen.append(("address", r.url.encode())))
        page.on("console", lambda said: seen.append(("console", said.text.encode())))
        page.on("websocket", lambda socket: _listen(socket, seen))
        page.on("requestfinished", lambda r: finished.extend([r]))
        page.goto(address)
        page.frame_locator("iframe").locator(".legend li").first.wait_for(timeout=60_000)
        page.frame_locator("iframe").locator("path.area").first.click(force=True)
        page.locator(".panel dl").wait_for(timeout=20_000)
        page.get_by_text("The map as a table").click()
        seen += [("page source", frame.content().encode()) for frame in page.frames]
        seen.append(("address", page.url.encode()))
        for request in finished:
            seen += _body(request)
        browser.close()
    yield from seen


def _listen(socket: object, seen: list[tuple[str, bytes]]) -> None:
    def take(data: str | bytes) -> None:
        seen.append(("websocket frame", data.encode() if isinstance(data, str) else data))

    socket.on("framereceived", take)
    socket.on("framesent", take)


def _body(request: Request) -> Iterator[tuple[str, bytes]]:
    """Yield what was answered, but for the app's own scripts; a browser may have dropped it."""
    answer = request.response()
    if answer is not None and answer.ok and "/static/" not in request.url:
        with suppress(PlaywrightError):
            yield f"answer to {request.url}", answer.body()


def environment() -> dict[str, str]:
    """Return an environment for a process of its own."""
    return {**os.environ, "FAMGEO_THREADS": "1"}
