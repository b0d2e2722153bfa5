"""bridge/server/request_shape.py: the outline of a request has its parts and none of its values."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.oidc.settings import ProviderSettings
from bridge.server.request_shape import Shape, shape_of
from tests.issuer.mint import good_claims, sign
from tests.server.service import SECRET, model

ISSUER = "https://login.shop.example"
PERSONAL = ("Nguyễn Văn A", "a@shop.example", "+84901234567", "u-4711-of-this-visitor")
JWT = sign(
    {"alg": "RS256", "kid": "rsa", "typ": "JWT"},
    good_claims(ISSUER, sub=PERSONAL[3], name=PERSONAL[0], email=PERSONAL[1], phone_number=PERSONAL[2]),
    "rsa",
)
OPAQUE = "3f9ac0d1e2b34c5d6e7f80912a3b4c5d6e7f8091"


def scope(method: str = "POST", path: str = "/", **headers: str | list[str]) -> dict[str, Any]:
    """ASGI's of a good callback, with headers replaced or added by name, and left out if empty."""
    given: dict[str, str | list[str]] = {
        "authorization": f"{SECRET} Bearer",
        "content-type": "application/json",
        "user-agent": "axios/1.6.0",
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = [(name, each) for name, value in given.items() for each in (value if isinstance(value, list) else [value])]
    return {
        "method": method,
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "client": ("203.0.113.9", 4711),
        "headers": [(name.encode(), each.encode()) for name, each in pairs if each],
    }


def body(token: Any = JWT, **more: Any) -> bytes:
    """A callback's body."""
    return json.dumps({"access_token": token, **more}).encode()


def shape(asked: dict[str, Any] | None = None, sent: bytes | None = body(), **settings: Any) -> Shape:
    """The outline of a request to the two callbacks of ``model``."""
    return shape_of(asked or scope(), sent, model(**settings))


def test_the_outline_of_a_good_callback() -> None:
    """Everything that is undocumented of CX Genie's request, and nothing of its visitor's."""
    seen = shape(sent=body(user_id=PERSONAL[3], email=PERSONAL[1], bot="b7"))
    assert seen.slips == []
    assert seen.callback is not None
    assert seen.outline == {
        "method": "POST",
        "path": "/",
        "query": None,
        "http_version": "1.1",
        "caller": {"address": "203.0.113.9", "peer": "203.0.113.9", "forwarded_for": 0, "user_agent": ["axios/1.6.0"]},
        "callback": "default",
        "header_token": "SECRET Bearer",
        "content_type": ["application/json"],
        "headers": ["authorization", "content-type", "user-agent"],
        "body": {
            "bytes": len(body(user_id=PERSONAL[3], email=PERSONAL[1], bot="b7")),
            "json": "an object of 4",
            "keys": {
                "access_token": f"text of {len(JWT)}",
                "user_id": f"text of {len(PERSONAL[3])}",
                "email": f"text of {len(PERSONAL[1])}",
                "bot": "text of 2",
            },
            "unknown_keys": ["bot"],
            "kind": "json",
        },
        "token": {
            "written_length": len(JWT),
            "bearer_before_it": False,
            "blanks_around_it": False,
            "form": "jwt",
            "length": len(JWT),
            "alphabet": seen.outline["token"]["alphabet"],
            "alg": "RS256",
            "typ": "JWT",
            "kid": True,
            "claims": seen.outline["token"]["claims"],
        },
    }
    assert {"sub", "email", "iss", "aud"} <= set(seen.outline["token"]["claims"])


@pytest.mark.parametrize(
    ("asked", "sent", "found"),
    [
        (scope(), body(), []),
        (scope(path="/staff/"), body(), ["the callback's path with a slash behind it"]),
        (scope("GET"), b"", ["GET in place of POST"]),
        (scope(authorization=""), None, ["no Authorization header"]),
        (scope(authorization="", x_api_key=SECRET), None, ["the secret in the header x-api-key"]),
        (scope(authorization=f"{SECRET}-staff"), body(), ["the header token of callback staff"]),
        (scope(content_type="text/plain"), body(), ["neither application/json nor application/x-www-form-urlencoded"]),
        (scope(), b"", ["the body is not JSON that we read: not JSON"]),
        (scope(), b"[]", ["the body is JSON, but no object"]),
        (scope(), body(7), ["access_token is no text"]),
        (scope(), body("undefined"), ["the page has no token for this visitor"]),
        (scope(), b'{"token": "x"}', ["the body has no access_token"]),
        (scope(), body("a b"), ["a blank or a percent sign inside the token"]),
        (scope(), b" " * 70_000, ["a body of more than limits.body"]),
        (scope(authorization=SECRET[:-1], content_type=""), body(), [
            "the secret is 1 character shorter at its end: cut off when it was copied?",
            "0 Content-Type headers, 1 was expected",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(asked: dict[str, Any], sent: bytes | None, found: list[str]) -> None:
    """Told by the contract's own readers, each with something to do."""
    seen = shape(asked, sent)
    assert [slip.found for slip in seen.slips] == found
    assert all(slip.cure for slip in seen.slips)


def test_an_address_that_is_not_allowed() -> None:
    """The address, and the key to change."""
    (slip,) = shape(allow_from="198.51.100.0/24").slips
    assert slip.found == "the caller's address 203.0.113.9 is not in allow_from"
    assert "allow_from" in slip.cure


@pytest.mark.parametrize(
    ("token", "form", "alphabet"),
    [
        (JWT, "jwt", None),
        (f"  Bearer {JWT} ", "jwt", None),
        (OPAQUE, "opaque", "lower-case hexadecimal"),
        ("ory_at_Ab-9", "opaque", "a-z A-Z 0-9 - _"),
        ("a.b.c.d.e", "opaque", "a-z ."),
        ("undefined", "none", None),
    ],
)
def test_the_form_of_a_token(token: str, form: str, alphabet: str | None) -> None:
    """A guest's, a JWT, or an opaque one, of which length and letters say whose it may be."""
    outline = shape(sent=body(token)).outline["token"]
    assert outline["form"] == form
    assert alphabet is None or outline["alphabet"] == alphabet
    assert outline["bearer_before_it"] == ("Bearer" in token)


def test_whose_pattern_an_opaque_token_fits() -> None:
    """A JWT fits none, whatever a pattern says."""
    settings = ProviderSettings.model_validate({"token_pattern": "[0-9a-f]{40}"})
    configured = replace(model(), providers={"sso": settings, "other": ProviderSettings(token_pattern="x+")})
    for token, fits in ((OPAQUE, ["sso"]), ("opaque", []), (JWT, None)):
        assert shape_of(scope(), body(token), configured).outline["token"].get("fits") == fits


def test_a_form_is_outlined_too() -> None:
    """Some gateways rewrite bodies."""
    seen = shape(scope(content_type="application/x-www-form-urlencoded"), f"access_token={JWT}&bot=b7".encode())
    assert (seen.outline["body"]["kind"], seen.outline["body"]["unknown_keys"]) == ("form", ["bot"])
    assert seen.outline["token"]["form"] == "jwt"


MISPLACED = [
    (scope(path=f"/{SECRET}"), body()),
    (scope(path=f"/{OPAQUE}"), body()),
    ({**scope(), "query_string": f"access_token={JWT}&t={SECRET}".encode()}, body()),
    (scope(content_type="application/x-www-form-urlencoded"), JWT.encode()),
    (scope(content_type="text/plain"), OPAQUE.encode()),
    (scope(), json.dumps({JWT: SECRET, OPAQUE: PERSONAL[0]}).encode()),
    (scope(), body({"token": JWT})),
    (scope(authorization=f"Basic {SECRET} {OPAQUE}"), body(OPAQUE, name=PERSONAL[0], email=PERSONAL[1])),
    (scope(content_type=SECRET), body()),
    (scope(cookie=f"session={OPAQUE}", x_token=JWT), body()),
]


@pytest.mark.parametrize(("asked", "sent"), MISPLACED)
def test_nothing_that_must_be_hidden_is_in_an_outline(asked: dict[str, Any], sent: bytes) -> None:
    """Wherever a token, a secret or a visitor's data was put by mistake (THREATS.md O10)."""
    seen = shape(asked, sent)
    said = json.dumps([seen.outline, [[slip.found, slip.cure] for slip in seen.slips]], ensure_ascii=False) + repr(seen)
    for hidden in (SECRET, JWT, OPAQUE, *PERSONAL):
        assert hidden not in said


_texts = st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n\0"), max_size=40)


@given(
    _texts,
    st.lists(st.tuples(st.sampled_from(["authorization", "content-type", "x-forwarded-for", "user-agent"]), _texts)),
    st.one_of(st.none(), st.binary(max_size=100), st.text(max_size=60).map(body)),
)
def test_any_request_has_an_outline(path: str, headers: list[tuple[str, str]], sent: bytes | None) -> None:
    """Whatever comes, nothing escapes, and JSON can say it."""
    asked = {**scope(path=f"/{path}"), "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]}
    json.dumps(shape(asked, sent).outline)
