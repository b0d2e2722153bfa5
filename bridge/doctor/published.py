"""What a provider publishes: its discovery document, how it spells itself, its keys, and what time it is there."""

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from authlib.oidc.discovery import get_well_known_url

from bridge import strict_json
from bridge.doctor.finding import Finding, Grade
from bridge.errors import ProviderError
from bridge.oidc.discovery import Metadata, discover
from bridge.oidc.http import HttpClient, Response
from bridge.oidc.issuer import TEMPLATE
from bridge.oidc.key import VerificationKey
from bridge.oidc.key_set import judged_key_set
from bridge.oidc.settings import ProviderSettings

_WELL_KNOWN = "/.well-known/"

CLOCK_SECONDS = 5.0
"""That clocks may differ before anybody should look: with NTP they differ by milliseconds, a Date counts seconds."""


@dataclass(slots=True)
class Published:
    """What was learnt of a provider on the way.

    Attributes:
        metadata: Its discovery document.
        keys: Its usable keys.
    """

    metadata: Metadata | None = None
    keys: tuple[VerificationKey, ...] = ()


async def examine_discovery(
    about: str, settings: ProviderSettings, http: HttpClient, learnt: Published
) -> AsyncIterator[Finding]:
    """Discovery, and the spelling of the issuer."""
    issuer = settings.issuer[0]
    try:
        learnt.metadata = await discover(http, issuer, insecure=settings.http.insecure)
    except ProviderError as error:
        spelt = await _own_spelling(http, issuer, insecure=settings.http.insecure)
        if spelt is None:
            cure = error.hint or f"Ask {get_well_known_url(issuer, external=True)} with curl from this machine."
            yield Finding("discovery", about, "finding", error.detail, "Its keys are not known.", cure)
        else:
            why = "Every token of it would be refused: iss is compared letter by letter."
            found = f"the provider spells itself {spelt}"
            yield Finding("issuer", about, "finding", found, why, f"Write issuer: {spelt}")
        return
    yield Finding("discovery", about, "ok", f"discovery of {issuer} names itself just so")


async def _own_spelling(http: HttpClient, issuer: str, *, insecure: bool) -> str | None:
    """How the provider spells the issuer that was meant, if one of the usual slips was made."""
    base = issuer.partition(_WELL_KNOWN)[0].partition("?")[0]
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    lower = f"{scheme.lower()}://{host.lower()}{slash}{path}"
    meant = [issuer, base, f"{base}/", base.rstrip("/"), lower, lower.rstrip("/"), f"{lower}/"]
    meant += [f"https://{rest}"] if scheme.lower() == "http" else []
    for candidate in dict.fromkeys(meant):
        try:
            address = get_well_known_url(candidate.replace(TEMPLATE, "common"), external=True)
            answer = await http.get(address, "discovery")
            named = strict_json.loads(answer.body) if answer.status == 200 else None
        except (ProviderError, strict_json.JsonInvalid):
            continue
        spelt = named.get("issuer") if isinstance(named, dict) else None
        if isinstance(spelt, str) and spelt != issuer and spelt.isprintable() and len(spelt) <= 200:
            try:
                await discover(http, spelt, insecure=insecure)
            except ProviderError:
                continue
            return spelt
    return None


async def examine_keys(
    about: str, settings: ProviderSettings, http: HttpClient, learnt: Published
) -> AsyncIterator[Finding]:
    """The key set, and the provider's clock."""
    url = settings.jwks.url or (learnt.metadata.jwks_uri if learnt.metadata is not None else None)
    if settings.jwks.file is not None:
        body = settings.jwks.file.encode()
    elif url is None:
        return  # its keys are in the file, or discovery has said why there are none
    else:
        try:
            answer = await http.get(url, "jwks")
        except ProviderError as error:
            yield _no_key_set(about, error.detail, error.hint)
            return
        if answer.status != 200:
            yield _no_key_set(about, f"the key set answered HTTP {answer.status}", "Is jwks: {url: …} right?")
            return
        for finding in examine_clock(about, settings, answer):
            yield finding
        body = answer.body
    for finding in examine_key_set(about, settings, body, learnt):
        yield finding


def _no_key_set(about: str, found: str, cure: str) -> Finding:
    return Finding("key_set", about, "finding", found, "No token can be verified.", cure or "Ask it with curl.")


def examine_key_set(about: str, settings: ProviderSettings, body: bytes, learnt: Published) -> Iterator[Finding]:
    """What is in a key set."""
    try:
        keys, remarks = judged_key_set(body)
    except ValueError as error:
        yield _no_key_set(about, f"the key set cannot be read: {error}", "")
        return
    for remark in remarks:
        if remark.event == "private_key_published":
            why = "Whoever reads it can sign as the provider, and be every visitor."
            cure = "Replace that key at the provider now, and name it under refuse: {key_ids: […]}."
            yield Finding("private_key", about, "finding", remark.said, why, cure)
        elif remark.event == "key_unused" and remark.level >= logging.WARNING:
            why = "Tokens signed with it are refused."
            yield Finding("unused_key", about, "warning", remark.said, why, "Have the provider replace that key.")
    learnt.keys = usable = keys.keys
    if not usable:
        unused = sum(remark.event == "key_unused" for remark in remarks)
        found = f"{unused} keys, none of them usable" if unused else "an empty key set"
        yield Finding(
            "no_keys", about, "finding", found, "All its tokens are refused.", "Have it publish signing keys."
        )
        return
    possible = frozenset().union(*(key.algorithms for key in usable))
    if possible.isdisjoint(settings.allowed_algorithms):
        found = f"its keys sign {', '.join(sorted(possible))}; allowed are {', '.join(settings.allowed_algorithms)}"
        cure = f"Write algorithms: [{', '.join(sorted(possible))}]."
        yield Finding("algorithms", about, "finding", found, "All its tokens are refused.", cure)
        return
    kinds = Counter("/".join(sorted(key.algorithms)) for key in usable)
    listed = ", ".join(f"{count} for {kind}" for kind, count in kinds.items())
    yield Finding("no_keys", about, "ok", f"{len(usable)} usable keys: {listed}")


def examine_clock(about: str, settings: ProviderSettings, answer: Response) -> Iterator[Finding]:
    """The provider's clock, by the Date of its answer (RFC 9110 section 6.6.1), against this machine's."""
    if answer.date is None:
        return
    ahead = answer.date - time.time()
    if abs(ahead) <= CLOCK_SECONDS:
        yield Finding("clock", about, "ok", "its clock and ours agree")
        return
    grade: Grade = "finding" if abs(ahead) > settings.leeway else "warning"
    found = f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    why = (
        f"More than leeway ({settings.leeway:g} s): fresh tokens count as not yet valid, or good ones as expired."
        if grade == "finding"
        else f"Within leeway ({settings.leeway:g} s), and it may grow."
    )
    yield Finding("clock", about, grade, found, why, "Set the clocks by NTP; see `timedatectl` here.")
