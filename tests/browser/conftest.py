"""A served district and a browser that may talk to this computer alone."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from drawn_people import new_store
from playwright.sync_api import sync_playwright
from serving import served

from famgeo.store.studies import Store

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
OWN_HOSTS = {"localhost", "127.0.0.1", ""}


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the drawn district once; return its address."""
    with served(tmp_path_factory.mktemp("district")) as address:
        yield address


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A served district where one signs in, and its store."""

    address: str
    store: Store

    def token(self, name: str) -> str:
        """Return the token of a new session."""
        return self.store.accounts.open_session(name, now=datetime.now(UTC))


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Serve a district whose people sign in by the form."""
    folder = tmp_path_factory.mktemp("guarded")
    store = new_store(folder)
    with served(folder, sign_in="local") as address:
        yield Guarded(address=address, store=store)


@pytest.fixture(scope="session")
def chromium():
    """Start Chromium; skip when there is none, unless FAMGEO_BROWSER says it is required."""
    if CHROMIUM is None:
        message = "no Chromium found; install it or set FAMGEO_CHROMIUM"
        if os.environ.get("FAMGEO_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def open_page(chromium) -> Iterator[Callable[..., object]]:
    """Return a function that opens a page; fail when it asked a stranger or ran a dialog."""
    faults: list[str] = []
    contexts = []

    def start(
        address: str, width: int = 1440, height: int = 900, *, touch: bool = False, token: str = ""
    ):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
        )
        contexts.append(context)
        if token:
            context.add_cookies([{"name": "famgeo", "value": token, "url": address}])
        page = context.new_page()
        page.on("request", lambda request: faults.extend(strange(request.url)))
        page.on("websocket", lambda socket: faults.extend(strange(socket.url)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.extend([said.text] * (said.type == "error")))
        page.goto(address)
        page.frame_locator("iframe").locator(".legend li").first.wait_for(timeout=60_000)
        return page

    yield start
    for context in contexts:
        context.close()
    assert faults == []


def strange(url: str) -> list[str]:
    parts = urlsplit(url)
    return [] if parts.scheme in {"data", "blob"} or parts.hostname in OWN_HOSTS else [url]
