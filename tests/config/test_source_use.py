"""``sources:`` and ``from:`` in a whole file: every refusal with its line and column, and what is doubtful."""

from typing import Any

import pytest

from bridge.config.cases import data_of, verified
from tests.config.files import SECRET, lines, problems, read

ENVIRONMENT = {"TOKEN": SECRET, "CRM_TOKEN": "crm-s3cret"}

GOOD = """\
version: 1
callback:
  header_token: {env: TOKEN}
  identity_method: email
providers:
  p:
    issuer: https://a.example
    audience: chat
    require: [{field: name, present: true}]
sources:
  crm:
    url: https://crm.shop.example/customers/{id}
    bearer: {env: CRM_TOKEN}
    timeout: 500ms
mapping:
  id: sub
  name: name
  email: {claim: email, verified_by: email_verified}
  phone: {claim: phone, from: crm, region: VN}
  avatar: {claim: picture, from: crm}
  label:
    first_of:
      - {value: VIP, when: {claim: vip, from: crm}}
      - {claim: tier, from: crm}
"""


def found(old: str, new: str) -> list[str]:
    """What is wrong with the good file when one thing in it is another."""
    assert old in GOOD
    return lines(GOOD.replace(old, new, 1), environment=ENVIRONMENT)


def warnings(text: str) -> list[str]:
    """What is doubtful in a file."""
    loaded = read(text, environment=ENVIRONMENT)
    return [str(each).splitlines()[0].removeprefix("bridge.yaml:") for each in loaded.warnings]


def test_the_good_file_is_good() -> None:
    """Label, avatar, and a phone that is no identity may be filled by a source."""
    loaded = read(GOOD, environment=ENVIRONMENT)
    assert loaded.warnings == ()
    assert loaded.model.sources["crm"].timeout == 0.5
    assert loaded.model.callbacks[0].mappings["p"].sources_wanted() == {"crm"}


FIRST, SECOND = "mapping.label.first_of[0]", "mapping.label.first_of[1]"
RULE = "providers.p.require[0]"
TIER = "{claim: tier, from: crm}"
NAMED = "{field: name, present: true}"


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (TIER, "{claim: tier, from: crn}", f"24:23: {SECOND}.from", "unknown source 'crn'"),
        ("{claim: vip, from: crm}", "{claim: vip, from: erp}", f"23:41: {FIRST}.when.from", "unknown source 'erp'"),
        (TIER, "{claim: tier, from: [crm]}", f"24:23: {SECOND}.from", "unknown source, a list of 1"),
        (TIER, "{claim: sub, from: crm}", f"24:22: {SECOND}.from", "sub from crm"),
        (TIER, "{claim: scope, from: crm}", f"24:24: {SECOND}.from", "scope from crm"),
        (
            "id: sub",
            "id: {claim: number, from: crm, verified_by: trusted}",
            "16:23: mapping.id.from",
            "source crm in id",
        ),
        (
            "id: sub",
            "id: {first_of: [{claim: sub, when: {claim: vip, from: crm}}, sub]}",
            "16:51: mapping.id.first_of[0].when.from",
            "source crm in id",
        ),
        (
            "email: {claim: email,",
            "email: {claim: email, from: crm,",
            "18:25: mapping.email.from",
            "source crm in email",
        ),
        (
            "verified_by: email_verified",
            "verified_by: {claim: email_verified, from: crm}",
            "18:62: mapping.email.verified_by.from",
            "from in verified_by",
        ),
        (
            "{claim: phone, from: crm,",
            "{claim: phone, from: crm, verified_by: phone_ok,",
            "19:36: mapping.phone.verified_by",
            "verified_by beside a source",
        ),
        (
            "{claim: phone, from: crm, region: VN}",
            "{national: {claim: n, from: crm}, country_code: c, verified_by: ok}",
            "19:61: mapping.phone.verified_by",
            "verified_by beside a source",
        ),
        (NAMED, "{claim: tier, from: crm, equals: gold}", f"9:29: {RULE}.from", "source crm in require"),
        (NAMED, "{not: {claim: tier, from: crm, equals: iron}}", f"9:35: {RULE}.not.from", "source crm in require"),
        (
            NAMED,
            "{field: label, equals: VIP}",
            f"9:16: {RULE}.field",
            "a rule on label, which source crm helps to fill",
        ),
        (
            NAMED,
            "{field: country_code, equals: '+84'}",
            f"9:16: {RULE}.field",
            "a rule on country_code, which source crm helps to fill",
        ),
        ("id: sub", "id: omit", "12:5: sources.crm.url", "{id}, and the mapping of p gives no id"),
        ("timeout: 500ms", "timeout: 3s", "14:5: sources.crm.timeout", "more than half of limits.deadline"),
        ("timeout: 500ms", "timeout: 0ms", "14:5: sources.crm.timeout", 'the text "0ms", more than 0 was expected'),
        ("timeout: 500ms", "timeuot: 500ms", "14:5: sources.crm.timeuot", "unknown key"),
        ("    url: https://crm.shop.example/customers/{id}\n", "", "11:3: sources.crm.url", "missing"),
        ("customers/{id}", "customers/{email}", "12:5: sources.crm.url", "unknown place {email}"),
        ("customers/{id}", "customers", "12:5: sources.crm.url", "neither {id} nor {sub} in it"),
        ("https://crm", "http://crm", "12:5: sources.crm.url", "plain http to another machine"),
        ("{env: CRM_TOKEN}", "crm-s3cret", "13:5: sources.crm.bearer", "a secret written into the file"),
        ("{env: CRM_TOKEN}", "{env: NOT_SET}", "13:5: sources.crm.bearer", "environment variable NOT_SET is not set"),
    ],
)
def test_what_is_refused(old: str, new: str, at: str, said: str) -> None:
    """One fault, one problem, at the place that must be mended."""
    line = f"{at}: {said}"
    assert [each[: len(line)] for each in found(old, new)] == [line]


def test_a_phone_as_identity() -> None:
    """Neither asked of a source, nor without a proof."""
    said = found("identity_method: email", "identity_method: phone_number")
    assert said == [
        "19:3: mapping.phone: phone number from phone without verified_by",
        "19:25: mapping.phone.from: source crm in phone",
    ]


@pytest.mark.parametrize("name", ["token", "userinfo", "introspection", "CRM", "c" * 33])
def test_names(name: str) -> None:
    """Short, for logs and metrics, and none that ``from:`` already has."""
    (problem,) = problems(
        GOOD.replace("crm:\n", f"{name}:\n").replace("from: crm", f"from: {name}"), environment=ENVIRONMENT
    )
    assert problem.problem.path == ("sources", name)


def test_the_nearest_name_is_suggested() -> None:
    """Of the provider's own sources and of those in the file."""
    for written, meant in (("crn", "crm"), ("tokn", "token"), ("user_info", "userinfo")):
        (problem,) = problems(
            GOOD.replace("{claim: tier, from: crm}", f"{{claim: tier, from: {written}}}"), environment=ENVIRONMENT
        )
        assert problem.problem.cure == f"Did you mean {meant}?"


def test_the_reason_is_said() -> None:
    """An operator learns why it cannot be."""
    (problem,) = problems(GOOD.replace("{claim: email,", "{claim: email, from: crm,"), environment=ENVIRONMENT)
    assert problem.problem.why == "A source that fails must never decide who is let in or who somebody is."


def test_the_same_claim_is_free_where_it_is_no_identity() -> None:
    """The twin of the refusals: the address of a file that identifies by id."""
    text = GOOD.replace("identity_method: email", "identity_method: id")
    text = text.replace(
        "{claim: email, verified_by: email_verified}", "{claim: email, from: crm, when: {claim: ok, from: crm}}"
    )
    assert lines(text, environment=ENVIRONMENT) == []
    assert lines(text.replace("when: {claim: ok, from: crm}", "verified_by: trusted"), environment=ENVIRONMENT) == []


def test_what_is_doubtful() -> None:
    """A source that nobody reads, and subjects of two providers that may be the same."""
    unread = GOOD.replace("sources:\n", "sources:\n  erp: {url: 'https://erp.shop.example/{id}'}\n")
    assert warnings(unread) == ["11:3: sources.erp: read by no mapping"]
    several = GOOD.replace("    audience: chat\n", "    audience: chat\n    id_prefix: ''\n", 1)
    several = several.replace(
        "sources:\n", "  q: {issuer: https://b.example, audience: chat, id_prefix: 'q:'}\nsources:\n"
    )
    several = several.replace("identity_method: email", "identity_method: id").replace("  phone:", "  name:")
    several = several.replace("  name: name\n", "").replace(", region: VN", "").replace("{field: name", "{claim: name")
    assert warnings(several) == []
    assert warnings(several.replace("{id}", "{sub}")) == ["14:5: sources.crm.url: {sub} alone, for several providers"]
    assert warnings(several.replace("{id}", "{provider}/{sub}")) == []


def test_a_source_that_only_an_unused_mapping_reads_is_read() -> None:
    """The provider that no callback takes is what is doubtful then."""
    text = GOOD.replace("email\nproviders:", "email\n  providers: p\nproviders:")
    unused = "  q: {issuer: https://b.example, audience: chat, mapping: {label: {claim: x, from: erp}}}\n"
    text = text.replace("sources:\n", f"{unused}sources:\n  erp: {{url: 'https://erp.shop.example/{{id}}'}}\n")
    assert [line for line in warnings(text) if "mapping.phone" not in line] == [
        "11:3: providers.q: used by no callback"
    ]


CLAIMS = {"sub": "u1", "email": "an@shop.example", "email_verified": True, "name": "An", "tier": "token"}


@pytest.mark.parametrize(
    ("facts", "label", "phone"),
    [
        ({"crm": {"tier": "Gold", "phone": "0901234567"}}, "Gold", "0901234567"),
        ({"crm": {"tier": "Gold", "vip": True, "phone": ["0901234567"]}}, "VIP", None),
        ({"crm": {"tier": {"name": "Gold"}}}, None, None),
        ({"crm": {}}, None, None),
        ({}, None, None),
    ],
)
def test_a_mapping_reads_that_source_alone(facts: dict[str, Any], label: str | None, phone: str | None) -> None:
    """Without its facts the values are absent: no claim of the token of that name takes their place."""
    model = read(GOOD, environment=ENVIRONMENT).model
    data = data_of(model.callbacks[0], verified(model, "p", CLAIMS, facts=facts))
    assert (data.get("label"), data.get("phone_number"), data["id"]) == (label, phone, "u1")


def test_without_from_no_source_is_read() -> None:
    """Nor is anything in it taken for what the provider said: neither the subject, nor a flag."""
    text = GOOD.replace("{claim: tier, from: crm}", "{claim: tier2}").replace("name: name", "name: nick")
    model = read(text.replace("{field: name, present: true}", "email"), environment=ENVIRONMENT).model
    facts = {"crm": {"tier2": "x", "nick": "x", "sub": "u2", "email": "b@shop.example", "email_verified": True}}
    claims = {**CLAIMS, "email": None}
    with pytest.raises(Exception, match="email"):
        data_of(model.callbacks[0], verified(model, "p", claims, facts=facts))
