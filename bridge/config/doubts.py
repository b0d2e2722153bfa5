"""What a provider's settings may say and hardly anybody means: most of it would refuse every visitor at run time."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bridge.config.entries import ProviderEntry
from bridge.errors import KeyPath, Problem
from bridge.oidc.issuer import TEMPLATE

_WELL_KNOWN = "/.well-known/"

# What documentation writes in place of the operator's own: <tenant>, {realm}, ${TENANT}, YOUR_TENANT, your-domain.
_NAMES = "tenant|domain|realm|project|company|org|okta|auth0|app|host|server|issuer|pool"
_PLACEHOLDER = re.compile(
    rf"<[^>]*>|\{{[^}}]*\}}|(?i:\byour[_-]?(?:{_NAMES}))|\b(?:(?:YOUR|MY|THE)_)?(?:{_NAMES.upper()})(?:_[A-Z]+)*\b"
)

_KEYCLOAK_OWN = frozenset({"account", "broker", "realm-management"})
"""Audiences that Keycloak gives to every client's tokens by the roles of their user."""


def provider_doubts(entry: ProviderEntry) -> Iterator[Problem]:
    """What is most likely a slip. Key paths are relative to the provider."""
    for position, issuer in enumerate(entry.issuer):
        yield from _issuer_doubts(issuer, entry, ("issuer", position))
    for position, audience in enumerate(entry.audience):
        if entry.preset == "keycloak" and audience in _KEYCLOAK_OWN:
            yield Problem(
                ("audience", position),
                f"{audience}, an audience of Keycloak's own",
                "Every client of the realm may have it: a token made for another application would be accepted.",
                "Add an audience mapper (oidc-audience-mapper) to the shop's client, and name its audience here.",
            )


def _issuer_doubts(issuer: str, entry: ProviderEntry, path: KeyPath) -> Iterator[Problem]:
    exactly = "It is compared letter by letter with the token's iss."
    placeholder = _PLACEHOLDER.search(issuer.replace(TEMPLATE, ""))
    if placeholder is not None:
        yield Problem(path, "a placeholder in the issuer", exactly, "Write what stands in the token's iss.")
        return
    if _WELL_KNOWN in issuer:
        cure = f"Write {issuer.partition(_WELL_KNOWN)[0]}, or what the document there calls its issuer."
        yield Problem(path, "the address of the discovery document", exactly, cure)
        return
    parts = urlsplit(issuer)
    if parts.query or parts.fragment:
        why = "An issuer has neither query nor fragment (OpenID Connect Discovery section 4.1)."
        yield Problem(path, "an issuer with a query or a fragment", why, f"Write {issuer.partition('?')[0]}.")
    elif entry.preset == "auth0" and not issuer.endswith("/"):
        why = "Auth0's iss ends in a slash, and it is compared letter by letter."
        yield Problem(path, "an issuer of Auth0 without the slash at its end", why, f"Write {issuer}/.")
    elif entry.preset == "okta" and "/oauth2/" not in f"{parts.path}/" and "access_token" in entry.accept:
        yield Problem(
            path,
            "Okta's organisation server",
            "Okta alone may verify its access tokens: their signature key is not published.",
            f"Use a custom authorization server, such as {issuer.rstrip('/')}/oauth2/default, or accept: id_token.",
        )
