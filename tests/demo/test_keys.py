"""The demo's signing key."""

from joserfc import jwt

from bridge.demo.keys import new_keys, published
from tests.demo.running import KEYS


def test_only_the_public_half_is_published() -> None:
    """Nothing that could sign leaves the process."""
    (key,) = published(KEYS)["keys"]
    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")


def test_a_token_names_its_key() -> None:
    """The header's kid is the published one, so that a verifier can choose."""
    token = jwt.encode({"alg": "RS256"}, {"sub": "a"}, KEYS)
    assert jwt.decode(token, KEYS).header["kid"] == published(KEYS)["keys"][0]["kid"]


def test_every_run_has_its_own() -> None:
    """Tokens of one run mean nothing to the next."""
    assert published(new_keys()) != published(KEYS)
