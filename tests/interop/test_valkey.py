"""Replicas of a running bridge and one real Valkey or Redis between them."""

import threading
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.bridge_process import RunningBridge, configuration, provider
from tests.eventually import eventually
from tests.interop.valkey.process import PASSWORD, ValkeyProcess
from tests.issuer.process import Issuer, IssuerProcess

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

PROFILE = {
    "sub": "planted-subject",
    "name": "Nguyễn Thị Planted",
    "email": "planted@shop.example",
    "email_verified": True,
    "phone_number": "+84901234567",
    "phone_number_verified": True,
    "picture": "https://img.shop.example/planted.png",
}
PATIENT = 20.0  # seconds in which something must have happened


class Replicas:
    """Two bridges of one configuration, and what their provider was asked."""

    def __init__(self, issuer: Issuer, folder: Path, url: str, **shared: Any) -> None:
        self.issuer = issuer
        wide = {"rate": "1000/s", "burst": 10_000}
        trust = provider(issuer.url, userinfo={}, unbound_tokens="accept", requests=wide)
        cache = {"shared": {"url": {"env": "VALKEY_URL"}, **shared}}
        config = configuration(providers={"shop": trust}, cache=cache)
        self.both: list[RunningBridge] = []
        try:
            for name in ("one", "two"):
                (folder / name).mkdir()
                self.both.append(RunningBridge(config, folder / name, {"VALKEY_URL": url}))
                self.both[-1].wait_until_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def asked(self) -> int:
        """How often userinfo was asked."""
        return self.issuer.requests().get("/userinfo", 0)

    def codes(self, *tokens: str) -> list[str]:
        """What both say of each token, one after the other."""
        return [bridge.post(token).code or "ok" for token in tokens for bridge in self.both]

    def events(self, event: str) -> int:
        """How many lines of both logs say so."""
        return sum(event in str(line) for bridge in self.both for line in bridge.lines)

    def stop(self) -> None:
        """Ends both."""
        for bridge in self.both:
            bridge.stop()


@pytest.fixture(scope="module")
def idp() -> Iterator[Issuer]:
    """A provider of opaque tokens that nobody else asks."""
    with IssuerProcess() as running:
        running.set(userinfo=PROFILE)
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyProcess]:
    """The server."""
    with ValkeyProcess() as running:
        yield running


@pytest.fixture
def valkey(server: ValkeyProcess) -> ValkeyProcess:
    """The server, empty."""
    server.client.flushall()
    return server


@pytest.fixture(scope="module")
def replicas(idp: Issuer, server: ValkeyProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two that share the server; patient, for on a noisy machine a slow answer would count as none."""
    running = Replicas(idp, tmp_path_factory.mktemp("replicas"), server.url, timeout="5s")
    yield running
    running.stop()


def test_replicas_ask_once_between_them(replicas: Replicas) -> None:
    """One request for each token, whoever is asked, and the whole answer from both."""
    asked = replicas.asked
    answers = [bridge.post("opaque-1").json for bridge in replicas.both]
    assert answers[0] == answers[1]
    assert answers[0]["data"]["name"] == PROFILE["name"]
    assert replicas.asked == asked + 1
    assert replicas.codes("opaque-1", "opaque-2") == ["ok"] * 4
    assert replicas.asked == asked + 2


def test_the_server_holds_nothing_readable(replicas: Replicas, valkey: ValkeyProcess) -> None:
    """U15: not the token, not its digest, not a word of the answer or of the configuration; and it ends by itself."""
    assert replicas.codes("planted-token") == ["ok", "ok"]
    held = b"\n".join(valkey.everything())
    assert len(valkey.client.keys("*")) == 1
    digest = sha256(b"planted-token").digest()
    planted = [value for value in PROFILE.values() if isinstance(value, str)]
    for text in (*planted, "planted", "0901234567", "901234567", "default", "shop", digest.hex()):
        assert text.encode() not in held, text
    assert digest not in held
    [name] = valkey.client.keys("*")
    assert 290_000 < valkey.client.pttl(name) <= 300_000


@pytest.mark.parametrize("damage", [b"", b"planted", None])
def test_what_somebody_else_wrote_is_not_taken(replicas: Replicas, valkey: ValkeyProcess, damage: bytes | None) -> None:
    """Nothing, anything, or the sealed answer of another token: the provider is asked instead."""
    token = f"damaged-{damage!r}".encode().hex()
    assert replicas.both[0].post(token).code is None
    [name] = valkey.client.keys("*")
    if damage is None:
        assert replicas.both[0].post("another").code is None
        [other] = [each for each in valkey.client.keys("*") if each != name]
        damage = valkey.client.get(other)
    asked = replicas.asked
    valkey.client.set(name, damage or b"")
    assert replicas.both[1].post(token).code is None
    assert replicas.asked == asked + 1


def test_killing_the_server_loses_no_callback(replicas: Replicas, valkey: ValkeyProcess) -> None:
    """In mid-run, under load at both; each says so once, and once that it is back; then they share again."""
    codes: Counter[str] = Counter()
    stop = threading.Event()

    def visit(number: int) -> None:
        bridge, visits = replicas.both[number % 2], 0
        while not stop.is_set():
            visits += 1
            codes[bridge.post(f"visitor-{number}-{visits // 2}").code or "ok"] += 1

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        eventually(lambda: sum(codes.values()) > 40, PATIENT)
        valkey.kill()
        eventually(lambda: replicas.events("shared_cache_gone") == 2, PATIENT)
        answered = sum(codes.values())
        eventually(lambda: sum(codes.values()) > answered + 40, PATIENT)
        valkey.start()
        eventually(lambda: replicas.events("shared_cache_back") == 2, PATIENT)
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()
    assert set(codes) == {"ok"}
    assert (replicas.events("shared_cache_gone"), replicas.events("shared_cache_back")) == (2, 2)
    asked = replicas.asked
    assert replicas.codes("after-all") == ["ok", "ok"]
    assert replicas.asked == asked + 1


def test_a_wrong_password_is_said_without_it(idp: Issuer, valkey: ValkeyProcess, tmp_path: Path) -> None:
    """Each replica works for itself, and neither log has a password."""
    wrong = Replicas(idp, tmp_path, valkey.url.replace(PASSWORD, "planted-password"), timeout="5s")
    try:
        asked = wrong.asked
        assert wrong.codes("opaque-of-its-own") == ["ok", "ok"]
        assert wrong.asked == asked + 2
        eventually(lambda: wrong.events("shared_cache_gone") == 2, PATIENT)
        assert wrong.events("AuthenticationError") == 2
        assert wrong.events("planted-password") == wrong.events(PASSWORD) == 0
    finally:
        wrong.stop()
