"""Introspection in the flow: which answers are for us, and what becomes of a JWT that is to be asked about too."""

import time
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import (
    BridgeError,
    ProviderBusy,
    ProviderUnavailable,
    TokenExpired,
    TokenInactive,
    TokenNotYetValid,
    TokenUntrusted,
)
from bridge.oidc.introspected import CHECKS
from bridge.trace import SILENT
from tests.issuer import mint
from tests.issuer.mint import At
from tests.issuer.process import Issuer
from tests.oidc.opaque import INTROSPECTED, TOKEN, active, anything, entrance, steps, verify

SUBJECT = "visitor-1"


async def test_a_good_answer(issuer: Issuer) -> None:
    """U00: its members are the claims, its exp the end; one question and one look at the metadata."""
    answer = active(issuer, name="Nguyễn Văn A")
    issuer.set(introspection=answer)
    claims = await verify({"issuer": issuer.url, **INTROSPECTED})
    assert (claims.provider, claims.subject, claims.sources) == ("shop", SUBJECT, {"introspection": answer})
    assert claims.expires_at == answer["exp"]
    assert claims.incomplete is None
    assert issuer.requests() == {"/.well-known/openid-configuration": 1, "/introspection": 1}


async def test_without_an_issuer_nothing_is_discovered(issuer: Issuer) -> None:
    """A provider with an address alone: iss is nothing to compare with."""
    issuer.set(introspection=active(issuer, iss="https://anything.example"))
    introspection = {**INTROSPECTED["introspection"], "url": f"{issuer.url}/introspection"}
    assert (await verify({**INTROSPECTED, "introspection": introspection})).subject == SUBJECT
    assert issuer.requests() == {"/introspection": 1}


async def test_every_check_is_a_step(issuer: Issuer) -> None:
    """What explain shows: whose token, the question, how long it took, each check."""
    issuer.set(introspection=active(issuer))
    expected = [("form", "ok"), ("introspection", "note"), ("introspection", "ok")]
    expected += [(name, "ok") for name, _ in CHECKS] + [("refused subjects", "ok")]
    assert await steps({"issuer": issuer.url, **INTROSPECTED}) == expected


@pytest.mark.parametrize(
    ("members", "settings"),
    [
        pytest.param({"iss": ...}, {}, id="no iss"),
        pytest.param({"aud": ["account", "chat"]}, {}, id="ours among others"),
        pytest.param({"aud": ..., "client_id": "chat"}, {"audience_claims": ["aud", "client_id"]}, id="client_id"),
        pytest.param(
            {"aud": ..., "client_id": "web"}, {"audience": "none", "authorized_parties": "web"}, id="a party, no aud"
        ),
        pytest.param({"exp": ..., "iat": ...}, {}, id="no dates"),
        pytest.param({"exp": None, "nbf": None, "cnf": None, "scope": None}, {}, id="null is none"),
        pytest.param({"exp": At(-29)}, {}, id="within the leeway"),
        pytest.param({"scope": "openid chat"}, {"required_scopes": "chat"}, id="scope"),
        pytest.param({"token_type": ...}, {}, id="no kind"),
        *(pytest.param({"token_type": kind}, {}, id=f"kind {kind}") for kind in ("bearer", "access_token")),
        pytest.param({"token_use": "access_token"}, {}, id="Hydra's kind"),
        pytest.param({"typ": "Bearer", "token_type": "Bearer"}, {}, id="Keycloak's kind"),
        pytest.param({"sub": 12345}, {}, id="a numeric subject"),
    ],
)
async def test_accepts(issuer: Issuer, members: dict[str, Any], settings: dict[str, Any]) -> None:
    """The twins of all that is refused below."""
    issuer.set(introspection=active(issuer, **members))
    assert (await verify({"issuer": issuer.url, **INTROSPECTED, **settings})).subject in {SUBJECT, "12345"}


@pytest.mark.parametrize(
    ("members", "settings", "error"),
    [
        *(
            pytest.param({"iss": iss}, {}, TokenUntrusted, id=f"U04 iss {iss!r}")
            for iss in anything("https://other.example", "", 5, [])
        ),
        *(
            pytest.param({"aud": aud}, {}, TokenUntrusted, id=f"U04 aud {aud!r}")
            for aud in anything("other", [], ["other"], "", 5, {}, ["chat", 5], ..., None)
        ),
        pytest.param({"client_id": "evil"}, {"authorized_parties": "web"}, TokenUntrusted, id="U04 client_id"),
        pytest.param({"azp": "evil"}, {"authorized_parties": "web"}, TokenUntrusted, id="U04 azp"),
        pytest.param({"client_id": ...}, {"authorized_parties": "web"}, TokenUntrusted, id="U04 no client"),
        pytest.param(
            {"aud": ..., "client_id": "evil"}, {"audience": "none", "authorized_parties": "web"}, TokenUntrusted,
            id="U04 another party, no aud",
        ),
        pytest.param({"exp": At(-31)}, {}, TokenExpired, id="U04 expired"),
        pytest.param({"iat": At(-7200)}, {"max_token_age": "1h"}, TokenExpired, id="too old"),
        pytest.param({"nbf": At(40)}, {}, TokenNotYetValid, id="not yet"),
        pytest.param({"iat": At(40)}, {}, TokenNotYetValid, id="of the future"),
        *(
            pytest.param({name: value}, {}, ProviderUnavailable, id=f"{name} {value!r}")
            for name in ("exp", "nbf", "iat")
            for value in anything("2030-01-01", True, [1], {}, 1e15)
        ),
        pytest.param({"scope": "openid"}, {"required_scopes": "chat"}, TokenUntrusted, id="scope missing"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, TokenUntrusted, id="sender-constrained"),
        *(
            pytest.param({name: kind}, {}, TokenUntrusted, id=f"{name} {kind!r}")
            for name, kind in (
                ("token_type", "refresh_token"), ("token_type", "DPoP"), ("token_type", 5), ("typ", "Refresh"),
                ("typ", "ID"), ("token_use", "refresh_token"), ("token_use", "id"), ("tokenType", "refresh-token"),
            )
        ),
        *(
            pytest.param({"sub": sub}, {}, TokenUntrusted, id=f"sub {sub!r}")
            for sub in anything(..., "", None, True, ["visitor-1"], {}, 1.5)
        ),
        pytest.param({}, {"refuse": {"subjects": SUBJECT}}, TokenInactive, id="a refused subject"),
        pytest.param({"jti": "x"}, {"refuse": {"token_ids": "x"}}, TokenInactive, id="a refused token"),
        pytest.param(
            {"iat": ...}, {"refuse": {"issued_before": "2026-01-01T00:00:00Z"}}, TokenInactive, id="of unknown age"
        ),
        pytest.param({"active": False}, {}, TokenInactive, id="U03 inactive"),
    ],
)  # fmt: skip
async def test_refuses(
    issuer: Issuer, members: dict[str, Any], settings: dict[str, Any], error: type[BridgeError]
) -> None:
    """Active is not yet for us, and not yet now."""
    issuer.set(introspection=active(issuer, **members))
    with pytest.raises(error):
        await verify({"issuer": issuer.url, **INTROSPECTED, **settings})
    assert issuer.requests()["/introspection"] == 1


@pytest.mark.parametrize(
    ("members", "settings", "end"),
    [
        ({"iat": At(-60), "exp": At(90000)}, {}, 86340),
        ({"iat": ..., "exp": At(90000)}, {"max_token_age": "1h"}, 3600),
        ({"iat": ..., "exp": ...}, {"max_token_age": "1h"}, 3600),
        ({"iat": ..., "exp": At(60)}, {}, 60),
    ],
)
async def test_the_end(issuer: Issuer, members: dict[str, Any], settings: dict[str, Any], end: float) -> None:
    """The earlier of exp and max_token_age, which counts from now where nothing says how old the token is."""
    issuer.set(introspection=active(issuer, **members))
    claims = await verify({"issuer": issuer.url, **INTROSPECTED, **settings})
    assert claims.expires_at == pytest.approx(time.time() + end, abs=20)


async def test_userinfo_names_whom_introspection_does_not(issuer: Issuer) -> None:
    """RFC 7662 calls sub optional: then userinfo's counts, and both are sources."""
    answer = active(issuer, sub=...)
    issuer.set(introspection=answer, userinfo={"sub": "u9", "name": "A"})
    settings = {"issuer": issuer.url, **INTROSPECTED, "userinfo": {}}
    claims = await verify(settings)
    assert (claims.subject, list(claims.sources)) == ("u9", ["userinfo", "introspection"])
    with pytest.raises(TokenInactive):
        await verify({**settings, "refuse": {"subjects": "u9"}})
    issuer.set(fault="userinfo_500")
    with pytest.raises(ProviderUnavailable):
        await verify(settings)


@pytest.mark.parametrize(
    ("when", "answer", "sources"),
    [
        ("never", {}, ["introspection"]),
        ("missing", {}, ["userinfo", "introspection"]),
        ("missing", {"name": "A", "email": "a@b.example", "email_verified": True, "picture": "p"}, ["introspection"]),
        ("always", {"name": "A"}, ["userinfo", "introspection"]),
    ],
)
async def test_userinfo_completes_introspection(
    issuer: Issuer, when: str, answer: dict[str, Any], sources: list[str]
) -> None:
    """As ``when`` says, for an introspected token as for a JWT."""
    issuer.set(introspection=active(issuer, **answer), userinfo={"sub": SUBJECT, "name": "B"})
    claims = await verify({"issuer": issuer.url, **INTROSPECTED, "userinfo": {"when": when}})
    assert (claims.subject, list(claims.sources)) == (SUBJECT, sources)
    assert issuer.requests().get("/userinfo", 0) == ("userinfo" in sources)


async def test_userinfo_of_somebody_else(issuer: Issuer) -> None:
    """U01: its values must not be used."""
    issuer.set(introspection=active(issuer), userinfo={"sub": "visitor-2"})
    with pytest.raises(TokenUntrusted, match="another"):
        await verify({"issuer": issuer.url, **INTROSPECTED, "userinfo": {"when": "always"}})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"active": True}, None),
        ({"active": True, "sub": SUBJECT}, None),
        ({"active": True, "sub": None}, None),
        ({"active": True, "sub": "visitor-2"}, TokenUntrusted),
        ({"active": True, "sub": ["visitor-2"]}, TokenUntrusted),
        ({"active": True, "sub": ""}, TokenUntrusted),
        ({"active": False}, TokenInactive),
        ({"active": "true", "sub": SUBJECT}, TokenInactive),
        ("<html>", ProviderUnavailable),
    ],
)
async def test_jwts_are_introspected_where_that_is_asked(
    issuer: Issuer, answer: Any, error: type[BridgeError] | None
) -> None:
    """``when: always``: after the token's own checks; where it cannot be asked nobody is let in."""
    issuer.set(introspection=answer)
    settings = {"issuer": issuer.url, **INTROSPECTED}
    settings["introspection"] = {**INTROSPECTED["introspection"], "when": "always"}
    token = mint.good_token(issuer.url)
    if error is None:
        assert list((await verify(settings, token)).sources) == ["token", "introspection"]
    else:
        with pytest.raises(error):
            await verify(settings, token)
    assert issuer.requests()["/introspection"] == 1
    with pytest.raises(TokenUntrusted):
        await verify(settings, mint.good_token(issuer.url, aud="other"))
    assert issuer.requests()["/introspection"] == 1


CONFIRMED = {**INTROSPECTED, "introspection": {**INTROSPECTED["introspection"], "when": "always"}}
"""Settings of a provider that is asked about JWTs too."""


@pytest.mark.parametrize(
    ("members", "settings", "error"),
    [
        pytest.param({}, {}, None, id="all that a JWT says"),
        pytest.param({"iss": None, "aud": None, "exp": None, "iat": ...}, {}, None, id="null is none"),
        pytest.param({"aud": ["account", "chat"], "exp": At(-29)}, {}, None, id="among others, within the leeway"),
        pytest.param({"iat": At(-7200)}, {"max_token_age": "1h"}, None, id="the age is the JWT's own"),
        pytest.param({"aud": ...}, {"audience_claims": ["aud", "client_id"]}, None, id="no aud, which the JWT has"),
        pytest.param({"client_id": "web"}, {"authorized_parties": "web"}, None, id="a party"),
        pytest.param({"client_id": ...}, {"authorized_parties": "web"}, None, id="no party"),
        pytest.param({"scope": "openid chat"}, {"required_scopes": "chat"}, None, id="a scope"),
        pytest.param({"scope": ...}, {"required_scopes": "chat"}, None, id="no scope"),
        pytest.param({"iss": "https://other.example"}, {}, TokenUntrusted, id="U04 iss"),
        *(
            pytest.param({"aud": aud}, {}, TokenUntrusted, id=f"U04 aud {aud!r}")
            for aud in anything("other", ["other"], [], {}, 5)
        ),
        pytest.param({"client_id": "evil"}, {"authorized_parties": "web"}, TokenUntrusted, id="U04 client_id"),
        pytest.param({"exp": At(-31)}, {}, TokenExpired, id="U04 expired"),
        pytest.param({"nbf": At(40)}, {}, TokenNotYetValid, id="not yet"),
        pytest.param({"exp": "2030-01-01"}, {}, ProviderUnavailable, id="no date"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, TokenUntrusted, id="sender-constrained"),
        pytest.param({"scope": "openid"}, {"required_scopes": "chat"}, TokenUntrusted, id="scope withdrawn"),
        pytest.param({"jti": "x"}, {"refuse": {"token_ids": "x"}}, TokenInactive, id="a refused token"),
    ],
)
async def test_what_introspection_says_of_a_jwt(
    issuer: Issuer, members: dict[str, Any], settings: dict[str, Any], error: type[BridgeError] | None
) -> None:
    """Active is not yet for us, also where the JWT was: what is said must be of this token."""
    issuer.set(introspection=active(issuer, **members))
    token = mint.good_token(issuer.url, jti=..., azp="web", scope="chat")
    if error is None:
        await verify({"issuer": issuer.url, **CONFIRMED, **settings}, token)
    else:
        with pytest.raises(error):
            await verify({"issuer": issuer.url, **CONFIRMED, **settings}, token)


@pytest.mark.parametrize(("said", "end"), [(At(60), 60), (At(7200), 3600), (..., 3600)])
async def test_a_jwt_ends_when_introspection_says(issuer: Issuer, said: Any, end: float) -> None:
    """U15: nothing is remembered beyond the earlier end, a session's perhaps."""
    issuer.set(introspection=active(issuer, exp=said))
    claims = await verify({"issuer": issuer.url, **CONFIRMED}, mint.good_token(issuer.url))
    assert claims.expires_at == pytest.approx(time.time() + end, abs=20)


async def test_jwts_are_not_introspected_otherwise(issuer: Issuer) -> None:
    """The default: their signature is enough."""
    assert (await verify({"issuer": issuer.url, **INTROSPECTED}, mint.good_token(issuer.url))).subject == SUBJECT
    assert "/introspection" not in issuer.requests()


@pytest.mark.parametrize(
    "endpoint", [None, 5, "", "/introspection", "http://10.0.0.1/introspection", "https://u:p@a.example/"]
)
async def test_discovery_names_no_address_that_is_asked(issuer: Issuer, endpoint: Any) -> None:
    """K16 for the endpoints that are shown tokens: nothing is sent anywhere."""
    issuer.set(introspection=active(issuer), discovery={"introspection_endpoint": endpoint})
    with pytest.raises(ProviderUnavailable, match="introspection_endpoint") as refusal:
        await verify({"issuer": issuer.url, **INTROSPECTED})
    assert "introspection: {url: " in refusal.value.hint
    assert issuer.requests() == {"/.well-known/openid-configuration": 1}


async def test_a_busy_provider_is_left_alone(issuer: Issuer) -> None:
    """U09: the second token causes no request."""
    issuer.set(introspection=active(issuer), fault="introspection_429_later")
    async with entrance({"issuer": issuer.url, **INTROSPECTED}) as providers:
        for number in range(3):
            with pytest.raises(ProviderBusy) as refusal:
                await providers.verify(AccessToken(f"{TOKEN}{number}"), SILENT)
            assert 0 < (refusal.value.retry_after or 0) <= 7
    assert issuer.requests()["/introspection"] == 1
