"""A configuration that is examined, and what was found."""

import json
from collections.abc import AsyncIterator
from typing import Any

from bridge.config.load import load_text
from bridge.config.model import Model
from bridge.doctor.finding import Finding

SECRET = "wq7Vt2-the-secret-of-these-tests"


def configuration(issuer: str, *, callback: dict[str, Any] | None = None, **provider: Any) -> dict[str, Any]:
    """A file as plain data: one callback, one provider of the preset for none."""
    return {
        "version": 1,
        "callback": {"header_token": {"env": "HEADER_TOKEN"}, **(callback or {})},
        "providers": {"shop": {"issuer": issuer, "audience": "chat", **provider}},
    }


def model(issuer: str, *, callback: dict[str, Any] | None = None, **provider: Any) -> Model:
    """The same, loaded."""
    text = json.dumps(configuration(issuer, callback=callback, **provider))
    environment = {"HEADER_TOKEN": SECRET, "CLIENT_SECRET": "s3cret-of-the-client"}
    return load_text(text, file="bridge.yaml", environment=environment).model


async def gathered(findings: AsyncIterator[Finding]) -> dict[str, Finding]:
    """The findings by their names; of several of one name the worst."""
    order = ["ok", "warning", "finding"]
    found: dict[str, Finding] = {}
    async for each in findings:
        if each.check not in found or order.index(each.grade) > order.index(found[each.check].grade):
            found[each.check] = each
    return found


def wrong(found: dict[str, Finding]) -> dict[str, str]:
    """The names and grades of what is not well."""
    assert found, "nothing was looked at"
    for each in found.values():
        assert (each.grade == "ok") == (not each.cure), each
    return {name: each.grade for name, each in found.items() if each.grade != "ok"}
