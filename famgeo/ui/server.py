"""Serve the app: to this computer alone, or by sign-in; own files and public map tiles only."""

import argparse
import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import typer
import uvicorn
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from streamlit import config as options
from streamlit.starlette import App

from famgeo.domain import Meeting
from famgeo.errors import FamgeoError
from famgeo.settings import Settings, SignIn, bundled
from famgeo.store.studies import Store
from famgeo.ui.gate import PERSON_HEADER, Gate
from famgeo.ui.headers import OwnFilesOnly
from famgeo.ui.no_homes import keep_out
from famgeo.ui.offline import GROUND_URL, STATIC_URL
from famgeo.ui.opened import opened_study
from famgeo.ui.signin import Entrance
from famgeo.ui.starting import check_start

PORTS_TRIED = 50
MOST_SENT_BYTES = 1 << 20
"""What a browser may send at once: a click or a form; no page takes a file."""

CONFIG: Mapping[str, str | int | bool] = {
    "server.headless": True,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 1,
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
        When no port from the one asked for upwards is free, or when the settings leave a door open.
    """
    with suppress(KeyboardInterrupt):
        if study_folder is not None:
            os.environ["FAMGEO_STUDY"] = str(study_folder)
        settings = Settings()
        check_start(settings, opened_study() if settings.sign_in is not SignIn.NONE else None)
        _serve(settings, _listen(settings.address, port), port, headless=headless)


def _serve(settings: Settings, listener: socket.socket, port: int, *, headless: bool) -> None:
    keep_out()
    taken = listener.getsockname()[1]
    _configure(settings, taken)
    address = f"http://localhost:{taken}"
    note = f" (port {port} was taken)" if port not in {0, taken} else ""
    typer.echo(f"famgeo is open at {address}{note}. Press Ctrl+C to stop.", err=True)
    quiet = uvicorn.Config(
        make_app(settings, "" if headless else address),
        log_level="error",
        access_log=False,
        proxy_headers=False,  # who is at the other end is what the connection says
        server_header=False,
        ws_max_size=MOST_SENT_BYTES,
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


def make_app(settings: Settings, address: str = "") -> App:
    """Build the app with its routes and guards; open ``address`` in a browser once it runs."""
    hosts = list(settings.host_names)
    return App(
        bundled() / "app.py",
        lifespan=_opens(address),
        routes=_routes(settings),
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(OwnFilesOnly, https=settings.https),
            *_gate(settings),
        ],
    )


def _gate(settings: Settings) -> list[Middleware]:
    if settings.sign_in is SignIn.NONE:
        return []
    return [Middleware(Gate, settings=settings, store=_store)]


def _store() -> Store:
    study = opened_study()
    assert study is not None  # checked at the start
    return study.store


def _listen(address: IPv4Address | IPv6Address, port: int) -> socket.socket:
    """Listen on the first free port from this one upwards; 0 means any."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
    last = min(port + PORTS_TRIED, 65535)
    for wanted in range(port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((str(address), wanted))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
        else:
            return listener
    message = f"No port from {port} to {last} is free on this computer. Choose another: --port."
    raise FamgeoError(message)


def _configure(settings: Settings, port: int) -> None:
    """Hand Streamlit its settings."""
    own = {"server.address": str(settings.address), "server.port": port}
    for name, value in {**CONFIG, **own}.items():
        options.set_option(name, value)
    if settings.sign_in is not SignIn.NONE:
        # A broken connection is taken up again by the same person only.
        options.set_option("server.trustedUserHeaders", {PERSON_HEADER: "famgeo_person"})


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


def _routes(settings: Settings) -> list[BaseRoute]:
    public: list[BaseRoute] = [
        Mount(STATIC_URL, StaticFiles(directory=bundled() / "static")),
        Route(GROUND_URL, _ground, methods=["GET"]),
    ]
    if settings.sign_in in {SignIn.NONE, SignIn.PROXY}:
        return public
    return [*public, *Entrance(settings, _store).routes()]


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
