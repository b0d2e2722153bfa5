"""What a provider says about a token, as far as it can be read at all; what it means is each endpoint's own."""

from bridge import strict_json
from bridge.claims import Json
from bridge.errors import ProviderUnavailable
from bridge.oidc.http import Endpoint


def read_object(body: bytes, endpoint: Endpoint) -> dict[str, Json]:
    """The JSON object of an answer.

    Its media type does not matter: what is no unambiguous JSON object is no answer, and what is one was meant as one
    (Facebook's and Zalo's kind call theirs ``text/javascript`` or ``text/json``).

    Raises:
        ProviderUnavailable: A login page, a list, null, half an object, a member twice: nothing that says anything
            about the token (THREATS.md U10).
    """
    try:
        answer = strict_json.loads(body)
    except strict_json.JsonInvalid as error:
        raise ProviderUnavailable(f"the answer of {endpoint} cannot be read: {error}") from None
    if not isinstance(answer, dict):
        raise ProviderUnavailable(f"the answer of {endpoint} is no JSON object")
    return answer


def unusable_status(status: int, endpoint: Endpoint) -> ProviderUnavailable:
    """The error for a status that says nothing about the token."""
    hint = ""
    if 300 <= status < 400:
        hint = f"A token is never sent on to where a redirect points; set {endpoint}: {{url: …}} to the final address."
    elif status in {404, 405}:
        hint = f"Is {endpoint}: {{url: …}} the right address, and token_in the place where it takes the token?"
    return ProviderUnavailable(f"{endpoint} answered HTTP {status}", hint=hint)
