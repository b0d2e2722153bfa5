"""What is counted, and how Prometheus reads it.

On the way of a callback there are plain numbers only; the library makes families of them when it is asked. A label's
value comes from the configuration or from a fixed set here, never from a request or a token (THREATS.md O08).
"""

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.assemble import Bridge
from bridge.server.counts import CallbackCounts, ReloadState, Timings

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily | InfoMetricFamily

EXCHANGE_OUTCOMES = ("1xx", "2xx", "3xx", "4xx", "429", "5xx", "timeout", "unreachable", "too_large", "over_budget")
"""What an exchange with a provider can come to; anything else is ``other``."""


@dataclass(frozen=True, slots=True)
class Live:
    """What is read at the moment of a scrape instead of being counted.

    Attributes:
        bridge: What runs.
        configuration: The fingerprint of the configuration that runs.
        ready: Whether callbacks may come.
        in_flight: Callbacks that are being answered.
        connections: Callers that are connected to the public port.
        lost_log_lines: Log lines that could not be written.
        lost_audit_lines: The same for the audit trail.
    """

    bridge: Callable[[], Bridge]
    configuration: Callable[[], str]
    ready: Callable[[], bool]
    in_flight: Callable[[], int]
    connections: Callable[[], int]
    lost_log_lines: Callable[[], int]
    lost_audit_lines: Callable[[], int]


class Metrics(Collector):
    """The instruments of one process.

    Attributes:
        strangers: Requests that were refused before a callback's settings could decide, by code.
        reloads: How reading the configuration anew has gone.
        live: What is read at a scrape; nothing of it is shown before it is set.
    """

    def __init__(self) -> None:
        self.strangers: dict[str, int] = defaultdict(int)
        self.reloads = ReloadState()
        self.live: Live | None = None
        self._callbacks: dict[str, CallbackCounts] = {}
        self._exchanges: dict[tuple[str, str, str], int] = defaultdict(int)
        self._exchange_seconds: dict[tuple[str, str], Timings] = defaultdict(Timings)
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def callback(self, name: str, providers: Iterable[str] = ()) -> CallbackCounts:
        """The counts of one callback; a configuration that replaces another goes on with those of the same name."""
        if name not in self._callbacks:
            self._callbacks[name] = CallbackCounts(providers)
        return self._callbacks[name]

    def on_exchange(self, provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        """Counts one exchange with a provider; see ``OnExchange``."""
        if len(outcome) == 3 and outcome.isdigit() and outcome != "429":
            outcome = f"{outcome[0]}xx"
        if outcome not in EXCHANGE_OUTCOMES:
            outcome = "other"
        self._exchanges[provider, endpoint, outcome] += 1
        if outcome != "over_budget":  # that one was not made
            self._exchange_seconds[provider, endpoint].add(seconds)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Everything in the format that an ``Accept`` header prefers, OpenMetrics or Prometheus' own, and its type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def collect(self) -> Iterator[Family]:
        """Each family, as it stands now."""
        yield InfoMetricFamily(
            "idp_bridge_build",
            "What runs.",
            value={"version": __version__, "python": platform.python_version()},
        )
        yield from self._counted()
        yield from self._reloaded()
        if self.live is not None:
            yield from _process(self.live)
            yield from _key_sets(self.live.bridge())
            yield from _cache(self.live.bridge())

    def _counted(self) -> Iterator[Family]:
        answers = CounterMetricFamily(
            "idp_bridge_callbacks",
            "Callbacks answered, by what they came to.",
            labels=["callback", "provider", "code", "outcome"],
        )
        seconds = HistogramMetricFamily(
            "idp_bridge_callback_seconds",
            "Time from a callback's head to its answer, in seconds.",
            labels=["callback", "outcome"],
        )
        for callback, counts in self._callbacks.items():
            for said, count in counts.answers.items():
                answers.add_metric([callback, *said], count)
            for outcome, timings in counts.seconds.items():
                seconds.add_metric([callback, outcome], list(timings.buckets()), timings.seconds)
        yield answers
        yield seconds
        absent = CounterMetricFamily(
            "idp_bridge_fields_absent",
            "Fields that a mapping could not give when an answer was worked out.",
            labels=["callback", "provider", "field"],
        )
        for callback, counts in self._callbacks.items():
            for (provider, name), count in counts.absent.items():
                absent.add_metric([callback, provider, name], count)
        yield absent
        contradictions = CounterMetricFamily(
            "idp_bridge_body_contradictions",
            "Callbacks whose body named somebody else than the verified token.",
            labels=["callback", "field"],
        )
        for callback, counts in self._callbacks.items():
            for name, count in counts.contradictions.items():
                contradictions.add_metric([callback, name], count)
        yield contradictions
        strangers = CounterMetricFamily(
            "idp_bridge_refused_requests",
            "Requests refused before any callback's settings were asked.",
            labels=["code"],
        )
        for code, count in self.strangers.items():
            strangers.add_metric([code], count)
        yield strangers
        exchanges = CounterMetricFamily(
            "idp_bridge_exchanges",
            "Exchanges with identity providers.",
            labels=["provider", "endpoint", "outcome"],
        )
        for said, count in self._exchanges.items():
            exchanges.add_metric(said, count)
        yield exchanges
        took = HistogramMetricFamily(
            "idp_bridge_exchange_seconds",
            "Time of an exchange with an identity provider, in seconds.",
            labels=["provider", "endpoint"],
        )
        for where, timings in self._exchange_seconds.items():
            took.add_metric(where, list(timings.buckets()), timings.seconds)
        yield took

    def _reloaded(self) -> Iterator[Family]:
        reloads = CounterMetricFamily("idp_bridge_config_reloads", "Configurations read anew.", labels=["result"])
        reloads.add_metric(["success"], self.reloads.succeeded)
        reloads.add_metric(["refused"], self.reloads.failed)
        yield reloads
        yield GaugeMetricFamily(
            "idp_bridge_config_last_reload_successful",
            "Whether the configuration, as it was last read, is what runs.",
            value=self.reloads.last_ok,
        )
        yield GaugeMetricFamily(
            "idp_bridge_config_last_reload_success_timestamp_seconds",
            "When the configuration that runs was read.",
            value=self.reloads.loaded_at,
        )


def _process(live: Live) -> Iterator[Family]:
    yield InfoMetricFamily(
        "idp_bridge_config",
        "The configuration that runs: the first digits of its file's SHA-256.",
        value={"sha256": live.configuration()},
    )
    yield GaugeMetricFamily("idp_bridge_ready", "Whether callbacks may come.", value=live.ready())
    yield GaugeMetricFamily("idp_bridge_in_flight", "Callbacks that are being answered.", value=live.in_flight())
    yield GaugeMetricFamily("idp_bridge_connections", "Callers that are connected.", value=live.connections())
    lost = CounterMetricFamily("idp_bridge_lost_lines", "Lines that could not be written.", labels=["stream"])
    lost.add_metric(["log"], live.lost_log_lines())
    lost.add_metric(["audit"], live.lost_audit_lines())
    yield lost


def _key_sets(bridge: Bridge) -> Iterator[Family]:
    label = ["provider"]
    age = GaugeMetricFamily("idp_bridge_key_set_age_seconds", "Time since the last good fetch.", labels=label)
    at = GaugeMetricFamily(
        "idp_bridge_key_set_last_success_timestamp_seconds", "When the last good fetch was.", labels=label
    )
    keys = GaugeMetricFamily("idp_bridge_key_set_keys", "Usable keys at hand.", labels=label)
    failing = GaugeMetricFamily("idp_bridge_key_set_failing", "Whether the last fetch failed.", labels=label)
    for name, state in bridge.provider_states().items():
        if state.age is not None:
            age.add_metric([name], state.age)
            at.add_metric([name], round(time.time() - state.age, 3))
        keys.add_metric([name], state.keys)
        failing.add_metric([name], bool(state.failure))
    yield from (age, at, keys, failing)


def _cache(bridge: Bridge) -> Iterator[Family]:
    cache = bridge.cache
    looks = CounterMetricFamily("idp_bridge_cache_lookups", "Looks for a remembered answer.", labels=["result"])
    looks.add_metric(["hit"], cache.hits)
    looks.add_metric(["miss"], cache.misses)
    yield looks
    yield GaugeMetricFamily("idp_bridge_cache_entries", "Answers that are remembered.", value=cache.entries)
    yield GaugeMetricFamily("idp_bridge_cache_bytes", "How much of cache.max_bytes they take.", value=cache.bytes)
    shared = bridge.shared
    looks = CounterMetricFamily("idp_bridge_shared_cache_lookups", "Looks into the shared cache.", labels=["result"])
    looks.add_metric(["hit"], 0 if shared is None else shared.hits)
    looks.add_metric(["miss"], 0 if shared is None else shared.misses)
    looks.add_metric(["unreadable"], 0 if shared is None else shared.unreadable)
    yield looks
    yield CounterMetricFamily(
        "idp_bridge_shared_cache_failures",
        "Commands to the shared cache that failed or took too long.",
        value=0 if shared is None else shared.failures,
    )
    yield CounterMetricFamily(
        "idp_bridge_shared_cache_skipped",
        "Commands to the shared cache that were not sent, because it failed a moment ago.",
        value=0 if shared is None else shared.skipped,
    )
