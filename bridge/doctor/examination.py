"""All checks, in the order in which one explains the next: host, discovery, keys, endpoints, bridge, token."""

from collections import defaultdict
from collections.abc import AsyncIterator

from bridge.config.model import Model
from bridge.doctor.asked import Asked
from bridge.doctor.callbacks import examine_callback
from bridge.doctor.finding import Finding
from bridge.doctor.hosts import examine_host
from bridge.doctor.published import Published, examine_discovery, examine_keys
from bridge.doctor.sample import examine_token
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.http import Endpoint, HttpClient, open_session
from bridge.oidc.issuer import TEMPLATE
from bridge.oidc.settings import ProviderSettings

SLOW = 0.5
"""The share of ``http.timeout`` from which a provider is called slow."""


async def examine(model: Model, *, url: str | None = None, token: str | None = None) -> AsyncIterator[Finding]:
    """Everything that is found, as it is found.

    Args:
        model: The configuration, with its secrets.
        url: A running bridge's address, to be asked as well.
        token: A sample token, to be sent through as well.
    """
    async with open_session() as session:
        asked: dict[str, Asked] = {}
        for name, settings in model.providers.items():
            about, waited = f"provider {name}", _Waited()
            http = HttpClient(
                session,
                provider=name,
                timeout=settings.http.timeout,
                ca_pem=settings.http.ca_file,
                on_exchange=waited.note,
            )
            learnt = Published()
            async for finding in _examine_provider(about, settings, http, learnt):
                yield finding
            asked[name] = Asked(about, settings, http, learnt, model.answer_tests.get(name, AnswerTests()))
            async for finding in asked[name].examine():
                yield finding
            for finding in waited.findings(about, settings.http.timeout):
                yield finding
        for callback in model.callbacks if url is not None else ():
            async for finding in examine_callback(session, url or "", callback):
                yield finding
        if token is not None:
            async for finding in examine_token(token, model, asked):
                yield finding


async def _examine_provider(
    about: str, settings: ProviderSettings, http: HttpClient, learnt: Published
) -> AsyncIterator[Finding]:
    needs_discovery = bool(settings.issuer) and (not settings.given_keys or settings.discovers_endpoints)
    addresses = [settings.issuer[0].replace(TEMPLATE, "common")] if needs_discovery else []
    addresses += [settings.jwks.url] if settings.jwks.url is not None else []
    addresses += [
        endpoint.url
        for endpoint in (settings.introspection, settings.token_check, settings.userinfo)
        if endpoint is not None and endpoint.url is not None
    ]
    reached = True
    for address in {"/".join(url.split("/")[:3]): url for url in addresses}.values():
        async for finding in examine_host(about, address, ca_pem=settings.http.ca_file, seconds=settings.http.timeout):
            reached = reached and not (finding.grade == "finding" and finding.check in {"dns", "unreachable", "tls"})
            yield finding
    if not reached:
        return
    if needs_discovery:
        async for finding in examine_discovery(about, settings, http, learnt):
            yield finding
    async for finding in examine_keys(about, settings, http, learnt):
        yield finding


class _Waited:
    """How long a provider's answers took."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def note(self, _provider: str, endpoint: Endpoint, outcome: str, seconds: float) -> None:
        """Takes one exchange; what brought no answer is another finding."""
        if outcome.isdigit():
            self._seconds[endpoint] = max(self._seconds[endpoint], seconds)

    def findings(self, about: str, timeout: float) -> list[Finding]:
        """The slowest answer of each endpoint, in one line, or one warning each."""
        slow = {name: seconds for name, seconds in self._seconds.items() if seconds > timeout * SLOW}
        listed = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in self._seconds.items())
        if not slow:
            return [Finding("latency", about, "ok", f"it answers: {listed}")] if listed else []
        why = f"Close to http.timeout ({timeout:g} s): under load callbacks would be answered provider_unavailable."
        cure = "Place the bridge nearer to it, or raise http: {timeout: …}, within limits.deadline."
        return [
            Finding("latency", about, "warning", f"{name} took {seconds * 1000:.0f} ms", why, cure)
            for name, seconds in slow.items()
        ]
