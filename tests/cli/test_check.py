"""``idp-bridge check``."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import SECRET, invoke, run

CALLBACK = "callback: {header_token: {env: CXGENIE_HEADER_TOKEN}}\n"
PROVIDER = "providers: {p: {issuer: https://login.shop.example, audience: chat}}\n"
TEN_MISTAKES = """version: 1
servr: {port: 8080}
callback:
  path: chat
  header_token: {env: NOT_SET}
  identity_method: mail
  absent: nothing
log:
  level: loud
providers:
  p:
    issuer: http://login.shop.example
    audience: []
    id_prefix: ""
  q:
    issuer: https://other.shop.example
    audiance: chat
    id_prefix: "q:"
limits:
  deadline: 4 seconds
"""
GOOD = "version: 1\n" + CALLBACK + PROVIDER


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (GOOD, None, "is good."),
        (GOOD.replace("audience", "audiance"), "bridge.yaml:3:53: providers.p.audiance: ", "audience"),
        (GOOD + "mappings: {}\n", "bridge.yaml:4:1: mappings: ", "mapping"),
        (GOOD.replace("CXGENIE_HEADER_TOKEN", "NOT_SET"), "bridge.yaml:2:", "NOT_SET"),
        (GOOD.replace("{env: CXGENIE_HEADER_TOKEN}", SECRET), "bridge.yaml:2:", "--allow-inline-secrets"),
        (GOOD + "providers: {}\n", "bridge.yaml:4:1: providers: ", "1 problem"),
        ("version: 1\n\tcallback: {}\n", "bridge.yaml:2:1: ", "1 problem"),
        ("", "bridge.yaml:1:1: ", "problem"),
    ],
    ids=["good", "unknown-key", "unknown-section", "unset", "inline", "twice", "tab", "empty"],
)
def test_the_verdict(tmp_path: Path, text: str, place: str | None, words: str) -> None:
    """0 for a good file; 1 for a bad one, with the place of each problem; no secret in either."""
    (tmp_path / "bridge.yaml").write_text(text)
    ran = invoke("check", "bridge.yaml", cwd=tmp_path)
    assert (ran.status, ran.err) == (0 if place is None else 1, "")
    assert (place or "") in ran.out
    assert words in ran.out
    assert SECRET not in ran.out


def test_the_summary_says_what_would_run(tmp_path: Path) -> None:
    """Callbacks with path and identity method, providers with whom they trust."""
    (tmp_path / "bridge.yaml").write_text(GOOD)
    ran = invoke("check", "bridge.yaml", cwd=tmp_path)
    assert ran.out.splitlines() == [
        "bridge.yaml is good.",
        "  callback default: POST /, identity method id, takes p",
        "  provider p: https://login.shop.example, audience chat, accepts access_token",
    ]


def test_what_is_doubtful_is_a_warning(tmp_path: Path) -> None:
    """It is located and told, and the file is good all the same."""
    (tmp_path / "bridge.yaml").write_text(GOOD + "mapping: {label: realm_access.roles}\n")
    ran = invoke("check", "bridge.yaml", cwd=tmp_path)
    assert ran.status == 0
    assert ran.out.startswith("warning: bridge.yaml:4:11: mapping.label")
    as_json = json.loads(invoke("check", "bridge.yaml", "--json", cwd=tmp_path).out)
    assert [(warning["line"], warning["path"]) for warning in as_json["warnings"]] == [(4, ["mapping", "label"])]


def test_without_secrets_a_machine_that_has_none_can_check(tmp_path: Path) -> None:
    """``--no-secrets`` looks up no variable and no file."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace("CXGENIE_HEADER_TOKEN", "NOT_SET"))
    assert invoke("check", "bridge.yaml", cwd=tmp_path).status == 1
    assert invoke("check", "bridge.yaml", "--no-secrets", cwd=tmp_path).status == 0


def test_a_laptop_may_write_secrets_down(tmp_path: Path) -> None:
    """``--allow-inline-secrets``, and only with it."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace("{env: CXGENIE_HEADER_TOKEN}", SECRET))
    assert invoke("check", "bridge.yaml", cwd=tmp_path).status == 1
    assert invoke("check", "bridge.yaml", "--allow-inline-secrets", cwd=tmp_path).status == 0


def test_json_for_programs(tmp_path: Path) -> None:
    """One object with ``ok``, whatever happens; the status says the same."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("audience", "audiance"))
    good, bad, none = [invoke("check", f"{name}.yaml", "--json", cwd=tmp_path) for name in ("good", "bad", "none")]
    assert (good.status, bad.status, none.status) == (0, 1, 2)
    found = json.loads(good.out)
    assert (found["ok"], found["warnings"]) == (True, [])
    assert found["callbacks"] == {"default": {"path": "/", "identity_method": "id", "providers": ["p"]}}
    assert found["providers"]["p"]["audience"] == ["chat"]
    found = json.loads(bad.out)
    assert found["ok"] is False
    problem = next(problem for problem in found["problems"] if problem["path"] == ["providers", "p", "audiance"])
    assert (problem["file"], problem["line"], problem["column"]) == ("bad.yaml", 3, 53)
    assert json.loads(none.out) == {"ok": False, "error": "none.yaml cannot be read: No such file or directory."}


async def test_ten_mistakes_are_ten_problems(tmp_path: Path) -> None:
    """As a person runs it: every mistake in one go, each with its line and column."""
    (tmp_path / "bridge.yaml").write_text(TEN_MISTAKES)
    ran = await run("check", "bridge.yaml", cwd=tmp_path)
    assert ran.status == 1
    assert ran.out.endswith("bridge.yaml: 10 problems\n")
    places = re.findall(r"^bridge\.yaml:(\d+):\d+: ", ran.out, re.MULTILINE)
    assert [int(line) for line in places] == [2, 4, 5, 6, 7, 9, 12, 13, 17, 20]


def test_the_summary_says_how_opaque_tokens_are_bound(tmp_path: Path) -> None:
    """Who takes JWTs, who opaque tokens, and what is asked about those first."""
    (tmp_path / "bridge.yaml").write_text(
        "version: 1\ncallback: {header_token: {env: A}}\nproviders:\n"
        "  both:\n    issuer: https://a.example\n    audience: chat\n    id_prefix: ''\n    token_pattern: '[0-9]+'\n"
        "    introspection: {client_id: x, client_secret: {env: B}}\n"
        "  plain:\n    userinfo: {url: 'https://b.example/me'}\n    unbound_tokens: accept\n    id_prefix: 'b:'\n"
        "    token_pattern: '[a-z]+'\n"
    )
    ran = invoke("check", "--no-secrets", "bridge.yaml", cwd=tmp_path)
    both = "https://a.example, audience chat, accepts access_token, opaque tokens by introspection"
    assert f"provider both: {both}\n" in ran.out
    assert "provider plain: opaque tokens by userinfo\n" in ran.out
    told = json.loads(invoke("check", "--no-secrets", "--json", "bridge.yaml", cwd=tmp_path).out)["providers"]
    assert [(each["opaque"], each["accept"]) for each in told.values()] == [
        ("introspection", ["access_token"]),
        ("userinfo", []),
    ]
