"""``idp-bridge explain``: every step of a token, or of claims, and what to change where it is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import SECRET, Ran, invoke, run
from tests.facts_server import facts_server
from tests.issuer import mint
from tests.issuer.mint import At
from tests.issuer.process import Issuer

PERSON = {"name": "Nguyễn Văn An", "email": "an@shop.example", "email_verified": True, "tenant": "vn"}
CLAIMS = {"sub": "visitor-1", **PERSON}


def configuration(folder: Path, issuer: str = "https://login.shop.example", more: str = "") -> None:
    """A configuration whose header token is nowhere to be had."""
    text = (
        "version: 1\ncallback: {header_token: {env: NOT_SET}}\n"
        f"providers: {{shop: {{issuer: '{issuer}', audience: chat, authorized_parties: [web]}}}}\n{more}"
    )
    (folder / "bridge.yaml").write_text(text)


def explained(folder: Path, *options: str, stdin: str = "") -> Ran:
    """What the command says of the configuration there."""
    return invoke("explain", "--config", "bridge.yaml", *options, cwd=folder, stdin=stdin.encode())


def of_claims(folder: Path, claims: Mapping[str, Any], *options: str) -> Ran:
    """The same for claims from standard input."""
    return explained(folder, "--claims", "-", *options, stdin=json.dumps(claims))


def test_claims_become_an_answer(tmp_path: Path) -> None:
    """Every step of the mapping in reading order, then ``data`` as CX Genie would be given it."""
    configuration(tmp_path, more="mapping: {label: {value: Customer}}\n")
    ran = of_claims(tmp_path, CLAIMS, "--show-values")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "callback default, provider shop"
    assert '  ok       name: name of the token  ["Nguyễn Văn An"]' in lines
    answer = lines.index("CX Genie would be given:")
    assert lines.index("mapping") < answer
    assert lines[answer + 1 :] == [
        '  id: "visitor-1"',
        '  name: "Nguyễn Văn An"',
        '  email: "an@shop.example"',
        '  label: "Customer"',
    ]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_values_are_masked_unless_asked_for(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Personal data does not land in a ticket by accident: neither in steps nor in the answer."""
    configuration(tmp_path, more="require: [{claim: tenant, equals: vn}]\n")
    hidden, seen = of_claims(tmp_path, CLAIMS, *options), of_claims(tmp_path, CLAIMS, "--show-values", *options)
    for value in ("Nguyễn", "an@shop", "visitor-1"):
        assert value not in hidden.out
        assert value in seen.out
    assert "N•••••n (13 characters)" in hidden.out


def test_claims_need_no_secret_and_no_network(tmp_path: Path) -> None:
    """What a missing variable would have said is told, and taken as not there."""
    configuration(tmp_path, issuer="https://login.invalid", more="log: {level: {env: NOWHERE}}\n")
    ran = of_claims(tmp_path, CLAIMS)
    assert ran.status == 0
    assert ran.err.startswith("note: bridge.yaml:4:7: log.level: not looked up")


@pytest.mark.parametrize(
    ("more", "claims", "rule", "found", "change"),
    [
        (
            "require: [{claim: tenant, equals: vn, message: Not here.}]\n",
            {**CLAIMS, "tenant": "th"},
            "require.0 (require)",
            "tenant equals: no; tenant is ••••• (2 characters)",
            "Change that rule",
        ),
        (
            "mapping: {email: omit, name: omit}\nrequire: [{field: name, present: true}]\n",
            CLAIMS,
            "require.0 (require)",
            "name present: no; name is nothing",
            "Change that rule",
        ),
        ("", {"name": "An"}, "id (mapping)", "the provider gave none", "map id from one that it sends"),
    ],
)
def test_a_refusal_names_rule_claim_found_and_change(
    tmp_path: Path, more: str, claims: Mapping[str, Any], rule: str, found: str, change: str
) -> None:
    """Whoever reads it knows what to do next; the status says that the visitor is refused."""
    configuration(tmp_path, more=more)
    ran = of_claims(tmp_path, claims)
    assert ran.status == 1
    lines = {line.split(": ")[0].strip(): line for line in ran.out.splitlines()[-3:]}
    assert lines["rule"].endswith(rule)
    assert found in lines["found"]
    assert change in lines["change"]
    assert ("“Not here.”" in ran.out) == ("Not here." in more)


FACTS = 'sources: {crm: {url: "https://crm.shop.example/{id}", bearer: {env: NOT_SET}}}\n'


def test_claims_with_what_sources_would_say(tmp_path: Path) -> None:
    """By name, from a file; nobody is asked, no secret of theirs is needed, and their values are masked too."""
    configuration(tmp_path, more=FACTS + "mapping: {label: {claim: tier, from: crm}}\n")
    (tmp_path / "facts.json").write_text('{"crm": {"tier": "Gold member"}}')
    ran = of_claims(tmp_path, CLAIMS, "--sources", "facts.json", "--show-values")
    assert (ran.status, ran.err) == (0, "")
    assert '  ok       label: tier of source crm  ["Gold member"]' in ran.out.splitlines()
    assert '  label: "Gold member"' in ran.out.splitlines()
    assert "Gold member" not in of_claims(tmp_path, CLAIMS, "--sources", "facts.json").out
    without = of_claims(tmp_path, CLAIMS)
    assert "label: tier of source crm: no such claim, or blank" in without.out


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ('{"crn": {}}', "There is no source crn. Did you mean crm?"),
        ('{"crm": 5}', "What source crm says is no JSON object."),
        ("[]", "The sources in facts.json are no JSON object."),
        ("{", "The sources in facts.json are not JSON that is read: not JSON."),
    ],
)
def test_facts_that_are_none(tmp_path: Path, facts: str, said: str) -> None:
    """Exit status 2 and a sentence."""
    configuration(tmp_path, more=FACTS)
    (tmp_path / "facts.json").write_text(facts)
    ran = of_claims(tmp_path, CLAIMS, "--sources", "facts.json")
    assert (ran.status, ran.err.splitlines()[-1]) == (2, f"idp-bridge: {said}")


def test_with_a_token_the_sources_are_asked(tmp_path: Path, issuer: Issuer) -> None:
    """As the service asks them; of their secrets only those that the mapping needs are looked up."""
    with facts_server() as crm:
        crm.honest(tier="Gold")
        sources = (
            f"sources:\n  crm: {{url: '{crm.url}/{{id}}', bearer: {{env: CRM}}}}\n"
            f"  erp: {{url: '{crm.url}/{{id}}', bearer: {{env: NOT_SET}}}}\n"
        )
        configuration(tmp_path, issuer.url, sources + "mapping: {label: {claim: tier, from: crm}}\n")
        token = mint.good_token(issuer.url, azp="web")
        options = ("explain", "--config", "bridge.yaml", "--token-file", "-", "--show-values")
        refused = explained(tmp_path, "--token-file", "-", "--sources", "facts.json", stdin=token)
        assert (refused.status, crm.asked) == (2, [])
        ran = invoke(*options, cwd=tmp_path, stdin=token.encode(), env={"CRM": "crm-s3cret"})
        assert ran.status == 0, ran.out + ran.err
        lines = ran.out.splitlines()
        assert lines.index("claims") < lines.index("sources") < lines.index("mapping")
        assert '  ok       crm: asked  [tier is "Gold"]' in lines
        assert '  label: "Gold"' in lines
        assert (crm.asked, crm.authorizations) == (["/visitor-1"], ["Bearer crm-s3cret"])


async def test_a_token_goes_all_the_way(tmp_path: Path, issuer: Issuer) -> None:
    """As a person runs it: the keys are asked for, each check is named, and no header token is needed."""
    configuration(tmp_path, issuer.url)
    token = mint.good_token(issuer.url, azp="web", **PERSON)
    ran = await run(
        "explain", "--config", "bridge.yaml", "--token-file", "-", "--show-values", cwd=tmp_path, stdin=token.encode()
    )
    assert (ran.status, ran.err) == (0, "")
    stages = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert stages == [
        "callback default, provider shop",
        "token",
        "verification",
        "claims",
        "mapping",
        "CX Genie would be given:",
    ]
    for step in ("form: a JWT of provider shop", "signature", "issuer", "audience", "authorized party", "expiry"):
        assert f"  ok       {step}" in ran.out
    assert '"alg": "RS256"' in ran.out
    assert token not in ran.out


@pytest.mark.parametrize(
    ("claims", "rule", "found", "change"),
    [
        ({"aud": "other"}, "audience (claims)", 'aud is "other"', "audience"),
        ({"aud": ["a", "b"]}, "audience (claims)", 'aud is ["a", "b"]', "audience"),
        ({"azp": "app"}, "authorized party (claims)", 'azp is "app"', "authorized_parties"),
        ({"azp": None}, "authorized party (claims)", "azp is null", "authorized_parties"),
        ({"exp": At(-3600)}, "expiry (claims)", "exp is 1", "fresh token"),
        ({"nbf": At(3600)}, "not yet valid (claims)", "nbf is 1", "clock"),
        ({"exp": "soon"}, "dates (claims)", 'exp is "soon"', "exp"),
        ({"typ": "Refresh"}, "kind (claims)", 'typ is "Refresh"', "accept"),
        ({"cnf": {"jkt": "x"}}, "sender constraint (claims)", "cnf", "bearer"),
        ({"iss": "https://other.example"}, "form (token)", "https://other.example", "This callback takes tokens of"),
    ],
)
def test_a_refused_token_names_rule_claim_found_and_change(
    tmp_path: Path, issuer: Issuer, claims: Mapping[str, Any], rule: str, found: str, change: str
) -> None:
    """Of every check: the claim, what it had, and what to write or to ask the provider for."""
    configuration(tmp_path, issuer.url)
    token = mint.good_token(issuer.url, **{"azp": "web", **claims})
    ran = explained(tmp_path, "--token-file", "-", stdin=token)
    assert ran.status == 1
    lines = {line.split(": ")[0].strip(): line for line in ran.out.splitlines()[-3:]}
    assert lines["rule"].endswith(rule)
    assert found in lines["found"]
    assert change in lines["change"]


def test_a_provider_that_cannot_be_asked_leaves_it_open(tmp_path: Path, issuer: Issuer) -> None:
    """2 is neither yes nor no."""
    configuration(tmp_path, issuer.url)
    issuer.set(fault="jwks_500")
    token = mint.good_token(issuer.url)
    ran = explained(tmp_path, "--token-file", "-", "--json", stdin=token)
    assert ran.status == 2
    assert json.loads(ran.out)["code"] == "provider_unavailable"


def test_only_the_tokens_own_provider_needs_its_secrets(tmp_path: Path) -> None:
    """A shared secret of another provider, and every header token, may be missing."""
    (tmp_path / "bridge.yaml").write_text(
        "version: 1\ncallback: {header_token: {env: NOT_SET}}\nproviders:\n"
        "  one: {preset: signed-jwt, issuer: one, audience: chat, secret: {env: ONE}, id_prefix: ''}\n"
        "  two: {preset: signed-jwt, issuer: two, audience: chat, secret: {env: TWO}, id_prefix: 'two:'}\n"
    )
    secret = "0123456789abcdefghijklmnopqrstuvwxyz"
    token = mint.sign({"alg": "HS256"}, mint.good_claims("one"), secret.encode())
    (tmp_path / "token").write_text(f"{token}\n")
    options = ("explain", "--config", "bridge.yaml", "--token-file", "token")
    assert invoke(*options, cwd=tmp_path, env={"ONE": secret}).status == 0
    missing = invoke(*options, cwd=tmp_path, env={"TWO": secret})
    assert missing.status == 2
    assert "environment variable ONE is not set" in missing.err
    assert invoke(*options, cwd=tmp_path, env={"ONE": secret[::-1]}).status == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("undefined", "token_missing"),
        ("a b", "token_malformed"),
        ("x" * 20, "token_untrusted"),
        ("eyJ.x", "token_malformed"),
    ],
)
def test_what_is_no_token_is_refused_as_the_service_would(tmp_path: Path, text: str, code: str) -> None:
    """A guest's ``undefined``, a blank inside, an opaque token."""
    configuration(tmp_path, "http://127.0.0.1:9")
    ran = explained(tmp_path, "--token-file", "-", "--json", stdin=text)
    assert (ran.status, json.loads(ran.out)["code"]) == (1, code)
    assert json.loads(ran.out)["change"]


TWO = """version: 1
callbacks:
  shop: {header_token: {env: A}, providers: [one, two]}
  staff: {path: /staff, header_token: {env: B}, providers: [two]}
providers:
  one: {issuer: "https://one.example", audience: chat, id_prefix: "one:"}
  two: {issuer: "https://two.example", audience: chat, id_prefix: "two:"}
"""


@pytest.mark.parametrize(
    ("options", "claims", "status", "says"),
    [
        ((), {"iss": "https://one.example"}, 0, "callback shop, provider one"),
        (("--provider", "one"), {}, 0, "callback shop, provider one"),
        (("--callback", "staff"), {}, 0, "callback staff, provider two"),
        (("--callback", "shop"), {"iss": "https://two.example"}, 0, "callback shop, provider two"),
        (("--callback", "shop"), {}, 2, "Whose claims are these? Name one of one, two with --provider."),
        ((), {"iss": "https://two.example"}, 2, "Several callbacks may be meant: name one of shop, staff"),
        (("--provider", "onne"), {}, 2, "There is no provider onne. Did you mean one?"),
        (("--callback", "shap"), {}, 2, "There is no callback shap. Did you mean shop?"),
        (("--callback", "staff", "--provider", "one"), {}, 2, "No such callback takes tokens of one."),
    ],
)
def test_callback_and_provider_are_found_or_asked_for(
    tmp_path: Path, options: tuple[str, ...], claims: Mapping[str, Any], status: int, says: str
) -> None:
    """By ``iss``, by name, or as the only one."""
    (tmp_path / "bridge.yaml").write_text(TWO)
    ran = of_claims(tmp_path, {"sub": "u1", **claims}, *options)
    assert (ran.status, says in ran.out + ran.err) == (status, True)


@pytest.mark.parametrize(
    ("options", "stdin", "says"),
    [
        ((), "", "Give --token-file FILE or --claims FILE, one of them."),
        (("--claims", "-", "--token-file", "-"), "", "Give --token-file FILE or --claims FILE, one of them."),
        (("--claims", "none.json"), "", "The claims cannot be read from none.json: No such file"),
        (("--claims", "-"), "[]", "The claims in - are no JSON object."),
        (("--claims", "-"), "{", "The claims in - are not JSON that is read: not JSON."),
        (("--claims", "-"), '{"sub": "a", "sub": "b"}', "are not JSON that is read: a member appears twice."),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(
    tmp_path: Path, options: tuple[str, ...], stdin: str, says: str
) -> None:
    """Status 2, on standard error; with ``--json`` as an object."""
    configuration(tmp_path)
    ran = explained(tmp_path, *options, stdin=stdin)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    as_json = explained(tmp_path, *options, "--json", stdin=stdin)
    assert (as_json.status, json.loads(as_json.out)["ok"]) == (2, False)


def test_a_bad_configuration_leaves_it_open(tmp_path: Path) -> None:
    """Its problems are told, located."""
    configuration(tmp_path, more="servr: {}\n")
    ran = of_claims(tmp_path, CLAIMS)
    assert ran.status == 2
    assert "bridge.yaml:4:1: servr: unknown key" in ran.err
    assert SECRET not in ran.err


def test_json_has_every_step(tmp_path: Path) -> None:
    """For a program: verdicts and reasons as in the text."""
    configuration(tmp_path)
    found = json.loads(of_claims(tmp_path, CLAIMS, "--json", "--show-values").out)
    assert (found["ok"], found["callback"], found["provider"]) == (True, "default", "shop")
    assert found["data"] == {"id": "visitor-1", "name": "Nguyễn Văn An", "email": "an@shop.example"}
    assert {"stage", "name", "verdict", "reason"} <= set(found["steps"][0])
    assert {step["verdict"] for step in found["steps"]} <= {"ok", "refused", "skipped", "note"}


OPAQUE = "0123456789abcdef0123456789abcdef01234567"


def opaque_configuration(folder: Path, issuer: Issuer) -> None:
    """Two providers that take opaque tokens, told apart by pattern; one more has a secret that is nowhere."""
    (folder / "bridge.yaml").write_text(
        "version: 1\ncallback: {header_token: {env: NOT_SET}}\nproviders:\n"
        f"  sso:\n    issuer: {issuer.url}\n    audience: chat\n    id_prefix: ''\n"
        "    introspection: {auth_method: none}\n    token_pattern: '[0-9a-f]{40}'\n"
        "  other:\n    audience: chat\n    id_prefix: 'o:'\n    token_pattern: '[A-Z]+'\n"
        "    introspection: {client_id: x, client_secret: {env: NOWHERE}, url: 'http://127.0.0.1:9/'}\n"
    )


def test_an_opaque_token_goes_all_the_way(tmp_path: Path, issuer: Issuer) -> None:
    """Whose it is, what was asked and for how long, each check of the answer, the mapping; the answer is masked."""
    opaque_configuration(tmp_path, issuer)
    issuer.set(introspection=mint.good_claims(issuer.url, active=True, **PERSON))
    ran = explained(tmp_path, "--token-file", "-", stdin=OPAQUE)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("callback default, provider sso\n")
    for step in ("form: an opaque token of provider sso", "introspection", "audience", "expiry", "refused subjects"):
        assert f"  ok       {step}" in ran.out
    assert "asked, answered after" in ran.out
    assert OPAQUE not in ran.out
    assert "Nguyễn" not in ran.out


@pytest.mark.parametrize(
    ("answer", "rule", "found", "change"),
    [
        ({"active": False}, "introspection (verification)", "", "Keycloak"),
        ({"aud": "other"}, "audience (claims)", 'aud is "other"', "audience"),
        ({"exp": At(-60)}, "expiry (claims)", "exp is 1", "fresh token"),
        ({"token_type": "refresh_token"}, "kind (claims)", 'token_type is "refresh_token"', "access token"),
    ],
)
def test_a_refused_opaque_token_names_what_the_provider_said(
    tmp_path: Path, issuer: Issuer, answer: Mapping[str, Any], rule: str, found: str, change: str
) -> None:
    """As a JWT's claims are named: members about the token, never about the visitor."""
    opaque_configuration(tmp_path, issuer)
    issuer.set(introspection=mint.good_claims(issuer.url, **{"active": True, **answer}))
    ran = explained(tmp_path, "--token-file", "-", stdin=OPAQUE)
    assert ran.status == 1
    lines = {line.split(": ")[0].strip(): line for line in ran.out.splitlines()[-3:]}
    assert lines["rule"].endswith(rule)
    assert found in ran.out
    assert change in lines["change"]


def test_what_introspection_says_of_a_jwt_is_named_as_its_own(tmp_path: Path, issuer: Issuer) -> None:
    """The value is the answer's, not the token's, and the step says so."""
    opaque_configuration(tmp_path, issuer)
    file = tmp_path / "bridge.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("{auth_method: none}", "{auth_method: none, when: always}", 1), "utf-8")
    issuer.set(introspection={"active": True, "aud": "other"})
    ran = explained(tmp_path, "--token-file", "-", stdin=mint.good_token(issuer.url))
    assert ran.status == 1
    lines = {line.split(": ")[0].strip(): line for line in ran.out.splitlines()[-3:]}
    assert lines["rule"].endswith("introspection's audience (claims)")
    assert lines["found"].endswith('aud is "other"')


@pytest.mark.parametrize(("payload", "status", "found"), [("UnQ_o-GP0Vtn", 0, "an opaque token of provider line"),
                                                       ("eyJpc3MiOiJ4In0", 1, "iss is 'x'")])  # fmt: skip
def test_a_token_that_only_begins_as_a_jwt_does(
    tmp_path: Path, issuer: Issuer, payload: str, status: int, found: str
) -> None:
    """LINE's access token is told by the pattern that says so; a JWT is still one."""
    opaque_configuration(tmp_path, issuer)
    line = (
        "  line:\n    preset: line\n    id_token_audience: '1234567890'\n    id_prefix: 'line:'\n"
        f"    token_check: {{url: '{issuer.url}/token_check'}}\n    userinfo: {{url: '{issuer.url}/userinfo'}}\n"
        f"    issuer: '{issuer.realm('line').url}'\n"
    )
    file = tmp_path / "bridge.yaml"
    file.write_text(file.read_text() + line)
    issuer.set(token_check={"client_id": "1234567890", "expires_in": 100}, userinfo={"sub": "U1"})
    ran = explained(tmp_path, "--token-file", "-", stdin=f"eyJhbGciOiJIUzI1NiJ9.{payload}.q83vEg")
    assert ran.status == status
    assert found in ran.out


@pytest.mark.parametrize(
    ("stdin", "pattern", "found", "change"),
    [
        ("nobodys", "[A-Z]+", "an opaque token that no token_pattern matches", "the whole token must match"),
        (OPAQUE, "[0-9a-z]+", "the token_pattern of sso and other matches: it is shown", "Write patterns so narrow"),
    ],
    ids=["no pattern", "two patterns"],
)
def test_an_opaque_token_that_is_nobodys_is_shown_to_nobody(
    tmp_path: Path, issuer: Issuer, stdin: str, pattern: str, found: str, change: str
) -> None:
    """Nor does explain guess; no secret is needed to say so."""
    opaque_configuration(tmp_path, issuer)
    file = tmp_path / "bridge.yaml"
    file.write_text(file.read_text().replace("[A-Z]+", pattern))
    ran = explained(tmp_path, "--token-file", "-", stdin=stdin)
    assert ran.status == 1
    refusal, rule, said, cure = ran.out.splitlines()[-4:]
    assert refusal.startswith("token_untrusted, HTTP 401")
    assert rule == "  rule:   form (token)"
    assert found in said
    assert change in cure
    assert not {"/introspection", "/userinfo"} & issuer.requests().keys()


@pytest.mark.parametrize(
    ("fault", "burst", "code", "rule", "found", "change"),
    [
        ([], 1, "provider_busy", "userinfo", "the budget of requests to sso is spent", "requests.rate and"),
        (["token_check_429"], 9, "provider_busy", "token_check", "HTTP 429", ""),
        (["userinfo_500"], 9, "provider_unavailable", "userinfo", "HTTP 500", "Can the provider be reached"),
        (["token_check_400"], 9, "token_inactive", "token_check", "", "Is the token fresh"),
        (["userinfo_401"], 9, "token_inactive", "userinfo", "HTTP 401", "If it refuses every token"),
    ],
    ids=["budget", "429", "500", "refused by token_check", "refused by userinfo"],
)
def test_an_opaque_token_whose_provider_has_the_last_word(
    tmp_path: Path, issuer: Issuer, fault: list[str], burst: int, code: str, rule: str, found: str, change: str
) -> None:
    """What could not be asked is no word about the token: status 2, and what to change is not the token."""
    (tmp_path / "bridge.yaml").write_text(
        "version: 1\ncallback: {header_token: {env: NOT_SET}}\nproviders:\n"
        f"  sso:\n    audience: chat\n    token_check: {{url: '{issuer.url}/token_check'}}\n"
        f"    userinfo: {{url: '{issuer.url}/userinfo'}}\n    requests: {{rate: 1/m, burst: {burst}}}\n"
    )
    issuer.set(token_check={"aud": "chat", "expires_in": 600}, userinfo=CLAIMS, fault=fault)
    ran = explained(tmp_path, "--token-file", "-", stdin=OPAQUE)
    assert ran.status == (1 if code == "token_inactive" else 2)
    told = ran.out[ran.out.index(f"\n{code}, HTTP ") :]
    assert f"  rule:   {rule} (" in told
    assert found in told
    assert f"  change: {change}" in told
    assert OPAQUE not in ran.out


def test_38_every_step_of_a_field_and_why_it_gave_nothing(tmp_path: Path) -> None:
    """In reading order, by the claims' names; what they hold is an outline until it is asked for."""
    label = (
        "{first_of: [{value: VIP, when: {claim: roles, contains: vip}}, {claim: [org, plan]}, nickname,"
        " {lookup: plan, table: {gold: Gold member}}, {claim: city, transform: {pick: '^HN-(.+)'}}, tier]}"
    )
    configuration(tmp_path, more=f"mapping: {{label: {label}}}\n")
    claims = {**CLAIMS, "roles": ["user"], "org": {"plan": ["a"]}, "nickname": " ", "plan": "iron", "city": "SG-1"}
    told = json.loads(of_claims(tmp_path, {**claims, "tier": "Silver member"}, "--json").out)
    assert [(step["verdict"], step["reason"]) for step in told["steps"] if step["name"] == "label"] == [
        ("skipped", "when roles contains: no"),
        ("skipped", "[org, plan] of the token: a list of 1, text was wanted: add first or join"),
        ("skipped", "nickname: no such claim, or blank"),
        ("ok", "plan of the token"),
        ("skipped", "lookup: not in the table"),
        ("ok", "city of the token"),
        ("skipped", "pick: nothing comes of text"),
        ("ok", "tier of the token"),
        ("ok", "is given"),
    ]
    for value in ("Silver member", "iron", "SG-1"):
        assert value not in json.dumps(told)
    unresolved = json.loads(of_claims(tmp_path, claims, "--json").out)
    assert "label" not in unresolved["data"]
    last = unresolved["steps"][-1]
    assert (last["name"], last["verdict"], last["reason"]) == ("label", "skipped", "nothing to give")
