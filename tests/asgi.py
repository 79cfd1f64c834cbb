"""Asking an ASGI app in this process, without a socket and without a client's own rules."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.types import ASGIApp

HOST = "localhost:8501"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; headers in small letters, every one of them."""

    status: int
    headers: list[tuple[str, str]]
    body: str

    def __getitem__(self, name: str) -> str:
        """Return the first header of a name; '' without one."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookie(self) -> str:
        """The first cookie's name and value."""
        return self["set-cookie"].split(";")[0]


def ask(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | list[tuple[str, str]] = (),
    body: bytes = b"",
    peer: str = "127.0.0.1",
    kind: str = "http",
) -> Answer:
    """Send one request, or begin one websocket, and return the answer."""
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    names = {name.lower() for name, _ in given}
    given += [] if "host" in names else [("host", HOST)]
    route, _, query = path.partition("?")
    scope = {
        "type": kind,
        "method": method,
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in given],
        "client": (peer, 50000),
        "server": ("127.0.0.1", 8501),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    # In a thread of its own: a browser driven by this process keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _talk(app, scope, body)).result()


async def _talk(app: ASGIApp, scope: dict[str, object], body: bytes) -> Answer:
    sent: list[dict[str, object]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    if scope["type"] == "websocket":
        waiting = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, object]:
        return waiting.pop(0) if waiting else {"type": f"{scope['type']}.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    first = sent[0]
    headers = [(k.decode().lower(), v.decode()) for k, v in first.get("headers", [])]
    status = int(str(first.get("status", {"websocket.close": 403}.get(str(first["type"]), 101))))
    text = b"".join(part.get("body", b"") for part in sent[1:]).decode("utf-8", "replace")
    return Answer(status=status, headers=headers, body=text)
