"""bridge/oidc/providers.py: each token goes to the provider that it names, and to no other."""

import pytest

from bridge.access_token import AccessToken
from bridge.errors import TokenError, TokenInvalid, TokenMalformed, TokenUntrusted
from bridge.oidc.hints import Hint
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.trace import RecordingTrace
from tests.issuer import keys, mint


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
                HttpClient(session, provider=name, timeout=1.0),
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
