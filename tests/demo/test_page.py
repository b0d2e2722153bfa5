"""The demo's HTML."""

import re
from pathlib import Path

import pytest

from bridge.demo import page as module
from bridge.demo.page import Html, page, piece, text

PAGES = sorted(path.name for path in (Path(module.__file__).parent / "pages").iterdir() if path.is_file())


@pytest.mark.parametrize("file", PAGES)
def test_nothing_comes_from_outside(file: str) -> None:
    """No page names another server: the demo works without a network."""
    assert re.search(r"(https?:)?//[a-z0-9]", re.sub(r"^\s*//.*", "", text(file), flags=re.MULTILINE)) is None


def test_what_is_filled_in_is_escaped() -> None:
    """A visitor called like a tag stays a name."""
    assert "<b>&lt;script&gt;&quot;&#x27;&amp;</b>" in piece("customer.html", name="<script>\"'&")


def test_html_is_kept_as_it_is() -> None:
    """A piece inside a page is not escaped again."""
    assert "<i>x</i>" in piece("sign_in.html", action="/", client="c", cards=Html("<i>x</i>"))


def test_a_page_runs_no_foreign_script() -> None:
    """The policy allows scripts of its own origin, frames of its own origin, and nothing inline."""
    answer = page("message.html", title="T", status=400, message="M")
    assert answer.status_code == 400
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert b"<title>T</title>" in bytes(answer.body)
