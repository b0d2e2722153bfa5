"""bridge/oidc/key_set.py: which keys may have signed a token, and which are not looked at."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.oidc.key import VerificationKey, from_jwk
from bridge.oidc.key_set import (
    LARGE,
    MAX_CANDIDATES,
    MAX_KEYS,
    MAX_VALUES,
    KeySet,
    read_fetched_key_set,
    read_key_set,
    unfit_key_set,
)
from tests.issuer.keys import private_jwk, public_jwk


def key_set(*members: dict[str, Any]) -> KeySet:
    """A set of these keys."""
    return KeySet([from_jwk(member) for member in members])


def kids(keys: Sequence[VerificationKey]) -> list[str | None]:
    """What the keys are called."""
    return [key.kid for key in keys]


class TestSelection:
    """KeySet.candidates."""

    @pytest.mark.parametrize(
        ("kid", "algorithm", "found"),
        [
            ("rsa", "RS256", ["rsa"]),
            ("rsa", "ES256", []),
            ("ec256", "ES256", ["ec256"]),
            ("ec256", "ES384", []),
            (None, "RS256", ["rsa", "rsa2"]),
            (None, "Ed25519", []),
            ("other", "RS256", []),
            ("RSA", "RS256", []),
        ],
    )
    def test_by_kid_and_algorithm(self, kid: str | None, algorithm: str, found: list[str]) -> None:
        """A key is found by its kid, letter by letter, and only for an algorithm that it takes."""
        keys = key_set(public_jwk("rsa"), public_jwk("rsa2"), public_jwk("ec256"))
        assert kids(keys.candidates(kid, frozenset({algorithm}))) == found

    def test_several_keys_of_one_kid(self) -> None:
        """L14: a key of another kind under the same kid masks nothing."""
        keys = key_set(public_jwk("ec256", kid="k"), public_jwk("rsa", kid="k"), public_jwk("rsa2", kid="k"))
        assert len(keys.candidates("k", frozenset({"RS256"}))) == 2
        assert len(keys.candidates("k", frozenset({"ES256"}))) == 1

    def test_keys_without_kid_answer_to_any(self) -> None:
        """A set that names nothing can only be tried; a key that is named goes first."""
        keys = key_set(public_jwk("rsa", kid=None), public_jwk("rsa2"))
        assert kids(keys.candidates("other", frozenset({"RS256"}))) == [None]
        assert kids(keys.candidates("rsa2", frozenset({"RS256"}))) == ["rsa2"]

    def test_revision_names_the_content(self) -> None:
        """The same keys in another order, or beside an unusable one, are the same set; without keys there is none."""
        rsa, ec = public_jwk("rsa"), public_jwk("ec256")
        assert key_set(rsa, ec).revision == key_set(ec, rsa).revision
        assert len({key_set(*each).revision for each in ((rsa,), (ec,), (rsa, ec), (rsa, rsa))}) == 4
        assert key_set().revision == ""

    def test_is_bounded(self) -> None:
        """One token never costs more than a few signatures."""
        keys = KeySet([from_jwk(public_jwk("rsa", kid=str(position))) for position in range(MAX_CANDIDATES + 5)])
        assert len(keys.candidates(None, frozenset({"RS256"}))) == MAX_CANDIDATES


class TestReading:
    """read_key_set."""

    def test_one_bad_key_spoils_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        """K07: each unfit key is skipped with a warning that names it; encryption keys are ordinary and silent."""
        members = [
            public_jwk("rsa1024"),
            public_jwk("oct"),
            {"kty": "AKP"},
            5,
            public_jwk("rsa2", use="enc"),
            public_jwk("rsa"),
        ]
        with caplog.at_level(logging.WARNING):
            keys = read_key_set(json.dumps({"keys": members}).encode(), "shop")
        assert kids(keys.keys) == ["rsa"]
        said = [record.getMessage() for record in caplog.records]
        assert [line.partition(" of its set")[0] for line in said] == [f"provider shop: key {n}" for n in range(4)]

    def test_a_published_private_key_is_cried_out(self, caplog: pytest.LogCaptureFixture) -> None:
        """K07: its public half is used; the log says what happened and nothing of the key."""
        member = private_jwk("rsa")
        read_key_set(json.dumps({"keys": [member]}).encode(), "shop")
        assert "PRIVATE KEY" in caplog.text
        assert member["d"] not in caplog.text

    def test_only_another_use_is_ordinary(self, caplog: pytest.LogCaptureFixture) -> None:
        """K07: a key that nobody could use is a reason to look, whatever words say so; so is an encryption key's d."""
        huge = public_jwk("rsa") | {"n": "A" * 4000}
        read_key_set(
            json.dumps({"keys": [huge, private_jwk("rsa") | {"use": "enc"}, public_jwk("rsa")]}).encode(), "shop"
        )
        warned = [getattr(each, "event", "") for each in caplog.records if each.levelno == logging.WARNING]
        assert warned == ["key_unused", "private_key_published"]

    def test_an_empty_set_is_obeyed(self, caplog: pytest.LogCaptureFixture) -> None:
        """K13: a provider that revokes all its keys means it."""
        assert read_key_set(b'{"keys": []}', "shop").keys == ()
        assert "no usable key" in caplog.text

    @pytest.mark.parametrize(
        "document",
        [
            b"",
            b"[]",
            b"null",
            b"{}",
            b'{"keys": {}}',
            b'{"keys": null}',
            b"<html>",
            b'{"keys": [], "keys": []}',
            b'{"keys": NaN}',
            b"\xff",
        ],
    )
    def test_other_documents_are_refused(self, document: bytes) -> None:
        """K13: what is no JWK set never replaces one."""
        with pytest.raises(ValueError, match=r"\w"):
            read_key_set(document, "shop")

    def test_the_number_of_keys_is_bounded(self) -> None:
        """K12: nobody needs hundreds."""
        with pytest.raises(ValueError, match="at most"):
            read_key_set(json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode(), "shop")

    @pytest.mark.parametrize("item", [b"[]", b"{}", b"1", b'"a"'])
    def test_the_number_of_values_is_bounded(self, item: bytes) -> None:
        """K12, O18: a megabyte of them is not even read; what a large honest set has is."""
        with pytest.raises(ValueError, match="more values"):
            read_key_set(b'{"keys": [' + b",".join([item] * (MAX_VALUES + 1)) + b"]}", "shop")
        members = [{f"m{n}": [n] for n in range(20)}] * MAX_KEYS
        assert read_key_set(json.dumps({"keys": members}).encode(), "shop").keys == ()

    async def test_a_large_set_is_read_beside_the_event_loop(self, caplog: pytest.LogCaptureFixture) -> None:
        """O18: the loop goes on; what is to be said is said on it, where the log is at home; limits are the same."""
        padding = {"x5c": ["A" * LARGE]}
        document = json.dumps({"keys": [public_jwk("rsa") | padding, {"kty": "AKP"}]}).encode()
        turns, reading = 0, asyncio.create_task(read_fetched_key_set(document, "shop"))
        while not reading.done():
            turns += 1
            await asyncio.sleep(0)
        keys = await reading
        assert turns > 2
        assert keys.revision == read_key_set(document, "other").revision
        assert {r.threadName for r in caplog.records if "provider shop" in r.getMessage()} == {"MainThread"}
        with pytest.raises(ValueError, match="at most"):
            await read_fetched_key_set(json.dumps({"keys": [padding] * (MAX_KEYS + 1)}).encode(), "shop")

    async def test_a_small_set_is_read_at_once(self) -> None:
        """As every real one is: nothing waits for a thread."""
        reading = asyncio.create_task(read_fetched_key_set(json.dumps({"keys": [public_jwk("rsa")]}).encode(), "shop"))
        await asyncio.sleep(0)
        assert reading.done()
        assert kids((await reading).keys) == ["rsa"]

    def test_says_what_an_operator_gave(self) -> None:
        """A file that could verify nothing is found out when the configuration is checked."""
        assert unfit_key_set(json.dumps({"keys": [public_jwk("rsa")]})) == ""
        assert "usable" in unfit_key_set('{"keys": []}')
        assert "JSON" in unfit_key_set("-----BEGIN PUBLIC KEY-----")
