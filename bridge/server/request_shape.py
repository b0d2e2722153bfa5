"""The outline of one request: which parts it had and how long they were, and never what stood in them.

Names are shown where they look like names; a value never is. What is wrong is told by the contract's own readers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Scope

from bridge import strict_json
from bridge.access_token import AccessToken
from bridge.config.model import Callback, Model
from bridge.contract.callers import HEADER as FORWARDED_FOR
from bridge.contract.callers import Callers
from bridge.contract.request import body_kind, read_request
from bridge.contract.slips import Slip, header_form, header_slip, path_slip
from bridge.errors import BridgeError, CallerUnauthorized, TokenMissing
from bridge.oidc.hints import UntrustedFacts
from bridge.oidc.jws import read_untrusted
from bridge.oidc.token_pattern import TokenPattern
from bridge.server.callback import peer_of

MOST_NAMES = 40
"""Names of headers, keys or claims that are shown."""

KNOWN_KEYS = frozenset({"access_token", "user_id", "email", "name", "phone", "phone_number"})
"""What CX Genie's documentation has in a body (CONTRACT.md, "The request")."""

# A token has no such form, or is longer: where something else than a name stands, only its length is told.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,31}", re.ASCII)

_MEDIA_TYPE = re.compile(r"[A-Za-z]{1,20}/[A-Za-z0-9.+-]{1,40}(?: ?; ?(?:charset|boundary)=[\w\"-]{1,40})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shape:
    """One request's outline.

    Attributes:
        outline: Its parts, for a program: nothing of it is a value that a visitor or a secret has.
        slips: What is most likely wrong with it.
        callback: Whom it was for, by its path.
        token: The visitor's token, if one could be read.
    """

    outline: Mapping[str, Any]
    slips: Sequence[Slip]
    callback: Callback | None
    token: AccessToken | None = field(default=None, repr=False)


def shape_of(scope: Scope, body: bytes | None, model: Model) -> Shape:
    """The outline of a request.

    Args:
        scope: ASGI's.
        body: What came of the body; ``None`` where it was not read.
        model: The configuration that it was for.
    """
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    by_path = {callback.settings.path: callback for callback in model.callbacks}
    domains = [each.settings.domains.path for each in model.callbacks if each.settings.domains.allow]
    callback = by_path.get(scope["path"])
    slips: list[Slip | None] = [path_slip(scope["path"], [*by_path, *domains])]
    if callback is not None and scope["method"] != "POST":
        cure = "CX Genie posts; a browser, a health check or a redirect from http to https asks like that."
        slips.append(Slip(f"{scope['method'][:16]} in place of POST", cure))
    authorization = _values(headers, b"authorization")
    slips += _caller_slips(scope, authorization, headers, model)
    outline: dict[str, Any] = {
        "method": scope["method"][:16],
        "path": scope["path"] if scope["path"] in {*by_path, *domains} else _length("a path", scope["path"]),
        "query": _length("a query", scope["query_string"]) if scope["query_string"] else None,
        "http_version": scope["http_version"],
        "caller": _caller(scope, headers, model),
        "callback": None if callback is None else callback.name,
        "header_token": header_form(authorization),
        "content_type": [_media_type(value) for value in _values(headers, b"content-type")],
        "headers": _names(name.decode("latin-1") for name, _ in headers),
    }
    token: AccessToken | None = None
    if body is not None:
        outline["body"], outline["token"], token, slip = _body(body, _values(headers, b"content-type"), model)
        slips.append(slip if callback is not None and scope["method"] == "POST" else None)
    return Shape(outline, [slip for slip in slips if slip is not None], callback, token)


def _caller_slips(
    scope: Scope, authorization: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]], model: Model
) -> Iterator[Slip | None]:
    """What is wrong with who calls."""
    callbacks = {callback.name: callback for callback in model.callbacks}
    secrets = {
        name: [secret.get_secret_value() for secret in callback.settings.header_token]
        for name, callback in callbacks.items()
    }
    asked = next((each for each in callbacks.values() if each.settings.path == scope["path"]), None)
    if asked is None:
        yield header_slip(authorization, [secret for own in secrets.values() for secret in own], {})
        return
    own = secrets.pop(asked.name)
    elsewhere = next((name for name, value in headers if name != b"authorization" and _holds(value, own)), None)
    if elsewhere is not None:
        cure = "It has to come as Authorization: does something before the bridge rename that header?"
        yield Slip(f"the secret in the header {_name(elsewhere.decode('latin-1'))}", cure)
    else:
        yield header_slip(authorization, own, secrets)
    if asked.settings.allow_from:
        try:
            Callers(asked.settings.allow_from, model.server.trusted_proxies).check(peer_of(scope), headers)
        except CallerUnauthorized as refusal:
            yield Slip(refusal.detail, refusal.hint)


def _holds(value: bytes, secrets: Iterable[str]) -> bool:
    return any(secret.encode() in value.split() for secret in secrets)


def _caller(scope: Scope, headers: Iterable[tuple[bytes, bytes]], model: Model) -> Mapping[str, Any]:
    peer = peer_of(scope)
    forwarded = _values(headers, FORWARDED_FOR)
    address = Callers((), model.server.trusted_proxies).address(peer, forwarded)
    return {
        "address": None if address is None else str(address),
        "peer": peer,
        "forwarded_for": len(b",".join(forwarded).split(b",")) if forwarded else 0,
        "user_agent": [_printable(value) for value in _values(headers, b"user-agent")],
    }


def _body(
    body: bytes, content_type: Sequence[bytes], model: Model
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None, AccessToken | None, Slip | None]:
    """The outlines of the body and of the token, the token itself, and what the contract's reader says against them."""
    outline: dict[str, Any] = {"bytes": len(body)}
    if len(body) > model.limits.body:
        return outline, None, None, Slip("a body of more than limits.body", "Raise limits.body, if that is CX Genie's.")
    fields: Any = None
    try:
        fields = strict_json.loads(body)
        outline["json"] = _kind(fields)
    except strict_json.JsonInvalid as error:
        outline["json"] = f"no JSON that is read: {error}"
        fields = _form_fields(body)
    if isinstance(fields, dict):
        outline["keys"] = {_name(key): _kind(value) for key, value in list(fields.items())[:MOST_NAMES]}
        outline["unknown_keys"] = [_name(key) for key in list(fields)[:MOST_NAMES] if key not in KNOWN_KEYS]
    written = fields.get("access_token") if isinstance(fields, dict) else None
    token_outline = _written_token(written) if isinstance(written, str) else None
    try:
        kind = body_kind(content_type)
        outline["kind"] = kind
        token = read_request(body, kind, max_token=model.limits.token).token
    except TokenMissing as guest:
        cure = (
            "A guest: sign in at the shop for a call with a token; if you are signed in, see to the page's data-token."
        )
        return outline, {**(token_outline or {}), "form": "none"}, None, Slip(guest.detail, cure)
    except BridgeError as refusal:
        cure = refusal.hint or 'CX Genie posts {"access_token": "…"}: does something on the way change it?'
        return outline, token_outline, None, Slip(refusal.detail, cure)
    return outline, {**(token_outline or {}), **_token(token, model)}, token, None


def _form_fields(body: bytes) -> dict[str, str] | None:
    """A body as a form, for those whose fields have names and values; only their outline is of interest."""
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return None


def _written_token(text: str) -> dict[str, Any]:
    """How the page wrote the token."""
    return {
        "written_length": len(text),
        "bearer_before_it": text.lstrip()[:6].lower() == "bearer",
        "blanks_around_it": text != text.strip(),
    }


def _token(token: AccessToken, model: Model) -> dict[str, Any]:
    facts = UntrustedFacts.of(token)
    outline: dict[str, Any] = {"form": facts.form, "length": len(token.text), "alphabet": _alphabet(token.text)}
    if not token.looks_like_jwt:
        outline["fits"] = [
            name
            for name, settings in model.providers.items()
            if settings.token_pattern is not None and TokenPattern(settings.token_pattern).matches(token.text)
        ]
    if facts.form == "jwt":
        try:
            jws = read_untrusted(token)
        except BridgeError as refusal:
            return {**outline, "unreadable": refusal.detail}
        outline["alg"] = _printable(jws.algorithm)
        outline["typ"] = _printable(jws.header["typ"]) if isinstance(jws.header.get("typ"), str) else None
        outline["kid"] = "kid" in jws.header
        outline["claims"] = _names(jws.claims)
    return outline


def _alphabet(text: str) -> str:
    """Which sorts of characters a token is made of."""
    if re.fullmatch(r"[0-9a-f]+", text):
        return "lower-case hexadecimal"
    sorts = {"a-z": r"[a-z]", "A-Z": r"[A-Z]", "0-9": r"[0-9]"}
    found = [name for name, pattern in sorts.items() if re.search(pattern, text)]
    return " ".join([*found, *sorted(set(re.sub(r"[A-Za-z0-9]", "", text)))])


def _kind(value: Any) -> str:
    match value:
        case str():
            return f"text of {len(value)}"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object of {len(value)}"
    return "null"


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _media_type(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if _MEDIA_TYPE.fullmatch(text) else _length("a text", text)


def _names(names: Iterable[str]) -> list[str]:
    return [_name(name) for name in sorted(set(names))[:MOST_NAMES]]


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) else f"a name of {len(text)} characters"


def _length(what: str, text: str | bytes) -> str:
    return f"{what} of {len(text)} characters"


def _printable(text: bytes | str) -> str:
    """What names a kind or a product, short and harmless to a terminal."""
    shown = text.decode("latin-1") if isinstance(text, bytes) else text
    return "".join(character for character in shown[:120] if character.isprintable())
