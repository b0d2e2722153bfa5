"""A small shop: its page with the chat widget, its sign-in, and a stand-in for CX Genie's server.

Three parties share this one address, because the demo has one page to show:

- the shop signs its visitors in at the provider (``/login``, ``/callback``) and writes the access token into
  ``data-token`` of the widget's script tag, as CX Genie's documentation has it;
- ``/widget.js`` does what CX Genie's does with it (CONTRACT.md, "How a token gets here");
- ``/chat`` does what CX Genie's server then does: it posts the token to the bridge, and shows both ends of it.
"""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cachetools import TTLCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.demo.authorization import CLIENT_ID, SCOPES, TOKEN_SECONDS
from bridge.demo.keys import ALGORITHM
from bridge.demo.page import Html, page, piece, text

_SIGN_IN_SECONDS = 600
_KEPT = 1024
_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Callback:
    """Where CX Genie calls and with which secret: what an operator types into its settings."""

    url: str
    header_token: str

    def __repr__(self) -> str:
        return f"Callback({self.url!r})"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of CX Genie's request (CONTRACT.md, "The request"): the secret stands before ``Bearer``."""
        return {"Authorization": f"{self.header_token} Bearer", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the bridge answered: the status line's number and reason, and the body as text."""

    status: int
    reason: str
    body: str

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The chat user, if the answer is one."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return None
        data = body.get("data") if isinstance(body, dict) and body.get("status") is True else None
        return data if isinstance(data, dict) else None

    @property
    def pretty(self) -> str:
        """The body, indented where it is JSON."""
        try:
            return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        except ValueError:
            return self.body


async def identify(session: aiohttp.ClientSession, callback: Callback, token: str) -> CallbackAnswer:
    """Asks the bridge who a visitor is, exactly as CX Genie's server does.

    Raises:
        aiohttp.ClientError, TimeoutError: It cannot be reached.
    """
    body = json.dumps({"access_token": token})
    async with session.post(callback.url, data=body, headers=callback.headers, allow_redirects=False) as response:
        return CallbackAnswer(
            response.status, response.reason or "", (await response.read()).decode("utf-8", "replace")
        )


@dataclass(frozen=True, slots=True)
class _SignIn:
    """What the shop remembers of a sign-in that it began."""

    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class _Session:
    """A visitor who is signed in at the shop."""

    name: str
    access_token: str


class SignInFailed(Exception):
    """The provider's answer is not one that the shop can use; the message is for the visitor."""


def shop_app(address: str, issuer: str, callback: Callback) -> Starlette:
    """The shop as an application.

    Args:
        address: Its own, such as ``http://127.0.0.1:18082``.
        issuer: The provider whose customers it takes.
        callback: Where its chat is identified.
    """
    shop = _Shop(address, issuer, callback)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ARG001 -- Starlette's signature
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_TIMEOUT) as session:
            yield {"http": session}

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", shop.front),
            Route("/login", shop.login),
            Route("/callback", shop.callback),
            Route("/logout", shop.logout, methods=["POST"]),
            Route("/widget.js", shop.widget),
            Route("/chat", shop.chat),
        ],
    )


class _Shop:
    def __init__(self, address: str, issuer: str, callback: Callback) -> None:
        self._redirect_uri = f"{address}/callback"
        self._issuer = issuer
        self._callback = callback
        self._sign_ins: TTLCache[str, _SignIn] = TTLCache(_KEPT, _SIGN_IN_SECONDS)
        self._sessions: TTLCache[str, _Session] = TTLCache(_KEPT, TOKEN_SECONDS)

    async def front(self, request: Request) -> Response:
        """The shop's page, with the widget's script tag as a shop writes it: no ``data-token`` for a guest."""
        session = self._sessions.get(request.cookies.get("shop_session", ""))
        if session is None:
            return page("shop.html", title="Demo shop", visitor=Html(piece("guest.html")), token=Html(""))
        return page(
            "shop.html",
            title="Demo shop",
            visitor=piece("customer.html", name=session.name),
            token=Html(piece("token.html", token=session.access_token)),
        )

    async def login(self, request: Request) -> Response:
        """To the provider (OpenID Connect Core section 3.1.2.1); the cookie ties its answer to this browser."""
        state, nonce, code_verifier = (secrets.token_urlsafe(48) for _ in range(3))
        try:
            metadata = await self._metadata(request)
        except SignInFailed as error:
            return _failed(str(error))
        self._sign_ins[state] = _SignIn(nonce, code_verifier)
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(SCOPES),
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(code_verifier),
            "code_challenge_method": "S256",
        }
        response = RedirectResponse(f"{metadata['authorization_endpoint']}?{urlencode(query)}", 303)
        response.set_cookie("shop_sign_in", state, max_age=_SIGN_IN_SECONDS, httponly=True, samesite="lax")
        return response

    async def callback(self, request: Request) -> Response:
        """From the provider: the code becomes tokens, the ID token says who, the access token is for the chat."""
        state = request.query_params.get("state", "")
        sign_in = self._sign_ins.pop(state, None)
        if sign_in is None or not secrets.compare_digest(
            state.encode(), request.cookies.get("shop_sign_in", "").encode()
        ):
            return _failed("This sign-in was not begun here, or was finished already.")
        if "code" not in request.query_params:
            return _failed("The identity provider did not sign you in.")
        try:
            session = await self._redeem(request, request.query_params["code"], sign_in)
        except SignInFailed as error:
            return _failed(str(error))
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = session
        response = RedirectResponse("/", 303)
        response.delete_cookie("shop_sign_in")
        response.set_cookie("shop_session", session_id, max_age=TOKEN_SECONDS, httponly=True, samesite="lax")
        return response

    async def logout(self, request: Request) -> Response:
        self._sessions.pop(request.cookies.get("shop_session", ""), None)
        response = RedirectResponse("/", 303)
        response.delete_cookie("shop_session")
        return response

    async def widget(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        return Response(text("widget.js"), media_type="text/javascript", headers={"Cache-Control": "no-store"})

    async def chat(self, request: Request) -> Response:
        """What the widget opens: here stands CX Genie's server, which asks the bridge who came."""
        token = request.query_params.get("user-token", "")
        try:
            answer = await identify(request.state.http, self._callback, token)
        except (aiohttp.ClientError, TimeoutError):
            return page("message.html", title="Chat", status=502, message="The bridge cannot be reached.")
        data = answer.data
        greeting = "A guest: CX Genie asks for a name and an e-mail address." if data is None else _greeting(data)
        return page(
            "chat.html",
            title="Chat",
            greeting=greeting,
            url=self._callback.url,
            request=json.dumps({"access_token": token}, indent=2),
            outcome=f"{answer.status} {answer.reason}",
            answer=answer.pretty,
        )

    async def _metadata(self, request: Request) -> Mapping[str, Any]:
        return await self._json(request, "GET", f"{self._issuer}/.well-known/openid-configuration")

    async def _redeem(self, request: Request, code: str, sign_in: _SignIn) -> _Session:
        metadata = await self._metadata(request)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": CLIENT_ID,
            "code_verifier": sign_in.code_verifier,
        }
        tokens = await self._json(request, "POST", metadata["token_endpoint"], data=form)
        keys = KeySet.import_key_set(await self._json(request, "GET", metadata["jwks_uri"]))  # type: ignore[arg-type]  # checked by joserfc
        required = {name: {"essential": True} for name in ("sub", "exp", "iat", "name")}
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": CLIENT_ID},
            nonce={"essential": True, "value": sign_in.nonce},
            **required,  # type: ignore[arg-type]  # joserfc's options are a TypedDict
        )
        try:
            claims = jwt.decode(tokens["id_token"], keys, algorithms=[ALGORITHM]).claims
            registry.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise SignInFailed("The identity provider's ID token is not good.") from error
        return _Session(name=str(claims["name"]), access_token=str(tokens["access_token"]))

    async def _json(self, request: Request, method: str, url: str, **body: Any) -> dict[str, Any]:
        http: aiohttp.ClientSession = request.state.http
        try:
            async with http.request(method, url, allow_redirects=False, **body) as response:
                value = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SignInFailed("The identity provider cannot be reached.") from error
        if response.status != 200 or not isinstance(value, dict):
            raise SignInFailed("The identity provider refused the sign-in.")
        return value


def _greeting(data: Mapping[str, Any]) -> str:
    label = data.get("label")
    return f"Hello {data.get('name') or 'there'}!" + (f" The agent sees you as: {label}." if label else "")


def _failed(message: str) -> Response:
    return page("message.html", title="Sign in", status=400, message=message)
