"""A token in, verified claims out: everything that is said to or believed of an identity provider.

``providers`` is the entrance; below it ``provider`` (one provider), ``jwt`` (claim checks), ``jws`` (structure and
signature), ``jwks`` and ``key`` (keys), ``discovery``, ``http`` (the one outgoing client) and ``settings``.
"""
