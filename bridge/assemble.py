"""Settings in, running things out: the only place that constructs, starts and closes."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from bridge.answer_cache import AnswerCache
from bridge.authentication import Authentication
from bridge.config.cache_settings import CacheSettings, SharedCacheSettings
from bridge.config.model import Model
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.http import BeginSpan, HttpClient, OnExchange, open_session
from bridge.oidc.kept_keys import KeptKeys
from bridge.oidc.key_store import KeyStore
from bridge.oidc.provider import Provider, ProviderState
from bridge.oidc.sources import FactSource, Sources
from bridge.shared_cache import SharedCache


class Bridge:
    """What a configuration became.

    Attributes:
        authentications: Each callback's flow, by the callback's name.
        providers: Each provider, by its name.
        cache: What is remembered of tokens.
        cache_settings: By which settings.
        shared: What replicas share, where they do.
    """

    def __init__(
        self,
        authentications: Mapping[str, Authentication],
        providers: Mapping[str, Provider],
        cache: AnswerCache,
        cache_settings: CacheSettings,
        shared: SharedCache | None,
    ) -> None:
        self.authentications = authentications
        self.providers = providers
        self.cache = cache
        self.cache_settings = cache_settings
        self.shared = shared

    def provider_states(self) -> Mapping[str, ProviderState]:
        """How each provider's keys stand, by its name."""
        return {name: provider.state for name, provider in self.providers.items()}

    async def first_fetches(self) -> None:
        """Returns when each provider's first fetch has ended, well or ill."""
        await asyncio.gather(*(provider.first_fetch() for provider in self.providers.values()))


@asynccontextmanager
async def assemble(
    model: Model,
    *,
    before: Bridge | None = None,
    now: Callable[[], float] = time.time,
    on_exchange: OnExchange | None = None,
    begin_span: BeginSpan | None = None,
) -> AsyncIterator[Bridge]:
    """A running bridge; on leaving, its refreshing has ended and its connections are closed.

    Args:
        model: A checked configuration.
        before: The bridge that this one replaces: keys of providers that stay as they are go on serving, and what it
            remembers goes on being known.
        now: Seconds since the epoch.
        on_exchange: Told of each exchange with a provider.
        begin_span: Asked before each; ``None`` where they are not traced.

    Raises:
        KeyStoreUnusable: ``state_dir`` cannot be used.
    """
    async with contextlib.AsyncExitStack() as stack:
        store = await _key_store(model)
        if store is not None:
            stack.callback(store.close)
        session = await stack.enter_async_context(open_session())
        client = functools.partial(HttpClient, session, on_exchange=on_exchange, begin_span=begin_span)
        providers = {
            name: Provider(
                name,
                settings,
                client(provider=name, timeout=settings.http.timeout, ca_pem=settings.http.ca_file),
                hints=model.hints.get(name, ()),
                tests=model.answer_tests.get(name, AnswerTests()),
                max_waiting=max(1, model.limits.in_flight // 4),
                now=now,
                before=before.providers.get(name) if before else None,
            )
            for name, settings in model.providers.items()
        }
        cache = _cache(model.cache, before, now)
        shared = _shared_cache(model.cache.shared, before, now)
        if shared is not None:
            await stack.enter_async_context(shared.in_use())
        sources = Sources(
            {
                name: FactSource(
                    name, settings, client(provider=name, timeout=settings.timeout, ca_pem=settings.http.ca_file)
                )
                for name, settings in model.sources.items()
            }
        )
        stack.push_async_callback(sources.close)
        authentications = {
            callback.name: Authentication(
                callback.name,
                {name: providers[name] for name in callback.providers},
                callback.mappings,
                cache,
                callback.requires,
                decides=callback.decides,
                shared=shared,
                reuse_alarm=model.cache.reuse_alarm,
                sources=sources,
            )
            for callback in model.callbacks
        }
        kept = [
            KeptKeys(store, name, model.providers[name], provider.remote_keys, now=now)
            for name, provider in providers.items()
            if store is not None and provider.remote_keys is not None
        ]
        await asyncio.gather(*(keys.restore() for keys in kept))
        refreshing = [
            *(
                asyncio.create_task(provider.keep_fresh(), name=f"keep_fresh {name}")
                for name, provider in providers.items()
            ),
            *(asyncio.create_task(keys.keep(), name="keep keys") for keys in kept),
        ]
        try:
            yield Bridge(authentications, providers, cache, model.cache, shared)
        finally:
            for task in refreshing:
                task.cancel()
            await asyncio.gather(*refreshing, return_exceptions=True)
            await asyncio.gather(*(authentication.close() for authentication in authentications.values()))


async def _key_store(model: Model) -> KeyStore | None:
    if model.state_dir is None:
        return None
    secrets = [secret.get_secret_value() for callback in model.callbacks for secret in callback.settings.header_token]
    return await asyncio.to_thread(KeyStore, model.state_dir, secrets)


def _cache(settings: CacheSettings, before: Bridge | None, now: Callable[[], float]) -> AnswerCache:
    # Every key holds what decides the answer, so what another configuration left behind is at worst not found.
    if before is not None and before.cache_settings == settings:
        return before.cache
    return AnswerCache(
        max_entries=settings.max_entries,
        max_bytes=settings.max_bytes,
        max_age=settings.max_age,
        refused_age=settings.refused_age,
        now=now,
    )


def _shared_cache(settings: SharedCacheSettings, before: Bridge | None, now: Callable[[], float]) -> SharedCache | None:
    if settings.url is None:
        return None
    # What it knows of its server goes on too: one that is gone is not waited for, nor logged, again.
    if before is not None and before.cache_settings.shared == settings:
        return before.shared
    return SharedCache(settings.url.get_secret_value(), timeout=settings.timeout, ca_pem=settings.ca_file, now=now)
