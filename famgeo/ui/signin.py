"""Signing in and out: one plain form, sent to the server and answered by the server.

No one else's page can send it (the browser says where a form comes from), the session's token is
made anew at every sign-in, and the way back leads nowhere but into the app.
"""

from asyncio import Semaphore
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from streamlit.user_info import generate_login_redirect_url

from famgeo.roles import Person
from famgeo.settings import Settings, SignIn
from famgeo.store.studies import Store
from famgeo.ui.callers import PROVIDER_COOKIE, caller, session_cookie
from famgeo.ui.plain import alert, paragraph, plain_page

SIGN_IN, SIGN_OUT, TO_PROVIDER = "/sign-in", "/sign-out", "/sign-in/provider"
PROVIDER_PATHS = ("/auth/login", "/auth/logout", "/oauth2callback")
FORM = "application/x-www-form-urlencoded"
FORM_BYTES = 16_384
AT_ONCE = 2
"""Passwords checked at the same time: each takes tens of megabytes for a moment, on purpose."""

SIGNED_IN, LEFT, REFUSED, LOCKED_OUT = "sign-in", "sign-out", "sign-in refused", "lock-out"
"""What the audit calls it."""

NOT_OURS = (
    "This form did not come from the app's own page. Open the app's address and use its form."
)
TOO_LONG = "That is too long for a name and a password."
SIGNED_OUT = "You are signed out."
BY_PROVIDER = "You sign in with your district account; famgeo sees your email address only."

NOT_VOUCHED = (
    "Your district's sign-in did not vouch for your email address, or that was over 12 hours ago. "
    "Sign in again; if it stays so, ask your district's data steward."
)

FIELDS = """<form method="post" action="{action}">
<input type="hidden" name="next" value="{onward}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" autocomplete="username" autocapitalize="none"
 spellcheck="false" required maxlength="254"{at_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="1000"{at_password}>
<button type="submit">Sign in</button>
</form>"""


class Entrance:
    """The routes by which people come in and leave."""

    def __init__(self, settings: Settings, store: Callable[[], Store]) -> None:
        self.settings = settings
        self.store = store
        self.checks = Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes that this way of signing in has."""
        local = self.settings.sign_in is SignIn.LOCAL
        routes = [
            Route(SIGN_IN, self.show, methods=["GET"]),
            Route(SIGN_OUT, self.sign_out, methods=["POST"]),
        ]
        if local:
            routes.append(Route(SIGN_IN, self.sign_in, methods=["POST"]))
        if self.settings.sign_in is SignIn.OIDC:
            routes.append(Route(TO_PROVIDER, _to_provider, methods=["GET"]))
        return routes

    def show(self, request: Request) -> Response:
        """Show the form; whoever is in already goes on."""
        onward = own_path(request.query_params.get("next", ""))
        if caller(request, self.settings, self.store().accounts, now=_now()).person is not None:
            return RedirectResponse(onward, status_code=303)
        if "out" in request.query_params:
            return self._page(onward=onward, note=SIGNED_OUT)
        came_back = PROVIDER_COOKIE in request.cookies
        return self._page(onward=onward, trouble=NOT_VOUCHED if came_back else "")

    async def sign_in(self, request: Request) -> Response:
        """Check a name and a password; open a session and send its holder on."""
        if not from_own_page(request):
            return self._page(trouble=NOT_OURS, status=403)
        form = await read_form(request)
        if form is None:
            return self._page(trouble=TOO_LONG, status=413)
        async with self.checks:
            return await run_in_threadpool(self._answer, form)

    def _answer(self, form: dict[str, str]) -> Response:
        name, onward = form.get("name", "").strip(), own_path(form.get("next", ""))
        store, now = self.store(), _now()
        waited = store.accounts.waits_until(name)
        found = store.accounts.check_password(name, form.get("password", ""), now=now)
        if not isinstance(found, Person):
            note_refusal(store, name, waited, now=now)
            return self._page(trouble=str(found), name=name, onward=onward, status=403)
        store.audit.append(utc=now, user=found, action=SIGNED_IN)
        response = RedirectResponse(onward, status_code=303)
        self._set_cookie(response, store.accounts.open_session(found.name, now=now))
        return response

    def sign_out(self, request: Request) -> Response:
        """Close the session, whoever else holds a copy of its token."""
        if not from_own_page(request):
            return self._page(trouble=NOT_OURS, status=403)
        store, now = self.store(), _now()
        person = caller(request, self.settings, store.accounts, now=now).person
        if person is not None:
            store.audit.append(utc=now, user=person, action=LEFT)
        if self.settings.sign_in is SignIn.OIDC:
            return RedirectResponse("/auth/logout", status_code=303)
        store.accounts.close_session(request.cookies.get(session_cookie(self.settings), ""))
        response = RedirectResponse(f"{SIGN_IN}?out", status_code=303)
        self._set_cookie(response, "")
        return response

    def _set_cookie(self, response: Response, token: str) -> None:
        response.set_cookie(
            session_cookie(self.settings),
            token,
            max_age=None if token else 0,
            httponly=True,
            samesite="strict",
            secure=self.settings.https,
        )

    def _page(
        self,
        *,
        onward: str = "/",
        trouble: str = "",
        note: str = "",
        name: str = "",
        status: int = 200,
    ) -> Response:
        if self.settings.sign_in is SignIn.OIDC:
            way = f'{paragraph(BY_PROVIDER)}<a class="button" href="{TO_PROVIDER}">Sign in</a>'
        else:
            way = FIELDS.format(
                action=SIGN_IN,
                onward=escape(onward),
                name=escape(name),
                at_name="" if name else " autofocus",
                at_password=" autofocus" if name else "",
            )
        body = alert(trouble) + (paragraph(note) if note else "") + way
        return plain_page("Sign in", body, where=self.store().settings.name, status=status)


def note_refusal(store: Store, name: str, waited: datetime | None, *, now: datetime) -> None:
    """Note a wrong password of somebody there is, and that the name has to wait from now on.

    Tries while it waits and names nobody has are only counted (by the store), or else a stranger
    could fill the log, which never forgets.
    """
    person = store.accounts.user(name)
    if person is None or (waited is not None and now < waited):
        return
    until = store.accounts.waits_until(name)
    locked = until is not None and now < until
    store.audit.append(utc=now, user=person, action=LOCKED_OUT if locked else REFUSED)


def from_own_page(request: Request) -> bool:
    """Tell whether a form comes from this very address, as the browser states it."""
    origin = urlsplit(request.headers.get("origin", ""))
    site = request.headers.get("sec-fetch-site", "same-origin")
    return (
        bool(origin.netloc)
        and origin.netloc == request.headers.get("host")
        and (site == "same-origin")
    )


async def read_form(request: Request) -> dict[str, str] | None:
    """Return a small form's fields; None when it is too large or not a form."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return None
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return None
    return {key: values[0] for key, values in fields.items()}


def own_path(wanted: str) -> str:
    r"""Return a path of this app, as wanted; '/' for anything that could lead elsewhere.

    >>> own_path("/explore?place=s1"), own_path("//evil.example"), own_path("/\\evil.example")
    ('/explore?place=s1', '/', '/')
    """
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) < 1000  # noqa: PLR2004
    leads_here = wanted.startswith("/") and not wanted.startswith(("//", SIGN_IN, SIGN_OUT))
    return wanted if plain and leads_here else "/"


def sign_in_address(path: str, query: bytes) -> str:
    """Return the sign-in page's address that leads back to a path."""
    back = own_path(path + (f"?{query.decode('latin-1')}" if query else ""))
    return SIGN_IN if back == "/" else f"{SIGN_IN}?next={quote(back, safe='')}"


def _to_provider(_request: Request) -> Response:
    return RedirectResponse(generate_login_redirect_url("default"), status_code=303)


def _now() -> datetime:
    return datetime.now(UTC)
