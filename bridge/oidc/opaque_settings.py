"""What makes a provider take opaque tokens, and whom it asks about tokens: CONFIG.md, "Which token, which provider"."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from pydantic import model_validator

from bridge.errors import KeyPath, Problem, under
from bridge.oidc.endpoint_settings import (
    IntrospectionSettings,
    RequestSettings,
    TokenCheckSettings,
    UserinfoSettings,
)
from bridge.oidc.token_pattern import unfit_token_pattern
from bridge.units import Settings

BELOW_ISSUER = "{issuer}"
"""What an endpoint's address may begin with, where discovery does not say it: the provider's first issuer."""

ISSUER: Final[KeyPath] = ("issuer",)
INSECURE: Final[KeyPath] = ("http", "insecure")
"""Settings that others' problems rest on."""

_ENDPOINTS = ("userinfo", "introspection", "token_check")

_NOT_BOUND = "Nothing proves that the token was made for us: one of any other application's would be taken too."


class OpaqueSettings(Settings):
    """The endpoints of one provider that are asked about tokens.

    Attributes:
        userinfo: The userinfo endpoint (OpenID Connect Core section 5.3), or a plain "who am I" endpoint.
        introspection: The introspection endpoint (RFC 7662), which says whether a token is good, and for whom it is.
        token_check: An endpoint that says for whom an opaque token was made, where there is no introspection.
        unbound_tokens: ``accept`` takes tokens of which nothing proves that they were made for us.
        token_pattern: What its opaque tokens look like as a whole: a regular expression of RE2's. Of two providers that
            take opaque tokens each needs one.
        requests: What the provider may be asked about tokens in all.
    """

    userinfo: UserinfoSettings = UserinfoSettings()
    introspection: IntrospectionSettings | None = None
    token_check: TokenCheckSettings | None = None
    unbound_tokens: Literal["refuse", "accept"] = "refuse"
    token_pattern: str | None = None
    requests: RequestSettings = RequestSettings()

    @model_validator(mode="before")
    @classmethod
    def _addresses_below_issuer(cls, written: Any) -> Any:
        """Puts the issuer where an address begins with ``{issuer}``; what is of a wrong type is for pydantic to say."""
        if not isinstance(written, Mapping):
            return written
        issuer = written.get("issuer")
        first = issuer[0] if isinstance(issuer, list | tuple) and issuer else issuer
        if not isinstance(first, str):
            return written
        below = dict(written)
        for name in _ENDPOINTS:
            endpoint = below.get(name)
            url = endpoint.get("url") if isinstance(endpoint, Mapping) else None
            if isinstance(endpoint, Mapping) and isinstance(url, str) and url.startswith(BELOW_ISSUER):
                below[name] = {**endpoint, "url": first.removesuffix("/") + url.removeprefix(BELOW_ISSUER)}
        return below

    @property
    def has_userinfo(self) -> bool:
        """Whether somebody has written ``userinfo``, the operator or a preset."""
        return "userinfo" in self.model_fields_set

    @property
    def takes_opaque_tokens(self) -> bool:
        """Whether an opaque token can be one of this provider's."""
        return self.introspection is not None or self.token_check is not None or self.takes_unbound_tokens

    @property
    def takes_unbound_tokens(self) -> bool:
        """Whether its opaque tokens are known by userinfo alone."""
        nothing_else = self.introspection is None and self.token_check is None
        return nothing_else and self.has_userinfo and self.unbound_tokens == "accept"

    @property
    def asks_userinfo(self) -> bool:
        """Whether there is a token about which userinfo is asked."""
        return self.has_userinfo and (self.userinfo.when != "never" or self.takes_opaque_tokens)

    @property
    def discovers_endpoints(self) -> bool:
        """Whether an endpoint is asked about tokens whose address only discovery says."""
        introspects = self.introspection is not None and self.introspection.url is None
        return introspects or (self.asks_userinfo and self.userinfo.url is None)

    def endpoint_problems(self, *, has_issuer: bool, has_discovery: bool, insecure: bool) -> Iterator[Problem]:
        """What is wrong with the endpoints. Key paths are relative to the provider.

        Args:
            has_issuer: Whether the provider has an issuer, and so takes JWTs.
            has_discovery: Whether that is an address that says where the endpoints are.
            insecure: Whether plain http may go to another machine.
        """
        yield from self._combination_problems(has_issuer=has_issuer)
        for name, needed in (("userinfo", self.asks_userinfo), ("introspection", True)):
            endpoint = getattr(self, name)
            if needed and endpoint is not None and endpoint.url is None and not has_discovery:
                why = "There is no discovery document that would say where it is."
                yield Problem((name, "url"), "missing", why, "Write the endpoint's address.", (ISSUER, INSECURE))
        for name in _ENDPOINTS:
            endpoint = getattr(self, name)
            for problem in under((name,), () if endpoint is None else endpoint.problems(insecure=insecure)):
                of_address = (ISSUER, INSECURE) if problem.path == (name, "url") else ()
                yield replace(problem, rests_on=(*problem.rests_on, *of_address))
        if self.token_pattern is not None and (reason := unfit_token_pattern(self.token_pattern)):
            cure = 'Write what a whole token looks like, such as token_pattern: "[0-9a-f]{40}".'
            yield Problem(("token_pattern",), reason, "It says which opaque tokens are this provider's.", cure)

    def _combination_problems(self, *, has_issuer: bool) -> Iterator[Problem]:
        if not has_issuer and self.has_userinfo and not self.takes_opaque_tokens:
            cure = "Add introspection: or token_check:, or write unbound_tokens: accept if you can live with that."
            yield Problem(("unbound_tokens",), "missing, with userinfo alone", _NOT_BOUND, cure, (ISSUER,))
        if self.introspection is not None and self.token_check is not None:
            why = "Introspection says already for whom a token was made."
            yield Problem(("token_check",), "beside introspection", why, "Keep one of them; introspection knows more.")
        elif self.token_check is not None and not self.has_userinfo:
            why = "A token check says for whom a token was made, not who its visitor is."
            yield Problem(("userinfo",), "missing, with token_check", why, "Add userinfo: with its url:.")
        if self.introspection is not None and self.introspection.when == "always" and not has_issuer:
            why = "A provider without an issuer takes no JWTs, and opaque tokens are asked about anyhow."
            cure = "Remove it, or set issuer:."
            yield Problem(("introspection", "when"), "always, without an issuer", why, cure, (ISSUER,))
        if self.token_pattern is not None and not self.takes_opaque_tokens and has_issuer:
            why = "This provider takes no opaque tokens: it has neither introspection nor token_check."
            cure = "Remove token_pattern, add one of them, or write unbound_tokens: accept beside userinfo."
            yield Problem(("token_pattern",), "without opaque tokens", why, cure, (("unbound_tokens",),))
