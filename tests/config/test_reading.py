"""A good file is good where its settings are not to be had: for `test`, `config show`, `check --no-secrets`."""

import pytest

from tests.config.files import ENVIRONMENT, GOOD, faulty, lines
from tests.issuer import keys

ISSUER = "https://shop.example"
CLIENT = "introspection: {client_id: bridge, client_secret: {env: SSO}}"


def file(provider: str) -> str:
    """A file with this provider."""
    return f"version: 1\ncallback: {{header_token: {{env: HEADER_TOKEN}}}}\nproviders:\n  p: {{{provider}}}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (file(f"issuer: {{env: V}}, audience: chat, {CLIENT}"), ISSUER),
        (file("issuer: {env: V}, audience: chat, userinfo: {when: missing}"), ISSUER),
        (file(f'issuer: {{env: V}}, audience: chat, {CLIENT[:-1]}, url: "{ISSUER}/i", when: always}}'), ISSUER),
        (file(f'preset: clerk, issuer: "{ISSUER}", authorized_parties: {{env: V}}'), ISSUER),
        (file(f'preset: clerk, issuer: "{ISSUER}", audience: none, unbound_tokens: {{env: V}}'), "accept"),
        (file(f'preset: zitadel, issuer: "{ISSUER}", authorized_parties: [{{env: V}}], {CLIENT}'), "web"),
        (file("preset: zitadel, issuer: {env: V}, id_token_audience: web"), ISSUER),
        (file("preset: gitlab, issuer: [{env: V}], id_token_audience: web"), ISSUER),
        (file("preset: line, id_token_audience: {env: V}, secret: {env: SSO}"), "1234567890"),
        (file("preset: entra, issuer: {env: V}, tenants: any, audience: chat"), ISSUER + "/{tenantid}/v2.0"),
        (file("preset: signed-jwt, issuer: shop, audience: chat, public_key: {env: V}"), keys.public_pem("rsa")),
        (file("preset: signed-jwt, issuer: shop, audience: chat, jwks: {url: {env: V}}"), ISSUER + "/keys"),
        (file(f'issuer: "{ISSUER}", id_token_audience: web, accept: {{env: V}}'), "id_token"),
        (file("issuer: http://shop.example, audience: chat, http: {insecure: {env: V}}"), "true"),
        (
            file(f'issuer: "{ISSUER}", audience: chat, introspection: {{client_id: bridge, auth_method: {{env: V}}}}'),
            "none",
        ),
        (
            file(
                f'issuer: "{ISSUER}", audience: chat, userinfo: {{}}, token_pattern: "x+", unbound_tokens: {{env: V}}'
            ),
            "accept",
        ),
        (faulty("path: /\n", "path: {env: V}\n").replace("path: /staff", "path: /"), "/shop"),
        (faulty("port: 8080", "port: {env: V}") + "admin: {port: 8080}\n", "9999"),
        (
            faulty("deadline: 4s", "deadline: {env: V}").replace("{value: Customer}", "{claim: tier, from: crm}")
            + 'sources: {crm: {url: "https://crm.shop.example/{id}", timeout: 3s}}\n',
            "9s",
        ),
    ],
)
def test_nothing_is_said_of_what_rests_on_an_unknown_value(text: str, value: str) -> None:
    """What is missing, at odds or in use twice only because another setting is not looked up is no problem."""
    known = {**ENVIRONMENT, "V": value, "SSO": "0123456789abcdef0123456789abcdef"}
    assert lines(text, environment=known) == []
    assert lines(text, environment={}, resolve_secrets=False) == []


def test_the_rest_is_still_said() -> None:
    """A value that is not known hides nothing that does not rest on it."""
    text = faulty("audience: chat\n", "audience: {env: V}\n    leeway: 6m\n    authorized_parties: []\n")
    assert lines(text, environment={}, resolve_secrets=False) == [
        "18:5: providers.shop.leeway: more than 5m",
        "19:5: providers.shop.authorized_parties: empty",
    ]


def test_a_variable_that_is_not_set_is_one_problem() -> None:
    """Nor is it said twice: an issuer that could not be had is not also one without a discovery document."""
    assert lines(
        file(f"issuer: {{env: V}}, audience: chat, {CLIENT}"), environment={**ENVIRONMENT, "SSO": "x" * 9}
    ) == ["4:7: providers.p.issuer: environment variable V is not set"]


@pytest.mark.parametrize("section", ["issuer", "audience"])
def test_a_setting_that_is_not_there_is_a_problem(section: str) -> None:
    """Not there is another thing than not looked up."""
    text = GOOD.replace(f"    {section}: ", f"    # {section}: ", 1)
    assert any(f"providers.shop.{section}: missing" in line for line in lines(text, resolve_secrets=False))
