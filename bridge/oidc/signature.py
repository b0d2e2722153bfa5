"""Whether a provider's key made a signature: the algorithms that it may use, the keys that it has, a look for newer."""

from collections.abc import Mapping, Sequence

from bridge.errors import TokenInvalid
from bridge.oidc.algorithms import EDDSA, EDWARDS
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import Keys
from bridge.oidc.jws import UntrustedJws, is_signed_by
from bridge.oidc.key import VerificationKey

Algorithms = Mapping[str, frozenset[str]]
"""What is allowed: a header's ``alg`` and the algorithms that it stands for."""


def allowed(names: Sequence[str]) -> Algorithms:
    """The allow-list of these algorithms; ``EdDSA`` stands for those of the Edwards curves that are among them."""
    algorithms = {name: frozenset({name}) for name in names}
    if edwards := frozenset(EDWARDS).intersection(algorithms):
        algorithms[EDDSA] = edwards
    return algorithms


async def verify_signature(jws: UntrustedJws, keys: Keys, algorithms: Algorithms, issuers: Issuers) -> None:
    """Returns if one of the keys made the signature.

    Args:
        jws: What is signed: a token, or an answer about one.
        keys: The provider's.
        algorithms: The allow-list.
        issuers: For whom each key may speak.

    Raises:
        TokenInvalid: Algorithm, key or signature.
        ProviderUnavailable, ProviderBusy: The keys cannot be had.
    """
    # The allow-list comes before any look for a key (RFC 8725 section 3.1).
    names = algorithms.get(jws.algorithm)
    if names is None:
        raise TokenInvalid(
            f"the header's alg is not among the allowed {', '.join(sorted(algorithms))}",
            hint="If the provider really signs so, name the algorithm in algorithms.",
        )
    if is_signed_by(jws, await _candidates(jws, keys, names, issuers), names):
        return
    if await keys.renewed(jws.kid) and is_signed_by(jws, await _candidates(jws, keys, names, issuers), names):
        return
    raise TokenInvalid("the signature does not match the provider's key")


async def _candidates(
    jws: UntrustedJws, keys: Keys, algorithms: frozenset[str], issuers: Issuers
) -> Sequence[VerificationKey]:
    return [key for key in await keys.candidates(jws.kid, algorithms) if issuers.allow_key(key.issuer, jws.claims)]
