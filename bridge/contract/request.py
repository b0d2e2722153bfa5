"""The body of a callback -> the visitor's token. Whatever else is in it comes from the visitor's browser."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from bridge import strict_json
from bridge.access_token import AccessToken
from bridge.errors import BodyInvalid, MediaTypeUnsupported, TokenMalformed, TokenMissing

BodyKind = Literal["json", "form"]
"""How a body is written."""

MAX_DEPTH = 16
"""Levels of nesting in a body. CX Genie's is flat; what a gateway adds is not much deeper."""

_KINDS: Mapping[bytes, BodyKind] = {b"application/json": "json", b"application/x-www-form-urlencoded": "form"}

# RFC 9110 section 8.3.1; a parameter may be missing between two semicolons (section 5.6.6).
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PARAMETER = rb"(" + _TOKEN + rb')=(?:"((?:[^"\\]|\\.)*+)"|(' + _TOKEN + rb"))"
_PARAMETERS = re.compile(_PARAMETER)
_MEDIA_TYPE = re.compile(
    rb"[ \t]*+(" + _TOKEN + rb"/" + _TOKEN + rb")((?:[ \t]*+;[ \t]*+(?:" + _PARAMETER + rb")?+)*+)[ \t]*+"
)

_HTML_BLANKS = " \t\n\f\r"
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

# What a page without a token writes: an empty value of a script or template language, the vendor's placeholder as its
# documentation shows it, or the page's own placeholder, left unreplaced.
_NOBODY = re.compile(
    r"(?:undefined|null|none|nil|nan|false|(?:your_)?(?:user|access)_token"
    r"|[%{$<\[]{1,3} ?[\w.]*token[\w.]* ?[%}>\]]{1,3})?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_NOBODY = 64


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """What a callback asks: whose token is this?

    Attributes:
        token: The visitor's token, of which nothing is verified yet.
        untrusted_user_id: ``user_id`` of the body, for a count that says that it contradicts the token; else None.
        untrusted_email: ``email`` of the body, likewise.
    """

    token: AccessToken
    untrusted_user_id: str | None = field(default=None, repr=False)
    untrusted_email: str | None = field(default=None, repr=False)


def body_kind(content_type: Sequence[bytes]) -> BodyKind:
    """How the body is written, by the values of all ``Content-Type`` headers.

    JSON, or the form that some gateways make of it (CONTRACT.md, "The request"), with any parameters. A body is read as
    UTF-8 and never as anything else, so a ``charset`` that says otherwise is refused.

    Raises:
        MediaTypeUnsupported: None, several, malformed, of another type or of another charset.
    """
    if content_type == [b"application/json"]:
        return "json"  # as the vendor sends it
    hint = "send application/json in UTF-8"
    if len(content_type) != 1:
        raise MediaTypeUnsupported(f"{len(content_type)} Content-Type headers, 1 was expected", hint=hint)
    media_type = _MEDIA_TYPE.fullmatch(content_type[0])
    kind = _KINDS.get(media_type[1].lower()) if media_type else None
    if media_type is None or kind is None:
        raise MediaTypeUnsupported("neither application/json nor application/x-www-form-urlencoded", hint=hint)
    for name, quoted, plain in _PARAMETERS.findall(media_type[2]):
        if name.lower() == b"charset" and (quoted or plain).lower() not in (b"utf-8", b"utf8"):
            raise MediaTypeUnsupported("a charset other than utf-8", hint=hint)
    return kind


def read_request(body: bytes, kind: BodyKind, *, max_token: int) -> CallbackRequest:
    """The visitor's token out of a body (CONTRACT.md, "How a token gets here" and "The request").

    Args:
        body: The whole body; the caller bounds its size.
        kind: How it is written, by ``body_kind``.
        max_token: Longest token taken, in characters: ``limits.token``.

    Raises:
        BodyInvalid: Not one JSON object (or form) in UTF-8, a key twice, nested too deep, or ``access_token`` no text.
        TokenMissing: A guest.
        TokenMalformed: Too long, or not of RFC 6750's ``b64token`` syntax.
    """
    fields = _json_fields(body) if kind == "json" else _form_fields(body)
    return CallbackRequest(
        _token(fields.get("access_token"), max_token),
        _text_or_none(fields.get("user_id")),
        _text_or_none(fields.get("email")),
    )


def _json_fields(body: bytes) -> Mapping[str, Any]:
    try:
        fields = strict_json.loads(body, max_depth=MAX_DEPTH)
    except strict_json.JsonInvalid as error:
        raise BodyInvalid(f"the body is not JSON that we read: {error}") from None
    if not isinstance(fields, dict):
        raise BodyInvalid("the body is JSON, but no object")
    return fields


def _form_fields(body: bytes) -> Mapping[str, Any]:
    """The WHATWG's ``application/x-www-form-urlencoded``, but what it would repair or replace is refused."""
    if not body or _BROKEN_ESCAPE.search(body):
        raise BodyInvalid("the body is empty, or a percent sign in it escapes nothing")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise BodyInvalid("the body is not a form in UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BodyInvalid("a form field appears twice")
    return fields


def _text_or_none(untrusted: Any) -> str | None:
    return untrusted if isinstance(untrusted, str) and untrusted else None


def _token(written: Any, max_token: int) -> AccessToken:
    """The token as the page wrote it, with one leading ``Bearer `` and surrounding blanks taken off; never repaired."""
    if written is None:
        raise TokenMissing("the body has no access_token")
    if not isinstance(written, str):
        raise BodyInvalid("access_token is no text")
    if "\0" in written:
        raise BodyInvalid("access_token holds a NUL character")
    text = written.strip(_HTML_BLANKS)
    if text[:6].lower() == "bearer" and (len(text) == 6 or text[6] in _HTML_BLANKS):
        text = text[6:].lstrip(_HTML_BLANKS)
    if len(text) <= _LONGEST_NOBODY and _NOBODY.fullmatch(text):
        raise TokenMissing("the page has no token for this visitor")
    if len(text) > max_token:
        raise TokenMalformed(f"{len(text)} characters, at most {max_token} are taken")
    try:
        return AccessToken(text)
    except ValueError:
        if "%" in text or any(blank in text for blank in _HTML_BLANKS):
            raise TokenMalformed(
                "a blank or a percent sign inside the token", hint="the page must write encodeURIComponent(token)"
            ) from None
        raise TokenMalformed("a character that no token has (RFC 6750, b64token)") from None
