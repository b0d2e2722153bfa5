"""bridge/refusal_cache.py: what a token is refused for, kept for seconds; never that a provider could not answer."""

import pytest

from bridge.errors import (
    BridgeError,
    IdentityUnusable,
    InternalError,
    Overloaded,
    ProviderBusy,
    ProviderUnavailable,
    TokenExpired,
    TokenInactive,
    TokenInvalid,
    TokenMalformed,
    TokenMissing,
    TokenNotYetValid,
    TokenUntrusted,
    VisitorRefused,
)
from bridge.refusal_cache import RefusalCache


class Clock:
    """Seconds that the test moves."""

    time = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.time


def cache(clock: Clock, *, max_entries: int = 10, max_bytes: int = 1_000_000) -> RefusalCache:
    """A cache on that clock."""
    return RefusalCache(max_entries=max_entries, max_bytes=max_bytes, max_age=10.0, now=clock)


@pytest.mark.parametrize(
    ("refusal", "kept"),
    [
        (TokenExpired(), True),
        (TokenInactive(), True),
        (TokenUntrusted(), True),
        (VisitorRefused(), True),
        (IdentityUnusable(), True),
        (TokenNotYetValid(), False),
        (TokenInvalid(), False),
        (TokenMalformed(), False),
        (TokenMissing(), False),
        (ProviderBusy(), False),
        (ProviderUnavailable(), False),
        (Overloaded(), False),
        (InternalError(), False),
    ],
    ids=lambda value: value.code if isinstance(value, BridgeError) else "",
)
def test_keeps_what_seconds_do_not_change(refusal: BridgeError, kept: bool) -> None:
    """A refusal of the token or its owner that it may have cost a request to find."""
    refusals = cache(Clock())
    refusals.put("key", refusal)
    assert (type(refusals.get("key")) is type(refusal)) is kept


def test_gives_the_same_refusal_made_anew() -> None:
    """Every text of it, but another exception each time: one that was raised drags along where it has been."""
    refusals = cache(Clock())
    with pytest.raises(VisitorRefused) as raised:
        raise VisitorRefused("a rule", hint="change it", message="Members only.")
    refusals.put("key", raised.value)
    first, second = refusals.get("key"), refusals.get("key")
    assert first is not None
    assert (first.detail, first.hint, first.message, str(first)) == ("a rule", "change it", "Members only.", "a rule")
    assert (first.__traceback__, first.__context__) == (None, None)
    assert first is not second
    assert (raised.value.cached, first.cached) == (False, True)


def test_forgets_in_time() -> None:
    """At that very second."""
    clock = Clock()
    refusals = cache(clock)
    refusals.put("key", TokenInactive())
    clock.time += 9
    assert refusals.get("key") is not None
    clock.time += 1
    assert refusals.get("key") is None


def test_is_bounded() -> None:
    """In number and in bytes; one that is larger than all is not kept."""
    few, small = cache(Clock(), max_entries=2), cache(Clock(), max_bytes=2000)
    for number in range(3):
        few.put(number, TokenInactive())
        small.put(number, TokenInactive())
    assert [few.get(number) is not None for number in range(3)] == [False, True, True]
    assert [small.get(number) is not None for number in range(3)] == [False, True, True]
    small.put("large", TokenInactive("x" * 1000))
    assert small.get("large") is None
