"""bridge/contract/request.py: the body of a callback, and the visitor's token in it."""

import json
from contextlib import suppress
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract.request import MAX_DEPTH, CallbackRequest, body_kind, read_request
from bridge.errors import BodyInvalid, BridgeError, MediaTypeUnsupported, TokenError, TokenMalformed, TokenMissing
from tests.contract.vectors import CALLBACKS, USER_TOKEN, Callback

JWT = USER_TOKEN
MAX_TOKEN = 16_384


def read_json(body: bytes | str) -> CallbackRequest:
    """A JSON body, read with the default limit."""
    return read_request(body if isinstance(body, bytes) else body.encode(), "json", max_token=MAX_TOKEN)


def read_form(body: bytes | str) -> CallbackRequest:
    """A form, read with the default limit."""
    return read_request(body if isinstance(body, bytes) else body.encode(), "form", max_token=MAX_TOKEN)


def with_token(value: object) -> str:
    """A body of one field, its characters escaped where JSON can."""
    return json.dumps({"access_token": value})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"application/json", "json"),
        (b"Application/JSON", "json"),
        (b" application/json\t", "json"),
        (b"application/json; charset=utf-8", "json"),
        (b"application/json;charset=UTF-8", "json"),
        (b'application/json; charset="utf-8"', "json"),
        (b"application/json; charset=utf8", "json"),
        (b"application/json; version=1; q=0.9", "json"),
        (b'application/json; title="a;b\\"charset=latin-1"', "json"),
        (b"application/json;", "json"),
        (b"application/json ; ; charset=utf-8", "json"),
        (b"application/x-www-form-urlencoded", "form"),
        (b"application/x-www-form-urlencoded; charset=UTF-8", "form"),
    ],
)
def test_json_and_forms_are_read(value: bytes, kind: str) -> None:
    """Any application/json with parameters, and the form that gateways make of it."""
    assert body_kind([value]) == kind


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"text/plain"],
        [b"text/json"],
        [b"application/problem+json"],
        [b"application/jsonp"],
        [b"xapplication/json"],
        [b"application"],
        [b"application/"],
        [b"application/json/x"],
        [b"application /json"],
        [b"multipart/form-data; boundary=x"],
        [b"application/json; charset=utf-16"],
        [b"application/json; charset=latin-1"],
        [b'application/json; charset="utf-16"'],
        [b"application/json; CHARSET=utf-16"],
        [b"application/json; charset=utf-8; charset=utf-16"],
        [b"application/json; charset"],
        [b"application/json; charset ="],
        [b"application/json, text/plain"],
        [b"application/json; charset=utf-8, text/plain"],
        [b"application/json\0"],
        [b"application/json\xff"],
        [b"\xff"],
        [b"application/json", b"application/json"],
        [b"application/json", b"text/plain"],
    ],
)
def test_other_media_types_are_refused(values: list[bytes]) -> None:
    """H09: none, several, another type, another charset, a malformed one: 415."""
    with pytest.raises(MediaTypeUnsupported):
        body_kind(values)


@given(st.lists(st.binary(max_size=64) | st.binary(max_size=32).map(b"application/json;".__add__), max_size=2))
def test_no_content_type_is_a_defect(values: list[bytes]) -> None:
    """Whatever bytes come: a kind, or MediaTypeUnsupported."""
    with suppress(MediaTypeUnsupported):
        assert body_kind(values) in ("json", "form")


@pytest.mark.parametrize(
    "written",
    [JWT, f" {JWT}\n", f"Bearer {JWT}", f"bearer {JWT}", f"BEARER\t {JWT}", f" \r\nBearer   {JWT}  "],
    ids=["as it is", "blanks", "Bearer", "bearer", "BEARER and a tab", "all of it"],
)
def test_one_bearer_and_blanks_are_taken_off(written: str) -> None:
    """CONTRACT.md: what a page may write round its token; nothing else is touched."""
    assert read_json(with_token(written)).token.text == JWT
    assert read_form(urlencode({"access_token": written})).token.text == JWT


GUESTS = {
    "missing": "{}",
    "missing beside others": '{"user_id": "1"}',
    "another case of the key": '{"Access_Token": "x"}',
    "JSON null": with_token(None),
    **{
        repr(text): with_token(text)
        for text in (
            *("", " ", "\t\n", "undefined", "null", "none", "None", "NULL", " undefined ", "false", "NaN", "nil"),
            *("Bearer", "Bearer ", "bearer undefined", " Bearer  null ", "Bearer None", "Bearer %USER_TOKEN%"),
            *("%USER_TOKEN%", "%user_token%", " %USER_TOKEN% ", "%TOKEN%", "%access_token%", "USER_TOKEN"),
            *(
                "your_access_token",
                "YOUR_USER_TOKEN",
                "{{ user.token }}",
                "{{USER_TOKEN}}",
                "${token}",
                "<ACCESS_TOKEN>",
            ),
        )
    },
}


@pytest.mark.parametrize("body", GUESTS.values(), ids=GUESTS)
def test_a_page_without_a_token_is_a_guest(body: str) -> None:
    """H10: nine visitors in ten; whatever a script or an unreplaced template writes for "nothing"."""
    with pytest.raises(TokenMissing):
        read_json(body)


@pytest.mark.parametrize(
    "token", ["undefinedx", "nulla", "0", "none.none.none", "token", "opaque_token", "my-token-1", "Bearer.x", "true"]
)
def test_a_word_that_is_like_nothing_is_a_token(token: str) -> None:
    """Only the whole text makes a guest: an opaque token may hold any word."""
    assert read_json(with_token(token)).token.text == token


BODIES_REFUSED = {
    "empty": b"",
    "blanks": b"  ",
    "not JSON": b"{",
    "a form": b"access_token=x",
    "something behind it": b'{"access_token": "x"} x',
    "two objects": b'{"access_token": "x"}{"access_token": "y"}',
    "array": b'["x"]',
    "null": b"null",
    "number": b"5",
    "text": b'"x"',
    "true": b"true",
    "single quotes": b"{'access_token': 'x'}",
    "comment": b'{"access_token": "x" /* */}',
    "trailing comma": b'{"access_token": "x",}',
    "key twice": b'{"access_token": "x", "access_token": "x"}',
    "key twice, once escaped": b'{"access_token": "x", "access\\u005ftoken": "x"}',
    "another key twice": b'{"access_token": "x", "name": "a", "name": "a"}',
    "key twice deep inside": b'{"access_token": "x", "more": [{"a": 1, "a": 1}]}',
    "nested too deep": b'{"access_token": "x", "more": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
    "H14 nested 100,000 deep": b"[" * 100_000,
    "H14 objects 100,000 deep": b'{"a":' * 100_000,
    "H14 integer of a million digits": b'{"access_token": "x", "n": ' + b"9" * 1_000_000 + b"}",
    "NaN": b'{"access_token": "x", "n": NaN}',
    "infinite": b'{"access_token": "x", "n": 1e999}',
    "UTF-16": '{"access_token": "x"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"access_token": "x"}'.encode("utf-16-le"),
    "UTF-32": '{"access_token": "x"}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"access_token": "x"}',
    "not UTF-8": b'{"access_token": "\xff"}',
    "overlong": b'{"access_token": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"access_token": "\xed\xa0\x80"}',
    "lone surrogate": b'{"access_token": "\\ud800"}',
    "lone surrogate elsewhere": b'{"access_token": "x", "name": "\\udfff"}',
    "lone surrogate in a key": b'{"access_token": "x", "\\ud800": 1}',
    "NUL": b'{"access_token": "x\\u0000"}',
    "NUL alone": b'{"access_token": "\\u0000"}',
    "NUL as it is": b'{"access_token": "x\0"}',
    "line break as it is": b'{"access_token": "x\n"}',
    "token a number": b'{"access_token": 5}',
    "token zero": b'{"access_token": 0}',
    "token true": b'{"access_token": true}',
    "token false": b'{"access_token": false}',
    "token a list": b'{"access_token": ["x"]}',
    "token an empty list": b'{"access_token": []}',
    "token an object": b'{"access_token": {"x": "y"}}',
}


@pytest.mark.parametrize("body", BODIES_REFUSED.values(), ids=BODIES_REFUSED)
def test_bodies_that_are_not_one_unambiguous_object_are_refused(body: bytes) -> None:
    """H10, H14, L20: not JSON, not an object, duplicate keys, wrong types, nested too deep, other encodings."""
    with pytest.raises(BodyInvalid):
        read_json(body)


@pytest.mark.parametrize("body", [BODIES_REFUSED["nested too deep"].replace(b"[[", b"[").replace(b"]]", b"]")])
def test_a_body_may_nest_a_little(body: bytes) -> None:
    """The accepted twin of "nested too deep"."""
    assert read_json(body).token.text == "x"


@pytest.mark.parametrize("value", ["5", "null", "[1, {}]", '{"a": [null]}', '""', '"\\u0000"', '"\\ud83d\\ude00"'])
def test_further_fields_are_ignored_whatever_they_are(value: str) -> None:
    """H28: the browser writes them; no type of theirs is an error, and only texts are kept for the log."""
    fields = ", ".join(f'"{field}": {value}' for field in ("name", "phone", "phone_number", "data", "__proto__", ""))
    request = read_json(f'{{"access_token": "{JWT}", {fields}}}')
    assert request == CallbackRequest(request.token)


def test_the_browsers_own_word_is_kept_apart() -> None:
    """user_id and email are for a log line only, say so in their names, and are never shown."""
    request = read_json(f'{{"access_token": "{JWT}", "user_id": "42", "email": "someone@shop.example"}}')
    assert (request.untrusted_user_id, request.untrusted_email) == ("42", "someone@shop.example")
    assert not {"42", "someone", JWT} & set(repr(request).replace("'", " ").split())
    assert "someone" not in repr(request)
    for nothing in ("42", "null", '""', '["x"]'):
        request = read_json(f'{{"access_token": "{JWT}", "user_id": {nothing}, "email": {nothing}}}')
        assert (request.untrusted_user_id, request.untrusted_email) == (None, None)


@pytest.mark.parametrize(
    "token",
    [
        "%" + "a" * 64 + "token%",
        "a b",
        "a\tb",
        "a\nb",
        "Bearer a b",
        "a%20b",
        "a%",
        "%",
        "%2B",
        "Bearer Bearer a",
        "100%TOKEN%",
    ],
)
def test_a_token_is_never_repaired(token: str) -> None:
    """A blank or a percent sign inside means that the page did not encode its token: say so to its operator."""
    with pytest.raises(TokenMalformed) as refusal:
        read_json(with_token(token))
    assert refusal.value.hint == "the page must write encodeURIComponent(token)"


@pytest.mark.parametrize(
    "token",
    [
        "tøken",
        "a\u00a0b",
        "\u00a0a",
        "Bearer \u00a0a",
        "a\u200bb",
        "a,b",
        "a;b",
        '"a"',
        "a=b",
        "=",
        "=a",
        "a\x1b",
        "a\x7f",
        "😀",
        "\uff41",
        "a:b",
        "a\u2028",
    ],
)
def test_what_is_no_b64token_is_malformed(token: str) -> None:
    """U06, RFC 6750 section 2.1: nothing else may ever reach a header or a log."""
    with pytest.raises(TokenMalformed) as refusal:
        read_json(with_token(token))
    assert "encodeURIComponent" not in refusal.value.hint


@pytest.mark.parametrize("token", ["a", "A-._~+/9", "a==", "dG9rZW4="])
def test_every_b64token_is_taken(token: str) -> None:
    """The accepted twin: the whole alphabet, padding at the end."""
    assert read_json(with_token(token)).token.text == token


def test_a_token_of_the_largest_size_is_taken_and_no_larger() -> None:
    """J34: limits.token counts the token alone, not the blanks round it."""
    assert len(read_json(with_token("a" * MAX_TOKEN)).token.text) == MAX_TOKEN
    assert len(read_json(with_token(f" Bearer {'a' * MAX_TOKEN} ")).token.text) == MAX_TOKEN
    with pytest.raises(TokenMalformed):
        read_json(with_token("a" * (MAX_TOKEN + 1)))


def test_a_refused_token_is_nowhere_in_the_error() -> None:
    """O10: not in the detail, not in the hint, not in a chained exception."""
    with pytest.raises(TokenMalformed) as refusal:
        read_json(with_token("very-secret but malformed"))
    assert "very-secret" not in repr(refusal.value) + refusal.value.detail + refusal.value.hint
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize(
    "body",
    [
        "access_token=TOKEN",
        "access_token=TOKEN&user_id=1",
        "user_id=1&access_token=TOKEN",
        "access%5Ftoken=TOKEN",
        "access_token=TOKEN&name=Nguy%E1%BB%85n+V%C4%83n+A&empty=",
        "access_token=Bearer+TOKEN",
        "access_token=%20TOKEN%0A",
    ],
)
def test_forms_are_read_as_browsers_write_them(body: str) -> None:
    """CONTRACT.md: the same field in application/x-www-form-urlencoded, where + is a blank."""
    assert read_form(body.replace("TOKEN", quote_plus(JWT))).token.text == JWT


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", BodyInvalid),
        (b'{"access_token": "x"}', BodyInvalid),
        (b"access_token", BodyInvalid),
        (b"access_token=x&access_token=x", BodyInvalid),
        (b"access_token=x&access%5ftoken=y", BodyInvalid),
        (b"access_token=x&name=a&name=b", BodyInvalid),
        (b"access_token=x&&name=a", BodyInvalid),
        (b"access_token=%zz", BodyInvalid),
        (b"access_token=x%", BodyInvalid),
        (b"access_token=x&name=%f", BodyInvalid),
        (b"access_token=%ff", BodyInvalid),
        (b"access_token=x&name=%ff", BodyInvalid),
        (b"access_token=%ed%a0%80", BodyInvalid),
        (b"access_token=%00", BodyInvalid),
        (b"access_token=x\xff", BodyInvalid),
        ("access_token=x&name=Nguyễn".encode(), BodyInvalid),
        ("access_token=x".encode("utf-16"), BodyInvalid),
        (b"user_id=1", TokenMissing),
        (b"access_token=", TokenMissing),
        (b"access_token=undefined", TokenMissing),
        (b"access_token=%25USER_TOKEN%25", TokenMissing),
        (b"access_token=a+b", TokenMalformed),
        (b"access_token=a%25b", TokenMalformed),
        (b"access_token=a;user_id=1", TokenMalformed),
    ],
)
def test_forms_are_read_strictly(body: bytes, error: type[BridgeError]) -> None:
    """Broken escapes, other encodings and repeated fields are refused, never guessed; a token's rules are the same."""
    with pytest.raises(error) as refusal:
        read_form(body)
    assert type(refusal.value) is error


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("access_token"), inner),
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["json", "form"]),
)
def test_no_body_is_a_defect(body: bytes, kind: str) -> None:
    """Whatever bytes come: a token, or one of the three refusals."""
    try:
        read = read_request(body, "json" if kind == "json" else "form", max_token=50)
    except (BodyInvalid, TokenMissing, TokenMalformed):
        return
    assert 0 < len(read.token.text) <= 50


@given(st.text())
def test_no_token_is_changed(written: str) -> None:
    """What is taken stands in what the page wrote, as one piece."""
    with suppress(BodyInvalid, TokenMissing, TokenMalformed):
        assert read_json(with_token(written)).token.text in written


@pytest.mark.parametrize(
    "callback", [c for c in CALLBACKS if c.name != "secret_wrong"], ids=lambda callback: callback.name
)
def test_the_vendors_requests(callback: Callback) -> None:
    """CX Genie's own requests give the visitor's token, or the code of the answer in the vector."""
    kind = body_kind(callback.header(b"content-type"))
    if callback.chat_user is None:
        with pytest.raises(TokenError) as refusal:
            read_request(callback.body, kind, max_token=MAX_TOKEN)
        assert refusal.value.code == callback.answer["code"]
    else:
        assert read_request(callback.body, kind, max_token=MAX_TOKEN).token.text == USER_TOKEN
