"""bridge/contract/slips.py: each likely mistake at CX Genie's side is told as such, without the secret."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract.slips import header_form, header_slip, path_slip

SECRET = "wq7Vt2-Zr8_the5Secret0Of9These3"
STAFF = "p8Lm2Z-another-callback-s-secret"


LONGER = "the secret is {} characters longer"
WRITTEN_OUT = "a line break, written out as a backslash and a letter"
INVISIBLE = "characters that are not ASCII, perhaps invisible"


def basic(user: str, password: str) -> str:
    """RFC 7617 section 2."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def slip(*values: str | bytes) -> str | None:
    """What is found in Authorization headers."""
    sent = [value.encode() if isinstance(value, str) else value for value in values]
    found = header_slip(sent, ["an-older-secret-4711", SECRET], {"staff": [STAFF]})
    return None if found is None else found.found


@pytest.mark.parametrize(
    "value", [f"{SECRET} Bearer", f"Bearer {SECRET}", SECRET, f"bearer  {SECRET} ", "Bearer an-older-secret-4711"]
)
def test_what_is_right_is_no_slip(value: str) -> None:
    """Every form that the contract takes, and every secret of the callback."""
    assert slip(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"Bearer {SECRET} Bearer", "the word Bearer twice"),
        (f"Basic {SECRET}", "another word beside the secret"),
        (f"Token {SECRET} Bearer", "another word beside the secret"),
        ("Bearer", "an Authorization header without a secret"),
        ("", "an Authorization header without a secret"),
        (f"{STAFF} Bearer", "the header token of callback staff"),
        (f'"{SECRET}" Bearer', "the secret, in quotes or brackets"),
        (f"<{SECRET}>", "the secret, in quotes or brackets"),
        (f"“{SECRET}” Bearer", "the secret, in quotes or brackets"),
        (f"{SECRET[:9]} {SECRET[9:]} Bearer", "the secret, with a blank inside it"),
        (SECRET.replace("-", "%2D"), "the secret, percent-encoded"),
        (base64.b64encode(SECRET.encode()).decode(), "the secret, in base64"),
        (f"Basic {basic('u', SECRET)}", "the secret, as the password of Basic authentication"),
        (f"Basic {basic(SECRET, '')}", "the secret, as the user of Basic authentication"),
        (f"token={SECRET}", "the secret, behind a name and an equals sign"),
        (f"Bearer:{SECRET}", "the secret, behind a name and a colon"),
        (f"{SECRET.upper()} Bearer", "the secret, in other case"),
        (f"{SECRET}x Bearer", "the secret is 1 character longer at its end"),
        (f"{SECRET}, Bearer", "the secret is 1 character longer at its end: a comma or a full stop?"),
        (f"{SECRET}%0A Bearer", f"{LONGER.format(3)} at its end: a blank or a line break, percent-encoded"),
        (
            f"{SECRET}\\n Bearer",
            f"{LONGER.format(2)} at its end: {WRITTEN_OUT}",
        ),
        (f"{SECRET}\u200b Bearer", f"the secret is 1 character longer at its end: {INVISIBLE}"),
        (f"\ufeff{SECRET} Bearer", f"the secret is 1 character longer at its beginning: {INVISIBLE}"),
        (f"xx{SECRET}", "the secret is 2 characters longer at its beginning"),
        (f"{SECRET[:-3]} Bearer", "the secret is 3 characters shorter at its end: cut off when it was copied?"),
        (f"{SECRET[1:]} Bearer", "the secret is 1 character shorter at its beginning: cut off when it was copied?"),
        (f"{SECRET[:-1]}X Bearer", "as long as the secret, and another in 1 character: typed by hand?"),
        ("HEADER_TOKEN Bearer", "a placeholder in place of the secret"),
        ("Bearer k3J9xQ-nobody-could-guess", "another secret: 25 characters, and the right one has 20 or 31"),
        (SECRET[:4], "another secret: 4 characters, and the right one has 20 or 31"),
    ],
)
def test_a_wrong_header_token(value: str, found: str) -> None:
    """By comparison with the right ones; the cure says where to type what."""
    assert slip(value) == found


def test_no_header_and_several() -> None:
    """One Authorization header is expected."""
    assert slip() == "no Authorization header"
    assert slip(SECRET, SECRET) == "2 Authorization headers"


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([f"{SECRET} Bearer"], "SECRET Bearer"),
        ([f"bearer {SECRET}"], "Bearer SECRET"),
        ([SECRET], "SECRET"),
        ([f"a {SECRET} b c d"], "SECRET SECRET SECRET SECRET …"),
        ([""], "empty"),
        ([], "missing"),
        ([SECRET, SECRET], "2 headers"),
    ],
)
def test_the_form_of_the_header(values: list[str], form: str) -> None:
    """Whatever is not the scheme may be a secret."""
    assert header_form([value.encode() for value in values]) == form


@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([SECRET.encode(), STAFF.encode(), b"Bearer"])), max_size=4
    )
)
def test_no_slip_repeats_what_came(words: list[bytes]) -> None:
    """Nothing escapes, and neither a secret nor a part of it is told."""
    value = b" ".join(words)
    found = header_slip([value], [SECRET], {"staff": [STAFF]})
    said = "" if found is None else found.found + found.cure
    assert SECRET not in said + header_form([value])
    assert STAFF not in said + header_form([value])


@pytest.mark.parametrize(
    ("path", "known", "found"),
    [
        ("/chat", ["/chat"], None),
        ("/chat/", ["/chat"], "the callback's path with a slash behind it"),
        ("/chat", ["/chat/"], "the callback's path without the slash at its end"),
        ("/Chat", ["/chat"], "the callback's path in other case"),
        ("//chat", ["/chat"], "the callback's path with two slashes in a row"),
        ("/idp/chat", ["/chat"], "the callback's path behind another"),
        ("/chat", ["/"], "a path that no callback has"),
        ("/", ["/chat"], "a path that no callback has"),
        (f"/{SECRET}", ["/chat", "/"], "a path that no callback has"),
    ],
)
def test_a_wrong_path(path: str, known: list[str], found: str | None) -> None:
    """Compared letter by letter; what is no near miss is not repeated."""
    said = path_slip(path, known)
    assert (None if said is None else said.found) == found
    assert said is None or SECRET not in said.cure
