"""The signed form of a token (RFC 7515, compact serialization): its structure, its header's policy, its signature.

No claim is judged here. What is read before the signature is checked is named ``untrusted``. joserfc's own decoder is
not used: it lets the last duplicate win, guesses encodings, takes ``b64`` and an empty ``crit``, and raises errors
outside its family for what any visitor can send (THREATS.md L06 to L11).
"""

import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge import strict_json
from bridge.access_token import AccessToken
from bridge.errors import TokenInvalid, TokenMalformed
from bridge.oidc.key import VerificationKey

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)", re.ASCII)
_TO_STANDARD = str.maketrans("-_", "+/")

# RFC 4648 section 3.5: the last character's bits that carry nothing must be zero, or one token would have two texts.
_LAST_CHARACTERS = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}

# Members that would change how the token is read or where its key comes from. None has a use here, so being there
# is enough to be refused: crit (RFC 7515 section 4.1.11: we understand no extension), b64 (RFC 7797 section 7: never in
# a JWT), zip (RFC 8725 section 3.6), embedded keys and their addresses (RFC 8725 sections 2.9, 3.10).
_REFUSED_MEMBERS = ("crit", "b64", "zip", "jwk", "jku", "x5u")


@dataclass(frozen=True, slots=True, repr=False)
class UntrustedJws:
    """A token taken apart. Nothing in it may be believed until ``is_signed_by`` has said yes.

    Attributes:
        header: The JOSE header.
        claims: The payload, a JSON object.
        algorithm: ``alg`` as the header has it.
        kid: ``kid``, if any.
        signing_input: What is signed.
        signature: Its bytes; may be empty.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    algorithm: str
    kid: str | None
    signing_input: bytes
    signature: bytes


def read_untrusted(token: AccessToken) -> UntrustedJws:
    """Takes a token apart and refuses whatever needs no key to be refused.

    Raises:
        TokenMalformed: Not three parts of canonical base64url, JSON objects in the first two.
        TokenInvalid: A header that no policy of ours could accept.
    """
    match = _COMPACT.fullmatch(token.text)
    if match is None:
        raise TokenMalformed(f"three parts of base64url were expected, found {_form(token.text)}")
    header, claims = _read_object(match[1], "header"), _read_object(match[2], "payload")
    signature = _decode(match[3], "signature")
    for member in _REFUSED_MEMBERS:
        if member in header:
            raise TokenInvalid(f"the header has {member}, which is never taken")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str):
        raise TokenInvalid("the header's alg is missing or no text")
    if "kid" in header and not isinstance(kid, str):
        raise TokenInvalid("the header's kid is no text")
    return UntrustedJws(
        header=header,
        claims=claims,
        algorithm=algorithm,
        kid=kid,
        signing_input=token.text[: match.end(2)].encode("ascii"),
        signature=signature,
    )


def has_jwt_form(token: AccessToken) -> bool:
    """Whether a token must be a JWT wherever it may also be opaque (CONFIG.md, "Which token, which provider").

    Anything that begins with ``eyJ`` and has a dot, or three base64url parts of which the first is a JSON object to
    anybody at all. Such a token is never sent anywhere unverified, so it is read as the most careless reader would.
    """
    if not token.looks_like_jwt or token.text.startswith("eyJ"):
        return token.looks_like_jwt
    if _COMPACT.fullmatch(token.text.rstrip("=")) is None:
        return False
    first = token.text.partition(".")[0]
    try:
        header = _read_carelessly(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict)


def is_lookalike(token: AccessToken) -> bool:
    """Whether a token begins as a JWT does and yet is none to anybody: behind its dot stands no JSON.

    LINE's access tokens have a JOSE header and an encrypted payload. Such a token may be sent to the provider whose
    ``token_pattern`` spells that beginning out; nobody's JWT can be one.
    """
    payload = token.text.partition(".")[2].partition(".")[0]
    try:
        _read_carelessly(payload)
    except RecursionError:
        return False
    except ValueError:
        return True
    return False


def is_signed_by(jws: UntrustedJws, candidates: Sequence[VerificationKey], algorithms: frozenset[str]) -> bool:
    """Whether one of the keys made the signature.

    Args:
        jws: The token.
        candidates: The keys to try; the caller bounds them.
        algorithms: What the token's ``alg`` stands for: one algorithm, or the Edwards curves for ``EdDSA``.
    """
    return any(key.verifies(algorithms, jws.signing_input, jws.signature) for key in candidates)


def _form(text: str) -> str:
    parts = text.count(".") + 1
    if parts == 5:
        return "five: an encrypted token (RFC 7516), which is not a signed one"
    return "another character" if parts == 3 else f"{parts}"


def _read_object(part: str, name: str) -> dict[str, Any]:
    try:
        value = strict_json.loads(_decode(part, name))
    except strict_json.JsonInvalid as error:
        raise TokenMalformed(f"the {name} is not readable JSON: {error}") from None
    if not isinstance(value, dict):
        raise TokenMalformed(f"the {name} is no JSON object")
    return value


def _read_carelessly(part: str) -> Any:
    """What the most careless reader makes of it: ``json.loads`` guesses encodings and takes duplicates and NaN.

    Raises:
        ValueError, RecursionError: Not even he reads it.
    """
    return json.loads(from_base64url(part))


def _decode(part: str, name: str) -> bytes:
    rest = len(part) % 4
    if rest == 1 or (rest and part[-1] not in _LAST_CHARACTERS[rest]):
        raise TokenMalformed(f"the {name} is not canonical base64url")
    return from_base64url(part)


def from_base64url(part: str) -> bytes:
    """The bytes of base64url without padding, read as leniently as ``binascii`` does.

    Raises:
        ValueError: Not even so.
    """
    return binascii.a2b_base64(part.translate(_TO_STANDARD) + "=" * (-len(part) % 4))
