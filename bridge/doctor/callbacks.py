"""A running bridge, asked as CX Genie asks it: without the header token, and with it as a guest."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from bridge import strict_json
from bridge.config.model import Callback
from bridge.contract.response import Responses
from bridge.doctor.finding import Finding
from bridge.errors import TokenMissing

SECONDS = 10.0
"""For one exchange, as CX Genie might wait."""

_READ = 65536


async def examine_callback(session: aiohttp.ClientSession, url: str, callback: Callback) -> AsyncIterator[Finding]:
    """What is to be said of one callback of a running bridge.

    Args:
        session: Whoever asks.
        url: The bridge's address; the callback's path is put behind it, unless it stands there already.
        callback: The configuration that should answer.
    """
    about, path = f"callback {callback.name}", callback.settings.path
    address = url if path != "/" and url.endswith(path) else url.rstrip("/") + path
    answer = await _posted(session, address, None)
    if isinstance(answer, str):
        cure = "Is that the address as typed into CX Genie, and does the bridge run? Is its port reached from here?"
        yield Finding("bridge", about, "finding", f"{address}: {answer}", "CX Genie gets no answer.", cure)
        return
    status, document = answer
    if not isinstance(document, dict) or document.get("code") not in {"caller_unauthorized", "too_many_failed_calls"}:
        if isinstance(document, dict) and document.get("status") is False and document.get("code") != "not_found":
            why = "Anybody could ask who your visitors are."
            found = f"{address} answers HTTP {status} {document.get('code')} without a header token"
            yield Finding("bridge_open", about, "finding", found, why, "Does a proxy add Authorization? Remove that.")
            return
        cure = f"Write path: as the URL in CX Genie ends, and have what stands before the bridge pass {path} on."
        found = f"{address} answers HTTP {status}, and is no callback of this file's"
        yield Finding("bridge", about, "finding", found, "CX Genie gets no chat user.", cure)
        return
    yield Finding("bridge_open", about, "ok", f"{address} wants the header token")
    async for finding in _with_header_token(session, address, callback, about):
        yield finding


async def _with_header_token(
    session: aiohttp.ClientSession, address: str, callback: Callback, about: str
) -> AsyncIterator[Finding]:
    for position, secret in enumerate(callback.settings.header_token):
        which = f"header_token[{position}]" if len(callback.settings.header_token) > 1 else "header_token"
        answer = await _posted(session, address, f"{secret.get_secret_value()} Bearer")
        status, document = answer if isinstance(answer, tuple) else (0, None)
        code = document.get("code") if isinstance(document, dict) else None
        expected = Responses(callback.settings).failure(TokenMissing(), "").status
        if code == "token_missing" and status == expected:
            yield Finding("header_token", about, "ok", f"it takes {which}, and answers a guest HTTP {status}")
        elif code == "caller_unauthorized":
            why = "CX Genie would be turned away with it."
            cure = "Does the bridge run with this file and these secrets? Else reload it, or correct the secret."
            if callback.settings.allow_from:
                cure += " Or this machine is not in allow_from."
            yield Finding("header_token", about, "finding", f"it does not take {which}", why, cure)
        else:
            said = code or "and no envelope of ours"
            found = f"a guest gets HTTP {status} {said}; HTTP {expected} token_missing was expected"
            cure = "Does the bridge run with this file? Does something on the way change answers?"
            yield Finding("guest", about, "finding", found, "CX Genie could take it for another thing.", cure)


async def _posted(session: aiohttp.ClientSession, url: str, authorization: str | None) -> tuple[int, Any] | str:
    """Status and JSON of the answer to a guest's callback, or why there is none."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
    body = json.dumps({"access_token": ""}).encode()
    try:
        async with (
            asyncio.timeout(SECONDS),
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            text = await response.content.read(_READ)
    except TimeoutError:
        return "no answer in time"
    except (aiohttp.InvalidURL, ValueError):
        return "not an http or https address"
    except (aiohttp.ClientError, OSError) as error:
        return f"no answer ({type(error).__name__})"
    try:
        return response.status, strict_json.loads(text)
    except strict_json.JsonInvalid:
        return response.status, None
