"""Slips that a provider's settings allow: each is a warning at its line, and what is meant draws none."""

import pytest

from tests.config.files import faulty, read

ISSUER = "issuer: https://login.shop.example/realms/shop"


def doubts(preset: str, issuer: str, **more: str) -> list[tuple[str, str]]:
    """What is doubted in the first provider, at its place, and the cure."""
    text = faulty("preset: keycloak", f"preset: {preset}").replace(ISSUER, f'issuer: "{issuer}"')
    for key, value in more.items():
        text = text.replace("    audience: chat\n", f"    audience: chat\n    {key}: {value}\n")
    return [
        (str(each).splitlines()[0].removeprefix("bridge.yaml:"), each.problem.cure)
        for each in read(text).warnings
        if each.problem.path[:2] == ("providers", "shop")
    ]


@pytest.mark.parametrize(
    ("preset", "issuer", "found", "cure"),
    [
        (
            "keycloak",
            "https://YOUR_TENANT.example/",
            "a placeholder in the issuer",
            "Write what stands in the token's iss.",
        ),
        (
            "keycloak",
            "https://<tenant>.example/",
            "a placeholder in the issuer",
            "Write what stands in the token's iss.",
        ),
        (
            "keycloak",
            "https://a.example/realms/{realm}",
            "a placeholder in the issuer",
            "Write what stands in the token's iss.",
        ),
        (
            "okta",
            "https://your-okta-domain.example/oauth2/default",
            "a placeholder in the issuer",
            "Write what stands in the token's iss.",
        ),
        (
            "generic",
            "https://a.example/.well-known/openid-configuration",
            "the address of the discovery document",
            "Write https://a.example, or what the document there calls its issuer.",
        ),
        (
            "generic",
            "https://a.example/x?tenant=1",
            "an issuer with a query or a fragment",
            "Write https://a.example/x.",
        ),
        (
            "auth0",
            "https://shop.eu.auth0.com",
            "an issuer of Auth0 without the slash at its end",
            "Write https://shop.eu.auth0.com/.",
        ),
        (
            "okta",
            "https://shop.okta.com",
            "Okta's organisation server",
            "Use a custom authorization server, such as https://shop.okta.com/oauth2/default, or accept: id_token.",
        ),
    ],
)
def test_an_issuer_that_hardly_anybody_means(preset: str, issuer: str, found: str, cure: str) -> None:
    """One warning each, at the issuer."""
    more = {"authorized_parties": "web"} if preset in {"okta", "auth0"} else {}
    assert doubts(preset, issuer, **more) == [(f"16:5: providers.shop.issuer: {found}", cure)]


@pytest.mark.parametrize(
    ("preset", "issuer"),
    [
        ("keycloak", "https://login.shop.example/realms/Tenant-A"),
        ("keycloak", "https://login.yourstyle.example/realms/shop"),
        ("generic", "https://shop.b2clogin.com/tfp/6f1b2c3d-0000-4000-8000-1234567890ab/B2C_1A_SIGNUP_SIGNIN/v2.0/"),
        ("generic", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"),
        ("auth0", "https://shop.eu.auth0.com/"),
        ("okta", "https://shop.okta.com/oauth2/default"),
        ("okta", "https://shop.okta.com/oauth2/aus1"),
    ],
)
def test_an_issuer_that_is_meant(preset: str, issuer: str) -> None:
    """What real providers have is not doubted."""
    more = {"authorized_parties": "web"} if preset in {"okta", "auth0"} else {}
    assert doubts(preset, issuer, **more) == []


def test_okta_s_own_server_gives_id_tokens() -> None:
    """Only its access tokens cannot be verified."""
    assert doubts("okta", "https://shop.okta.com", accept="id_token", id_token_audience="web") == []


def test_entra_s_template_is_no_placeholder() -> None:
    """It stands for the token's own tenant."""
    issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert doubts("entra", issuer, tenants="[6f1b2c3d-0000-4000-8000-1234567890ab]") == []


@pytest.mark.parametrize(("preset", "doubted"), [("keycloak", True), ("generic", False)])
def test_keycloak_s_own_audiences_are_everybody_s(preset: str, doubted: bool) -> None:
    """Every client of a realm may have ``account``; elsewhere it may be the name of an API."""
    text = faulty("audience: chat\n", "audience: [chat, account]\n").replace("preset: keycloak", f"preset: {preset}")
    found = [str(each).splitlines()[0] for each in read(text).warnings]
    line = "bridge.yaml:17:22: providers.shop.audience[1]: account, an audience of Keycloak's own"
    assert found == ([line] if doubted else [])
