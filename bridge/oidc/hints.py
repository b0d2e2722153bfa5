"""What a refused token gives away about the product that made it, and what its operator should do there.

A preset holds hints as data: which tokens each is for, and what to say. They go into ``BridgeError.hint``, which only
the operator's log and ``explain`` show. Nothing here is verified, nothing is trusted, and nothing of the token is
repeated: a hint is a constant text, chosen by members that name kinds and products and never a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from bridge import strict_json
from bridge.access_token import AccessToken
from bridge.oidc.jws import from_base64url

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "header": ("alg", "enc", "iss", "nonce", "typ"),
    "claims": ("aud", "drn", "iss", "role", "tokenType", "TokenType", "token_use", "typ", "ver"),
}
"""What a hint may ask of the two JSON objects of a token: what kind it is of, who made it and for whom."""

_LONGEST: Final = 256
"""Characters of a member that are looked at; no product's name is longer."""

_PREFIX: Final = 16
"""Characters of the token itself that are looked at: some products begin theirs with a mark such as ``ory_at_``."""

Pattern = str | bool | Sequence[str]
"""``*`` and ``?`` stand for characters, a list for any of its patterns, ``true`` for a member that is there.

Of a member that is a list, such as an audience, each element must fit: beside our own audience another's is no mistake.
"""


@dataclass(frozen=True, slots=True)
class UntrustedFacts:
    """What a refused token looks like, as far as it can be read.

    Attributes:
        form: ``jwt``, ``jwe`` (five parts, RFC 7516) or ``opaque``.
        prefix: Its first characters.
        header: The members of ``MEMBERS["header"]`` that it has.
        claims: The members of ``MEMBERS["claims"]`` that it has.
    """

    form: str
    prefix: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @classmethod
    def of(cls, token: AccessToken) -> "UntrustedFacts":
        """The facts of a token; what cannot be read is absent."""
        parts = token.text.split(".")
        header = _untrusted_members(parts[0], "header") if len(parts) > 1 else {}
        encrypted = len(parts) == 5 and "enc" in header
        form = "jwe" if encrypted else "jwt" if token.looks_like_jwt else "opaque"
        claims = _untrusted_members(parts[1], "claims") if len(parts) == 3 else {}
        return cls(form, token.text[:_PREFIX], header, claims)


class Hint:
    """One hint.

    Args:
        when: What the token must look like, all of it: ``code`` (of the refusal), ``form``, ``prefix``, ``header`` and
            ``claims`` (members by name), each a ``Pattern``.
        say: What the operator should know and do.

    Raises:
        ValueError: ``when`` asks for something that a hint must not know.
    """

    __slots__ = ("_members", "_when", "say")

    def __init__(self, when: Mapping[str, Any], say: str) -> None:
        self.say = say
        self._members = {name: when[name] for name in MEMBERS if name in when}
        self._when: Mapping[str, Pattern] = {name: when[name] for name in when if name not in MEMBERS}
        unknown = [name for name in self._when if name not in ("code", "form", "prefix")]
        unknown += [name for group, asked in self._members.items() for name in asked if name not in MEMBERS[group]]
        if unknown or not when:
            raise ValueError(f"a hint cannot ask for {', '.join(unknown) or 'nothing'}")

    def fits(self, untrusted: UntrustedFacts, code: str) -> bool:
        """Whether the token looks like that, and was refused with that code if one is named."""
        own = {"code": code, "form": untrusted.form, "prefix": untrusted.prefix}
        return all(_fits(own[name], pattern) for name, pattern in self._when.items()) and all(
            _fits(getattr(untrusted, group).get(name), pattern)
            for group, asked in self._members.items()
            for name, pattern in asked.items()
        )


def read_hints(written: Iterable[Mapping[str, Any]]) -> tuple[Hint, ...]:
    """Hints as a preset writes them: a list of ``{when: {…}, say: TEXT}``.

    Raises:
        ValueError: One asks for something that a hint must not know.
    """
    return tuple(Hint(each["when"], each["say"]) for each in written)


def advice(hints: Iterable[Hint], token: AccessToken, code: str) -> str:
    """All that is to be said of a refused token, each once; empty where no hint fits."""
    untrusted = UntrustedFacts.of(token)
    return " ".join(dict.fromkeys(hint.say for hint in hints if hint.fits(untrusted, code)))


def _untrusted_members(part: str, group: str) -> dict[str, Any]:
    try:
        value = strict_json.loads(from_base64url(part))
    except ValueError:  # no base64url, or no JSON: nothing is known of it
        return {}
    return {name: value[name] for name in MEMBERS[group] if name in value} if isinstance(value, dict) else {}


def _fits(value: Any, pattern: Pattern) -> bool:
    if isinstance(pattern, bool):
        return (value is not None) is pattern
    patterns = (pattern,) if isinstance(pattern, str) else pattern
    texts = value[:_LONGEST] if isinstance(value, list) else [value]
    return bool(texts) and all(
        isinstance(text, str) and any(fnmatchcase(text[:_LONGEST], each) for each in patterns) for text in texts
    )
