"""What may be an identity: each refusal beside the same mapping made good."""

from typing import Any

import pytest

from tests.mapping.language import errors, parse

MAIL = {"claim": "email", "verified_by": "email_verified"}
VOUCHED = {"claim": "mail", "verified_by": "trusted"}


@pytest.mark.parametrize(
    "email",
    [
        MAIL,
        VOUCHED,
        {"claim": "email", "verified_by": {"claim": "trusted"}},
        {"claim": "email", "verified_by": {"claim": "email_verified", "if_absent": "accept"}},
        {"claim": "email", "verified_by": {"all": ["email_verified", {"claim": "iss", "equals": "x"}]}},
        {**MAIL, "when": "member"},
        {**MAIL, "from": "userinfo"},
        {"first_of": [MAIL, VOUCHED]},
        {"first_of": ["email", "mail"], "verified_by": "trusted"},
        {"template": "{user}@shop.example", "verified_by": "trusted"},
        {"join": ["user", "domain"], "with": "@", "verified_by": "trusted"},
        {**MAIL, "transform": ["trim", "lower", "first"]},
        {"first_of": [{**MAIL, "transform": ["first"]}, VOUCHED], "transform": ["lower"]},
        {**VOUCHED, "transform": [{"pick": "(.+)", "give": "\\1"}]},
        {"lookup": "user", "table": {"an": "an@shop.example"}, "verified_by": "trusted"},
        {"cel": "claims.user", "verified_by": "trusted"},
    ],
)
def test_proven(email: Any) -> None:
    """A proven claim, each member of first_of proven for itself, or any shaping that is trusted on the whole."""
    assert errors({"email": email}, identity_method="email") == []


UNPROVEN = "email from email without verified_by"


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("email", [("email", UNPROVEN)]),
        ({"claim": "email"}, [("email", UNPROVEN)]),
        ({"first_of": [MAIL, "email"]}, [("email.first_of.1", UNPROVEN)]),
        ({"first_of": [MAIL, {"first_of": [VOUCHED, "email"]}]}, [("email.first_of.1.first_of.1", UNPROVEN)]),
        ({"value": "a@shop.example"}, [("email.value", "a constant as email")]),
        ({"value": "a@shop.example", "verified_by": "trusted"}, [("email.value", "a constant as email")]),
        (
            {"first_of": [MAIL, {"value": "a@shop.example"}]},
            [("email.first_of.1.value", "a constant as email")],
        ),
        (
            {"template": "a@b.example", "verified_by": "trusted"},
            [("email.template", "a constant as email")],
        ),
        (
            {"first_of": [MAIL, {"claim": "x", "default": "a@b.example"}]},
            [
                ("email.first_of.1.default", "a default for email"),
                ("email.first_of.1", "email from x without verified_by"),
            ],
        ),
        (
            {"first_of": ["email", {"claim": "x", "default": "a@b.example"}], "verified_by": "trusted"},
            [("email.first_of.1.default", "a default for email")],
        ),
        (
            {**MAIL, "transform": ["first", "upper"]},
            [("email.transform", "upper on email without verified_by: trusted")],
        ),
        (
            {"first_of": [MAIL], "transform": ["trim", {"pick": "(.+)"}]},
            [("email.transform", "pick on email without verified_by: trusted")],
        ),
        (
            {**VOUCHED, "transform": [{"pick": "@", "give": "a@shop.example"}]},
            [("email.claim", "a constant as email")],
        ),
        ({"lookup": "user", "table": {"an": "an@b.example"}}, [("email", "email from a lookup without verified_by")]),
        ({"cel": "claims.user"}, [("email", "email from a cel without verified_by")]),
        ({"cel": "'a@b.example'", "verified_by": "trusted"}, [("email.cel", "a constant as email")]),
        ({"template": "{user}@b.example"}, [("email", "email from a template without verified_by")]),
        ({"join": [MAIL, MAIL]}, [("email", "email from a join without verified_by")]),
        (
            {"template": "{u}@b.example", "where": {"u": {"claim": "user", "default": "u"}}, "verified_by": "trusted"},
            [("email.where.u.default", "a default for email")],
        ),
    ],
)
def test_unproven(email: Any, found: list[tuple[str, str]]) -> None:
    """What a visitor could choose, or what visitors would share, is refused as identity, and only as identity."""
    assert errors({"email": email}, identity_method="email") == found
    assert errors({"email": email}, identity_method="id") == []


def test_the_reason_and_the_cure() -> None:
    """The operator is told what would happen, and the line to write."""
    (problem,) = parse({"email": "email"}, identity_method="email").errors
    assert "merged with its owner's chat history" in problem.why
    assert "{claim: email, verified_by: email_verified}" in problem.cure


@pytest.mark.parametrize(
    ("id_", "found"),
    [
        ("sub", []),
        ({"claim": ["sub"]}, []),
        ({"claim": "sub", "verified_by": "x"}, []),
        ({"claim": "customer", "verified_by": "trusted"}, []),
        ("customer", [("id", "id from customer without verified_by")]),
        ({"claim": ["sub", "x"]}, [("id", "id from [sub, x] without verified_by")]),
        ({"claim": "sub", "default": "guest"}, [("id.default", "a default for id")]),
        ({"value": "guest"}, [("id.value", "a constant as id")]),
        ({"first_of": ["sub", "customer"]}, [("id.first_of.1", "id from customer without verified_by")]),
        ({"template": "{sub}"}, [("id", "id from a template without verified_by")]),
        ({"claim": "sub", "transform": ["lower"]}, [("id.transform", "lower on id without verified_by: trusted")]),
        (
            {"claim": "sub", "transform": ["first", "trim"]},
            [("id.transform", "trim on id without verified_by: trusted")],
        ),
        ({"claim": "sub", "transform": ["lower"], "verified_by": "trusted"}, []),
        ({"claim": "ids", "transform": ["first"], "verified_by": "ids_proven"}, []),
    ],
)
@pytest.mark.parametrize("identity_method", ["id", "email"])
def test_id(id_: Any, found: list[tuple[str, str]], identity_method: Any) -> None:
    """The subject is proven by itself; any other id needs a proof, whatever identifies: it is sent either way."""
    assert errors({"id": id_, "email": MAIL}, identity_method=identity_method) == found


PHONE = {"claim": "phone_number", "verified_by": "phone_number_verified"}


@pytest.mark.parametrize(
    ("phone", "found"),
    [
        (PHONE, []),
        ({**PHONE, "region": "VN"}, []),
        ({**PHONE, "transform": ["trim"]}, []),
        (
            {**PHONE, "transform": ["digits"]},
            [("phone.transform", "digits on phone number without verified_by: trusted")],
        ),
        (
            {"national": {"claim": "n", "transform": ["digits"]}, "country_code": {"value": "VN"}, "verified_by": "v"},
            [("phone.national.transform", "digits on phone number without verified_by: trusted")],
        ),
        (
            {"national": {"claim": "n", "transform": ["digits"]}, "country_code": "c", "verified_by": "trusted"},
            [],
        ),
        ({**PHONE, "international": True}, []),
        ("phone_number", [("phone", "phone number from phone_number without verified_by")]),
        ({**PHONE, "region": {"claim": "ctry"}}, [("phone.region", "a region that visitors differ in")]),
        ({"national": "n", "country_code": "c", "verified_by": "trusted"}, []),
        ({"national": "n", "country_code": {"value": "+84"}, "verified_by": "n_verified"}, []),
        ({"national": {"claim": "n", "verified_by": "v"}, "country_code": {"value": "VN"}}, []),
        (
            {"national": "n", "country_code": {"value": "+84"}},
            [("phone.national", "phone number from n without verified_by")],
        ),
        (
            {"national": "n", "country_code": "c", "verified_by": "n_verified"},
            [("phone.country_code", "a country that visitors differ in")],
        ),
        (
            {"national": {"value": "0901234567"}, "country_code": {"value": "+84"}, "verified_by": "trusted"},
            [("phone.national.value", "a constant as phone number")],
        ),
    ],
)
def test_phone(phone: Any, found: list[tuple[str, str]]) -> None:
    """A phone number as identity is one proven claim of one constant country."""
    assert errors({"phone": phone}, identity_method="phone_number") == found


@pytest.mark.parametrize("written", ["truested", "Trusted", "trustd", "TRUSTED"])
def test_a_misspelt_trusted_is_doubted(written: str) -> None:
    """It is read as a claim's name, and a claim that is not there proves nothing."""
    (warning,) = parse({"email": {"claim": "email", "verified_by": written}}).warnings
    assert warning.path == ("mapping", "email", "verified_by")
    assert warning.cure == "Did you mean trusted?"


@pytest.mark.parametrize("written", ["trusted", "email_verified", "is_trusted", "truth"])
def test_other_proofs_are_not_doubted(written: str) -> None:
    """``trusted`` itself, and names that are none of its slips."""
    assert parse({"email": {"claim": "email", "verified_by": written}}).warnings == ()


@pytest.mark.parametrize(
    ("target", "value", "path"),
    [
        ("email", "email", ()),
        ("email", {"claim": "email", "verified_by": "email_verified"}, None),
        ("email", {"claim": "email", "verified_by": "trusted"}, None),
        ("email", {"value": "shop@shop.example"}, None),
        ("email", {"first_of": [{"claim": "email", "verified_by": "email_verified"}, "upn"]}, ("first_of", 1)),
        ("email", {"first_of": ["email", "upn"], "verified_by": "trusted"}, None),
        ("email", {"template": "{user}@shop.example"}, ()),
        ("email", {"template": "{user}@shop.example", "verified_by": "trusted"}, None),
        ("phone", {"claim": "phone", "region": "VN"}, ()),
        ("phone", {"claim": "phone", "region": "VN", "verified_by": "phone_verified"}, None),
        ("phone", {"national": "phone", "country_code": "code"}, ("national",)),
        ("phone", {"national": "phone", "country_code": "code", "verified_by": "phone_verified"}, None),
        ("phone", {"national": "phone", "country_code": "code", "verified_by": "trusted"}, None),
        ("name", "name", None),
        ("label", "email", None),
    ],
)
def test_an_unproven_address_is_doubted_where_it_is_no_identity(
    target: str, value: Any, path: tuple[str | int, ...] | None
) -> None:
    """It is taken, but agents would see whatever a visitor typed in; what a preset does is no news to anybody."""
    warnings = parse({target: value}).warnings
    assert [problem.path for problem in warnings] == ([] if path is None else [("mapping", target, *path)])
    assert parse({target: value}, layer="preset").warnings == ()
