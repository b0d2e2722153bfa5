"""bridge/contract/settings.py: what an operator may write for a callback."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge import errors
from bridge.contract.settings import CallbackSettings
from bridge.errors import Problem

SECRET = "k3J9-vq_8ZrT2mXw5Lh0"


def problems(**written: Any) -> list[Problem]:
    """What is wrong with a callback that is right but for what is written."""
    return list(CallbackSettings.model_validate({"header_token": SECRET, **written}).problems())


def found(**written: Any) -> list[tuple[str, str]]:
    """Key paths and findings."""
    return [(".".join(map(str, problem.path)), problem.found) for problem in problems(**written)]


def test_the_smallest_callback_is_right() -> None:
    """CONFIG.md, "The smallest useful file", and its defaults."""
    assert not problems()
    settings = CallbackSettings()
    assert (settings.path, settings.identity_method, settings.failure_status) == ("/", "id", "http")
    assert (settings.absent, settings.phone_format, settings.anonymous.status) == ("omit", "national", 401)
    assert (settings.domains.path, settings.domains.allow) == ("/domains", ())


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"identity_method": "phone"}, "literal_error"),
        ({"failure_status": 200}, "literal_error"),
        ({"absent": None}, "literal_error"),
        ({"phone_format": "E164"}, "literal_error"),
        ({"anonymous": {"status": "401"}}, "int_type"),
        ({"anonymous": {"code": 401}}, "extra_forbidden"),
        ({"messages": {"token_expired": 1}}, "string_type"),
        ({"headers": {}}, "extra_forbidden"),
    ],
)
def test_unknown_keys_and_values_of_another_type_are_refused(written: dict[str, Any], message: str) -> None:
    """Strict: no text for a number, no key that means nothing."""
    with pytest.raises(ValidationError) as refusal:
        CallbackSettings.model_validate(written)
    assert [error["type"] for error in refusal.value.errors()] == [message]


@pytest.mark.parametrize("path", ["/", "/chat", "/chat/", "/a/b-c_d.e~f", "/.well-known/chat", "/..."])
def test_paths(path: str) -> None:
    """What can be typed into CX Genie and read back."""
    assert not problems(path=path, domains={"path": "/" + secrets.token_hex(4), "allow": "shop.example"})
    assert not problems(path="/" + secrets.token_hex(4), domains={"path": path, "allow": "shop.example"})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "chat",
        "https://x/chat",
        "//",
        "/a//b",
        "/./a",
        "/a/..",
        "/..",
        "/a b",
        "/a?b",
        "/a#b",
        "/%41",
        "/{name}",
        "/ä",
        "/a\n",
        "\\a",
    ],
)
def test_what_is_no_path(path: str) -> None:
    """No scheme, query, escape, dot segment or blank: it is compared letter by letter."""
    assert found(path=path) == [("path", "not a path")]
    assert found(domains={"path": path, "allow": "shop.example"}) == [("domains.path", "not a path")]


def test_a_callback_needs_a_header_token() -> None:
    """H07: without one anybody could ask who the visitors are."""
    assert [(p.path, p.found) for p in CallbackSettings().problems()] == [(("header_token",), "missing")]
    assert found(header_token=[]) == [("header_token", "missing")]


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "bench-header-token-0123456789",
        "test-header-token-1234",
        "shop-header-token-7",
        "0123456789abcdef",
        "deadbeefdeadbeef",
        "a-change-of-plans-is-what-we-need",
        "replacement-part-no-4711",
        "the-token-of-my-affection",
        "exchange-rate-example-9",
        "correct-horse-battery-staple",
        "!#$%&'*+-.^_`|~:;<=>?@A",
    ],
)
def test_secrets_that_are_taken(secret: str) -> None:
    """At least 16 visible ASCII characters without blanks or commas, and no placeholder."""
    assert not problems(header_token=secret)


@pytest.mark.parametrize(
    ("secret", "finding"),
    [
        ("", "empty"),
        ("a", "1 characters; at least 16 were expected"),
        ("k3J9-vq_8ZrT2mX", "15 characters; at least 16 were expected"),
        *(
            (secret, "a placeholder")
            for secret in (
                "change-me-change-me",
                "changeme12345678",
                "CHANGE_ME_PLEASE",
                "change-this-to-something-long",
                "please-change-me-example",
                "<--change-me-now-->",
                "replace-me-with-a-secret",
                "YOUR_HEADER_TOKEN",
                "your-header-token",
                "YourHeaderTokenHere",
                "HEADER_TOKEN_HERE",
                "CXGENIE_HEADER_TOKEN",
                "<your-header-token>",
                "${CXGENIE_HEADER_TOKEN}",
                "%YOUR_HEADER_TOKEN%",
                "my-secret-header-token",
                "example-header-token",
                "authorization-header",
                "aaaaaaaaaaaaaaaa",
                "0000000000000000",
                "xxxx-xxxx-xxxx-xxxx",
                "XXXXXXXXxxxxxxxx",
                "****************",
                "----------------",
            )
        ),
    ],
)
def test_secrets_that_are_refused(secret: str, finding: str) -> None:
    """Too short, or what documentation says in place of a secret."""
    assert found(header_token=[SECRET, secret]) == [("header_token.1", finding)]


@pytest.mark.parametrize("character", [" ", "\t", "\n", ",", "\0", "é", "\u200b", "\x7f"])
def test_characters_that_no_header_token_has(character: str) -> None:
    """O14 and the grammar of the header: a blank, a comma or a line break would make another header of it."""
    for secret in (SECRET + character, character + SECRET, SECRET[:8] + character + SECRET[8:]):
        (problem,) = problems(header_token=secret)
        assert problem.found.startswith("a character that a header token cannot have")


def test_no_problem_repeats_a_secret() -> None:
    """O10: neither a finding nor the settings themselves show it."""
    for secret in ("short-7Qx", "with a blank 7Qx", "change-me-7Qx-7Qx"):
        settings = CallbackSettings.model_validate({"header_token": secret})
        assert "7Qx" not in repr([*settings.problems(), settings])


@given(st.binary(min_size=16, max_size=48).filter(lambda drawn: len(set(drawn)) > 4))
def test_no_random_secret_is_a_placeholder(drawn: bytes) -> None:
    """What secrets.token_urlsafe and token_hex give is always taken."""
    assert not problems(header_token=[drawn.hex(), secrets.token_urlsafe(16), secrets.token_urlsafe(32)])


def test_networks_of_callers() -> None:
    """One, or several; a list of references that are not set is not "from everywhere"."""
    assert not problems(allow_from="203.0.113.0/24")
    assert not problems(allow_from=["203.0.113.9", "2001:db8::/32"])
    assert found(allow_from=["203.0.113.9", "cxgenie.example"]) == [("allow_from.1", "not a network")]
    assert found(allow_from=[]) == [("allow_from", "empty")]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 499])
def test_statuses_for_guests(status: int) -> None:
    """200 or any fault of the caller's."""
    assert not problems(anonymous={"status": status})


@pytest.mark.parametrize("status", [0, 100, 199, 204, 205, 301, 304, 399, 500, 503, -1])
def test_statuses_that_guests_cannot_be_given(status: int) -> None:
    """Without a body there would be no answer, and a guest is no outage."""
    assert found(anonymous={"status": status}) == [("anonymous.status", f"{status}; 200 or 400 to 499 was expected")]


def codes(root: type[errors.BridgeError] = errors.BridgeError) -> Iterator[str]:
    """Every code of bridge/errors.py."""
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            if "code" in vars(child):
                yield child.code
            yield from codes(child)


FIXED = {
    "caller_unauthorized",
    "head_too_large",
    "method_not_allowed",
    "not_found",
    "request_invalid",
    "too_many_failed_calls",
}


@pytest.mark.parametrize("code", sorted(codes()))
def test_messages_by_code(code: str) -> None:
    """Every answer that CX Genie's server can get may have the operator's text; the others say why not."""
    expected = [(f"messages.{code}", "a text that cannot be set")] if code in FIXED else []
    assert found(messages={code: "Xin chào."}) == expected


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("token_expried", "Did you mean token_expired?"),
        ("Token_Missing", "Did you mean token_missing?"),
        ("expired", "Did you mean token_expired?"),
        ("caller_unauthorised", "The codes are body_invalid, body_too_large"),
        ("401", "The codes are body_invalid, body_too_large"),
    ],
)
def test_unknown_codes_get_the_nearest_known_one(code: str, cure: str) -> None:
    """A text for a code that no answer has would never be read."""
    (problem,) = problems(messages={code: "x"})
    assert (problem.path, problem.found) == (("messages", code), "unknown failure code")
    assert problem.cure.startswith(cure)


@pytest.mark.parametrize(
    ("text", "finding"), [("", "an empty text"), (" \n", "an empty text"), ("a\ud800", "half a character")]
)
def test_texts_must_say_something_that_can_be_sent(text: str, finding: str) -> None:
    """YAML can write half a surrogate pair; JSON cannot send it."""
    assert found(messages={"token_expired": text}) == [("messages.token_expired", finding)]
    assert found(anonymous={"message": text}) == [("anonymous.message", finding)]


def test_guests_have_one_text() -> None:
    """anonymous.message and messages.token_missing say the same thing; both would be one too many."""
    written = {"anonymous": {"message": "Hi."}, "messages": {"token_missing": "Hi."}}
    assert found(**written) == [("messages.token_missing", "a second text for guests")]
    assert not problems(messages={"token_missing": "Hi."})


@pytest.mark.parametrize(
    "host", ["shop.example", "www.shop.example", "localhost", "127.0.0.1", "xn--nguyn-hsa.example", "a-b.c1"]
)
def test_host_names(host: str) -> None:
    """What location.hostname says in a browser."""
    assert not problems(domains={"allow": host})


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "https://shop.example",
        "shop.example/",
        "shop.example:443",
        "*.shop.example",
        "Shop.example",
        "shop..example",
        ".shop.example",
        "shop.example.",
        "-a.example",
        "a-.example",
        "a_b.example",
        "nguyễn.example",
        "a b",
        "shop.example\n",
        "a" * 64,
        ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_host_name(host: str) -> None:
    """Each entry that could never match a site is named by its position."""
    assert found(domains={"allow": ["shop.example", host]}) == [("domains.allow.1", "not a host name")]


def test_the_domain_list_has_a_path_of_its_own() -> None:
    """It may not be the callback's; while the list is off, its path is nobody's."""
    assert found(path="/domains", domains={"allow": ["shop.example"]}) == [("domains.path", "the callback's own path")]
    assert not problems(path="/domains")
    assert not problems(path="/domains", domains={"path": "/sites", "allow": ["shop.example"]})


def test_all_problems_come_at_once() -> None:
    """Each with its own key path, in the order of the keys."""
    written = {
        "path": "chat",
        "header_token": ["short", "has a blank in the middle"],
        "anonymous": {"status": 204},
        "messages": {"nonsense": "x"},
        "domains": {"path": "x", "allow": ["*"]},
    }
    assert [path for path, _ in found(**written)] == [
        "path",
        "header_token.0",
        "header_token.1",
        "anonymous.status",
        "messages.nonsense",
        "domains.path",
        "domains.allow.0",
    ]
