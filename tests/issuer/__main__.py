"""``python -m tests.issuer [--port N]``: serves, and prints its address."""

import argparse
import asyncio
import contextlib

from tests.issuer.server import IssuerServer

parser = argparse.ArgumentParser(prog="python -m tests.issuer", description=__doc__)
parser.add_argument("--port", type=int, default=0)
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(IssuerServer().run(parser.parse_args().port))
