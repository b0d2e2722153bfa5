"""A provider's metadata document: read from where its issuer says, believed only if it names that very issuer."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc8414 import get_well_known_url as oauth_well_known_url
from authlib.oidc.discovery import get_well_known_url as openid_well_known_url

from bridge import strict_json
from bridge.errors import ProviderUnavailable
from bridge.oidc.address import unfit_url
from bridge.oidc.http import HttpClient
from bridge.oidc.issuer import TEMPLATE

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of the document; its lists of algorithms are not among it and never widen ours (THREATS.md K23).

    Attributes:
        jwks_uri: Where the key set is, a fit address.
        untrusted_userinfo_endpoint: Where userinfo is: whatever stands there, to be looked at when it is needed.
        untrusted_introspection_endpoint: The same for introspection.
    """

    jwks_uri: str
    untrusted_userinfo_endpoint: Any = None
    untrusted_introspection_endpoint: Any = None


async def discover(http: HttpClient, issuer: str, *, insecure: bool) -> Metadata:
    """The metadata of an issuer.

    Asked at OpenID Connect Discovery's address (section 4) and, with nothing there, at RFC 8414's (section 3).

    Args:
        http: The provider's client.
        issuer: What the document must repeat letter by letter (Discovery section 4.3, RFC 8414 section 3.3). A template
            is asked for at Entra's address for all tenants, whose document has it as it stands.
        insecure: Whether ``jwks_uri`` may be plain http on another machine.

    Raises:
        ProviderUnavailable: No such document, another issuer's, or one whose key set's address is unfit.
    """
    # Authlib's own validate() refuses documents of real providers, so each member is looked at here.
    place = issuer.replace(TEMPLATE, "common")
    addresses = (openid_well_known_url(place, external=True), oauth_well_known_url(place, external=True))
    for address in addresses:
        answer = await http.get(address, "discovery")
        if answer.status == 200:
            return _read(answer.body, issuer, insecure=insecure)
    raise ProviderUnavailable(
        f"discovery answered HTTP {answer.status} at {addresses[0]}",
        hint="Is the issuer exactly right, also its path and trailing slash? Without discovery set jwks: {url: …}.",
    )


def unfit_address(untrusted: Any, issuer: str, *, insecure: bool) -> str:
    """Why what an issuer's document has as an address is not one that we ask, or an empty text.

    As ``unfit_url`` has it; and not this machine's plain http, where the issuer is https.
    """
    if not isinstance(untrusted, str):
        return "missing or no text"
    downgraded = issuer.startswith("https:") and not insecure and not untrusted.startswith("https:")
    return unfit_url(untrusted, insecure=insecure) or ("plain http though the issuer is https" if downgraded else "")


def _read(body: bytes, issuer: str, *, insecure: bool) -> Metadata:
    try:
        document = strict_json.loads(body)
    except strict_json.JsonInvalid as error:
        raise ProviderUnavailable(f"the discovery document cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise ProviderUnavailable("the discovery document is no JSON object")
    if document.get("issuer") != issuer:
        raise ProviderUnavailable(
            f"the discovery document names the issuer {str(document.get('issuer'))[:200]!r}, {issuer!r} was expected",
            hint="Write issuer: exactly as the document has it.",
        )
    jwks_uri = document.get("jwks_uri")
    if reason := unfit_address(jwks_uri, issuer, insecure=insecure):
        raise ProviderUnavailable(
            f"the discovery document's jwks_uri is {reason}", hint="Set jwks: {url: …} to a fit address."
        )
    _log.info("discovered %s, keys at %s", issuer, urlsplit(str(jwks_uri)).netloc, extra={"event": "discovered"})
    return Metadata(str(jwks_uri), document.get("userinfo_endpoint"), document.get("introspection_endpoint"))
