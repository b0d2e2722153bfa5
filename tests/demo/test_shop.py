"""The demo's shop: its sign-in, its page, and the stand-in for CX Genie's server."""

import html
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.demo.browser import sign_in
from bridge.demo.keys import new_keys, published
from bridge.demo.listening import listen, port_of, serving
from bridge.demo.provider import metadata
from bridge.demo.shop import Callback, CallbackAnswer, shop_app
from tests.demo.flow import authorize, data_token
from tests.demo.running import HEADER_TOKEN, KEYS, Pages


async def chat(client: aiohttp.ClientSession, running: Pages, token: str | None) -> str:
    """The text of what the widget opens; without a token it passes the text "null", as JavaScript writes it."""
    async with client.get(
        f"{running.shop}/chat?aid=demo-agent&user-token={token if token is not None else 'null'}"
    ) as answer:
        return html.unescape(await answer.text())


async def test_a_guest_s_page_has_no_token(running: Pages, client: aiohttp.ClientSession) -> None:
    """The widget's script tag is there, without data-token."""
    async with client.get(running.shop) as answer:
        text = await answer.text()
    assert '<script src="/widget.js" data-aid="demo-agent" data-lang="en"></script>' in text
    assert 'href="/login"' in text


async def test_signing_in_and_out(running: Pages) -> None:
    """The page of whoever signed in has the access token for the widget, and no longer after signing out."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(f"{running.shop}/login") as form:
            action = form.url
        async with browser.post(action, data={"visitor": "an"}) as answer:
            text = await answer.text()
        assert (answer.url.path, "Nguyễn Văn An" in text, data_token(text) is not None) == ("/", True, True)
        async with browser.post(f"{running.shop}/logout") as answer:
            assert data_token(await answer.text()) is None


async def test_the_shop_asks_by_the_book(running: Pages, client: aiohttp.ClientSession) -> None:
    """Code flow with PKCE, state and nonce, all made anew each time."""
    asked = []
    for _ in range(2):
        async with client.get(f"{running.shop}/login", allow_redirects=False) as answer:
            assert re.search(r"HttpOnly.*SameSite=lax", answer.headers["Set-Cookie"])
            asked.append(
                {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
            )
    assert asked[0]["response_type"] == "code"
    assert asked[0]["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name]) >= 43
        assert asked[0][name] != asked[1][name]


async def test_a_callback_of_another_browser_is_refused(running: Pages) -> None:
    """A state without this browser's cookie signs nobody in: no log-in by somebody else's link."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        async with client.get(f"{running.shop}/login") as form:
            action = form.url
        async with client.post(action, data={"visitor": "an"}) as answer:
            assert (answer.status, answer.url.path) == (400, "/callback")
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("query", ["", "state=x&code=y", "state=%ff", "error=access_denied&state=x", "state=\u1ec5"])
async def test_a_callback_that_nobody_asked_for_is_refused(
    running: Pages, client: aiohttp.ClientSession, query: str
) -> None:
    """Unknown state: a page, no session, no 500."""
    cookie = {"Cookie": "shop_sign_in=x"}
    async with client.get(f"{running.shop}/callback?{query}", headers=cookie) as answer:
        assert answer.status == 400
        assert "not begun here" in await answer.text()


async def test_a_provider_that_refuses_signs_nobody_in(running: Pages) -> None:
    """An error or a spent code comes back: a page that says so."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        for answered in ({"error": "access_denied"}, {"code": "spent"}):
            async with browser.get(f"{running.shop}/login", allow_redirects=False) as answer:
                state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
            async with browser.get(f"{running.shop}/callback", params={"state": state, **answered}) as answer:
                assert answer.status == 400


async def test_a_code_of_another_sign_in_is_refused(running: Pages) -> None:
    """A code that was asked for with another nonce and verifier is nothing to this sign-in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        _, redirect, _ = await authorize(browser, running)
        async with browser.get(f"{running.shop}/login", allow_redirects=False) as answer:
            state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
        async with browser.get(f"{running.shop}/callback", params={"state": state, "code": redirect["code"]}) as answer:
            assert answer.status == 400


async def test_the_chat_asks_the_bridge_as_cx_genie_does(running: Pages, client: aiohttp.ClientSession) -> None:
    """CONTRACT.md, "The request": the secret before Bearer, the token as the page gave it; both ends are shown."""
    token = await sign_in(running.shop, "an")
    shown = await chat(client, running, token)
    ((headers, body),) = running.posted.requests
    assert headers["authorization"] == f"{HEADER_TOKEN} Bearer"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"access_token": token}
    assert f'"access_token": "{token}"' in shown
    assert "200 OK" in shown
    assert HEADER_TOKEN not in shown


async def test_what_cannot_be_reached_is_a_sentence(client: aiohttp.ClientSession) -> None:
    """Without the provider nobody signs in, without the bridge nobody is identified: a page says so."""
    listener, nobody = listen(0), "http://127.0.0.1:1"
    address = f"http://127.0.0.1:{port_of(listener)}"
    async with serving(shop_app(address, nobody, Callback(f"{nobody}/", HEADER_TOKEN)), listener):
        for path, status, sentence in (
            ("/login", 400, "The identity provider cannot be reached."),
            ("/chat?user-token=a", 502, "The bridge cannot be reached."),
        ):
            async with client.get(address + path) as answer:
                assert (answer.status, sentence in await answer.text()) == (status, True)


@dataclass
class Liar:
    """A provider that answers whatever a test likes, at every address of its own."""

    issuer: str = ""
    tokens: object = None

    def app(self) -> Starlette:
        """It as an application."""

        async def document(_: Request) -> Response:
            return JSONResponse(dict(metadata(self.issuer)))

        async def jwks(_: Request) -> Response:
            return JSONResponse(published(KEYS))

        async def token(_: Request) -> Response:
            return JSONResponse(self.tokens)

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", document),
                Route("/jwks", jwks),
                Route("/token", token, methods=["POST"]),
            ]
        )


@pytest.mark.parametrize(
    ("claims", "keys"),
    [
        ({}, KEYS),
        ({"nonce": "another"}, KEYS),
        ({"nonce": None}, KEYS),
        ({"aud": "another"}, KEYS),
        ({"iss": "https://another.example"}, KEYS),
        ({"exp": 1}, KEYS),
        ({"exp": None}, KEYS),
        ({"sub": None}, KEYS),
        ({}, new_keys()),
        (None, KEYS),
    ],
)
async def test_the_shop_believes_no_id_token_unchecked(claims: dict[str, object] | None, keys: KeySet) -> None:
    """OpenID Connect Core section 3.1.3.7: signature, issuer, audience, nonce and expiry; the first row is good."""
    liar, listeners = Liar(), (listen(0), listen(0))
    liar.issuer, address = (f"http://127.0.0.1:{port_of(listener)}" for listener in listeners)
    good = claims == {} and keys is KEYS
    async with (
        serving(liar.app(), listeners[0]),
        serving(shop_app(address, liar.issuer, Callback("http://127.0.0.1:1/", HEADER_TOKEN)), listeners[1]),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        async with browser.get(f"{address}/login", allow_redirects=False) as answer:
            asked = {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        now = int(time.time())
        honest = {"iss": liar.issuer, "aud": "demo-shop", "sub": "a", "name": "An", "nonce": asked["nonce"], "iat": now}
        told = {
            name: value for name, value in {**honest, "exp": now + 60, **(claims or {})}.items() if value is not None
        }
        id_token = jwt.encode({"alg": "RS256"}, told, keys)
        liar.tokens = {"access_token": "t"} if claims is None else {"access_token": "t", "id_token": id_token}
        async with browser.get(f"{address}/callback", params={"state": asked["state"], "code": "c"}) as answer:
            text = await answer.text()
    assert (answer.status, data_token(text)) == ((200, "t") if good else (400, None))
    assert good or "ID token is not good" in text


@pytest.mark.parametrize("token", [None, "", "undefined", "Bearer eyJ", "a%20b"])
async def test_the_chat_repairs_no_token(running: Pages, client: aiohttp.ClientSession, token: str | None) -> None:
    """What stands in the address is what is sent; a guest's is the text that JavaScript made of nothing."""
    await chat(client, running, token)
    assert running.posted.tokens() == ["null" if token is None else token.replace("%20", " ")]


async def test_what_the_bridge_says_is_shown_as_text(running: Pages, client: aiohttp.ClientSession) -> None:
    """A name that looks like a tag is none."""
    async with client.get(f"{running.shop}/chat") as answer:
        text = await answer.text()
    assert "Hello &lt;b&gt;An&lt;/b&gt;!" in text
    assert "<b>An" not in text


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ('{"status": true, "data": {"name": "An"}}', {"name": "An"}),
        ('{"status": false, "data": {"name": "An"}}', None),
        ('{"status": 1, "data": {}}', None),
        ('{"status": true}', None),
        ("[]", None),
        ("<html>", None),
    ],
)
def test_only_a_success_has_a_chat_user(body: str, data: object) -> None:
    """The envelope's status says so, not the HTTP status."""
    assert CallbackAnswer(200, "OK", body).data == data


def test_an_answer_that_is_no_json_is_shown_as_it_is() -> None:
    """A proxy's page is not hidden behind an error of ours."""
    assert CallbackAnswer(502, "Bad Gateway", "<html>").pretty == "<html>"


def test_the_header_token_hides_itself() -> None:
    """Not even the demo's secret is printed by accident."""
    assert HEADER_TOKEN not in repr(Callback("http://127.0.0.1/", HEADER_TOKEN))
