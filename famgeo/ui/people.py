"""Who looks at a page, and what they may do there: read again at every rerun.

A role that changed or a user who was deactivated meanwhile counts from the next touch on.
"""

from datetime import UTC, datetime
from urllib.parse import unquote

import streamlit as st

from famgeo.errors import FamgeoError
from famgeo.roles import Person, Right, Role
from famgeo.settings import Settings, SignIn
from famgeo.ui import show
from famgeo.ui.badge import badge, signed_out
from famgeo.ui.callers import session_cookie
from famgeo.ui.gate import PERSON_HEADER
from famgeo.ui.opened import opened_study
from famgeo.ui.scope import seen_as
from famgeo.ui.signin import SIGNED_IN

__all__ = ["Right", "pages", "present", "require"]

THIS_COMPUTER = Person(name="this computer", role=Role.STEWARD)
"""Without sign-in, whoever sits at this computer answers for the study's data as it is."""

PAGES = (("pages/explore.py", "Explore", Right.MAP),)
LOOKING_KEY = "looking"
NOT_YOURS = "This page is not part of your role ({role}). Ask your district's data steward."


def present() -> Person | None:
    """Return who looks at this page; None when nobody is signed in any more."""
    settings, study = Settings(), opened_study()
    if settings.sign_in is SignIn.NONE or study is None:
        return THIS_COMPUTER if settings.sign_in is SignIn.NONE else None
    if settings.sign_in is SignIn.LOCAL:
        token = st.context.cookies.get(session_cookie(settings), "")
        return study.store.accounts.session_user(token, now=datetime.now(UTC)) if token else None
    name = unquote(st.context.headers.get(PERSON_HEADER, ""))
    return study.store.accounts.user(name) if name else None


def require(right: Right) -> Person:
    """Return who looks at this page if they may; else say so and end the page."""
    person = present()
    if person is None:
        signed_out()
        st.stop()
    settings = Settings()
    _note_arrival(person, settings)
    _forget_the_former(person)
    badge(person, settings)
    if not person.may(right):
        show.trouble(NOT_YOURS.format(role=person.role))
        st.stop()
    return person


def pages() -> list[st.Page]:
    """Return the pages a person may open, first the one to begin with."""
    try:
        person = present()
    except FamgeoError:
        person = None  # the page itself says what is wrong
    return [
        st.Page(path, title=title, default=place == 0)
        for place, (path, title) in enumerate(open_to(person))
    ]


def open_to(person: Person | None) -> list[tuple[str, str]]:
    """Return the file and title of each page a person may open; the first one tells a stranger."""
    mine = [(path, title) for path, title, right in PAGES if person and person.may(right)]
    return mine or [PAGES[0][:2]]


def _note_arrival(person: Person, settings: Settings) -> None:
    """Note once in each tab who came by a proxy or a provider; the form notes its own."""
    study, elsewhere = opened_study(), settings.sign_in in {SignIn.PROXY, SignIn.OIDC}
    if elsewhere and study is not None and LOOKING_KEY not in st.session_state:
        study.store.audit.append(utc=datetime.now(UTC), user=person, action=SIGNED_IN)


def _forget_the_former(person: Person) -> None:
    """Drop what this browser tab kept for somebody else, or for another role."""
    looking = (person.name, *seen_as(person))
    if st.session_state.get(LOOKING_KEY, looking) != looking:
        st.session_state.clear()
    st.session_state[LOOKING_KEY] = looking
