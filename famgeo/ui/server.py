"""Serve the app to this computer alone: loopback, own files only, the study's public map tiles."""

import argparse
import base64
import errno
import hashlib
import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit
import typer
import uvicorn
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config as options
from streamlit.starlette import App

from famgeo.domain import Meeting
from famgeo.errors import FamgeoError
from famgeo.settings import bundled
from famgeo.ui.no_homes import keep_out
from famgeo.ui.offline import GROUND_URL, STATIC_URL
from famgeo.ui.opened import opened_study

HOST = "127.0.0.1"
HOSTS = ("localhost", HOST)
PORTS_TRIED = 50
COMPONENT = "/component/"

CONFIG: Mapping[str, str | int | bool] = {
    "server.address": HOST,
    "server.headless": True,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 50,
    "server.disconnectedSessionTTL": 900,
    "browser.gatherUsageStats": False,
    "browser.serverAddress": "localhost",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": False,
    "logger.level": "error",
    "theme.base": "light",
    "theme.font": "Inter, system-ui, sans-serif",
    "theme.primaryColor": "#0f5f73",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f7f6f2",
    "theme.textColor": "#16202b",
    "theme.baseRadius": "10px",
}
"""What was measured to start without asking the internet and to keep errors plain."""


def serve(study_folder: Path | None, port: int, *, headless: bool = False) -> None:
    """Serve the app for one study until stopped, and open it in the browser unless headless.

    When the port is taken the next free one is used, and said.

    Raises
    ------
    FamgeoError
        When no port from the one asked for upwards is free.
    """
    with suppress(KeyboardInterrupt):
        _serve(study_folder, _listen(port), port, headless=headless)


def _serve(
    study_folder: Path | None, listener: socket.socket, port: int, *, headless: bool
) -> None:
    keep_out()
    taken = listener.getsockname()[1]
    _configure(study_folder, taken)
    address = f"http://localhost:{taken}"
    note = f" (port {port} was taken)" if port not in {0, taken} else ""
    typer.echo(f"famgeo is open at {address}{note}. Press Ctrl+C to stop.", err=True)
    quiet = uvicorn.Config(
        make_app("" if headless else address), log_level="error", access_log=False
    )
    threading.Thread(target=_read_ahead, daemon=True).start()
    uvicorn.Server(quiet).run(sockets=[listener])


def _read_ahead() -> None:
    """Read streets and timetables before the first visitor asks; whatever fails is told there."""
    with suppress(FamgeoError):
        study = opened_study()
        release = study.release() if study else None
        if study is None or release is None or not release.plans:
            return
        meeting = Meeting.parse(release.plans[-1].meetings[0], study.zone)
        study.round_trips(study.sites()["site_id"].iloc[0], meeting, "transit")


def make_app(address: str = "") -> App:
    """Build the app with its routes and guards; open ``address`` in a browser once it runs."""
    return App(
        bundled() / "app.py",
        lifespan=_opens(address),
        routes=_routes(),
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS), www_redirect=False),
            Middleware(OwnFilesOnly),
        ],
    )


def _listen(port: int) -> socket.socket:
    """Listen on the first free loopback port from this one upwards; 0 means any."""
    last = min(port + PORTS_TRIED, 65535)
    for wanted in range(port, last + 1):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
        else:
            return listener
    message = f"No port from {port} to {last} is free on this computer. Choose another: --port."
    raise FamgeoError(message)


def _configure(study_folder: Path | None, port: int) -> None:
    """Hand Streamlit its settings, and the app its study by environment."""
    for name, value in {**CONFIG, "server.port": port}.items():
        options.set_option(name, value)
    if study_folder is not None:
        os.environ["FAMGEO_STUDY"] = str(study_folder)


def _opens(address: str) -> Any:
    @asynccontextmanager
    async def lifespan(_app: App) -> AsyncIterator[None]:
        if address and _has_screen():
            webbrowser.open(address)
        yield

    return lifespan


def _has_screen() -> bool:
    """Tell whether a browser can show here; without a screen one would ask the terminal."""
    x11_or_wayland = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(x11_or_wayland) or sys.platform in {"darwin", "win32"}


def _routes() -> list[BaseRoute]:
    return [
        Mount(STATIC_URL, StaticFiles(directory=bundled() / "static")),
        Route(GROUND_URL, _ground, methods=["GET"]),
    ]


def _ground(_request: Request) -> Response:
    """Send the study's background map, in ranges as the browser asks for them."""
    try:
        study = opened_study()
        path = study.basemap() if study else None
    except FamgeoError:
        path = None
    if path is None or not path.is_file():
        return PlainTextResponse("There is no background map.", status_code=404)
    return FileResponse(path, media_type="application/octet-stream")


class OwnFilesOnly:
    """Tell the browser to load nothing from anywhere else, and to run no script in a page's text.

    The map's frame builds its script from text, as folium does, so it alone may do so; names never
    reach it but as JSON (``outputs.maps.script_json``).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.page = _headers(_inline_scripts())
        self.component = _headers("'unsafe-inline' 'unsafe-eval'")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every answer."""
        extra = self.component if scope.get("path", "").startswith(COMPONENT) else self.page

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await self.app(scope, receive, send_guarded)


def _headers(scripts: str) -> list[tuple[bytes, bytes]]:
    policy = (
        "default-src 'self'; "
        f"script-src 'self' {scripts} 'wasm-unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    ]


def _inline_scripts() -> str:
    """Return the fingerprints of the scripts Streamlit writes into its own page."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text("utf-8"), re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def main() -> None:
    """Read the command line of ``python -m famgeo.ui.server`` and serve."""
    parser = argparse.ArgumentParser(prog="famgeo app", description="Serve the app of one study.")
    parser.add_argument("study", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--headless", action="store_true", help="do not open a browser")
    wanted = parser.parse_args()
    try:
        serve(wanted.study, wanted.port, headless=wanted.headless)
    except FamgeoError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
