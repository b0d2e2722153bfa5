"""A good configuration file to put one fault into, and what loading says of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.config.load import InvalidConfiguration, Loaded, LocatedProblem, load_text

SECRET = "k3J9xQ-nobody-could-guess"
OTHER_SECRET = "p8Lm2Z-nobody-could-guess"
ENVIRONMENT = {
    "HEADER_TOKEN": SECRET,
    "STAFF_TOKEN": OTHER_SECRET,
    "THIRD_TOKEN": "z4Wn8R-nobody-could-guess",
    "PORT": "8443",
    "BLANK": "",
}

GOOD = """\
version: 1
callbacks:
  shop:
    path: /
    header_token: {env: HEADER_TOKEN}
    identity_method: id
  staff:
    path: /staff
    header_token: [{env: STAFF_TOKEN}]
    providers: [staff]
server: {host: 127.0.0.1, port: 8080}
limits: {body: 64KiB, deadline: 4s}
providers:
  shop:
    preset: keycloak
    issuer: https://login.shop.example/realms/shop
    audience: chat
    id_prefix: ""
  staff:
    issuer: https://staff.shop.example
    audience: [chat, staff]
    algorithms: [RS256, ES256]
    jwks: {refresh: 10m}
    id_prefix: "staff:"
mapping:
  label: {value: Customer}
"""
"""A file without a fault that has one of everything."""


def read(text: str | bytes, **options: Any) -> Loaded:
    """What a text says, with the variables above."""
    environment: Mapping[str, str] = options.pop("environment", ENVIRONMENT)
    return load_text(text, file="bridge.yaml", environment=environment, base=options.pop("base", Path()), **options)


def problems(text: str | bytes, **options: Any) -> tuple[LocatedProblem, ...]:
    """All that is wrong with a text."""
    try:
        read(text, **options)
    except InvalidConfiguration as invalid:
        return invalid.problems
    return ()


def lines(text: str | bytes, **options: Any) -> list[str]:
    """The first line of each problem, without the file's name: ``line:column: path: found``."""
    return [str(each).splitlines()[0].removeprefix("bridge.yaml:") for each in problems(text, **options)]


def faulty(old: str, new: str) -> str:
    """The good file with its first ``old`` replaced."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)
