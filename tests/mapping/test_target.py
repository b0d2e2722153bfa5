"""Each field's rules."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.target import avatar_rule, email_address, id_rule, one_line
from tests.mapping.json_values import texts

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nguyễn Văn A", "Nguyễn Văn A"),
        (unicodedata.normalize("NFD", "Nguyễn"), "Nguyễn"),
        ("  Ann \t Lee\r\n", "Ann Lee"),
        ("Ann\nLee", "Ann Lee"),
        ("Ann\u2028Lee\u2029X\x85Y\vZ", "Ann Lee X Y Z"),
        ("a\x00b\x1b[31mc\x7f\x9f", "ab[31mc"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u061cf\u200eg\u206fh\U000e0041i", "abcdefghi"),
        ("a\ud800b", "ab"),
        ("e\u200b\u0301", "é"),
        (FAMILY, FAMILY),
        ("क्\u200dष", "क्\u200dष"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627", "\u0645\u06cc\u200c\u062e\u0648\u0627"),
        ("<img onerror=x> {{7*7}} ${jndi:ldap}", "<img onerror=x> {{7*7}} ${jndi:ldap}"),
        ("\u200b\u202e", None),
        ("\u200d", None),
        ("x" * 300, "x" * 255),
        ("x" * 254 + " yy", "x" * 254),
        ("x" * 254 + "e\u0323\u0306" + "tail", "x" * 254),
        ("x" * 253 + FAMILY + "tail", "x" * 253),
        ("x" * 254 + "\U0001f1fb\U0001f1f3" + "tail", "x" * 254),
        ("x" * 253 + "\U0001f1fb\U0001f1f3" + "tail", "x" * 253 + "\U0001f1fb\U0001f1f3"),
        ("x" * 254 + "\U0001f44d\U0001f3fd" + "tail", "x" * 254),
        ("a" + "\u0301\u0316" * 5000, None),
    ],
)
def test_one_line(text: str, expected: str | None) -> None:
    """One line in NFC, without what steers or hides text; joiners stay; cut at 255, between characters (M03)."""
    if expected is None and text.startswith("a"):
        assert len(one_line(text) or "") == 255
    else:
        assert one_line(text) == expected


@given(st.one_of(texts, st.text(max_size=400)))
def test_one_line_is_settled(text: str) -> None:
    """What a name has become is a name that stays as it is."""
    line = one_line(text)
    if line is not None:
        assert one_line(line) == line
        assert len(line) <= 255
        line.encode()


@pytest.mark.parametrize(
    "text",
    [
        "ann@shop.example", "Ann.Lee@Shop.Example", "a+tag@shop.example", "o'neil@shop.example", "a@b.c",
        "a@xn--80ak6aa92e.com",
        "!#$%&'*+-/=?^_`{|}~@shop.example", "a" * 64 + "@shop.example", "a@" + "b" * 63 + ".example", "1@1.example",
        "a@1.2.c3",
        "a@" + ("b" * 61 + ".") * 4 + "example"[:4],
    ],
)  # fmt: skip
def test_email(text: str) -> None:
    """A dot-atom and a host name with a dot, exactly as it came."""
    assert email_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "ann", "@shop.example", "ann@", "ann@localhost", "ann@shop..example", "ann@.example", "ann@shop.example.",
        "a@@b.c",
        "a@b@shop.example", ".a@shop.example", "a.@shop.example", "a..b@shop.example", '"a b"@shop.example',
        "a b@shop.example",
        " ann@shop.example", "ann@shop.example\n", "ann@shop.example\x00", "Ann <ann@shop.example>",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1", "ann@-shop.example", "ann@shop-.example", "ann@shop_x.example", "ann\uff20shop.example",
        "ann@shop.exämple",
        "änn@shop.example", "adm\u0131n@shop.example", "a@shop.example,b@shop.example", "a" * 65 + "@shop.example",
        "a@" + "b" * 64 + ".example", "a@" + ("b" * 62 + ".") * 4 + "example", "a@shop.example\u202e",
    ],
)  # fmt: skip
def test_no_email(text: str) -> None:
    """Anything else is absent: nothing is trimmed, folded or repaired into somebody's address (C31)."""
    assert email_address(text) is None


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("u1", True), ("auth0|5f7c8ec7c33c6c004bbafe82", True), ("Ünï", True), ("a b", True), ("0", True),
        ("x" * 251, True),
        ("x" * 252, False), (" u1", False), ("u1 ", False), ("u1\u00a0", False), ("u\n1", False), ("u\x001", False),
        ("u\u200b1", False), ("u\u200d1", False), ("u\u202e1", False), ("u\ufeff1", False), ("u\u00ad1", False),
        ("u\u20281", False), ("u\ud8001", False), ("u\U000e00411", False), ("u\ufe0f1", False), ("u\u31641", False),
    ],
)  # fmt: skip
def test_id(text: str, accepted: bool) -> None:
    """Exactly as it came behind the prefix, or nothing: never trimmed, folded or cut (C25)."""
    assert id_rule("kc: ")(text) == ("kc: " + text if accepted else None)


@pytest.mark.parametrize(
    ("prefix", "others", "text", "accepted"),
    [
        ("", ("own:",), "own:1", False),
        ("", ("own:",), "Own:1", True),
        ("a:", ("a:b:",), "b:1", False),
        ("a:", ("a:b:",), "c:1", True),
        ("a:b:", ("a:",), "1", True),
        ("a:", ("", "a:"), "1", True),
    ],
)
def test_id_of_another_provider(prefix: str, others: tuple[str, ...], text: str, accepted: bool) -> None:
    """An id that begins with another provider's prefix is that provider's to give (C26)."""
    assert id_rule(prefix, others)(text) == (prefix + text if accepted else None)


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.shop.example/a.png", "https://cdn.shop.example", "https://CDN.shop.example:8443/a?b=c&d=%20#e",
        "https://cdn.shop.example:65535/a",
        "HTTPS://cdn.shop.example/a.png", "https://169.254.169.254/a.png", "https://[2001:db8::1]/a.png",
        "https://s.gravatar.com/avatar/0?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fan.png",
        "https://shop.example/" + "a" * 2027, "https://shop.example/@ann",
    ],
)  # fmt: skip
def test_avatar(text: str) -> None:
    """An absolute https address, as it came."""
    assert avatar_rule()(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://shop.example/a.png", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
        "//shop.example/a.png",
        "/a.png", "a.png", "ftp://shop.example/a", "https:shop.example", "https:/shop.example/a", "https:///a.png",
        "https://",
        "https://good.example@evil.example/a", "https://u:p@shop.example/a", "https://shop.example\\@evil.example/a",
        " https://shop.example/a", "https://shop.example/a b", "https://shop.example/a\n",
        "https://shop.example/\r\nX: y",
        'https://shop.example/"onerror="x', "https://shop.example/<script>", "https://shop.example/ảnh.png",
        "https://shop.example/" + "a" * 2028, "https://shop.example:port/a", "https://shop.example:65536/a",
        "https://shop example/a",
        "https://%73hop.example/a",
    ],
)  # fmt: skip
def test_no_avatar(text: str) -> None:
    """Other schemes, credentials and what could break out of an attribute are absent (M07)."""
    assert avatar_rule()(text) is None


def test_avatar_schemes() -> None:
    """schemes: widens, upgrade: makes https of http."""
    assert avatar_rule(("https", "http"))("http://shop.example/a") == "http://shop.example/a"
    assert avatar_rule(("http",))("https://shop.example/a") is None
    assert avatar_rule(upgrade=True)("http://shop.example/a") == "https://shop.example/a"
    assert avatar_rule(upgrade=True)("http://shop.example:80/a:80") == "https://shop.example/a:80"
    assert avatar_rule(upgrade=True)("http://shop.example:8080/a") == "https://shop.example:8080/a"
    assert avatar_rule(upgrade=True)("ftp://shop.example/a") is None
    assert avatar_rule(upgrade=True)("http://shop.example/" + "a" * 2028) is None


@given(texts)
def test_any_text(text: str) -> None:
    """No text makes a rule fail, and what is not rewritten is exactly what came."""
    assert email_address(text) in (text, None)
    assert avatar_rule()(text) in (text, None)
    assert id_rule("")(text) in (text, None)
