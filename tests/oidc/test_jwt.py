"""bridge/oidc/jwt.py: the claim checks. One fault a row, all else valid; the attack tables have the same end to end."""

from typing import Any

import pytest

from bridge.errors import BridgeError, TokenExpired, TokenInactive, TokenMalformed, TokenNotYetValid, TokenUntrusted
from bridge.oidc.claim_checks import Examined, Expectations
from bridge.oidc.jwt import CHECKS, check_claims
from bridge.oidc.settings import ProviderSettings
from bridge.trace import SILENT, RecordingTrace

NOW = 1_800_000_000
ISSUER = "https://login.shop.example/"
GONE = Ellipsis

CLAIMS: dict[str, Any] = {"iss": ISSUER, "sub": "u1", "aud": "chat", "iat": NOW - 60, "exp": NOW + 600}


def expectations(**settings: Any) -> Expectations:
    """What these settings ask of a token."""
    return Expectations(ProviderSettings.model_validate({"issuer": ISSUER, "audience": "chat", **settings}))


def check(
    claims: dict[str, Any], header: dict[str, Any] | None = None, trace: RecordingTrace | None = None, **settings: Any
) -> tuple[float, str]:
    """The end and the kind of the good token with these members laid over it."""
    members = {name: value for name, value in (CLAIMS | claims).items() if value is not GONE}
    examined = Examined(header or {"typ": "JWT"}, members, NOW)
    return check_claims(examined, expectations(**settings), trace or SILENT), examined.kind


def anything(*values: Any) -> list[Any]:
    """Values of any type."""
    return list(values)


BOTH: dict[str, Any] = {"accept": ["access_token", "id_token"], "authorized_parties": ["web"]}
ID_ONLY: dict[str, Any] = {"accept": ["id_token"], "id_token_audience": ["web"]}


@pytest.mark.parametrize(
    ("claims", "settings", "kind"),
    [
        pytest.param({}, {}, "access_token", id="J00 the baseline"),
        pytest.param({"aud": ["account", "chat"]}, {}, "access_token", id="C08 ours among others"),
        pytest.param({"iat": GONE}, {}, "access_token", id="no iat"),
        pytest.param({"exp": NOW + 600.5, "iat": float(NOW)}, {}, "access_token", id="C19 fractions"),
        pytest.param({"exp": NOW - 29}, {}, "access_token", id="C16 within the leeway"),
        pytest.param({"nbf": NOW + 30, "iat": NOW + 30}, {}, "access_token", id="C22 within the leeway"),
        pytest.param(
            {"iss": "https://old.example"},
            {"issuer": [ISSUER, "https://old.example"]},
            "access_token",
            id="one of several spellings",
        ),
        pytest.param(
            {"aud": GONE, "client_id": "chat"},
            {"audience_claims": ["aud", "client_id"]},
            "access_token",
            id="the first audience claim there is",
        ),
        pytest.param(
            {"aud": GONE, "azp": "web"},
            {"audience": "none", "authorized_parties": "web"},
            "access_token",
            id="no audience, but a party",
        ),
        pytest.param({"azp": "web"}, {"authorized_parties": ["app", "web"]}, "access_token", id="azp"),
        pytest.param({"cid": "web"}, {"authorized_parties": "web"}, "access_token", id="Okta's cid"),
        pytest.param({"appid": "web"}, {"authorized_parties": "web"}, "access_token", id="Entra's appid"),
        pytest.param({"scope": "openid chat"}, {"required_scopes": "chat"}, "access_token", id="scope as text"),
        pytest.param({"scp": ["openid", "chat"]}, {"required_scopes": "chat"}, "access_token", id="scp as a list"),
        pytest.param({"typ": "Bearer"}, {}, "access_token", id="Keycloak's access token"),
        pytest.param({"token_use": "access"}, {}, "access_token", id="Cognito's access token"),
        pytest.param({"tokenType": "access-token"}, {}, "access_token", id="Casdoor's access token"),
        pytest.param({"typ": "Bearer", "nonce": "n"}, {}, "access_token", id="a mark speaks louder than a nonce"),
        pytest.param({"cnf": None}, {}, "access_token", id="no constraint"),
        pytest.param({"typ": "ID", "aud": "web"}, ID_ONLY, "id_token", id="Keycloak's ID token"),
        pytest.param({"token_use": "id", "aud": "web"}, ID_ONLY, "id_token", id="Cognito's ID token"),
        pytest.param({"nonce": "n", "aud": "web"}, BOTH, "id_token", id="a nonce marks an ID token"),
        pytest.param({"at_hash": "h", "aud": "web", "azp": "web"}, BOTH, "id_token", id="as does at_hash"),
        pytest.param({"aud": "web"}, ID_ONLY, "id_token", id="unmarked is the kind accepted"),
        pytest.param(
            {"aud": ["chat"], "azp": "web"}, BOTH, "access_token", id="both accepted: ours is an access token"
        ),
        pytest.param({"aud": "web"}, BOTH, "id_token", id="both accepted: the client's is an ID token"),
        pytest.param(
            {"aud": "web", "scope": ""},
            BOTH | {"required_scopes": "chat"},
            "id_token",
            id="scopes are not asked of ID tokens",
        ),
    ],
)
def test_accepts(claims: dict[str, Any], settings: dict[str, Any], kind: str) -> None:
    """What a correct provider gives for us passes every check."""
    assert check(claims, **settings)[1] == kind


@pytest.mark.parametrize(
    ("claims", "settings", "error"),
    [
        *[
            pytest.param({"iss": iss}, {}, TokenUntrusted, id=f"C01 iss {iss!r}")
            for iss in anything(
                "https://login.shop.example",
                ISSUER + "/",
                "https://LOGIN.shop.example/",
                "",
                None,
                5,
                [ISSUER],
                True,
                GONE,
            )
        ],
        *[
            pytest.param({"aud": aud}, {}, TokenUntrusted, id=f"C06 aud {aud!r}")
            for aud in anything(
                "",
                [],
                None,
                [None],
                [["chat"]],
                {"chat": 1},
                "CHAT",
                "chat-evil",
                "a chat",
                5,
                True,
                ["chat", 5],
                GONE,
            )
        ],
        pytest.param(
            {"aud": "other", "client_id": "chat"},
            {"audience_claims": ["aud", "client_id"]},
            TokenUntrusted,
            id="the first audience claim decides alone",
        ),
        pytest.param({"azp": "app"}, {"authorized_parties": "web"}, TokenUntrusted, id="C10 another client"),
        pytest.param(
            {"azp": "app", "client_id": "web"},
            {"authorized_parties": "web"},
            TokenUntrusted,
            id="C10 the first party claim decides",
        ),
        pytest.param({"azp": ["web"]}, {"authorized_parties": "web"}, TokenUntrusted, id="C10 a list is no party"),
        pytest.param(
            {"azp": None, "client_id": "web"}, {"authorized_parties": "web"}, TokenUntrusted, id="C10 null is no party"
        ),
        pytest.param({}, {"authorized_parties": "web"}, TokenUntrusted, id="C10 nobody asked for it"),
        pytest.param(
            {"typ": "ID", "aud": ["web", "stranger"]}, BOTH, TokenUntrusted, id="an ID token for a stranger too"
        ),
        pytest.param({"typ": "ID", "aud": "web"}, {}, TokenUntrusted, id="C12 an ID token where none is taken"),
        pytest.param({"nonce": "n"}, {}, TokenUntrusted, id="C12 told by its nonce"),
        pytest.param(
            {"typ": "Bearer", "aud": "web"}, ID_ONLY, TokenUntrusted, id="an access token where none is taken"
        ),
        pytest.param({"typ": "ID", "aud": "chat"}, BOTH, TokenUntrusted, id="an ID token for our API"),
        *[
            pytest.param({"typ": typ}, {}, TokenUntrusted, id=f"C13 payload typ {typ!r}")
            for typ in anything("Refresh", "Offline", "Logout", "bearer", "", 5, [], True)
        ],
        pytest.param({"token_use": "refresh"}, {}, TokenUntrusted, id="C13 token_use"),
        pytest.param({"tokenType": "refresh-token"}, {}, TokenUntrusted, id="C13 tokenType"),
        pytest.param(
            {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
            {},
            TokenUntrusted,
            id="C13 a logout token",
        ),
        pytest.param({"typ": "Bearer", "token_use": "id"}, BOTH, TokenUntrusted, id="marked as both"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, TokenUntrusted, id="C34 DPoP"),
        pytest.param({"cnf": {}}, {}, TokenUntrusted, id="C34 any cnf"),
        pytest.param({"scope": "openid"}, {"required_scopes": "chat"}, TokenUntrusted, id="scope missing"),
        pytest.param({"scope": "xchat chatx"}, {"required_scopes": "chat"}, TokenUntrusted, id="scope nearly"),
        pytest.param({"scope": 5}, {"required_scopes": "chat"}, TokenUntrusted, id="scope a number"),
        pytest.param({}, {"required_scopes": "chat"}, TokenUntrusted, id="no scope at all"),
        *[
            pytest.param({"exp": exp}, {}, TokenMalformed, id=f"C18 exp {exp!r}")
            for exp in anything("9999999999", True, None, [NOW], {}, 10**30, 10**400, -(10**30), GONE)
        ],
        *[
            pytest.param({name: value}, {}, TokenMalformed, id=f"C22 {name} {value!r}")
            for name in ("nbf", "iat")
            for value in anything("x", None, True, [], 10**30)
        ],
        *[
            pytest.param({"sub": sub}, {}, TokenMalformed, id=f"C25 sub {sub!r}")
            for sub in anything("", None, 5, True, ["u1"], {}, GONE)
        ],
        pytest.param({"exp": NOW - 30}, {}, TokenExpired, id="C16 at the very second"),
        pytest.param({"exp": NOW}, {"leeway": "0s"}, TokenExpired, id="C16 without leeway"),
        pytest.param({"exp": -1}, {}, TokenExpired, id="C19 negative"),
        pytest.param({"iat": NOW - 86430}, {}, TokenExpired, id="C21 older than a day"),
        pytest.param(
            {"iat": NOW - 100}, {"max_token_age": "60s"}, TokenExpired, id="C21 older than the configured age"
        ),
        pytest.param({"iat": GONE, "exp": NOW + 86431}, {}, TokenExpired, id="C21 of unknown age and long life"),
        pytest.param({"nbf": NOW + 31}, {}, TokenNotYetValid, id="C22 nbf"),
        pytest.param({"iat": NOW + 31}, {}, TokenNotYetValid, id="C22 iat"),
    ],
)
def test_refuses(claims: dict[str, Any], settings: dict[str, Any], error: type[BridgeError]) -> None:
    """Each fault has the class, and so the code, that CONTRACT.md names; the detail quotes nothing personal."""
    with pytest.raises(error) as refusal:
        check(claims, **settings)
    assert type(refusal.value) is error
    assert refusal.value.detail
    assert "u1" not in refusal.value.detail


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_header_typ_without_case_and_prefix(typ: str) -> None:
    """RFC 7515 section 4.1.9; an absent one is taken as well."""
    assert check({}, {"typ": typ})[1] == "access_token"
    assert check({}, {"alg": "RS256"})[1] == "access_token"


@pytest.mark.parametrize(
    "typ",
    ["logout+jwt", "secevent+jwt", "dpop+jwt", "application/okta-internal-at+jwt", "", 5, None, ["JWT"], "at+jwtx"],
)
def test_other_header_typs(typ: Any) -> None:
    """C13: refused always, whatever else the token says."""
    with pytest.raises(TokenUntrusted, match="typ"):
        check({}, {"typ": typ})


def test_token_types_narrow_and_widen() -> None:
    """An operator may insist on RFC 9068, or take his provider's own typ."""
    check({}, {"typ": "at+jwt"}, token_types=["at+jwt"])
    check({}, {"typ": "shop+jwt"}, token_types=["JWT", "shop+jwt"])
    with pytest.raises(TokenUntrusted, match="typ"):
        check({}, {"typ": "JWT"}, token_types=["at+jwt"])
    with pytest.raises(TokenUntrusted, match=r"both|ID token"):
        check({"typ": "ID", "aud": "web"}, {"typ": "at+jwt"}, None, **BOTH)


@pytest.mark.parametrize(
    ("claims", "settings", "end"),
    [
        ({}, {}, NOW + 600),
        ({"exp": NOW - 10}, {}, NOW - 10),
        ({}, {"max_token_age": "90s"}, NOW + 30),
        ({"iat": GONE}, {}, NOW + 600),
    ],
    ids=["exp", "exp without leeway", "max_token_age", "no iat"],
)
def test_gives_the_end_of_the_token(claims: dict[str, Any], settings: dict[str, Any], end: float) -> None:
    """What is derived from a token lives no longer than it: its exp, or the age that we allow."""
    assert check(claims, **settings)[0] == end


def test_every_check_leaves_its_step() -> None:
    """The trace shows each check up to the one that refused, and that one's reason."""
    trace = RecordingTrace()
    check({}, trace=trace)
    assert [(step.name, step.verdict) for step in trace.steps] == [(name, "ok") for name, _ in CHECKS]
    trace = RecordingTrace()
    with pytest.raises(TokenUntrusted):
        check({"aud": "other"}, trace=trace)
    assert [step.verdict for step in trace.steps] == ["ok"] * 4 + ["refused"]
    assert "chat" in trace.steps[-1].reason


BEFORE = "2027-01-15T08:00:00Z"  # NOW, as an operator writes it
KEY = {"typ": "JWT", "kid": "k1"}


@pytest.mark.parametrize(
    ("claims", "header", "refuse", "refused"),
    [
        ({"iat": NOW - 1}, KEY, {"issued_before": BEFORE}, True),
        ({"iat": NOW}, KEY, {"issued_before": BEFORE}, False),
        ({"iat": GONE}, KEY, {"issued_before": BEFORE}, True),
        ({"iat": GONE}, KEY, {}, False),
        ({}, KEY, {"subjects": ["u0", "u1"]}, True),
        ({}, KEY, {"subjects": ["u", "U1", "u11"]}, False),
        ({"oid": "o1"}, KEY, {"subjects": "o1"}, True),
        ({"oid": ["o1"]}, KEY, {"subjects": "o1"}, False),
        ({"email": "u2"}, KEY, {"subjects": "u2"}, False),
        ({}, KEY, {"key_ids": ["k0", "k1"]}, True),
        ({}, KEY, {"key_ids": "k"}, False),
        ({}, {"typ": "JWT"}, {"key_ids": "k0"}, True),
        ({}, {"typ": "JWT"}, {}, False),
        ({"jti": "t1"}, KEY, {"token_ids": ["t0", "t1"]}, True),
        ({"jti": "t2"}, KEY, {"token_ids": "t1"}, False),
        ({}, KEY, {"token_ids": "t1"}, False),
        ({"jti": ["t1"]}, KEY, {"token_ids": "t1"}, True),
        ({"jti": 5}, KEY, {"token_ids": "5"}, True),
        ({"jti": 5}, KEY, {}, False),
    ],
)
def test_incident_switches(
    claims: dict[str, Any], header: dict[str, Any], refuse: dict[str, Any], refused: bool
) -> None:
    """What an operator switches off is inactive; where a switch cannot tell, the token may be the one meant."""
    settings: dict[str, Any] = {"refuse": refuse, "subject": "oid" if "oid" in claims else "sub"}
    if not refused:
        check(claims, header, **settings)
        return
    with pytest.raises(TokenInactive, match=f"refuse.{next(iter(refuse))}") as refusal:
        check(claims, header, **settings)
    assert not {"u1", "o1", "t1"} & set(refusal.value.detail.split())


TENANT = "6f1b2c3d-0000-4000-8000-1234567890ab"
OTHER_TENANT = "11111111-2222-4333-8444-555555555555"
ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
HOME = ENTRA.replace("{tenantid}", TENANT)


@pytest.mark.parametrize(
    ("claims", "tenants", "accepted"),
    [
        ({"iss": HOME, "tid": TENANT}, [TENANT], True),
        ({"iss": HOME, "tid": TENANT}, [OTHER_TENANT, TENANT.upper()], True),
        ({"iss": HOME, "tid": TENANT}, "any", True),
        ({"iss": HOME, "tid": TENANT}, [OTHER_TENANT], False),
        ({"iss": HOME}, [TENANT], False),
        ({"iss": HOME, "tid": OTHER_TENANT}, "any", False),
        ({"iss": HOME, "tid": TENANT.upper()}, "any", False),
        ({"iss": HOME + "/", "tid": TENANT}, "any", False),
        ({"iss": "x" + HOME, "tid": TENANT}, "any", False),
        ({"iss": HOME, "tid": [TENANT]}, "any", False),
        ({"iss": [HOME], "tid": TENANT}, "any", False),
        ({"iss": ENTRA, "tid": TENANT}, "any", False),
        ({"iss": ENTRA, "tid": "{tenantid}"}, "any", False),
        ({"iss": ENTRA.replace("{tenantid}", "any"), "tid": "any"}, "any", False),
        ({"iss": ENTRA.replace("{tenantid}", "a/../b"), "tid": "a/../b"}, "any", False),
        ({"iss": ENTRA.replace("{tenantid}", ""), "tid": ""}, "any", False),
    ],
)
def test_the_tenant_template(claims: dict[str, Any], tenants: Any, accepted: bool) -> None:
    """C02: iss is the template with the token's own tid in it, of a tenant that is taken."""
    if accepted:
        assert check(claims, issuer=ENTRA, tenants=tenants)
    else:
        with pytest.raises(TokenUntrusted, match="iss"):
            check(claims, issuer=ENTRA, tenants=tenants)
