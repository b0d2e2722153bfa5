"""The one place that puts a visitor's token into a request, but for introspection, which has its own form."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

from bridge.access_token import AccessToken
from bridge.oidc.http import Endpoint, HttpClient, Response
from bridge.oidc.token_place import TokenPlace


async def ask_about(
    token: AccessToken,
    http: HttpClient,
    endpoint: Endpoint,
    url: str,
    *,
    place: Literal["bearer"] | TokenPlace,
    query: Mapping[str, str],
    accept: str,
) -> Response:
    """The answer to a GET with the token, or to a POST where the token is a form field.

    Args:
        token: Whom it is about.
        http: The provider's client.
        endpoint: What is asked.
        url: Where; its own query stays.
        place: Where the token goes; ``bearer`` is RFC 6750 section 2.1.
        query: Fixed query parameters.
        accept: Media types that we read.

    Raises:
        ProviderUnavailable, ProviderBusy: As ``HttpClient.get`` has them.
    """
    headers = {"Accept": accept}
    parameters = dict(query)
    if not isinstance(place, TokenPlace):
        headers["Authorization"] = f"Bearer {token.text}"
    elif place.header is not None:
        headers[place.header] = token.text
    elif place.query is not None:
        parameters[place.query] = token.text
    if parameters:
        url += ("&" if "?" in url else "?") + urlencode(parameters)
    if isinstance(place, TokenPlace) and place.form is not None:
        return await http.post(url, endpoint, body=urlencode({place.form: token.text}).encode(), headers=headers)
    return await http.get(url, endpoint, headers=headers)
