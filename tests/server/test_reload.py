"""A new configuration without a restart: what changes, what stays, and what a bad file does."""

import asyncio
import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.config.load import Loaded, load
from bridge.config.model import LogSettings, Model
from bridge.server.counts import ReloadState
from bridge.server.event_log import EventLog
from bridge.server.reload import Reload, Source
from tests.bridge_process import SECRET, RunningBridge, StartBridge, callback, configuration, provider, written
from tests.issuer import keys
from tests.issuer.mint import good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer

NEW_SECRET = "Jm4c9Yt2-the-next-secret-of-this-test-run"
PLANTED = "hunter2-planted-in-a-file"

SMALL: Mapping[str, Any] = {
    "version": 1,
    "callback": {"header_token": {"file": "token"}},
    "providers": {"p": {"issuer": "https://login.shop.example", "audience": "chat", "id_prefix": ""}},
    "server": {"host": "127.0.0.1", "port": 8080, "grace": "25s"},
}


class Running:
    """A configuration in a folder, and who follows it.

    Attributes:
        put: What was put in place, in order.
        refuses: What putting raises instead.
        events: What was logged.
    """

    def __init__(self, folder: Path) -> None:
        self.file, self.token = folder / "bridge.yaml", folder / "token"
        self.token.write_text(SECRET)
        self.write()
        self.put: list[Model] = []
        self.refuses: Exception | None = None
        self.events: list[dict[str, Any]] = []
        log = EventLog(LogSettings(format="json"), write=lambda line: self.events.append(json.loads(line)))
        self.state = ReloadState()
        self.following = Reload(
            Source(self.load(), self.load), self._put, log=log, state=self.state, now=lambda: 1_795_000_000.0
        )

    def load(self) -> Loaded:
        """The configuration as it is now."""
        return load(self.file, environment={})

    def write(self, **members: Any) -> None:
        """The small configuration with members laid over it."""
        self.file.write_text(json.dumps({**SMALL, **members}, indent=1))

    async def _put(self, model: Model) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.put.append(model)

    def said(self) -> list[str]:
        """The events since the last time."""
        said, self.events[:] = [event["event"] for event in self.events], []
        return said


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """The small configuration, running."""
    return Running(tmp_path)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the files themselves are what is waited for
            await asyncio.sleep(0.01)


Change = Callable[[Running], object]


@pytest.mark.parametrize(
    ("change", "live"),
    [
        pytest.param(
            lambda it: it.write(callback={**SMALL["callback"], "path": "/chat"}),
            lambda model: model.callbacks[0].settings.path == "/chat",
            id="a path",
        ),
        pytest.param(
            lambda it: it.write(providers={**SMALL["providers"], "q": provider("https://q.example", id_prefix="q:")}),
            lambda model: list(model.providers) == ["p", "q"],
            id="a provider more",
        ),
        pytest.param(
            lambda it: it.write(limits={"in_flight": 7, "connections": 9}),
            lambda model: (model.limits.in_flight, model.limits.connections) == (7, 9),
            id="limits",
        ),
        pytest.param(lambda it: it.write(cache={"max_age": "1m"}), lambda model: model.cache.max_age == 60, id="cache"),
        pytest.param(
            lambda it: it.write(log={"level": "debug"}), lambda model: model.log.level == "debug", id="log.level"
        ),
        pytest.param(
            lambda it: it.write(server={**SMALL["server"], "grace": "5s"}),
            lambda model: model.server.grace == 5,
            id="server.grace",
        ),
        pytest.param(
            lambda it: it.write(server={**SMALL["server"], "trusted_proxies": ["10.0.0.0/8"]}),
            lambda model: model.server.trusted_proxies == ("10.0.0.0/8",),
            id="server.trusted_proxies",
        ),
        pytest.param(
            lambda it: it.token.write_text(NEW_SECRET),
            lambda model: model.callbacks[0].settings.header_token[0].get_secret_value() == NEW_SECRET,
            id="a secret's file",
        ),
    ],
)
async def test_what_changes_live(running: Running, change: Change, live: Callable[[Model], bool]) -> None:
    """Put in place whole, once, and said."""
    assert not live(running.load().model)
    change(running)
    await running.following.reload()
    assert [live(model) for model in running.put] == [True]
    assert running.said() == ["reloaded"]
    assert (running.state.succeeded, running.state.failed, running.state.last_ok) == (1, 0, True)
    assert running.state.last_at == running.state.loaded_at == 1_795_000_000.0


@pytest.mark.parametrize(
    ("members", "key"),
    [
        ({"server": {**SMALL["server"], "host": "127.0.0.2"}}, "server.host"),
        ({"server": {**SMALL["server"], "port": 8081}}, "server.port"),
        ({"admin": {"host": "127.0.0.2"}}, "admin.host"),
        ({"admin": {"port": 9091}}, "admin.port"),
        ({"log": {"format": "text"}}, "log.format"),
        ({"state_dir": "/var/lib/other"}, "state_dir"),
        ({"traces": {"endpoint": "https://collector:4318/v1/traces"}}, "traces"),
    ],
)
async def test_what_needs_a_restart_is_said_and_kept(running: Running, members: Mapping[str, Any], key: str) -> None:
    """The rest of the new file takes effect; that key is as it was, and a warning names it."""
    before = running.load().model
    running.write(**members, limits={"in_flight": 7})
    await running.following.reload()
    [model] = running.put
    for part in ("server", "admin", "log", "state_dir", "traces"):
        assert getattr(model, part) == getattr(before, part)
    assert model.limits.in_flight == 7
    assert running.events[1]["key"] == key
    assert running.said() == ["reloaded", "restart_needed"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(lambda it: it.write(limits={"inflight": 7}), ":21:3: limits.inflight: ", id="an unknown key"),
        pytest.param(lambda it: it.file.write_text("version: 1\nlimits: a: b"), ":2:10: ", id="no YAML"),
        pytest.param(lambda it: it.file.write_text(""), ":1:1: ", id="emptied by an editor"),
        pytest.param(lambda it: it.token.unlink(), "there is no file token", id="a secret's file is gone"),
        pytest.param(lambda it: it.token.write_text("hunter2"), "callback.header_token", id="a weak secret"),
        pytest.param(lambda it: it.file.unlink(), "cannot be read: No such file", id="the file is gone"),
    ],
)
async def test_a_bad_file_changes_nothing_and_says_why(running: Running, change: Change, text: str) -> None:
    """Every problem with line and column; mended, it is taken (O02)."""
    change(running)
    await running.following.reload()
    assert not running.put
    [event] = running.events
    assert (event["event"], event["level"]) == ("reload_failed", "error")
    assert text in event["problems"][0]
    assert running.state.problems == tuple(event["problems"])
    assert (running.state.succeeded, running.state.failed, running.state.last_ok) == (0, 1, False)
    assert "hunter2" not in json.dumps(event)
    running.token.write_text(SECRET)
    running.write(limits={"in_flight": 7})
    await running.following.reload()
    assert [model.limits.in_flight for model in running.put] == [7]
    assert (running.state.problems, running.state.last_ok) == ((), True)


async def test_what_was_taken_back_is_well_again(running: Running) -> None:
    """A bad file that becomes again what is running is no reload, and no failure any more."""
    good = running.file.read_bytes()
    running.file.write_text("nonsense")
    await running.following.reload()
    running.file.write_bytes(good)
    await running.following.reload()
    assert running.said() == ["reload_failed", "reload_unchanged"]
    assert not running.put
    assert (running.state.succeeded, running.state.last_ok, running.state.problems) == (0, True, ())


async def test_a_defect_in_putting_it_in_place_is_no_end(running: Running) -> None:
    """The one before goes on; the trace has no values."""
    running.refuses = ValueError(PLANTED)
    running.write(limits={"in_flight": 7})
    await running.following.reload()
    assert PLANTED not in json.dumps(running.events)
    assert running.said() == ["internal_error", "reload_failed"]
    running.refuses = None
    await running.following.reload()
    assert running.said() == ["reloaded"]


async def test_a_defect_in_reading_it_is_no_end(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the watching over: the next change is taken, and the one that failed is not tried all the time."""
    watching = asyncio.create_task(running.following.watch())
    loads = []

    def broken() -> Loaded:
        loads.append(1)
        raise RecursionError

    monkeypatch.setattr(running.following, "_load", broken)
    running.write(limits={"in_flight": 7})
    running.following.look_now()
    await until(lambda: running.state.failed > 0)
    await asyncio.sleep(2.5)
    assert len(loads) == 1
    monkeypatch.undo()
    running.write(limits={"in_flight": 8})
    await until(lambda: running.state.succeeded > 0)
    assert [model.limits.in_flight for model in running.put] == [8]
    watching.cancel()


async def test_a_system_that_fails_is_no_defect_of_ours(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor left, a disk that fails: the file and the system's own words, and nobody is asked to report it."""

    def no_descriptor_left() -> Loaded:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(running.file))

    monkeypatch.setattr(running.following, "_load", no_descriptor_left)
    await running.following.reload()
    assert running.said() == ["reload_failed"]
    assert running.state.problems == (f"{running.file}: cannot be read: Too many open files",)


async def test_a_look_that_fails_is_not_the_last(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be had for a moment, the watching would else be over for as long as the process runs."""
    failed = []

    def no_thread_left(_: object) -> bool:
        failed.append(1)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("bridge.server.reload.differ", no_thread_left)
    watching = asyncio.create_task(running.following.watch())
    await until(lambda: bool(failed))
    monkeypatch.undo()
    running.write(limits={"in_flight": 8})
    await until(lambda: running.state.succeeded > 0)
    assert running.said() == ["internal_error", "reloaded"]
    watching.cancel()


async def test_a_file_that_is_gone_for_a_moment_is_read_when_it_is_back(running: Running) -> None:
    """Also if it comes back right behind the look that missed it, and as it was (some editors do so)."""
    good = running.file.read_bytes()
    running.file.unlink()
    await running.following.reload()
    running.file.write_bytes(good)
    watching = asyncio.create_task(running.following.watch())
    await until(lambda: running.state.last_ok)
    assert running.said() == ["reload_failed", "reload_unchanged"]
    watching.cancel()


async def test_half_a_file_is_not_taken(running: Running) -> None:
    """While it is being written nothing is read, however good it looks so far; then it is read once."""
    watching = asyncio.create_task(running.following.watch())
    ends_at = time.monotonic() + 1.5
    number = 0
    while time.monotonic() < ends_at:
        number += 1
        running.write(limits={"in_flight": number})
        await asyncio.sleep(0.02)
    assert not running.put
    await until(lambda: running.put != [])
    assert [model.limits.in_flight for model in running.put] == [number]
    watching.cancel()


async def test_being_asked_is_answered_even_without_a_change(running: Running) -> None:
    """Who sends SIGHUP wants to know what came of it."""
    watching = asyncio.create_task(running.following.watch())
    running.following.look_now()
    await until(lambda: running.events != [])
    assert running.said() == ["reload_unchanged"]
    watching.cancel()


# -- a real process ---------------------------------------------------------------------------------------------------

OUTCOMES = ("reloaded", "reload_failed", "reload_unchanged")


def labelled(issuer: Issuer, label: str, **members: Any) -> dict[str, Any]:
    """A configuration that can be told by its answers, in two ways that must agree."""
    return configuration(
        providers={"p": provider(issuer.url, id_prefix=f"{label}:")}, mapping={"label": {"value": label}}, **members
    )


def label_of(answer: Any) -> str:
    """Which configuration gave an answer; it is one whole one."""
    assert answer.status == 200, answer.json
    data = answer.json["data"]
    assert data["id"].partition(":")[0] == data["label"]
    return str(data["label"])


def test_39_reload_without_restart_keeping_the_old_file_if_the_new_one_is_bad(
    start_bridge: StartBridge, issuer: Issuer
) -> None:
    """Atomically; log, metrics and /readyz?verbose tell how the last one went. The file is edited, nobody is told."""
    bridge = start_bridge(labelled(issuer, "one"))
    bridge.wait_until_ready()
    token = good_token(issuer.url)
    assert label_of(bridge.post(token)) == "one"
    good = written(labelled(issuer, "two"))

    bridge.file.write_text(good.replace('"audience"', '"audiance"'))
    failed = bridge.next_event(*OUTCOMES)
    assert failed["event"] == "reload_failed"
    line = good[: good.index('"audience"')].count("\n") + 1
    assert f"bridge.yaml:{line}:" in failed["problems"][0]
    assert "providers.p.audiance: " in failed["problems"][0]
    assert label_of(bridge.post(token)) == "one"
    ready = bridge.ask_admin("/readyz?verbose")
    assert (ready.status, ready.json["status"]) == (200, "ready")
    told = ready.json["configuration"]
    assert (told["reloads"], told["failed"], told["last"]["ok"]) == (0, 1, False)
    assert told["last"]["problems"] == failed["problems"]
    counted = bridge.metrics()
    assert counted["idp_bridge_config_reloads_total", (("result", "refused"),)] == 1
    assert counted["idp_bridge_config_last_reload_successful", ()] == 0

    fetches = issuer.asked()
    bridge.file.write_text(good)
    assert bridge.next_event(*OUTCOMES, after=1)["event"] == "reloaded"
    assert label_of(bridge.post(token)) == "two"
    told = bridge.ask_admin("/readyz?verbose").json["configuration"]
    assert (told["reloads"], told["failed"], told["last"]["ok"], told["last"]["problems"]) == (1, 1, True, [])
    assert bridge.metrics()["idp_bridge_config_last_reload_successful", ()] == 1
    assert issuer.asked() == fetches, "keys that are at hand are not fetched anew"


def test_incident_switches_reach_what_is_remembered(start_bridge: StartBridge, issuer: Issuer) -> None:
    """Each of ``refuse``'s, by a reload: the answers at hand of what it names are gone, and nobody else's."""
    since = datetime.now(UTC) - timedelta(minutes=5)
    earlier = int(since.timestamp()) - 60
    switches: dict[str, tuple[Any, Callable[[str], str]]] = {
        "subjects": ("stolen", lambda url: good_token(url, sub="stolen")),
        "token_ids": ("copied", lambda url: good_token(url, jti="copied")),
        "issued_before": (since.isoformat(timespec="seconds"), lambda url: good_token(url, iat=earlier)),
        "key_ids": ("ec256", lambda url: sign(good_header("ES256", "ec256"), good_claims(url), "ec256")),
    }
    realms = {name: issuer.realm(name.replace("_", "-")) for name in switches}
    entries = {f"p{n}": provider(realm.url, id_prefix=f"{n}:") for n, realm in enumerate(realms.values())}
    bridge = start_bridge(configuration(providers=entries))
    bridge.wait_until_ready()
    named = {name: token(realms[name].url) for name, (_, token) in switches.items()}
    others = [good_token(realm.url) for realm in realms.values()]
    for _ in range(2):
        assert {bridge.post(token).code for token in (*named.values(), *others)} == {None}
    lines = [bridge.next_event("callback", after=number) for number in range(16)]
    assert [line["cached"] for line in lines] == [False] * 8 + [True] * 8
    for entry, (name, (value, _)) in zip(entries.values(), switches.items(), strict=True):
        entry["refuse"] = {name: value}
    bridge.file.write_text(written(configuration(providers=entries)))
    assert bridge.next_event(*OUTCOMES)["event"] == "reloaded"
    assert {name: bridge.post(token).code for name, token in named.items()} == dict.fromkeys(switches, "token_inactive")
    assert {bridge.post(token).code for token in others} == {None}


def test_a_config_map_is_followed(tmp_path: Path, issuer: Issuer) -> None:
    """As the kubelet does it: a new folder, and the link ``..data`` put in place of the old one."""
    mount = tmp_path / "mount"

    def project(version: str, label: str, secret: str) -> None:
        folder = mount / f"..{version}"
        folder.mkdir(parents=True)
        token = {"callback": callback(header_token={"file": "token"})}
        (folder / "bridge.yaml").write_text(written({**labelled(issuer, label), **token}))
        (folder / "token").write_text(secret)
        (mount / "..data_tmp").symlink_to(folder.name)
        (mount / "..data_tmp").replace(mount / "..data")

    project("2026_01", "one", SECRET)
    for name in ("bridge.yaml", "token"):
        (mount / name).symlink_to(f"..data/{name}")
    with RunningBridge(mount / "bridge.yaml", tmp_path, {}) as bridge:
        bridge.wait_until_ready()
        token = good_token(issuer.url)
        assert label_of(bridge.post(token)) == "one"
        project("2026_02", "two", NEW_SECRET)
        shutil.rmtree(mount / "..2026_01")
        assert bridge.next_event(*OUTCOMES)["event"] == "reloaded"
        assert label_of(bridge.post(token, authorization=f"{NEW_SECRET} Bearer")) == "two"
        assert bridge.post(token).code == "caller_unauthorized"


def test_a_header_token_is_rotated_by_its_file(start_bridge: StartBridge, issuer: Issuer, tmp_path: Path) -> None:
    """Old and new together for a while, then the new one alone; the configuration itself is not touched (O14)."""
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text(SECRET + "\n")
    references = [{"file": str(new)}, {"file": str(old), "optional": True}]
    bridge = start_bridge(configuration(issuer.url, callback=callback(header_token=references)))
    bridge.wait_until_ready()
    token = good_token(issuer.url)

    def taken() -> list[bool]:
        return [bridge.post(token, authorization=f"Bearer {secret}").status == 200 for secret in (SECRET, NEW_SECRET)]

    assert taken() == [True, False]
    old.write_text(SECRET + "\n")
    new.write_text(NEW_SECRET + "\n")
    bridge.next_event(*OUTCOMES)
    assert taken() == [True, True]
    old.unlink()
    bridge.next_event(*OUTCOMES, after=1)
    assert taken() == [False, True]
    assert {event["event"] for event in bridge.events(*OUTCOMES)} == {"reloaded"}
    assert NEW_SECRET not in json.dumps(bridge.lines)


def test_who_may_call_changes_whole(start_bridge: StartBridge, issuer: Issuer) -> None:
    """A callback's ``allow_from`` and the proxies that it goes by: never the new one with the old other."""
    bridge = start_bridge(configuration(issuer.url))
    bridge.wait_until_ready()
    token = good_token(issuer.url)
    steps = ((["127.0.0.1"], None), (["192.0.2.0/24"], "caller_unauthorized"), (["127.0.0.1"], None))
    for step, (proxies, code) in enumerate(steps):
        fenced = configuration(issuer.url, callback=callback(allow_from=["203.0.113.0/24"]))
        server = {"host": "127.0.0.1", "port": 0, "trusted_proxies": proxies}
        bridge.file.write_text(written({**fenced, "server": server}))
        assert bridge.next_event(*OUTCOMES, after=step)["event"] == "reloaded"
        assert bridge.post(token, headers={"X-Forwarded-For": "203.0.113.5"}).code == code


def test_a_line_break_behind_a_secret_is_said(start_bridge: StartBridge, issuer: Issuer, tmp_path: Path) -> None:
    """O14 a secret from a file with newline: said at start and when that changes, by its key; one without is not."""
    plain, broken = tmp_path / "plain", tmp_path / "broken"
    plain.write_text(NEW_SECRET)
    broken.write_text(SECRET + "\r\n")
    references = [{"file": str(plain)}, {"file": str(broken)}]
    bridge = start_bridge(configuration(issuer.url, callback=callback(header_token=references)))
    bridge.wait_until_ready()
    assert bridge.post(good_token(issuer.url)).status == 200
    assert bridge.next_event("line_break_cut")["keys"] == ["callback.header_token[1]"]
    bridge.file.write_text(bridge.file.read_text() + "\n")
    bridge.next_event("reloaded")
    plain.write_text(NEW_SECRET + "\n")
    assert bridge.next_event("line_break_cut", after=1)["keys"] == [
        "callback.header_token[0]",
        "callback.header_token[1]",
    ]
    assert not bridge.said(NEW_SECRET)


def test_sighup_asks_for_a_look_at_once(start_bridge: StartBridge, issuer: Issuer) -> None:
    """Whatever came of it is said: nothing new, a new configuration, or what is wrong."""
    bridge = start_bridge(labelled(issuer, "one"))
    bridge.signal(signal.SIGHUP)
    assert bridge.next_event(*OUTCOMES)["event"] == "reload_unchanged"
    bridge.file.write_text(written(labelled(issuer, "two", limits={"deadline": "3s"})))
    bridge.signal(signal.SIGHUP)
    assert bridge.next_event(*OUTCOMES, after=1)["event"] == "reloaded"
    bridge.file.write_text("version: 2")
    bridge.signal(signal.SIGHUP)
    assert bridge.next_event(*OUTCOMES, after=2)["event"] == "reload_failed"
    assert label_of(bridge.post(good_token(issuer.url))) == "two"


def test_the_command_lines_word_stays(tmp_path: Path, issuer: Issuer) -> None:
    """What options say goes before the file after a reload as well: they are not taken for a change of the file."""
    text = json.dumps(labelled(issuer, "one", server={"host": "192.0.2.1"}, admin={"host": "192.0.2.1"}))
    options = ("--host", "127.0.0.1", "--port", "0", "--admin-host", "127.0.0.1", "--admin-port", "0")
    with RunningBridge(text, tmp_path, {}, *options) as bridge:
        bridge.file.write_text(text.replace("one", "two"))
        bridge.signal(signal.SIGHUP)
        bridge.next_event("reloaded")
        bridge.wait_until_ready()
        assert label_of(bridge.post(good_token(issuer.url))) == "two"
        assert not bridge.events("restart_needed")


def test_a_request_under_way_keeps_its_configuration(start_bridge: StartBridge, issuer: Issuer) -> None:
    """It waits for a key when the new configuration comes, and is answered by the one that it began with (O02)."""
    issuer.set(jwks=keys.jwks("rsa"))
    bridge = start_bridge(labelled(issuer, "one"))
    bridge.wait_until_ready()
    issuer.set(jwks=keys.jwks("rsa", "ed25519"), latency=2.5)
    asked = issuer.fetches()
    with ThreadPoolExecutor(1) as pool:
        unknown = sign(good_header("EdDSA", "ed25519"), good_claims(issuer.url), "ed25519")
        waiting = pool.submit(bridge.post, unknown)
        while issuer.fetches() == asked:
            time.sleep(0.01)
        bridge.file.write_text(written(labelled(issuer, "two")))
        bridge.signal(signal.SIGHUP)
        bridge.next_event("reloaded")
        assert label_of(bridge.post(good_token(issuer.url))) == "two"
        assert not waiting.done()
        assert label_of(waiting.result(10)) == "one"


def test_reloads_under_load_lose_nothing(start_bridge: StartBridge, issuer: Issuer) -> None:
    """Each answer is one configuration's, none is a failure, and what is behind a reload is never the one before."""
    bridge = start_bridge(labelled(issuer, "0"))
    bridge.wait_until_ready()
    token, stop = good_token(issuer.url), threading.Event()
    seen: list[list[str]] = [[] for _ in range(4)]

    def call(answers: list[str]) -> None:
        while not stop.is_set():
            answers.append(label_of(bridge.post(token)))

    with ThreadPoolExecutor(len(seen)) as pool:
        calls = [pool.submit(call, answers) for answers in seen]
        for number in range(1, 5):
            bridge.file.write_text(written(labelled(issuer, str(number))))
            bridge.signal(signal.SIGHUP)
            bridge.next_event("reloaded", after=number - 1)
        stop.set()
        for each in calls:
            each.result(10)
    for answers in seen:
        assert answers == sorted(answers)
        assert answers[0] == "0"
    assert bridge.stop() == 0
