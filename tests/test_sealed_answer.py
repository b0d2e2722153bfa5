"""bridge/sealed_answer.py: useless without the token, and not to be forged without the configuration."""

import json
from contextlib import nullcontext
from dataclasses import asdict, replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from bridge.access_token import AccessToken
from bridge.answer_cache import CacheKey, Entry
from bridge.chat_user import ChatUser, Phone
from bridge.provenance import Provenance
from bridge.sealed_answer import MAX_SEALED, Unreadable, name_of, seal, unseal

TOKEN, OTHER = AccessToken("a-visitor's-token".replace("'", "-")), AccessToken("another-token")
PROVENANCE = Provenance(issuer="https://login.shop.example", subject="s1", client="web-shop", issued_at=1.5)
ENTRY = Entry(
    ChatUser(id="u1", name="Nguyễn Văn An", email="an@shop.example", phone=Phone("+84", "0901234567", "901234567")),
    provider="shop",
    provenance=PROVENANCE,
    revision="r1",
    expires_at=1234.5,
)


def key(token: AccessToken = TOKEN, *, callback: str = "default", decides: bytes = b"d" * 32) -> CacheKey:
    """The cache key of a token."""
    return callback, token.digest, decides


KEY = key()


@pytest.mark.parametrize(
    "user",
    [
        ENTRY.user,
        ChatUser(id="u1", sends_id=True),
        ChatUser(avatar="https://a.example/" + "a" * 2000, name="Ễ" * 255, label="\ud800"),
    ],
    ids=["whole", "little", "as large as can be, and half a character"],
)
def test_what_was_sealed_is_what_is_opened(user: ChatUser) -> None:
    """Every member, and no two times the same bytes."""
    entry = Entry(user, "shop", PROVENANCE, "r1", 1234.5)
    first, second = seal(entry, TOKEN, KEY), seal(entry, TOKEN, KEY)
    assert unseal(first, TOKEN, KEY) == unseal(second, TOKEN, KEY) == entry
    assert first != second
    assert len(first) <= MAX_SEALED


@pytest.mark.parametrize(
    ("token", "under"),
    [
        (OTHER, key()),
        (OTHER, key(OTHER)),
        (TOKEN, key(callback="staff")),
        (TOKEN, key(decides=b"e" * 32)),
    ],
    ids=["another token", "another token and its name", "another callback", "another configuration"],
)
def test_nothing_else_opens_it(token: AccessToken, under: CacheKey) -> None:
    """U15: the name, the token, the callback and the configuration must all be those that it was sealed for."""
    sealed = seal(ENTRY, TOKEN, KEY)
    assert unseal(sealed, TOKEN, KEY) == ENTRY
    with pytest.raises(Unreadable):
        unseal(sealed, token, under)
    assert name_of(under) != name_of(KEY) or token is OTHER


def test_a_writer_without_the_configuration_forges_nothing() -> None:
    """He has a token of his own, knows this code and the name under which it is looked for: still no entry is taken."""
    own, victim = OTHER, Entry(ChatUser(id="the-victim"), "shop", PROVENANCE, "r1", 9e9)
    for decides in (b"", bytes(32), own.digest):
        with pytest.raises(Unreadable):
            unseal(seal(victim, own, key(own, decides=decides)), own, key(own))
    assert unseal(seal(victim, own, key(own)), own, key(own)) == victim  # with the configuration he could


@pytest.mark.parametrize(("version", "taken"), [("1", True), ("0", False)])
def test_an_entry_of_another_version_is_unreadable(version: str, taken: bool) -> None:
    """Its form may be another. This is how an entry is made, written down a second time."""
    info = f"cxgenie-idp-bridge answer {version} default".encode()
    own = HKDF(SHA256(), length=32, salt=b"d" * 32, info=info).derive(TOKEN.text.encode())
    nonce, plain = bytes(12), json.dumps(asdict(ENTRY)).encode()
    sealed = nonce + AESGCM(own).encrypt(nonce, plain, name_of(KEY))
    with nullcontext() if taken else pytest.raises(Unreadable):
        assert unseal(sealed, TOKEN, KEY) == ENTRY


SEALED = seal(ENTRY, TOKEN, KEY)


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    """Each of them."""
    damaged = bytearray(SEALED)
    damaged[position] ^= change
    with pytest.raises(Unreadable):
        unseal(bytes(damaged), TOKEN, KEY)


@pytest.mark.parametrize(
    "sealed",
    [b"", b"x", SEALED[:11], SEALED[:12], SEALED[:-1], SEALED + b"x", b"x" * MAX_SEALED, SEALED + b"x" * MAX_SEALED],
    ids=["nothing", "a byte", "no nonce", "a nonce", "a byte less", "a byte more", "noise", "more than there can be"],
)
def test_anything_else_is_unreadable(sealed: bytes) -> None:
    """Nothing at all, a part of it, more than it, noise."""
    with pytest.raises(Unreadable):
        unseal(sealed, TOKEN, KEY)


def test_what_is_too_large_is_not_even_opened() -> None:
    """Also where it is truly sealed: no answer of ours is, and whoever reads the store reads no more than this."""
    large = replace(ENTRY, user=ChatUser(label="x" * MAX_SEALED))
    with pytest.raises(Unreadable):
        unseal(seal(large, TOKEN, KEY), TOKEN, KEY)


def test_neither_name_nor_entry_gives_anything_away() -> None:
    """Not the token, its digest, the callback, nor a word of the answer."""
    seen = name_of(KEY) + SEALED
    for planted in (TOKEN.text, "default", "Nguyễn", "an@shop.example", "u1", "shop", "901234567"):
        assert planted.encode() not in seen.removeprefix(b"cxgenie-idp-bridge:")
    assert TOKEN.digest not in seen
    assert TOKEN.digest.hex().encode() not in seen
