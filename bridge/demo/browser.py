"""A visitor's browser, as much of it as signing in takes: for a round trip without one, and for the ready ``curl``."""

from html.parser import HTMLParser

import aiohttp


class SignInBroken(Exception):
    """The pages did not lead where they should."""


class _WidgetTag(HTMLParser):
    """Finds the widget's script tag and reads ``data-token`` from it, as the widget does."""

    token: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.token = dict(attrs).get("data-token", self.token)


async def sign_in(shop: str, visitor: str) -> str:
    """The token that the chat widget finds on the shop's page once a visitor has signed in.

    Args:
        shop: The shop's address.
        visitor: Which button of the provider's sign-in form is pressed.

    Raises:
        SignInBroken: The page has no token in the end.
        aiohttp.ClientError, TimeoutError: A page cannot be reached.
    """
    # Cookies are kept for addresses without a name too, as every browser does.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=15)) as browser:
        async with browser.get(f"{shop}/login") as form:
            action = form.url
        async with browser.post(action, data={"visitor": visitor}) as answer:
            tag = _WidgetTag()
            tag.feed(await answer.text())
    if not tag.token:
        raise SignInBroken(f"signing in ended at {answer.url.path} with {answer.status}, without a token on the page")
    return tag.token
