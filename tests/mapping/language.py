"""Mappings and claims in one line each."""

from typing import Any, Literal

from bridge.chat_user import ChatUser
from bridge.claims import Claims
from bridge.errors import Problem
from bridge.mapping.parse import IdentityMethodText, Parsed, parse_mapping
from bridge.mapping.written import Written

Layer = Literal["preset", "common", "callback", "provider"]


def claims(token: dict[str, Any] | None = None, *, subject: str = "u1", **sources: dict[str, Any]) -> Claims:
    """Claims of a token, or of other sources by keyword."""
    said: dict[Any, dict[str, Any]] = {"token": token or {}} if token is not None or not sources else {}
    said.update(sources)
    return Claims("keycloak", subject, said, 0.0)


def parse(
    mapping: dict[str, Any], *, layer: Layer = "common", identity_method: IdentityMethodText = "id", **options: Any
) -> Parsed:
    """A mapping as if it stood under ``mapping:``."""
    written = {name: Written(value, ("mapping", name), layer) for name, value in mapping.items()}
    return parse_mapping(written, identity_method=identity_method, **options)


def apply(mapping: dict[str, Any], visitor: Claims, **options: Any) -> ChatUser:
    """The chat user of a mapping that must be sound."""
    parsed = parse(mapping, **options)
    assert parsed.errors == ()
    return parsed.mapping.apply(visitor)


def label(value: Any, visitor: Claims, **options: Any) -> str | None:
    """What one VALUE gives as a label."""
    return apply({"label": value}, visitor, **options).label


def errors(mapping: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    """What is wrong with a mapping: key path and what was found."""
    return [(dotted(problem), problem.found) for problem in parse(mapping, **options).errors]


def dotted(problem: Problem) -> str:
    """A problem's key path below ``mapping``."""
    return ".".join(map(str, problem.path[1:]))
