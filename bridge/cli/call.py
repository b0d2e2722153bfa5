"""``idp-bridge call``: asks a running bridge as CX Genie does, and shows the answer."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp
import typer

from bridge.cli.console import READ_BYTES, Status, bad, cannot_tell, good, printable, read_text, say, say_json, tell
from bridge.strict_json import JsonInvalid, loads

_TIMEOUT = 10.0
"""Seconds for the whole exchange; CX Genie's own limit is not documented."""
_HEADER_TOKEN = re.compile(r"[!-+\--~]+", re.ASCII)
"""Visible ASCII without blanks and commas (CONTRACT.md, "The request")."""
_GUEST = "undefined"
"""What the widget sends for a page without ``data-token`` (CONTRACT.md, "The request")."""
_GUEST_CODE = "token_missing"
"""How a bridge answers it, to a caller whom it lets in."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def envelope(self) -> dict[str, Any] | None:
        """The body if it is CX Genie's envelope."""
        try:
            value = loads(self.body)
        except JsonInvalid:
            return None
        return value if isinstance(value, dict) and isinstance(value.get("status"), bool) else None


def call(
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The bridge's callback, as typed into CX Genie.")],
    header_token_file: Annotated[
        str,
        typer.Option("--header-token-file", metavar="FILE", help="A file with the header token; - is standard input."),
    ],
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE", help="A file with the visitor's token; - is standard input."),
    ] = None,
    guest: Annotated[
        bool,
        typer.Option("--guest", help="Instead of a token, what the widget sends for a visitor who is not signed in."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Post a visitor's token to a running bridge exactly as CX Genie would.

    Secrets are read from files or standard input, never from arguments: those land in the shell's history and in ps.
    With --guest nobody's token is needed: a caller with the right header token is told that the visitor is a guest, and
    nobody else is.

    Exit status: 0 the visitor is identified, or a guest as expected; 1 refused; 2 no answer, or none of a bridge.
    """
    if guest == (token_file is not None):
        raise cannot_tell(
            "Whose callback is it? Give --token-file with a visitor's token, or --guest: one of the two.",
            as_json=as_json,
        )
    if {header_token_file, token_file} == {"-"}:
        raise cannot_tell(
            "Standard input can give only one of the two: put the header token into a file.", as_json=as_json
        )
    header_token = read_text(header_token_file, "header token", as_json=as_json)
    if _HEADER_TOKEN.fullmatch(header_token) is None:
        raise cannot_tell(
            "The header token must be visible ASCII without blanks or commas, and alone in its file (without Bearer).",
            as_json=as_json,
        )
    token = _GUEST if token_file is None else read_text(token_file, "visitor's token", as_json=as_json)
    try:
        answer = asyncio.run(_post(url, header_token, token))
    except TimeoutError:
        raise cannot_tell(f"{url} did not answer within {_TIMEOUT:g} seconds.", as_json=as_json) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise cannot_tell(f"{url} is not an http or https address.", as_json=as_json) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise cannot_tell(f"{url} cannot be reached: {error}.", as_json=as_json) from None
    raise typer.Exit(_report(answer, guest=guest, as_json=as_json))


async def _post(url: str, header_token: str, token: str) -> _Answer:
    """CX Genie's request (CONTRACT.md, "The request"); the secret stands before ``Bearer``."""
    headers = {"Authorization": f"{header_token} Bearer", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT)) as session,
        session.post(url, data=json.dumps({"access_token": token}), headers=headers, allow_redirects=False) as response,
    ):
        body = b""
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > READ_BYTES:
                break
        return _Answer(response.status, response.reason or "", body)


def _verdict(envelope: dict[str, Any] | None, *, guest: bool) -> Status:
    if envelope is None:
        return Status.CANNOT_TELL
    expected = envelope.get("code") == _GUEST_CODE if guest else envelope["status"]
    return Status.YES if expected else Status.FINDING


def _report(answer: _Answer, *, guest: bool, as_json: bool) -> Status:
    envelope = answer.envelope
    status = _verdict(envelope, guest=guest)
    if as_json:
        shown = printable(answer.text) if envelope is None else envelope
        say_json({"ok": status is Status.YES, "http_status": answer.status, "body": shown})
        return status
    paint = good if status is Status.YES else bad
    say(paint(printable(f"{answer.status} {answer.reason}".rstrip())))
    say(printable(answer.text if envelope is None else json.dumps(envelope, indent=2, ensure_ascii=False)))
    if envelope is None:
        tell("idp-bridge: That is not a bridge's answer: JSON with status true or false was expected.")
    return status
