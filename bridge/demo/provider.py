"""An honest small OpenID provider: discovery, keys, the authorization-code flow with PKCE, userinfo.

The protocol is Authlib's; here are its addresses, the sign-in page and the reading of requests. The sign-in page asks
for no password: one picks who one is.
"""

from urllib.parse import parse_qsl

from authlib.oauth2 import OAuth2Error
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.demo.authorization import CLIENT_ID, SCOPES, Call, DemoAuthorizationServer, profile
from bridge.demo.keys import ALGORITHM, published
from bridge.demo.page import Html, page, piece
from bridge.demo.visitors import VISITORS

_FORM_BYTES = 16384
"""A token request has a few hundred bytes."""


def provider_app(issuer: str, keys: KeySet, redirect_uri: str) -> Starlette:
    """The provider as an application.

    Args:
        issuer: Its address without a path, such as ``http://127.0.0.1:18081``.
        keys: What it signs with.
        redirect_uri: Where the shop takes codes.
    """
    endpoints = _Endpoints(DemoAuthorizationServer(issuer, keys, redirect_uri))
    return Starlette(
        routes=[
            Route("/", endpoints.front),
            Route("/.well-known/openid-configuration", endpoints.metadata),
            Route("/.well-known/oauth-authorization-server", endpoints.metadata),
            Route("/jwks", endpoints.jwks),
            Route("/authorize", endpoints.authorize, methods=["GET", "POST"]),
            Route("/token", endpoints.token, methods=["POST"]),
            Route("/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
        ]
    )


def metadata(issuer: str) -> OpenIDProviderMetadata:
    """The discovery document (OpenID Connect Discovery section 3, RFC 8414 section 2)."""
    return OpenIDProviderMetadata(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/token",
        userinfo_endpoint=f"{issuer}/userinfo",
        jwks_uri=f"{issuer}/jwks",
        scopes_supported=list(SCOPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=[ALGORITHM],
        token_endpoint_auth_methods_supported=["none"],
        code_challenge_methods_supported=["S256"],
        claims_supported=sorted({"iss", "aud", "exp", "iat", *next(iter(VISITORS.values())).profile}),
        request_uri_parameter_supported=False,
    )


class _Endpoints:
    def __init__(self, server: DemoAuthorizationServer) -> None:
        self._server = server
        self._protector = server.protector()

    async def front(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        return page("provider.html", title="Demo identity provider", issuer=self._server.issuer)

    async def metadata(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        return JSONResponse(metadata(self._server.issuer))

    async def jwks(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        return JSONResponse(published(self._server.keys))

    async def authorize(self, request: Request) -> Response:
        """GET shows who can sign in; POST, of the form on that page, signs one in and sends the code to the shop."""
        form = dict(parse_qsl((await _body(request)).decode("utf-8", "replace")))
        visitor = VISITORS.get(form.get("visitor", ""))
        try:
            call = self._call(request, request.url.query)
            grant = self._server.get_consent_grant(call, visitor)
            if visitor is None:
                return _sign_in_page(request.url.query)
            response: Response = self._server.create_authorization_response(call, grant_user=visitor, grant=grant)
        except OAuth2Error as error:
            response = self._server.handle_error_response(None, error)
        except ValueError:
            response = _unreadable()
        if response.status_code == 302:
            response.status_code = 303  # after a POST, so that every client asks again with GET (RFC 9700 section 4.12)
        return response

    async def token(self, request: Request) -> Response:
        try:
            call = self._call(request, (await _body(request)).decode("ascii"))
            response: Response = self._server.create_token_response(call)
        except OAuth2Error as error:
            response = self._server.handle_error_response(None, error)
        except ValueError:
            response = _unreadable()
        return response

    async def userinfo(self, request: Request) -> Response:
        """OpenID Connect Core section 5.3."""
        try:
            issued = self._protector.validate_request(["openid"], self._call(request, ""))
        except OAuth2Error as error:
            response: Response = self._server.handle_error_response(None, error)
            return response
        return JSONResponse(profile(issued.visitor, issued.scope), headers={"Cache-Control": "no-store"})

    def _call(self, request: Request, encoded: str) -> Call:
        # The address is our own, not what the Host header says.
        url = self._server.issuer + request.url.path
        return Call(
            request.method,
            url,
            request.headers,
            parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded)),
        )


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_BYTES:
            return b""
    return body


def _unreadable() -> Response:
    # Also where Authlib wants to quote a value whose characters its own error descriptions may not have.
    return JSONResponse({"error": "invalid_request", "error_description": "A parameter cannot be read."}, 400)


def _sign_in_page(query: str) -> Response:
    cards = "".join(
        piece("visitor.html", key=visitor.key, name=visitor.name, about=visitor.about) for visitor in VISITORS.values()
    )
    return page("sign_in.html", title="Sign in", action=f"/authorize?{query}", cards=Html(cards), client=CLIENT_ID)
