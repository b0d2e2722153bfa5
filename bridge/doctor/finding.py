"""What a check can come to: one list of every finding, which the reference repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Grade = Literal["ok", "warning", "finding"]
"""All is well; it works, and will not for long or not always; it does not work."""

FINDINGS: Final[Mapping[str, str]] = {
    "dns": "A host name has no address.",
    "unreachable": "Nobody answers at a host.",
    "plain_http": "A host is asked without TLS.",
    "tls": "A certificate is not trusted: expired, for another name, or of an unknown authority.",
    "tls_expiry": "A certificate expires soon.",
    "discovery": "There is no discovery document, or it cannot be used.",
    "issuer": "The provider calls itself by another spelling than issuer:.",
    "key_set": "The key set cannot be fetched or read.",
    "no_keys": "The key set has no usable key.",
    "unused_key": "A key is weak, broken or of an unknown kind.",
    "private_key": "The provider publishes a private key.",
    "algorithms": "No key can make a signature that algorithms: allows.",
    "clock": "The provider's clock and this machine's differ.",
    "latency": "The provider is slow.",
    "introspection": "Introspection cannot be used.",
    "introspection_client": "Introspection refuses our client.",
    "introspection_open": "Introspection calls a made-up token active.",
    "introspection_audience": "Introspection calls a token inactive that is good by every other check.",
    "userinfo": "Userinfo cannot be used.",
    "token_check": "The token check cannot be used.",
    "endpoint_open": "Userinfo or the token check answers about a made-up token.",
    "bridge": "No bridge answers at a callback's address.",
    "bridge_open": "A callback answers without the header token.",
    "header_token": "A callback does not take the header token of the file.",
    "guest": "A callback answers a guest otherwise than the file says.",
    "token": "The sample token is refused.",
}
"""Every finding and warning by its name, with what it means."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to.

    Attributes:
        check: One of ``FINDINGS``; also where all is well.
        about: Whom it is about: ``provider keycloak``, ``callback shop``.
        grade: How bad it is.
        found: What was found.
        why: What follows from it; empty where all is well.
        cure: What to change, and where; empty where all is well.
    """

    check: str
    about: str
    grade: Grade
    found: str
    why: str = ""
    cure: str = ""

    def __post_init__(self) -> None:
        if self.check not in FINDINGS:
            raise LookupError(self.check)
