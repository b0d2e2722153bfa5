"""bridge/config/cache_settings.py: where the shared cache is, and never its password in a message."""

import pytest

from tests.config.files import ENVIRONMENT, GOOD, problems, read
from tests.missing_extra import printed_without

SHARED = GOOD + "cache: {shared: {url: {env: VALKEY_URL}}}\n"


def environment(url: str) -> dict[str, str]:
    """The variables, with that address."""
    return {**ENVIRONMENT, "VALKEY_URL": url}


@pytest.mark.parametrize(
    "url",
    [
        "valkey://cache.internal:6379/0",
        "valkeys://user:password@cache.internal:6380/3",
        "redis://cache",
        "rediss://:password@[::1]:6379",
        "valkey://:password@127.0.0.1:6379",
        "unix:///run/valkey/valkey.sock",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    """Without a doubt about any of them."""
    loaded = read(SHARED, environment=environment(url))
    assert loaded.warnings == ()
    assert loaded.model.cache.shared.url is not None
    assert loaded.model.cache.shared.url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "https://planted.example",
        "planted",
        "valkey://",
        "valkey://planted:99999999/",
        "valkey://planted:0/",
        "valkey://planted/database",
        "valkeys://planted?ssl_cert_reqs=none",
        "valkey://planted#0",
        "unix://planted",
        "valkey://[planted",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    """What it is never stands in the message: it may hold a password."""
    (problem,) = problems(SHARED, environment=environment(url))
    assert (problem.problem.path, problem.line) == (("cache", "shared", "url"), 27)
    assert "address" in problem.problem.found
    assert "planted" not in str(problem)


def test_a_password_in_the_clear_is_doubted() -> None:
    """On its way to another machine; the entries themselves are sealed."""
    (warning,) = read(SHARED, environment=environment("valkey://:planted@cache.internal")).warnings
    assert warning.problem.path == ("cache", "shared", "url")
    assert "planted" not in str(warning)


def test_an_inline_address_is_a_secret_in_the_file() -> None:
    """As every other."""
    (problem,) = problems(GOOD + "cache: {shared: {url: 'valkey://planted'}}\n")
    assert problem.problem.found == "a secret written into the file"


def test_an_authority_is_a_certificate(tmp_path: object) -> None:
    """Anything else is said at once, not when the first connection fails."""
    text = GOOD + "cache: {shared: {url: {env: VALKEY_URL}, ca_file: {env: CA}}}\n"
    (problem,) = problems(text, environment=environment("valkeys://cache") | {"CA": __file__})
    assert problem.problem.path == ("cache", "shared", "ca_file")


@pytest.mark.parametrize("setting", ["timeout: 0s", "timeout: 5"])
def test_a_command_has_some_time(setting: str) -> None:
    """More than none, and with its unit."""
    text = SHARED.replace("VALKEY_URL}", f"VALKEY_URL}}, {setting}")
    (problem,) = problems(text, environment=environment("valkey://cache"))
    assert problem.problem.path == ("cache", "shared", "timeout")


def test_without_the_extra_it_says_how_to_install_it() -> None:
    """And a file without a shared cache does not even look for it."""
    program = (
        "from bridge.config.cache_settings import CacheSettings\n"
        "for shared in ({}, {'url': 'valkey://cache'}):\n"
        "    made = CacheSettings.model_validate({'shared': shared})\n"
        "    print([(problem.path, problem.cure) for problem in made.problems()])\n"
    )
    without, with_url = printed_without("valkey", program)
    assert without == "[]"
    assert "('shared', 'url')" in with_url
    assert "pip install 'cxgenie-idp-bridge[valkey]'" in with_url
