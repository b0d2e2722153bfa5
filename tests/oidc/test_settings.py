"""bridge/oidc/settings.py: what one provider's settings must and must not say."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.oidc.address import is_loopback, unfit_url
from bridge.oidc.algorithms import ASYMMETRIC
from bridge.oidc.settings import ProviderSettings
from tests.issuer.keys import jwks, private_jwk, public_jwk, public_pem

GOOD: dict[str, Any] = {"issuer": "https://login.shop.example", "audience": "chat"}
SECRET = "wq7Vt2-the-secret-of-these-tests"
ENTRA = "https://login.microsoftonline.com/{tenantid}/v2.0"
GUID = "6f1b2c3d-0000-4000-8000-1234567890ab"
TIMES = {
    "2026-11-01T10:00:00Z": 1793527200.0,
    "2026-11-01t17:00:00+07:00": 1793527200.0,
    "2026-11-01T10:00:00.5z": 1793527200.5,
}


def problems(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Where the good settings with these laid over them are wrong, and how."""
    made = ProviderSettings.model_validate(
        {name: value for name, value in (GOOD | settings).items() if value is not ...}
    )
    return [(".".join(map(str, problem.path)), problem.found) for problem in made.problems()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"issuer": ["https://a.example", "https://b.example"]},
        {"issuer": "http://127.0.0.1:8081"},
        {"issuer": "http://localhost/realms/shop"},
        {"issuer": "http://idp.internal", "http": {"insecure": True}},
        {"issuer": "acme.com", "jwks": {"url": "https://acme.com/jwks"}},
        {"issuer": "shop", "public_key": public_pem("ed25519")},
        {"issuer": "shop", "public_key": [public_pem("rsa"), public_pem("ec256")]},
        {"issuer": "shop", "secret": SECRET},
        {"issuer": "shop", "secret": [SECRET, SECRET + "2"], "algorithms": "HS256"},
        {"issuer": "shop", "secret": SECRET * 2, "algorithms": ["HS512", "HS256"]},
        {"audience": "none", "authorized_parties": "web"},
        {"audience": ..., "accept": "id_token", "id_token_audience": "web"},
        {"accept": ["access_token", "id_token"], "authorized_parties": "web"},
        {"leeway": "5m"},
        {"issuer": ENTRA, "tenants": GUID},
        {"issuer": [ENTRA, "https://sts.windows.net/{tenantid}/"], "tenants": [GUID, GUID.upper()]},
        {"issuer": ENTRA, "tenants": "any"},
        {"issuer": ["https://a.example", ENTRA], "tenants": "any"},
        *({"refuse": {"issued_before": time}} for time in TIMES),
        {"refuse": {"subjects": "u1", "key_ids": ["k"], "token_ids": ["a", "b"]}},
    ],
)
def test_good_settings(settings: dict[str, Any]) -> None:
    """Nothing to complain about."""
    assert problems(settings) == []


@pytest.mark.parametrize(
    ("settings", "path", "found"),
    [
        ({"issuer": ...}, "issuer", "missing"),
        ({"issuer": ""}, "issuer.0", "blank"),
        ({"issuer": " https://a.example"}, "issuer.0", "blank"),
        ({"issuer": ["https://a.example", "https://a.example"]}, "issuer", "twice"),
        ({"issuer": "http://login.shop.example"}, "issuer.0", "plain http"),
        ({"issuer": "acme.com"}, "issuer.0", "not an"),
        ({"issuer": "https://u:p@a.example"}, "issuer.0", "credentials"),
        ({"issuer": "https://"}, "issuer.0", "not an"),
        ({"issuer": "https://a.example:x"}, "issuer.0", "not an"),
        ({"jwks": {"url": "http://keys.example/jwks"}}, "jwks.url", "plain http"),
        ({"audience": ...}, "audience", "missing"),
        ({"audience": ["chat", " "]}, "audience.1", "blank"),
        ({"audience": "none"}, "audience", "without authorized_parties"),
        ({"audience": ["none", "chat"], "authorized_parties": "web"}, "audience", "beside others"),
        ({"accept": ["id_token"]}, "id_token_audience", "missing"),
        ({"accept": []}, "accept", "empty"),
        ({"token_types": []}, "token_types", "empty"),
        ({"audience_claims": []}, "audience_claims", "empty"),
        ({"subject": ""}, "subject", "empty"),
        ({"authorized_parties": [""]}, "authorized_parties.0", "blank"),
        ({"algorithms": ["RS256", "HS256"]}, "algorithms.1", "HS256 without a secret"),
        ({"secret": SECRET, "algorithms": ["HS256", "RS256"]}, "algorithms", "beside a secret"),
        ({"secret": SECRET, "jwks": {"url": "https://a.example/jwks"}}, "jwks", "together"),
        ({"secret": SECRET, "public_key": public_pem("rsa")}, "secret", "together"),
        ({"jwks": {"url": "https://a.example/jwks", "file": json.dumps(jwks("rsa"))}}, "jwks", "together"),
        ({"secret": "short"}, "secret.0", "5 bytes"),
        ({"secret": public_pem("rsa")}, "secret.0", "PEM"),
        ({"secret": "a-string-secret-at-least-256-bits-long"}, "secret.0", "placeholder"),
        ({"secret": "s" * 32}, "secret.0", "placeholder"),
        ({"secret": "<YOUR-LONG-SHARED-SECRET-STRING-HERE>"}, "secret.0", "placeholder"),
        ({"secret": SECRET, "algorithms": ["HS512"]}, "secret.0", "at least 64"),
        ({"public_key": "no key"}, "public_key.0", "PEM"),
        ({"public_key": public_pem("rsa1024")}, "public_key.0", "1024"),
        ({"issuer": ENTRA}, "tenants", "missing"),
        ({"tenants": GUID}, "tenants", "without {tenantid}"),
        ({"issuer": ENTRA, "tenants": ["any", GUID]}, "tenants", "beside others"),
        *(
            ({"issuer": ENTRA, "tenants": [GUID, tenant]}, "tenants.1", "not a GUID")
            for tenant in (
                "shop.onmicrosoft.com",
                "",
                "Any",
                GUID[:-1],
                f"{GUID} ",
                f"{{{GUID}}}",
                GUID.replace("-", ""),
            )
        ),
        *(
            ({"issuer": issuer, "tenants": GUID}, "issuer.0", "no whole part")
            for issuer in (
                "https://{tenantid}/v2.0",
                "https://{tenantid}.ciamlogin.com/x",
                "https://a.example/x{tenantid}/v2.0",
                "https://a.example/{tenantid}x",
                "https://a.example/{tenantid}/{tenantid}",
                "https://a.example/{other}/{tenantid}",
            )
        ),
        *(
            ({"refuse": {"issued_before": time}}, "refuse.issued_before", "not a time")
            for time in ("", "2026-11-01", "2026-11-01T10:00:00", "2026-11-01 10:00:00Z", "2026-13-01T10:00:00Z", "now")
        ),
        ({"refuse": {"subjects": ["u1", " "]}}, "refuse.subjects.1", "blank"),
        ({"refuse": {"key_ids": ""}}, "refuse.key_ids.0", "blank"),
        ({"refuse": {"token_ids": ""}}, "refuse.token_ids.0", "blank"),
        ({"leeway": "301s"}, "leeway", "more than 5m"),
        ({"jwks": {"refresh": "0s"}}, "jwks.refresh", "less than"),
        ({"jwks": {"cooldown": "500ms"}}, "jwks.cooldown", "less than"),
        ({"http": {"timeout": "0s"}}, "http.timeout", "zero"),
        ({"http": {"ca_file": "no certificate"}}, "http.ca_file", "PEM"),
        ({"jwks": {"file": "no JSON"}}, "jwks.file", "JSON"),
        ({"jwks": {"file": '{"keys": []}'}}, "jwks.file", "usable"),
        ({"authorized_parties": []}, "authorized_parties", "empty"),
        ({"required_scopes": []}, "required_scopes", "empty"),
        ({"algorithms": []}, "algorithms", "empty"),
    ],
)
def test_bad_settings(settings: dict[str, Any], path: str, found: str) -> None:
    """One fault, one problem, at its key."""
    assert [(where, found in what) for where, what in problems(settings)] == [(path, True)]


@pytest.mark.parametrize(
    "algorithms", ["none", "None", ["RS256", "none"], "rs256", "RS1", "ES256K", ["RS256", 5], "RS256X"]
)
def test_algorithms_are_named_exactly(algorithms: Any) -> None:
    """L02, L03: none cannot be named at all, nor what we do not know."""
    with pytest.raises(ValidationError):
        ProviderSettings.model_validate(GOOD | {"algorithms": algorithms})


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, ASYMMETRIC),
        ({"algorithms": []}, ASYMMETRIC),
        ({"algorithms": ["ES256"]}, ("ES256",)),
        ({"algorithms": "EdDSA"}, ("Ed25519", "Ed448")),
        ({"algorithms": ["Ed25519", "EdDSA"]}, ("Ed25519", "Ed448")),
        ({"secret": SECRET}, ("HS256",)),
        ({"secret": SECRET, "algorithms": ["HS384"]}, ("HS384",)),
    ],
)
def test_allowed_algorithms(settings: dict[str, Any], allowed: tuple[str, ...]) -> None:
    """Asymmetric unless a secret is set; EdDSA means both Edwards curves."""
    assert ProviderSettings.model_validate(GOOD | settings).allowed_algorithms == allowed


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("a.localhost", True),
        ("localhost.evil.example", False),
        ("128.0.0.1", False),
        ("2130706433", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    """This machine by number or by its reserved name (RFC 6761), nothing that merely looks so."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(("text", "seconds"), TIMES.items())
def test_issued_before_is_one_moment(text: str, seconds: float) -> None:
    """The same on every machine."""
    made = ProviderSettings.model_validate(GOOD | {"refuse": {"issued_before": text}})
    assert made.refuse.issued_before_time == seconds


def test_doubtful_keys_of_a_file_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    """K07: told with their place as everything in the configuration is; the log is the running bridge's."""
    given = {"keys": [public_jwk("rsa1024"), private_jwk("rsa"), public_jwk("rsa2", use="enc")]}
    made = ProviderSettings.model_validate(GOOD | {"jwks": {"file": json.dumps(given)}})
    assert not list(made.problems())
    said = [(".".join(map(str, each.path)), each.found.partition(" of its set")[0]) for each in made.warnings()]
    assert said == [("jwks.file", "key 0"), ("jwks.file", "key 1")]
    assert all(each.why and each.cure for each in made.warnings())
    assert not caplog.records


def test_unfit_urls_are_no_crash() -> None:
    """What the standard library refuses to split is no address."""
    assert unfit_url("https://[::1", insecure=False) == "not an address"
    assert unfit_url("https://a.example/\\evil", insecure=False) == "not an address"
