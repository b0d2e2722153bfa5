"""bridge/config/decides.py: what changes an answer changes the hash, and what does not leaves it as it is."""

import pytest

from bridge.config.decides import decides as decides_of
from bridge.config.presets import laid_over
from bridge.config.yaml_document import read_yaml
from tests.config.files import ENVIRONMENT, GOOD, faulty, read


def decides(text: str = GOOD, *, environment: dict[str, str] | None = None, callback: str = "shop") -> bytes:
    """The hash of one callback of a file."""
    model = read(text, environment={**ENVIRONMENT, **(environment or {})}).model
    (found,) = (each.decides for each in model.callbacks if each.name == callback)
    return found


def changed(old: str, new: str, callback: str = "shop") -> bytes:
    """That of the good file with a change."""
    return decides(faulty(old, new), callback=callback)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("identity_method: id", "identity_method: email"),
        ("header_token: {env: HEADER_TOKEN}", "header_token: [{env: HEADER_TOKEN}, {env: ANOTHER}]"),
        ("identity_method: id", "identity_method: id\n    require: member"),
        ("identity_method: id", "identity_method: id\n    mapping: {name: nickname}"),
        ("identity_method: id", "identity_method: id\n    providers: [shop]"),
        ("preset: keycloak", "preset: okta"),
        ("audience: chat", "audience: [chat, more]"),
        ('id_prefix: ""', 'id_prefix: "shop:"'),
        ('id_prefix: ""', 'id_prefix: ""\n    subject: email'),
        ('id_prefix: ""', 'id_prefix: ""\n    require: member'),
        ('id_prefix: ""', 'id_prefix: ""\n    mapping: {name: nickname}'),
        ('id_prefix: ""', 'id_prefix: ""\n    email_domains: shop.example'),
        ('id_prefix: ""', 'id_prefix: ""\n    refuse: {subjects: stolen}'),
        ('id_prefix: ""', 'id_prefix: ""\n    introspection: {client_id: b, client_secret: {env: ANOTHER}}'),
        ("label: {value: Customer}", "label: {value: Visitor}"),
        ("mapping:\n  label", "require: member\nmapping:\n  label"),
        ('id_prefix: "staff:"', 'id_prefix: "team:"'),  # the shop's callback takes both providers' tokens
    ],
)
def test_what_decides_an_answer_changes_it(old: str, new: str) -> None:
    """Each kind of it, and each such change is another."""
    environment = {"ANOTHER": "Zk3v9Qw7Lp2s8Xr4"}
    assert decides(faulty(old, new), environment=environment) != decides()


@pytest.mark.parametrize("name", ["HEADER_TOKEN", "CLIENT_SECRET"])
def test_secrets_count_by_what_they_are(name: str) -> None:
    """Not by where they come from: a store that is shared is sealed with them."""
    text = faulty(
        'id_prefix: ""', 'id_prefix: ""\n    introspection: {client_id: b, client_secret: {env: CLIENT_SECRET}}'
    )
    before = decides(text, environment={"CLIENT_SECRET": "Zk3v9Qw7Lp2s8Xr4"})
    after = decides(text, environment={"CLIENT_SECRET": "Zk3v9Qw7Lp2s8Xr4", name: "Qw7Lp2s8Xr4Zk3v9"})
    moved = text.replace("CLIENT_SECRET", "MOVED")
    assert before != after
    assert decides(moved, environment={"MOVED": "Zk3v9Qw7Lp2s8Xr4"}) == before


def test_a_version_of_ours_counts() -> None:
    """It may map the same claims otherwise, or have other presets."""
    settings = read(GOOD).settings
    one, other = (decides_of(settings, settings.callbacks["shop"], version) for version in ("1.0.0", "1.0.1"))
    assert one != other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "# a comment\nversion: 1"),
        ("port: 8080", "port: 8081"),
        ("version: 1", "version: 1\ntraces: {endpoint: 'https://collector:4318/v1/traces'}"),
        ("limits: {body: 64KiB, deadline: 4s}", "limits: {deadline: 3s, in_flight: 5}"),
        ("mapping:\n", "log: {level: debug}\nadmin: {port: 9191}\ncache: {max_age: 1m}\nmapping:\n"),
        ("    path: /\n", "    path: /chat\n"),
        ("identity_method: id", "identity_method: id\n    failure_status: ok\n    absent: as_null"),
        ("identity_method: id", "identity_method: id\n    phone_format: e164\n    messages: {token_expired: Again?}"),
        (
            "identity_method: id",
            "identity_method: id\n    domains: {allow: shop.example}\n    anonymous: {status: 403}",
        ),
        ("identity_method: id", "identity_method: id\n    providers: [staff, shop]"),
        ("path: /staff", "path: /staff\n    identity_method: email"),
        ('id_prefix: ""', 'id_prefix: ""\n    max_uses: 5\n    requests: {rate: 1/s}'),
    ],
)
def test_what_does_not_leaves_it(old: str, new: str) -> None:
    """How and when it is said, how often is asked, and what another callback does."""
    assert changed(old, new) == decides()


def test_the_order_of_keys_is_nothing() -> None:
    """A file that a program wrote anew is the same configuration."""
    data = read_yaml(GOOD).data
    assert isinstance(data, dict)
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in data.items()}
    text = repr(dict(reversed(laid_over({}, turned).items())))
    assert decides(text) == decides()


def test_each_callback_has_its_own() -> None:
    """And what nobody of its providers is told does not concern it."""
    assert decides(callback="staff") != decides()
    assert changed("audience: chat", "audience: other", callback="staff") == decides(callback="staff")


def test_where_no_secret_is_read_there_is_one_too() -> None:
    """For checking a file on a machine that has none of them."""
    one, other = (read(GOOD, resolve_secrets=False).model.callbacks[0].decides for _ in range(2))
    assert one == other != decides()
    assert len(one) == 32
