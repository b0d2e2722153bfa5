"""Prometheus' own tool on what the bridge exposes and on the alert rules; ``apt-get install prometheus`` has it."""

import http.client
import subprocess
from pathlib import Path

import pytest

from tests.bridge_process import StartBridge, configuration
from tests.deploy.parts import installed
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer

pytestmark = pytest.mark.interop

ALERTS = Path(__file__).parents[2] / "charts" / "idp-bridge" / "files" / "alerts.yaml"


def promtool(*arguments: str, given: bytes = b"") -> None:
    """Runs it; its own words are the failure's."""
    run = subprocess.run(
        [installed("promtool", "prometheus"), *arguments], input=given, capture_output=True, check=False
    )
    assert run.returncode == 0, (run.stdout + run.stderr).decode()


def test_the_metrics_are_well_named(issuer: Issuer, start_bridge: StartBridge) -> None:
    """Units, suffixes, help texts, and a format that parses."""
    bridge = start_bridge(configuration(issuer.url))
    bridge.wait_until_ready()
    bridge.post(good_token(issuer.url))
    connection = http.client.HTTPConnection(bridge.admin_url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read()
    connection.close()
    assert b"idp_bridge_callbacks_total{" in text
    promtool("check", "metrics", given=text)


def test_the_rules_are_well_formed() -> None:
    """Each expression parses."""
    promtool("check", "rules", str(ALERTS))


def test_the_alerts_are_raised_by_what_they_are_for() -> None:
    """And by nothing else: guests spoil no service level."""
    promtool("test", "rules", str(Path(__file__).parent / "alerts_test.yaml"))
