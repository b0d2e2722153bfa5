"""The identity-provider bridge: a chat opened at CX Genie gets its user from the shop's own identity provider.

The flow, one way; each stage is a folder and none imports another:

    contract/   CX Genie's callback comes in: who calls, and the visitor's token
    oidc/       token -> verified claims: everything said to or believed of an identity provider
    mapping/    claims -> chat user: pure, compiled from the operator's YAML
    contract/   the chat user, or a failure, goes out as CX Genie expects it

``authentication.py`` is the flow on one screen; ``config/`` turns the operator's file into settings, ``assemble.py``
builds running things from them, ``server/`` and ``cli/`` are the edges, ``demo/`` is a small provider and shop.
"""

__version__ = "0.1.0"
