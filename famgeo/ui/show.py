"""Drawing on a page: sentences, the map, an area's panel, the chosen places, the table.

Names are escaped and shown with ``st.html``, never as Markdown, where a name could become a link
or a picture from elsewhere.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from html import escape

import geopandas as gpd
import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from famgeo.outputs.maps import MapView, draw_map, paint
from famgeo.settings import bundled
from famgeo.tables import Headline, ReleasedPlan
from famgeo.ui import words
from famgeo.ui.offline import STATIC_URL, page_style
from famgeo.ui.words import Sentence

MAP_HEIGHT_PX = 544
TABLE_KEY = "table"


def style() -> None:
    """Dress the page: one font, calm colours, everything a finger touches at least 44 px."""
    st.logo(bundled() / "static" / "logo.svg", size="large")
    st.html(page_style())


def answer(name: str, sentence: Sentence, found: Headline) -> None:
    """Show the page's answer, as large words and as a bar in proportion."""
    st.html(
        f'<header class="answer"><p class="where">{escape(name)}</p>'
        f"<h1>{_toned(sentence)}</h1>{_bar(words.parts(found))}</header>"
    )


def opening(name: str, text: str) -> None:
    """Show a study's name and one plain sentence, where there is no answer yet."""
    st.html(
        f'<header class="answer"><p class="where">{escape(name)}</p>'
        f"<h1>{escape(text)}</h1></header>"
    )


def sentence(text: Sentence) -> None:
    """Show a sentence, its figures marked; read aloud when it changes."""
    st.html(f'<p class="now" role="status">{_toned(text)}</p>')


def note(text: str) -> None:
    """Show a quiet remark."""
    st.html(f'<p class="note">{escape(text)}</p>')


def trouble(text: str) -> None:
    """Show what is wrong and what to do."""
    st.html(f'<p class="trouble" role="alert">{escape(text)}</p>')


def working(*, first: bool) -> AbstractContextManager[None]:
    """Say that the first look takes a while; later ones keep the page as it is meanwhile."""
    return st.spinner(words.WORKING) if first else nullcontext()


def first_steps() -> None:
    """Show what to do when no study is open."""
    steps = (
        ("See the sample district", "famgeo demo"),
        (
            "Start your own study",
            'famgeo new district --name "Our district" --timezone America/New_York',
        ),
        ("Open it here", "famgeo app district"),
    )
    rows = "".join(f"<li>{escape(t)}<code>{escape(command)}</code></li>" for t, command in steps)
    st.html(f'<ol class="steps">{rows}</ol>')


def area_map(
    home_areas: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    view: MapView,
    *,
    ground_url: str | None,
    key: str,
    on_choice: Callable[[], None],
) -> None:
    """Show the map; a tap on an area or a place calls ``on_choice`` (see ``choice``)."""
    drawn = draw_map(home_areas, sites, static_url=STATIC_URL, ground_url=ground_url)
    with st.container(key="map"):
        st_folium(
            drawn,
            key=key,
            height=MAP_HEIGHT_PX,
            use_container_width=True,
            returned_objects=["last_active_drawing"],
            feature_group_to_add=paint(view),
            on_change=on_choice,
        )


def choice(key: str) -> tuple[str, str]:
    """Return what was tapped last on a map: ("area" or "site", its id), or two empty texts."""
    tapped = (st.session_state.get(key) or {}).get("last_active_drawing") or {}
    return str(tapped.get("kind", "")), str(tapped.get("id", ""))


def area_panel(
    title: str, families: int, trip: pd.Series, means: str, *, limit_min: float, ends: datetime
) -> None:
    """Show how people of one home area would come and go."""
    can = "can" if trip.reason == "" else "cannot"
    facts = (
        ("Families here", f"about {families:,}"),
        ("Getting there", words.minutes(trip.there_min)),
        ("Getting home", words.minutes(trip.home_min)),
    )
    rows = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    why = words.reason(trip.reason, means, limit_min)
    st.html(
        f'<section class="panel"><h2>{escape(title)}</h2>'
        f'<p class="verdict {can}">{escape(why)}</p><dl>{rows}</dl>'
        f'<p class="note">{escape(words.margin(trip.margin_min, ends))}</p></section>'
    )


def empty_panel() -> None:
    """Say what a tap on the map does."""
    st.html(
        '<section class="panel empty"><h2>Choose an area on the map</h2>'
        "<p>to see how people who live there would come and get home, "
        "or choose a place to try the meeting there.</p></section>"
    )


def places(plan: ReleasedPlan) -> None:
    """Show the plan's places, numbered as on the map."""
    rows = enumerate(plan.sites.iterrows(), start=1)
    cards = "".join(_card(n, row, plan.headline.k) for n, (_, row) in rows)
    st.html(
        '<section class="places"><h2>The places this plan chose</h2>'
        f'<p class="note">{escape(words.quality(plan))}</p>'
        f"<ol>{cards}</ol></section>"
    )


def table(rows: pd.DataFrame, *, on_choice: Callable[[], None]) -> None:
    """Show the map's contents as a table, for those who do not use the map.

    Choosing a row calls ``on_choice`` (see ``row_chosen``).
    """
    with st.expander("The map as a table"):
        st.dataframe(
            rows,
            key=TABLE_KEY,
            hide_index=True,
            width="stretch",
            placeholder="no way",
            on_select=on_choice,
            selection_mode="single-row",
        )


def row_chosen() -> int | None:
    """Return the position of the row chosen in the table; None without one."""
    chosen = st.session_state[TABLE_KEY]["selection"]["rows"]
    return int(chosen[0]) if chosen else None


def _card(number: int, site: pd.Series, k: int) -> str:
    reached = None if pd.isna(site.reached) else int(site.reached)
    facts = (
        words.seats(site.capacity),
        words.STEP_FREE.get(site.wheelchair, words.STEP_FREE["unknown"]),
        f"Languages: {words.languages(site.languages)}",
        f"Open: {words.opening(site.opening_hours)}",
    )
    return (
        f'<li><b class="number">{number}</b><div><h3>{escape(site["name"])}</h3>'
        f'<p class="kind">{escape(words.kind(site.kind))}</p>{_list(facts)}'
        f'<p class="reach">{escape(words.reach(reached, k))}</p></div></li>'
    )


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _toned(text: Sentence) -> str:
    pieces = (
        f'<strong class="{tone}">{escape(words_)}</strong>' if tone else escape(words_)
        for words_, tone in text
    )
    return "".join(pieces)


def _bar(parts: Sequence[tuple[str, int, str]]) -> str:
    """Return a bar whose lengths are true, and below it what each length counts."""
    if not parts:
        return ""
    lengths = "".join(f'<i class="{look}" style="--families: {n}"></i>' for look, n, _ in parts)
    counts = "".join(
        f'<li class="{look}"><b>{n:,}</b> {escape(text)}</li>' for look, n, text in parts
    )
    return f'<div class="bar" aria-hidden="true">{lengths}</div><ul class="parts">{counts}</ul>'


def columns(shares: Sequence[int]) -> list[st.delta_generator.DeltaGenerator]:
    """Return columns that stack on a tablet held upright."""
    with st.container(key="body"):
        return st.columns(shares)
