"""The private key with which we prove to a provider who we are; it never signs anything about a visitor."""

import warnings
from dataclasses import dataclass

from joserfc import jwk
from joserfc.errors import JoseError

from bridge.oidc.algorithms import CURVE_ALGORITHMS, EDDSA, EDWARDS, RSA_BITS
from bridge.oidc.key import KeyUnusable


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key.

    Attributes:
        key: The key itself.
        algorithm: The one algorithm that we use it with: RS256, which every provider must know (OpenID Connect
            Registration section 2), that of the curve, or ``EdDSA``, which more providers know than RFC 9864's names.
    """

    key: jwk.Key
    algorithm: str


def from_private_pem(text: str) -> SigningKey:
    """A private key that an operator gave as PEM text.

    Raises:
        KeyUnusable: Not the PEM text of an unencrypted private key, or of one that no provider takes.
    """
    if "PRIVATE KEY-----" not in text:
        raise KeyUnusable("not the PEM text of a private key")
    if "ENCRYPTED" in text:
        raise KeyUnusable("an encrypted private key, for which nobody could type the passphrase")
    for kind in (jwk.RSAKey, jwk.ECKey, jwk.OKPKey):
        try:
            with warnings.catch_warnings(action="ignore"):  # joserfc warns of weak keys; we refuse them
                key = kind.import_key(text)
            if key.is_private:
                return SigningKey(key, _algorithm(key))
        except KeyUnusable:
            raise
        except (JoseError, ValueError, TypeError):
            continue
    raise KeyUnusable("not the PEM text of a private key")


def unfit_private_key(text: str) -> str:
    """Why a PEM text is no usable private key, or an empty text."""
    try:
        from_private_pem(text)
    except KeyUnusable as error:
        return str(error)
    return ""


def _algorithm(key: jwk.Key) -> str:
    if isinstance(key, jwk.RSAKey):
        bits = key.public_key.public_numbers().n.bit_length()
        if bits < RSA_BITS:
            raise KeyUnusable(f"an RSA key of {bits} bits, {RSA_BITS} or more were expected")
        return "RS256"
    if isinstance(key, jwk.ECKey) and key.curve_name in CURVE_ALGORITHMS:
        return CURVE_ALGORITHMS[key.curve_name]
    if isinstance(key, jwk.OKPKey) and key.curve_name in EDWARDS:
        return EDDSA
    raise KeyUnusable("a curve that is not for signatures here")
