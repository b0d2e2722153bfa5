"""The address of a source: what stands in it, and that no subject changes where is asked."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.oidc.source_url import MAX_URL, SourceUrl

PATH = "https://crm.shop.example/customers/{id}"
QUERY = "https://crm.shop.example/find?key={id}&from={provider}"


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("u1", "u1"),
        ("auth0|5f7", "auth0%7C5f7"),
        ("a/b", "a%2Fb"),
        ("?x=", "%3Fx%3D"),
        ("a#b", "a%23b"),
        ("a&b=c;d", "a%26b%3Dc%3Bd"),
        ("100%25", "100%2525"),
        ("a b+c", "a%20b%2Bc"),
        ("Nguyễn", "Nguy%E1%BB%85n"),
        ("a\r\nX: y\x00", "a%0D%0AX%3A%20y%00"),
        ("{sub}", "%7Bsub%7D"),
        ("a..b", "a..b"),
        ("...", "..."),
        ("@evil.example", "%40evil.example"),
        ("//evil.example", "%2F%2Fevil.example"),
    ],
)
def test_a_value_is_one_segment(value: str, segment: str) -> None:
    """Whatever it has in it, it stays between two slashes, or behind its equals sign."""
    assert SourceUrl(PATH).filled({"id": value}) == f"https://crm.shop.example/customers/{segment}"
    filled = SourceUrl(QUERY).filled({"id": value, "provider": "shop"})
    assert filled == f"https://crm.shop.example/find?key={segment}&from=shop"


@pytest.mark.parametrize(
    "value",
    [
        None, "", ".", "..", "../admin", "a/../../admin", "a/.", "..\\admin", "%2e%2e", "%2E.", "..%2fadmin",
        "%2e%2e%2fadmin", "\ud800", "x" * MAX_URL,
    ],
)  # fmt: skip
def test_nobody_is_asked_about_what_could_lead_elsewhere(value: str | None) -> None:
    """A proxy that decodes a segment before it looks at it would take a step up; there is no such visitor."""
    assert SourceUrl(PATH).filled({"id": value}) is None


def test_dots_that_only_come_about_in_the_address() -> None:
    """A segment counts as a whole, also where a part of it is the operator's."""
    url = SourceUrl("https://crm.shop.example/c/.{id}/card")
    assert url.filled({"id": "."}) is None
    assert url.filled({"id": "x"}) == "https://crm.shop.example/c/.x/card"


@pytest.mark.parametrize("value", [".", "..", "../admin"])
def test_in_a_query_dots_are_text(value: str) -> None:
    """They lead nowhere there."""
    assert SourceUrl(QUERY).filled({"id": value, "provider": "shop"}) is not None


@given(st.text(max_size=60))
def test_no_value_changes_where_is_asked(value: str) -> None:
    """Host, folder, query and fragment are the operator's, whatever the subject is; and it can be read back."""
    filled = SourceUrl(PATH + "/card?v=1").filled({"id": value})
    if filled is not None:
        parts = urlsplit(filled)
        before, segment, after = parts.path.rsplit("/", 2)
        assert (parts.scheme, parts.netloc, before, after) == ("https", "crm.shop.example", "/customers", "card")
        assert (parts.query, parts.fragment, unquote(segment)) == ("v=1", "", value)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (PATH, ""),
        (QUERY, ""),
        ("https://crm.shop.example/c-{id}.json?a=1", ""),
        ("https://crm.shop.example/?{id}=1", "a visitor's place in the name of a query's parameter"),
        ("https://crm.shop.example/?{id}", "a visitor's place in the name of a query's parameter"),
        ("https://{id}.shop.example/", "a visitor's place in the host"),
        ("https://{id}@shop.example/", "a visitor's place in the host"),
        ("https://shop.example:{id}/", "a visitor's place in the host"),
        ("https://shop.example/#{id}", "a visitor's place in the host"),
        ("https://shop.example/{id", "a stray brace"),
        ("https://shop.example/}/{id}", "a stray brace"),
        ("https://shop.example/{{id}}", "a stray brace"),
        ("https://shop.example/a/../{id}", "a path with . or .. in it"),
        ("https://shop.example/a/%2e%2e/{id}", "a path with . or .. in it"),
        ("https://[{id}]/", "not an address"),
    ],
)
def test_where_a_place_may_stand(template: str, reason: str) -> None:
    """In the path, and in a query's value."""
    assert SourceUrl(template).unfit() == reason
