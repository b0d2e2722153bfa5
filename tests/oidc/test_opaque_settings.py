"""bridge/oidc/opaque_settings.py and what depends on it in settings.py: which providers take opaque tokens, and how."""

from typing import Any

import pytest

from bridge.oidc.settings import ProviderSettings
from bridge.oidc.token_pattern import MAX_PATTERN, TokenPattern

ISSUER: dict[str, Any] = {"issuer": "https://login.shop.example", "audience": "chat"}
CLIENT: dict[str, Any] = {"client_id": "bridge", "client_secret": "s3cret-of-the-bridge"}
INTROSPECTION: dict[str, Any] = {"introspection": CLIENT}
SECRET = "wq7Vt2-the-secret-of-these-tests"
USERINFO: dict[str, Any] = {"userinfo": {"url": "https://graph.example/me"}}
CHECK: dict[str, Any] = {"token_check": {"url": "https://graph.example/check"}, **USERINFO}
UNBOUND: dict[str, Any] = {"unbound_tokens": "accept"}
RULES: dict[str, Any] = {**CHECK, "token_check": {**CHECK["token_check"], "rules": [{"claim": "aud", "equals": "x"}]}}


def made(settings: dict[str, Any]) -> ProviderSettings:
    """The settings as the loader makes them."""
    return ProviderSettings.model_validate(settings)


def problems(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Where they are wrong, and how."""
    return [(".".join(map(str, problem.path)), problem.found) for problem in made(settings).problems()]


@pytest.mark.parametrize(
    ("settings", "opaque", "jwts"),
    [
        (ISSUER, False, True),
        ({**ISSUER, **INTROSPECTION}, True, True),
        ({**ISSUER, **CHECK}, True, True),
        ({**ISSUER, "userinfo": {}}, False, True),
        ({**ISSUER, "userinfo": {}, **UNBOUND}, True, True),
        ({**ISSUER, "audience": "none", **UNBOUND}, False, True),
        ({**ISSUER, "audience": "none", "authorized_parties": "web", **INTROSPECTION}, True, True),
        ({"audience": "chat", "introspection": {**CLIENT, "url": "https://sso.example/introspect"}}, True, False),
        ({"audience": "chat", **CHECK}, True, False),
        (RULES, True, False),
        # Google, LINE and GitLab name the client, which the operator writes once.
        ({**ISSUER, "audience": ..., "accept": "id_token", "id_token_audience": "web", **CHECK}, True, True),
        ({**ISSUER, "audience": ..., "accept": "id_token", "authorized_parties": "web", **CHECK}, True, True),
        ({**ISSUER, "audience": "none", "accept": "id_token", "id_token_audience": "web"}, False, True),
        ({**USERINFO, **UNBOUND}, True, False),
        ({**USERINFO, **UNBOUND, "token_pattern": "[0-9a-f]{40}"}, True, False),
        ({"issuer": "shop", "secret": SECRET, "audience": "chat", "userinfo": USERINFO["userinfo"]}, False, True),
    ],
)
def test_what_a_provider_takes(settings: dict[str, Any], opaque: bool, jwts: bool) -> None:
    """CONFIG.md, "Which token, which provider": good settings, and which tokens they mean."""
    settings = {name: value for name, value in settings.items() if value is not ...}
    assert problems(settings) == []
    assert (made(settings).takes_opaque_tokens, made(settings).takes_jwts) == (opaque, jwts)


@pytest.mark.parametrize(
    ("settings", "path", "found"),
    [
        (USERINFO, "unbound_tokens", "missing, with userinfo alone"),
        ({**CHECK, "audience": "chat", "userinfo": ...}, "userinfo", "missing, with token_check"),
        (CHECK, "audience", "missing"),
        ({**CHECK, "audience": "none", **UNBOUND}, "audience", "none, with a token_check"),
        ({**CHECK, "audience": "none", "authorized_parties": "web"}, "audience", "none, with a token_check"),
        ({**ISSUER, **INTROSPECTION, **CHECK}, "token_check", "beside introspection"),
        ({**ISSUER, "audience": ..., "accept": "id_token", "id_token_audience": "web", **INTROSPECTION}, "audience",
         "missing"),
        ({**ISSUER, "audience": "none", **INTROSPECTION}, "audience", "without authorized_parties"),
        ({**ISSUER, "audience": "none", "accept": "id_token", "id_token_audience": "web", **INTROSPECTION}, "audience",
         "without authorized_parties"),
        ({**CHECK, "token_check": {"url": "{issuer}/check"}, "audience": "chat"}, "token_check.url", "not an"),
        ({**ISSUER, "issuer": "shop", "secret": SECRET, "userinfo": {"url": "{issuer}/me", "when": "always"}},
         "userinfo.url", "not an"),
        ({"audience": "chat", "introspection": CLIENT}, "introspection.url", "missing"),
        ({"userinfo": {}, **UNBOUND}, "userinfo.url", "missing"),
        ({**ISSUER, "userinfo": {}, "token_check": {}}, "token_check.url", "missing"),
        ({"issuer": "shop", "secret": SECRET, "audience": "chat", "userinfo": {"when": "missing"}}, "userinfo.url",
         "missing"),
        ({"issuer": "shop", "secret": SECRET, "audience": "chat", **INTROSPECTION}, "introspection.url", "missing"),
        ({"audience": "chat", "introspection": {**CLIENT, "url": "https://a.example/", "when": "always"}},
         "introspection.when", "always, without an issuer"),
        ({"secret": SECRET, "audience": "chat", **USERINFO, **UNBOUND}, "issuer", "missing"),
        ({**ISSUER, "token_pattern": "x"}, "token_pattern", "without opaque tokens"),
        ({**USERINFO, **UNBOUND, "required_scopes": "chat"}, "required_scopes", "userinfo alone"),
        *(
            ({**ISSUER, **INTROSPECTION, "token_pattern": pattern}, "token_pattern", found)
            for pattern, found in {
                "": "empty", "  ": "empty", "(": "not a regular", "(?=x)": "not a regular", r"(a)\1": "not a regular",
                "a{2000}": "not a regular", "x" * (MAX_PATTERN + 1): f"{MAX_PATTERN + 1} characters",
            }.items()
        ),
        ({**ISSUER, "userinfo": {"url": "http://10.0.0.1/me", "when": "always"}}, "userinfo.url", "plain http"),
        ({**ISSUER, "introspection": {}}, "introspection.client_id", "missing"),
        ({**ISSUER, "introspection": {}}, "introspection.client_secret", "missing"),
        ({**UNBOUND, "userinfo": {**USERINFO["userinfo"], "token_in": {}}}, "userinfo.token_in", "no place"),
    ],
)  # fmt: skip
def test_bad_settings(settings: dict[str, Any], path: str, found: str) -> None:
    """One fault at its key; a client without credentials has two."""
    given = {name: value for name, value in settings.items() if value is not ...}
    said = problems(given)
    assert (path, True) in [(where, found in what) for where, what in said]
    assert len(said) == (2 if settings.get("introspection") == {} else 1)


@pytest.mark.parametrize(
    ("settings", "doubtful"),
    [
        ({"accept": "id_token", "id_token_audience": "web", "userinfo": {"when": "missing"}}, True),
        ({"accept": "id_token", "id_token_audience": "web", "userinfo": {"when": "never"}}, False),
        ({"accept": ["access_token", "id_token"], "id_token_audience": "web", "userinfo": {"when": "missing"}}, False),
        ({"accept": "id_token", "id_token_audience": "web", "userinfo": {"when": "missing"}, **INTROSPECTION}, False),
    ],
)
def test_userinfo_for_id_tokens_is_doubtful(settings: dict[str, Any], doubtful: bool) -> None:
    """One is never sent there, so ``when`` would mean nothing."""
    assert [problem.path for problem in made({**ISSUER, **settings}).warnings()] == [("userinfo", "when")] * doubtful


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        (ISSUER, "sub"),
        ({**ISSUER, "subject": "oid", "userinfo": {"subject": "id"}}, "oid"),
        ({**USERINFO, **UNBOUND, "userinfo": {**USERINFO["userinfo"], "subject": "id"}}, "id"),
        ({"introspection": CLIENT, "subject": "username"}, "username"),
    ],
)
def test_the_subject_claim(settings: dict[str, Any], subject: str) -> None:
    """Userinfo's own where it alone says who the visitor is."""
    assert made(settings).subject_claim == subject


def test_a_pattern_matches_the_whole_token() -> None:
    """In linear time, whatever the token."""
    pattern = TokenPattern("(a+)+[0-9]")
    assert pattern.matches("aaa1")
    assert not pattern.matches("aaa12")
    assert not pattern.matches("xaaa1")
    assert not pattern.matches("a" * 16_000)


@pytest.mark.parametrize(
    "issuer", ["https://git.shop.example", "https://git.shop.example/", ["https://git.shop.example/", "x"]]
)
@pytest.mark.parametrize("endpoint", ["userinfo", "introspection", "token_check"])
def test_an_address_may_begin_at_the_issuer(issuer: Any, endpoint: str) -> None:
    """The first spelling, with one slash between."""
    settings = made({"issuer": issuer, endpoint: {"url": "{issuer}/oauth/token/info"}})
    assert getattr(settings, endpoint).url == "https://git.shop.example/oauth/token/info"
    elsewhere = "https://other.example/{issuer}"
    assert getattr(made({"issuer": issuer, endpoint: {"url": elsewhere}}), endpoint).url == elsewhere


@pytest.mark.parametrize(("pattern", "begins"), [("eyJh[.][a-z]+", True), ("(eyJ|x).*", False), (".*", False)])
def test_a_pattern_may_spell_out_the_beginning_of_a_jwt(pattern: str, begins: bool) -> None:
    """What only happens to match does not."""
    assert TokenPattern(pattern).begins_as_jwt is begins
