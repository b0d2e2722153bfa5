"""bridge/oidc/discovery.py: the metadata document, from an issuer that may lie."""

from typing import Any

import pytest

from bridge.errors import ProviderUnavailable
from bridge.oidc.discovery import discover
from bridge.oidc.http import HttpClient, open_session
from tests.issuer.process import Issuer


async def jwks_uri(issuer: str, *, insecure: bool = False) -> str:
    """The key set's address as discovery gives it."""
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        return (await discover(http, issuer, insecure=insecure)).jwks_uri


async def test_reads_the_openid_document(issuer: Issuer) -> None:
    """One request, and the algorithms that it lists (none among them) are not looked at: K23."""
    assert await jwks_uri(issuer.url) == f"{issuer.url}/jwks"
    assert issuer.requests() == {"/.well-known/openid-configuration": 1}


@pytest.mark.parametrize("realm", ["realms/shop", "a"])
async def test_reads_below_a_path(issuer: Issuer, realm: str) -> None:
    """Discovery appends to the issuer; RFC 8414 puts its path behind the well-known one."""
    shop = issuer.realm(realm)
    assert await jwks_uri(shop.url) == f"{shop.url}/jwks"
    shop.set(fault="discovery_404")
    assert await jwks_uri(shop.url) == f"{shop.url}/jwks"
    assert f"/.well-known/oauth-authorization-server/{realm}" in issuer.requests()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"discovery": {"issuer": "https://evil.example"}}, "https://evil.example"),
        ({"discovery": {"issuer": None}}, "None"),
        ({"discovery": {"issuer": ["x"]}}, "issuer"),
        ({"discovery": {"jwks_uri": None}}, "missing"),
        ({"discovery": {"jwks_uri": 5}}, "missing or no text"),
        ({"discovery": {"jwks_uri": "http://10.0.0.1/jwks"}}, "plain http to another machine"),
        ({"discovery": {"jwks_uri": "http://169.254.169.254/latest"}}, "plain http to another machine"),
        ({"discovery": {"jwks_uri": "file:///etc/passwd"}}, "not an"),
        ({"discovery": {"jwks_uri": "/jwks"}}, "not an"),
        ({"discovery": {"jwks_uri": "https://user:pw@shop.example/jwks"}}, "credentials"),
        ({"discovery": {"jwks_uri": "https://shop.example /jwks"}}, "not an"),
        ({"fault": ["discovery_404", "metadata_404"]}, "HTTP 404"),
        ({"fault": "discovery_500"}, "HTTP 500"),
        ({"fault": "discovery_html"}, "cannot be read"),
        ({"fault": "discovery_not_object"}, "no JSON object"),
        ({"fault": "discovery_null"}, "no JSON object"),
        ({"fault": "discovery_duplicate_members"}, "twice"),
        ({"fault": "discovery_utf16"}, "not UTF-8"),
        ({"fault": "discovery_byte_order_mark"}, "byte order mark"),
        ({"fault": ["discovery_redirect http://127.0.0.1:9/", "metadata_redirect http://127.0.0.1:9/"]}, "HTTP 30"),
    ],
)
async def test_refuses_other_documents(issuer: Issuer, changes: dict[str, Any], reason: str) -> None:
    """K13, K16, K18: no document is better than somebody else's; the reason is for the log."""
    issuer.set(**changes)
    with pytest.raises(ProviderUnavailable) as refusal:
        await jwks_uri(issuer.url)
    assert reason in refusal.value.detail


async def test_plain_http_elsewhere_must_be_spelled_out(issuer: Issuer) -> None:
    """K16: http: {insecure: true} is the operator's own word."""
    issuer.set(discovery={"jwks_uri": "http://10.0.0.1/jwks"})
    assert await jwks_uri(issuer.url, insecure=True) == "http://10.0.0.1/jwks"


@pytest.mark.parametrize("spelling", ["/", "/x/..", "#"])
async def test_the_issuer_is_compared_letter_by_letter(issuer: Issuer, spelling: str) -> None:
    """C02, K18: a slash more is another issuer."""
    with pytest.raises(ProviderUnavailable, match=r"issuer|HTTP"):
        await jwks_uri(issuer.url + spelling)
