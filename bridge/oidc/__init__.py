"""A token in, verified claims out: everything that is said to or believed of an identity provider or a source of facts.

``providers`` is the entrance for tokens; below it ``provider`` (one provider), then ``jwt`` and ``signature`` for JWTs,
``opaque`` for the others, and ``endpoints`` (userinfo, introspection, token check), asked within a ``budget``.
``jwks``, ``key_set`` and ``key`` are its keys, ``metadata`` its discovery document, ``http`` the one outgoing client,
``settings`` what an operator says of it. ``sources`` is the entrance for facts that no provider has.
"""
