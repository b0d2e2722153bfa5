"""TLS and names that are not as they should be: nobody is believed, everybody else is served, the log says the cure."""

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.bridge_process import ACCEPTED, RunningBridge, StartBridge, configuration, provider
from tests.eventually import eventually
from tests.issuer.certificates import Certificate
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer, IssuerProcess
from tests.issuer.tls_front import TlsFront

HERE = "127.0.0.1"
OURS, OTHER = Certificate.authority("ours"), Certificate.authority("other")

Place = Callable[[str, ExitStack], tuple[str, TlsFront | None]]
"""The issuer's own address, and what ends with the test -> where the provider is, and what can be mended there."""


@dataclass(frozen=True, slots=True, eq=False)
class TlsFault:
    """One provider behind TLS.

    Attributes:
        threat: The id of the threat's class.
        name: The fault, in a few words.
        place: Puts it where it is.
        says: What the log must say of it; one of several behind " | ".
        ca_file: Whether its provider names our authority.
    """

    threat: str
    name: str
    place: Place
    says: str
    ca_file: bool = True

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


def presenting(certificate: Certificate, *, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> Place:
    """A TLS port in front of the issuer with this certificate."""

    def place(server: str, stack: ExitStack) -> tuple[str, TlsFront | None]:
        front = stack.enter_context(TlsFront(server, certificate, newest=newest))
        return front.url, front if newest is ssl.TLSVersion.MAXIMUM_SUPPORTED else None

    return place


def without_tls(greeting: bytes) -> Place:
    """A port that says this to whoever begins a handshake."""
    return lambda server, stack: (stack.enter_context(TlsFront(server, None, greeting=greeting)).url, None)


def as_plain_http(certificate: Certificate) -> Place:
    """A TLS port that is spoken to without TLS."""
    return lambda server, stack: (
        stack.enter_context(TlsFront(server, certificate)).url.replace("https", "http"),
        None,
    )


def at(url: str) -> Place:
    """Somewhere else altogether."""
    return lambda _server, _stack: (url, None)


# The alert of the other side comes before its reset, or does not come at all: Python versions differ in it.
NO_TLS_1_1 = "no connection (ConnectionReset | TLS could not be agreed upon"

GOOD = OURS.issue(HERE)
FAULTS = (
    TlsFault(
        "K16", "another host's name", presenting(OURS.issue("login.other.example")), "does not name this IP address"
    ),
    TlsFault("K16", "another address", presenting(OURS.issue("127.0.0.2")), "does not name this IP address"),
    TlsFault("K16", "expired", presenting(OURS.issue(HERE, ends=timedelta(hours=-1))), "has expired"),
    TlsFault("K16", "not yet valid", presenting(OURS.issue(HERE, begins=timedelta(hours=1))), "is not valid yet"),
    TlsFault("K16", "self-signed", presenting(Certificate.self_signed(HERE)), "ca_file"),
    TlsFault("K16", "of an unknown authority", presenting(OTHER.issue(HERE)), "http: {ca_file: …}"),
    TlsFault("K16", "a private authority without ca_file", presenting(GOOD), "http: {ca_file: …}", ca_file=False),
    TlsFault("K16", "TLS 1.1", presenting(GOOD, newest=ssl.TLSVersion.TLSv1_1), NO_TLS_1_1),
    TlsFault("K16", "https at a plain port", without_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak TLS"),
    TlsFault("K16", "http at a TLS port", as_plain_http(GOOD), "the exchange broke off"),
    TlsFault("K11", "a handshake that hangs", without_tls(b""), "did not answer within 1 s"),
    TlsFault("O06", "a name that does not resolve", at("https://login.invalid"), "its name cannot be resolved"),
    TlsFault("O06", "a port where nobody listens", at("https://127.0.0.1:9"), "no connection (Connect"),
)


@dataclass(frozen=True, slots=True)
class Behind:
    """A provider behind TLS as it runs: its issuer's address, what was asked of it, and what can be mended."""

    fault: TlsFault
    name: str
    url: str
    realm: Issuer
    front: TlsFront | None


def behind(fault: TlsFault, number: int, process: IssuerProcess, stack: ExitStack) -> Behind:
    """Puts an honest issuer behind it."""
    realm = process.realm(f"tls{number}")
    base, front = fault.place(process.url, stack)
    url = f"{base}/tls{number}"
    realm.set(discovery={"issuer": url, "jwks_uri": f"{url}/jwks"})
    return Behind(fault, f"p{number}", url, realm, front)


def said_of(bridge: RunningBridge, name: str) -> str:
    """What the log says of one provider."""
    lines = [line["message"] for line in list(bridge.lines) if isinstance(line, dict) and "message" in line]
    return "\n".join(line for line in lines if line.startswith(f"provider {name}:"))


def says_one_of(bridge: RunningBridge, one: Behind) -> bool:
    """Whether the log says of a provider what its fault is."""
    said = said_of(bridge, one.name)
    return any(text in said for text in one.fault.says.split(" | "))


def test_tls_faults(start_bridge: StartBridge, tmp_path: Path) -> None:
    """Each gets 503 and sends not one request, the good one beside them is served, the log names cause and cure.

    What can be mended at the provider's heals without a restart.
    """
    (tmp_path / "ca.pem").write_text(OURS.pem)
    with IssuerProcess() as process, ExitStack() as stack:
        good = behind(TlsFault("K00", "as it should be", presenting(GOOD), ""), 99, process, stack)
        all_of_them = [behind(fault, number, process, stack) for number, fault in enumerate(FAULTS)]
        entries = {
            each.name: provider(
                each.url,
                id_prefix=f"{each.name}:",
                jwks={"cooldown": "1s", "refresh": "2s"},
                # The honest one is not hurried: with so many fetches at once it may take longer on a noisy machine.
                http={
                    "timeout": "3s" if each is good else "1s",
                    **({"ca_file": "ca.pem"} if each.fault.ca_file else {}),
                },
            )
            for each in (good, *all_of_them)
        }
        bridge = start_bridge(configuration(providers=entries))
        bridge.wait_until_ready()
        answers = bridge.post_together(good_token(each.url) for each in (good, *all_of_them))
        codes = {str(each.fault): answer.code for each, answer in zip((good, *all_of_them), answers, strict=True)}
        assert codes == {"K00 as it should be": ACCEPTED} | dict.fromkeys(map(str, FAULTS), "provider_unavailable")
        assert {str(each.fault): each.realm.asked() for each in all_of_them} == dict.fromkeys(map(str, FAULTS), 0)
        for each in all_of_them:
            eventually(partial(says_one_of, bridge, each))
        mended = [each for each in all_of_them if each.front is not None and each.fault.ca_file]
        assert len(mended) == 6
        for each in mended:
            assert each.front is not None
            each.front.present(GOOD)
        for each in mended:
            eventually(lambda each=each: bridge.post(good_token(each.url)).code is ACCEPTED)  # type: ignore[misc]
            eventually(lambda each=each: "can be fetched again" in said_of(bridge, each.name))  # type: ignore[misc]
        assert bridge.post(good_token(good.url)).code is ACCEPTED


def test_a_certificate_that_goes_bad_later(start_bridge: StartBridge, tmp_path: Path) -> None:
    """K16, K10: known keys serve on, and a key that only the impostor has is nobody's."""
    (tmp_path / "ca.pem").write_text(OURS.pem)
    with IssuerProcess() as process, ExitStack() as stack:
        one = behind(TlsFault("K16", "turned", presenting(GOOD), ""), 0, process, stack)
        entry = provider(one.url, jwks={"refresh": "1s", "cooldown": "1s"}, http={"ca_file": "ca.pem"})
        bridge = start_bridge(configuration(providers={"p0": entry}))
        bridge.wait_until_ready()
        assert one.front is not None
        one.front.present(OTHER.issue(HERE))
        eventually(lambda: "of an authority that we trust" in said_of(bridge, "p0"))
        fetches = one.realm.asked()
        assert bridge.post(good_token(one.url)).code is ACCEPTED
        one.front.present(GOOD)
        eventually(lambda: one.realm.asked() > fetches)
        assert bridge.post(good_token(one.url)).code is ACCEPTED


def test_keys_are_not_fetched_in_the_clear(start_bridge: StartBridge, tmp_path: Path) -> None:
    """K16 http:// downgrade: an https issuer whose document names plain http, even of this machine; it heals."""
    (tmp_path / "ca.pem").write_text(OURS.pem)
    with IssuerProcess() as process, ExitStack() as stack:
        one = behind(TlsFault("K16", "downgraded", presenting(GOOD), ""), 0, process, stack)
        one.realm.set(discovery={"issuer": one.url, "jwks_uri": f"{process.url}/tls0/jwks"})
        entry = provider(one.url, jwks={"refresh": "1s", "cooldown": "1s"}, http={"ca_file": "ca.pem"})
        bridge = start_bridge(configuration(providers={"p0": entry}))
        bridge.wait_until_ready()
        assert bridge.post(good_token(one.url)).code == "provider_unavailable"
        assert one.realm.fetches() == 0
        assert "plain http though the issuer is https" in said_of(bridge, "p0")
        one.realm.set(discovery={"issuer": one.url, "jwks_uri": f"{one.url}/jwks"})
        eventually(lambda: bridge.post(good_token(one.url)).code is ACCEPTED)
