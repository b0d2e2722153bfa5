"""What the file adds to the stages' own settings of a callback and a provider."""

import pytest

from tests.config.files import faulty, lines, problems, read

HERE = "    jwks: {refresh: 10m}"  # line 23 of the good file, under the provider staff


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("email_domains: Shop.example", "23:5: providers.staff.email_domains: not a mail domain"),
        ("email_domains: [a.example, '@b.example']", "23:32: providers.staff.email_domains[1]: not a mail domain"),
        ("email_domains: []", "23:5: providers.staff.email_domains: empty"),
        ("email_domains: [{env: NOT_SET, optional: true}]", "23:5: providers.staff.email_domains: empty"),
        ("email_domains: [shop]", "23:21: providers.staff.email_domains[0]: not a mail domain"),
        ("email_domains: ['*.shop.example']", "23:21: providers.staff.email_domains[0]: not a mail domain"),
        ("email_domains: [10.0.0.1]", "23:21: providers.staff.email_domains[0]: not a mail domain"),
        ("subjects: common", '23:5: providers.staff.subjects: the text "common", one of own, shared was expected'),
        ("allow: [robots]", '23:13: providers.staff.allow[0]: the text "robots", one of anonymous, machine'),
        ("id_prefix:", "23:5: providers.staff.id_prefix: nothing, a value was expected"),
        ("require: 5", "23:5: providers.staff.require: a number, a condition was expected"),
        ("require: [{claim: tier, equal: a}]", "23:29: providers.staff.require[0].equal: unknown key"),
        ("require: [tier, {field: emial, present: true}]", "23:22: providers.staff.require[1].field: unknown field"),
    ],
)  # fmt: skip
def test_one_fault_is_one_located_problem(entry: str, line: str) -> None:
    """Each at its line and column."""
    text = faulty(HERE, f"    {entry}")
    if entry.startswith("id_prefix"):
        text = text.replace('    id_prefix: "staff:"\n', "")
    (said,) = lines(text)
    assert said.startswith(line)


@pytest.mark.parametrize(
    "entry",
    [
        "email_domains: shop.example",
        "email_domains: [shop.example, xn--bcher-kva.example]",
        "subjects: own",
        "allow: machine",
        "require: tier",
        "require: [{claim: tier, equals: a, message: Not here.}, {field: email, present: true}]",
    ],
)
def test_its_twin_is_taken(entry: str) -> None:
    """A step away from each refusal."""
    assert problems(faulty(HERE, f"    {entry}")) == ()


def test_allowing_what_nobody_refuses_is_doubtful() -> None:
    """``allow`` lifts a preset's rules by name; without such a rule it does nothing."""
    (warning,) = read(faulty(HERE, "    allow: [machine]")).warnings
    assert str(warning).startswith(
        "bridge.yaml:23:13: providers.staff.allow[0]: machine, which preset generic does not"
    )
    assert read(faulty(HERE, "    preset: supabase\n    allow: [anonymous]")).warnings == ()


def test_what_a_preset_says_of_opaque_tokens_may_lie_idle() -> None:
    """Authelia's has a pattern and userinfo, though only ID tokens are taken; of an operator's own that is said."""
    idle = faulty(HERE, "    preset: authelia\n    id_token_audience: web")
    assert read(idle).warnings == ()
    own = faulty(HERE, '    preset: authelia\n    id_token_audience: web\n    token_pattern: "x"')
    assert lines(own) == ["25:5: providers.staff.token_pattern: without opaque tokens"]
    own = faulty(HERE, "    accept: id_token\n    id_token_audience: web\n    userinfo: {when: missing}")
    assert str(read(own).warnings[0]).startswith(
        "bridge.yaml:25:16: providers.staff.userinfo.when: missing, where only"
    )


def test_a_providers_settings_are_what_it_says() -> None:
    """A lone value stands for a list of one."""
    staff = read(faulty(HERE, "    email_domains: shop.example\n    allow: machine")).settings.providers["staff"]
    assert (staff.email_domains, staff.allow, staff.subjects) == (("shop.example",), ("machine",), "own")
