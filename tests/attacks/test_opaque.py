"""THREATS.md, group U: opaque tokens, userinfo and introspection, against a running bridge and a real issuer.

Each provider has a realm of its own and a pattern by which its tokens are told; a row has one fault, and before it is
struck its twin without the fault is accepted. What the provider saw is counted.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.attacks.attack import SINCE
from tests.bridge_process import ACCEPTED, STATUS, RunningBridge, StartBridge, callback, configuration
from tests.eventually import eventually
from tests.issuer import mint
from tests.issuer.keys import base64url
from tests.issuer.mint import At, good_claims, good_token
from tests.issuer.process import Issuer, IssuerProcess

CLIENT = {"client_id": "bridge", "client_secret": {"env": "CLIENT_SECRET"}}
ENVIRONMENT = {"CLIENT_SECRET": "s3cret-of-the-bridge-there"}
STOLEN = {"subjects": ["stolen"], "token_ids": ["stolen-token"]}


def providers(issuer: Issuer) -> dict[str, dict[str, Any]]:
    """One of each kind, at the realm of its name."""
    names = ("introspected", "strict", "incident", "unbound", "checked", "bound", "profile")
    urls = {name: issuer.realm(name).url for name in names}
    opaque = {
        "introspected": {"issuer": urls["introspected"], "audience": mint.AUDIENCE, "introspection": CLIENT},
        "strict": {
            "issuer": urls["strict"],
            "audience": "none",
            "authorized_parties": ["web"],
            "introspection": {**CLIENT, "when": "always"},
            "required_scopes": ["chat"],
        },
        "incident": {
            "issuer": urls["incident"],
            "audience": mint.AUDIENCE,
            "introspection": CLIENT,
            "refuse": {**STOLEN, "issued_before": SINCE.isoformat(timespec="seconds")},
        },
        "unbound": {"userinfo": {"url": f"{urls['unbound']}/userinfo"}, "unbound_tokens": "accept"},
        "checked": {
            "audience": mint.AUDIENCE,
            "token_check": {"url": f"{urls['checked']}/token_check"},
            "userinfo": {"url": f"{urls['checked']}/userinfo"},
        },
        "bound": {
            "audience": mint.AUDIENCE,
            "authorized_parties": ["web"],
            "required_scopes": ["chat"],
            "token_check": {"url": f"{urls['bound']}/token_check", "rules": [{"claim": "kind", "equals": "user"}]},
            "userinfo": {"url": f"{urls['bound']}/userinfo"},
            "refuse": STOLEN,
        },
    }
    jwts = {"profile": {"issuer": urls["profile"], "audience": mint.AUDIENCE, "userinfo": {"when": "always"}}}
    return {
        name: {
            **settings,
            "id_prefix": f"{name}:",
            "http": {"timeout": "1s"},
            **({"token_pattern": f"{name}-.*"} if name in opaque else {}),
        }
        for name, settings in (opaque | jwts).items()
    }


@dataclass(frozen=True, slots=True)
class Running:
    """A bridge, and the process of all its providers."""

    bridge: RunningBridge
    issuer: Issuer

    def realm(self, name: str) -> Issuer:
        """A provider, honest again."""
        realm = self.issuer.realm(name)
        realm.set(tokens={}, fault=[], content_types={}, statuses={})
        return realm


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for every row; its issuer is nobody else's, so requests count."""
    with IssuerProcess() as issuer:
        config = configuration(providers=providers(issuer), limits={"failed_callers": "9999/s"})
        with RunningBridge(config, tmp_path_factory.mktemp("opaque"), ENVIRONMENT) as bridge:
            bridge.wait_until_ready()
            yield Running(bridge, issuer)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        threat: The id of the threat's class.
        name: The fault, in a few words.
        of: The provider.
        said: What its endpoints say other than the good, by endpoint; ``...`` removes a member.
        code: What the bridge must answer.
        asked: How often which endpoint is asked.
        fault: Faults of the issuer's.
        content_types: Media types of its answers.
    """

    threat: str
    name: str
    of: str
    said: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = "token_untrusted"
    asked: Mapping[str, int] = field(default_factory=dict)
    fault: tuple[str, ...] = ()
    content_types: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.threat} {self.of} {self.name}"


ONCE = {"introspection": 1}
CHECKED = {"token_check": 1}
BOTH = {"token_check": 1, "userinfo": 1}
ASKED = {
    "introspected": ONCE,
    "strict": ONCE,
    "incident": ONCE,
    "unbound": {"userinfo": 1},
    "checked": BOTH,
    "bound": BOTH,
}


def good(of: str, url: str) -> dict[str, Any]:
    """What a provider's endpoints say of a good token."""
    introspection = good_claims(url, active=True, client_id="web", scope="openid chat")
    return {
        "introspection": introspection,
        "userinfo": {"sub": "visitor-1", "name": f"Visitor of {of}"},
        "token_check": {
            "aud": mint.AUDIENCE,
            "azp": "web",
            "scope": "openid chat",
            "kind": "user",
            "jti": "t1",
            "expires_in": 600,
        },
    }


def introspected(threat: str, name: str, code: str, **members: Any) -> Row:
    """A row about one member of an introspection answer."""
    return Row(threat, name, "introspected", {"introspection": members}, code, ONCE)


def broken(threat: str, of: str, endpoint: str, *faults: str) -> Iterator[Row]:
    """A row for each fault of an endpoint; a provider's fault is never the token's."""
    asked = {"checked": {"token_check": 1, **({"userinfo": 1} if endpoint == "userinfo" else {})}}.get(of, ASKED[of])
    for fault in faults:
        # A connection that is closed before an answer may have been an old one: the question is asked once more.
        twice = {endpoint: 2} if fault == "reset" else {}
        yield Row(threat, fault, of, {}, "provider_unavailable", {**asked, **twice}, (f"{endpoint}_{fault}",))


UNREADABLE = ("html", "not_object", "null", "first_member_twice", "nan", "half", "nothing", "deep", "utf16")
BROKEN = ("500", "503", "404", "204", "hang", "reset", "truncated", "huge_body", "gzip_bomb", "not_http")

ROWS = (
    *(Row("U00", "the baseline", of, {}, ACCEPTED, asked) for of, asked in ASKED.items()),
    introspected("U00", "no exp, no iss", ACCEPTED, exp=..., iss=..., iat=...),  # type: ignore[arg-type]  # no code
    *(
        introspected("U03", f"active {active!r}", "token_inactive", active=active)
        for active in (False, None, "true", "false", 1, [True], ...)
    ),
    Row("U03", "401", "unbound", {}, "token_inactive", {"userinfo": 1}, ("userinfo_401",)),
    Row("U03", "403", "unbound", {}, "token_inactive", {"userinfo": 1}, ("userinfo_403",)),
    Row("U03", "400", "checked", {}, "token_inactive", CHECKED, ("token_check_400",)),
    Row("U03", "401 at userinfo", "checked", {}, "token_inactive", ASKED["checked"], ("userinfo_401",)),
    introspected("U04", "foreign aud", "token_untrusted", aud="other"),
    introspected("U04", "no aud", "token_untrusted", aud=...),
    introspected("U04", "aud in another form", "token_untrusted", aud={"chat": 1}),
    introspected("U04", "foreign iss", "token_untrusted", iss="https://login.evil.example"),
    introspected("U04", "expired", "token_expired", exp=At(-60)),
    introspected("U04", "of yesterday", "token_expired", iat=At(-90_000)),
    introspected("U04", "not yet", "token_not_yet_valid", nbf=At(600)),
    introspected("U04", "a refresh token", "token_untrusted", token_type="refresh_token"),
    introspected("U04", "a DPoP token", "token_untrusted", token_type="DPoP"),
    introspected("U04", "sender-constrained", "token_untrusted", cnf={"jkt": "x"}),
    introspected("U04", "nobody's", "token_untrusted", sub=...),
    introspected("U04", "dates that are none", "provider_unavailable", exp="tomorrow"),
    Row("U04", "foreign client", "strict", {"introspection": {"client_id": "evil"}}, asked=ONCE),
    Row("U04", "foreign azp", "strict", {"introspection": {"azp": "evil"}}, asked=ONCE),
    Row("U04", "no client", "strict", {"introspection": {"client_id": ...}}, asked=ONCE),
    Row("U04", "no scope", "strict", {"introspection": {"scope": "openid"}}, asked=ONCE),
    Row("U04", "foreign aud", "checked", {"token_check": {"aud": "other"}}, asked=CHECKED),
    Row("U04", "no aud", "checked", {"token_check": {"aud": ...}}, asked=CHECKED),
    Row("U04", "no time left", "checked", {"token_check": {"expires_in": 0}}, "token_inactive", CHECKED),
    Row("U04", "foreign client", "bound", {"token_check": {"azp": "evil"}}, asked=CHECKED),
    Row("U04", "no scope", "bound", {"token_check": {"scope": "openid"}}, asked=CHECKED),
    Row("U04", "a rule that says no", "bound", {"token_check": {"kind": "service"}}, asked=CHECKED),
    Row("U04", "a rule that cannot tell", "bound", {"token_check": {"kind": ...}}, asked=CHECKED),
    Row("C36", "a stolen token", "bound", {"token_check": {"jti": "stolen-token"}}, "token_inactive", CHECKED),
    Row("C36", "a stolen visitor", "bound", {"userinfo": {"sub": "stolen"}}, "token_inactive", BOTH),
    Row("C36", "a stolen token", "incident", {"introspection": {"jti": "stolen-token"}}, "token_inactive", ONCE),
    Row("C36", "a stolen visitor", "incident", {"introspection": {"sub": "stolen"}}, "token_inactive", ONCE),
    Row("C36", "issued before", "incident", {"introspection": {"iat": At(-3600)}}, "token_inactive", ONCE),
    Row("C36", "issued nobody knows when", "incident", {"introspection": {"iat": ...}}, "token_inactive", ONCE),
    Row("U01", "no sub", "unbound", {"userinfo": {"sub": ...}}, asked={"userinfo": 1}),
    Row("U01", "an empty sub", "checked", {"userinfo": {"sub": ""}}, asked=ASKED["checked"]),
    *broken("U10", "introspected", "introspection", *UNREADABLE, *BROKEN),
    *broken("U10", "unbound", "userinfo", *UNREADABLE, *BROKEN),
    *broken("U10", "checked", "token_check", "html", "500", "hang", "half"),
    *broken("U10", "checked", "userinfo", "html", "500", "hang", "half"),
    *broken("U14", "introspected", "introspection", "redirect BYSTANDER/introspection", "redirect_307 BYSTANDER/x"),
    *broken("U14", "unbound", "userinfo", "redirect BYSTANDER/userinfo", "redirect_307 BYSTANDER/userinfo"),
    *broken("U14", "checked", "token_check", "redirect BYSTANDER/x", "redirect_307 BYSTANDER/x"),
)


def laid_over(answers: Mapping[str, Any], said: Mapping[str, Any], **laid: Any) -> dict[str, Any]:
    """The good answers with these members laid over them."""
    now = int(time.time())

    def one(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        placed = {name: now + value if isinstance(value, At) else value for name, value in changes.items()}
        return {name: value for name, value in {**members, **placed}.items() if value is not ...}

    return {name: one(members, said.get(name, {})) for name, members in answers.items()} | laid


def counts(realm: Issuer) -> dict[str, int]:
    """How often each endpoint that is shown tokens was asked."""
    asked = realm.requests()
    names = ("introspection", "userinfo", "token_check")
    return {name: sum(n for path, n in asked.items() if path.endswith(f"/{name}")) for name in names}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_opaque_tokens(row: Row, running: Running) -> None:
    """The code, what the provider saw, and that its own failures are forgotten as soon as it is well."""
    realm, bystander = running.realm(row.of), running.issuer.realm("bystander")
    elsewhere = bystander.asked()
    twin, token = (f"{row.of}-{secrets.token_hex(20)}" for _ in range(2))
    answers = good(row.of, realm.url)
    realm.set(tokens={twin: answers, token: laid_over(answers, row.said)})
    assert running.bridge.post(twin).code is ACCEPTED, "the twin was refused"
    realm.set(fault=[fault.replace("BYSTANDER", bystander.url) for fault in row.fault])
    before = counts(realm)
    answer = running.bridge.post(token)
    assert (answer.code, answer.status) == (row.code, STATUS[row.code])
    seen = {name: count - before[name] for name, count in counts(realm).items() if count != before[name]}
    assert seen == row.asked
    assert bystander.asked() == elsewhere
    if row.fault and row.code == "provider_unavailable":
        realm.set(fault=[])
        assert running.bridge.post(token).code is ACCEPTED, "its failure was remembered"
    assert token not in json.dumps(running.bridge.lines)


@pytest.mark.parametrize(
    ("threat", "token"),
    [
        ("U06 line breaks", "introspected-x\r\nX-Admin: 1"),
        ("U06 NUL", "introspected-\0"),
        ("U06 not ASCII", "introspected-tøken"),
        ("U06 a blank", "introspected-a b"),
        ("U06 a comma", "introspected-a,b"),
        ("U06 a quote", 'introspected-a"b'),
        ("U06 a percent sign", "introspected-%0d%0a"),
        ("U06 another line", "introspected-a\u2028b"),
        ("U06 very long", "introspected-" + "a" * 20_000),
        ("U06 padding inside", "introspected-a=b"),
    ],
)
def test_what_is_no_token_is_sent_nowhere(threat: str, token: str, running: Running) -> None:
    """U06: RFC 6750's syntax only; no provider ever sees anything else."""
    realm = running.realm("introspected")
    good_one = f"introspected-{secrets.token_hex(20)}=="
    realm.set(tokens={good_one: good("introspected", realm.url)})
    assert running.bridge.post(good_one).code is ACCEPTED
    asked = running.issuer.asked()
    answer = running.bridge.post(token)
    code = "body_invalid" if "\0" in token else "token_malformed"
    assert (answer.code, answer.status) == (code, STATUS[code]), threat
    assert running.issuer.asked() == asked


def unsigned(header: str) -> str:
    """A token that nobody has signed."""
    return ".".join((base64url(header.encode()), base64url(b'{"sub":"admin"}'), "c2ln"))


@pytest.mark.parametrize(
    ("threat", "token", "code"),
    [
        ("U17 JWT-looking garbage", "eyJ.garbage", "token_malformed"),
        ("U17 an encrypted one", "eyJhbGciOiJkaXIifQ..a.b.c", "token_malformed"),
        ("U17 an unsigned JWT", unsigned('{"alg":"none"}'), "token_untrusted"),
        ("U17 with a blank first", unsigned(' {"alg":"none"}'), "token_untrusted"),
        ("U17 a member twice", unsigned(' {"alg":"none","alg":"RS256"}'), "token_malformed"),
        ("U17 nobody's look", "someone-elses-token", "token_untrusted"),
        ("U17 a part of a look", "x-unbound-1", "token_untrusted"),
        ("U17 two dots and nobody's", "some.opaque.token", "token_untrusted"),
    ],
)
def test_a_token_that_is_nobodys_is_shown_to_nobody(threat: str, token: str, code: str, running: Running) -> None:
    """U17: no guess ever falls through to an endpoint."""
    asked = running.issuer.asked()
    answer = running.bridge.post(token)
    assert answer.code == code, threat
    assert running.issuer.asked() == asked


def test_an_opaque_token_may_have_two_dots(running: Running) -> None:
    """U17: the twin: it looks like its provider's, and is no JWT to anybody."""
    realm = running.realm("unbound")
    realm.set(userinfo={"sub": "visitor-1"})
    assert running.bridge.post("unbound-a.b.c").code is ACCEPTED


def test_a_token_is_never_shown_to_another_provider(running: Running) -> None:
    """U17: each of several tokens was seen by its own provider, and by no other."""
    tokens = {of: f"{of}-{secrets.token_hex(20)}" for of in ASKED}
    realms = {of: running.realm(of) for of in ASKED}
    for of, realm in realms.items():
        realm.set(tokens={tokens[of]: good(of, realm.url)})
    assert {answer.code for answer in running.bridge.post_together(tokens.values())} == {ACCEPTED}
    for of, realm in realms.items():
        requests = [one for name in ("introspection", "userinfo", "token_check") for one in realm.recorded(name)]
        sent = json.dumps([one.as_json() for one in requests])
        assert [other for other, token in tokens.items() if token in sent] == [of]


@pytest.mark.parametrize(
    ("threat", "said", "fault", "code"),
    [
        ("U00", {"sub": "visitor-1", "name": "A"}, "", ACCEPTED),
        ("U01 another's", {"sub": "visitor-2"}, "", "token_untrusted"),
        ("U01 without sub", {"name": "A"}, "", "token_untrusted"),
        ("U03 401", {}, "userinfo_401", "token_inactive"),
        ("U03 403", {}, "userinfo_403", "token_inactive"),
    ],
)
def test_userinfo_of_a_jwt(threat: str, said: Any, fault: str, code: str | None, running: Running) -> None:
    """A JWT is asked about at its own provider only; the answer must be about its subject."""
    realm = running.realm("profile")
    realm.set(userinfo=said, fault=[fault] if fault else [])
    before = counts(realm)["userinfo"]
    answer = running.bridge.post(good_token(realm.url))
    assert (answer.code, answer.status) == (code, STATUS[code]), threat
    assert counts(realm)["userinfo"] == before + 1


REDIRECTS = ("redirect BYSTANDER/x", "redirect_307 BYSTANDER/x", "redirect_308 BYSTANDER/x")


@pytest.mark.parametrize("fault", ["500", "html", "reset", "hang", *REDIRECTS])
def test_without_userinfo_a_jwt_still_proves_its_visitor(fault: str, running: Running) -> None:
    """U10, U14: the identity is at hand, so the answer goes out without the rest, and is not remembered.

    A JWT is a bearer token like any other: it is not sent on to where a redirect points.
    """
    realm, bystander = running.realm("profile"), running.issuer.realm("bystander")
    elsewhere, token = bystander.asked(), good_token(realm.url)
    fault = f"userinfo_{fault.replace('BYSTANDER', bystander.url)}"
    realm.set(userinfo={"sub": "visitor-1", "name": "A"}, fault=[fault])
    assert running.bridge.post(token).json["data"] == {"id": "profile:visitor-1"}
    assert bystander.asked() == elsewhere
    realm.set(fault=[])
    assert running.bridge.post(token).json["data"] == {"id": "profile:visitor-1", "name": "A"}


def test_without_userinfo_an_identity_that_it_gives_is_unavailable(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U10: the provider's failure is not the visitor's, and nothing wrong is remembered."""
    realm = issuer.realm("addresses")
    profile = {"sub": "visitor-1", "email": "lan@shop.example", "email_verified": True}
    realm.set(userinfo=profile, fault="userinfo_500")
    one = {"issuer": realm.url, "audience": mint.AUDIENCE, "userinfo": {"when": "missing"}}
    bridge = start_bridge(configuration(callback=callback(identity_method="email"), providers={"p": one}))
    token = good_token(realm.url)
    assert bridge.post(token).code == "provider_unavailable"
    realm.set(fault=[])
    assert bridge.post(token).json["data"]["email"] == "lan@shop.example"
    realm.set(userinfo={"sub": "visitor-1"})
    assert bridge.post(good_token(realm.url)).code == "identity_unusable"


def test_without_userinfo_nobody_gets_another_id(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U10: where userinfo may name another id or refuse him, its silence lets nobody in under the one at hand."""
    realm = issuer.realm("numbers")
    realm.set(userinfo={"sub": "visitor-1", "customer_number": "c7"}, fault="userinfo_500")
    one = {
        "issuer": realm.url,
        "audience": mint.AUDIENCE,
        "userinfo": {"when": "always"},
        "mapping": {"id": {"first_of": [{"claim": "customer_number", "verified_by": "trusted"}, "sub"]}},
        "require": [{"not": {"claim": "blocked", "equals": True}}],
    }
    bridge = start_bridge(configuration(providers={"p": one}))
    token, known = good_token(realm.url), good_token(realm.url, customer_number="c7", blocked=False)
    unjudged, unnumbered = good_token(realm.url, customer_number="c7"), good_token(realm.url, blocked=False)
    codes = [bridge.post(each).code for each in (token, unjudged, unnumbered, known)]
    assert codes == ["provider_unavailable"] * 3 + [ACCEPTED]
    realm.set(fault=[])
    assert bridge.post(token).json["data"]["id"] == "c7"
    realm.set(userinfo={"sub": "visitor-1", "blocked": True})
    assert bridge.post(good_token(realm.url)).code == "visitor_refused"
    realm.set(userinfo={"sub": "visitor-1"})
    assert bridge.post(good_token(realm.url)).json["data"]["id"] == "visitor-1"


@pytest.mark.parametrize(
    ("threat", "answer", "fault", "code"),
    [
        ("U00", {"active": True, "sub": "visitor-1"}, "", ACCEPTED),
        ("U01 another's", {"active": True, "sub": "visitor-2"}, "", "token_untrusted"),
        ("U03 inactive", {"active": False}, "", "token_inactive"),
        ("U10 500", {"active": True}, "introspection_500", "provider_unavailable"),
        ("U10 hang", {"active": True}, "introspection_hang", "provider_unavailable"),
        *(("U14 redirect", {"active": True}, f"introspection_{fault}", "provider_unavailable") for fault in REDIRECTS),
    ],
)
def test_introspection_of_a_jwt(threat: str, answer: Any, fault: str, code: str | None, running: Running) -> None:
    """``when: always`` fails closed, at one request for each token."""
    realm, bystander = running.realm("strict"), running.issuer.realm("bystander")
    elsewhere, before = bystander.asked(), counts(realm)["introspection"]
    realm.set(introspection=answer, fault=[fault.replace("BYSTANDER", bystander.url)] if fault else [])
    claims = {"aud": ..., "azp": "web", "scope": "chat"}
    told = running.bridge.post(good_token(realm.url, **claims))
    assert (told.code, told.status) == (code, STATUS[code]), threat
    assert (counts(realm)["introspection"], bystander.asked()) == (before + 1, elsewhere)


def signed(
    url: str, key: str = "rsa", algorithm: str = "RS256", kid: str = "rsa", typ: str = "JWT", **members: Any
) -> str:
    """A signed answer of userinfo."""
    said = {"iss": url, "aud": mint.AUDIENCE, "sub": "visitor-1", "name": "A", **members}
    return mint.sign({"alg": algorithm, "kid": kid, "typ": typ}, said, None if algorithm == "none" else key)


@pytest.mark.parametrize(
    ("threat", "changes", "code"),
    [
        ("U00", {}, ACCEPTED),
        ("U01 another's", {"sub": "visitor-2"}, "token_untrusted"),
        ("U11 another's iss", {"iss": "https://login.evil.example"}, None),
        ("U11 another's aud", {"aud": "other"}, None),
        ("U11 unsigned", {"algorithm": "none"}, None),
        ("U11 another key", {"key": "rsa2"}, None),
        ("U11 another key of another name", {"key": "rsa2", "kid": "rsa2"}, None),
        ("U11 an ID token", {"nonce": "n"}, None),
        ("U11 an access token", {"scope": "openid"}, None),
        ("U11 of another typ", {"typ": "at+jwt"}, None),
        ("U11 expired", {"exp": 1}, None),
    ],
)
def test_signed_userinfo(threat: str, changes: dict[str, Any], code: str | None, running: Running) -> None:
    """U11: verified with the issuer's keys, or as if it had not answered; what it says is never used."""
    realm = running.realm("profile")
    said = signed(realm.url, **changes)
    realm.set(userinfo=said, content_types={"userinfo": "application/jwt"})
    asked = realm.asked()
    answer = running.bridge.post(good_token(realm.url))
    assert answer.code == code, threat
    assert realm.asked() == asked + 1 + ("kid" in changes), "userinfo, and the key set for a kid that nobody knows"
    if code is ACCEPTED:
        name = {"name": "A"} if threat == "U00" else {}
        assert answer.json["data"] == {"id": "profile:visitor-1", **name}


INTROSPECTION = "token-introspection+jwt"


@pytest.mark.parametrize(
    ("threat", "changes", "content_type", "code"),
    [
        ("U00 signed introspection", {}, INTROSPECTION, ACCEPTED),
        ("U03 signed introspection, inactive", {"active": False}, INTROSPECTION, "token_inactive"),
        (
            "U11 introspection by another iss",
            {"iss": "https://login.evil.example"},
            INTROSPECTION,
            "provider_unavailable",
        ),
        ("U11 introspection for another aud", {"aud": "other"}, INTROSPECTION, "provider_unavailable"),
        ("U11 introspection, unsigned", {"algorithm": "none"}, INTROSPECTION, "provider_unavailable"),
        ("U11 introspection by another key", {"key": "rsa2"}, INTROSPECTION, "provider_unavailable"),
        (
            "U11 introspection by another key of another name",
            {"key": "rsa2", "kid": "rsa2"},
            INTROSPECTION,
            "provider_unavailable",
        ),
        ("U11 introspection of another typ", {"typ": "JWT"}, INTROSPECTION, "provider_unavailable"),
        ("U11 introspection of an hour ago", {"old": 3600}, INTROSPECTION, "provider_unavailable"),
        ("U11 introspection, expired", {"exp": 1}, INTROSPECTION, "provider_unavailable"),
        ("U11 introspection under another type", {}, "jwt", "provider_unavailable"),
        ("U11 introspection, plain under its type", {"plain": True}, INTROSPECTION, "provider_unavailable"),
    ],
)
def test_signed_introspection(
    threat: str, changes: dict[str, Any], content_type: str, code: str | None, running: Running
) -> None:
    """U11: RFC 9701's answer is verified with the issuer's keys, or there is none; it is never decoded unverified."""
    realm, token = running.realm("introspected"), f"introspected-{secrets.token_hex(20)}"
    made = {
        "key": "rsa",
        "kid": "rsa",
        "algorithm": "RS256",
        "iss": realm.url,
        "aud": "bridge",
        "typ": INTROSPECTION,
        **changes,
    }
    said = {**good("introspected", realm.url)["introspection"], "active": made.get("active", True)}
    key = None if made["algorithm"] == "none" else made["key"]
    times = {"iat": int(time.time()) - made.get("old", 0), **({"exp": made["exp"]} if "exp" in made else {})}
    answer = {"iss": made["iss"], "aud": made["aud"], **times, "token_introspection": said}
    header = {"alg": made["algorithm"], "kid": made["kid"], "typ": made["typ"]}
    body = said if "plain" in made else mint.sign(header, answer, key)
    realm.set(tokens={token: {"introspection": body}}, content_types={"introspection": f"application/{content_type}"})
    asked = realm.asked()
    told = running.bridge.post(token)
    assert (told.code, told.status) == (code, STATUS[code]), threat
    assert realm.asked() == asked + 1 + ("kid" in changes), "and the key set, for a kid that nobody knows"


@pytest.mark.parametrize("fault", ["429", "429_later", "429_date", "429_negative", "429_huge", "429_garbage"])
def test_a_provider_that_limits_us_is_left_alone(fault: str, issuer: Issuer, start_bridge: StartBridge) -> None:
    """U09: one request, however many tokens come; whoever waits is told for how long, at most five minutes."""
    realm = issuer.realm("busy")
    realm.set(fault=[f"userinfo_{fault}"])
    unbound = {"userinfo": {"url": f"{realm.url}/userinfo"}, "unbound_tokens": "accept"}
    bridge = start_bridge(configuration(providers={"busy": unbound}))
    for _ in range(5):
        answer = bridge.post(secrets.token_hex(20))
        assert (answer.code, answer.status) == ("provider_busy", 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert counts(realm)["userinfo"] == 1


def test_a_flood_of_guesses_does_not_exhaust_the_provider(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U09: the provider sees what the budget allows, a fifth of it stays for who is signed in, and the log says it."""
    realm = issuer.realm("flooded")
    visitor = secrets.token_hex(20)
    realm.set(tokens={visitor: {"userinfo": {"sub": "visitor-1"}}})
    unbound = {
        "userinfo": {"url": f"{realm.url}/userinfo"},
        "unbound_tokens": "accept",
        "requests": {"rate": "1/m", "burst": 150},
    }
    config = configuration(providers={"flooded": unbound}, cache={"max_entries": 0})
    bridge = start_bridge(config)
    assert bridge.post(visitor).code is ACCEPTED
    codes: list[str | None] = []
    for _ in range(10):
        codes += [answer.code for answer in bridge.post_together(secrets.token_hex(20) for _ in range(40))]
    assert set(codes) == {"token_inactive", "provider_busy"}
    # 150, of which 30 are kept; the visitor's own was one, and a minute gives one more.
    assert 119 <= codes.count("token_inactive") <= 121
    assert [bridge.post(visitor).code for _ in range(20)] == [ACCEPTED] * 20
    assert 140 <= counts(realm)["userinfo"] <= 142
    not_made = (("endpoint", "userinfo"), ("outcome", "over_budget"), ("provider", "flooded"))
    assert bridge.metrics()["idp_bridge_exchanges_total", not_made] == codes.count("provider_busy")
    eventually(lambda: "somebody may be guessing" in json.dumps(bridge.lines))
    assert json.dumps(bridge.lines).count("somebody may be guessing") == 1


@pytest.mark.parametrize("rule", [{"not": {"claim": "blocked"}}, {"claim": "blocked", "present": False}])
def test_no_kind_of_token_goes_round_a_rule_on_userinfo(
    rule: dict[str, Any], issuer: Issuer, start_bridge: StartBridge
) -> None:
    """U17: an ID token is never sent to userinfo; what that would have said has not said yes."""
    claim = {"from": "userinfo", **rule} if "claim" in rule else {"not": {"from": "userinfo", **rule["not"]}}
    both = {"accept": ["access_token", "id_token"], "id_token_audience": ["web"]}
    trust = {"issuer": issuer.url, "audience": mint.AUDIENCE, "userinfo": {"when": "always"}, **both}
    bridge = start_bridge(configuration(providers={"shop": {**trust, "require": [claim]}}))
    bridge.wait_until_ready()
    codes = []
    for said in ({}, {"blocked": True}):
        issuer.set(userinfo={"sub": "visitor-1", **said})
        kinds = (good_token(issuer.url, jti=str(said)), good_token(issuer.url, jti=str(said), aud="web", nonce="n"))
        codes.append([bridge.post(token).code for token in kinds])
    assert codes == [[ACCEPTED, "visitor_refused"], ["visitor_refused", "visitor_refused"]]
