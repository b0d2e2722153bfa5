"""bridge/oidc/providers.py: each token goes to the provider whose it is, and to no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import BridgeError, TokenError, TokenInvalid, TokenMalformed, TokenUntrusted
from bridge.oidc.hints import Hint
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.trace import SILENT, RecordingTrace
from tests.issuer import keys, mint
from tests.issuer.keys import base64url
from tests.issuer.process import Issuer


async def ask(token: str) -> tuple[str, RecordingTrace]:
    """Which of two providers, each with its own key, vouches for a token."""
    trace = RecordingTrace()
    async with open_session() as session:
        providers = Providers(
            Provider(
                name,
                ProviderSettings.model_validate(
                    {"issuer": issuers, "audience": mint.AUDIENCE, "public_key": keys.public_pem(key)}
                ),
                HttpClient(session, provider=name, timeout=5.0),
                hints=[Hint({"form": ["jwt", "opaque"]}, f"Seen by {name}.")],
            )
            for name, issuers, key in (
                ("one", ["https://one.example", "one"], "rsa"),
                ("two", ["https://two.example"], "rsa2"),
            )
        )
        return (await providers.verify(AccessToken(token), trace)).provider, trace


def token(issuer: object, key: str) -> str:
    """A token that names this issuer."""
    return mint.sign({"alg": "RS256"}, mint.good_claims("x", iss=issuer), key)


@pytest.mark.parametrize(
    ("issuer", "key", "name"),
    [("https://one.example", "rsa", "one"), ("one", "rsa", "one"), ("https://two.example", "rsa2", "two")],
)
async def test_goes_to_its_issuers_provider(issuer: str, key: str, name: str) -> None:
    """Told by iss, letter by letter; the trace says which."""
    provider, trace = await ask(token(issuer, key))
    assert provider == name
    assert name in trace.steps[0].reason


async def test_one_providers_key_is_no_others() -> None:
    """C01: iss of the one, signed by the other."""
    with pytest.raises(TokenInvalid):
        await ask(token("https://one.example", "rsa2"))


@pytest.mark.parametrize(
    "issuer", ["https://one.example/", "https://ONE.example", "", None, 5, ["https://one.example"], {}, True]
)
async def test_other_issuers_are_nobodys(issuer: object) -> None:
    """C02: refused, and the log learns which issuers are taken."""
    with pytest.raises(TokenUntrusted, match="iss") as refusal:
        await ask(token(issuer, "rsa"))
    assert "https://two.example" in refusal.value.hint


async def test_a_tenant_that_is_not_taken_is_named() -> None:
    """C01: of a tenant that ``tenants`` does not list the log learns which it is, not that a template is no issuer."""
    settings = ProviderSettings.model_validate(
        {
            "issuer": "https://many.example/{tenantid}",
            "tenants": ["6f1b2c3d-0000-4000-8000-1234567890ab"],
            "audience": mint.AUDIENCE,
            "public_key": keys.public_pem("rsa"),
        }
    )
    other = "9188040d-6c67-4c5b-b112-36a304b66dad"
    claims = mint.good_claims("x", iss=f"https://many.example/{other}", tid=other)
    async with open_session() as session:
        providers = Providers([Provider("many", settings, HttpClient(session, provider="many", timeout=1.0))])
        with pytest.raises(TokenUntrusted, match=f"its tenant {other} is not among tenants") as refusal:
            await providers.verify(AccessToken(mint.sign({"alg": "RS256"}, claims, "rsa")), SILENT)
    assert "Add it to tenants" in refusal.value.hint


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("opaque-token", TokenUntrusted),
        ("eyJhbGciOiJSUzI1NiJ9", TokenUntrusted),
        ("a.b.c.d.e", TokenUntrusted),
        ("abc.def.ghi", TokenMalformed),
        ("eyJh.x", TokenMalformed),
        ("eyJh.x.x.x.x", TokenMalformed),
    ],
)
async def test_tokens_that_are_no_jwt(text: str, error: type[Exception]) -> None:
    """An opaque token belongs to nobody here; what must be a JWT and is none is malformed."""
    with pytest.raises(error):
        await ask(text)


@pytest.mark.parametrize(
    ("text", "seen_by"),
    [
        (token("https://one.example", "rsa2"), ["one"]),
        (token("https://two.example", "rsa"), ["two"]),
        (token("https://three.example", "rsa"), ["one", "two"]),
        ("opaque-token", ["one", "two"]),
        ("eyJh.x", ["one", "two"]),
    ],
)
async def test_a_refused_token_is_looked_at_by_its_provider(text: str, seen_by: list[str]) -> None:
    """A provider's hints are for its own tokens; nobody's token may be a token of any of them. They come first."""
    with pytest.raises(TokenError) as refusal:
        await ask(text)
    seen = " ".join(f"Seen by {name}." for name in seen_by)
    assert refusal.value.hint.startswith(seen)
    assert refusal.value.hint.count("Seen by") == len(seen_by)


HEX, LETTERS = "0123456789abcdef", "ABCDEFGH"


@asynccontextmanager
async def entrance(issuer: Issuer, **providers: dict[str, Any]) -> AsyncIterator[Providers]:
    """Providers at realms of their own names; each says whose visitor a token's is."""
    made = []
    async with open_session() as session:
        for name, settings in providers.items():
            realm = issuer.realm(name)
            realm.set(userinfo={"sub": f"of-{name}"})
            members: dict[str, Any] = {"userinfo": {"url": f"{realm.url}/userinfo"}, "unbound_tokens": "accept"}
            if settings.pop("jwts", False):
                members = {"issuer": realm.url, "audience": mint.AUDIENCE}
            one = ProviderSettings.model_validate({**members, **settings})
            assert list(one.problems()) == []
            hints = [Hint({"form": ["jwt", "opaque"]}, f"Seen by {name}.")]
            made.append(Provider(name, one, HttpClient(session, provider=name, timeout=5.0), hints=hints))
        yield Providers(made)


async def subject(providers: Providers, token: str) -> str:
    """Whose visitor it is."""
    return (await providers.verify(AccessToken(token), SILENT)).subject


async def test_the_only_one_needs_no_pattern(issuer: Issuer) -> None:
    """Beside one that takes JWTs only."""
    async with entrance(issuer, idp={"jwts": True}, legacy={}) as providers:
        assert await subject(providers, HEX) == "of-legacy"
        assert issuer.requests() == {"/legacy/userinfo": 1}


async def test_each_token_goes_to_whose_it_is(issuer: Issuer) -> None:
    """By the pattern that matches the whole of it."""
    async with entrance(issuer, a={"token_pattern": "[0-9a-f]+"}, b={"token_pattern": "[A-Z]+"}) as providers:
        assert await subject(providers, HEX) == "of-a"
        assert issuer.requests() == {"/a/userinfo": 1}
        assert await subject(providers, LETTERS) == "of-b"
        assert issuer.requests() == {"/a/userinfo": 1, "/b/userinfo": 1}


@pytest.mark.parametrize("token", [HEX + "G", "x" + HEX, LETTERS + "a", "~", "a.b", "1.2.3.4.5"])
async def test_nobodys_token_is_shown_to_nobody(issuer: Issuer, token: str) -> None:
    """Not even where a part of it matches."""
    async with entrance(issuer, a={"token_pattern": "[0-9a-f]+"}, b={"token_pattern": "[A-Z]+"}) as providers:
        with pytest.raises(TokenUntrusted, match="no token_pattern") as refusal:
            await subject(providers, token)
        assert not providers.asks(AccessToken(token))
    assert refusal.value.hint.startswith("Seen by a. Seen by b.")
    assert issuer.asked() == 0


async def test_a_token_of_two_is_shown_to_neither(issuer: Issuer) -> None:
    """One of them would be the wrong one."""
    async with entrance(issuer, a={"token_pattern": "[0-9a-f]+"}, b={"token_pattern": "[0-9]+"}) as providers:
        assert await subject(providers, "abc") == "of-a"
        with pytest.raises(TokenUntrusted, match="a and b"):
            await subject(providers, "123")
        assert not providers.asks(AccessToken("123"))
    assert issuer.requests() == {"/a/userinfo": 1}


def three(header: bytes | str) -> str:
    """Three parts that nobody has signed."""
    return f"{base64url(header.encode() if isinstance(header, str) else header)}.eyJzdWIiOiJ4In0.c2ln"


JWT_LOOKS = {
    "a JWT's header": three('{"alg":"RS256"}'),
    "with a blank before it": three(' {"alg":"RS256"}'),
    "with a line break": three('\n{"alg":"none"}'),
    "with a member twice": three(' {"alg":"none","alg":"RS256"}'),
    "an empty object": three("{}"),
    "NaN": three(' {"alg":NaN}'),
    "UTF-16": three('{"alg":"RS256"}'.encode("utf-16")),
    "an empty signature": three('{"alg":"none"}').removesuffix("c2ln"),
    "padded": three(' {"alg":"RS256"}') + "==",
    "eyJ and a dot": "eyJ.x",
    "eyJ and five parts": "eyJh.a.b.c.d",
    "eyJ and garbage": "eyJ~~~.~.~",
}
OPAQUE_LOOKS = {
    "two dots": "abc.def.ghi",
    "an array for a header": three("[1]"),
    "a text for a header": three('"x"'),
    "a brace and no JSON": three("{no"),
    "deep": three("[" * 5000),
    "not base64url": "e~J.x.y",
    "eyJ without a dot": "eyJhbGciOiJSUzI1NiJ9",
    "an empty part": "..",
}


@pytest.mark.parametrize("name", JWT_LOOKS)
async def test_what_looks_like_a_jwt_is_never_opaque(issuer: Issuer, name: str) -> None:
    """U17: refused, and nobody is asked, though there is one who takes opaque tokens without a pattern."""
    async with entrance(issuer, legacy={}) as providers:
        token = AccessToken(JWT_LOOKS[name])
        with pytest.raises(BridgeError) as refusal:
            await providers.verify(token, SILENT)
        assert refusal.value.code in {"token_malformed", "token_invalid", "token_untrusted"}
        assert not providers.asks(token)
    assert issuer.asked() == 0


@pytest.mark.parametrize("name", OPAQUE_LOOKS)
async def test_opaque_tokens_may_have_dots(issuer: Issuer, name: str) -> None:
    """U17: where somebody takes opaque tokens; where nobody does, two dots make a JWT."""
    token = AccessToken(OPAQUE_LOOKS[name])
    async with entrance(issuer, legacy={}) as providers:
        assert providers.asks(token)
        assert (await providers.verify(token, SILENT)).subject == "of-legacy"
    async with entrance(issuer, idp={"jwts": True}) as providers:
        with pytest.raises(TokenMalformed if token.looks_like_jwt else TokenUntrusted):
            await providers.verify(token, SILENT)
        assert not providers.asks(token)


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, False),
        ({"userinfo": {"when": "missing"}}, True),
        ({"userinfo": {"when": "always"}}, True),
        ({"introspection": {"auth_method": "none"}}, False),
        ({"introspection": {"auth_method": "none", "when": "always"}}, True),
    ],
)
async def test_which_jwts_may_be_asked_about(issuer: Issuer, settings: dict[str, Any], asks: bool) -> None:
    """What a cache must know beforehand."""
    async with entrance(issuer, idp={"jwts": True, **settings}) as providers:
        assert providers.asks(AccessToken(mint.good_token(issuer.url))) is asks


LINE = "eyJhbGciOiJIUzI1NiJ9[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+"
"""What LINE's access tokens look like: a JOSE header, and behind it nothing that anybody could read."""


def of_line(payload: bytes) -> str:
    """A token of that look."""
    return f"eyJhbGciOiJIUzI1NiJ9.{base64url(payload)}.c2ln"


async def test_a_lookalike_goes_to_whose_pattern_spells_it_out(issuer: Issuer) -> None:
    """U17, "unless configured": a token that begins as a JWT does and has no JSON in it, to LINE alone."""
    token = of_line(b"\x52\x7f\xd0\x3f")
    async with entrance(issuer, line={"token_pattern": LINE}, idp={"jwts": True}) as providers:
        assert providers.asks(AccessToken(token))
        assert await subject(providers, token) == "of-line"
        assert await subject(providers, "eyJhbGciOiJIUzI1NiJ9.UnQ_o.x") == "of-line"
    assert issuer.requests() == {"/line/userinfo": 2}


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"sub": "x"}', b"[1]", b"1", b"NaN", b"[" * 5000, '{"a":1}'.encode("utf-16")]
)
async def test_a_jwt_is_no_lookalike(issuer: Issuer, payload: bytes) -> None:
    """U17: whatever anybody at all could read as JSON is shown to nobody, though the pattern matches."""
    async with entrance(issuer, line={"token_pattern": LINE}) as providers:
        token = AccessToken(of_line(payload))
        with pytest.raises(BridgeError) as refusal:
            await providers.verify(token, SILENT)
        assert refusal.value.code in {"token_malformed", "token_invalid", "token_untrusted"}
        assert not providers.asks(token)
    assert issuer.asked() == 0


@pytest.mark.parametrize("pattern", [None, ".*", "(eyJ|x).*", "eyJx.*"])
async def test_a_pattern_that_only_happens_to_match_is_not_enough(issuer: Issuer, pattern: str | None) -> None:
    """Somebody who writes ``.*`` did not mean JWTs."""
    async with entrance(issuer, legacy={} if pattern is None else {"token_pattern": pattern}) as providers:
        with pytest.raises(TokenMalformed):
            await providers.verify(AccessToken(of_line(b"\x52\x7f")), SILENT)
    assert issuer.asked() == 0
