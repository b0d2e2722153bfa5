"""Userinfo beside a JWT: when it is asked, whose answer it may be, and what its silence costs."""

from typing import Any

import pytest

from bridge.errors import BridgeError, ProviderBusy, ProviderUnavailable, TokenInactive, TokenUntrusted
from bridge.trace import RecordingTrace
from tests.issuer import mint
from tests.issuer.process import Issuer
from tests.oidc.opaque import WANTED, verify

SUBJECT = "visitor-1"
FULL = {"name": "A", "email": "a@b.example", "email_verified": True, "picture": "https://a.example/p"}


def settings(issuer: Issuer, **userinfo: Any) -> dict[str, Any]:
    """A provider of JWTs that asks userinfo."""
    return {"issuer": issuer.url, "audience": mint.AUDIENCE, "userinfo": userinfo}


@pytest.mark.parametrize(
    ("claims", "userinfo", "wanted", "asked"),
    [
        pytest.param({}, {"when": "never"}, WANTED, False, id="never"),
        pytest.param(FULL, {"when": "always"}, WANTED, True, id="always"),
        pytest.param({}, {"when": "missing"}, WANTED, True, id="all missing"),
        pytest.param(FULL, {"when": "missing"}, WANTED, False, id="none missing"),
        pytest.param({**FULL, "name": ...}, {"when": "missing"}, WANTED, True, id="one missing"),
        pytest.param({**FULL, "name": None}, {"when": "missing"}, WANTED, True, id="null"),
        pytest.param({**FULL, "name": " "}, {"when": "missing"}, WANTED, True, id="blank"),
        pytest.param({**FULL, "email_verified": ...}, {"when": "missing"}, WANTED, True, id="its proof missing"),
        pytest.param({**FULL, "email_verified": False}, {"when": "missing"}, WANTED, False, id="a proof that says no"),
        pytest.param({}, {"when": "missing"}, frozenset({"sub"}), False, id="missing, but not mapped"),
        pytest.param({}, {"when": "missing"}, frozenset({"plan"}), False, id="mapped, but not supplied"),
        pytest.param({}, {"when": "missing", "supplies": "plan"}, frozenset({"plan"}), True, id="supplied"),
    ],
)
async def test_when_it_is_asked(
    issuer: Issuer, claims: dict[str, Any], userinfo: dict[str, Any], wanted: frozenset[str], asked: bool
) -> None:
    """CONFIG.md's *missing*: what the mapping reads and userinfo supplies and the token has not."""
    issuer.set(userinfo={"sub": SUBJECT, "name": "B"})
    found = await verify(settings(issuer, **userinfo), mint.good_token(issuer.url, **claims), wanted=wanted)
    assert list(found.sources) == (["token", "userinfo"] if asked else ["token"])
    assert found.subject == SUBJECT
    assert issuer.requests().get("/userinfo", 0) == asked


async def test_a_refused_token_is_shown_to_nobody(issuer: Issuer) -> None:
    """U17: a JWT goes to userinfo after all its checks, or not at all."""
    issuer.set(userinfo={"sub": SUBJECT})
    for claims in ({"aud": "other"}, {"exp": mint.At(-60)}, {"sub": ""}, {"iss": "https://other.example"}):
        with pytest.raises(BridgeError):
            await verify(settings(issuer, when="always"), mint.good_token(issuer.url, **claims))
    forged = mint.sign(mint.good_header(), mint.good_claims(issuer.url), "rsa2")
    with pytest.raises(BridgeError):
        await verify(settings(issuer, when="always"), forged)
    assert "/userinfo" not in issuer.requests()


async def test_an_id_token_is_never_sent_there(issuer: Issuer) -> None:
    """It is no access token (CONFIG.md), and says all that it says; the trace tells."""
    issuer.set(userinfo={"sub": SUBJECT})
    both = {"accept": ["access_token", "id_token"], "id_token_audience": "web"}
    trace = RecordingTrace()
    token = mint.good_token(issuer.url, aud="web", nonce="n")
    claims = await verify({**settings(issuer, when="always"), **both}, token, trace=trace)
    assert list(claims.sources) == ["token"]
    assert ("userinfo", "skipped") in [(step.name, step.verdict) for step in trace.steps]
    assert "/userinfo" not in issuer.requests()


@pytest.mark.parametrize(
    "answer", [{"sub": "visitor-2"}, {"sub": ""}, {"name": "A"}, {"sub": None}, {"sub": ["visitor-1"]}]
)
async def test_an_answer_about_somebody_else(issuer: Issuer, answer: dict[str, Any]) -> None:
    """U01: OpenID Connect Core section 5.3.2: MUST NOT be used."""
    issuer.set(userinfo=answer)
    with pytest.raises(TokenUntrusted, match="userinfo's sub"):
        await verify(settings(issuer, when="always"), mint.good_token(issuer.url))


@pytest.mark.parametrize("fault", ["userinfo_401", "userinfo_403"])
async def test_a_token_that_userinfo_refuses(issuer: Issuer, fault: str) -> None:
    """U03: it is no longer good, whatever its exp says."""
    issuer.set(fault=fault)
    with pytest.raises(TokenInactive):
        await verify(settings(issuer, when="always"), mint.good_token(issuer.url))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("userinfo_500", ProviderUnavailable),
        ("userinfo_html", ProviderUnavailable),
        ("userinfo_reset", ProviderUnavailable),
        ("userinfo_429", ProviderBusy),
    ],
)
async def test_without_an_answer_the_claims_are_incomplete(
    issuer: Issuer, fault: str, error: type[BridgeError]
) -> None:
    """Those of the token alone, with the reason; whether that is enough is for the mapping to say."""
    issuer.set(fault=fault)
    claims = await verify(settings(issuer, when="missing"), mint.good_token(issuer.url))
    assert (claims.subject, list(claims.sources)) == (SUBJECT, ["token"])
    assert isinstance(claims.incomplete, error)


async def test_the_subject_claim_stays_the_tokens(issuer: Issuer) -> None:
    """Entra's oid: userinfo is compared by sub, and the id is the token's."""
    issuer.set(userinfo={"sub": SUBJECT, "oid": "o2"})
    claims = await verify({**settings(issuer, when="always"), "subject": "oid"}, mint.good_token(issuer.url, oid="o1"))
    assert claims.subject == "o1"
