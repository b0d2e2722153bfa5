"""What only the whole file shows."""

import pytest

from tests.config.files import ENVIRONMENT, GOOD, OTHER_SECRET, SECRET, faulty, lines, problems, read


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: 1", "version: 1\ncallback: {header_token: {env: THIRD_TOKEN}, path: /x}", "2:1: callback: beside"),
        ("  staff:\n    path", "  Staff:\n    path", "7:3: callbacks.Staff: not a name"),
        ("  staff:\n    path", f"  {'s' * 33}:\n    path", f"7:3: callbacks.{'s' * 33}: not a name"),
        ("path: /staff", "path: /", "8:5: callbacks.staff.path: the path of callback shop too"),
        (
            "path: /staff",
            "path: /staff\n    domains: {path: /, allow: [shop.example]}",
            "9:15: callbacks.staff.domains.path: the path of callback shop too",
        ),
        (
            "path: /staff",
            "path: /staff\n    domains: {path: /staff, allow: [a.example]}",
            "9:15: callbacks.staff.domains.path: ",
        ),
        ("STAFF_TOKEN", "HEADER_TOKEN", "9:20: callbacks.staff.header_token[0]: a header token that another"),
        ("providers: [staff]", "providers: []", "10:5: callbacks.staff.providers: empty"),
        (
            "https://staff.shop.example",
            "[https://a.example, https://login.shop.example/realms/shop]",
            "20:33: providers.staff.issuer[1]: the issuer of shop too",
        ),
        ('    id_prefix: ""\n', "", "14:3: providers.shop.id_prefix: missing"),
        ('"staff:"', '""', "24:5: providers.staff.id_prefix: empty, as that of shop"),
        ('id_prefix: ""', 'id_prefix: "staff:"', "24:5: providers.staff.id_prefix: the same as that of shop"),
        ('id_prefix: ""', 'id_prefix: "st"', "24:5: providers.staff.id_prefix: begins with that of shop"),
        (
            '    id_prefix: "staff:"',
            '    id_prefix: ""\n    subjects: shared',
            "24:5: providers.staff.id_prefix: empty, as that of shop",
        ),
        ('"staff:"', '" staff:"', "24:5: providers.staff.id_prefix: a blank at its beginning"),
        ('"staff:"', '"staff\\t:"', "24:5: providers.staff.id_prefix: a blank at its beginning"),
        ("version: 1", "version: 1\nstate_dir: state", "2:1: state_dir: not an absolute path"),
        ("version: 1", "version: 1\nstate_dir: /", "2:1: state_dir: not an absolute path"),
        ("version: 1", 'version: 1\nstate_dir: ""', "2:1: state_dir: not an absolute path"),
        ("    jwks: {refresh: 10m}", "    preset: signed-jwt", "19:3: providers.staff.public_key: missing"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_one_located_problem(old: str, new: str, line: str) -> None:
    """Each is said once, however many callbacks and providers it concerns."""
    (said,) = lines(faulty(old, new))
    assert said.startswith(line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: /staff", "path: /staff/"),
        ("path: /staff", "path: /staff\n    domains: {path: /staff}"),
        ("path: /staff", "path: /staff\n    domains: {path: /staff-domains, allow: [a.example]}"),
        ('id_prefix: ""', 'id_prefix: "shop:"'),
        ('id_prefix: ""', 'id_prefix: "staff2:"'),
        ("https://staff.shop.example", "https://login.shop.example/realms/shop/"),
        ("port: 8080", "port: 0"),
        ("    jwks: {refresh: 10m}", "    preset: signed-jwt\n    jwks: {url: https://a.example/jwks}"),
        ("providers: [staff]", "providers: [staff, staff]"),
        ("identity_method: id\n", "identity_method: id\n    providers: [shop]\n"),
        ("[{env: STAFF_TOKEN}]", "[{env: STAFF_TOKEN}, {env: STAFF_TOKEN}]"),
    ],
)
def test_parts_that_fit_are_taken(old: str, new: str) -> None:
    """The twins: a step away from each refusal."""
    assert problems(faulty(old, new)) == ()


def test_providers_of_callbacks_of_their_own_need_no_prefix() -> None:
    """Ids of different bots never meet; the same issuer may stand under both."""
    text = faulty("identity_method: id\n", "identity_method: id\n    providers: [shop]\n")
    text = text.replace('    id_prefix: ""\n', "").replace('    id_prefix: "staff:"\n', "")
    text = text.replace("https://staff.shop.example", "https://login.shop.example/realms/shop")
    assert problems(text) == ()


def test_a_file_needs_a_version_a_callback_and_a_provider() -> None:
    """Each of them missing is said, with what to write."""
    assert lines("log: {level: info}") == [
        "1:1: version: missing",
        "1:1: callback: missing",
        "1:1: providers: missing",
    ]


def test_doubts_are_warnings() -> None:
    """An address as identity with several providers; a provider that nobody asks; a preset's proof that is changed."""
    text = faulty("identity_method: id", "identity_method: email")
    text = text.replace("mapping:\n", "mapping:\n  phone: {claim: phone_number, verified_by: checked}\n")
    text = text.replace(
        "mapping:\n", '  spare: {issuer: "https://c.example", audience: c, id_prefix: "c:"}\nmapping:\n', 1
    )
    text = text.replace("identity_method: email\n", "identity_method: email\n    providers: [shop, staff]\n")
    said = [(each.line, ".".join(map(str, each.problem.path))) for each in read(text).warnings]
    assert (6, "callbacks.shop.identity_method") in said
    assert (26, "providers.spare") in said
    assert [path for _, path in said].count("mapping.phone") == 3
    assert read(GOOD, environment=ENVIRONMENT).warnings == ()


def test_providers_that_share_their_subjects_may_share_a_prefix() -> None:
    """One namespace of visitors behind two issuers; both must say so."""
    text = GOOD.replace('    id_prefix: ""\n', '    id_prefix: ""\n    subjects: shared\n')
    text = text.replace('    id_prefix: "staff:"\n', '    id_prefix: ""\n    subjects: shared\n')
    assert problems(text) == ()
    assert read(text).warnings == ()


@pytest.mark.parametrize("prefix", ['""', '"shop:"'])
def test_shared_subjects_without_a_partner_are_doubtful(prefix: str) -> None:
    """``subjects: shared`` under one provider, or under two with prefixes of their own, shares nothing."""
    text = faulty('    id_prefix: ""\n', f"    id_prefix: {prefix}\n    subjects: shared\n")
    (warning,) = read(text).warnings
    assert str(warning).startswith("bridge.yaml:19:5: providers.shop.subjects: shared with no other provider")


@pytest.mark.parametrize(
    ("shop", "staff", "named"),
    [("", "", "shop and staff"), ("a.example", "", "staff"), ("a.example", "b.example", None)],
)
def test_domains_say_whose_addresses_a_provider_may_prove(shop: str, staff: str, named: str | None) -> None:
    """With an address as identity, a provider without ``email_domains`` could speak for everybody's."""
    text = faulty("identity_method: id", "identity_method: email")
    for prefix, domains in (('id_prefix: ""', shop), ('id_prefix: "staff:"', staff)):
        text = text.replace(prefix, f"{prefix}\n    email_domains: {domains}") if domains else text
    said = [each for each in read(text).warnings if each.problem.path[-1] == "identity_method"]
    assert [each.problem.cure.split(" its ")[0] for each in said] == ([f"Give {named}"] if named else [])


def test_ids_of_two_callbacks_can_meet() -> None:
    """C26: two bots of one workspace share their chat users; each callback alone would not show it."""
    text = (
        "version: 1\ncallbacks:\n"
        "  one: {header_token: {env: HEADER_TOKEN}, providers: a}\n"
        "  two: {path: /two, header_token: {env: OTHER_TOKEN}, providers: b}\n"
        "providers:\n"
        "  a: {issuer: 'https://a.example', audience: chat}\n"
        "  b: {issuer: 'https://b.example', audience: chat}\n"
    )
    environment = {"HEADER_TOKEN": SECRET, "OTHER_TOKEN": OTHER_SECRET}
    found = read(text, environment=environment).warnings
    assert ["the same ids as those of a" in str(warning) for warning in found] == [True]
    apart = text.replace("b.example', audience: chat", "b.example', audience: chat, id_prefix: 'b:'")
    assert read(apart, environment=environment).warnings == ()
