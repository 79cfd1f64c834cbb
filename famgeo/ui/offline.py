"""Where the app's own files are served, so that no page asks for anything from elsewhere."""

from pathlib import Path

from famgeo.settings import bundled

STATIC_URL = "/public"
GROUND_URL = "/study/ground.pmtiles"


def page_style() -> str:
    """Return the style sheet of every page, with the font from our own files."""
    css = (bundled() / "static" / "page.css").read_text("utf-8")
    return f'<style>@import url("{STATIC_URL}/fonts.css");\n{css}</style>'


def ground_url(tiles: Path | None) -> str | None:
    """Return the address of the study's background map, new when the file is; None without one."""
    if tiles is None:
        return None
    return f"{GROUND_URL}?v={tiles.stat().st_mtime_ns:x}"
