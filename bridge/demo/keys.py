"""The demo provider's signing key: made anew for each run, never written down."""

from joserfc.jwk import KeySet, KeySetSerialization, RSAKey

ALGORITHM = "RS256"


def new_keys() -> KeySet:
    """A key set of one RSA key of 2048 bits, whose ``kid`` is its thumbprint (RFC 7638).

    Signing with the set, not with the key, is what puts ``kid`` into a token's header.
    """
    return KeySet([RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)])


def published(keys: KeySet) -> KeySetSerialization:
    """The public halves, as ``jwks_uri`` serves them (RFC 7517 section 5)."""
    return keys.as_dict(private=False)
