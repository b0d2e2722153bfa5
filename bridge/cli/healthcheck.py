"""``idp-bridge healthcheck``: one question to the private port, for what starts containers and watches over them.

It runs every few seconds beside the service, so it imports nothing of the service and asks by the standard library.
"""

import http.client
from typing import Annotated
from urllib.parse import urlsplit

import typer

from bridge.cli.console import Status, cannot_tell, say, tell

READY = "http://127.0.0.1:9090/readyz"
"""Where a bridge with the default private port says whether callbacks may come."""

SECONDS = 3.0
"""For each step of the exchange: the private port answers in milliseconds."""


def healthcheck(
    url: Annotated[str, typer.Option("--url", metavar="URL", help="What is asked of the private port.")] = READY,
) -> None:
    """Ask the private port whether the bridge is ready: for a container's health check.

    For "alive" instead of "ready" ask http://127.0.0.1:9090/healthz. A bridge that does not answer is not ready.

    Exit status: 0 ready; 1 not, or no answer; 2 used wrongly.
    """
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        host, port = None, None
    if host is None or address.scheme != "http":
        raise cannot_tell(f"{url} is not an http address, such as {READY}.")
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", f"{address.path or '/'}{'?' + address.query if address.query else ''}")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Not "cannot tell": Docker knows 0 and 1 only, and a bridge that cannot be asked cannot be called either.
        tell(f"idp-bridge: {url} does not answer: {str(error) or type(error).__name__}.")
        raise typer.Exit(Status.FINDING) from None
    finally:
        connection.close()
    say(f"HTTP {status}")
    raise typer.Exit(Status.YES if status == 200 else Status.FINDING)
