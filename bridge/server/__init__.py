"""The edge towards CX Genie and the operator: HTTP in, HTTP out, and one log line for each callback.

``run`` opens a public port (``app``, ``callback``) and a private one (``admin``), both behind ``protocol``, which
bounds what ASGI code cannot see. Errors become answers in ``callback`` and ``protocol``, and nowhere else.
"""
