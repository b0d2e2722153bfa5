"""A file of cases becomes cases, or every problem at once with its line and column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.case_file import read_cases
from bridge.config.cases import Case, run_case
from bridge.config.load import InvalidConfiguration
from tests.config.files import GOOD, read

MODEL = read(GOOD).model  # callbacks shop (providers shop, staff) and staff (provider staff)


def cases(text: str) -> tuple[Case, ...]:
    """The cases of a text."""
    return read_cases(text, file="bridge.tests.yaml", model=MODEL)


def lines(text: str) -> list[str]:
    """The first line of each problem, without the file's name."""
    try:
        cases(text)
    except InvalidConfiguration as invalid:
        return [str(each).splitlines()[0].removeprefix("bridge.tests.yaml:") for each in invalid.problems]
    return []


WHOLE = "- name: x\n  callback: shop\n  provider: shop\n  claims: {sub: u1}\n  expect: {id: u1}\n"


def test_a_case_is_what_it_says() -> None:
    """Its name, or its number; where it stands; whose claims."""
    first, second = cases(
        WHOLE + "- {callback: staff, claims: {sub: u2}, userinfo: {name: An}, refused: visitor_refused}\n"
    )
    assert (first.name, first.line, first.callback.name, first.claims.provider) == ("x", 1, "shop", "shop")
    assert (second.name, second.line, second.callback.name, second.claims.provider) == ("case 2", 6, "staff", "staff")
    assert (first.expect, second.expect) == ({"id": "u1"}, {"refused": "visitor_refused"})
    assert second.claims.sources == {"token": {"sub": "u2"}, "userinfo": {"name": "An"}}


def test_a_case_says_what_sources_would() -> None:
    """Beside the claims, by the names that the configuration has; never anything that JSON has not."""
    label = 'label: {claim: tier, from: crm}\nsources: {crm: {url: "https://crm.shop.example/{id}"}}'
    model = read(GOOD.replace("label: {value: Customer}", label)).model

    def said(sources: str) -> tuple[Case, ...]:
        text = WHOLE.replace("expect: {id: u1}", "expect: {id: u1, label: Gold}") + f"  sources: {sources}\n"
        return read_cases(text, file="x", model=model)

    (case,) = said("{crm: {tier: Gold}}")
    assert case.claims.sources == {"token": {"sub": "u1"}, "crm": {"tier": "Gold"}}
    assert run_case(case).answer == case.expect
    for sources, line in (
        ("{crn: {tier: Gold}}", '6:13: [0].sources.crn: there is no source "crn"\n  Did you mean crm?'),
        ("{crm: Gold}", '6:13: [0].sources.crm: the text "Gold", a map was expected'),
        ("{crm: {tier: 007}}", "6:19: [0].sources.crm.tier: the number 007"),
    ):
        with pytest.raises(InvalidConfiguration) as invalid:
            said(sources)
        assert str(invalid.value).startswith(f"x:{line}")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("- name: x\n", "- nam: x\n", "1:3: [0].nam: unknown key"),
        ("name: x", "name: 007", "1:3: [0].name: the number 007, text was expected"),
        ("callback: shop", "callback: shap", '2:3: [0].callback: there is no callback "shap" here'),
        ("  callback: shop\n", "", "1:3: [0].callback: missing"),
        ("provider: shop", "provider: shap", '3:3: [0].provider: there is no provider "shap" here'),
        ("  provider: shop\n", "", "1:3: [0].provider: missing"),
        ("callback: shop\n", "callback: staff\n", '3:3: [0].provider: there is no provider "shop" here'),
        ("  claims: {sub: u1}\n", "", "1:3: [0].claims: missing"),
        ("{sub: u1}", "[u1]", "4:3: [0].claims: a list of 1, a map was expected"),
        ("{sub: u1}", "{sub: u1, tel: +84901234567}", "4:21: [0].claims.tel: the number +84901234567"),
        ("{sub: u1}", "{sub: u1, a: [0, {b: 007}]}", "4:29: [0].claims.a[1].b: the number 007"),
        ("{sub: u1}", "{sub: u1, sub: u2}", "4:21: [0].claims.sub: given twice, first in line 4"),
        ("{id: u1}", "{id: 5}", "5:12: [0].expect.id: the number 5, text was expected"),
        ("{id: u1}", "{phone: u1}", "5:12: [0].expect.phone: no field of data"),
        ("{id: u1}", "u1", '5:3: [0].expect: the text "u1", a map was expected'),
        ("  expect: {id: u1}\n", "", "1:3: [0]: neither expect nor refused"),
        ("  expect: {id: u1}\n", "  refused: token_expired\n", '5:3: [0].refused: the text "token_expired", one of'),
        ("{id: u1}\n", "{id: u1}\n  refused: visitor_refused\n", "6:3: [0].refused: expect beside refused"),
        (WHOLE, "- x\n", '1:3: [0]: the text "x", a case was expected'),
        (WHOLE, "[]\n", "1:1: an empty list, a list of cases was expected"),
        (WHOLE, "", "1:1: nothing, a list of cases was expected"),
        (WHOLE, "name: x\n", "1:1: a map, a list of cases was expected"),
        (WHOLE, "- {\n", "2:1: nothing where"),
    ],
)  # fmt: skip
def test_one_fault_is_one_located_problem(old: str, new: str, line: str) -> None:
    """Every message at its line and column; without the fault the case is taken."""
    assert old in WHOLE
    assert lines(WHOLE) == []
    (said,) = lines(WHOLE.replace(old, new, 1))
    assert said.startswith(line)


@pytest.mark.parametrize(
    "claims",
    ["{sub: u1, tel: '+84901234567'}", "{sub: u1, i: -0.5e3, m: 0, l: [1, 2], t: true, x: null}"],
)
def test_any_json_is_a_claim(claims: str) -> None:
    """Numbers as JSON has them, and everything else."""
    assert lines(WHOLE.replace("{sub: u1}", claims)) == []


def test_all_problems_are_said_at_once() -> None:
    """In the order of the file."""
    faults = WHOLE.replace("name: x", "nam: x") + "- 5\n" + WHOLE.replace("{id: u1}", "{ids: u1}")
    assert [line.split(":")[0] for line in lines(faults)] == ["1", "6", "11"]


@given(st.text(max_size=200))
def test_any_text_is_cases_or_located_problems(text: str) -> None:
    """Nothing else escapes."""
    for text_ in (text, f"- {{name: {text}}}", f"- claims: {text}"):
        for line in lines(text_):
            assert line[0].isdigit()
