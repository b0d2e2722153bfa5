"""With which keys a provider's tokens are verified, and with which algorithms."""

import logging
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import SecretStr

from bridge.errors import Problem
from bridge.oidc.algorithms import ASYMMETRIC, EDDSA, EDWARDS, SECRET_BYTES, SYMMETRIC
from bridge.oidc.endpoint_settings import Texts
from bridge.oidc.key import unfit_public_key
from bridge.oidc.key_set import judged_key_set, unfit_key_set
from bridge.placeholder import is_example, is_placeholder
from bridge.units import Duration, FileContents, OneOrList, Settings

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "Ed25519", "Ed448", "EdDSA", "HS256", "HS384", "HS512",
]  # fmt: skip


class JwksSettings(Settings):
    """The key set's life.

    Attributes:
        url: Where it is, for a provider without discovery.
        file: The text of a file that holds it.
        refresh: Seconds after which it is fetched anew, in the background.
        keep_stale: Seconds for which the last good set serves while the provider is gone.
        cooldown: Seconds between two looks for keys that we do not know.
    """

    url: str | None = None
    file: Annotated[str | None, FileContents()] = None
    refresh: Duration = 600.0
    keep_stale: Duration = 86400.0
    cooldown: Duration = 5.0


class KeySettings(Settings):
    """The keys of one provider: a published set unless it is given another kind.

    Attributes:
        algorithms: Allowed signature algorithms; empty means what suits the kind of key.
        public_key: PEM public keys of a server that signs its own tokens.
        secret: HS256 secrets, never beside a key set.
    """

    algorithms: Annotated[tuple[Algorithm, ...], OneOrList] = ()
    jwks: JwksSettings = JwksSettings()
    public_key: Texts = ()
    secret: Annotated[tuple[SecretStr, ...], OneOrList] = ()

    @property
    def allowed_algorithms(self) -> tuple[str, ...]:
        """The algorithms by their own names, ``EdDSA`` spelled out: what a token's ``alg`` must be among."""
        if not self.algorithms:
            return ("HS256",) if self.secret else ASYMMETRIC
        return tuple(
            dict.fromkeys(name for given in self.algorithms for name in (EDWARDS if given == EDDSA else (given,)))
        )

    @property
    def given_keys(self) -> tuple[str, ...]:
        """What says where the keys are without discovery, by the settings' names."""
        jwks = {f"jwks.{name}": getattr(self.jwks, name) is not None for name in ("url", "file")}
        sources = {"public_key": bool(self.public_key), "secret": bool(self.secret), **jwks}
        return tuple(name for name, given in sources.items() if given)

    def key_problems(self) -> Iterator[Problem]:
        """What is wrong with the keys. Key paths are relative to the provider."""
        symmetric = [name for name in self.algorithms if name in SYMMETRIC]
        given = self.given_keys
        if len(given) > 1:
            yield Problem(
                (given[1].split(".")[0],),
                f"{given[0]} and {given[1]} together",
                "Each provider has one kind of key, so that a key of one kind can never be used as another.",
                "Keep one of them.",
            )
        if symmetric and not self.secret:
            yield Problem(
                ("algorithms", self.algorithms.index(symmetric[0])),
                f"{symmetric[0]} without a secret",
                "With a published key as its secret, anybody could sign.",
                "Remove it, or give the shared secret: secret: {env: NAME}.",
            )
        if self.secret and len(symmetric) != len(self.algorithms):
            yield Problem(
                ("algorithms",),
                "an asymmetric algorithm beside a secret",
                "A secret never stands beside published keys.",
                "Name only HS256, HS384 or HS512, or give a public_key instead of the secret.",
            )
        if self.secret:
            yield from self._secret_problems()
        for position, text in enumerate(self.public_key):
            reason = unfit_public_key(text)
            if reason:
                yield Problem(
                    ("public_key", position),
                    reason,
                    "",
                    "Give the PEM text of an RSA (2048 bits or more), EC or Ed25519 public key.",
                )
        if self.jwks.file is not None and (reason := unfit_key_set(self.jwks.file)):
            yield Problem(
                ("jwks", "file"), reason, "No token could be verified.", 'Give a JWK set: {"keys": [{"kty": …}]}.'
            )
        for name in ("refresh", "keep_stale", "cooldown"):
            if getattr(self.jwks, name) < 1:
                yield Problem(
                    ("jwks", name), "less than 1s", "The provider would be asked without a pause.", "Write at least 1s."
                )

    def key_warnings(self) -> Iterator[Problem]:
        """What is odd about a key set that was given and is usable. Key paths are relative to the provider."""
        if self.jwks.file is None:
            return
        try:
            keys, remarks = judged_key_set(self.jwks.file.encode())
        except ValueError:  # a problem, and told as one
            return
        if not keys.keys:
            return
        told = {
            "key_unused": ("Tokens signed with it are refused.", "Give the set that the provider publishes now."),
            "private_key_published": (
                "Whoever reads it can sign as the provider, and be every visitor.",
                "Give only its public members; have the provider replace it if anybody else has seen it.",
            ),
        }
        for remark in remarks:
            if remark.level >= logging.WARNING:
                yield Problem(("jwks", "file"), remark.said, *told[remark.event])

    def _secret_problems(self) -> Iterator[Problem]:
        needed = max((SECRET_BYTES[name] for name in self.allowed_algorithms if name in SECRET_BYTES), default=32)
        for position, text in enumerate(secret.get_secret_value() for secret in self.secret):
            size = len(text.encode())
            if "-----BEGIN" in text:
                yield Problem(
                    ("secret", position),
                    "a PEM key, which is no shared secret",
                    "What is published, or meant to be, can be read by whoever wants to sign.",
                    "Give it as public_key: {file: PATH}.",
                )
            elif is_example(text) or is_placeholder(text):
                yield Problem(
                    ("secret", position),
                    "a placeholder",
                    "Anybody can guess it, and sign tokens for every visitor.",
                    "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )
            elif size < needed:
                yield Problem(
                    ("secret", position),
                    f"{size} bytes, at least {needed} were expected",
                    "A secret shorter than its hash can be guessed from one token (RFC 7518 section 3.2).",
                    "Make a longer one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )
