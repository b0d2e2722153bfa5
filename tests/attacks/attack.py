"""One row of an attack table, and what every attack must come to.

A row has one fault and is otherwise valid. Each is struck after its *twin*, the same thing without the fault, was
accepted by the same bridge, so that no row can pass because something else was wrong. None of them may cause a request
to an identity provider.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bridge_process import ACCEPTED, STATUS, RunningBridge, configuration, provider
from tests.issuer.mint import good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer

Mint = Callable[[str], str]
"""An issuer's URL -> a token."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One fault.

    Attributes:
        threat: The id of the threat's class.
        name: The fault, in a few words.
        token: Makes the token, given the issuer's URL.
        code: What the bridge must answer.
        twin: The token without the fault.
        realm: Which of the issuer's realms the token is of.
    """

    threat: str
    name: str
    token: Mint
    code: str | None
    twin: Mint = good_token
    realm: str = "/plain"

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


@dataclass(frozen=True, slots=True)
class Attacked:
    """A running bridge and the process of all its issuers."""

    bridge: RunningBridge
    issuer: Issuer

    def by(self, attack: Attack) -> None:
        """Posts the twin, which must be accepted, and then the attack."""
        url = self.issuer.url + attack.realm
        twin = self.bridge.post(attack.twin(url))
        assert (twin.code, twin.status) == (ACCEPTED, 200), "the twin was refused"
        asked = self.issuer.asked()
        answer = self.bridge.post(attack.token(url))
        assert (answer.code, answer.status) == (attack.code, STATUS[attack.code]), (answer.code, answer.status)
        assert self.issuer.asked() == asked, "an identity provider was asked because of it"
        if attack.code is not ACCEPTED:
            assert set(answer.json) == {"status", "message", "code", "request_id"}


SINCE = datetime.now(UTC) - timedelta(minutes=30)
"""Tokens issued before are refused by the realm that says so."""

REALMS: Mapping[str, Mapping[str, Any]] = {
    "/plain": {},
    "/rs256": {"algorithms": ["RS256"]},
    "/parties": {"authorized_parties": ["web-shop"]},
    "/both": {"accept": ["access_token", "id_token"], "id_token_audience": ["web-shop"]},
    "/ids": {"accept": ["id_token"], "id_token_audience": ["web-shop"]},
    "/scoped": {"required_scopes": ["chat"]},
    "/young": {"max_token_age": "1h"},
    "/no-leeway": {"leeway": "0s"},
    "/since": {"refuse": {"issued_before": SINCE.isoformat(timespec="seconds")}},
    "/stolen": {"refuse": {"subjects": ["stolen"], "token_ids": ["stolen-token"]}},
    "/leaked": {"refuse": {"key_ids": ["ec256"]}},
    "/numbered": {"subject": "user_id", "refuse": {"subjects": ["stolen"]}},
}
"""Providers of one bridge, by realm: what each asks beyond the defaults."""


def attacked_configuration(issuer: Issuer) -> dict[str, Any]:
    """A provider per realm of ``REALMS``, all of them published, and a bystander at ``/attacker``."""
    for realm in (*REALMS, "/attacker"):
        issuer.realm(realm.removeprefix("/"))
    providers = {
        f"p{number}": provider(issuer.url + realm, id_prefix=f"{number}:", **members)
        for number, (realm, members) in enumerate(REALMS.items())
    }
    return configuration(providers=providers, limits={"failed_callers": "9999/s"})


def header(**members: Any) -> Mint:
    """A token whose header has these members too, signed as RS256 whatever its ``alg`` says; ``...`` removes one."""
    return lambda issuer: sign(good_header(**members), good_claims(issuer), "rsa", algorithm="RS256")


def raw_header(text: str | bytes) -> Mint:
    """A token with this text for a header, signed as RS256."""
    return lambda issuer: sign(text, good_claims(issuer), "rsa", algorithm="RS256")


def claims(**members: Any) -> Mint:
    """A token with these claims too; ``...`` removes one."""
    return lambda issuer: good_token(issuer, **members)


def payload(value: Any) -> Mint:
    """A token with this payload: text or bytes as they are, anything else as JSON."""
    return lambda _: sign(good_header(), value, "rsa")


def signed(algorithm: str, key: str, *, kid: str | None = None, **members: Any) -> Mint:
    """A token truly signed with this algorithm under this key, whose name is its ``kid`` unless given."""
    return lambda issuer: sign(good_header(algorithm, key if kid is None else kid, **members), good_claims(issuer), key)


def rewritten(change: Callable[[str], str], token: Mint = good_token) -> Mint:
    """A token whose text was changed after signing."""
    return lambda issuer: change(token(issuer))
