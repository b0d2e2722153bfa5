"""A file becomes a model, or every problem at once, each with its line and column."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bridge.config.cases import data_of, verified
from bridge.config.load import InvalidConfiguration, load
from bridge.config.presets import preset_names
from bridge.config.schema import file_schema
from bridge.config.yaml_document import read_yaml
from bridge.errors import VisitorRefused
from tests.config.files import ENVIRONMENT, GOOD, SECRET, faulty, lines, problems, read

CONFIG = Path(__file__).parents[2] / "config"

SMALLEST = """\
version: 1
callback:
  header_token: {env: CXGENIE_HEADER_TOKEN}   # the "Header token" typed into CX Genie
  identity_method: id                         # as selected in CX Genie: id | email | phone_number
providers:
  keycloak:
    preset: keycloak
    issuer: https://login.shop.example/realms/shop
    audience: chat        # Keycloak puts it there by an audience mapper: idp-bridge setup keycloak
"""

JSON = """{"version":1,"callback":{"header_token":{"env":"HEADER_TOKEN"},"identity_method":"id"},
"providers":{"bench":{"issuer":"http://127.0.0.1:9100/","audience":"cxgenie-bridge","algorithms":["RS256","ES256"],
"jwks":{"url":"http://127.0.0.1:9100/.well-known/jwks.json"}}},
"mapping":{"id":"sub","name":"name","email":{"claim":"email","verified_by":"trusted"},
"phone":{"claim":"phone_number","verified_by":"trusted","region":"VN"},"avatar":"picture",
"label":"https://bridge.example/label"}}"""

TEN_MISTAKES = """\
version: 1
callback:
  header_token: {env: NOT_SET}
  identity_method: phone
  pathh: /chat
providers:
  keycloak:
    preset: keyclok
    issuer: http://login.shop.example/realms/shop
    leeway: 10m
    algorithms: [RS256, none]
    audience: 007
    jwks: {refresh: 600}
mapping:
  labl: {value: Customer}
"""


@pytest.mark.parametrize("text", [GOOD, SMALLEST, "# a comment\n" + SMALLEST, JSON])
def test_a_good_file_is_a_model(text: str) -> None:
    """From nine lines to one of everything, written by hand or by a program; without a warning."""
    loaded = read(text, environment=ENVIRONMENT | {"CXGENIE_HEADER_TOKEN": SECRET})
    assert loaded.warnings == ()
    assert loaded.model.callbacks
    for callback in loaded.model.callbacks:
        assert set(callback.mappings) == set(callback.providers) <= set(loaded.model.providers)


@pytest.mark.parametrize(
    "file", [file for file in sorted(CONFIG.rglob("*.yaml")) if ".tests" not in file.name], ids=lambda file: file.name
)
def test_every_shipped_file_loads(file: Path) -> None:
    """As it is, with nothing but the header token set."""
    loaded = load(file, environment={"CXGENIE_HEADER_TOKEN": SECRET})
    assert loaded.warnings == ()
    assert loaded.model.callbacks[0].name == "default"


def test_a_whole_file_is_what_it_says() -> None:
    """Names, defaults, layers and short forms end up where the stages look for them."""
    model = read(GOOD).model
    shop, staff = model.callbacks
    assert (shop.name, shop.providers, shop.settings.path) == ("shop", ("shop", "staff"), "/")
    assert (staff.name, staff.providers, staff.settings.path) == ("staff", ("staff",), "/staff")
    assert model.providers["shop"].audience == ("chat",)
    assert model.providers["staff"].algorithms == ("RS256", "ES256")
    assert (model.limits.body, model.limits.token, model.admin.port) == (65536, 16384, 9090)


def test_ten_mistakes_are_ten_located_problems() -> None:
    """All at once, in the order of the file, each at its place and none that only follows from another."""
    said = lines(TEN_MISTAKES)
    assert [line.partition(": ")[0] + " " + line.split(": ")[1] for line in said] == [
        "3:3 callback.header_token",
        "4:3 callback.identity_method",
        "5:3 callback.pathh",
        "8:5 providers.keycloak.preset",
        "9:5 providers.keycloak.issuer",
        "10:5 providers.keycloak.leeway",
        "11:25 providers.keycloak.algorithms[1]",
        "12:5 providers.keycloak.audience",
        "13:12 providers.keycloak.jwks.refresh",
        "15:3 mapping.labl",
    ]


def test_a_problem_is_written_as_promised() -> None:
    """CONFIG.md, "Errors in it": the place, the key, what was found; then why, then what to do."""
    text = SMALLEST.replace("    audience: chat", "    # audience: chat")
    (problem,) = problems(text, environment={"CXGENIE_HEADER_TOKEN": SECRET})
    first, why, cure = str(problem).splitlines()
    assert first == "bridge.yaml:6:3: providers.keycloak.audience: missing"
    assert why == "  A token made for another application of the same identity provider would be accepted."
    assert cure.startswith("  Set audience: to your API's identifier")
    with pytest.raises(InvalidConfiguration, match=r"bridge.yaml:1:1: nothing, a map was expected"):
        read("")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: 1", "version: 2", "1:1: version: 2, 1 was expected"),
        ("version: 1", "version: '1'", '1:1: version: the text "1", a whole number was expected'),
        ("version: 1\n", "", "1:1: version: missing"),
        ("callbacks:", "callbaks:", "2:1: callbaks: unknown key"),
        ("providers:\n  shop", "provider:\n  shop", "13:1: provider: unknown key"),
        ("    path: /\n", "    path: /\n    pth: /x\n", "5:5: callbacks.shop.pth: unknown key"),
        ("path: /\n", "path: chat\n", "4:5: callbacks.shop.path: not a path"),
        ("identity_method: id", "identity_method: ID", '6:5: callbacks.shop.identity_method: the text "ID"'),
        ("identity_method: id", "identity_method:", "6:5: callbacks.shop.identity_method: nothing"),
        ("providers: [staff]", "providers: [stuff]", "10:17: callbacks.staff.providers[0]: there is"),
        ("port: 8080", 'port: "8080"', '11:27: server.port: the text "8080", a whole number was expected'),
        ("port: 8080", "trusted_proxies: 10.0.0.1/8", "11:27: server.trusted_proxies: an address inside a network"),
        ("    path: /\n", "    path: /\n    allow_from: x\n", "5:5: callbacks.shop.allow_from: not a network"),
        ("port: 8080", "port: true", "11:27: server.port: true, a whole number was expected"),
        ("port: 8080", "port: 9090", "11:27: server.port: 9090, the port of admin too"),
        ("body: 64KiB", "body: 64KB", '12:10: limits.body: the text "64KB", a size such as'),
        ("deadline: 4s", "deadline: 0s", '12:23: limits.deadline: the text "0s", more than 0 was expected'),
        ("preset: keycloak", "preset: Keycloak2", '15:5: providers.shop.preset: there is no preset "Keycloak2"'),
        ("preset: keycloak", "preset: 5", "15:5: providers.shop.preset: the number 5, text was expected"),
        ("issuer: https://login.shop.example/realms/shop", "isuer: x", "16:5: providers.shop.isuer: unknown key"),
        ("audience: chat\n", "audience: +849\n", "17:5: providers.shop.audience: the number +849, text"),
        ("audience: chat\n", "audience: {a: b}\n", "17:5: providers.shop.audience: a map, text was expected"),
        ("audience: chat\n", "audience: []\n", "17:5: providers.shop.audience: missing"),
        ("    audience: chat\n", "", "14:3: providers.shop.audience: missing"),
        ("[chat, staff]", "[chat, [staff]]", "21:22: providers.staff.audience[1]: a list of 1, text was expected"),
        ("[RS256, ES256]", "RS265", '22:5: providers.staff.algorithms: the text "RS265"'),
        ("{refresh: 10m}", "{refersh: 10m}", "23:12: providers.staff.jwks.refersh: unknown key"),
        ("{refresh: 10m}", "10m", '23:5: providers.staff.jwks: the text "10m", a map was expected'),
        ("{refresh: 10m}", "", "23:5: providers.staff.jwks: nothing, a map was expected"),
        ("{value: Customer}", "{valu: Customer}", "26:11: mapping.label.valu: unknown key"),
        ("mapping:\n  label: {value: Customer}", "mapping: x", '25:1: mapping: the text "x", a map was expected'),
        ("  label:", "  lable:", "26:3: mapping.lable: unknown"),
        ("limits:", "header_token: {env: X}\nlimits:", "12:1: header_token: unknown key"),
        ("limits:", "limits: !x", "12:9: limits: a tag"),
        ("limits:", "on: 1\nlimits:", "12:1: on: a bare word as a key"),
        ("mapping:", "limits: {}\nmapping:", "25:1: limits: given twice, first in line 12"),
        ("issuer: https://staff.shop.example", "issuer: *x", "20:13: providers.staff.issuer: an alias of an anchor"),
    ],
)  # fmt: skip
def test_one_fault_is_one_located_problem(old: str, new: str, line: str) -> None:
    """Every message at its line and column, in words of ours, and nothing beside it."""
    (said,) = lines(faulty(old, new))
    assert said.startswith(line)


@pytest.mark.parametrize(
    ("old", "new", "cure"),
    [
        ("identity_method: id", "identity_method: phone", "Did you mean phone_number?"),
        ("path: /\n", "path: /\n    identity-metod: id\n", "Did you mean identity_method?"),
        ("preset: keycloak", "preset: keyclok", "Did you mean keycloak?"),
        ("preset: keycloak", "preset: x", f"Choose one of: {', '.join(preset_names())}."),
        ("[RS256, ES256]", "[rs256]", "Did you mean RS256?"),
        ("audience: chat\n", "audience: 1e3\n", 'Write it in quotes: "1e3"'),
        ("audience: chat\n", "audience: true\n", 'Write it in quotes: "true"'),
        ("{value: Customer}", "{value: 007}", 'Quote it: "007"'),
        ("port: 8080", 'port: "8080"', "Write it without quotes."),
        ("{refresh: 10m}", "", "Give it a value, or remove the key."),
        ("limits:", "header_token: {env: X}\nlimits:", "It belongs under callback:."),
        ("limits:", "audience: x\nlimits:", "It belongs under a provider."),
        ("limits:", "on: 1\nlimits:", 'Quote it: "on"'),
        ("providers: [staff]", "providers: [staf]", "Did you mean staff?"),
        ("{host: 127.0.0.1,", "{xyz: 1,", "Known here: grace, host, port, trusted_proxies."),
    ],
)
def test_the_cure_says_what_to_type(old: str, new: str, cure: str) -> None:
    """The nearest known word, the place where a key belongs, or the value as it has to be written."""
    (problem,) = problems(faulty(old, new))
    assert problem.problem.cure == cure


@pytest.mark.parametrize(
    ("old", "new", "line", "cure"),
    [
        (
            "audience: chat\n",
            "audience: chat\n    leeway: 30\n",
            "18:5: providers.shop.leeway: the number 30",
            "Write 30s.",
        ),
        ("deadline: 4s", "deadline: 4", "12:23: limits.deadline: the number 4", "Write 4s."),
        ("deadline: 4s", "deadline: 0.5", "12:23: limits.deadline: the number 0.5", "Write 500ms."),
        ("deadline: 4s", "deadline: 4 seconds", '12:23: limits.deadline: the text "4 seconds"', "Write 4s."),
        ("deadline: 4s", "deadline: 4 weeks", '12:23: limits.deadline: the text "4 weeks"', ""),
        ("body: 64KiB", "body: 64KB", '12:10: limits.body: the text "64KB"', "Write 64KiB."),
        ("body: 64KiB", "body: 64k", '12:10: limits.body: the text "64k"', "Write 64KiB."),
        ("body: 64KiB", "body: 65536", "12:10: limits.body: the number 65536", "Write 64KiB."),
        ("body: 64KiB", "failed_callers: 10", "12:10: limits.failed_callers: the number 10", "Write 10/s."),
        ("body: 64KiB", "failed_callers: 10 rps", '12:10: limits.failed_callers: the text "10 rps"', "Write 10/s."),
        (
            "{refresh: 10m}",
            "https://a.example/keys",
            '23:5: providers.staff.jwks: the text "https://a.example/keys"',
            'Did you mean jwks: {url: "https://a.example/keys"}?',
        ),
        (
            "identity_method: id",
            "identity_method: [id]",
            "6:5: callbacks.shop.identity_method: a list of 1",
            "Write it without brackets: identity_method: id",
        ),
        (
            "identity_method: id",
            "identity_method: [id, email]",
            "6:5: callbacks.shop.identity_method: a list of 2",
            "Choose one of them; this is no list.",
        ),
        (
            "identity_method: id",
            "identity_method: [mail]",
            "6:5: callbacks.shop.identity_method: a list of 1",
            "Choose one of them; this is no list.",
        ),
        (
            "  shop:\n    preset",
            "  audience: chat\n  shop:\n    preset",
            "14:3: providers.audience: a key where a name was",
            "Give the provider a name of your choice, and put its keys under it: providers: {shop: {issuer: …}}.",
        ),
        (
            "callbacks:\n",
            "callbacks:\n  path: /chat\n",
            "3:3: callbacks.path: a key where a name was expected",
            "Write callback: for the only one, or put its keys under a name of yours: callbacks: {shop: {path: …}}.",
        ),
        (
            "audience: chat\n",
            "audience: https://a.example/userinfo\n",
            "17:5: providers.shop.audience: the address of a",
            "Register an API of your own at the provider, have the login ask for it, and name it here.",
        ),
        (
            "audience: chat\n",
            "audience: chat\n    required_scopes: chat profile\n",
            "18:5: providers.shop.required_scopes: a scope with a blank in it",
            "Write a list: required_scopes: [chat, profile].",
        ),
        (
            "host: 127.0.0.1",
            "host: http://127.0.0.1",
            "11:10: server.host: an address with a scheme",
            "Write an IP address alone, such as 0.0.0.0 or ::, and the port under port:.",
        ),
        (
            "host: 127.0.0.1",
            "host: 0.0.0.0:80",
            "11:10: server.host: not an address to listen on",
            "Write an IP address alone, such as 0.0.0.0 or ::, and the port under port:.",
        ),
        (
            "server: {host: 127.0.0.1, port: 8080}",
            "admin: {host: https://a}",
            "11:9: admin.host: an address with a scheme",
            "Write an IP address alone, such as 0.0.0.0 or ::, and the port under port:.",
        ),
        (
            "header_token: {env: HEADER_TOKEN}",
            "header_token: ${HEADER_TOKEN}",
            "5:5: callbacks.shop.header_token: a reference of a shell's or a template's",
            "Write {env: NAME} with the variable's name, or {file: PATH}.",
        ),
        (
            "header_token: {env: HEADER_TOKEN}",
            'header_token: ["{{ .Values.token }}"]',
            "5:20: callbacks.shop.header_token[0]: a reference of a shell's or a template's",
            "Write {env: NAME} with the variable's name, or {file: PATH}.",
        ),
        (
            "header_token: {env: HEADER_TOKEN}",
            "header_token: {ENV: HEADER_TOKEN}",
            "5:5: callbacks.shop.header_token: ENV, env was expected",
            "Write it in lower case: env.",
        ),
        (
            "port: 8080",
            "port: {Env: PORT}",
            "11:27: server.port: Env, env was expected",
            "Write it in lower case: env.",
        ),
    ],
)
def test_what_operators_slip_on_is_named_with_its_cure(old: str, new: str, line: str, cure: str) -> None:
    """Each is one problem, at its place, and says what to type."""
    (problem,) = problems(faulty(old, new))
    assert str(problem).splitlines()[0].removeprefix("bridge.yaml:").startswith(line)
    assert problem.problem.cure == cure


def test_a_shell_s_reference_is_no_secret_even_where_secrets_may_be_written() -> None:
    """It would be a header token that everybody can guess."""
    for written in ("${HEADER_TOKEN}", "$HEADER_TOKEN", "%HEADER_TOKEN%"):
        text = faulty("header_token: {env: HEADER_TOKEN}", f'header_token: "{written}"')
        (line,) = lines(text, allow_inline_secrets=True)
        assert line == "5:5: callbacks.shop.header_token: a reference of a shell's or a template's"


def test_a_quantity_from_outside_is_not_repeated_in_its_cure() -> None:
    """What a variable holds may be anybody's secret."""
    (problem,) = problems(faulty("4s", "{env: X}"), environment=ENVIRONMENT | {"X": "4711"})
    assert "4711" not in str(problem)


def test_a_flat_section_is_one_problem() -> None:
    """Nothing is said that only follows from it."""
    flat = SMALLEST.replace("  keycloak:\n", "").replace("    preset", "  preset").replace("    issuer", "  issuer")
    (line,) = lines(flat.replace("    audience", "  audience"), environment={"CXGENIE_HEADER_TOKEN": SECRET})
    assert line == "7:3: providers.issuer: a key where a name was expected"


def test_a_problem_in_a_list_is_at_its_own_item() -> None:
    """Items that were left out before it do not move it."""
    text = faulty("[{env: STAFF_TOKEN}]", "[{env: X}, {env: Y, optional: true}, {env: SHORT}, {env: Z}]")
    assert lines(text, environment=ENVIRONMENT | {"SHORT": "tiny"}) == [
        "9:20: callbacks.staff.header_token[0]: environment variable X is not set",
        "9:56: callbacks.staff.header_token[2]: 4 characters; at least 16 were expected",
        "9:70: callbacks.staff.header_token[3]: environment variable Z is not set",
    ]


def test_what_has_no_place_in_the_text_is_at_what_is_around_it() -> None:
    """A problem with what a preset or a default says is shown where the operator can change it."""
    text = SMALLEST.replace("identity_method: id", "identity_method: email") + "    mapping: {email: omit}\n"
    (line,) = lines(text, environment={"CXGENIE_HEADER_TOKEN": SECRET})
    assert line.startswith("10:15: providers.keycloak.mapping.email: ")


def test_invisible_characters_do_not_reach_the_terminal() -> None:
    """A key or a text is shown short, on one line, escaped."""
    said = lines('version: 1\n"\\e[31m\\n\\u202e": 1\n' + f'log: {{level: "\\e[31m{"x" * 500}"}}\n')
    assert all(line.isprintable() and len(line) < 300 for line in said)
    assert said[2] == '2:1: "\\u001b[31m\\n\\u202e": unknown key'


def test_a_file_is_read_from_its_folder(tmp_path: Path) -> None:
    """Relative paths begin at the file's folder, wherever the process runs."""
    (tmp_path / "token").write_text(SECRET)
    file = tmp_path / "bridge.yaml"
    file.write_text(GOOD.replace("{env: HEADER_TOKEN}", "{file: token}"), encoding="utf-8")
    assert load(file, environment=ENVIRONMENT).model.callbacks[0].name == "shop"
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.yaml", environment={})


_keys = st.sampled_from(
    ["version", "callback", "callbacks", "providers", "mapping", "limits", "header_token", "env", "file", "issuer",
     "audience", "preset", "jwks", "url", "label", "value", "when", "claim", "algorithms", "secret",
     "require", "allow", "field", "email_domains", "subjects", "x", "5", "no"]
)  # fmt: skip
_values = st.recursive(
    st.sampled_from(["1", "x", "true", "null", "30s", "HEADER_TOKEN", "keycloak", "'5'", "*a", "!t u", "https://a.example"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(_keys, inner), max_size=4).map(
            lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(st.lists(st.tuples(_keys, _values), max_size=6))
def test_any_file_is_a_model_or_located_problems(entries: list[tuple[str, str]]) -> None:
    """Whatever stands where, nothing else escapes; every problem has a place in the text and says something."""
    text = "".join(f"{key}: {value}\n" for key, value in entries)
    for resolve in (True, False):
        for problem in problems(text, resolve_secrets=resolve, allow_inline_secrets=not resolve):
            assert 1 <= problem.line <= len(entries) + 1
            assert problem.problem.found
            assert "pydantic" not in str(problem)


@given(st.text(max_size=300))
def test_any_text_is_a_model_or_located_problems(text: str) -> None:
    """A file need not be a configuration at all."""
    assert problems(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the key and the certificate that the largest file names."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "shop.pem").write_bytes(public)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(key, None)
    (tmp_path / "shop-ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return tmp_path


def test_a_file_that_uses_everything_is_good(folder: Path) -> None:
    """CONFIG.md's own, as far as this version goes: every key of it is taken, none is doubted, the schema agrees."""
    text = (Path(__file__).parent / "everything.yaml").read_text("utf-8")
    environment = {
        "CXGENIE_HEADER_TOKEN": SECRET,
        "STAFF_HEADER_TOKEN": SECRET[::-1],
        "CRM_TOKEN": "x",
        "VALKEY_URL": "valkeys://:password@cache.internal",
        "AUDIT_KEY": SECRET + SECRET[::-1],
        "COLLECTOR_AUTHORIZATION": "Basic eDp5",
    }
    loaded = read(text, environment=environment, base=folder)
    assert loaded.warnings == ()
    assert [callback.providers for callback in loaded.model.callbacks] == [("auth0", "own-backend"), ("staff-entra",)]
    assert list(Draft7Validator(file_schema()).iter_errors(read_yaml(text).data)) == []
    shop = loaded.model.callbacks[0]
    claims = {"sub": "auth0|1", "https://shop.example/tenant": "vn", "given_name": "An", "family_name": "Trần"}
    assert data_of(shop, verified(loaded.model, "auth0", claims)) == {
        "id": "auth0|1",
        "name": "Trần An",
        "label": "Auth0 customer",
    }
    with pytest.raises(VisitorRefused) as refused:
        data_of(shop, verified(loaded.model, "auth0", {"sub": "auth0|1"}))
    assert refused.value.message == "This chat is for shop.example customers."


def test_what_is_not_looked_up_is_told() -> None:
    """A plain setting from outside is judged as if it were not there; a secret is no loss."""
    text = faulty("port: 8080", "port: {env: PORT}")
    (warning,) = read(text, resolve_secrets=False).warnings
    assert str(warning).startswith("bridge.yaml:11:27: server.port: not looked up")
    assert read(text).warnings == ()
    some = read(text, resolve_secrets=lambda path: path[0] == "server")
    assert (some.warnings, some.model.server.port) == ((), 8443)


ONE_OF_EACH = """\
version: 1
callback:
  header_token: {env: HEADER_TOKEN, file: token}
  identity_methd: id
providers:
  shop:
    preset: keycloack
    issuer: https://login.shop.example
    audience: chat
    leeway: 30
    algorithms: [RS256, none]
    public_key: -----BEGIN PUBLIC KEY-----
    jwks: {url: https://login.shop.example/jwks}
    require: [{claim: tenant, equals: vn, in: [vn, th]}]
sources:
  crm: {url: https://crm.shop.example/customers}
mapping:
  phone: {claim: phone, region: VN, international: true}
  name: {claim: name, value: Customer}
  emial: email
  label: {claim: roles, transform: [{split: ","}, {only: 5}, upper], from: crn}
"""


def test_37_the_whole_file_is_checked_when_it_is_loaded() -> None:
    """Unknown keys, keys that exclude each other, the type of every step: all at once, each with its place."""
    algorithms = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519, Ed448, EdDSA"
    assert lines(ONE_OF_EACH) == [
        "3:3: callback.header_token: more than one {env: NAME} or {file: PATH}",
        "4:3: callback.identity_methd: unknown key",
        '7:5: providers.shop.preset: there is no preset "keycloack"',
        "10:5: providers.shop.leeway: the number 30, a duration such as 500ms, 30s, 10m, 12h or 7d was expected",
        f'11:25: providers.shop.algorithms[1]: the text "none", one of {algorithms}, HS256, HS384, HS512 was expected',
        "12:5: providers.shop.public_key: not the PEM text of a public key",
        "13:5: providers.shop.jwks: public_key and jwks.url together",
        "14:43: providers.shop.require[0].in: two operators, equals and in",
        "16:9: sources.crm.url: neither {id} nor {sub} in it",
        "18:37: mapping.phone.international: international beside region",
        "19:23: mapping.name.value: two forms at once, claim and value",
        "20:3: mapping.emial: unknown target 'emial'",
        "21:52: mapping.label.transform[1].only: a number, a list was expected",
        "21:70: mapping.label.from: unknown source 'crn'",
    ]
