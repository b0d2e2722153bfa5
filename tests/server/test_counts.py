"""What is counted on the way of a callback."""

import pytest

from bridge.errors import (
    BodyInvalid,
    BridgeError,
    CallerUnauthorized,
    IdentityUnusable,
    InternalError,
    Overloaded,
    ProviderBusy,
    ProviderUnavailable,
    TokenExpired,
    TokenMissing,
    VisitorRefused,
)
from bridge.server.counts import BOUNDS, CallbackCounts, Timings, outcome_of


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TokenMissing(), "guest"),
        (TokenExpired(), "refused"),
        (VisitorRefused(), "refused"),
        (IdentityUnusable(), "refused"),
        (BodyInvalid(), "caller"),
        (CallerUnauthorized(), "caller"),
        (ProviderUnavailable(), "failed"),
        (ProviderBusy(), "failed"),
        (Overloaded(), "failed"),
        (InternalError(), "failed"),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_a_failure_is_somebodys_business(error: BridgeError, outcome: str) -> None:
    """Guests and forgers do not spoil the measure of our own service."""
    assert outcome_of(error) == outcome


@pytest.mark.parametrize(
    ("seconds", "first"), [(0.0, 0), (BOUNDS[0], 0), (BOUNDS[0] + 1e-9, 1), (BOUNDS[-1], 13), (1e9, 14)]
)
def test_a_time_is_in_the_bucket_whose_bound_it_does_not_exceed(seconds: float, first: int) -> None:
    """A bound belongs to its own bucket, and each bucket holds those below it too."""
    timings = Timings()
    timings.add(seconds)
    counts = [count for _, count in timings.buckets()]
    assert counts == [0] * first + [1] * (len(BOUNDS) + 1 - first)
    assert timings.seconds == seconds


def test_a_callback_counts_by_provider_and_code() -> None:
    """Successes begin at nought for each provider; a failure has the provider that is known of it."""
    counts = CallbackCounts(["keycloak", "auth0"])
    refusal = TokenExpired()
    refusal.provider = "auth0"
    counts.success("keycloak", 0.001)
    counts.failure(refusal, 0.001)
    counts.failure(TokenMissing(), 0.001)
    assert counts.answers == {
        ("keycloak", "ok", "identified"): 1,
        ("auth0", "ok", "identified"): 0,
        ("auth0", "token_expired", "refused"): 1,
        ("", "token_missing", "guest"): 1,
    }
