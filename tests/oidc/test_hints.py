"""bridge/oidc/hints.py: what a refused token looks like, and what to say of it; never what it holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access_token import AccessToken
from bridge.oidc.hints import MEMBERS, Hint, UntrustedFacts, advice, read_hints
from tests.issuer.keys import base64url

HEADER = {"alg": "RS256", "typ": "at+jwt", "nonce": "n", "kid": "k"}
CLAIMS = {
    "iss": "https://shop.okta.com",
    "aud": ["api", "other"],
    "sub": "an",
    "email": "an@shop.example",
    "ver": "1.0",
}


def token(header: Any = HEADER, claims: Any = CLAIMS) -> AccessToken:
    """A token whose signature nobody asks for."""
    return AccessToken(f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}.c2ln")


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"form": "jwt"}, True),
        ({"form": ["opaque", "jwe"]}, False),
        ({"prefix": "eyJ*"}, True),
        ({"prefix": "ya29.*"}, False),
        ({"code": "token_untrusted"}, True),
        ({"code": "token_expired"}, False),
        ({"header": {"typ": "at+jwt"}}, True),
        ({"header": {"typ": "JWT"}}, False),
        ({"header": {"nonce": True}}, True),
        ({"header": {"nonce": False}}, False),
        ({"header": {"enc": False}}, True),
        ({"claims": {"aud": ["other", "api"]}}, True),
        ({"claims": {"aud": "[ao]*"}}, True),
        ({"claims": {"aud": "other"}}, False),
        ({"claims": {"iss": "https://*.okta.com"}}, True),
        ({"claims": {"iss": "https://*.okta.com/*"}}, False),
        ({"claims": {"ver": "1.0", "aud": "none"}}, False),
        ({"header": {"alg": "RS256"}, "claims": {"ver": "1.0"}, "code": "token_untrusted"}, True),
    ],
)
def test_all_that_is_asked_must_fit(when: dict[str, Any], fits: bool) -> None:
    """Members by pattern, by list, by being there, each element of a list; one that does not fit is enough."""
    assert advice([Hint(when, "say")], token(), "token_untrusted") == ("say" if fits else "")


@pytest.mark.parametrize(
    "when",
    [{}, {"claims": {"sub": "an"}}, {"claims": {"email": True}}, {"header": {"kid": "k"}}, {"signature": "x"}],
)
def test_a_hint_cannot_ask_who_it_is(when: dict[str, Any]) -> None:
    """Only members that name kinds and products, and never nothing: such a hint would be shown for every token."""
    with pytest.raises(ValueError, match="cannot ask"):
        read_hints([{"when": when, "say": "x"}])


@pytest.mark.parametrize(
    ("text", "form", "header"),
    [
        ("0123456789abcdef", "opaque", {}),
        ("ya29.a0AfB", "opaque", {}),
        ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c", "jwe", {"alg": "dir", "enc": "A256GCM"}),
        ("eyJhbGciOiJkaXIifQ..a.b.c", "jwt", {"alg": "dir"}),
        ("eyJh.x.y", "jwt", {}),
        ("W10.W10.y", "jwt", {}),
    ],
)
def test_what_cannot_be_read_is_absent(text: str, form: str, header: dict[str, str]) -> None:
    """A token that is broken in any way still has a form."""
    facts = UntrustedFacts.of(AccessToken(text))
    assert (facts.form, facts.header, facts.claims) == (form, header, {})


@pytest.mark.parametrize("audience", [[], {}, 5, [5], None])
def test_another_type_fits_no_pattern(audience: object) -> None:
    """A pattern is about text."""
    assert advice([Hint({"claims": {"aud": "*"}}, "say")], token(claims={"aud": audience}), "x") == ""


def test_each_thing_is_said_once() -> None:
    """Two hints may say the same of a token that fits both."""
    hints = read_hints([{"when": {"form": "jwt"}, "say": "a"}, {"when": {"code": "x"}, "say": "a"}])
    assert advice([*hints, Hint({"prefix": "eyJ*"}, "b")], token(), "x") == "a b"


def test_only_listed_members_are_kept() -> None:
    """Whoever prints the facts prints nobody's name."""
    facts = UntrustedFacts.of(token())
    assert set(facts.header) <= set(MEMBERS["header"])
    assert set(facts.claims) == {"iss", "aud", "ver"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)
_members = st.dictionaries(st.sampled_from([*MEMBERS["header"], *MEMBERS["claims"], "sub"]), _json)


@given(st.text("eyJ.abcXYZ019-_", min_size=1).map(AccessToken) | st.builds(token, _members | _json, _members | _json))
def test_any_token_has_facts(any_token: AccessToken) -> None:
    """Whatever a visitor brings, a hint fits or does not."""
    hint = Hint({"claims": {"aud": "*a*b*", "iss": True}, "header": {"typ": ["x", "*?"]}}, "say")
    assert advice([hint], any_token, "token_invalid") in {"", "say"}
