"""What a new configuration would do to existing customers."""

import pytest

from bridge.config.case_file import read_cases
from bridge.config.changes import changed_answers, changes
from tests.config.files import GOOD, read

EMAIL = GOOD.replace("providers: [staff]", "providers: [staff]\n    identity_method: email")
PHONE = GOOD.replace("providers: [staff]", "providers: [staff]\n    identity_method: phone_number")


def said(old: str, new: str) -> list[tuple[str, str]]:
    """Each change: its effect, and its path in short."""
    found = changes(read(old).settings, read(new).settings)
    return [(change.effect, ".".join(map(str, change.path))) for change in found]


@pytest.mark.parametrize(
    ("before", "old", "new", "expected"),
    [
        (GOOD, "", "", []),
        (GOOD, "  staff:\n    path", "  people:\n    path", []),
        (GOOD, "{refresh: 10m}", "{refresh: 11m}", []),
        (GOOD, "identity_method: id", "identity_method: email", [("identity", "callbacks.shop.identity_method")]),
        (GOOD, "path: /staff", "path: /people", [("refused", "callbacks.staff")]),
        (GOOD, '"staff:"', '"people:"', [("identity", "providers.staff.id_prefix")]),
        (GOOD, "[chat, staff]", "chat", [("refused", "providers.staff.audience")]),
        (GOOD, "[chat, staff]", "[chat, staff, more]", []),
        (GOOD, "audience: chat\n", "audience: chat\n    subject: uid\n", [("identity", "providers.shop.subject")]),
        (
            GOOD,
            "https://login.shop.example/realms/shop",
            "https://login.shop.example/realms/other",
            [("identity", "providers.shop.issuer")],
        ),
        (
            GOOD,
            "issuer: https://login.shop.example/realms/shop",
            "issuer: [https://login.shop.example/realms/shop, https://new.example]",
            [],
        ),
        (
            GOOD,
            "identity_method: id\n",
            "identity_method: id\n    providers: [shop]\n",
            [("refused", "providers.staff")],
        ),
        (GOOD, "  label: {value: Customer}", "  id: sub", []),
        (
            GOOD,
            "  label: {value: Customer}",
            "  id: {claim: uid, verified_by: ok}",
            [("identity", "providers.shop.mapping.id"), ("identity", "providers.staff.mapping.id")],
        ),
        (GOOD, "  label: {value: Customer}", "  name: nickname", []),
        (EMAIL, "  label: {value: Customer}", "  label: {value: Guest}", []),
        (
            EMAIL,
            "  label: {value: Customer}",
            "  email: {claim: mail, verified_by: email_verified}",
            [("identity", "providers.staff.mapping.email")],
        ),
        (EMAIL, '"staff:"', '"people:"', [("identity", "providers.staff.id_prefix")]),
        (
            EMAIL,
            '"staff:"',
            '"staff:"\n    email_domains: a.example',
            [("refused", "providers.staff.email_domains")],
        ),
        (PHONE, "path: /staff", "path: /staff\n    phone_format: e164", [("identity", "callbacks.staff.phone_format")]),
        (GOOD, "path: /staff", "path: /staff\n    phone_format: e164", []),
        (
            GOOD,
            "mapping:\n",
            "require: [tier]\nmapping:\n",
            [("note", "providers.shop.require"), ("note", "providers.staff.require")],
        ),
        (
            GOOD,
            "providers:\n  shop:",
            "providers:\n  new: {issuer: 'https://n.example', audience: n, id_prefix: 'n:'}\n  shop:",
            [("note", "providers.new")],
        ),
    ],
)  # fmt: skip
def test_what_it_would_do(before: str, old: str, new: str, expected: list[tuple[str, str]]) -> None:
    """Who becomes somebody else, who is refused, and what is merely to be known; each once."""
    assert old in before
    assert said(before, before.replace(old, new, 1)) == expected


def test_a_provider_is_known_by_its_issuer() -> None:
    """Under another name it is the same; its ids stay as they are."""
    renamed = GOOD.replace("providers: [staff]", "providers: [people]").replace(
        "  staff:\n    issuer", "  people:\n    issuer"
    )
    assert said(GOOD, renamed) == [("note", "providers.people")]


def test_a_spelling_of_an_issuer_that_is_gone_refuses_its_tokens() -> None:
    """The others are the same visitors' as before."""
    several = GOOD.replace(
        "issuer: https://staff.shop.example", "issuer: [https://staff.shop.example, https://b.example]"
    )
    assert said(several, GOOD) == [("refused", "providers.staff.issuer")]


CASES = """\
- {name: with a mail, callback: staff, claims: {sub: u1, email: an@a.example, email_verified: true}, expect: {}}
- {name: without, callback: staff, claims: {sub: u1}, expect: {}}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("label: {value: Customer}", "label: {value: Guest}", [("note", "with a mail"), ("note", "without")]),
        ('"staff:"', '"people:"', [("identity", "with a mail"), ("identity", "without")]),
        ("mapping:\n", "require: [{field: email, present: true}]\nmapping:\n", [("refused", "without")]),
    ],
)
def test_the_same_cases_are_asked_of_both(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    """What differs in an answer is shown with both sides."""
    before, after = read(GOOD).model, read(GOOD.replace(old, new, 1)).model
    answers = [read_cases(CASES, file="cases", model=model) for model in (before, after)]
    found = list(changed_answers(*answers))
    assert [(change.effect, change.path[-1]) for change in found] == expected
    assert all("it was" in change.found for change in found)
