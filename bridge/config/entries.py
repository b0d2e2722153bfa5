"""A callback and a provider as they are written: the stages' settings, and what only the file adds to them."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.config.presets import DEFAULT, preset, preset_names
from bridge.contract.settings import CallbackSettings
from bridge.errors import Problem
from bridge.mapping.require_grammar import Nobody
from bridge.oidc.endpoint_settings import Texts
from bridge.oidc.settings import ProviderSettings
from bridge.units import OneOrList

Rules = Annotated[tuple[Any, ...], OneOrList]
"""A ``require`` list, judged by the mapping stage."""

# A mail domain as addresses have it: labels with a dot between, the last no number (RFC 1123 section 2.1).
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+\Z)[a-z0-9-]{1,62}[a-z0-9]", re.ASCII
)


class CallbackEntry(CallbackSettings):
    """One bot or workspace of CX Genie's.

    Attributes:
        providers: Whose tokens it takes, by name; without it: every provider's.
        require: Who is let in here, besides what is required everywhere: CONDITIONs on claims, or on fields of the
            finished chat user; all must hold.
        mapping: This callback's layer of the mapping: laid over the common one, under the provider's.
    """

    providers: Annotated[tuple[str, ...] | None, OneOrList] = None
    require: Rules = ()
    mapping: dict[str, Any] = Field(default_factory=dict)


class ProviderEntry(ProviderSettings):
    """One identity provider, or a server of yours that signs tokens.

    Attributes:
        preset: What is special to a kind of provider, laid under what is written here.
        id_prefix: What ids of this provider's visitors begin with. With several providers each must spell one out, and
            one of them may be empty. To change it is to change every id.
        subjects: ``shared`` where several providers tell the same visitors apart by the same ids: then they may have
            the same ``id_prefix``.
        email_domains: The provider may prove addresses of these domains only; any other of its addresses counts as
            absent.
        allow: Subjects that the preset refuses, and that are taken all the same.
        require: Who is let in by this provider, besides what is required everywhere; all must hold.
        mapping: This provider's layer of the mapping, laid over all others.
    """

    preset: str = DEFAULT
    id_prefix: str | None = None
    subjects: Literal["own", "shared"] = "own"
    email_domains: Texts = ()
    allow: Annotated[tuple[Nobody, ...], OneOrList] = ()
    require: Rules = ()
    mapping: dict[str, Any] = Field(default_factory=dict)

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the provider."""
        # A preset says what its opaque tokens look like, whether the operator takes them or not.
        idle = not self.takes_opaque_tokens and self.token_pattern == self._of_preset("token_pattern")
        for problem in super().problems():
            if not (idle and problem.path == ("token_pattern",)):
                yield problem
        if self.preset == "signed-jwt" and not self.given_keys:
            yield Problem(
                ("public_key",),
                "missing",
                "Your server's signatures are verified with it.",
                "Set public_key: {file: PATH}, or secret: {env: NAME} if the tokens are HS256.",
                (("jwks", "url"), ("jwks", "file")),
            )
        prefix = self.id_prefix or ""
        if prefix != prefix.lstrip() or not prefix.isprintable() or len(prefix) > 64:
            yield Problem(
                ("id_prefix",),
                "a blank at its beginning, an invisible character, or more than 64 characters",
                "No id behind it could be used.",
                'Write something short, such as id_prefix: "shop:".',
            )
        if "email_domains" in self.model_fields_set and not self.email_domains:
            yield Problem(
                ("email_domains",),
                "empty",
                "The provider could prove every address, as without it, and it looks as if it could prove none.",
                "Remove it if that is meant, name a domain, or write mapping: {email: omit}.",
            )
        for position, domain in enumerate(self.email_domains):
            if _DOMAIN.fullmatch(domain) is None:
                yield Problem(
                    ("email_domains", position),
                    "not a mail domain",
                    "It is compared with what stands behind the @, letter by letter; no subdomain is meant by it.",
                    "Write shop.example: lower case, no @ and no asterisk; xn-- for other scripts.",
                )

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and yet doubtful. Key paths are relative to the provider."""
        userinfo = self._of_preset("userinfo") or {}
        for problem in super().warnings():
            # A preset says when userinfo is worth asking for, whichever tokens the operator takes.
            if problem.path != ("userinfo", "when") or userinfo.get("when") != self.userinfo.when:
                yield problem

    def _of_preset(self, key: str) -> Any:
        return preset(self.preset).get(key) if self.preset in preset_names() else None
