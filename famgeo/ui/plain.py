"""Pages of words and at most one form, made on the server: they need no script."""

from html import escape

from starlette.responses import HTMLResponse

from famgeo.ui.headers import PLAIN_PAGE
from famgeo.ui.offline import STATIC_URL

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – famgeo</title>
<link rel="icon" href="{static}/logo.svg">
<link rel="stylesheet" href="{static}/fonts.css">
<link rel="stylesheet" href="{static}/sign-in.css">
</head>
<body>
<header><img src="{static}/logo.svg" alt="" width="26" height="26"><span>famgeo</span></header>
<main>
<p class="where">{where}</p>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def plain_page(title: str, body: str, *, where: str = "", status: int = 200) -> HTMLResponse:
    """Return a page; ``body`` is HTML, ``title`` and ``where`` are text."""
    page = PAGE.format(title=escape(title), where=escape(where), body=body, static=STATIC_URL)
    return HTMLResponse(page, status_code=status, headers=PLAIN_PAGE)


def paragraph(text: str) -> str:
    """Return a text as a paragraph."""
    return f"<p>{escape(text)}</p>"


def alert(text: str) -> str:
    """Return a text that is read aloud at once; '' for none."""
    return f'<p class="trouble" role="alert">{escape(text)}</p>' if text else ""
