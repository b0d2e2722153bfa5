"""What the file takes from outside: variables, files, secrets."""

import os
from pathlib import Path

import pytest

from tests.config.files import ENVIRONMENT, GOOD, OTHER_SECRET, SECRET, faulty, lines, problems, read

TOKEN = "header_token: {env: HEADER_TOKEN}"
PEM_FILE = "jwks: {refresh: 10m, file: keys.json}"


def test_a_reference_is_what_it_leads_to(tmp_path: Path) -> None:
    """A variable, a file without its trailing newline, one of each in a list; an optional one that is not there."""
    (tmp_path / "token").write_text(OTHER_SECRET + "\n")
    text = faulty(TOKEN, "header_token: [{env: HEADER_TOKEN}, {file: none, optional: true}, {file: extra}]")
    (tmp_path / "extra").write_text("another-secret-of-this-test\r\n")
    text = text.replace("[{env: STAFF_TOKEN}]", "{file: token}")
    shop, staff = read(text, base=tmp_path).model.callbacks
    assert [secret.get_secret_value() for secret in shop.settings.header_token] == [
        SECRET,
        "another-secret-of-this-test",
    ]
    assert [secret.get_secret_value() for secret in staff.settings.header_token] == [OTHER_SECRET]


def test_text_from_outside_becomes_what_is_due() -> None:
    """A number, true and false, a duration, a choice; and a list may hold references."""
    text = faulty("port: 8080", "port: {env: PORT}").replace("deadline: 4s", "deadline: {env: TIME}")
    text = text.replace(
        "issuer: https://staff.shop.example", "issuer: http://10.0.0.1\n    http: {insecure: {env: YES}}"
    )
    text = text.replace("audience: [chat, staff]", "audience: [chat, {env: AUDIENCE}]")
    text = text.replace("identity_method: id", "identity_method: {env: METHOD}")
    environment = ENVIRONMENT | {"TIME": "500ms", "YES": "true", "AUDIENCE": "007", "METHOD": "id"}
    model = read(text, environment=environment).model
    assert (model.server.port, model.limits.deadline) == (8443, 0.5)
    assert model.providers["staff"].http.insecure is True
    assert model.providers["staff"].audience == ("chat", "007")


# RFC 8037 appendix A.2.
KEYS = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'


def test_a_key_named_file_is_no_reference(tmp_path: Path) -> None:
    """``jwks: {file: …}`` is a path whose text the setting holds; in a mapping nothing is a reference."""
    (tmp_path / "keys.json").write_text(KEYS)
    text = faulty("jwks: {refresh: 10m}", PEM_FILE)
    assert read(text, base=tmp_path).model.providers["staff"].jwks.file == KEYS
    for written in ("{env: KEYS}", "{file: keys.json}"):
        again = text.replace("file: keys.json", f"file: {written}")
        jwks = read(again, base=tmp_path, environment=ENVIRONMENT | {"KEYS": "keys.json"}).model.providers["staff"].jwks
        assert jwks.file == KEYS
    assert "mapping.label" in lines(faulty("{value: Customer}", "{env: HEADER_TOKEN}"))[0]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("{env: NOT_THERE}", "5:5: callbacks.shop.header_token: environment variable NOT_THERE is not set"),
        ("{env: BLANK}", "5:5: callbacks.shop.header_token: environment variable BLANK is empty"),
        ("{file: not-there}", "5:5: callbacks.shop.header_token: there is no file not-there"),
        ("{file: empty}", "5:5: callbacks.shop.header_token: file empty is empty"),
        ("{file: folder}", "5:5: callbacks.shop.header_token: folder is not a file"),
        ("{file: binary}", "5:5: callbacks.shop.header_token: binary is not UTF-8 text"),
        ("{file: large}", "5:5: callbacks.shop.header_token: large has more than 1 MiB"),
        ("{file: pipe}", "5:5: callbacks.shop.header_token: pipe is not a file"),
        ('{file: "a\\0b"}', "5:5: callbacks.shop.header_token: not the path of a file"),
        ("{env: HEADER_TOKEN, file: a}", "5:5: callbacks.shop.header_token: more than one {env: NAME} or {file: PATH}"),
        ("{envy: HEADER_TOKEN}", "5:5: callbacks.shop.header_token: neither {env: NAME} nor {file: PATH}"),
        ("{env: [HEADER_TOKEN]}", "5:5: callbacks.shop.header_token: not the name of an environment variable"),
        ("{env: BLANK, optional: true}", "5:5: callbacks.shop.header_token: optional out of place"),
        ("[{env: HEADER_TOKEN, optional: 1}]", "5:20: callbacks.shop.header_token[0]: optional out of place"),
        ("[{env: BLANK, optional: true}]", "5:20: callbacks.shop.header_token[0]: environment variable BLANK is empty"),
        (SECRET, "5:5: callbacks.shop.header_token: a secret written into the file"),
        ("", "5:5: callbacks.shop.header_token: nothing, text was expected"),
    ],
)
def test_what_leads_nowhere_is_one_located_problem(tmp_path: Path, written: str, line: str) -> None:
    """A reference that cannot be had is said once, by name, and no rule is asked of what is not there."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    os.mkfifo(tmp_path / "pipe")
    assert lines(faulty(TOKEN, f"header_token: {written}"), base=tmp_path) == [line]


def test_a_list_of_optional_references_needs_one() -> None:
    """Without any header token anybody could ask."""
    text = faulty(TOKEN, "header_token: [{env: NOT_THERE, optional: true}]")
    assert lines(text) == ["5:5: callbacks.shop.header_token: missing"]


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        f"[{SECRET}]",
        f"{{env: {SECRET}}}",
        f"{{{SECRET}: }}",
        f"{{env: A, {SECRET}: b}}",
        f"!{SECRET} x",
        "12345678901234567890",
        "[[12345678901234567890]]",
        "{12345678901234567890: x}",
        "{env: {12345678901234567890: x, 12345678901234567890: y}}",
        f"[{{value: {SECRET}}}]",
        "tiny7",
    ],
)
@pytest.mark.parametrize("inline", [False, True])
def test_no_problem_shows_a_secret(written: str, inline: bool) -> None:
    """Whatever is written where a secret belongs may be the secret."""
    found = problems(faulty(TOKEN, f"header_token: {written}"), allow_inline_secrets=inline)
    said = "\n".join(map(str, found)) + repr(found)
    assert not any(secret in said for secret in (SECRET, "1234567890", "tiny7"))
    assert found or (inline and SECRET in written)


@pytest.mark.parametrize("outside", [SECRET, f"RS256 {SECRET}"])
def test_what_comes_from_outside_is_never_shown(outside: str) -> None:
    """A variable's value may be anybody's secret, wherever it is used."""
    for old, new in (("8080", "{env: X}"), ("[RS256, ES256]", "{env: X}"), ("64KiB", "{env: X}")):
        (line,) = lines(faulty(old, new), environment=ENVIRONMENT | {"X": outside})
        assert "the value of environment variable X" in line
        assert SECRET not in line


def test_inline_secrets_are_taken_where_they_are_allowed() -> None:
    """On a laptop; the rules for a header token hold all the same."""
    text = faulty(TOKEN, f"header_token: {SECRET}")
    model = read(text, allow_inline_secrets=True).model
    assert model.callbacks[0].settings.header_token[0].get_secret_value() == SECRET
    (line,) = lines(text.replace(SECRET, "short"), allow_inline_secrets=True)
    assert line.startswith("5:5: callbacks.shop.header_token: 5 characters")


def test_without_resolving_all_else_is_judged() -> None:
    """``check --no-secrets`` reads no variable and no file, and speaks of nothing that it cannot know."""
    text = faulty(TOKEN, "header_token: {file: /none}").replace("port: 8080", "port: {env: NONE}")
    text = text.replace("issuer: https://login.shop.example/realms/shop", "issuer: {env: NONE}")
    text = text.replace("jwks: {refresh: 10m}", "http: {ca_file: none.pem}").replace("[chat, staff]", "[{env: NONE}]")
    loaded = read(text, environment={}, resolve_secrets=False)
    (secret,) = loaded.model.callbacks[0].settings.header_token
    assert secret.get_secret_value().startswith("stand-in for the secret at ")
    assert lines(text.replace("leeway", "").replace("64KiB", "64"), environment={}, resolve_secrets=False) == [
        "12:10: limits.body: the number 64, a size such as 64KiB or 1MiB was expected"
    ]
    shared = GOOD.replace("STAFF_TOKEN", "HEADER_TOKEN")
    assert lines(shared, environment={}, resolve_secrets=False) == [
        "9:20: callbacks.staff.header_token[0]: a header token that another callback has"
    ]
