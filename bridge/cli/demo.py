"""``idp-bridge demo``: the whole story on one machine."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import aiohttp
import typer

from bridge.cli.console import Status, bad, cannot_tell, good, say
from bridge.config.model import Model
from bridge.server.event_log import EventLog
from bridge.server.port import AddressUnavailable
from bridge.server.run import serve

if TYPE_CHECKING:
    from bridge.demo.run import Demo
    from bridge.demo.visitors import Visitor


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Do one round trip without a browser, print request and answer, and exit.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="The bridge's port; 0 is any free one.  [default: 8080, if free]"
        ),
    ] = None,
) -> None:
    """Run the bridge with a demo identity provider and a shop page with a stand-in chat widget.

    Everything listens on 127.0.0.1 only, with keys and a header token made for the run. Ctrl-C stops all of it.

    Exit status: 0 stopped as told, or the round trip gave the expected user; 1 it did not; 2 a port is taken.
    """
    try:
        status = asyncio.run(_story(port, once=once))
    except KeyboardInterrupt:  # before there was anything to stop
        status = Status.CANNOT_TELL if once else Status.YES
    except (AddressUnavailable, OSError) as error:
        raise cannot_tell(str(error)) from None
    if not once:
        say("Stopped.")
    raise typer.Exit(status)


async def _story(port: int | None, *, once: bool) -> Status:
    # Imported here, because the service has the same command line and never loads the demo.
    from bridge.demo.browser import SignInBroken
    from bridge.demo.run import running
    from bridge.demo.visitors import VISITORS

    visitor = next(iter(VISITORS.values()))
    async with running(_serve_quietly if once else _serve, port=port) as demo:
        for note in demo.notes:
            say(note)
        try:
            token = await demo.token(visitor)
            return await (_round_trip if once else _until_stopped)(demo, visitor, token)
        except (SignInBroken, aiohttp.ClientError, TimeoutError) as error:
            say(bad(f"The round trip broke: {error}"))
            return Status.FINDING


async def _until_stopped(demo: "Demo", visitor: "Visitor", token: str) -> Status:
    say(good("The demo is running."))
    say()
    say(f"  shop page          {demo.shop}/   open this: chat as a guest, sign in, chat again")
    say(f"  identity provider  {demo.issuer}/")
    say(f"  bridge             {demo.callback.url}   what CX Genie calls")
    say(f"  readiness          {demo.admin}/readyz?verbose")
    say()
    say(f"What CX Genie sends when {visitor.name} opens the chat, to paste within ten minutes:")
    say()
    say(demo.curl(token))
    say()
    say("Ctrl-C stops all of it.")
    await demo.stopped.wait()
    return Status.YES


async def _round_trip(demo: "Demo", visitor: "Visitor", token: str) -> Status:
    answer = await demo.identify(token)
    say(f"{visitor.name} signed in at the shop and opens the chat. CX Genie asks the bridge:")
    say()
    say(demo.curl(token))
    say()
    say("The bridge answers:")
    say()
    say(f"HTTP {answer.status} {answer.reason}")
    say(answer.pretty)
    say()
    if answer.data == visitor.chat_user:
        say(good("That is the expected user."))
        return Status.YES
    say(bad("That is not the expected user."))
    return Status.FINDING


async def _serve(model: Model, *, ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
    # The log goes beside what the demo prints, not into it.
    log = EventLog(model.log, write=lambda line: os.write(2, line), terminal=sys.stderr.isatty())
    await serve(model, ready=ready, stop=stop, log=log)


async def _serve_quietly(model: Model, *, ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
    log = EventLog(model.log.model_copy(update={"level": "warning"}), write=lambda line: os.write(2, line))
    await serve(model, ready=ready, stop=stop, log=log)
