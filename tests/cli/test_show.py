"""``idp-bridge config show``."""

import json
from pathlib import Path

import pytest

from tests.cli.command import SECRET, invoke

TEXT = f"""version: 1
callback: {{header_token: {SECRET}, identity_method: email}}
providers:
  shop: {{preset: keycloak, issuer: "https://login.shop.example", audience: chat}}
  other: {{issuer: "https://b.example", audience: [a, b], id_prefix: {{env: PREFIX}}}}
"""
GOOD = TEXT.replace("{preset: k", "{id_prefix: 's:', preset: k")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration that has a secret in it."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace("{env: PREFIX}", "'o:'"))
    return tmp_path


def test_the_file_without_its_secrets(folder: Path) -> None:
    """A header token that is written into it is a mask."""
    ran = invoke("config", "show", "--config", "bridge.yaml", cwd=folder)
    assert ran.status == 0
    assert ran.out.splitlines()[:4] == [
        "version: 1",
        "callback:",
        '  header_token: "•••••"',
        "  identity_method: email",
    ]
    assert SECRET not in ran.out


def test_resolved_says_where_each_line_is_from(folder: Path) -> None:
    """The file and line, the preset, or the default."""
    ran = invoke("config", "show", "--resolved", "--config", "bridge.yaml", cwd=folder)
    lines = dict(line.split("  # ") for line in ran.out.splitlines() if "  # " in line)
    found = {setting.strip(): origin for setting, origin in lines.items()}
    assert found["identity_method: email"] == "bridge.yaml:2"
    assert found["avatar: picture"] in {"preset keycloak", "preset generic"}
    assert found["leeway: 30s"] == "default"
    assert SECRET not in ran.out


def test_one_provider(folder: Path) -> None:
    """The others are left out; one that is not there is a mistake."""
    ran = invoke("config", "show", "--provider", "other", "--config", "bridge.yaml", cwd=folder)
    assert ran.out.splitlines()[:3] == ["providers:", "  other:", "    issuer: https://b.example"]
    assert "shop" not in ran.out
    unknown = invoke("config", "show", "--provider", "othr", "--config", "bridge.yaml", cwd=folder)
    assert (unknown.status, unknown.err) == (2, "idp-bridge: There is no provider othr. Did you mean other?\n")
    far = invoke("config", "show", "--provider", "xyz", "--config", "bridge.yaml", cwd=folder)
    assert far.err == "idp-bridge: There is no provider xyz. There are shop, other.\n"


def test_json_for_programs(folder: Path) -> None:
    """The settings nested, and with ``--resolved`` the origin of each."""
    written = json.loads(invoke("config", "show", "--json", "--config", "bridge.yaml", cwd=folder).out)
    assert written["settings"]["providers"]["other"] == {
        "issuer": "https://b.example",
        "audience": ["a", "b"],
        "id_prefix": "o:",
    }
    assert "origins" not in written
    full = json.loads(invoke("config", "show", "--resolved", "--json", "--config", "bridge.yaml", cwd=folder).out)
    assert {"path": ["version"], "from": "bridge.yaml:1"} in full["origins"]


def test_nothing_from_outside_is_looked_up(tmp_path: Path) -> None:
    """A reference is shown as it is written; that it is not known is told."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace(SECRET, "{env: NOT_SET}").replace("'s:'", '""'))
    ran = invoke("config", "show", "--config", "bridge.yaml", cwd=tmp_path)
    assert ran.status == 0
    assert "header_token: {env: NOT_SET}" in ran.out
    assert "id_prefix: {env: PREFIX}" in ran.out
    assert "providers.other.id_prefix: not looked up" in ran.err


def test_a_bad_file_is_a_finding(tmp_path: Path) -> None:
    """What takes effect cannot be said of it."""
    (tmp_path / "bridge.yaml").write_text(TEXT + "servr: {}\n")
    assert invoke("config", "show", "--config", "bridge.yaml", cwd=tmp_path).status == 1
