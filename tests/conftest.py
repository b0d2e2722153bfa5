"""Fixtures only: objects with a life. What they are made of is imported."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.bridge_process import Bridges, StartBridge
from tests.issuer.process import Issuer, IssuerProcess

# Hundreds of processes are started here; each would compile again all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A case that takes long is what the time limit of each test is for; on noisy cores any single one can.
hypothesis.settings.register_profile("bridge", deadline=None)
hypothesis.settings.load_profile("bridge")


@pytest.fixture(scope="session")
def issuer_process() -> Iterator[IssuerProcess]:
    """The adversarial issuer's process."""
    with IssuerProcess() as process:
        yield process


@pytest.fixture
def issuer(issuer_process: IssuerProcess) -> Issuer:
    """The adversarial issuer, honest again before each test."""
    issuer_process.reset()
    return issuer_process


@pytest.fixture(scope="session")
def bridges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridges]:
    """Every bridge of the session that tests may share."""
    with Bridges(tmp_path_factory.mktemp("bridges")) as running:
        yield running


@pytest.fixture
def start_bridge(bridges: Bridges, tmp_path: Path) -> Iterator[StartBridge]:
    """Starts bridges that end with the test; with ``shared=True``, gives the session's one of that configuration."""
    with bridges.for_one_test(tmp_path) as start:
        yield start


@pytest.fixture
def usual_ports() -> Iterator[None]:
    """Has demos take turns, whichever process runs them: each begins at the same ports."""
    with (Path(tempfile.gettempdir()) / "idp-bridge-tests-usual-ports").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
