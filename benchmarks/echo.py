"""The floor: a Starlette route that reads CX Genie's request and answers its envelope, and verifies nothing."""

import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

AUTHORIZATION, ANSWER = sys.argv[2], json.loads(sys.argv[3])


async def callback(request: Request) -> JSONResponse:
    """Looks at what any callback must look at, then always gives the same user."""
    token = (await request.json())["access_token"]
    good = request.headers.get("authorization") == AUTHORIZATION and bool(token)
    return JSONResponse(ANSWER if good else {"status": False})


app = Starlette(routes=[Route("/", callback, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
