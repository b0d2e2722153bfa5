"""A source that is slow, broken or hostile, and visitors who choose their subjects: a running bridge and a shop's CRM.

Nothing that a source does or says may cost a login or make somebody another; it is asked about verified visitors only.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bridge_process import Answer, RunningBridge, StartBridge, configuration
from tests.facts_server import FactsServer, facts_server
from tests.issuer import mint
from tests.issuer.process import Issuer

CRM_SECRET = "crm-Zk3v9Qw7Lp2s8Xr4"


@pytest.fixture
def crm() -> Iterator[FactsServer]:
    """The shop's CRM."""
    with facts_server() as running:
        running.honest(tier="Gold", sub="victim", email="victim@shop.example", email_verified=True)
        yield running


@pytest.fixture
def bridge(issuer: Issuer, crm: FactsServer, start_bridge: StartBridge) -> RunningBridge:
    """A bridge whose labels come from the CRM."""
    config = configuration(
        issuer.url,
        sources={"crm": {"url": f"{crm.url}/customers/{{sub}}", "bearer": {"env": "CRM_TOKEN"}}},
        require=[{"not": {"claim": "banned", "equals": True}}],
        mapping={"label": {"first_of": [{"claim": "tier", "from": "crm"}, {"value": "Customer"}]}},
        # A moment: the answers of the bridge itself are not what is tested here.
        cache={"max_entries": 0},
    )
    bridge = start_bridge(config, CRM_TOKEN=CRM_SECRET)
    bridge.wait_until_ready()
    return bridge


def label(answer: Answer) -> str:
    """The label of a login that went through."""
    assert answer.status == 200, answer.json
    text: str = answer.json["data"]["label"]
    return text


def test_a_label_from_the_crm(issuer: Issuer, crm: FactsServer, bridge: RunningBridge) -> None:
    """Asked once for many callbacks and tokens of one visitor, with our secret; what it says of identity is unread."""
    for number in range(3):
        answer = bridge.post(mint.good_token(issuer.url, jti=str(number)))
        assert label(answer) == "Gold"
        assert answer.json["data"]["id"] == "visitor-1"
        assert "email" not in answer.json["data"]
    assert (crm.asked, crm.authorizations) == (["/customers/visitor-1"], [f"Bearer {CRM_SECRET}"])


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 500}, id="500"),
        pytest.param({"hangs": True}, id="hang"),
        pytest.param({"facts": "<html>"}, id="garbage"),
        pytest.param({"facts": [{"tier": "Gold"}]}, id="array"),
        pytest.param({"status": 302, "headers": {"Location": "/elsewhere"}}, id="redirect"),
    ],
)
def test_a_failing_crm_costs_no_login(
    fault: dict[str, Any], issuer: Issuer, crm: FactsServer, bridge: RunningBridge
) -> None:
    """The login goes through without its values, the log says so once and not of whom; and it recovers."""
    for name, value in fault.items():
        setattr(crm, name, value)
    token = mint.good_token(issuer.url)
    assert label(bridge.post(token)) == label(bridge.post(token)) == "Customer"
    assert crm.asked == ["/customers/visitor-1"]
    crm.honest(tier="Gold")
    assert label(bridge.post(mint.good_token(issuer.url, sub="visitor-2"))) == "Gold"
    while label(bridge.post(token)) != "Gold":  # the test's own time limit ends it
        time.sleep(0.2)
    bridge.next_line("source crm answers again")
    said = [line["message"] for line in bridge.lines if isinstance(line, dict) and "source crm" in str(line)]
    assert len(said) == 2
    assert "its values are left out" in said[0]
    assert said[1] == "source crm answers again"
    assert "visitor" not in str(said)
    assert CRM_SECRET not in str(bridge.lines)


def test_a_crm_that_is_gone_is_not_waited_for(issuer: Issuer, crm: FactsServer, bridge: RunningBridge) -> None:
    """Many visitors while it hangs: a few requests, and everybody is answered."""
    crm.hangs = True
    tokens = [mint.good_token(issuer.url, sub=f"visitor-{number}") for number in range(12)]
    assert [label(bridge.post(token)) for token in tokens] == ["Customer"] * 12
    assert len(crm.asked) == 3


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another"}, "token_untrusted"),
        ({"exp": 1}, "token_expired"),
        ({"banned": True}, "visitor_refused"),
    ],
)
def test_only_verified_and_wanted_visitors_are_asked_about(
    claims: dict[str, Any], code: str, issuer: Issuer, crm: FactsServer, bridge: RunningBridge
) -> None:
    """A refused token causes no request, and neither does one with a forged signature."""
    assert bridge.post(mint.good_token(issuer.url, **claims)).code == code
    forged = mint.sign(mint.good_header(), mint.good_claims(issuer.url), "rsa2")
    assert bridge.post(forged).code == "token_invalid"
    assert crm.asked == []


@pytest.mark.parametrize(
    ("subject", "target", "code"),
    [
        ("a/b", "/customers/a%2Fb", None),
        ("?admin=1", "/customers/%3Fadmin%3D1", None),
        ("visitor-1;x", "/customers/visitor-1%3Bx", None),
        ("visitor-1#", "/customers/visitor-1%23", None),
        ("x\r\nHost: evil", "/customers/x%0D%0AHost%3A%20evil", "identity_unusable"),
        ("../admin", None, None),
        ("%2e%2e", None, None),
        ("..", None, None),
        (".", None, None),
    ],
)
def test_no_subject_chooses_where_is_asked(
    subject: str, target: str | None, code: str | None, issuer: Issuer, crm: FactsServer, bridge: RunningBridge
) -> None:
    """Where a subject could lead elsewhere nothing is asked; that changes nothing of whether he is answered."""
    assert bridge.post(mint.good_token(issuer.url, sub=subject)).code == code
    assert crm.asked == ([] if target is None else [target])


def test_the_bridge_remembers_no_answer_of_a_failing_crm(
    issuer: Issuer, crm: FactsServer, start_bridge: StartBridge
) -> None:
    """With its cache on: what was made without the facts is not kept, what was made with them is."""
    config = configuration(
        issuer.url,
        sources={"crm": {"url": f"{crm.url}/?key={{id}}", "max_age": "1s"}},
        mapping={"label": {"claim": "tier", "from": "crm"}},
    )
    bridge = start_bridge(config)
    bridge.wait_until_ready()
    crm.status = 500
    token = mint.good_token(issuer.url)
    assert "label" not in bridge.post(token).json["data"]
    crm.honest(tier="Gold")
    while "label" not in bridge.post(token).json["data"]:
        time.sleep(0.2)
    asked = len(crm.asked)
    crm.status = 500
    time.sleep(1.1)
    assert label(bridge.post(token)) == "Gold"
    assert len(crm.asked) == asked


def test_a_file_that_would_let_a_source_decide_does_not_start(tmp_path: Path, start_bridge: StartBridge) -> None:
    """``serve`` says what ``check`` says."""
    config = configuration(
        "http://127.0.0.1:9",
        sources={"crm": {"url": "https://crm.shop.example/{id}"}},
        mapping={"id": {"claim": "number", "from": "crm", "verified_by": "trusted"}},
    )
    with pytest.raises(RuntimeError, match="source crm in id"):
        start_bridge(config)
