"""One entry of ``sources:``: what is taken, and what is refused with the reason."""

from typing import Any

import pytest

from bridge.oidc.source_settings import SourceSettings

GOOD: dict[str, Any] = {"url": "https://crm.shop.example/customers/{id}", "bearer": "s3cret"}


def found(**members: Any) -> list[tuple[str, str]]:
    """What is wrong with a source: where, and what."""
    settings = SourceSettings.model_validate({**GOOD, **members})
    return [(".".join(map(str, problem.path)), problem.found) for problem in settings.problems()]


def test_the_defaults_are_those_of_the_reference() -> None:
    """Half a second, ten minutes."""
    settings = SourceSettings.model_validate(GOOD)
    assert (settings.timeout, settings.max_age, settings.max_entries, settings.in_flight) == (0.5, 600.0, 10_000, 64)
    assert found() == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://crm.shop.example/{sub}", None),
        ("https://crm.shop.example/{provider}/{sub}", None),
        ("https://crm.shop.example/?id={id}", None),
        ("http://127.0.0.1:9/{id}", None),
        ("http://localhost/{id}", None),
        (None, "missing"),
        ("http://crm.shop.example/{id}", "plain http to another machine"),
        ("ftp://crm.shop.example/{id}", "not an http address"),
        ("https://bridge:secret@crm.shop.example/{id}", "an address with credentials or a fragment"),
        ("https://crm.shop.example/{id}#top", "an address with credentials or a fragment"),
        ("crm.shop.example/{id}", "not an address"),
        ("{id}://crm.shop.example/", "not an address"),
        ("https://crm.shop.example/{id} ", "not an address"),
        ("https://{sub}.shop.example/", "a visitor's place in the host"),
        ("https://crm.shop.example/all", "neither {id} nor {sub} in it"),
        ("https://crm.shop.example/{provider}", "neither {id} nor {sub} in it"),
        ("https://crm.shop.example/{email}", "unknown place {email}"),
        ("https://crm.shop.example/{id}/{subb}", "unknown place {subb}"),
        ("https://crm.shop.example/{}", "unknown place {}"),
        ("https://crm.shop.example/{ID}", "unknown place {ID}"),
    ],
)
def test_its_address(url: str | None, reason: str | None) -> None:
    """https, or this machine; a visitor in it, and only where he cannot choose who is asked."""
    assert found(url=url) == ([] if reason is None else [("url", reason)])


def test_plain_http_is_spelled_out() -> None:
    """As for a provider."""
    assert found(url="http://crm.shop.example/{id}", http={"insecure": True}) == []


def test_what_was_meant_is_named() -> None:
    """A place that is nearly one."""
    (problem,) = SourceSettings.model_validate({"url": "https://a.example/{subb}"}).problems()
    assert problem.cure == "Did you mean {sub}?"


@pytest.mark.parametrize(
    ("bearer", "fits"),
    [("s3cret-._~+/=", True), ("Bearer s3cret", False), ("s3\r\nX: y", False), ("sécret", False), ("s3\x7f", False)],
)
def test_a_secret_that_a_header_carries(bearer: str, fits: bool) -> None:
    """Nothing in it could begin another header, and it is never in the problem."""
    problems = list(SourceSettings.model_validate({**GOOD, "bearer": bearer}).problems())
    assert (problems == []) is fits
    assert bearer not in str(problems)
    assert bearer not in repr(SourceSettings.model_validate({**GOOD, "bearer": bearer}))


def test_a_certificate_authority_is_one() -> None:
    """A wrong file is found when it is read, not at the first visitor."""
    assert found(http={"ca_file": "no certificate"}) == [("http.ca_file", "no certificate in PEM form")]
