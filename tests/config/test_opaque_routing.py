"""Providers that take opaque tokens, in the file: every message at its line and column, and what the good become."""

from pathlib import Path
from typing import Any

import pytest

from bridge.config.cases import verified
from bridge.config.load import load_text
from tests.config.files import ENVIRONMENT, lines, problems, read

GOOD = """\
version: 1
callback:
  header_token: {env: HEADER_TOKEN}
providers:
  sso:
    issuer: https://sso.shop.example
    audience: chat
    introspection:
      client_id: bridge
      client_secret: {env: SSO_SECRET}
    token_pattern: "[0-9a-f]{40}"
    id_prefix: "sso:"
  zalo:
    userinfo:
      url: https://graph.zalo.me/v2.0/me
      query: {fields: "id,name,picture"}
      token_in: {header: access_token}
      subject: id
      refused_when: {all: [{claim: error, present: true}, {not: {claim: error, equals: "0"}}]}
    unbound_tokens: accept
    token_pattern: "[A-Za-z0-9_-]{60,400}"
    id_prefix: "zalo:"
    mapping: {name: name, email: omit, phone: omit, avatar: {claim: [picture, data, url], upgrade: https}}
  google:
    token_check:
      url: https://oauth2.googleapis.com/tokeninfo
      token_in: {query: access_token}
      rules: [{claim: aud, equals: web}]
    userinfo: {url: "https://openidconnect.googleapis.com/v1/userinfo"}
    token_pattern: "ya29[.].*"
    id_prefix: "google:"
"""
"""CONFIG.md's examples."""

SECRETS = {**ENVIRONMENT, "SSO_SECRET": "s3cret-of-the-bridge-there"}


def test_the_good_file() -> None:
    """No error and no doubt; conditions on answers are compiled, each for its provider."""
    loaded = read(GOOD, environment=SECRETS)
    assert loaded.warnings == ()
    tests = loaded.model.answer_tests
    refused, rules = tests["zalo"].userinfo_refused, tests["google"].token_check_rules
    assert refused is not None
    assert rules is not None
    assert (refused({"error": 452}), refused({"error": 0})) == (True, False)
    assert (rules({"aud": "web"}), rules({"aud": "other"})) == (True, False)
    assert (tests["sso"].userinfo_refused, tests["sso"].token_check_rules) == (None, None)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('    token_pattern: "[0-9a-f]{40}"\n', "", "5:3: providers.sso.token_pattern: missing, beside zalo"),
        ('    token_pattern: "ya29[.].*"\n', "", "24:3: providers.google.token_pattern: missing, beside sso"),
        ('"ya29[.].*"', '"[0-9a-f]{40}"', "30:5: providers.google.token_pattern: that of sso too"),
        ('"[0-9a-f]{40}"', '"["', "11:5: providers.sso.token_pattern: not a regular expression"),
        ("    unbound_tokens: accept\n", "", "13:3: providers.zalo.unbound_tokens: missing, with userinfo alone"),
        ("unbound_tokens: accept", "unbound_tokens: yes", "20:5: providers.zalo.unbound_tokens: the text "),
        ("{header: access_token}", "{header: a, query: b}", "17:7: providers.zalo.userinfo.token_in: "),
        ("{header: access_token}", "cookie", "17:7: providers.zalo.userinfo.token_in: the "),
        ("{header: access_token}", "5", "17:7: providers.zalo.userinfo.token_in: the "),
        ("{header: access_token}", "{header: Host}", "17:18: providers.zalo.userinfo.token_in.header: "),
        ('query: {fields: "id,name,picture"}', "query: {fields: 5}", "16:15: providers.zalo.userinfo.query.fields: "),
        ("present: true}", "presnt: true}", "19:43: providers.zalo.userinfo.refused_when.all[0].presnt: unknown key"),
        ("rules: [{claim: aud, equals: web}]", "rules: [{claim: aud, equals: []}]",
         "28:28: providers.google.token_check.rules[0].equals: "),
        ("rules: [{claim: aud, equals: web}]", "audience: [aud]", "24:3: providers.google.audience: missing"),
        ("      url: https://oauth2.googleapis.com/tokeninfo\n", "", "25:5: providers.google.token_check.url: missing"),
        ("https://graph.zalo.me/v2.0/me", "http://graph.zalo.me/v2.0/me", "15:7: providers.zalo.userinfo.url: plain"),
        ("    issuer: https://sso.shop.example\n", "", "7:5: providers.sso.introspection.url: missing"),
        ("    audience: chat\n", "", "5:3: providers.sso.audience: missing"),
        ("      client_id: bridge\n", "", "8:5: providers.sso.introspection.client_id: missing"),
        ("      client_secret: {env: SSO_SECRET}\n", "", "8:5: providers.sso.introspection.client_secret: missing"),
        ("{env: SSO_SECRET}", "written-here-for-all-to-see", "10:7: providers.sso.introspection.client_secret: a sec"),
        ("      client_id: bridge\n", "      client_id: bridge\n      when: sometimes\n",
         "10:7: providers.sso.introspection.when: "),
        ('    token_pattern: "[0-9a-f]{40}"\n', '    token_pattern: "[0-9a-f]{40}"\n    requests: {rate: 0/s}\n',
         "12:16: providers.sso.requests.rate: "),
    ],
)  # fmt: skip
def test_one_fault_is_one_located_problem(old: str, new: str, line: str) -> None:
    """Where it stands, or the section that lacks it."""
    assert old in GOOD
    said = lines(GOOD.replace(old, new, 1), environment=SECRETS)
    assert [one.startswith(line) for one in said] == [True], said


def test_a_second_one_without_a_pattern_names_both_and_the_cure() -> None:
    """Whose visitors' tokens would be shown to whom."""
    [problem] = problems(GOOD.replace('    token_pattern: "[0-9a-f]{40}"\n', "", 1), environment=SECRETS)
    assert "would be shown to the other" in problem.problem.why
    assert "token_pattern" in problem.problem.cure


def test_providers_of_callbacks_of_their_own_need_no_pattern() -> None:
    """An opaque token is told apart within its callback."""
    text = GOOD.replace("callback:\n  header_token: {env: HEADER_TOKEN}\n", "").replace(
        "providers:\n",
        "callbacks:\n"
        "  a: {header_token: {env: HEADER_TOKEN}, providers: [sso]}\n"
        "  b: {path: /b, header_token: {env: STAFF_TOKEN}, providers: [zalo]}\n"
        "  c: {path: /c, header_token: {env: THIRD_TOKEN}, providers: [google]}\n"
        "providers:\n",
        1,
    )
    for pattern in ('"[0-9a-f]{40}"', '"[A-Za-z0-9_-]{60,400}"', '"ya29[.].*"'):
        text = text.replace(f"    token_pattern: {pattern}\n", "")
    assert problems(text, environment=SECRETS) == ()


def test_secrets_that_are_not_looked_up_are_not_judged() -> None:
    """``check --no-secrets``, ``explain``, ``test``: the file is as good without them."""
    text = GOOD.replace(
        "client_secret: {env: SSO_SECRET}", "auth_method: private_key_jwt\n      private_key: {env: KEY}"
    )
    model = load_text(text, file="x", environment={}, resolve_secrets=False, base=Path()).model
    assert model.providers["sso"].takes_opaque_tokens


def test_where_only_id_tokens_are_taken_userinfo_is_doubtful() -> None:
    """A warning at its key."""
    text = (
        "version: 1\ncallback: {header_token: {env: HEADER_TOKEN}}\nproviders:\n  a:\n    issuer: https://a.example\n"
        "    accept: id_token\n    id_token_audience: web\n    userinfo:\n      when: missing\n"
    )
    [warning] = read(text).warnings
    assert str(warning).startswith("bridge.yaml:9:7: providers.a.userinfo.when: missing, where only ID tokens")


@pytest.mark.parametrize(
    ("provider", "source", "claims", "subject"),
    [
        ("sso", "token", {"sub": "u1"}, "u1"),
        ("zalo", "userinfo", {"id": "42", "sub": "no"}, "42"),
        ("google", "userinfo", {"sub": "g1"}, "g1"),
    ],
)
def test_test_cases_speak_for_the_source_that_there_is(
    provider: str, source: str, claims: dict[str, Any], subject: str
) -> None:
    """The operator's cases: of a provider without JWTs the claims are those of the answer that identifies."""
    model = read(GOOD, environment=SECRETS).model
    found = verified(model, provider, claims)
    assert (list(found.sources), found.subject) == ([source], subject)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("preset: line", "4:3: providers.p.id_token_audience: missing"),
        ("preset: google", "4:3: providers.p.id_token_audience: missing"),
        ("preset: gitlab, issuer: https://gitlab.example", "4:3: providers.p.id_token_audience: missing"),
        ("preset: line, id_token_audience: 1234567890", "4:21: providers.p.id_token_audience: the number 1234567890"),
    ],
)
def test_a_check_of_id_tokens_client_needs_that_client_alone(entry: str, line: str) -> None:
    """Whoever forgets LINE's channel id, or its quotes, is not sent to look for an audience that LINE has not."""
    text = f"version: 1\ncallback: {{header_token: {{env: HEADER_TOKEN}}}}\nproviders:\n  p: {{{entry}}}\n"
    (one,) = lines(text)
    assert one.startswith(line)
