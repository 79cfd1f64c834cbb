"""The gate: whoever is not signed in gets the sign-in page, its style and a sign of life.

It stands before everything Streamlit serves: pages, the websocket, the map's tiles, files made by
a page. What it finds out about a caller it writes into one header that no caller can write.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from famgeo.errors import FamgeoError
from famgeo.settings import Settings, SignIn, bundled
from famgeo.store.studies import Store
from famgeo.ui.callers import Caller, caller
from famgeo.ui.offline import STATIC_URL
from famgeo.ui.plain import paragraph, plain_page
from famgeo.ui.signin import PROVIDER_PATHS, SIGN_IN, SIGN_OUT, TO_PROVIDER, sign_in_address

PERSON_HEADER = "x-famgeo-person"
HEALTH = "/_stcore/health"

WITHOUT_ROLE = "sign-in without a role"
MOST_NAME = 200

NO_ROLE = "You have no role here yet. Ask your district's data steward to give you one."
ANOTHER_ACCOUNT = '<a class="button" href="/auth/logout">Use another account</a>'
NO_IDENTITY = (
    "Your district's sign-in did not say who you are. "
    "Open the app by its usual address, not directly."
)


class Gate:
    """Let callers with a role through, and nobody else."""

    def __init__(self, app: ASGIApp, *, settings: Settings, store: Callable[[], Store]) -> None:
        self.app = app
        self.settings = settings
        self.store = store
        self.noted: set[tuple[str, date]] = set()
        self.open = open_paths(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or websocket on, or answer it here."""
        if scope["type"] == "lifespan" or self._is_open(scope):
            await self.app(self._said_by(scope, ""), receive, send)
            return
        try:
            who = await run_in_threadpool(self._caller, HTTPConnection(scope))
        except FamgeoError as error:
            await _refuse(scope, receive, send, PlainTextResponse(str(error), status_code=503))
            return
        if who.person is not None:
            await self.app(self._said_by(scope, who.person.name), receive, send)
        else:
            await _refuse(scope, receive, send, self._answer(scope, who))

    def _is_open(self, scope: Scope) -> bool:
        return scope["type"] == "http" and (scope["method"], scope["path"]) in self.open

    def _caller(self, connection: HTTPConnection) -> Caller:
        """Tell who asks; a name without a role is noted, once a day."""
        store, now = self.store(), datetime.now(UTC)
        who = caller(connection, self.settings, store.accounts, now=now)
        told = (who.name, now.date())
        if who.name and who.person is None and told not in self.noted:
            self.noted.add(told)
            store.audit.append(utc=now, user=who.name[:MOST_NAME], action=WITHOUT_ROLE)
        return who

    def _said_by(self, scope: Scope, name: str) -> Scope:
        """Return the request with the gate's word on who it is, and with nobody else's."""
        told = {PERSON_HEADER.encode(), self.settings.proxy_header.encode()}
        headers = [h for h in scope.get("headers", []) if h[0].lower() not in told]
        if name:
            headers.append((PERSON_HEADER.encode(), quote(name).encode()))
        return {**scope, "headers": headers}

    def _answer(self, scope: Scope, who: Caller) -> Response:
        if who.name:
            other = ANOTHER_ACCOUNT if self.settings.sign_in is SignIn.OIDC else ""
            return plain_page("No role yet", paragraph(NO_ROLE) + other, status=403)
        if self.settings.sign_in is SignIn.PROXY:
            return plain_page("Not signed in", paragraph(NO_IDENTITY), status=403)
        if scope["type"] == "http" and _wants_page(HTTPConnection(scope), scope["method"]):
            onward = sign_in_address(scope["path"], scope["query_string"])
            return RedirectResponse(onward, status_code=303, headers={"cache-control": "no-store"})
        return PlainTextResponse("Sign in first.", status_code=401)


def open_paths(settings: Settings) -> frozenset[tuple[str, str]]:
    """Return each (method, path) that is answered without asking who it is."""
    fonts = sorted(path.name for path in (bundled() / "static/vendored/inter").glob("*.woff2"))
    style = ["sign-in.css", "fonts.css", "logo.svg", *(f"vendored/inter/{name}" for name in fonts)]
    reading = [HEALTH, *(f"{STATIC_URL}/{name}" for name in style)]
    posting = []
    if settings.sign_in is SignIn.LOCAL:
        reading, posting = [*reading, SIGN_IN], [SIGN_IN, SIGN_OUT]
    if settings.sign_in is SignIn.OIDC:
        reading, posting = [*reading, SIGN_IN, TO_PROVIDER, *PROVIDER_PATHS], [SIGN_OUT]
    pairs = [(method, path) for method in ("GET", "HEAD") for path in reading]
    return frozenset([*pairs, *(("POST", path) for path in posting)])


def _wants_page(connection: HTTPConnection, method: str) -> bool:
    return method in {"GET", "HEAD"} and "text/html" in connection.headers.get("accept", "")


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    """Answer instead of the app; a websocket is never opened."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "Sign in first."})
    else:
        await answer(scope, receive, send)
