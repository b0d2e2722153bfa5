"""Identity providers that fail, stall, lie or send us elsewhere: unavailable, never invalid, and never for long."""

import math
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.attacks.attack import signed
from tests.bridge_process import ACCEPTED, SECRET, RunningBridge, StartBridge, configuration, provider
from tests.eventually import eventually
from tests.issuer.keys import jwks
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer, IssuerProcess


@dataclass(frozen=True, slots=True, eq=False)
class Misbehaviour:
    """One way in which a provider keeps its keys from us.

    Attributes:
        threat: The id of the threat's class.
        name: The fault, in a few words.
        fault: Names of the issuer's faults; ``BYSTANDER`` stands for another issuer's URL.
        discovery: Members of its metadata document that are not as they should be.
        code: What its visitors get while nothing of it is remembered.
    """

    threat: str
    name: str
    fault: Sequence[str] = ()
    discovery: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = "provider_unavailable"

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


def faults(threat: str, endpoint: str, *names: str) -> Iterator[Misbehaviour]:
    """A row for each fault of one endpoint; discovery's two addresses fail together."""
    for name in names:
        both = ("discovery", "metadata") if endpoint == "discovery" else (endpoint,)
        code = "provider_busy" if name.startswith("429") else "provider_unavailable"
        yield Misbehaviour(threat, f"{endpoint} {name}", [f"{where}_{name}" for where in both], code=code)


def told(threat: str, name: str, **discovery: Any) -> Misbehaviour:
    """A metadata document with these members; a list of one null stands for a member that is missing."""
    return Misbehaviour(threat, name, discovery=discovery)


UNREADABLE = (
    "html",
    "nothing",
    "not_object",
    "null",
    "empty_object",
    "deep",
    "duplicate_members",
    "utf16",
    "byte_order_mark",
    "not_http",
)
FAILING = ("500", "503", "404", "403", "401", "429", "204", "429_later")
STALLING = ("hang", "drip_feed", "reset", "truncated")
HUGE = ("huge_body", "endless_chunked", "gzip", "gzip_bomb")

TARGETS = ("BYSTANDER/jwks", "http://169.254.169.254/jwks", "file:///etc/passwd", "/jwks", "//127.0.0.1:9/jwks")
UNFIT_ADDRESSES: tuple[Any, ...] = (
    "http://169.254.169.254/jwks",
    "http://shop.example/jwks",
    "file:///etc/passwd",
    "ftp://127.0.0.1/jwks",
    "gopher://127.0.0.1/",
    "//127.0.0.1/jwks",
    "/jwks",
    "jwks",
    "",
    "http://",
    "http://[::1",
    "http://127.0.0.1:99999/",
    "https://user:password@127.0.0.1/jwks",
    "http://127.0.0.1\\@shop.example/",
    "javascript:alert(1)",
    5,
    ["http://127.0.0.1/jwks"],
    {},
    True,
)
OTHER_ISSUERS: tuple[Any, ...] = ("https://login.other.example", "BYSTANDER", "", 5, ["BYSTANDER"], {})
PROMISED = {"id_token_signing_alg_values_supported": ["none", "HS256"]}

MISBEHAVIOURS = (
    Misbehaviour("K00", "an honest provider", code=ACCEPTED),
    Misbehaviour("K00", "metadata at RFC 8414's address only", ["discovery_404"], code=ACCEPTED),
    Misbehaviour("K00", "a key set of any content type", ["jwks_octet_stream"], code=ACCEPTED),
    *faults("K10", "jwks", *FAILING),
    *faults("K10", "discovery", *FAILING),
    *faults("K11", "jwks", *STALLING),
    *faults("K11", "discovery", *STALLING),
    *faults("K12", "jwks", *HUGE),
    *faults("K12", "discovery", *HUGE),
    *faults("K13", "jwks", *UNREADABLE, "keys_object", "keys_null", "nan", "many_keys"),
    *faults("K13", "discovery", *UNREADABLE),
    *(
        Misbehaviour("K15", f"{endpoint} redirects to {target}", [f"{where}_redirect {target}" for where in where_all])
        for endpoint, where_all in (("jwks", ("jwks",)), ("discovery", ("discovery", "metadata")))
        for target in TARGETS
    ),
    *(told("K16", f"jwks_uri {uri!r}", jwks_uri=uri) for uri in UNFIT_ADDRESSES),
    told("K16", "jwks_uri missing", jwks_uri=None),
    *(told("K18", f"issuer {issuer!r}", issuer=issuer) for issuer in OTHER_ISSUERS),
    told("K18", "issuer missing", issuer=None),
    told("K18", "issuer with a trailing slash", issuer="SELF/"),
    told("K18", "issuer in another case", issuer="CAPITALS"),
    told("K18", "issuer in a list", issuer=["SELF"]),
    Misbehaviour("K23", "algorithms none and HS256 promised", discovery=PROMISED, code=ACCEPTED),
)


def placed(value: Any, own: str, bystander: str) -> Any:
    """The value with the addresses that are known only when everything runs."""
    if isinstance(value, list):
        return [placed(member, own, bystander) for member in value]
    if isinstance(value, str):
        return value.replace("BYSTANDER", bystander).replace("SELF", own).replace("CAPITALS", own.upper())
    return value


@dataclass(frozen=True, slots=True)
class Providers:
    """A bridge, one provider per row, and the bystander that nobody should be sent to."""

    bridge: RunningBridge
    issuers: Mapping[Misbehaviour, Issuer]
    bystander: Issuer

    def codes(self) -> dict[str, str | None]:
        """What a good token of each provider gets, all at the same time."""
        tokens = [good_token(issuer.url) for issuer in self.issuers.values()]
        answers = self.bridge.post_together(tokens)
        return {str(row): answer.code for row, answer in zip(self.issuers, answers, strict=True)}

    def misbehave(self) -> None:
        """Every provider does what its row says."""
        for row, issuer in self.issuers.items():
            fault = placed(list(row.fault), issuer.url, self.bystander.url)
            discovery = {name: placed(value, issuer.url, self.bystander.url) for name, value in row.discovery.items()}
            issuer.set(fault=fault, discovery=discovery)

    def behave(self) -> None:
        """Every provider is honest again."""
        for issuer in self.issuers.values():
            issuer.set(fault=[], discovery={})


def config(issuers: Sequence[Issuer], **jwks_members: Any) -> dict[str, Any]:
    """A provider per issuer, asked with little patience."""
    return configuration(
        providers={
            f"p{number}": provider(
                issuer.url, id_prefix=f"{number}:", http={"timeout": "2s"}, jwks={"cooldown": "1s", **jwks_members}
            )
            for number, issuer in enumerate(issuers)
        }
    )


EXPECTED = {str(row): row.code for row in MISBEHAVIOURS}


def test_a_provider_that_fails_from_the_start(start_bridge: StartBridge) -> None:
    """K10, O07: its visitors are told to come back, and the honest ones' are served; it is not asked too often.

    That is, once per cool-down at most. Nobody is asked in its stead, and all is well as soon as it behaves.
    """
    with IssuerProcess() as process:
        bystander = process.realm("bystander")
        issuers = {row: process.realm(f"{number}") for number, row in enumerate(MISBEHAVIOURS)}
        Providers(None, issuers, bystander).misbehave()  # type: ignore[arg-type]  # not started yet
        started = time.monotonic()
        bridge = start_bridge(config(list(issuers.values())))
        providers = Providers(bridge, issuers, bystander)
        bridge.wait_until_ready()
        eventually(lambda: providers.codes() == EXPECTED)  # a hundred providers at once, on a noisy machine
        asked = {str(row): issuer.asked() for row, issuer in issuers.items()}
        # One try per cool-down of a second, each of two documents at discovery's addresses and the set at most.
        allowed = 3 * (math.ceil(time.monotonic() - started) + 1)
        assert {name: count for name, count in asked.items() if not 0 < count <= allowed} == {}
        assert bystander.asked() == 0
        providers.behave()
        eventually(lambda: set(providers.codes().values()) == {ACCEPTED})


def test_a_provider_that_fails_later(start_bridge: StartBridge) -> None:
    """K10, K13: the keys at hand go on serving; of a kid that we do not have we cannot tell."""
    with IssuerProcess() as process:
        rows = [row for row in MISBEHAVIOURS if row.code and row.fault and row.fault[0].startswith("jwks_")]
        issuers = {row: process.realm(f"{number}") for number, row in enumerate(rows)}
        bridge = start_bridge(config(list(issuers.values()), refresh="1s"))
        providers = Providers(bridge, issuers, process.realm("bystander"))
        bridge.wait_until_ready()
        providers.misbehave()
        seen = {issuer: issuer.fetches() for issuer in issuers.values()}
        eventually(lambda: all(issuer.fetches() > count for issuer, count in seen.items()))
        assert set(providers.codes().values()) == {ACCEPTED}
        unknown = bridge.post_together(signed("ES256", "ec256", kid="new")(issuer.url) for issuer in issuers.values())
        assert {answer.code for answer in unknown} <= {"provider_unavailable", "provider_busy"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in unknown)


def test_keys_at_hand_serve_for_a_limited_time(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K10, O06: after ``keep_stale`` without a good fetch the provider is unavailable, and it heals by itself."""
    realm = issuer.realm("gone")
    bridge = start_bridge(config([realm], refresh="1s", keep_stale="2s"))
    bridge.wait_until_ready()
    assert bridge.post(good_token(realm.url)).code is ACCEPTED
    realm.set(fault="jwks_500")
    eventually(lambda: bridge.post(good_token(realm.url)).code == "provider_unavailable")
    realm.set(fault=[])
    eventually(lambda: bridge.post(good_token(realm.url)).code is ACCEPTED)


def test_an_outage_of_one_provider_is_not_another_s(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K11, O12: while one provider hangs, another's visitors are served, and liveness and readiness stay."""
    hanging = issuer.realm("hanging")
    hanging.set(fault=["discovery_hang"])
    bridge = start_bridge(configuration(hanging.url, issuer.url))
    eventually(lambda: bridge.post(good_token(issuer.url)).code is ACCEPTED)
    bridge.wait_until_ready()
    assert bridge.post(good_token(hanging.url)).code == "provider_unavailable"
    assert (bridge.admin("/healthz"), bridge.admin("/readyz")) == (200, 200)


def test_a_cold_start_is_one_fetch(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K21: callbacks that come before the keys wait for the same fetch."""
    realm = issuer.realm("cold")
    realm.set(latency=1.0)
    bridge = start_bridge(configuration(realm.url))
    answers = bridge.post_together(good_token(realm.url) for _ in range(40))
    assert {answer.code for answer in answers} == {ACCEPTED}
    assert realm.fetches() == 1


def test_a_failed_fetch_is_shared_too(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K21: many callbacks at a provider that fails are not as many tries."""
    realm = issuer.realm("failing")
    realm.set(latency=0.5, fault="jwks_500")
    bridge = start_bridge(configuration(providers={"p": provider(realm.url, jwks={"cooldown": "60s"})}))
    answers = bridge.post_together(good_token(realm.url) for _ in range(40))
    assert {answer.code for answer in answers} == {"provider_unavailable"}
    assert realm.fetches() <= 2, "one of the callbacks', one of the background's"


def test_a_fetch_outlives_the_client_that_started_it(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K21: a caller that hangs up during the shared fetch takes nothing from those who wait for it too."""
    realm = issuer.realm("patient")
    realm.set(jwks=jwks("rsa"))
    bridge = start_bridge(configuration(realm.url))
    bridge.wait_until_ready()
    realm.set(jwks=jwks("rsa", "ec256"), latency=1.0)
    token = signed("ES256", "ec256")(realm.url)
    body = b'{"access_token": "%s"}' % token.encode()
    address = urlsplit(bridge.url)
    fetches = realm.fetches()
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as first:
        first.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s Bearer\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (SECRET.encode(), len(body), body)
        )
        eventually(lambda: realm.fetches() > fetches)
    time.sleep(0.1)
    answers = bridge.post_together(signed("ES256", "ec256")(realm.url) for _ in range(5))
    assert {answer.code for answer in answers} == {ACCEPTED}
    assert realm.fetches() == fetches + 1


def test_a_fetch_outlives_the_time_of_the_call_that_started_it(issuer: Issuer, start_bridge: StartBridge) -> None:
    """K21: a call that ends at ``limits.deadline`` is cancelled; what it asked for comes all the same, and once."""
    realm = issuer.realm("slow-keys")
    realm.set(jwks=jwks("rsa"))
    bridge = start_bridge(configuration(realm.url, limits={"deadline": "500ms"}))
    bridge.wait_until_ready()
    realm.set(jwks=jwks("rsa", "ec256"), latency=1.5)
    fetches = realm.fetches()
    token = signed("ES256", "ec256")(realm.url)
    assert bridge.post(token).code == "overloaded"
    eventually(lambda: bridge.post(token).code is ACCEPTED)
    assert realm.fetches() == fetches + 1
