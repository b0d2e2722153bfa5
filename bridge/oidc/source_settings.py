"""One of ``sources:``: where facts about a visitor are asked for that the identity provider does not have."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, SecretStr

from bridge.errors import Problem
from bridge.oidc.address import SPELL_OUT, unfit_url
from bridge.oidc.http_settings import unfit_authority
from bridge.oidc.source_url import PLACES, SourceUrl
from bridge.units import Duration, FileContents, Settings


class SourceHttpSettings(Settings):
    """How the source is spoken to.

    Attributes:
        ca_file: PEM text of a private certificate authority.
        insecure: Accept plain http to another machine: whoever is on the way reads the secret, and makes up facts.
    """

    ca_file: Annotated[str | None, FileContents()] = None
    insecure: bool = False


class SourceSettings(Settings):
    """One source of facts, asked about visitors whose token is verified, by GET.

    Attributes:
        url: Its address, with `{id}` or `{sub}` where the visitor's stands, and `{provider}` if need be.
        bearer: Our secret there, sent as a bearer token.
        timeout: Seconds for one whole exchange; what takes longer costs the source's values, never the login.
        max_age: Seconds for which an answer is good.
        max_entries: How many answers are remembered.
        in_flight: Requests at the same time; visitors beyond go without the source's values.
        http: How the source is spoken to.
    """

    url: str | None = None
    bearer: SecretStr | None = None
    timeout: Annotated[Duration, Field(gt=0)] = 0.5
    max_age: Duration = 600.0
    max_entries: Annotated[int, Field(ge=0)] = 10_000
    in_flight: Annotated[int, Field(gt=0)] = 64
    http: SourceHttpSettings = SourceHttpSettings()

    @property
    def places(self) -> frozenset[str]:
        """What of a visitor its address names."""
        return frozenset(SourceUrl(self.url or "").places)

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the source."""
        if self.url is None:
            cure = "Set url: to its address, such as https://crm.shop.example/customers/{id}."
            yield Problem(("url",), "missing", "The source is asked there.", cure)
        else:
            yield from self._url_problems(SourceUrl(self.url), self.url)
        secret = "x" if self.bearer is None else self.bearer.get_secret_value()
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            why = "It is sent in an Authorization header (RFC 6750 section 2.1)."
            cure = "Give the secret alone: visible ASCII characters, without “Bearer” before it."
            yield Problem(("bearer",), "a blank, or a character that no header carries", why, cure)
        if self.http.ca_file is not None and (reason := unfit_authority(self.http.ca_file)):
            why = "The source's certificate is verified with it."
            cure = "Give the certificate of the authority: -----BEGIN CERTIFICATE----- …"
            yield Problem(("http", "ca_file"), reason, why, cure)

    def _url_problems(self, url: SourceUrl, written: str) -> Iterator[Problem]:
        unknown = [place for place in url.places if place not in PLACES]
        reason = url.unfit()
        if reason:
            cure = "Write {id}, {sub} or {provider} as a part of the path, or as the value of a query's parameter."
            yield Problem(("url",), reason, "Whoever chooses what stands there would choose who is asked.", cure)
        elif reason := unfit_url(written, insecure=self.http.insecure):
            yield Problem(("url",), reason, "Our secret goes there, and facts about visitors come back.", SPELL_OUT)
        elif unknown:
            close = get_close_matches(unknown[0], PLACES, n=1)
            cure = f"Did you mean {{{close[0]}}}?" if close else f"Known here: {', '.join(PLACES)}."
            yield Problem(("url",), f"unknown place {{{unknown[0]}}}", "", cure)
        elif not {"id", "sub"} & set(url.places):
            why = "Every visitor would be given the same facts."
            yield Problem(("url",), "neither {id} nor {sub} in it", why, "Write {id} where the visitor's id belongs.")
