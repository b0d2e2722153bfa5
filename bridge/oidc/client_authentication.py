"""How we prove to a provider who we are, where an endpoint answers its own clients only (RFC 6749 section 2.3).

Authlib prepares the requests. Two things that it leaves open are closed here: it does not form-encode the two halves of
``client_secret_basic``, as RFC 6749 section 2.3.1 wants, and its signed assertions live for an hour.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.jwk import Key, OctKey

from bridge.oidc.endpoint_settings import IntrospectionSettings
from bridge.oidc.http import Endpoint, HttpClient, Response
from bridge.oidc.signing_key import from_private_pem

ASSERTION_LIFE = 60
"""Seconds for which a signed assertion is good: one request, and clocks that differ a little."""

_Way = Callable[[str], ClientAuth]
"""One way to write a method, for the endpoint at an address."""


class ClientAuthentication:
    """Posts forms as the client that the settings describe.

    Two methods can be written in two ways, of which providers take one or the other. The standard one goes first; to a
    provider that answers 401 the other is sent, once, and what works stays.

    * ``client_secret_basic``: id and secret form-encoded (RFC 6749 section 2.3.1), or raw, where that is a difference.
    * ``client_secret_jwt``, ``private_key_jwt``: the assertion's audience is the issuer (RFC 7523 section 3 as the IETF
      corrects it: one text, and never another server's address), or the endpoint's address, which Okta wants.

    Args:
        settings: Who we are, and how we show it.
        issuer: The provider's issuer; empty where it has none.
        now: Seconds since the epoch.
    """

    def __init__(
        self, settings: IntrospectionSettings, *, issuer: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._issuer = issuer
        self._now = now
        self._working: int | None = None
        self._first = 0
        self._all_refused = False

    async def post(
        self, http: HttpClient, url: str, endpoint: Endpoint, fields: Sequence[tuple[str, str]], *, accept: str
    ) -> Response:
        """The answer to a POST of these fields; of status 401 if the provider does not take us for its client.

        Raises:
            ProviderUnavailable, ProviderBusy: As ``HttpClient.post`` has them.
        """

        async def sent(way: int) -> Response:
            address, headers, body = _prepared(self._ways[way](url), url, {"Accept": accept}, urlencode(fields))
            answer = await http.post(address, endpoint, body=body.encode("ascii"), headers=headers)
            if answer.status == 200:
                self._working = way
            return answer

        way = self._first if self._working is None else self._working
        answer = await sent(way)
        if answer.status == 401 and (other := self._other(way)) is not None:
            answer = await sent(other)
            self._all_refused = answer.status == 401
        return answer

    @cached_property
    def _ways(self) -> Sequence[_Way]:
        # Made when first needed: a command that asks this provider nothing has a stand-in for its private key.
        return _ways(self._settings, self._issuer, self._now)

    def _other(self, refused: int) -> int | None:
        """The way to try at once after a refused one."""
        if self._working is not None:
            return self._working if self._working != refused else None
        # Where both were refused before, each question is one request again, in turn: the provider may be mended.
        self._first = (refused + 1) % len(self._ways)
        return self._first if self._first != refused and not self._all_refused else None


def _prepared(client: ClientAuth, url: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    with warnings.catch_warnings(action="ignore"):  # joserfc warns of EdDSA, which has newer names that fewer know
        prepared: tuple[str, dict[str, str], str] = client.prepare("POST", url, headers, body)
        return prepared


def _ways(settings: IntrospectionSettings, issuer: str, now: Callable[[], float]) -> list[_Way]:
    client_id = settings.client_id or ""
    secret = settings.client_secret.get_secret_value() if settings.client_secret is not None else ""
    match settings.auth_method:
        case "client_secret_basic":
            encoded, raw = (quote_plus(client_id), quote_plus(secret)), (_bytewise(client_id), _bytewise(secret))
            return [_always(ClientAuth(*halves, "client_secret_basic")) for halves in dict.fromkeys((encoded, raw))]
        case "client_secret_post":
            return [_always(ClientAuth(client_id, secret, "client_secret_post"))]
        case "none":
            return [_always(ClientAuth(client_id, None, "none" if client_id else _nothing))]
        case "client_secret_jwt":
            signed = _signed(client_id, OctKey.import_key(secret), "HS256", settings.key_id, now)
        case "private_key_jwt":
            signing = from_private_pem(settings.private_key.get_secret_value() if settings.private_key else "")
            signed = _signed(client_id, signing.key, signing.algorithm, settings.key_id, now)
    return [lambda _: signed(issuer), signed] if issuer else [signed]


def _always(client: ClientAuth) -> _Way:
    return lambda _: client


def _signed(client_id: str, key: Key, algorithm: str, key_id: str | None, now: Callable[[], float]) -> _Way:
    method = ClientSecretJWT if isinstance(key, OctKey) else PrivateKeyJWT

    def signed(audience: str) -> ClientAuth:
        # Made anew for each request: Authlib keeps the first jti in the claims that it is given.
        issued = int(now())
        claims = {"iat": issued, "exp": issued + ASSERTION_LIFE}
        header = {} if key_id is None else {"kid": key_id}
        return ClientAuth(client_id, key, method(audience, claims, header, algorithm))

    return signed


def _bytewise(text: str) -> str:
    """The text's UTF-8 bytes as Latin-1, which is how Authlib turns the header into bytes."""
    return text.encode().decode("latin-1")


def _nothing(
    _client: ClientAuth, _method: str, uri: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    """A method of Authlib's form that proves nothing and names nobody."""
    return uri, headers, body
