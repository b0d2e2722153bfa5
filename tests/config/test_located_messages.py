"""What is wrong with a value is said with its line and column: the messages of every stage's settings, by the loader.

The stages' own tests show which value draws which message; here each is seen where an operator sees it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.config.files import ENVIRONMENT, GOOD, faulty, lines, read
from tests.issuer.keys import public_pem

ROOT = Path(__file__).parents[2]
VALUES = ENVIRONMENT | {
    "SHORT": "short",
    "LONG": "wq7Vt2-the-secret-of-these-tests",
    "WEAK": public_pem("rsa1024"),
    "PLACEHOLDER": "change-me-change-me",
    "BLANKS": "aaaaaaaaaaaaaaaa bbbbb",
}

Row = tuple[str, str, str]
"""What is written, line and column of the message, and how it begins."""

LABELS: Sequence[Row] = (
    ('{claim: ["*", a]}', "26:19", 'a path that begins with "*"'),
    ("{claim: [a, {}]}", "26:22", 'an object, a name, a whole number or "*" was expected'),
    ("{claim: []}", "26:11", "a path of 0 steps"),
    ("{claim: a, 1: b}", "26:21", "a number as a key"),
    ("{}", "26:3", "an empty map"),
    ("{when: a}", "26:3", "no form"),
    ("{value: [a]}", "26:11", "a list of 1, text was expected"),
    ("5", "26:3", "a number, a claim's name or a form was expected"),
    ("{lookup: a, table: x}", "26:22", "text, a map was expected"),
    ("{claim: a, transform: []}", "26:21", "0 steps"),
    ("{claim: a, transform: trimm}", "26:21", "unknown transform 'trimm'"),
    ("{claim: a, transform: [keys, trim]}", "26:21", "a list comes of it, text was wanted"),
    ("{value: a, transform: {strip_prefix: a}}", "26:21", "a transform that leaves nothing of the text"),
    ("{claim: a, transform: {strip_prefix: ''}}", "26:33", "an empty text"),
    ("{claim: a, transform: {split: ' '}}", "26:21", "a list comes of it, text was wanted"),
    ("{claim: a, transform: {join: ', ', at_most: 0}}", "26:45", "a number below 1 or too large, a whole number"),
    ("{claim: a, transform: {pick: '('}}", "26:33", "a regular expression that RE2 refuses"),
    ("{claim: a, transform: {pick: a, give: '\\x'}}", "26:42", "a stray backslash"),
    ("{claim: a, transform: {pick: a, give: '\\7'}}", "26:42", "\\7, and the pattern has 0 groups"),
    ("{claim: a, transform: {only: a}}", "26:33", "text, a list was expected"),
    ("{claim: a, transform: {split: ''}}", "26:33", "an empty text"),
    ("{template: '{a}', where: x}", "26:28", "text, a map was expected"),
    ("{template: '{a'}", "26:11", "a stray {"),
    ("{template: '{a}', where: {b: c}}", "26:36", "a name that the template does not use"),
    ("{template: ' '}", "26:11", "blank, text was expected"),
    ("{first_of: [{value: a}, b]}", "26:34", "never reached"),
    ("{claim: [user_metadata, tier]}", "26:11", "user_metadata is the visitor's own"),
    ("{value: a, when: {claim: a, equals: [b]}}", "26:38", "a list of 1, text was expected"),
    ("{value: a, when: {claim: a, matches: '('}}", "26:38", "a regular expression that RE2 refuses"),
    ("{value: a, when: {claim: a, at_least: x}}", "26:38", "text, a number was expected"),
    ("{value: a, when: {claim: a, in: []}}", "26:38", "an empty list"),
    ("{value: a, when: {claim: a, contains: ''}}", "26:38", "blank text"),
    ("{value: a, when: {claim: a, contains: ' '}}", "26:38", "blank text"),
    ("{value: a, when: {claim: a, present: x}}", "26:38", "text, true or false was expected"),
    ("{value: a, when: [a, b]}", "26:21", "a bare list"),
    ("{value: a, when: {all: []}}", "26:28", "an empty list"),
    ("{value: a, when: {claim: a, equals: b, in: [c]}}", "26:49", "two operators, equals and in"),
    ("{value: a, when: {not: {not: {not: {not: {not: {not: {not: {not: {not: a}}}}}}}}}}", "26:64", "nested more"),
    ("{claim: a, verified_by: a}", "26:21", "a claim that proves itself"),
    ("{claim: a, verified_by: {not: b}}", "26:35", "not in verified_by"),
    ("{claim: a, verified_by: {claim: b, if_absent: x}}", "26:45", "unknown value"),
    ("{claim: a, verified_by: {claim: b, present: false}}", "26:45", "present: false in verified_by"),
    ("{claim: a, verified_by: trustd}", "26:21", "a claim named 'trustd'"),
    ("{claim: [a, -1]}", "26:22", "no position in a list"),
    ("{claim: a, transform: [5]}", "26:33", "a number, a transform was expected"),
    ("{claim: a, transform: [{split: ','}, keys]}", "26:47", "keys of a list"),
    ("{value: a, when: {claim: a, matches: " + "a" * 1025 + "}}", "26:38", "a regular expression of 1025 characters"),
    ("{cel: 'claims.a )'}", "26:11", "a stray )"),
    ("{cel: 5}", "26:11", "a number, a CEL expression was expected"),
    ("{cel: claims.a +}", "26:11", "no CEL expression"),
    ("{cel: 'claims'}", "26:11", "a use of claims that names none"),
    ("{cel: 'foo(claims.a)'}", "26:11", "unknown function foo"),
    ("{cel: 'claims.a.foo()'}", "26:11", "unknown method foo"),
    ("{cel: 'b'}", "26:11", "unknown name b"),
    ("{cel: '.a'}", "26:11", "a dot with nothing before it"),
    ("{cel: 'claims.a.all(x, claims.b.all(y, y == x))'}", "26:11", "all inside all"),
    ("{cel: 'claims.a.matches(claims.b)'}", "26:11", "matches without a literal pattern"),
    ("{cel: 'claims.a.all()'}", "26:11", "all without a variable"),
    ("{cel: '@'}", "26:11", "something that cannot stand there, at character 1"),
    ("{cel: '(claims.a'}", "26:11", "a stray"),
    ("{cel: '" + "(" * 40 + "claims.a" + ")" * 40 + "'}", "26:11", "brackets nested too deep"),
    ("{cel: '" + "claims.a + " * 16 + "claims.a'}", "26:11", "claims named 17 times"),
    ("{cel: '" + "a" * 1001 + "'}", "26:11", "an expression of 1001 characters"),
    ("{cel: \"claims.a == '\\\\q'\"}", "26:11", "no CEL expression"),
    ("{cel: 'claims.a.map(x, [x])'}", "26:11", "a map of too much"),
    ("{cel: '" + "claims.a.all(x, x) && " * 4 + "claims.a.all(x, x)'}", "26:11", "too many macros"),
    ('{cel: \'claims.a.matches("' + "a" * 400 + '")\'}', "26:11", "too large a pattern, or too many"),
)  # fmt: skip

TARGETS: Sequence[Row] = (
    ("phone: {claim: p, region: XX}", "26:21", "unknown region 'XX'"),
    ("phone: {claim: p, international: 5}", "26:21", "a number, true or false was expected"),
    ("phone: {claim: p, international: true, region: VN}", "26:21", "international beside region"),
    ("phone: {national: p}", "26:3", "missing"),
    ("phone: {national: p, country_code: '84'}", "26:24", "a calling code, a claim's name was expected"),
    ("phone: {national: p, country_code: {value: XX}}", "26:39", "no country has 'XX'"),
    ("phone: {national: {value: p}, country_code: c, verified_by: v}", "26:50", "a condition beside value"),
    ("phone: {national: {first_of: [p, q]}, country_code: c, verified_by: v}", "26:58", "a condition beside"),
    ("avatar: {claim: a, schemes: [ftp]}", "26:32", "unknown scheme"),
    ("avatar: {claim: a, upgrade: http}", "26:22", "unknown value"),
    ("email: {value: a}", "26:11", "a text that email can never be"),
    ("name: {claim: a, 5: b}", "26:20", "a number as a key"),
    ("id: {value: a}", "26:8", "a constant as id"),
    ("id: email", "26:3", "id from email without verified_by"),
    ("email: {claim: emial, verified_by: email_verified}", "26:11", "a claim named 'emial'"),
    ("phone: {claim: p, region: }", "26:21", "nothing, text was expected"),
)  # fmt: skip

IDENTITIES: Sequence[Row] = (
    ("email|email: email", "26:3", "email from email without verified_by"),
    ("email|email: {value: an@shop.example}", "26:11", "a constant as email"),
    ("email|email: {claim: email, verified_by: email_verified, transform: upper}", "26:54", "upper on email"),
    ("email|email: {join: [a, b]}", "26:3", "email from a join without verified_by"),
    ("email|email: omit", "26:3", "email is the identity, and this provider gives none"),
    ("phone_number|phone: {national: p, country_code: c, verified_by: v}", "26:24", "a country that visitors"),
    ("phone_number|phone: {claim: p, verified_by: v, region: {claim: r}}", "26:37", "a region that visitors"),
)  # fmt: skip

RULES: Sequence[Row] = (
    ("{claim: a, message: ''}", "27:22", "blank, text was expected"),
    ('{claim: a, message: "a\\u200b"}', "27:22", "more than 500 characters, or one that nobody sees"),
    ("{claim: a, name: x}", "27:22", "unknown key 'name'"),
    ("{field: fax, present: true}", "27:12", "unknown field 'fax'"),
    ("{field: email}", "27:11", "no operator"),
    ("{field: email, ends_with: ''}", "27:26", "blank text"),
    ("{field: email, matches: '('}", "27:26", "a regular expression that RE2 refuses"),
    ("{x: y}", "27:12", "unknown key 'x'"),
    ("[a]", "27:11", "a bare list"),
    ("{claim: a, message: 5}", "27:22", "a number, text was expected"),
)  # fmt: skip

ISSUERS: Sequence[Row] = (
    ("issuer: [https://a.example, https://a.example]", "20:5", "the same spelling twice"),
    ("issuer: http://a.example", "20:5", "plain http to another machine"),
    ("issuer: https://u:p@a.example", "20:5", "an address with credentials or a fragment"),
    ("issuer: acme", "20:5", "not an address"),
    ("issuer: ''", "20:5", "blank, or with blanks at its ends"),
    ("issuer: https://login.microsoftonline.com/{tenantid}/v2.0", "19:3", "missing, with {tenantid} in the issuer"),
    ("issuer: https://login.microsoftonline.com/{tenantid}/v2.0\n    tenants: [any, any]", "21:5", "any beside"),
    ("issuer: https://login.microsoftonline.com/{tenantid}/v2.0\n    tenants: shop.example", "21:5", "not a GUID"),
    ("issuer: https://{tenantid}/v2.0\n    tenants: any", "20:5", "{tenantid} that is no whole part of the path"),
)  # fmt: skip

PROVIDERS: Sequence[Row] = (
    ("tenants: 6f1b2c3d-0000-4000-8000-1234567890ab", "25:5", "without {tenantid} in the issuer"),
    ("leeway: 6m", "25:5", "more than 5m"),
    ("http: {timeout: 0s}", "25:12", "zero"),
    ("http: {ca_file: {env: BLANK}}", "25:12", "environment variable BLANK is empty"),
    ("refuse: {issued_before: now}", "25:14", "not a time with its zone"),
    ("refuse: {subjects: [a, '']}", "25:28", "blank"),
    ("subject: ''", "25:5", "empty"),
    ("required_scopes: chat\n    userinfo: {}\n    unbound_tokens: accept", "25:5", "with tokens that userinfo"),
    ("email_domains_: x", "25:5", "unknown key"),
    ("introspection: {client_id: '', client_secret: {env: LONG}}", "25:21", "blank"),
    ("introspection: {client_id: a, client_secret: {env: WEAK}}", "25:35", "blank, or with a line break or"),
    ("introspection: {client_id: a, client_secret: {env: LONG}, key_id: k}", "25:63", "without private_key_jwt"),
    ("introspection: {client_id: a, private_key: {env: LONG}, auth_method: private_key_jwt}", "25:35", "not the"),
    ("token_check: {url: https://a.example, audience: []}\n    userinfo: {}", "25:43", "empty"),
    ("token_check: {}\n    userinfo: {}", "25:5", "missing"),
    ("http: {ca_file: LICENSE}", "25:12", "no certificate in PEM form"),
    ("userinfo: {token_in: {query: ' '}}", "25:27", "blank"),
    ("userinfo: {url: 'https://a.example/?t=1', token_in: {query: t}}", "25:58", "a parameter that url already has"),
    ("public_key: {file: .}", "25:5", ". is not a file"),
    ("secret: {env: LONG}", "22:5", "an asymmetric algorithm beside a secret"),
    ("public_key: {env: SHORT}", "25:5", "not the PEM text of a public key"),
    ("public_key: {env: WEAK}", "25:5", "an RSA key of 1024 bits, 2048 or more were expected"),
    ("authorized_parties: []", "25:5", "empty"),
    ("accept: id_token", "19:3", "missing"),
    ("required_scopes: []", "25:5", "empty"),
    ("userinfo: {when: missing, supplies: []}", "25:31", "empty"),
    ("userinfo: {url: http://a.example}", "25:16", "plain http to another machine"),
    ("userinfo: {token_in: {header: ''}}", "25:27", "no name that a header for the token can have"),
    ("userinfo: {token_in: {header: a, query: b}}", "25:16", "header and query together"),
    ("userinfo: {token_in: {header: 'a b'}}", "25:27", "no name that a header for the token can have"),
    ("userinfo: {query: {'': a}}", "25:24", "a blank name"),
    ("userinfo: {query: {access_token: a}, token_in: {query: access_token}}", "25:24", "the token's own parameter"),
    ("userinfo: {subject: ''}", "25:16", "blank"),
    ("introspection: {client_id: a}", "25:5", "missing, with auth_method client_secret_basic"),
    ("introspection: {client_id: a, client_secret: {env: BLANK}}", "25:35", "environment variable BLANK is empty"),
    ("introspection: {client_id: a, client_secret: {env: LONG}, url: http://a.example}", "25:63", "plain http to"),
    ("introspection: {auth_method: none}\n    token_check: {url: https://a.example}", "26:5", "beside introspection"),
    ("token_check: {url: https://a.example}", "19:3", "missing, with token_check"),
    ("token_check: {url: https://a.example, audience: ''}\n    userinfo: {}", "25:43", "blank"),
    ("token_pattern: a", "25:5", "without opaque tokens"),
    ("email_domains: [a b]", "25:21", "not a mail domain"),
    ("requests: {rate: 0/s}", "25:16", 'the text "0/s", more than 0 was expected'),
    ("requests: {in_flight: 0}", "25:16", "the number 0, more than 0 was expected"),
    ("token_types: ['']", "25:19", "blank"),
    ("max_token_age: 0s", "25:5", 'the text "0s", more than 0 was expected'),
    ("allow: [x]", "25:13", 'the text "x", one of anonymous, machine, impersonated, pending was expected'),
)  # fmt: skip

KEYS: Sequence[Row] = (
    ("refresh: 0s", "23:12", "less than 1s"),
    ("cooldown: 500ms", "23:12", "less than 1s"),
    ("url: http://a.example", "23:12", "plain http to another machine"),
    ("file: {env: SHORT}", "23:12", "there is no file short"),
    ("file: nowhere.json", "23:12", "there is no file nowhere.json"),
)  # fmt: skip

CALLBACKS: Sequence[Row] = (
    ("anonymous: {message: ''}", "7:17", "an empty text"),
    ("anonymous: {status: 302}", "7:17", "302; 200 or 400 to 499 was expected"),
    ("messages: {token_expired: ''}", "7:16", "an empty text"),
    ("messages: {nope: a}", "7:16", "unknown failure code"),
    ("allow_from: []", "7:5", "empty"),
    ("allow_from: 0.0.0.0/0", "7:5", "every address there is"),
    ("allow_from: '::ffff:10.0.0.0/104'", "7:5", "an IPv4 address inside IPv6"),
    ("domains: {allow: ['*']}", "7:23", "not a host name"),
    ("anonymous: {message: A}\n    messages: {token_missing: B}", "8:16", "a second text for guests"),
    ("messages: {caller_unauthorized: a}", "7:16", "a text that cannot be set"),
    ("header_token_header: x", "7:5", "unknown key"),
    ("providers: []", "7:5", "empty"),
)  # fmt: skip

HEADER_TOKENS: Sequence[Row] = (
    ("header_token: {env: BLANK}", "5:5", "environment variable BLANK is empty"),
    ("header_token: []", "5:5", "missing"),
    ("header_token: {env: SHORT}", "5:5", "5 characters; at least 16 were expected"),
    ("header_token: {env: PLACEHOLDER}", "5:5", "a placeholder"),
    ("header_token: {env: BLANKS}", "5:5", "a character that a header token cannot have"),
    ("header_token: {env: STAFF_TOKEN}", "9:20", "a header token that another callback has"),
)  # fmt: skip

TOP: Sequence[Row] = (
    ("sources: {crm: {url: 'https://a.example/{id}', bearer: {env: BLANKS}}}", "27:48", "a blank, or a character"),
    ("sources: {crm: {url: 'https://a.example/{id}', http: {ca_file: LICENSE}}}", "27:55", "no certificate in PEM"),
    ("traces: {endpoint: x}", "27:10", "not an address"),
    ("audit: {mode: pseudonymous}", "27:1", "missing"),
    ("audit: {mode: full, key: {env: SHORT}}", "27:21", "5 bytes; at least 32 were expected"),
    ("cache: {shared: {url: x}}", "27:18", "a secret written into the file"),
    ("log: {level: loud}", "27:7", 'the text "loud", one of debug, info, warning, error was expected'),
    ("sources: {crm: {url: 'https://{id}/x'}}", "27:17", "a visitor's place in the host"),
    ("sources: {crm: {url: 'https://a.example/x'}}", "27:17", "neither {id} nor {sub} in it"),
    ("sources: {crm: {url: 'http://a.example/{id}'}}", "27:17", "plain http to another machine"),
    ("sources: {token: {url: 'https://a.example/{id}'}}", "27:11", "a name that the provider's own source has"),
    ("sources: {crm: {url: 'https://a.example/{id}'}}", "27:11", "read by no mapping"),
)  # fmt: skip


def _identity(written: str) -> str:
    method, _, target = written.partition("|")
    return faulty("identity_method: id", f"identity_method: {method}").replace("label: {value: Customer}", target)


PLACES: dict[str, tuple[Sequence[Row], Callable[[str], str]]] = {
    "label": (LABELS, lambda written: faulty("{value: Customer}", written)),
    "target": (TARGETS, lambda written: faulty("label: {value: Customer}", written)),
    "identity": (IDENTITIES, _identity),
    "require": (RULES, lambda written: GOOD + f"require: [{written}]\n"),
    "issuer": (ISSUERS, lambda written: faulty("issuer: https://staff.shop.example", written)),
    "provider": (PROVIDERS, lambda written: GOOD.replace("mapping:", f"    {written}\nmapping:")),
    "jwks": (KEYS, lambda written: faulty("{refresh: 10m}", f"{{{written}}}")),
    "header token": (HEADER_TOKENS, lambda written: faulty("header_token: {env: HEADER_TOKEN}", written)),
    "callback": (CALLBACKS, lambda written: faulty("identity_method: id\n", f"identity_method: id\n    {written}\n")),
    "top": (TOP, lambda written: GOOD + written + "\n"),
}
"""The good file with that written in it."""


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        pytest.param(made(written), place, found, id=f"{name} {written[:60]}")
        for name, (rows, made) in PLACES.items()
        for written, place, found in rows
    ],
)
def test_a_message_has_its_line_and_column(text: str, place: str, found: str) -> None:
    """One for one fault, as an error or, where the file can be used all the same, as a warning."""
    said = lines(text, environment=VALUES, base=ROOT) or _warnings(text)
    assert [(each.split(": ")[0], each.split(": ", 2)[2][: len(found)]) for each in said] == [(place, found)]


def _warnings(text: str) -> list[str]:
    return [
        str(each).splitlines()[0].removeprefix("bridge.yaml:")
        for each in read(text, environment=VALUES, base=ROOT).warnings
    ]
