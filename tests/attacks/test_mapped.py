"""Attacks by what verified claims hold: a running bridge gives a field exactly what it may have, or leaves it out.

The token is good in every row. What its visitor could write into his profile never becomes another field, another
visitor, or more than text.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.bridge_process import RunningBridge, configuration, provider
from tests.issuer import mint
from tests.issuer.process import Issuer, IssuerProcess

NAMESPACED = "https://shop.example/label"
MAPPING = {
    "name": {"first_of": ["name", {"template": "{given_name} {family_name}"}, "nickname"]},
    "label": {
        "first_of": [
            {"lookup": "roles", "table": {"vip": "VIP", "staff": "Staff"}},
            NAMESPACED,
            {"claim": ["realm_access", "tier"]},
            {"value": "Customer"},
        ]
    },
}
PROVEN = {"phone_number_verified": True}


def phone(country: str, national: str) -> dict[str, str]:
    """The two parts that CX Genie takes."""
    return {"country_code": country, "phone_number": national}


ROWS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "M00 the baseline": (
        {"name": "Nguyễn Văn An", "picture": "https://a.example/b.png", "phone_number": "+84901234567", **PROVEN},
        {"name": "Nguyễn Văn An", "avatar": "https://a.example/b.png", **phone("+84", "0901234567")},
    ),
    "M01 a list": ({"name": ["a"]}, {}),
    "M01 an object": ({"name": {"en": "An"}}, {}),
    "M01 a flag": ({"name": True}, {}),
    "M01 null": ({"name": None, "nickname": "An"}, {"name": "An"}),
    "M01 blank": ({"name": " \t", "nickname": "An"}, {"name": "An"}),
    "M01 a template of both": ({"given_name": "An", "family_name": "Lê"}, {"name": "An Lê"}),
    "M01 a template with one missing": ({"given_name": "An", "family_name": None, "nickname": "N"}, {"name": "N"}),
    "M03 control characters": ({"name": "A\x00\r\n\x1b[2Jn\u2028\x08!"}, {"name": "A [2Jn !"}),
    "M03 longer than a name may be": ({"name": "ễ" * 300}, {"name": "ễ" * 255}),
    "M03 HTML": ({"name": "<img onerror=x>"}, {"name": "<img onerror=x>"}),
    "M03 template text": ({"name": "{given_name}{{7*7}}${jndi:x}"}, {"name": "{given_name}{{7*7}}${jndi:x}"}),
    "M03 template text in a template": ({"given_name": "{{7*7}}", "family_name": "{sub}"}, {"name": "{{7*7}} {sub}"}),
    "M07 javascript": ({"picture": "javascript:alert(1)"}, {}),
    "M07 data": ({"picture": "data:text/html,x"}, {}),
    "M07 file": ({"picture": "file:///etc/passwd"}, {}),
    "M07 another scheme's address": ({"picture": "//evil.example/a"}, {}),
    "M07 http": ({"picture": "http://a.example/b.png"}, {}),
    "M07 credentials": ({"picture": "https://good@evil.example/a"}, {}),
    "M07 a line break": ({"picture": "https://a.example/\r\nX: y"}, {}),
    "M07 out of an attribute": ({"picture": 'https://a.example/"onerror="x'}, {}),
    "M09 tel with extension": ({"phone_number": "tel:+84901234567;ext=5", **PROVEN}, phone("+84", "0901234567")),
    "M09 a trunk prefix in brackets": ({"phone_number": "+84 (0) 90 123 4567", **PROVEN}, phone("+84", "0901234567")),
    "M09 national": ({"phone_number": "0901234567", **PROVEN}, {}),
    "M09 letters": ({"phone_number": "+84 90 CALL NOW", **PROVEN}, {}),
    "M09 full-width digits": ({"phone_number": "+84９０１２３４５６７", **PROVEN}, {}),  # noqa: RUF001 -- they are the point
    "M09 Arabic digits": ({"phone_number": "+٨٤٩٠١٢٣٤٥٦٧", **PROVEN}, {}),
    "M09 forty digits": ({"phone_number": "+84" + "9" * 40, **PROVEN}, {}),
    "M09 Jersey and not Britain": ({"phone_number": "+447797712345", **PROVEN}, phone("+44", "07797712345")),
    "M09 Kazakhstan and not Russia": ({"phone_number": "+77712345678", **PROVEN}, phone("+7", "87712345678")),
    "M12 a list of roles": ({"roles": ["user", "vip"]}, {"label": "VIP"}),
    "M12 roles of nobody": ({"roles": ["owner"]}, {}),
    "M12 an object": ({"roles": {"vip": True}}, {}),
    "M12 a flag": ({"roles": True}, {}),
    "M13 an address for a name": ({NAMESPACED: "Gold"}, {"label": "Gold"}),
    "M13 a path": ({"realm_access": {"tier": "Silver"}}, {"label": "Silver"}),
    "M13 the path as one name": ({"realm_access.tier": "Silver"}, {}),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    """An issuer that is nobody else's, so that requests count."""
    with IssuerProcess() as process:
        yield process


@pytest.fixture(scope="module")
def bridge(running: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBridge]:
    """One for every row."""
    config = configuration(providers={"shop": provider(running.url, mapping=MAPPING)})
    with RunningBridge(config, tmp_path_factory.mktemp("mapped"), {}) as started:
        started.wait_until_ready()
        yield started


@pytest.mark.parametrize("row", ROWS)
def test_what_a_field_is_given(row: str, running: Issuer, bridge: RunningBridge) -> None:
    """The whole of ``data``, so that nothing of a claim turns up elsewhere; and nobody is asked for anything."""
    claims, expected = ROWS[row]
    asked = running.asked()
    answer = bridge.post(mint.good_token(running.url, **claims))
    assert answer.json["data"] == {"id": "visitor-1", "label": "Customer", **expected}
    assert running.asked() == asked


def test_a_pictures_address_is_never_asked(running: Issuer, bridge: RunningBridge) -> None:
    """M07 an address of a private network: it goes out as text, and no request goes there."""
    asked, inside = running.asked(), "https://169.254.169.254/latest/meta-data"
    answer = bridge.post(mint.good_token(running.url, picture=inside))
    assert answer.json["data"]["avatar"] == inside
    mirrored = running.url.replace("http://", "https://") + "/picture"
    assert bridge.post(mint.good_token(running.url, picture=mirrored)).json["data"]["avatar"] == mirrored
    assert running.asked() == asked
