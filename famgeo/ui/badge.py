"""Who is signed in, small at the top right, and the way out."""

from html import escape

import streamlit as st

from famgeo.roles import Person
from famgeo.settings import Settings, SignIn
from famgeo.ui.signin import SIGN_IN, SIGN_OUT

NO_LONGER_IN = "You are signed out."


def badge(person: Person, settings: Settings) -> None:
    """Show who is signed in, by name and role, and how to leave; nothing without sign-in."""
    if settings.sign_in is SignIn.NONE:
        return
    name, role = escape(person.name), escape(person.role.capitalize())
    who = f'<span class="who"><b title="{name}">{name}</b> {role}</span>'
    with st.container(key="badge"):
        st.html(f'<div class="badge">{who}{_way_out(settings)}</div>')


def signed_out() -> None:
    """Say that nobody is signed in any more, and where to sign in again."""
    st.html(
        f'<header class="answer"><h1>{NO_LONGER_IN}</h1></header>'
        f'<p><a class="way-in" href="{SIGN_IN}" target="_self">Sign in</a></p>'
    )


def _way_out(settings: Settings) -> str:
    if settings.sign_in is not SignIn.PROXY:
        return f'<form method="post" action="{SIGN_OUT}"><button>Sign out</button></form>'
    if settings.proxy_sign_out:
        return f'<a href="{escape(settings.proxy_sign_out)}" target="_self">Sign out</a>'
    return ""
