"""The private port: alive, ready, and for how long."""

import asyncio
from dataclasses import replace

import pytest

from bridge.oidc.provider import ProviderState
from bridge.server.admin import LONGEST_WAIT, Readiness
from tests.server.service import Service, StandInBridge

PENDING = ProviderState(first_fetch_ended=False, keys=0, age=None, failure="")
FAILED = replace(PENDING, first_fetch_ended=True, failure="cannot connect")


def test_alive(service: Service) -> None:
    """/healthz says only that the process answers."""
    answer = service.ask_admin("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "alive"})
    assert service.ask_admin("/healthz", "HEAD").status == 200


def test_ready_with_details(service: Service) -> None:
    """/readyz is short, and ?verbose shows each provider."""
    assert service.ask_admin("/readyz").json == {"status": "ready"}
    assert service.ask_admin("/readyz?verbose").json == {
        "status": "ready",
        "providers": {"keycloak": {"first_fetch_ended": True, "keys": 2, "age_seconds": 1.0, "failure": ""}},
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/healthz", 405),
        ("DELETE", "/readyz", 405),
        ("GET", "/", 404),
        ("POST", "/", 404),
        ("GET", "/metrics", 404),
    ],
)
def test_nothing_else_is_there(service: Service, method: str, path: str, status: int) -> None:
    """The private port has no callback, and says what its paths take."""
    answer = service.ask_admin(path, method)
    assert answer.status == status
    assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)


class Clock:
    """Time as the test says."""

    now = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.mark.parametrize(
    ("state", "seconds", "expected"),
    [
        pytest.param(PENDING, 0.0, "starting", id="the first fetch is under way"),
        pytest.param(PENDING, LONGEST_WAIT - 0.1, "starting", id="still under way"),
        pytest.param(PENDING, LONGEST_WAIT, "ready", id="waited long enough (O07)"),
        pytest.param(FAILED, 0.0, "ready", id="it ended ill"),
        pytest.param(replace(FAILED, keys=1, failure=""), 0.0, "ready", id="it ended well"),
    ],
)
def test_ready_when_each_provider_was_asked_once(state: ProviderState, seconds: float, expected: str) -> None:
    """Well or ill, 10 s at most (CONTRACT.md, "Other endpoints")."""
    bridge, clock = StandInBridge(), Clock()
    bridge.state = state
    readiness = Readiness(lambda: bridge, lambda: False, clock)
    clock.now = seconds
    assert readiness.status == expected


def test_never_unready_again_but_when_draining() -> None:
    """One provider's outage must not take all replicas out; stopping does (O12)."""
    bridge, draining = StandInBridge(), asyncio.Event()
    readiness = Readiness(lambda: bridge, draining.is_set, Clock())
    assert readiness.status == "ready"
    bridge.state = PENDING
    assert readiness.status == "ready"
    draining.set()
    assert readiness.status == "draining"
