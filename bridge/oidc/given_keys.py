"""The keys that an operator gave: nothing is fetched for them."""

from bridge.oidc.jwks import StaticKeys
from bridge.oidc.key import from_pem, from_secret
from bridge.oidc.key_set import KeySet, read_key_set
from bridge.oidc.settings import ProviderSettings


def given_keys(name: str, settings: ProviderSettings) -> StaticKeys | None:
    """The keys of a provider called ``name``; ``None`` where they are to be fetched.

    A provider without an issuer signs nothing that we would take, so it has none at all.
    """
    if settings.public_key:
        return StaticKeys(KeySet([from_pem(text) for text in settings.public_key]))
    if settings.secret:
        return StaticKeys(KeySet([from_secret(secret.get_secret_value()) for secret in settings.secret]))
    if settings.jwks.file is not None:
        return StaticKeys(read_key_set(settings.jwks.file.encode(), name))
    return None if settings.issuer else StaticKeys(KeySet([]))
