"""Claims that count as verified, and what CX Genie would be given for them."""

from pathlib import Path

import pytest

from bridge.config.case_file import load_cases, read_cases
from bridge.config.cases import ABSENT, Case, Difference, differences, run_case, shown
from bridge.config.load import load
from bridge.errors import IdentityUnusable
from tests.config.files import read

CONFIG = Path(__file__).parents[2] / "config"

SMALLEST = """\
version: 1
callback: {header_token: {env: CXGENIE_HEADER_TOKEN}, identity_method: id}
providers: {keycloak: {preset: keycloak, issuer: "https://login.shop.example/realms/shop", audience: chat}}
mapping:
  label:
    first_of:
      - {value: VIP, when: {claim: [realm_access, roles], contains: vip}}
      - {lookup: "https://shop.example/plan", table: {gold: Gold member, silver: Silver member}}
      - {value: Customer}
"""
PROMISED = """\
- name: a VIP with a Vietnamese mobile
  claims: {sub: u1, name: Nguyễn Văn A, phone_number: "+84901234567", phone_number_verified: true,
           realm_access: {roles: [vip]}}
  expect: {id: u1, name: Nguyễn Văn A, phone_number: "0901234567", country_code: "+84", label: VIP}
- name: a subject with a blank behind it is nobody
  claims: {sub: "u2 "}
  refused: identity_unusable
"""


def cases(text: str, configuration: str = SMALLEST) -> tuple[Case, ...]:
    """The cases of a text."""
    model = read(configuration, resolve_secrets=False).model
    return read_cases(text, file="bridge.tests.yaml", model=model)


def found(text: str, configuration: str = SMALLEST) -> tuple[Difference, ...]:
    """What is not as the only case expects."""
    (case,) = cases(text, configuration)
    return differences(case.expect, run_case(case).answer)


def test_the_cases_that_are_promised_hold() -> None:
    """CONFIG.md, "Testing it", word for word."""
    promised = cases(PROMISED)
    assert len(promised) == 2
    for case in promised:
        assert differences(case.expect, run_case(case).answer) == ()


def test_the_shipped_cases_hold() -> None:
    """``config/bridge.tests.yaml`` tests ``config/bridge.yaml``, with no secret at hand."""
    model = load(CONFIG / "bridge.yaml", environment={}, resolve_secrets=False).model
    shipped = load_cases(CONFIG / "bridge.tests.yaml", model)
    assert len(shipped) >= 4
    for case in shipped:
        assert differences(case.expect, run_case(case).answer) == (), case.name


@pytest.mark.parametrize(
    ("case", "differ"),
    [
        ("claims: {sub: u1}, expect: {id: u1, label: Customer}", []),
        ("claims: {sub: u1}, expect: {id: u1}", [("label", ABSENT, "Customer")]),
        ("claims: {sub: u1}, expect: {id: u1, label: customer}", [("label", "customer", "Customer")]),
        ("claims: {sub: u1}, expect: {id: u1, name: An, label: Customer}", [("name", "An", ABSENT)]),
        ("claims: {sub: u1}, expect: {id: u1, name: null, label: Customer}", [("name", None, ABSENT)]),
        ("claims: {}, expect: {id: u1}", [("refused", ABSENT, "identity_unusable")]),
        ("claims: {sub: 5}, refused: identity_unusable", []),
        ("claims: {sub: u1}, refused: identity_unusable", [("refused", "identity_unusable", ABSENT)]),
        ("claims: {sub: u1}, refused: visitor_refused", [("refused", "visitor_refused", ABSENT)]),
        ("claims: {sub: 'u1 '}, refused: visitor_refused", [("refused", "visitor_refused", "identity_unusable")]),
        ("claims: {sub: u1}, userinfo: {sub: u1, name: An}, expect: {id: u1, name: An, label: Customer}", []),
    ],
)
def test_a_difference_names_its_field(case: str, differ: list[tuple[str, object, object]]) -> None:
    """Field by field, the whole ``data``; a refusal differs as a whole."""
    assert [(each.field, each.expected, each.found) for each in found(f"- {{{case}}}")] == differ


def test_data_is_what_the_callback_sends() -> None:
    """In the callback's own form: ``absent`` and ``phone_format``."""
    text = SMALLEST.replace("identity_method: id", "identity_method: id, absent: as_null, phone_format: e164")
    fields = "name: null, phone_number: '+84901234567', country_code: '+84', email: null, avatar: null"
    claims = "sub: u1, phone_number: '+84901234567', phone_number_verified: true"
    assert found(f"- {{claims: {{{claims}}}, expect: {{id: u1, {fields}, label: Customer}}}}", text) == ()


def test_rules_run_too() -> None:
    """``require`` says who is wanted, on claims and on the finished chat user."""
    ruled = SMALLEST + "require: [{claim: tenant, equals: vn}, {field: label, equals: Customer}]\n"
    refused = "refused: visitor_refused"
    assert found("- {claims: {sub: u1, tenant: vn}, expect: {id: u1, label: Customer}}", ruled) == ()
    assert found(f"- {{claims: {{sub: u1, tenant: th}}, {refused}}}", ruled) == ()
    assert found(f"- {{claims: {{sub: u1, tenant: vn, realm_access: {{roles: [vip]}}}}, {refused}}}", ruled) == ()


def test_the_subject_is_what_the_provider_calls_it() -> None:
    """As a verified token's: ``subject`` names the claim."""
    text = SMALLEST.replace("audience: chat", "audience: chat, subject: uid")
    assert found("- {claims: {sub: u1, uid: x1}, expect: {id: x1, label: Customer}}", text) == ()


def test_a_refusal_is_kept_for_whoever_must_mend_it() -> None:
    """Its detail is shown beside the difference."""
    (case,) = cases("- {claims: {sub: ''}, refused: visitor_refused}")
    assert isinstance(run_case(case).refusal, IdentityUnusable)


@pytest.mark.parametrize(("value", "words"), [("a\nb", '"a\\nb"'), (None, "null"), (ABSENT, "nothing")])
def test_a_side_of_a_difference_in_words(value: str | None, words: str) -> None:
    """An expected null is another thing than a field that is not there."""
    assert shown(value) == words
