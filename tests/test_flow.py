"""The README's promise, end to end over sockets: a visitor's token in, CX Genie's envelope out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.bridge_process import SECRET, RunningBridge, StartBridge, callback, configuration, provider
from tests.eventually import eventually
from tests.issuer.keys import jwks, public_pem
from tests.issuer.mint import good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer

SMALLEST_FILE = """\
version: 1
callback:
  header_token: {{env: CXGENIE_HEADER_TOKEN}}   # the "Header token" typed into CX Genie
  identity_method: id                         # as selected in CX Genie: id | email | phone_number
providers:
  keycloak:
    preset: keycloak
    issuer: {issuer}
    audience: chat
server: {{host: 127.0.0.1, port: 0}}
admin: {{port: 0}}
log: {{format: json}}
mapping:
  label: {{value: Customer}}
"""
"""The smallest useful file, with ports of the system's choice and the one target that presets leave open."""

CURL = (
    b"POST / HTTP/1.1\r\n"
    b"Host: chat.shop.example\r\n"
    b"User-Agent: curl/8.5.0\r\n"
    b"Accept: */*\r\n"
    b"Authorization: %(secret)s Bearer\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: %(length)d\r\n"
    b"\r\n"
    b"%(body)s"
)
"""What CX Genie's documented call is on the wire, but for its two placeholders."""

VISITOR = {
    "typ": "Bearer",
    "name": "Nguyễn Văn A",
    "email": "sample@gmail.com",
    "email_verified": True,
    "phone_number": "+84901234567",
    "phone_number_verified": True,
    "picture": "https://shop.example/a.png",
}
SAMPLE = {
    "name": "Nguyễn Văn A",
    "phone_number": "0901234567",
    "country_code": "+84",
    "email": "sample@gmail.com",
    "avatar": "https://shop.example/a.png",
    "label": "Customer",
}
"""What they become: the six keys of the first edition's envelope."""


def curl(token: str, secret: str = SECRET) -> bytes:
    """The documented call."""
    body = b'{"access_token": "%s"}' % token.encode()
    return CURL % {b"secret": secret.encode(), b"length": len(body), b"body": body}


def test_the_documented_call(issuer: Issuer, start_bridge: StartBridge) -> None:
    """CX Genie's curl, byte for byte, gets CX Genie's envelope with the mapped user."""
    bridge = start_bridge(SMALLEST_FILE.format(issuer=issuer.url), CXGENIE_HEADER_TOKEN=SECRET)
    head, body = bridge.raw(curl(good_token(issuer.url, **VISITOR))).split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 ")
    lines = {line.lower() for line in head.split(b"\r\n")}
    assert {b"content-type: application/json", b"cache-control: no-store", b"x-content-type-options: nosniff"} <= lines
    assert json.loads(body) == {"status": True, "message": "Successfully!", "data": {"id": "visitor-1", **SAMPLE}}


def test_nothing_of_the_visitor_or_the_caller_is_logged(issuer: Issuer, start_bridge: StartBridge) -> None:
    """The log has neither header token nor token, name, address or number, whether the call went well or ill."""
    bridge = start_bridge(configuration(issuer.url))
    good, bad = good_token(issuer.url, **VISITOR), sign(good_header(), good_claims(issuer.url, **VISITOR), "rsa2")
    assert [bridge.post(token).code for token in (good, bad)] == [None, "token_invalid"]
    assert bridge.stop() == 0
    log = json.dumps(bridge.lines, ensure_ascii=False)
    assert "token_invalid" in log
    for secret in (SECRET, good, bad, good.split(".")[1], "Nguyễn", "gmail", "90123"):
        assert secret not in log


SHARED_SECRET = "a secret that the shop's server and the bridge both hold 0001"
OWN = "https://shop.example"


@pytest.fixture
def bridge(issuer: Issuer, start_bridge: StartBridge, tmp_path_factory: pytest.TempPathFactory) -> RunningBridge:
    """Three callbacks, and a provider of each kind of key."""
    file = tmp_path_factory.getbasetemp() / "jwks.json"
    file.write_text(json.dumps(jwks("ec384")))
    second = issuer.realm("second")
    second.set(jwks=jwks("ec256"))
    return start_bridge(
        {
            "version": 1,
            "callbacks": {
                "shop": callback(identity_method="id", providers=["first", "second", "own", "hmac", "file"]),
                "mail": callback(
                    path="/mail",
                    header_token=[{"env": "NEW_MAIL_TOKEN"}, {"env": "OLD_MAIL_TOKEN"}],
                    identity_method="email",
                    providers=["first"],
                ),
                "phone": callback(
                    path="/phone",
                    header_token={"env": "PHONE_TOKEN"},
                    identity_method="phone_number",
                    providers=["first"],
                    failure_status="ok",
                    mapping={"label": {"value": "By phone"}},
                ),
            },
            "providers": {
                "first": provider(issuer.url, id_prefix=""),
                "second": provider(second.url, id_prefix="second:"),
                "own": provider(OWN, id_prefix="own:", preset="signed-jwt", public_key=public_pem("ed25519")),
                "hmac": provider(
                    f"{OWN}/hmac", id_prefix="hmac:", preset="signed-jwt", secret=[{"env": "CHAT_SECRET"}]
                ),
                "file": provider("https://file.example", id_prefix="file:", jwks={"file": str(file)}),
            },
        },
        shared=True,
        **MAIL_TOKENS,
        PHONE_TOKEN=PHONE_TOKEN,
        CHAT_SECRET=SHARED_SECRET,
    )


MAIL_TOKENS = {"NEW_MAIL_TOKEN": "5d2c-new-mail-0123456789", "OLD_MAIL_TOKEN": "5d2c-old-mail-0123456789"}
PHONE_TOKEN = "77aa-phone-0123456789"


def of_shop(claims: Mapping[str, Any], key: str | bytes, algorithm: str, kid: str | None = None) -> str:
    """A token that the shop's own server signed."""
    return sign(good_header(algorithm, kid), claims, key)


def test_each_token_goes_to_the_provider_of_its_issuer(bridge: RunningBridge, issuer: Issuer) -> None:
    """Discovery, a public key, a shared secret and a key set in a file, side by side; each id has its prefix."""
    tokens = {
        "visitor-1": good_token(issuer.url),
        "second:visitor-1": of_shop(good_claims(f"{issuer.url}/second"), "ec256", "ES256", "ec256"),
        "own:visitor-1": of_shop(good_claims(OWN), "ed25519", "Ed25519"),
        "hmac:visitor-1": of_shop(good_claims(f"{OWN}/hmac"), SHARED_SECRET.encode(), "HS256"),
        "file:visitor-1": of_shop(good_claims("https://file.example"), "ec384", "ES384", "ec384"),
    }
    assert {bridge.post(token).json["data"]["id"]: token for token in tokens.values()} == tokens


@pytest.mark.parametrize(
    ("claims_of", "key", "algorithm"),
    [
        pytest.param(OWN, SHARED_SECRET.encode(), "HS256", id="the shared secret for the public key's issuer"),
        pytest.param(f"{OWN}/hmac", "ed25519", "Ed25519", id="the private key for the shared secret's issuer"),
        pytest.param(f"{OWN}/hmac", public_pem("ed25519").encode(), "HS256", id="the public key as a secret"),
        pytest.param(OWN, public_pem("ed25519").encode(), "HS256", id="the public key as its own secret"),
        pytest.param(f"{OWN}/hmac", SHARED_SECRET.encode() + b" ", "HS256", id="almost the shared secret"),
        pytest.param(f"{OWN}/hmac", SHARED_SECRET.encode(), "HS384", id="the shared secret by another algorithm"),
        pytest.param("https://file.example", SHARED_SECRET.encode(), "HS256", id="the shared secret for a key set"),
    ],
)
def test_a_key_of_one_provider_is_nothing_to_another(
    bridge: RunningBridge, claims_of: str, key: str | bytes, algorithm: str
) -> None:
    """HS256 is taken by an explicit secret only, and each provider's keys and algorithms are its own."""
    assert bridge.post(of_shop(good_claims(claims_of), key, algorithm)).code == "token_invalid"


def test_each_callback_has_its_own_secrets(bridge: RunningBridge, issuer: Issuer) -> None:
    """A header token opens its own callback only; while rotating, both of a callback's do."""
    token = good_token(issuer.url, **VISITOR)
    secrets = {"/": [SECRET], "/mail": list(MAIL_TOKENS.values()), "/phone": [PHONE_TOKEN]}
    for path in secrets:
        for owner, owned in secrets.items():
            for secret in owned:
                code = bridge.post(token, path=path, authorization=f"{secret} Bearer").code
                assert code == (None if owner == path else "caller_unauthorized")


def test_each_callback_answers_by_its_own_settings(bridge: RunningBridge, issuer: Issuer) -> None:
    """The same token: by id, by e-mail, by phone number; one callback's answer is never another's."""
    token = good_token(issuer.url, **VISITOR)
    answers = {
        path: bridge.post(token, path=path, authorization=f"{secret} Bearer").json["data"]
        for path, secret in (("/", SECRET), ("/mail", MAIL_TOKENS["NEW_MAIL_TOKEN"]), ("/phone", PHONE_TOKEN))
    }
    plain = {name: value for name, value in SAMPLE.items() if name != "label"}
    assert answers == {"/": {"id": "visitor-1", **plain}, "/mail": plain, "/phone": {**plain, "label": "By phone"}}


def test_a_callback_takes_its_own_providers_only(bridge: RunningBridge) -> None:
    """A good token of a provider that another callback has is untrusted here."""
    token = of_shop(good_claims(OWN, **VISITOR), "ed25519", "Ed25519")
    assert bridge.post(token).code is None
    mail = bridge.post(token, path="/mail", authorization=f"{MAIL_TOKENS['NEW_MAIL_TOKEN']} Bearer")
    assert mail.code == "token_untrusted"


def test_an_unproven_address_is_left_out(bridge: RunningBridge, issuer: Issuer) -> None:
    """An unverified e-mail is no fault where visitors are told apart by id."""
    data = bridge.post(good_token(issuer.url, **VISITOR | {"email_verified": False})).json["data"]
    assert data["id"] == "visitor-1"
    assert "email" not in data


def test_an_unproven_identity_is_refused(bridge: RunningBridge, issuer: Issuer) -> None:
    """Where they are told apart by e-mail, it is; and with ``failure_status: ok`` only the body says so."""
    unproven = good_token(issuer.url, **VISITOR | {"email_verified": False, "phone_number_verified": False})
    mail = bridge.post(unproven, path="/mail", authorization=f"{MAIL_TOKENS['OLD_MAIL_TOKEN']} Bearer")
    phone = bridge.post(unproven, path="/phone", authorization=f"{PHONE_TOKEN} Bearer")
    assert [(answer.status, answer.code) for answer in (mail, phone)] == [
        (403, "identity_unusable"),
        (200, "identity_unusable"),
    ]


@pytest.mark.parametrize("token", [..., "", "undefined", "null"])
def test_a_guest_is_no_user(token: Any, bridge: RunningBridge) -> None:
    """A page without a token gets no shared guest user."""
    answer = bridge.post(token)
    assert (answer.status, answer.code) == (401, "token_missing")
    assert "data" not in answer.json


def test_an_operators_own_words_and_forms(issuer: Issuer, start_bridge: StartBridge) -> None:
    """What a callback says of guests, of failures, of values that are not there and of numbers is what goes out."""
    own = callback(
        anonymous={"status": 403, "message": "Đăng nhập để trò chuyện."},
        messages={"token_invalid": "Hãy đăng nhập lại."},
        absent="as_null",
        phone_format="e164",
    )
    bridge = start_bridge(configuration(issuer.url, callback=own))
    guest = bridge.post("undefined")
    assert (guest.status, guest.code, guest.json["message"]) == (403, "token_missing", "Đăng nhập để trò chuyện.")
    forged = bridge.post(sign(good_header(), good_claims(issuer.url), "rsa2"))
    assert (forged.status, forged.code, forged.json["message"]) == (401, "token_invalid", "Hãy đăng nhập lại.")
    stranger = bridge.post("undefined", authorization=None)
    assert stranger.code == "caller_unauthorized"
    assert bridge.post(good_token(issuer.url, phone_number="+84901234567", phone_number_verified=True)).json[
        "data"
    ] == {
        "id": "visitor-1",
        "name": None,
        "phone_number": "+84901234567",
        "country_code": "+84",
        "email": None,
        "avatar": None,
        "label": None,
    }


def test_what_the_page_forgot_is_in_the_log(issuer: Issuer, start_bridge: StartBridge) -> None:
    """A token that came through an address unencoded is refused and never repaired; the log says what to write."""
    bridge = start_bridge(configuration(issuer.url), shared=True)
    refused = bridge.post(good_token(issuer.url).replace(".", "%2E"))
    assert refused.code == "token_malformed"
    hint = {"request_id": refused.json["request_id"], "hint": "the page must write encodeURIComponent(token)"}
    eventually(lambda: any(hint.items() <= line.items() for line in bridge.events("callback")))


def test_the_paths_are_exact(bridge: RunningBridge, issuer: Issuer) -> None:
    """Another path is not found, and another method is told which is allowed."""
    assert bridge.post(good_token(issuer.url), path="/staff").status == 404
    assert bridge.post(good_token(issuer.url), path="/mail/").status == 404
    answer = bridge.get("/mail", authorization=f"{MAIL_TOKENS['NEW_MAIL_TOKEN']} Bearer")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_new_key_needs_no_restart(issuer: Issuer, start_bridge: StartBridge) -> None:
    """The provider rotates its keys: the first token of the new one is accepted, for one fetch."""
    realm = issuer.realm("rotating")
    bridge = start_bridge(configuration(realm.url))
    bridge.wait_until_ready()
    realm.set(jwks=jwks("rsa2"))
    fetches = realm.fetches()
    assert bridge.post(sign(good_header(kid="rsa2"), good_claims(realm.url), "rsa2")).code is None
    assert realm.fetches() == fetches + 1


def test_a_bridge_without_its_secret_does_not_start(issuer: Issuer, start_bridge: StartBridge) -> None:
    """A missing variable is named, and nothing listens."""
    config = configuration(issuer.url, callback=callback(header_token={"env": "NOT_SET_ANYWHERE"}))
    with pytest.raises(RuntimeError, match="NOT_SET_ANYWHERE"):
        start_bridge(config)
