"""Settings in, running things out: the only place that constructs, starts and closes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from bridge.answer_cache import AnswerCache
from bridge.authentication import Authentication
from bridge.config.model import Model
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.http import HttpClient, OnExchange, open_session
from bridge.oidc.provider import Provider, ProviderState


class Bridge:
    """What a configuration became.

    Attributes:
        authentications: Each callback's flow, by the callback's name.
    """

    def __init__(self, authentications: Mapping[str, Authentication], providers: Mapping[str, Provider]) -> None:
        self.authentications = authentications
        self._providers = providers

    def provider_states(self) -> Mapping[str, ProviderState]:
        """How each provider's keys stand, by its name."""
        return {name: provider.state for name, provider in self._providers.items()}

    async def first_fetches(self) -> None:
        """Returns when each provider's first fetch has ended, well or ill."""
        await asyncio.gather(*(provider.first_fetch() for provider in self._providers.values()))


@asynccontextmanager
async def assemble(
    model: Model, *, now: Callable[[], float] = time.time, on_exchange: OnExchange | None = None
) -> AsyncIterator[Bridge]:
    """A running bridge; on leaving, its refreshing has ended and its connections are closed.

    Args:
        model: A checked configuration.
        now: Seconds since the epoch.
        on_exchange: Told of each exchange with a provider.
    """
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        providers = {
            name: Provider(
                name,
                settings,
                HttpClient(
                    session,
                    provider=name,
                    timeout=settings.http.timeout,
                    ca_pem=settings.http.ca_file,
                    on_exchange=on_exchange,
                ),
                hints=model.hints.get(name, ()),
                tests=model.answer_tests.get(name, AnswerTests()),
                max_waiting=max(1, model.limits.in_flight // 4),
                now=now,
            )
            for name, settings in model.providers.items()
        }
        cache = AnswerCache(
            max_entries=model.cache.max_entries,
            max_bytes=model.cache.max_bytes,
            max_age=model.cache.max_age,
            now=now,
        )
        authentications = {
            callback.name: Authentication(
                callback.name,
                {name: providers[name] for name in callback.providers},
                callback.mappings,
                cache,
                callback.requires,
            )
            for callback in model.callbacks
        }
        refreshing = [
            asyncio.create_task(provider.keep_fresh(), name=f"keep_fresh {name}")
            for name, provider in providers.items()
        ]
        try:
            yield Bridge(authentications, providers)
        finally:
            for task in refreshing:
                task.cancel()
            await asyncio.gather(*refreshing, return_exceptions=True)
