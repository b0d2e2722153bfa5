"""The audit trail: a line for each visitor's token, and a person only as hashes."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.authentication import Authenticated
from bridge.chat_user import ChatUser, Phone
from bridge.config.model import AuditSettings
from bridge.errors import TokenInvalid, VisitorRefused
from bridge.provenance import Provenance
from bridge.server.audit import AuditTrail
from bridge.server.pseudonyms import Pseudonyms
from tests.bridge_process import StartBridge, configuration
from tests.issuer.mint import At, good_token
from tests.issuer.process import Issuer

KEY = "Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr4"
NAMES = Pseudonyms(KEY.encode())
USER = ChatUser(id="kc:s1", name="Hoa", email="Hoa@shop.example", phone=Phone("+84", "0901234567", "901234567"))
PROVENANCE = Provenance(issuer="https://login.shop.example", subject="s1", client="web-shop", issued_at=1000.0)
HASHES = {
    "subject": NAMES.subject("https://login.shop.example", "s1"),
    "id": NAMES.id("kc:s1"),
    "email": NAMES.email("hoa@shop.example"),
    "phone": NAMES.phone("+84901234567"),
}


class Written:
    """A trail and what it has written."""

    def __init__(self, mode: str) -> None:
        self.lines: list[dict[str, Any]] = []
        settings = AuditSettings.model_validate({"mode": mode, "key": [KEY, KEY[::-1]]})
        self.trail = AuditTrail(settings, configuration="c0ffee", write=self._take, now=lambda: 1060.4)

    def _take(self, line: bytes) -> None:
        self.lines.append(json.loads(line))


def test_a_success_has_every_field() -> None:
    """Hashes under the first key, whose name is there; no plain value."""
    written = Written("pseudonymous")
    written.trail.success("shop", "r1", Authenticated(USER, "keycloak", cached=True, provenance=PROVENANCE), "f" * 12)
    [line] = written.lines
    assert line == {
        "time": "1970-01-01T00:17:40.400Z", "level": "info", "event": "audit", "request_id": "r1", "callback": "shop",
        "provider": "keycloak", "code": "ok", "token": "f" * 12, "cached": True, "configuration": "c0ffee",
        "key": NAMES.key_name, "client": "web-shop", "token_age": 60, **HASHES,
    }  # fmt: skip


def test_full_has_plain_values_beside_the_hashes() -> None:
    """What was sent, and whose subject; not the name, which identifies nobody."""
    written = Written("full")
    written.trail.success("shop", "r1", Authenticated(USER, "keycloak", cached=True, provenance=PROVENANCE), "f" * 12)
    [line] = written.lines
    assert line["plain"] == {
        "issuer": "https://login.shop.example", "subject": "s1", "id": "kc:s1", "email": "Hoa@shop.example",
        "phone": "+84901234567",
    }  # fmt: skip
    assert HASHES.items() <= line.items()


def test_a_refusal_says_of_whom_as_far_as_that_is_known() -> None:
    """A verified subject that a rule refuses is named; what an unverified token says of itself is not."""
    written, verified, unverified = Written("pseudonymous"), VisitorRefused(), TokenInvalid()
    verified.provider = unverified.provider = "keycloak"
    verified.provenance = PROVENANCE
    for error in (verified, unverified):
        written.trail.failure("shop", "r1", error, "f" * 12)
    first, second = written.lines
    assert (first["code"], first["subject"], first["client"]) == ("visitor_refused", HASHES["subject"], "web-shop")
    assert (second["code"], second["provider"]) == ("token_invalid", "keycloak")
    assert second.keys().isdisjoint({"subject", "id", "email", "phone", "client", "token_age", "plain"})


def test_callbacks_are_recorded(issuer: Issuer, start_bridge: StartBridge, tmp_path: Path) -> None:
    """Fresh, remembered and refused ones, in a file of its own; guests and strangers are nobody."""
    file = tmp_path / "audit.jsonl"
    audit = {"mode": "pseudonymous", "key": {"env": "AUDIT_KEY"}, "file": str(file)}
    config = configuration(issuer.url, audit=audit, require=[{"not": {"claim": "tier", "equals": "banned"}}])
    bridge = start_bridge(config, AUDIT_KEY=KEY)
    bridge.wait_until_ready()
    good = good_token(issuer.url, sub="visitor-hoa", azp="web-shop", email="hoa@shop.example", email_verified=True)
    banned = good_token(issuer.url, sub="visitor-mai", tier="banned")
    for token in (good, good, banned, good_token(issuer.url, exp=At(-3600)), ...):
        bridge.post(token)
    bridge.post(good, authorization="Bearer wrong")
    bridge.stop()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["code"], line["cached"]) for line in lines] == [
        ("ok", False), ("ok", True), ("visitor_refused", False), ("token_expired", False),
    ]  # fmt: skip
    fresh, remembered, refused, expired = lines
    assert fresh["subject"] == remembered["subject"] == NAMES.subject(issuer.url, "visitor-hoa")
    assert fresh["email"] == remembered["email"] == NAMES.email("hoa@shop.example")
    assert (remembered["client"], remembered["token_age"]) == ("web-shop", pytest.approx(0, abs=30))
    assert refused["subject"] == NAMES.subject(issuer.url, "visitor-mai")
    assert (expired["provider"], "subject" in expired) == ("p0", False)
    assert {line["provider"] for line in lines} == {"p0"}
    [callback] = [line for line in bridge.lines if line.get("request_id") == fresh["request_id"]]
    assert callback["token"] == fresh["token"]
    assert not [line for line in bridge.lines if line["event"] == "audit"]


def test_without_a_file_it_is_on_standard_output(issuer: Issuer, start_bridge: StartBridge) -> None:
    """As JSON whatever log: says, so that a collector can tell it by its event."""
    audit = {"mode": "pseudonymous", "key": {"env": "AUDIT_KEY"}}
    bridge = start_bridge(configuration(issuer.url, audit=audit), AUDIT_KEY=KEY)
    bridge.post(good_token(issuer.url))
    bridge.stop()
    assert [line["code"] for line in bridge.lines if line["event"] == "audit"] == ["ok"]
