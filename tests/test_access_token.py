"""bridge/access_token.py: one string that is never printed."""

import hashlib

import pytest

from bridge.access_token import AccessToken


@pytest.mark.parametrize("text", ["a", "eyJ.eyJ.c2ln", "A-._~+/=", "abc=="])
def test_takes_b64token_syntax(text: str) -> None:
    """RFC 6750 section 2.1."""
    assert AccessToken(text).text == text


@pytest.mark.parametrize("text", ["", " a", "a b", "a\r\nX: 1", "a=b", "=", "tøken", "a%2B", "a\x00", "a\n", "٣"])
def test_refuses_any_other_character(text: str) -> None:
    """What could break out of a header or an address never becomes a token."""
    with pytest.raises(ValueError, match="b64token"):
        AccessToken(text)


@pytest.mark.parametrize(
    ("text", "jwt"),
    [
        ("eyJh.eyJp.sig", True),
        ("abc.def.ghi", True),
        ("eyJh.eyJp", True),
        ("eyJh.a.b.c.d", True),
        ("eyJhbGciOiJSUzI1NiJ9", False),
        ("a.b", False),
        ("a.b.c.d", False),
        ("ory_at_abc", False),
    ],
)
def test_tells_what_must_be_a_jwt(text: str, jwt: bool) -> None:
    """Three parts, or the beginning of a JSON object and a dot: never treated as opaque."""
    assert AccessToken(text).looks_like_jwt is jwt


def test_hides_itself() -> None:
    """Neither repr nor str nor formatting shows the token; the fingerprint tells tokens apart."""
    token = AccessToken("very-secret-token")
    assert "secret" not in f"{token} {token!r} {[token]}"
    assert token.fingerprint in repr(token)
    assert token.digest == hashlib.sha256(b"very-secret-token").digest()
    assert AccessToken("another").fingerprint != token.fingerprint


def test_the_texts_of_one_signed_token_have_one_digest() -> None:
    """J37: what stands behind the last dot is the signature; another token has another digest."""
    texts = ("eyJ.a.x", "eyJ.a.y", "eyJ.b.x")
    first, twin, other = (AccessToken(text).signed_digest for text in texts)
    assert first == twin != other
    assert len(first) == 32
