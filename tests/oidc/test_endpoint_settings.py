"""bridge/oidc/endpoint_settings.py and token_place.py: what the endpoints' settings must and must not say."""

from typing import Any

import pytest

from bridge.oidc.endpoint_settings import IntrospectionSettings, TokenCheckSettings, UserinfoSettings
from tests.issuer.keys import private_pem, public_pem

URL = "https://login.shop.example/x"
SECRET = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"

SETTINGS: dict[str, tuple[type[UserinfoSettings | IntrospectionSettings | TokenCheckSettings], dict[str, Any]]] = {
    "userinfo": (UserinfoSettings, {}),
    "introspection": (IntrospectionSettings, {"client_id": "bridge", "client_secret": SECRET}),
    "token_check": (TokenCheckSettings, {"url": URL}),
}


def problems(section: str, given: dict[str, Any], *, insecure: bool = False) -> list[tuple[str, str]]:
    """Where a section's good settings with these laid over them are wrong, and how; no problem quotes a secret."""
    model, good = SETTINGS[section]
    made = model.model_validate({name: value for name, value in (good | given).items() if value is not ...})
    found = list(made.problems(insecure=insecure))
    assert SECRET not in repr(found)
    return [(".".join(map(str, problem.path)), problem.found) for problem in found]


def key(name: str) -> dict[str, Any]:
    """private_key_jwt with that key."""
    return {"auth_method": "private_key_jwt", "client_secret": ..., "private_key": private_pem(name)}


@pytest.mark.parametrize(
    ("section", "given"),
    [
        ("userinfo", {}),
        ("userinfo", {"url": URL, "query": {"fields": "id,name", "x": ""}, "token_in": {"header": "access_token"}}),
        ("userinfo", {"url": f"{URL}?v=2", "token_in": {"query": "access_token"}, "query": {"w": "1"}}),
        ("userinfo", {"url": "http://127.0.0.1:8081/me", "token_in": {"form": "token"}, "subject": "id"}),
        ("userinfo", {"token_in": {"header": "X-Access-Token"}, "supplies": "email"}),
        ("introspection", {}),
        ("introspection", {"url": URL, "auth_method": "client_secret_post"}),
        ("introspection", {"auth_method": "client_secret_jwt"}),
        ("introspection", {"client_secret": "s h o r t ü"}),
        *(("introspection", key(name)) for name in ("rsa", "ec256", "ec384", "ec521", "ed25519", "ed448")),
        ("introspection", {**key("rsa"), "key_id": "k1"}),
        ("introspection", {"auth_method": "none", "client_secret": ...}),
        ("introspection", {"auth_method": "none", "client_secret": ..., "client_id": ...}),
        ("token_check", {}),
        ("token_check", {"token_in": {"query": "access_token"}, "audience": ["application", "uid"]}),
    ],
)
def test_good_settings(section: str, given: dict[str, Any]) -> None:
    """Nothing to complain about."""
    assert problems(section, given) == []


PLACED = [
    ({"url": "http://login.shop.example/x"}, "url", "plain http"),
    ({"url": "https://u:p@a.example/x"}, "url", "credentials"),
    ({"url": "https://a.example/x#y"}, "url", "fragment"),
    ({"url": "https://[::1"}, "url", "not an address"),
    ({"url": ""}, "url", "not an"),
    ({"token_in": {}}, "token_in", "no place"),
    ({"token_in": {"header": "a", "query": "b"}}, "token_in", "header and query together"),
    ({"token_in": {"header": "a", "query": "b", "form": "c"}}, "token_in", "together"),
    *(
        ({"token_in": {"header": name}}, "token_in.header", "no name")
        for name in ("", " ", "a b", "a:", "a\r\nb", "tøken", "Host", "content-length", "Transfer-Encoding", "Cookie")
    ),
    ({"token_in": {"query": ""}}, "token_in.query", "blank"),
    ({"token_in": {"form": " "}}, "token_in.form", "blank"),
    ({"url": f"{URL}?t=1", "token_in": {"query": "t"}}, "token_in.query", "url already has"),
    ({"token_in": {"query": "t"}, "query": {"t": "1"}}, "query.t", "token's own"),
    ({"url": f"{URL}?v", "query": {"v": "1"}}, "query.v", "url already has"),
    ({"query": {" ": "1"}}, "query. ", "blank name"),
]


@pytest.mark.parametrize("section", ["userinfo", "token_check"])
@pytest.mark.parametrize(("given", "path", "found"), PLACED)
def test_bad_requests(section: str, given: dict[str, Any], path: str, found: str) -> None:
    """The address, the token's place and the query: one problem, where it is."""
    [(at, what)] = problems(section, given)
    assert at == path
    assert found in what


@pytest.mark.parametrize(
    ("section", "given", "path", "found"),
    [
        ("userinfo", {"subject": " "}, "subject", "blank"),
        ("userinfo", {"supplies": []}, "supplies", "empty"),
        ("userinfo", {"supplies": ["name", ""]}, "supplies.1", "blank"),
        ("token_check", {"url": ...}, "url", "missing"),
        ("token_check", {"audience": []}, "audience", "empty"),
        ("token_check", {"audience": ["application", ""]}, "audience.1", "blank"),
        ("introspection", {"url": "http://login.shop.example/x"}, "url", "plain http"),
        ("introspection", {"client_id": ...}, "client_id", "missing"),
        ("introspection", {"client_id": " "}, "client_id", "blank"),
        ("introspection", {"client_secret": ...}, "client_secret", "missing, with auth_method client_secret_basic"),
        ("introspection", {"client_secret": ""}, "client_secret", "blank"),
        ("introspection", {"client_secret": "two\nlines-of-a-secret"}, "client_secret", "line break"),
        ("introspection", {"client_secret": "YOUR_CLIENT_SECRET"}, "client_secret", "placeholder"),
        ("introspection", {"client_secret": "changeme"}, "client_secret", "placeholder"),
        ("introspection", {"client_secret": public_pem("ec256").replace("\n", " ")}, "client_secret", "PEM"),
        (
            "introspection",
            {"client_secret": "s" * 31, "auth_method": "client_secret_jwt"},
            "client_secret",
            "31 bytes",
        ),
        ("introspection", {"auth_method": "none"}, "client_secret", "given, with auth_method none"),
        ("introspection", {"private_key": private_pem("rsa")}, "private_key", "given, with auth_method client_secret_"),
        ("introspection", {"key_id": "k1"}, "key_id", "without private_key_jwt"),
        ("introspection", {**key("rsa"), "key_id": " "}, "key_id", "blank"),
        ("introspection", {**key("rsa"), "private_key": ...}, "private_key", "missing"),
        ("introspection", {**key("rsa"), "client_secret": SECRET}, "client_secret", "given, with"),
        ("introspection", {**key("rsa"), "private_key": public_pem("rsa")}, "private_key", "not the PEM"),
        ("introspection", {**key("rsa"), "private_key": "no key"}, "private_key", "not the PEM"),
        (
            "introspection",
            {**key("rsa"), "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
            "private_key",
            "not the PEM",
        ),
        (
            "introspection",
            {
                **key("rsa"),
                "private_key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
            },
            "private_key",
            "encrypted",
        ),
        ("introspection", key("rsa1024"), "private_key", "1024"),
        ("introspection", key("secp256k1"), "private_key", "curve"),
    ],
)
def test_bad_settings(section: str, given: dict[str, Any], path: str, found: str) -> None:
    """One fault, one problem, where it is."""
    [(at, what)] = problems(section, given)
    assert at == path
    assert found in what


def test_insecure_is_spelled_out_elsewhere() -> None:
    """http: {insecure: true} of the provider counts here too."""
    for section in SETTINGS:
        assert problems(section, {"url": "http://idp.internal/x"}, insecure=True) == []
