"""bridge/oidc/sources.py over real sockets: what is asked, how often, and that no failure is anybody's login."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bridge.claims import Claims
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.source_settings import SourceSettings
from bridge.oidc.sources import MAX_FACTS, OUTAGE, PAUSE, Facts, FactSource, Sources, Visitor
from bridge.trace import SILENT, RecordingTrace, Trace
from tests.facts_server import FactsServer, facts_server

AN = Visitor("shop", "u1", "shop:u1")


class Crm:
    """One source ``crm`` of a server, with a clock of its own."""

    def __init__(self, session: Any, server: str, **settings: Any) -> None:
        self.time = 1000.0
        made = SourceSettings.model_validate({"url": f"{server}/c/{{id}}", "timeout": "300ms", **settings})
        http = HttpClient(session, provider="crm", timeout=made.timeout)
        self.source = FactSource("crm", made, http, monotonic=lambda: self.time)
        self.sources = Sources({"crm": self.source})

    async def facts(self, visitor: Visitor = AN, trace: Trace = SILENT) -> Facts:
        """What it says of a visitor."""
        return await self.sources.ask({"crm"}, visitor, trace)

    async def tier(self, number: int = 1) -> Any:
        """The one fact about a visitor; ``...`` where it could not be had."""
        facts = await self.facts(Visitor("shop", f"u{number}", f"u{number}"))
        return facts.said.get("crm", {}).get("tier") if facts.complete else ...


@pytest.fixture
def server() -> Iterator[FactsServer]:
    """A service of facts."""
    with facts_server() as running:
        running.honest(tier="gold")
        yield running


@pytest.fixture
async def crm(server: FactsServer) -> AsyncIterator[Crm]:
    """A source that asks it."""
    async with open_session() as session:
        crm = Crm(session, server.url)
        yield crm
        await crm.sources.close()


async def test_facts_stand_beside_the_claims(crm: Crm, server: FactsServer) -> None:
    """Under the source's name, where only ``from:`` reads them."""
    claims = (await crm.facts()).beside(Claims("shop", "u1", {"token": {"sub": "u1"}}, 0.0))
    assert claims.sources == {"token": {"sub": "u1"}, "crm": {"tier": "gold"}}
    assert "gold" not in repr(await crm.facts())
    assert "u1" not in repr(AN)
    assert server.asked == ["/c/shop%3Au1"]


async def test_our_secret_goes_along(server: FactsServer) -> None:
    """As a bearer token, or not at all."""
    async with open_session() as session:
        for settings in ({"bearer": "s3cret"}, {}):
            await Crm(session, server.url, **settings).facts()
    assert server.authorizations == ["Bearer s3cret", None]


@pytest.mark.parametrize(
    ("subject", "target"),
    [
        ("a/b", "/c/a%2Fb"),
        ("?x=", "/c/%3Fx%3D"),
        ("a&b#c;d=e", "/c/a%26b%23c%3Bd%3De"),
        ("a%2Fb", "/c/a%252Fb"),
        ("x\r\nHost: evil", "/c/x%0D%0AHost%3A%20evil"),
        ("@evil.example/", "/c/%40evil.example%2F"),
        ("an b+c", "/c/an%20b%2Bc"),
        ("../admin", None),
        ("%2e%2e", None),
        (".", None),
        ("..", None),
        ("", None),
    ],
)
async def test_no_subject_changes_where_is_asked(
    crm: Crm, server: FactsServer, subject: str, target: str | None
) -> None:
    """On the wire, after every layer has had its way with the address."""
    facts = await crm.facts(Visitor("shop", subject, subject))
    assert facts.complete
    assert server.asked == ([] if target is None else [target])


@pytest.mark.parametrize(("template", "target"), [("/{provider}/{sub}", "/shop/u1"), ("/?q={sub}", "/?q=u1")])
async def test_what_an_address_can_name(server: FactsServer, template: str, target: str) -> None:
    """The provider's name and its subject too, in the path or in the query."""
    async with open_session() as session:
        await Crm(session, "", url=server.url + template).facts()
    assert server.asked == [target]


async def test_a_visitor_without_id_is_not_asked_about(crm: Crm, server: FactsServer) -> None:
    """That is an answer, not a failure: there is nothing to know."""
    facts = await crm.facts(Visitor("shop", "u1", None))
    assert (facts, server.asked) == (Facts(), [])


async def test_asked_once_per_max_age(crm: Crm, server: FactsServer) -> None:
    """Per visitor; also where the source does not know him."""
    assert [await crm.tier(1), await crm.tier(1), await crm.tier(2)] == ["gold"] * 3
    server.status = 404
    assert [await crm.tier(3), await crm.tier(3)] == [None, None]
    assert server.asked == ["/c/u1", "/c/u2", "/c/u3"]
    crm.time += 601
    assert [await crm.tier(1), await crm.tier(3)] == [None, None]
    assert server.asked[3:] == ["/c/u1", "/c/u3"]


async def test_what_is_remembered_is_bounded(server: FactsServer) -> None:
    """By number, and each answer by its size."""
    async with open_session() as session:
        crm = Crm(session, server.url, max_entries=2)
        for number in (1, 2, 3, 3, 2, 1):
            await crm.tier(number)
        assert len(server.asked) == 4
        none = Crm(session, server.url, max_entries=0)
        assert [await none.tier(1), await none.tier(1)] == ["gold", "gold"]
        assert len(server.asked) == 6


FAULTS = [
    pytest.param({"status": 500}, "HTTP 500", id="500"),
    pytest.param({"status": 429}, "HTTP 429", id="429"),
    pytest.param({"status": 401}, "HTTP 401", id="401"),
    pytest.param({"status": 204, "facts": ""}, "HTTP 204", id="204"),
    pytest.param({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, "HTTP 302", id="redirect"),
    pytest.param({"facts": "<html>"}, "no JSON that is read", id="html"),
    pytest.param({"facts": '{"tier": "gold", "tier": "iron"}'}, "a member appears twice", id="duplicate"),
    pytest.param({"facts": ["gold"]}, "JSON that is no object", id="array"),
    pytest.param({"facts": "null"}, "JSON that is no object", id="null"),
    pytest.param({"facts": ""}, "no JSON that is read", id="empty"),
    pytest.param({"facts": {"tier": "x" * MAX_FACTS}}, f"more than {MAX_FACTS} bytes", id="large"),
    pytest.param({"facts": "[" * 40}, "nested", id="deep"),
    pytest.param({"headers": {"Content-Encoding": "gzip"}}, "compressed", id="compressed"),
    pytest.param({"hangs": True}, "did not answer within 0.3 s", id="hang"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
async def test_a_failure_costs_the_values_alone(
    crm: Crm, server: FactsServer, fault: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is traced, logged without saying about whom, and not an answer that may be kept; then it recovers."""
    for name, value in fault.items():
        setattr(server, name, value)
    trace = RecordingTrace()
    assert await crm.facts(trace=trace) == Facts(complete=False)
    assert [step.verdict for step in trace.steps if step.name == "crm"] == ["skipped"]
    assert reason in trace.steps[-1].reason
    assert reason in caplog.text
    assert "u1" not in caplog.text
    server.honest(tier="silver")
    crm.time += PAUSE + 1
    assert (await crm.facts()).said == {"crm": {"tier": "silver"}}
    assert caplog.messages[-1] == "source crm answers again"


async def test_nobody_there(caplog: pytest.LogCaptureFixture) -> None:
    """A closed port is an outage like another."""
    async with open_session() as session:
        assert await Crm(session, "http://127.0.0.1:9").facts() == Facts(complete=False)
    assert "no connection" in caplog.text


async def test_a_failure_is_not_asked_for_again_at_once(crm: Crm, server: FactsServer) -> None:
    """One visitor's bad record is left alone for a while, and costs nobody else's."""
    server.status = 500
    assert [await crm.tier(1), await crm.tier(1)] == [..., ...]
    assert server.asked == ["/c/u1"]
    server.honest(tier="gold")
    assert [await crm.tier(1), await crm.tier(2)] == [..., "gold"]
    crm.time += PAUSE + 1
    assert await crm.tier(1) == "gold"


async def test_a_dead_source_is_left_alone(crm: Crm, server: FactsServer, caplog: pytest.LogCaptureFixture) -> None:
    """After a few failures nobody waits for it any more; then one looks, and the log has said it once."""
    server.status = 500
    for number in range(20):
        assert await crm.tier(number) is ...
    assert len(server.asked) == OUTAGE
    crm.time += PAUSE + 1
    assert [await crm.tier(number) for number in range(30, 33)] == [...] * 3
    assert len(server.asked) == OUTAGE + 1
    server.honest(tier="gold")
    crm.time += PAUSE + 1
    assert [await crm.tier(number) for number in range(40, 43)] == ["gold"] * 3
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


async def test_while_one_looks_the_others_go_without(crm: Crm, server: FactsServer) -> None:
    """A source that hangs costs its time limit once per pause, not once per visitor."""
    server.hangs = True
    await asyncio.gather(*map(crm.tier, range(OUTAGE)))
    crm.time += PAUSE + 1
    before = len(server.asked)
    assert await asyncio.gather(*map(crm.tier, range(10, 20))) == [...] * 10
    assert len(server.asked) == before + 1


async def test_it_is_asked_again_when_it_said_so(crm: Crm, server: FactsServer) -> None:
    """RFC 9110 section 10.2.3: it speaks of itself, so nobody else is asked about either."""
    server.status, server.headers = 503, {"Retry-After": "60"}
    await crm.tier(1)
    server.honest(tier="gold")
    crm.time += 59
    assert (await crm.tier(2), len(server.asked)) == (..., 1)
    crm.time += 2
    assert await crm.tier(2) == "gold"


async def test_one_request_for_all_who_want_it(crm: Crm, server: FactsServer) -> None:
    """It survives the visitor who started it: he may be gone before it is answered."""
    starter = asyncio.create_task(crm.facts())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(crm.facts()) for _ in range(20)]
    await asyncio.sleep(0)
    starter.cancel()
    answers = await asyncio.gather(*others)
    assert starter.cancelled()
    assert [facts.said for facts in answers] == [{"crm": {"tier": "gold"}}] * 20
    assert len(server.asked) == 1


async def test_in_flight_is_bounded(server: FactsServer) -> None:
    """Who comes beyond goes without, is not an outage, and holds nobody up."""
    server.hangs = True
    async with open_session() as session:
        crm = Crm(session, server.url, in_flight=2, timeout="2s")
        flying = [asyncio.create_task(crm.tier(number)) for number in range(2)]
        await asyncio.to_thread(server.wait_for, 2)
        trace = RecordingTrace()
        assert await crm.facts(Visitor("shop", "u3", "u3"), trace) == Facts(complete=False)
        assert "2 visitors already (in_flight)" in trace.steps[-1].reason
        assert len(server.asked) == 2
        await crm.sources.close()
        await asyncio.gather(*flying, return_exceptions=True)


async def test_several_are_asked_at_the_same_time(server: FactsServer) -> None:
    """Each under its own name; one that fails takes no other along."""
    async with open_session() as session:
        good, bad = Crm(session, server.url), Crm(session, "http://127.0.0.1:9")
        sources = Sources({"crm": good.source, "erp": bad.source, "unread": bad.source})
        facts = await sources.ask({"crm", "erp"}, AN, SILENT)
        assert facts == Facts({"crm": {"tier": "gold"}}, complete=False)


async def test_the_trace_says_what_was_asked(crm: Crm, server: FactsServer) -> None:
    """Asked, remembered, unknown: never a value in the words."""
    trace = RecordingTrace()
    await crm.facts(trace=trace)
    await crm.facts(trace=trace)
    server.status = 404
    await crm.facts(Visitor("shop", "u2", "u2"), trace)
    await crm.facts(Visitor("shop", "", ""), trace)
    said = [(step.verdict, step.reason) for step in trace.steps if step.name == "crm"]
    assert said == [
        ("ok", "asked"),
        ("ok", "asked before, and remembered"),
        ("skipped", "asked; it does not know this visitor (HTTP 404)"),
        ("skipped", "not asked: the visitor has no id that can stand in its address"),
    ]
    assert {step.stage for step in trace.steps} == {"sources"}
    assert "gold" not in str(trace.steps)
