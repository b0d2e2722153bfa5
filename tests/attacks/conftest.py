"""The bridge that the attack tables share, and its issuer."""

from collections.abc import Iterator

import pytest

from tests.attacks.attack import Attacked, attacked_configuration
from tests.bridge_process import RunningBridge
from tests.issuer.process import IssuerProcess


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """One bridge with a provider per realm, its keys fetched; its issuer is nobody else's, so requests count."""
    with IssuerProcess() as issuer:
        config = attacked_configuration(issuer)
        with RunningBridge(config, tmp_path_factory.mktemp("attacked"), {}) as bridge:
            bridge.wait_until_ready()
            yield Attacked(bridge, issuer)
