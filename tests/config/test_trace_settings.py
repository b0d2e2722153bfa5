"""bridge/config/trace_settings.py: where spans go, and never a header's value in a message."""

import pytest

from tests.config.files import ENVIRONMENT, GOOD, lines, read
from tests.missing_extra import printed_without

VALUES = {**ENVIRONMENT, "AUTHORIZATION": "Basic cGxhbnRlZDpwbGFudGVk", "BROKEN": "planted\nevil: planted"}


@pytest.mark.parametrize(
    "traces",
    [
        '{endpoint: "https://collector.internal:4318/v1/traces"}',
        '{endpoint: "http://localhost:4318/v1/traces", percent: 0}',
        '{endpoint: "http://collector:4318/v1/traces", insecure: true}',
        '{endpoint: "https://c/v1/traces", headers: {authorization: {env: AUTHORIZATION}, x-team: {env: PORT}}}',
        "{percent: 100}",
    ],
)
def test_settings_that_are_taken(traces: str) -> None:
    """Without a doubt about any of them."""
    assert read(f"{GOOD}traces: {traces}\n", environment=VALUES).warnings == ()


@pytest.mark.parametrize(
    ("traces", "line"),
    [
        ('{endpoint: "http://collector:4318/v1/traces"}', "27:10: traces.endpoint: plain http to another machine"),
        ('{endpoint: "https://planted:planted@collector"}', "27:10: traces.endpoint: an address with credentials"),
        ('{endpoint: "collector:4317"}', "27:10: traces.endpoint: not an"),
        ("{percent: 101}", "27:10: traces.percent: "),
        ("{percent: 0.5}", "27:10: traces.percent: "),
        (
            "{headers: {Authorization: {env: AUTHORIZATION}}}",
            "27:20: traces.headers.Authorization: not a header's name",
        ),
        ("{headers: {x-team: {env: BROKEN}}}", "27:20: traces.headers.x-team: a blank at an end, or a character"),
        ("{headers: {x-team: planted}}", "27:20: traces.headers.x-team: a secret written into the file"),
    ],
)
def test_settings_that_are_not(traces: str, line: str) -> None:
    """Each is said once, in its place, without what is secret."""
    (said,) = lines(f"{GOOD}traces: {traces}\n", environment=VALUES)
    assert said.startswith(line)
    assert "planted" not in said


def test_without_the_extra_it_says_how_to_install_it() -> None:
    """And a file without traces does not even look for it."""
    program = (
        "from bridge.config.trace_settings import TraceSettings\n"
        "for traces in ({}, {'endpoint': 'https://collector'}):\n"
        "    made = TraceSettings.model_validate(traces)\n"
        "    print([(problem.path, problem.cure) for problem in made.problems()])\n"
    )
    without, with_endpoint = printed_without("opentelemetry", program)
    assert without == "[]"
    assert "('endpoint',)" in with_endpoint
    assert "pip install 'cxgenie-idp-bridge[otel]'" in with_endpoint
