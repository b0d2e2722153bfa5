"""bridge/contract/response.py: what CX Genie is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import errors
from bridge.chat_user import ChatUser, Phone
from bridge.contract.response import MESSAGES, RETRY_AFTER, STATUS, Answer, Responses, refusal
from bridge.contract.settings import CallbackSettings
from bridge.errors import BridgeError, IdentityUnusable
from tests.contract.vectors import CALLBACKS, REQUEST_ID, Callback
from tests.contract_failures import CONTRACT

PHONE = Phone("+84", "0901234567", "901234567")
USER = ChatUser("u1", "Nguyễn Văn A", "a@shop.example", PHONE, "https://shop.example/a.png", "VIP")
FIRST_EDITION = ["name", "phone_number", "country_code", "email", "avatar", "label"]


def settings(**written: Any) -> CallbackSettings:
    """A callback's settings as the loader builds them."""
    return CallbackSettings.model_validate({"header_token": "k3J9-vq_8ZrT2mXw5Lh0", **written})


def data(user: ChatUser, **written: Any) -> dict[str, Any]:
    """``data`` of the answer for a chat user, its keys in the order in which they are sent."""
    answer: dict[str, Any] = json.loads(Responses(settings(**written)).success(user).body)
    found: dict[str, Any] = answer["data"]
    return found


def error_classes(root: type[BridgeError] = BridgeError) -> Iterator[type[BridgeError]]:
    """Every class of bridge/errors.py that has a code."""
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            if "code" in vars(child):
                yield child
            yield from error_classes(child)


ERRORS = {error.code: error for error in error_classes()}


def test_every_error_has_a_status_and_a_text() -> None:
    """The table, the tree of errors and CONTRACT.md name the same codes."""
    assert STATUS.keys() == MESSAGES.keys() == ERRORS.keys() == CONTRACT.keys()


@pytest.mark.parametrize(("code", "status"), CONTRACT.items(), ids=CONTRACT)
def test_the_failures_of_the_contract(code: str, status: int) -> None:
    """Each row: its status, its one fixed text, the envelope, and nothing of detail or hint."""
    error = ERRORS[code]("SECRET DETAIL", hint="SECRET HINT")
    for answer in (refusal(error, REQUEST_ID), Responses(settings()).failure(error, REQUEST_ID)):
        assert answer.status == status
        assert list(json.loads(answer.body).items()) == [
            ("status", False),
            ("message", MESSAGES[code]),
            ("code", code),
            ("request_id", REQUEST_ID),
        ]


@pytest.mark.parametrize("code", CONTRACT)
def test_the_headers_of_a_failure(code: str) -> None:
    """JSON, never stored, never sniffed; a challenge with 401, a time with 429 and 503; nothing else, so no CORS."""
    answer = refusal(ERRORS[code](), REQUEST_ID)
    expected = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(answer.body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.status == 401:
        expected.append((b"www-authenticate", b"Bearer"))
    if answer.status in (429, 503):
        expected.append((b"retry-after", b"%d" % RETRY_AFTER))
    assert list(answer.headers) == expected


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, RETRY_AFTER),
        (0, 1),
        (-5.0, 1),
        (0.2, 1),
        (1.0, 1),
        (1.2, 2),
        (30, 30),
        (1e12, 3600),
        (float("inf"), 3600),
        (float("-inf"), 1),
        (float("nan"), RETRY_AFTER),
    ],
)
@pytest.mark.parametrize("code", ["provider_busy", "provider_unavailable", "overloaded", "too_many_failed_calls"])
def test_retry_after_is_whole_seconds_within_reason(code: str, seconds: float | None, written: int) -> None:
    """RFC 9110 section 10.2.3: rounded up, never zero, never what a provider made up (U09)."""
    answer = refusal(ERRORS[code](retry_after=seconds), REQUEST_ID)
    assert dict(answer.headers)[b"retry-after"] == str(written).encode()


@pytest.mark.parametrize("code", CONTRACT)
def test_failure_status_ok_is_for_authorised_callers(code: str) -> None:
    """HTTP 200 with the same body for them, guests included; everybody else keeps the status."""
    responses = Responses(settings(failure_status="ok", anonymous={"status": 403}))
    error = ERRORS[code](retry_after=9)
    answer = responses.failure(error, REQUEST_ID)
    assert answer.status == 200
    assert answer.body == refusal(error, REQUEST_ID).body
    assert not {b"retry-after", b"www-authenticate"} & dict(answer.headers).keys()
    assert refusal(error, REQUEST_ID).status == STATUS[code]


def test_guests_get_the_operators_answer() -> None:
    """``anonymous`` sets status and text of token_missing and of nothing else."""
    responses = Responses(settings(anonymous={"status": 403, "message": "Đăng nhập để trò chuyện."}))
    guest = responses.failure(errors.TokenMissing(), REQUEST_ID)
    assert (guest.status, json.loads(guest.body)["message"]) == (403, "Đăng nhập để trò chuyện.")
    expired = responses.failure(errors.TokenExpired(), REQUEST_ID)
    assert (expired.status, json.loads(expired.body)["message"]) == (401, MESSAGES["token_expired"])


def test_texts_can_be_set_by_code() -> None:
    """``messages`` lies over the fixed texts, code by code; strangers get the fixed ones."""
    responses = Responses(settings(messages={"token_expired": "Hết phiên.", "token_missing": "Xin chào."}))
    for code, text in {
        "token_expired": "Hết phiên.",
        "token_missing": "Xin chào.",
        "overloaded": MESSAGES["overloaded"],
    }.items():
        error = ERRORS[code]()
        assert json.loads(responses.failure(error, REQUEST_ID).body)["message"] == text
        assert json.loads(refusal(error, REQUEST_ID).body)["message"] == MESSAGES[code]


def test_the_text_of_the_rule_that_refused() -> None:
    """It is nearer to the visitor than its code's, but its status, code and the answer to strangers stay."""
    responses = Responses(settings(messages={"visitor_refused": "Not you."}))
    error = ERRORS["visitor_refused"]("plan equals: no", message="Members only.")
    answer = responses.failure(error, REQUEST_ID)
    assert (answer.status, json.loads(answer.body)["message"], json.loads(answer.body)["code"]) == (
        403,
        "Members only.",
        "visitor_refused",
    )
    assert json.loads(responses.failure(ERRORS["visitor_refused"](), REQUEST_ID).body)["message"] == "Not you."
    assert json.loads(refusal(error, REQUEST_ID).body)["message"] == MESSAGES["visitor_refused"]


@pytest.mark.parametrize("code", CONTRACT)
def test_texts_are_fit_for_visitors(code: str) -> None:
    """H27: one plain sentence or two, no word of how we work."""
    text = MESSAGES[code]
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text) < 100
    assert not {"claim", "jwt", "jwks", "issuer", "audience", "signature", "key", "secret", "exception"} & set(
        text.lower().split()
    )


def test_the_answer_is_the_vendors() -> None:
    """Envelope and order of the vendor's example; UTF-8 as it is; the headers of the contract."""
    body = (
        '{"status":true,"message":"Successfully!","data":{"name":"Nguyễn Văn A","phone_number":"0901234567",'
        '"country_code":"+84","email":"a@shop.example","avatar":"https://shop.example/a.png","label":"VIP"}}'
    ).encode()
    headers = (
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    assert Responses(settings(identity_method="email")).success(USER) == Answer(200, body, headers)


@pytest.mark.parametrize(
    ("identity_method", "sends_id", "keys"),
    [
        ("id", False, ["id", *FIRST_EDITION]),
        ("id", True, ["id", *FIRST_EDITION]),
        ("email", False, FIRST_EDITION),
        ("email", True, ["id", *FIRST_EDITION]),
        ("phone_number", False, FIRST_EDITION),
        ("phone_number", True, ["id", *FIRST_EDITION]),
    ],
)
def test_id_is_sent_where_it_is_wanted(identity_method: str, sends_id: bool, keys: list[str]) -> None:
    """It is the identity method, or the operator's own mapping names it; otherwise the first edition's six keys."""
    user = ChatUser("u1", "A", "a@shop.example", PHONE, "https://shop.example/a.png", "VIP", sends_id=sends_id)
    assert list(data(user, identity_method=identity_method)) == keys


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ("omit", {"id": "u1"}),
        ("as_null", {"id": "u1", **dict.fromkeys(FIRST_EDITION)}),
        ("as_empty", {"id": "u1", **dict.fromkeys(FIRST_EDITION, "")}),
    ],
)
@pytest.mark.parametrize("nothing", [None, ""])
def test_what_becomes_of_absent_values(absent: str, expected: dict[str, Any], nothing: str | None) -> None:
    """``absent``: left out, null or empty; an empty value is an absent one, it would blank what an agent typed in."""
    assert data(ChatUser("u1", name=nothing, email=nothing, avatar=nothing, label=nothing), absent=absent) == expected


@pytest.mark.parametrize("absent", ["omit", "as_null", "as_empty"])
def test_what_is_there_is_sent_whatever_absent_says(absent: str) -> None:
    """``absent`` touches nothing that the mapping gives."""
    assert data(USER, absent=absent) == data(USER)


@pytest.mark.parametrize(
    ("phone_format", "number"), [("national", "0901234567"), ("without_trunk", "901234567"), ("e164", "+84901234567")]
)
def test_phone_formats(phone_format: str, number: str) -> None:
    """``phone_format`` shapes phone_number; country_code stands beside it in each."""
    sent = data(USER, phone_format=phone_format)
    assert (sent["phone_number"], sent["country_code"]) == (number, "+84")


@pytest.mark.parametrize("absent", ["omit", "as_null", "as_empty"])
@pytest.mark.parametrize(
    ("identity_method", "user"),
    [
        ("id", ChatUser(None, "A", "a@shop.example", PHONE)),
        ("id", ChatUser("", "A", "a@shop.example", PHONE)),
        ("email", ChatUser("u1", "A", None, PHONE, sends_id=True)),
        ("email", ChatUser("u1", "A", "", PHONE)),
        ("phone_number", ChatUser("u1", "A", "a@shop.example", None)),
    ],
)
def test_nobody_is_never_an_answer(identity_method: str, user: ChatUser, absent: str) -> None:
    """M19: without the identity field the callback fails, or one chat user would be everybody."""
    with pytest.raises(IdentityUnusable) as refused:
        Responses(settings(identity_method=identity_method, absent=absent)).success(user)
    assert "a@shop.example" not in refused.value.detail


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT, TEXT)
def test_every_text_survives_the_envelope(name: str, label: str, identity: str) -> None:
    """Quotes, controls, any script: JSON that reads back as what the mapping gave, its length told in bytes."""
    answer = Responses(settings()).success(ChatUser(f"u{identity}", name, label=label))
    expected = {"id": f"u{identity}", "name": name, "label": label}
    assert json.loads(answer.body)["data"] == {key: value for key, value in expected.items() if value}
    assert dict(answer.headers)[b"content-length"] == str(len(answer.body)).encode()


@pytest.mark.parametrize("callback", CALLBACKS, ids=lambda callback: callback.name)
def test_the_vendors_answers(callback: Callback) -> None:
    """Each vector's answer, keys in order: the vendor's example for a user, our envelope for a failure."""
    callback_settings = CallbackSettings.model_validate(callback.callback)
    assert not list(callback_settings.problems())
    responses = Responses(callback_settings)
    if callback.chat_user is not None:
        phone = callback.chat_user.pop("phone", None)
        answer = responses.success(ChatUser(**callback.chat_user, phone=Phone(*phone) if phone else None))
    else:
        error = ERRORS[callback.answer["code"]]()
        answer = (refusal if error.code == "caller_unauthorized" else responses.failure)(error, REQUEST_ID)
    assert answer.status == callback.status
    assert json.dumps(json.loads(answer.body)) == json.dumps(callback.answer)
