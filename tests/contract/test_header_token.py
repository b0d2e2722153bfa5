"""bridge/contract/header_token.py: who may call."""

import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract.header_token import HeaderTokens
from bridge.errors import CallerUnauthorized
from tests.contract.vectors import CALLBACKS, HEADER_TOKEN, Callback

SECRET = b"k3J9-vq_8ZrT2mXw5Lh0"
OLD = b"the-one-before-7f3a91c2"
TOKENS = HeaderTokens([SECRET.decode(), OLD.decode()])

ACCEPTED = {
    "the vendor's order": b"k3J9-vq_8ZrT2mXw5Lh0 Bearer",
    "the usual order": b"Bearer k3J9-vq_8ZrT2mXw5Lh0",
    "the secret alone": b"k3J9-vq_8ZrT2mXw5Lh0",
    "H03 scheme in lower case": b"bearer k3J9-vq_8ZrT2mXw5Lh0",
    "H03 scheme in upper case": b"k3J9-vq_8ZrT2mXw5Lh0 BEARER",
    "H03 extra blanks": b"  k3J9-vq_8ZrT2mXw5Lh0   Bearer ",
    "H03 tab": b"k3J9-vq_8ZrT2mXw5Lh0\tBearer",
    "H03 blanks around the secret alone": b"\tk3J9-vq_8ZrT2mXw5Lh0 ",
    "O14 the secret before": b"the-one-before-7f3a91c2 Bearer",
}

REFUSED = {
    "H01 none": [],
    "H01 empty": [b""],
    "H02 only blanks": [b" \t "],
    "H02 another secret": [b"another-header-token Bearer"],
    "H02 a prefix": [SECRET[:-1] + b" Bearer"],
    "H02 a suffix": [SECRET + b"0 Bearer"],
    "H02 another case": [SECRET.swapcase() + b" Bearer"],
    "H02 one byte off": [SECRET[:-1] + b"1 Bearer"],
    "H02 the scheme alone": [b"Bearer"],
    "H02 the scheme twice": [b"Bearer Bearer"],
    "H02 the scheme on both sides": [b"Bearer " + SECRET + b" Bearer"],
    "H02 the secret twice": [SECRET + b" " + SECRET],
    "H02 both secrets": [SECRET + b" " + OLD],
    "H02 two schemes": [SECRET + b" Bearer Basic"],
    "H02 another scheme": [b"Basic " + SECRET],
    "H02 no blank": [b"Bearer" + SECRET],
    "H02 a list": [b"Bearer " + SECRET + b", Bearer x"],
    "H02 a list of the two": [SECRET + b", " + OLD],
    "H02 a comma behind": [SECRET + b", Bearer"],
    "H02 quoted": [b'Bearer "' + SECRET + b'"'],
    "H02 a colon": [b"Bearer: " + SECRET],
    "H02 ten kilobytes": [b"x" * 10_240],
    "H02 the secret behind ten kilobytes of blanks": [b" " * 10_240 + SECRET],
    "H02 a no-break space": [SECRET + b"\xa0Bearer"],
    "H02 a line break": [SECRET + b"\r\n Bearer"],
    "H02 a NUL": [SECRET + b"\0 Bearer"],
    "H02 not ASCII": [b"\xff\xfe Bearer"],
    "H06 twice the same": [SECRET + b" Bearer", SECRET + b" Bearer"],
    "H06 good and bad": [SECRET + b" Bearer", b"x Bearer"],
    "H06 bad and good": [b"x Bearer", SECRET + b" Bearer"],
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_each_form_of_a_known_secret_passes(value: bytes) -> None:
    """``SECRET Bearer``, ``Bearer SECRET`` and ``SECRET``, the scheme in any case, every secret of the list."""
    TOKENS.check([value])


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused(values: list[bytes]) -> None:
    """Missing, repeated, malformed or wrong: one code, and nothing of the secret in what the log is told."""
    with pytest.raises(CallerUnauthorized) as refusal:
        TOKENS.check(values)
    assert refusal.value.code == "caller_unauthorized"
    assert SECRET.decode() not in refusal.value.detail + refusal.value.hint


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]], ids=["none", "empty", "two empty ones"])
@pytest.mark.parametrize("values", [[], [b""], [b" "], [b"Bearer"], [b" Bearer"], [b"Bearer "], [b"x"]])
def test_no_secret_lets_nobody_in(secrets: list[str], values: list[bytes]) -> None:
    """H07: a callback whose secret came out empty is closed, not open."""
    with pytest.raises(CallerUnauthorized):
        HeaderTokens(secrets).check(values)


def test_a_secret_that_looks_like_the_scheme_is_no_ambiguity() -> None:
    """The scheme is the word beside the secret: a secret of that name is compared like any other."""
    tokens = HeaderTokens(["Bearer-Bearer-Bearer"])
    tokens.check([b"Bearer-Bearer-Bearer Bearer"])
    with pytest.raises(CallerUnauthorized):
        tokens.check([b"Bearer"])


def test_a_list_is_no_secret() -> None:
    """A comma makes a list of a header (RFC 9110 section 5.6.1): not even a secret that has one lets it pass."""
    with pytest.raises(CallerUnauthorized):
        HeaderTokens(["k3J9-vq_8ZrT2mXw5Lh0,x"]).check([b"k3J9-vq_8ZrT2mXw5Lh0,x"])


def comparisons(authorization: list[bytes]) -> int:
    """How often a check calls compare_digest; the profiler sees calls into C."""
    seen: list[str] = []
    sys.setprofile(lambda _frame, event, called: seen.append(called.__name__) if event == "c_call" else None)
    try:
        with suppress(CallerUnauthorized):
            TOKENS.check(authorization)
    finally:
        sys.setprofile(None)
    return sum(name.endswith("compare_digest") for name in seen)


@pytest.mark.parametrize("values", [[SECRET], [OLD], *REFUSED.values()], ids=["good", "old", *REFUSED])
def test_every_secret_is_compared_every_time(values: list[bytes]) -> None:
    """CWE-208: a good caller, a bad one, and one without the header cost the same comparisons in constant time."""
    assert comparisons(values) == 2


def test_nothing_of_a_secret_can_be_printed() -> None:
    """O10: the object keeps digests only."""
    tokens = HeaderTokens([HEADER_TOKEN])
    assert HEADER_TOKEN not in repr(tokens) + repr([getattr(tokens, slot) for slot in tokens.__slots__])


@given(st.lists(st.binary(max_size=64), max_size=3))
def test_no_header_is_a_defect(values: list[bytes]) -> None:
    """Whatever bytes come: refused, and by nothing but CallerUnauthorized."""
    with pytest.raises(CallerUnauthorized):
        TOKENS.check(values)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=16, max_size=80))
def test_every_secret_that_may_be_configured_works_in_each_form(secret: str) -> None:
    """Visible ASCII without blanks or commas needs no escaping."""
    tokens = HeaderTokens([secret])
    for form in (f"{secret} Bearer", f"Bearer {secret}", secret):
        tokens.check([form.encode()])


@pytest.mark.parametrize("callback", CALLBACKS, ids=lambda callback: callback.name)
def test_the_vendors_header_is_known(callback: Callback) -> None:
    """CX Genie's own requests pass; only the one with another secret does not."""
    tokens = HeaderTokens([HEADER_TOKEN])
    if callback.answer.get("code") == "caller_unauthorized":
        with pytest.raises(CallerUnauthorized):
            tokens.check(callback.header(b"authorization"))
    else:
        tokens.check(callback.header(b"authorization"))
