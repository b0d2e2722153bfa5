"""Attacks by claims that the issuer truly signed: for somebody else, of another kind, too late, of odd types."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.attacks.attack import Attack, Attacked, Mint, claims, signed
from tests.bridge_process import ACCEPTED, RunningBridge, StartBridge, callback, configuration
from tests.issuer import keys
from tests.issuer.mint import AUDIENCE, At, Raw, good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer


def iss(change: str) -> Mint:
    """A token whose ``iss`` is the issuer's URL, changed: ``URL`` stands for it."""
    return lambda issuer: good_token(issuer, iss=change.replace("URL", issuer))


def typ(value: Any, **members: Any) -> Mint:
    """A token with this header ``typ`` and these claims."""
    return lambda issuer: sign(good_header(typ=value), good_claims(issuer, **members), "rsa")


ID_TOKEN = {"aud": "web-shop", "nonce": "n", "at_hash": "h", "azp": "web-shop"}
FOR_BOTH = [AUDIENCE, "web-shop"]
"""The audiences of both kinds of token, so that the kind alone decides."""

NO_TEXT: tuple[Any, ...] = (None, 5, True, ["visitor-1"], {"a": 1})
NO_DATE: tuple[Any, ...] = (
    "9999999999",
    True,
    False,
    None,
    [9999999999],
    {},
    Raw("1e999"),
    Raw("NaN"),
    Raw("Infinity"),
    Raw("-Infinity"),
)

PARTIES: Mapping[str, Mapping[str, Any]] = {
    "no party at all": {},
    "azp of another, client_id ours": {"azp": "other-app", "client_id": "web-shop"},
    "azp null, client_id ours": {"azp": None, "client_id": "web-shop"},
    "azp a list": {"azp": ["web-shop"]},
    "azp a prefix": {"azp": "web"},
    "azp empty": {"azp": ""},
    "aud of the other client": {"aud": "other-app", "azp": "web-shop"},
}

ISSUER_AND_AUDIENCE = (
    Attack("C01", "another's iss", claims(iss="https://login.other.example"), "token_untrusted"),
    Attack("C01", "iss missing", claims(iss=...), "token_untrusted"),
    *(Attack("C01", f"iss {value!r}", claims(iss=value), "token_untrusted") for value in (*NO_TEXT, "")),
    *(
        Attack("C02", f"iss {text}", iss(text), "token_untrusted")
        for text in ("URL/", "URL/a", "URL.example", " URL", "URL ", "URL#", "URL?", "URL/.", "URL\n", "URL%20")
    ),
    Attack("C02", "a prefix of iss", lambda i: good_token(i, iss=i[:-1]), "token_untrusted"),
    Attack("C02", "a suffix of iss", lambda i: good_token(i, iss=i.removeprefix("http://")), "token_untrusted"),
    Attack("C02", "iss in another case", lambda i: good_token(i, iss=i.replace("http", "HTTP")), "token_untrusted"),
    Attack("C02", "iss by another scheme", lambda i: good_token(i, iss=i.replace("http", "https")), "token_untrusted"),
    Attack(
        "C02",
        "iss by another name of the host",
        lambda i: good_token(i, iss=i.replace("127.0.0.1", "localhost")),
        "token_untrusted",
    ),
    Attack("C02", "iss percent-encoded", lambda i: good_token(i, iss=i.replace(":", "%3A")), "token_untrusted"),
    Attack("C02", "iss as a list", lambda i: good_token(i, iss=[i]), "token_untrusted"),
    Attack("C02", "iss as an object", lambda i: good_token(i, iss={"value": i}), "token_untrusted"),
    Attack("C02", "iss by another provider of ours", lambda i: good_token(i.replace("plain", "rs256")), ACCEPTED),
    Attack(
        "C05",
        "an unknown issuer that publishes keys",
        lambda i: good_token(i.replace("plain", "attacker")),
        "token_untrusted",
    ),
    Attack(
        "C05",
        "an unknown issuer and an unknown kid",
        lambda i: sign(good_header(kid="x"), good_claims(i.replace("plain", "attacker")), "rsa2"),
        "token_untrusted",
    ),
    Attack("C05", "iss in the link-local range", claims(iss="http://169.254.169.254/"), "token_untrusted"),
    Attack("C06", "another aud", claims(aud="account"), "token_untrusted"),
    *(
        Attack("C06", f"aud {aud!r}", claims(aud=aud), "token_untrusted")
        for aud in (
            "",
            [],
            None,
            [None],
            [[AUDIENCE]],
            {AUDIENCE: 1},
            {"value": AUDIENCE},
            5,
            True,
            [5],
            [AUDIENCE, 5],
            [AUDIENCE, None],
        )
    ),
    *(
        Attack("C06", f"aud {aud!r}", claims(aud=aud), "token_untrusted")
        for aud in (
            "chat-evil",
            "CHAT",
            "cha",
            "a chat",
            "chat ",
            " chat",
            "chat,a",
            "chat\0",
            "https://chat",
            ["chat-evil", "CHAT"],
            "none",
        )
    ),
    Attack("C07", "aud missing", claims(aud=...), "token_untrusted"),
    Attack("C07", "resource in place of aud", claims(aud=..., resource=AUDIENCE), "token_untrusted"),
    Attack("C08", "aud a list with ours", claims(aud=["account", AUDIENCE]), ACCEPTED),
    *(
        Attack(
            "C10",
            f"{name} of another client",
            claims(**{name: "other-app"}),
            "token_untrusted",
            twin=claims(**{name: "web-shop"}),
            realm="/parties",
        )
        for name in ("azp", "client_id", "cid", "appid")
    ),
    *(
        Attack("C10", name, claims(**members), "token_untrusted", twin=claims(azp="web-shop"), realm="/parties")
        for name, members in PARTIES.items()
    ),
    Attack("C10", "any client where none is named", claims(azp="other-app"), ACCEPTED),
    *(
        Attack(
            "C10",
            f"scope {scope!r}",
            claims(scope=scope),
            "token_untrusted",
            twin=claims(scope="openid chat"),
            realm="/scoped",
        )
        for scope in ("openid", "chatter", "CHAT", "", "openid,chat", None, {"chat": 1}, True)
    ),
    Attack("C10", "scope missing", claims(), "token_untrusted", twin=claims(scope="chat"), realm="/scoped"),
)

KIND = (
    *(
        Attack("C12", f"unmarked but for {name}", claims(**{name: "x"}), "token_untrusted")
        for name in ("nonce", "at_hash", "c_hash")
    ),
    Attack("C12", "ID token where access tokens are accepted", claims(**ID_TOKEN), "token_untrusted"),
    Attack(
        "C12",
        "ID token of our own client where access tokens are accepted",
        claims(**ID_TOKEN),
        "token_untrusted",
        twin=claims(azp="web-shop"),
        realm="/parties",
    ),
    *(
        Attack(
            "C12",
            f"{name} where ID tokens are accepted",
            token,
            "token_untrusted",
            twin=claims(**ID_TOKEN),
            realm="/ids",
        )
        for name, token in {
            "an access token by its header": typ("at+jwt", aud=FOR_BOTH),
            "Keycloak's access token": claims(typ="Bearer", aud=FOR_BOTH),
            "an access token that has a nonce": typ("at+jwt", **ID_TOKEN | {"aud": FOR_BOTH}),
        }.items()
    ),
    Attack("C12", "acr and auth_time mark nothing", claims(acr="1", auth_time=1), ACCEPTED),
    Attack("C12", "nonce in what says that it is an access token", typ("at+jwt", nonce="n"), ACCEPTED),
    Attack("C12", "nonce in what Keycloak says is an access token", claims(typ="Bearer", nonce="n"), ACCEPTED),
    Attack("C12", "an ID token where both are accepted", claims(**ID_TOKEN), ACCEPTED, realm="/both"),
    Attack(
        "C12",
        "an ID token for the API where both are accepted",
        claims(**ID_TOKEN | {"aud": AUDIENCE}),
        "token_untrusted",
        realm="/both",
    ),
    Attack(
        "C12",
        "an access token for the client where both are accepted",
        claims(typ="Bearer", aud="web-shop"),
        "token_untrusted",
        realm="/both",
    ),
    *(
        Attack("C13", f"typ {value}", typ(value), ACCEPTED)
        for value in ("at+jwt", "application/at+jwt", "AT+JWT", "Application/AT+jwt", "JWT", "jwt", "application/jwt")
    ),
    *(
        Attack("C13", f"typ {value!r}", typ(value), "token_untrusted")
        for value in (
            "logout+jwt",
            "secevent+jwt",
            "dpop+jwt",
            "client-authentication+jwt",
            "token-introspection+jwt",
            "JWS",
            "JOSE",
            "id+jwt",
            "oauth-authz-req+jwt",
            "text/at+jwt",
            "at+jwt ",
            "at+jwt; x=1",
            "application/application/jwt",
            "",
            5,
            None,
            True,
            ["JWT"],
            {"JWT": 1},
        )
    ),
    Attack(
        "C13",
        "logout token",
        claims(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        "token_untrusted",
    ),
    Attack("C13", "logout token by its header too", typ("logout+jwt", events={}), "token_untrusted"),
    *(
        Attack("C13", f"Keycloak's typ {value}", claims(typ=value), "token_untrusted")
        for value in ("Refresh", "Offline", "ID", "Logout", "bearer", "DPoP", "", 5, ["Bearer"])
    ),
    *(
        Attack("C13", f"token_use {value!r}", claims(token_use=value), "token_untrusted")
        for value in ("id", "refresh", "", ["access"])
    ),
    *(
        Attack("C13", f"tokenType {value!r}", claims(tokenType=value), "token_untrusted")
        for value in ("refresh-token", "id-token", 1)
    ),
    Attack("C13", "Keycloak's typ Bearer", claims(typ="Bearer"), ACCEPTED),
    Attack("C13", "Cognito's token_use access", claims(token_use="access"), ACCEPTED),
    Attack("C13", "Casdoor's tokenType", claims(tokenType="access-token"), ACCEPTED),
    Attack("C13", "marked as both kinds", typ("at+jwt", typ="ID", aud=FOR_BOTH), "token_untrusted", realm="/both"),
    *(
        Attack("C34", f"bound to its sender: {name}", claims(cnf=cnf), "token_untrusted")
        for name, cnf in {
            "DPoP": {"jkt": "x"},
            "mutual TLS": {"x5t#S256": "x"},
            "a key": {"jwk": {}},
            "unknown": {"x": 1},
            "nothing in it": {},
            "text": "x",
            "false": False,
        }.items()
    ),
)

TIME = (
    Attack("C16", "exp an hour ago", claims(exp=At(-3600)), "token_expired"),
    Attack("C16", "exp one second past leeway", claims(exp=At(-31)), "token_expired"),
    Attack("C16", "exp at the very second", claims(exp=At(-30)), "token_expired"),
    Attack("C16", "exp within leeway", claims(exp=At(-20)), ACCEPTED),
    Attack("C16", "exp now, without leeway", claims(exp=At(0)), "token_expired", realm="/no-leeway"),
    Attack("C16", "nbf and iat within leeway", claims(nbf=At(20), iat=At(20)), ACCEPTED),
    Attack("C16", "a clock ten minutes ahead", claims(nbf=At(600), iat=At(600)), "token_not_yet_valid"),
    Attack("C16", "a clock ten minutes behind is none of the token's faults", claims(iat=At(-600)), ACCEPTED),
    Attack("C18", "exp missing", claims(exp=...), "token_malformed"),
    *(Attack("C18", f"exp {value!r}", claims(exp=value), "token_malformed") for value in NO_DATE),
    Attack("C19", "exp 10^30", claims(exp=10**30), "token_malformed"),
    Attack("C19", "exp 1e300", claims(exp=Raw("1e300")), "token_malformed"),
    Attack("C19", "exp in milliseconds", claims(exp=Raw("1893456000000")), "token_malformed"),
    Attack("C19", "exp -1", claims(exp=-1), "token_expired"),
    Attack("C19", "exp 0", claims(exp=0), "token_expired"),
    Attack("C19", "exp -0.0", claims(exp=Raw("-0.0")), "token_expired"),
    Attack("C19", "exp with a fraction", claims(exp=Raw("4000000000.5")), ACCEPTED),
    Attack("C19", "exp with an exponent", claims(exp=Raw("4e9")), ACCEPTED),
    Attack("C21", "older than 24 hours", claims(iat=At(-86_500)), "token_expired"),
    Attack("C21", "older than the operator's hour", claims(iat=At(-3700)), "token_expired", realm="/young"),
    Attack("C21", "of unknown age, for ten years", claims(iat=..., exp=At(315_360_000)), "token_expired"),
    Attack("C21", "of unknown age, for an hour", claims(iat=...), ACCEPTED),
    Attack("C21", "almost 24 hours old", claims(iat=At(-86_000)), ACCEPTED),
    Attack("C21", "for ten years, but fresh", claims(exp=At(315_360_000)), ACCEPTED),
    Attack("C22", "nbf in an hour", claims(nbf=At(3600)), "token_not_yet_valid"),
    Attack("C22", "iat in an hour", claims(iat=At(3600)), "token_not_yet_valid"),
    *(Attack("C22", f"nbf {value!r}", claims(nbf=value), "token_malformed") for value in ("x", *NO_DATE)),
    *(Attack("C22", f"iat {value!r}", claims(iat=value), "token_malformed") for value in ("x", *NO_DATE)),
)

SUBJECT = (
    Attack("C25", "sub missing", claims(sub=...), "token_malformed"),
    *(Attack("C25", f"sub {value!r}", claims(sub=value), "token_malformed") for value in (*NO_TEXT, 1.5, "")),
    Attack("C25", "sub of 300 characters", claims(sub="x" * 300), "identity_unusable"),
    *(
        Attack("C25", f"sub {name}", claims(sub=sub), "identity_unusable")
        for name, sub in {
            "of blanks": "   ",
            "with a blank in front": " visitor-1",
            "with a blank behind": "visitor-1 ",
            "with NUL": "visitor\0",
            "with a line break": "visitor-1\n",
            "with a zero-width blank": "visitor\u200b-1",
            "with a direction mark": "\u202evisitor",
            "with a no-break blank behind": "visitor-1\u00a0",
            "with a byte order mark": "\ufeffvisitor-1",
            "with ESC": "\x1b[31mvisitor",
        }.items()
    ),
    Attack(
        "C36",
        "the same token again",
        lambda i: ONCE.setdefault(i, good_token(i)),
        ACCEPTED,
        twin=lambda i: ONCE.setdefault(i, good_token(i)),
    ),
)
ONCE: dict[str, str] = {}

NO_TOKEN_ID: tuple[Any, ...] = (5, ["stolen-token"], {})

INCIDENT = (
    Attack("C36", "issued before the incident", claims(iat=At(-3600)), "token_inactive", realm="/since"),
    Attack("C36", "without iat, so of an unknown time", claims(iat=...), "token_inactive", realm="/since"),
    Attack("C36", "issued after the incident", claims(iat=At(-60)), ACCEPTED, realm="/since"),
    Attack("C36", "a stolen visitor", claims(sub="stolen"), "token_inactive", realm="/stolen"),
    Attack("C36", "a visitor whose name begins so", claims(sub="stolen-2"), ACCEPTED, realm="/stolen"),
    *(
        Attack(
            "C36", f"a stolen visitor by {name}", claims(**members), "token_inactive", claims(user_id="u1"), "/numbered"
        )
        for name, members in {
            "the claim that is his id": {"user_id": "stolen"},
            "his sub, which is not his id": {"user_id": "u1", "sub": "stolen"},
        }.items()
    ),
    Attack("C36", "a stolen token", claims(jti="stolen-token"), "token_inactive", realm="/stolen"),
    *(
        Attack("C36", f"jti {value!r}, which may be a stolen one", claims(jti=value), "token_inactive", realm="/stolen")
        for value in NO_TOKEN_ID
    ),
    Attack("C36", "a token that never had a jti", claims(jti=...), ACCEPTED, realm="/stolen"),
    Attack("K03", "a leaked key", signed("ES256", "ec256"), "token_inactive", realm="/leaked"),
    Attack(
        "K03",
        "a leaked key, its kid left out",
        lambda i: sign(good_header("ES256", None), good_claims(i), "ec256"),
        "token_inactive",
        realm="/leaked",
    ),
    Attack(
        "K03",
        "another's signature under a leaked kid",
        signed("ES256", "ec256b", kid="ec256"),
        "token_invalid",
        realm="/leaked",
    ),
    Attack("K03", "another key than the leaked", signed("ES384", "ec384"), ACCEPTED, realm="/leaked"),
)


@pytest.mark.parametrize("attack", [*ISSUER_AND_AUDIENCE, *KIND, *TIME, *SUBJECT, *INCIDENT], ids=str)
def test_claim_attacks(attack: Attack, attacked: Attacked) -> None:
    """A good signature is not enough: the token must be of this issuer, for us, of this kind, and of now."""
    attacked.by(attack)


MAPPING = {
    "name": "name",
    "email": {"claim": "email", "verified_by": "email_verified"},
    "phone": {"claim": "phone_number", "verified_by": "phone_number_verified"},
}
NO_ADDRESSES: tuple[Any, ...] = (
    ["lan@shop.example", "admin@shop.example"],
    "lan@shop.example,admin@shop.example",
    "lan@shop.example admin@shop.example",
    "lan@shop.example\n",
    "lan\r\nBcc: x@shop.example",
    "lan\0@shop.example",
    "l\u0430n@shop.example",
    "lan@shop\uff0eexample",
    "lan\uff20shop.example",
    "lan@\u00e9shop.example",
    "lan",
    "lan@",
    "@shop.example",
    "lan@shop",
    "lan@@shop.example",
    "Lan <lan@shop.example>",
    '"lan"@shop.example',
    "lan@[127.0.0.1]",
    ".lan@shop.example",
    "lan..a@shop.example",
    "lan@-shop.example",
    f"{'x' * 65}@shop.example",
    f"lan@{'x.' * 130}example",
    "lan(a)@shop.example",
    5,
    True,
    {},
    "adm\u0131n@shop.example",
)
MAIL = {"email": "lan@shop.example", "email_verified": True}
PHONE = {"phone_number": "+84901234567", "phone_number_verified": True}
SENT_PHONE = {"phone_number": "0901234567", "country_code": "+84"}


def mapped(issuer: Issuer, start_bridge: StartBridge, identity_method: str) -> RunningBridge:
    """A bridge with a mapping that proves addresses and numbers."""
    settings = callback(identity_method=identity_method)
    return start_bridge(configuration(issuer.url, callback=settings, mapping=MAPPING), shared=True)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        pytest.param(MAIL, {"email": "lan@shop.example"}, id="C28 verified email"),
        pytest.param(MAIL | {"email_verified": False}, {}, id="C28 unverified email"),
        pytest.param(PHONE, SENT_PHONE, id="C28 verified phone"),
        pytest.param(PHONE | {"phone_number_verified": False}, {}, id="C28 unverified phone"),
        pytest.param({"phone_number": "+84901234567"}, {}, id="C28 phone without proof"),
        pytest.param(PHONE | {"phone_number_verified": ...}, {}, id="C28 phone_number_verified missing"),
        pytest.param(PHONE | MAIL | {"email_verified": False}, SENT_PHONE, id="C28 one proof proves one claim"),
        pytest.param(MAIL | {"email_verified": "true"}, {"email": "lan@shop.example"}, id="C29 text true"),
        *(
            pytest.param(MAIL | {"email_verified": value}, {}, id=f"C29 email_verified {value!r}")
            for value in ("false", "True", "TRUE", "yes", "1", 1, 0, 1.0, None, [], [True], {"a": 1}, "")
        ),
        pytest.param({"email": "lan@shop.example"}, {}, id="C29 email_verified missing"),
        *(pytest.param(MAIL | {"email": email}, {}, id=f"C31 email {email!r}") for email in NO_ADDRESSES),
        pytest.param(MAIL | {"email": "lan+chat@shop.example"}, {"email": "lan+chat@shop.example"}, id="C31 tag"),
        pytest.param({"act": {"sub": "agent", **MAIL}}, {}, id="C35 the actor's address is not the subject's"),
        pytest.param(
            {
                "status": False,
                "data": {"id": "victim"},
                "id": "victim",
                "__class__": "x",
                "__proto__": {"id": "victim"},
            },
            {},
            id="C39 claims named like our output",
        ),
        pytest.param(
            {"user_id": "victim", "country_code": "+1", "label": "VIP", "avatar": "x"}, {}, id="C39 fields unmapped"
        ),
    ],
)
def test_only_what_is_proven_is_sent(
    given: Mapping[str, Any], sent: Mapping[str, Any], issuer: Issuer, start_bridge: StartBridge
) -> None:
    """An address or number without its proof, or of another form than one plain address, is left out."""
    bridge = mapped(issuer, start_bridge, "id")
    answer = bridge.post(good_token(issuer.url, name="Lan", **given))
    assert answer.json == {
        "status": True,
        "message": "Successfully!",
        "data": {"id": "visitor-1", "name": "Lan", **sent},
    }


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(MAIL | {"email_verified": False}, id="C28 unverified"),
        pytest.param(MAIL | {"email_verified": "false"}, id="C29 text false"),
        pytest.param({"email": "lan@shop.example"}, id="C29 no proof"),
        pytest.param(MAIL | {"email": "lan@shop.example,admin@shop.example"}, id="C31 two addresses"),
        pytest.param(MAIL | {"email": "lan@shop.example\n"}, id="C31 trailing line break"),
        pytest.param({"sub": "robot", "client_id": "robot"}, id="C37 machine token"),
        pytest.param({"act": {"sub": "agent", **MAIL}}, id="C35 impersonation"),
        pytest.param({"preferred_username": "lan@shop.example", "email_verified": True}, id="M19 no falling back"),
    ],
)
def test_an_identity_is_proven_or_refused(given: Mapping[str, Any], issuer: Issuer, start_bridge: StartBridge) -> None:
    """A chat user is never merged with another's: without a proven address the callback fails."""
    bridge = mapped(issuer, start_bridge, "email")
    assert bridge.post(good_token(issuer.url, **MAIL)).json["data"]["email"] == "lan@shop.example"
    answer = bridge.post(good_token(issuer.url, **given))
    assert (answer.status, answer.code) == (403, "identity_unusable")
    assert "data" not in answer.json


def test_subjects_of_two_issuers_are_two_visitors(issuer: Issuer, start_bridge: StartBridge) -> None:
    """C26: the same ``sub`` of two issuers gives two ids, told apart by each provider's prefix."""
    other = issuer.realm("other")
    bridge = start_bridge(configuration(issuer.url, other.url), shared=True)
    ids = [bridge.post(good_token(url)).json["data"]["id"] for url in (issuer.url, other.url)]
    assert ids == ["0:visitor-1", "1:visitor-1"]


def test_a_key_speaks_only_for_its_own_issuer(issuer: Issuer, start_bridge: StartBridge) -> None:
    """C01, C05: a key of one provider, under the same kid, signs nothing for another."""
    other = issuer.realm("foreign")
    other.set(jwks={"keys": [keys.public_jwk("rsa2", kid="rsa")]})
    bridge = start_bridge(configuration(issuer.url, other.url), shared=True)
    of_other = sign(good_header(), good_claims(other.url), "rsa2")
    assert bridge.post(of_other).code is ACCEPTED
    assert bridge.post(sign(good_header(), good_claims(issuer.url), "rsa2")).code == "token_invalid"
    assert bridge.post(good_token(other.url)).code == "token_invalid"
