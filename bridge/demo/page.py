"""The demo's HTML, from the files in ``pages/``: complete in itself, nothing from outside.

``$name`` in a file is filled in, escaped unless it is HTML already.
"""

import html
from importlib import resources
from string import Template

from starlette.responses import HTMLResponse

# Scripts and frames of the page's own origin only. form-action is left open: the sign-in form answers with a redirect
# to the shop, which is another origin, and browsers hold redirects to it as well.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'self'; object-src 'self'; "
        "frame-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(file: str) -> str:
    """A file of ``pages/`` as it is."""
    return resources.files(__package__).joinpath("pages", file).read_text("utf-8")


def piece(file: str, /, **values: str) -> Html:
    """A file of ``pages/`` with its places filled in."""
    escaped = {key: value if isinstance(value, Html) else html.escape(value) for key, value in values.items()}
    return Html(Template(text(file)).substitute(escaped))


def page(file: str, /, *, title: str, status: int = 200, **values: str) -> HTMLResponse:
    """A file of ``pages/`` inside the demo's common frame, as an answer."""
    body = piece("frame.html", title=title, style=Html(text("style.css")), content=piece(file, **values))
    return HTMLResponse(body, status, _HEADERS)
