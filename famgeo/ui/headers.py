"""What every answer tells the browser: load own files only, run no script in a page's text."""

import base64
import hashlib
import re
from pathlib import Path

import streamlit
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPONENT = "/component/"
PLAIN_PAGE = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""A page of words and one form: no script at all, in nobody's frame, kept nowhere."""


class OwnFilesOnly:
    """Add the headers to every answer that does not bring stricter ones.

    The map's frame builds its script from text, as folium does, so it alone may do so; names never
    reach it but as JSON (``outputs.maps.script_json``). With ``https``, a cookie of Streamlit's
    own is kept off plain http too.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self.app = app
        self.https = https
        self.page = _headers(_inline_scripts())
        self.component = _headers("'unsafe-inline' 'unsafe-eval'")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and guard its answer."""
        extra = self.component if scope.get("path", "").startswith(COMPONENT) else self.page

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [self._guarded(header) for header in message.get("headers", [])]
                names = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(h for h in extra if h[0] not in names)]
            await send(message)

        await self.app(scope, receive, send_guarded)

    def _guarded(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        name, value = header
        bare = self.https and name.lower() == b"set-cookie" and b"; secure" not in value.lower()
        return (name, value + b"; Secure") if bare else header


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
        # Strangers learn nothing; our own forms still say where they come from.
        (b"referrer-policy", b"same-origin"),
    ]


def _inline_scripts() -> str:
    """Return the fingerprints of the scripts Streamlit writes into its own page."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text("utf-8"), re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
