"""Keyed hashes of persons."""

import hmac

import pytest

from bridge.server.pseudonyms import Pseudonyms

KEY = b"Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr4"
NAMES = Pseudonyms(KEY)


@pytest.mark.parametrize("written", ["a@shop.example", "A@Shop.Example", "  a@SHOP.example\n"])
def test_an_address_is_the_same_in_any_case(written: str) -> None:
    """As it was sent or as somebody types it."""
    assert NAMES.email(written) == NAMES.email("a@shop.example")


@pytest.mark.parametrize("written", ["+84901234567", "+84 90 123 45 67", " +84-90.123(45)/67\n"])
def test_a_number_is_the_same_however_it_is_grouped(written: str) -> None:
    """Only digits and the plus sign count."""
    assert NAMES.phone(written) == NAMES.phone("+84901234567")


def test_different_things_have_different_names() -> None:
    """The same text as another field, a boundary moved, another key, another letter case of an id."""
    names = [
        NAMES.id("x"),
        NAMES.email("x"),
        NAMES.phone("x"),
        NAMES.id("X"),
        NAMES.subject("x", "yz"),
        NAMES.subject("xy", "z"),
        Pseudonyms(KEY[::-1]).id("x"),
    ]
    assert len(set(names)) == len(names)


def test_the_name_is_what_the_reference_says() -> None:
    """docs/guides/audit.md: HMAC-SHA256 over the field's name, a zero byte and the value; 32 digits of it."""
    assert NAMES.email("a@shop.example") == hmac.new(KEY, b"email\0a@shop.example", "sha256").hexdigest()[:32]
    issuer = b"https://login.shop.example"
    expected = hmac.new(KEY, b"subject\0" + issuer + b"\0s1", "sha256").hexdigest()[:32]
    assert NAMES.subject(issuer.decode(), "s1") == expected
