# mypy: disallow-subclassing-any=False
# Authlib ships no types, so that to mypy each of its classes is Any.
"""Authlib's authorization server, told the few things that only we know: client, visitors, where codes are kept.

The authorization-code flow for one public client (RFC 6749 section 4.1) with PKCE by S256 (RFC 7636), access tokens as
JWT (RFC 9068) and ID tokens (OpenID Connect Core section 2).
"""

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Request, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError, OAuth2Payload, list_to_scope, scope_to_list
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from cachetools import TTLCache
from joserfc.jwk import KeySet
from starlette.responses import Response

from bridge.demo.keys import ALGORITHM
from bridge.demo.visitors import Visitor

CLIENT_ID = "demo-shop"
AUDIENCE = "cxgenie-chat"
"""Who the access tokens are made for: the bridge, on behalf of the chat."""
SCOPES = ("openid", "profile", "email", "phone")
TOKEN_SECONDS = 600
CODE_SECONDS = 60

# More sign-ins than one person can click together, and a bound for whatever else finds the port.
_KEPT = 1024


def profile(visitor: Visitor, scope: str) -> dict[str, Any]:
    """The claims that a scope opens, ``sub`` always among them (OpenID Connect Core section 5.4)."""
    return dict(UserInfo(visitor.profile).filter(scope))


class Parameters(OAuth2Payload):
    """The parameters of one request, each at most once (RFC 6749 sections 3.1 and 3.2).

    Raises:
        InvalidRequestError: One appears twice.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._data = dict(pairs)
        if len(self._data) != len(pairs):
            raise InvalidRequestError("A parameter appears more than once.")

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """The same, as Authlib counts repetitions."""
        return defaultdict(list, {name: [value] for name, value in self._data.items()})


class Call(OAuth2Request):
    """One request as Authlib wants it: read whole, because Authlib does not wait for a body."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], pairs: list[tuple[str, str]]) -> None:
        super().__init__(method, url, headers=headers)
        self.payload = Parameters(pairs)

    @property
    def form(self) -> dict[str, str]:
        """The parameters; a request of this server has them in one place only."""
        return dict(self.payload.data)


class ShopClient(ClientMixin):
    """The one registered client: the shop, which keeps no secret; PKCE ties the code to whoever asked for it."""

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri

    def get_client_id(self) -> str:
        """``client_id``."""
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        """None: ``redirect_uri`` must be spelled out, so that the token request must repeat it."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What may be had of what was asked for."""
        return str(list_to_scope([name for name in scope_to_list(scope) or () if name in SCOPES]))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Letter by letter (RFC 9700 section 2.1)."""
        return redirect_uri == self._redirect_uri

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 -- Authlib's signature
        """A public client: none."""
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Codes only; no refresh tokens."""
        return grant_type == "authorization_code"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for until it is redeemed, with the getters that Authlib asks by."""

    visitor: Visitor
    scope: str
    redirect_uri: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    auth_time: int

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return self.scope

    def get_nonce(self) -> str | None:
        """The shop's value that ties the ID token to its request."""
        return self.nonce

    def get_auth_time(self) -> int:
        """When the visitor signed in, in seconds since 1970."""
        return self.auth_time

    def get_acr(self) -> None:
        """Nothing is claimed about how."""

    def get_amr(self) -> None:
        """Nothing is claimed about how."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What an access token stands for at the userinfo endpoint; it is forgotten when it expires."""

    visitor: Visitor
    scope: str

    def is_expired(self) -> bool:
        """Never while it is remembered."""
        return False

    def is_revoked(self) -> bool:
        """Never."""
        return False

    def get_scope(self) -> str:
        """What was granted."""
        return self.scope


class DemoAuthorizationServer(AuthorizationServer):
    """Authlib's server for one client; its codes and tokens live in memory and are bounded.

    Args:
        issuer: The provider's address, as ``iss`` says it.
        keys: What tokens are signed with.
        redirect_uri: The only address to which codes are sent.
    """

    def __init__(self, issuer: str, keys: KeySet, redirect_uri: str) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.issuer = issuer
        self.keys = keys
        self.codes: TTLCache[str, Code] = TTLCache(_KEPT, CODE_SECONDS)
        self.issued: TTLCache[str, Issued] = TTLCache(_KEPT, TOKEN_SECONDS)
        self._client = ShopClient(redirect_uri)
        self.register_token_generator("default", _AccessTokens(issuer, keys))
        self.register_grant(_CodeGrant, [_S256(required=True), _IdTokens(self)])

    def query_client(self, client_id: str) -> ShopClient | None:
        """The client of that name."""
        return self._client if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: Call) -> None:
        """Remembers an access token for the userinfo endpoint."""
        self.issued[token["access_token"]] = Issued(request.user, token["scope"])

    def create_oauth2_request(self, request: Call) -> Call:
        """A request is read before Authlib sees it, because that needs ``await``."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        """Authlib's answer as Starlette's."""
        return Response(json.dumps(body) if isinstance(body, dict) else body, status, dict(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def protector(self) -> ResourceProtector:
        """What guards the userinfo endpoint (RFC 6750)."""
        protector = ResourceProtector()
        protector.register_token_validator(_BearerTokens(self))
        return protector


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: Call) -> None:
        data = request.payload.data
        self.server.codes[code] = Code(
            visitor=request.user,
            scope=request.scope,
            redirect_uri=data["redirect_uri"],
            nonce=data.get("nonce"),
            code_challenge=data["code_challenge"],
            code_challenge_method=data["code_challenge_method"],
            auth_time=int(time.time()),
        )

    def query_authorization_code(self, code: str, client: ShopClient) -> Code | None:  # noqa: ARG002 -- there is one client
        # A code is spent by the first attempt, whatever comes of it (RFC 6749 section 4.1.2).
        found: Code | None = self.server.codes.pop(code, None)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It is gone already."""

    def authenticate_user(self, authorization_code: Code) -> Visitor:
        return authorization_code.visitor


class _S256(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        # Authlib asks for a challenge when the code is redeemed, and takes an absent method as "plain".
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with the method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class _AccessTokens(JWTBearerTokenGenerator):
    def __init__(self, issuer: str, keys: KeySet) -> None:
        super().__init__(issuer, ALGORITHM, expires_generator=TOKEN_SECONDS)
        self._keys = keys

    def get_jwks(self) -> KeySet:
        return self._keys

    def get_audiences(self, client: ShopClient, user: Visitor, scope: str) -> str:  # noqa: ARG002 -- Authlib's signature
        return AUDIENCE

    def get_extra_claims(self, client: ShopClient, grant_type: str, user: Visitor, scope: str) -> dict[str, Any]:  # noqa: ARG002 -- Authlib's signature
        return {"azp": client.get_client_id(), **profile(user, scope), "realm_access": {"roles": list(user.roles)}}


class _IdTokens(OpenIDCode):
    DEFAULT_EXPIRES_IN = TOKEN_SECONDS

    def __init__(self, server: DemoAuthorizationServer) -> None:
        super().__init__()
        self._server = server

    def exists_nonce(self, nonce: str, request: Call) -> bool:  # noqa: ARG002 -- Authlib's signature
        return any(code.nonce == nonce for code in self._server.codes.values())

    def resolve_client_private_key(self, client: ShopClient) -> KeySet:  # noqa: ARG002 -- Authlib's signature
        return self._server.keys

    def get_client_claims(self, client: ShopClient) -> dict[str, Any]:
        return {"iss": self._server.issuer, "aud": client.get_client_id()}

    def generate_user_info(self, user: Visitor, scope: str) -> dict[str, Any]:
        return profile(user, scope)


class _BearerTokens(BearerTokenValidator):
    def __init__(self, server: DemoAuthorizationServer) -> None:
        super().__init__()
        self._server = server

    def authenticate_token(self, token_string: str) -> Issued | None:
        return self._server.issued.get(token_string)
