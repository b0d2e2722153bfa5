"""Attacks through the published key set: odd, weak and misdirected keys, floods of unknown kids, rotation."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.attacks.attack import Mint, signed
from tests.bridge_process import ACCEPTED, STATUS, RunningBridge, StartBridge, configuration, provider
from tests.eventually import eventually
from tests.issuer.keys import Jwk, base64url, jwks, private_jwk, public_jwk
from tests.issuer.mint import good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer, IssuerProcess


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """One key set, and a token that meets it. The set has the sound key ``rsa2`` too, whose tokens are the twins.

    Attributes:
        threat: The id of the threat's class.
        name: What is odd about the set, in a few words.
        keys: What is published.
        token: Makes the token.
        code: What the bridge must answer.
        is_known: Whether nothing newer could change that: the set has the token's key, or its algorithm is never taken.
    """

    threat: str
    name: str
    keys: tuple[Any, ...]
    token: Mint
    code: str | None
    is_known: bool = False

    @property
    def looks(self) -> int:
        """How often the set is fetched anew for the token: once, if its key may be newer than what we have."""
        return 0 if self.is_known or self.code is ACCEPTED else 1

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


def one(
    threat: str,
    name: str,
    key: str,
    code: str | None,
    *,
    algorithm: str = "RS256",
    is_known: bool = False,
    **members: Any,
) -> Published:
    """A set with one odd key under the kid ``odd``, and a token that this very key signed."""
    published_key = public_jwk(key, kid="odd", **members)
    return Published(threat, name, (published_key,), signed(algorithm, key, kid="odd"), code, is_known)


def broken(threat: str, name: str, member: Any) -> Published:
    """A set with one unreadable member, and a token of its kid that nobody could have signed."""
    return Published(threat, name, (member,), signed("RS256", "rsa", kid="odd"), "token_invalid")


def no_kid(algorithm: str, key: str) -> Mint:
    """A token without a kid."""
    return lambda issuer: sign(good_header(algorithm, None), good_claims(issuer), key)


def signed_by_everybody(issuer: str) -> str:
    """A token that anybody can make, and that the key ``SMALL_ORDER`` verifies."""
    return sign(good_header("Ed25519", "odd"), good_claims(issuer), None) + base64url(NEUTRAL + bytes(32))


def of_kid(kid: str) -> Published:
    """J12: a kid that is an attack on whatever it is put into; it is only ever compared."""
    return Published("J12", f"kid {kid[:30]!r}", (public_jwk("rsa"),), signed("RS256", "rsa", kid=kid), "token_invalid")


EC = public_jwk("ec256", kid="odd")
OFF_CURVE = EC | {"y": public_jwk("ec256b")["y"]}
# RFC 8032 section 5.1: the neutral point. Under it as a key, itself and the number 0 sign whatever is asked for.
NEUTRAL = b"\x01" + bytes(31)
SMALL_ORDER = {"kty": "OKP", "crv": "Ed25519", "x": base64url(NEUTRAL), "kid": "odd"}
NO_KIDS = tuple(public_jwk(key, kid=None) for key in ("rsa", "ec256", "ed25519", "ed448"))

OTHER_USES: Mapping[str, Mapping[str, Any]] = {
    "use enc": {"use": "enc"},
    "use tls": {"use": "tls"},
    "use SIG": {"use": "SIG"},
    "a use that is a number": {"use": 5},
    "key_ops encrypt": {"use": ..., "key_ops": ["encrypt"]},
    "key_ops sign": {"use": ..., "key_ops": ["sign"]},
    "use sig, key_ops sign": {"key_ops": ["sign"]},
    "use sig, key_ops encrypt": {"key_ops": ["encrypt"]},
    "use enc, key_ops verify": {"use": "enc", "key_ops": ["verify"]},
    "no key_ops in the list": {"use": ..., "key_ops": []},
    "key_ops that are a text": {"use": ..., "key_ops": "verify"},
}
GOOD_USES: Mapping[str, Mapping[str, Any]] = {
    "neither use nor key_ops": {"use": ...},
    "key_ops verify": {"use": ..., "key_ops": ["verify"]},
    "both": {"key_ops": ["sign", "verify"]},
}
RSA = public_jwk("rsa", kid="odd")
BROKEN: Mapping[str, Any] = {
    "null": None,
    "a number": 5,
    "a text": "rsa",
    "a list": [RSA],
    "an empty object": {},
    "no kty": {"kid": "odd", "n": RSA["n"], "e": RSA["e"]},
    "a kty that is a list": RSA | {"kty": ["RSA"]},
    "a kty that is a number": RSA | {"kty": 5},
    "kty rsa": RSA | {"kty": "rsa"},
    "a kty of tomorrow": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "odd"},
    "a key for agreement": {"kty": "OKP", "crv": "X25519", "x": "A" * 43, "kid": "odd"},
    "a curve of tomorrow": EC | {"crv": "P-1024"},
    "a curve that is a number": EC | {"crv": 256},
    "n missing": {name: value for name, value in RSA.items() if name != "n"},
    "e missing": {name: value for name, value in RSA.items() if name != "e"},
    "n empty": RSA | {"n": ""},
    "n of other characters": RSA | {"n": "!!!!"},
    "n in the standard alphabet": RSA | {"n": "+/" * 171},
    "n that is a number": RSA | {"n": 5},
    "n of 10^6 bits": RSA | {"n": "_" * 166_667},
    "e of 10^5 bits": RSA | {"e": "_" * 16_667},
    "e = 0": RSA | {"e": "AA"},
    "an even e": RSA | {"e": "AQAC"},
    "y missing": {name: value for name, value in EC.items() if name != "y"},
    "x too short": EC | {"x": "AAAA"},
    "x too long": EC | {"x": "A" * 86},
    "an Edwards x too short": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "odd"},
    "an empty secret": {"kty": "oct", "k": "", "kid": "odd"},
    "a kid that is a number": RSA | {"kid": 5},
    "a kid that is a list": RSA | {"kid": ["odd"]},
}

SETS = (
    *(
        of_kid(kid)
        for kid in (
            "unknown",
            "",
            "../../dev/null",
            "' OR 1=1 --",
            ";id",
            "%00",
            "\0",
            "rsa\r\nX-Injected: 1",
            "RSA",
            "rsa ",
            "__proto__",
            "x" * 9_000,
            "\u202ersa",
            "http://127.0.0.1/",
            "{}",
        )
    ),
    Published(
        "J12",
        "EdDSA under an unknown kid",
        (public_jwk("ed25519"),),
        signed("EdDSA", "ed25519", kid="x"),
        "token_invalid",
    ),
    Published(
        "J07",
        "a published secret",
        (public_jwk("oct", kid="odd"),),
        signed("HS256", "oct", kid="odd"),
        "token_invalid",
        is_known=True,
    ),
    Published(
        "J07",
        "a published secret that says HS256",
        (public_jwk("oct", kid="odd", alg="HS256"),),
        signed("HS256", "oct", kid="odd"),
        "token_invalid",
        is_known=True,
    ),
    one("J09", "alg RS512, token RS256", "rsa", "token_invalid", alg="RS512", is_known=True),
    one("J09", "alg PS256, token RS256", "rsa", "token_invalid", alg="PS256", is_known=True),
    one("J09", "alg RS256, token PS256", "rsa", "token_invalid", alg="RS256", algorithm="PS256", is_known=True),
    one("J09", "alg RS256, token RS256", "rsa", ACCEPTED, alg="RS256"),
    one("J09", "alg of a secret on a public key", "rsa", "token_invalid", alg="HS256"),
    one("J09", "alg none on a key", "rsa", "token_invalid", alg="none"),
    one("J09", "alg a number", "rsa", "token_invalid", alg=5),
    Published("J14", "no kid, one key of that kind", (public_jwk("ec256"),), no_kid("ES256", "ec256"), ACCEPTED),
    Published("J14", "no kid, several keys of one kind", (public_jwk("rsa"),), no_kid("RS256", "rsa"), ACCEPTED),
    Published(
        "J14", "no kid, several keys, signed by none", (public_jwk("rsa"),), no_kid("RS256", "rsa_e3"), "token_invalid"
    ),
    Published("J14", "no kid anywhere", NO_KIDS, no_kid("ES256", "ec256"), ACCEPTED),
    Published("J14", "no kid anywhere, EdDSA of the second curve", NO_KIDS, no_kid("EdDSA", "ed448"), ACCEPTED),
    Published("J14", "a kid that no key has, among keys without kid", NO_KIDS, signed("ES256", "ec256"), ACCEPTED),
    Published(
        "J14",
        "the kid is another kind's too",
        (EC, public_jwk("rsa", kid="odd")),
        signed("RS256", "rsa", kid="odd"),
        ACCEPTED,
    ),
    Published(
        "J14",
        "the kid is used twice",
        (public_jwk("rsa_e3", kid="odd"), public_jwk("rsa", kid="odd")),
        signed("RS256", "rsa", kid="odd"),
        ACCEPTED,
    ),
    Published("J40", "a point off the curve", (OFF_CURVE,), signed("ES256", "ec256", kid="odd"), "token_invalid"),
    broken("J40", "the point (0, 0)", EC | {"x": "A" * 43, "y": "A" * 43}),
    Published(
        "J40", "a point of small order, under which anybody signs", (SMALL_ORDER,), signed_by_everybody, "token_invalid"
    ),
    one("J41", "RSA of 1024 bits", "rsa1024", "token_invalid"),
    one("J41", "RSA with e = 1", "rsa_e1", "token_invalid"),
    one("J41", "RSA with an even modulus", "rsa_even", "token_invalid"),
    one("J41", "RSA of the ROCA family", "rsa_roca", "token_invalid"),
    one("J41", "RSA with e = 3 is old, but sound", "rsa_e3", ACCEPTED),
    one("J45", "alg EdDSA, token Ed25519", "ed25519", ACCEPTED, alg="EdDSA", algorithm="Ed25519"),
    one("J45", "alg Ed25519, token EdDSA", "ed25519", ACCEPTED, alg="Ed25519", algorithm="EdDSA"),
    one("J45", "alg Ed448, token EdDSA", "ed448", ACCEPTED, alg="Ed448", algorithm="EdDSA"),
    one("J45", "alg Ed448 on an Ed25519 key", "ed25519", "token_invalid", alg="Ed448", algorithm="Ed25519"),
    *(one("K06", f"a key with {name}", "rsa", "token_invalid", **members) for name, members in OTHER_USES.items()),
    *(one("K06", f"a key with {name}", "rsa", ACCEPTED, **members) for name, members in GOOD_USES.items()),
    one("K07", "secp256k1", "secp256k1", "token_invalid", algorithm="ES256K", is_known=True),
    one("K07", "secp256k1 as if it were P-256", "secp256k1", "token_invalid", algorithm="ES256", crv="P-256"),
    *(broken("K07", name, member) for name, member in BROKEN.items()),
    Published("K07", "private members published", (private_jwk("rsa"),), good_token, ACCEPTED),
    Published(
        "K07",
        "private members of an Edwards key published",
        (private_jwk("ed25519"),),
        signed("Ed25519", "ed25519"),
        ACCEPTED,
    ),
    Published(
        "K07",
        "unknown members in a key",
        (public_jwk("rsa", x5c=["A"], exp=1, nbf="x", issuer={}),),
        good_token,
        ACCEPTED,
    ),
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningBridge, Mapping[Published, Issuer]]]:
    """A bridge with a provider for each of ``SETS``, whose realms stay as they are for the whole module."""
    with IssuerProcess() as process:
        issuers = {row: process.realm(f"{number}") for number, row in enumerate(SETS)}
        for row, issuer in issuers.items():
            issuer.set(jwks={"keys": [*row.keys, public_jwk("rsa2")]})
        config = configuration(*(issuer.url for issuer in issuers.values()))
        with RunningBridge(config, tmp_path_factory.mktemp("published"), {}) as bridge:
            bridge.wait_until_ready()
            yield bridge, issuers


@pytest.mark.parametrize("row", SETS, ids=str)
def test_key_set_attacks(row: Published, published: tuple[RunningBridge, Mapping[Published, Issuer]]) -> None:
    """A key is used only if it is sound, meant for signatures and of that kid and algorithm; the rest is kept."""
    bridge, issuers = published
    issuer = issuers[row]
    assert bridge.post(signed("RS256", "rsa2")(issuer.url)).code is ACCEPTED, "the sound key was refused"
    asked = issuer.asked()
    answer = bridge.post(row.token(issuer.url))
    assert (answer.code, answer.status) == (row.code, STATUS[row.code])
    assert issuer.asked() - asked == row.looks


def test_private_members_are_told_to_the_operator(
    published: tuple[RunningBridge, Mapping[Published, Issuer]],
) -> None:
    """K07: a provider that publishes its private key is a warning in the log, without a digit of the key."""
    bridge, _ = published
    bridge.next_line("PRIVATE KEY")
    assert private_jwk("rsa")["d"] not in json.dumps(bridge.lines)


BEFORE: Mapping[str, list[Jwk]] = {
    "one key": [public_jwk("rsa")],
    "no key": [],
    "a key without kid": [public_jwk("ec384", kid=None)],
    "keys with and without kid": [public_jwk("rsa"), public_jwk("ec384", kid=None)],
}


def test_rotation_takes_one_call(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K01: a token of a key that was published a moment ago is accepted at once, for one fetch."""
    realms = {name: issuer.realm(f"rotating-{number}") for number, name in enumerate(BEFORE)}
    for name, realm in realms.items():
        realm.set(jwks={"keys": BEFORE[name]})
    bridge = start_bridge(configuration(*(realm.url for realm in realms.values())))
    bridge.wait_until_ready()
    for name, realm in realms.items():
        realm.set(jwks={"keys": [*BEFORE[name], public_jwk("ec256")]})
    codes = {name: bridge.post(signed("ES256", "ec256")(realm.url)).code for name, realm in realms.items()}
    assert codes == dict.fromkeys(BEFORE, ACCEPTED)
    assert {name: realm.fetches() for name, realm in realms.items()} == dict.fromkeys(BEFORE, 2)


AFTER: Mapping[str, list[Jwk]] = {
    "K01 another key under the kid": [public_jwk("rsa2", kid="rsa")],
    "K01 a weaker key under the kid": [public_jwk("rsa1024", kid="rsa")],
    "K03 another key and kid": [public_jwk("rsa2")],
    "K13 the empty set": [],
    "K06 the key became an encryption key": [public_jwk("rsa", use="enc")],
}


def test_a_retired_key_verifies_nothing(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K03: after the next refresh its tokens are refused, also one whose answer was remembered."""
    realms = {name: issuer.realm(f"retiring-{number}") for number, name in enumerate(AFTER)}
    providers = {f"p{n}": refreshed(realm, id_prefix=f"{n}:") for n, realm in enumerate(realms.values())}
    bridge = start_bridge(configuration(providers=providers))
    bridge.wait_until_ready()
    remembered = [good_token(realm.url) for realm in realms.values()]
    assert {answer.code for answer in bridge.post_together(remembered)} == {ACCEPTED}
    for name, realm in realms.items():
        realm.set(jwks={"keys": AFTER[name]})
    for tokens in (remembered, [good_token(realm.url) for realm in realms.values()]):
        for token in tokens:
            eventually(partial(is_invalid, bridge, token))


def test_a_swapped_set_is_obeyed_and_mended(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K01, K13: no good token is let in meanwhile, nobody else is harmed, and the right set heals without a restart.

    The wrong set costs its provider no more requests than the right one: one per refresh.
    """
    realms = {name: issuer.realm(f"swapped-{number}") for number, name in enumerate(AFTER)}
    providers = {f"p{n}": refreshed(realm, id_prefix=f"{n}:") for n, realm in enumerate([*realms.values(), issuer])}
    bridge = start_bridge(configuration(providers=providers))
    bridge.wait_until_ready()
    began, fetches = time.monotonic(), {name: realm.fetches() for name, realm in realms.items()}
    for name, realm in realms.items():
        realm.set(jwks={"keys": AFTER[name]})
    for realm in realms.values():
        eventually(partial(is_invalid, bridge, good_token(realm.url)))
        assert bridge.post(good_token(issuer.url)).code is ACCEPTED
    seen = {name: realm.fetches() - fetches[name] for name, realm in realms.items()}
    allowed = 2 * math.ceil(time.monotonic() - began) + 1  # a refresh comes up to a tenth early
    assert {name: count for name, count in seen.items() if not 0 < count <= allowed} == {}
    for realm in realms.values():
        realm.set(jwks=jwks("rsa"))
    for realm in realms.values():
        eventually(lambda realm=realm: bridge.post(good_token(realm.url)).code is ACCEPTED)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("cache_control", "refresh", "is_asked_again"),
    [
        pytest.param("max-age=1000000000", "1s", True, id="K19 fresh for ever"),
        pytest.param("max-age=0", "1h", False, id="K19 stale at once"),
        pytest.param("no-store", "1h", False, id="K19 not to be kept"),
        pytest.param("max-age=soon", "1h", False, id="K19 unreadable"),
        pytest.param("max-age=-1, max-age=99", "1h", False, id="K19 negative, and twice"),
    ],
)
def test_freshness_is_bounded(
    cache_control: str, refresh: str, is_asked_again: bool, issuer: Issuer, start_bridge: StartBridge
) -> None:
    """K19 whatever Cache-Control says: as often as ``refresh`` at least, and no storm; good tokens are taken.

    Beside it a provider that is asked every second shows that there was time.
    """
    realm, clock = issuer.realm("fresh"), issuer.realm("clock")
    realm.set(headers={"Cache-Control": cache_control})
    told = provider(realm.url, jwks={"refresh": refresh, "cooldown": "1s"}, id_prefix="0:")
    bridge = start_bridge(configuration(providers={"p": told, "clock": refreshed(clock, id_prefix="1:")}))
    bridge.wait_until_ready()
    eventually(lambda: clock.fetches() >= 4)
    assert (realm.fetches() > 1) == is_asked_again
    assert bridge.post(good_token(realm.url)).code is ACCEPTED


def refreshed(realm: Issuer, **members: Any) -> dict[str, Any]:
    """A provider whose key set is fetched every second."""
    return provider(realm.url, jwks={"refresh": "1s", "cooldown": "1s"}, **members)


def is_invalid(bridge: RunningBridge, token: str) -> bool:
    """Whether the bridge refuses the token's signature or key, and not because it cannot tell."""
    return bridge.post(token).code == "token_invalid"


def unknown_kids(issuer: str, count: int) -> list[str]:
    """Tokens of as many kids that nobody has."""
    return [sign(good_header(kid=f"unknown-{number}"), good_claims(issuer), "rsa") for number in range(count)]


def test_a_flood_of_unknown_kids_costs_one_fetch(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K02: one is refused after a fresh look, the others unlooked while the cool-down runs; visitors are served."""
    realm = issuer.realm("flooded")
    bridge = start_bridge(configuration(providers={"p": provider(realm.url, jwks={"cooldown": "60s"})}))
    bridge.wait_until_ready()
    fetches = realm.fetches()
    first, *others = unknown_kids(realm.url, 40)
    assert bridge.post(first).code == "token_invalid"
    answers = bridge.post_together(others)
    assert {answer.code for answer in answers} == {"provider_unavailable"}
    assert all(0 < int(answer.headers["retry-after"]) <= 60 for answer in answers)
    assert realm.fetches() == fetches + 1
    assert bridge.post(good_token(realm.url)).code is ACCEPTED


def test_unknown_kids_together_share_one_look(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K02, K21: tokens of unknown kids that come together wait for the same fetch, and all learn from it."""
    realm = issuer.realm("shared")
    bridge = start_bridge(configuration(providers={"p": provider(realm.url, jwks={"cooldown": "60s"})}))
    bridge.wait_until_ready()
    realm.set(latency=1.0, jwks=jwks("rsa", "ec256"))
    fetches = realm.fetches()
    answers = bridge.post_together([*unknown_kids(realm.url, 20), *(signed("ES256", "ec256")(realm.url) for _ in "ab")])
    assert [answer.code for answer in answers] == ["token_invalid"] * 20 + [ACCEPTED] * 2
    assert realm.fetches() == fetches + 1


def test_after_the_cool_down_we_look_again(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K02: a key published during the cool-down is found as soon as that has ended."""
    realm = issuer.realm("cooling")
    bridge = start_bridge(configuration(providers={"p": provider(realm.url, jwks={"cooldown": "2s"})}))
    bridge.wait_until_ready()
    (unknown,) = unknown_kids(realm.url, 1)
    assert bridge.post(unknown).code == "token_invalid"
    realm.set(jwks=jwks("rsa", "rsa2"))
    assert bridge.post(signed("RS256", "rsa2")(realm.url)).code == "provider_unavailable"
    eventually(lambda: bridge.post(signed("RS256", "rsa2")(realm.url)).code is ACCEPTED)
