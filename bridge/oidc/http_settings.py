"""How a provider is spoken to."""

import ssl
from collections.abc import Iterator
from typing import Annotated

from bridge.errors import Problem
from bridge.units import Duration, FileContents, Settings


class HttpSettings(Settings):
    """How we speak to the provider.

    Attributes:
        timeout: Seconds for one whole exchange.
        ca_file: PEM text of a private certificate authority.
        insecure: Accept plain http for an issuer that is not on this machine: whoever is on the way can forge visitors.
    """

    timeout: Duration = 3.0
    ca_file: Annotated[str | None, FileContents()] = None
    insecure: bool = False

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it. Key paths are relative to it."""
        if self.ca_file is not None and (reason := unfit_authority(self.ca_file)):
            yield Problem(
                ("ca_file",),
                reason,
                "The provider's certificate is verified with it.",
                "Give the certificate of the authority: -----BEGIN CERTIFICATE----- …",
            )
        if self.timeout <= 0:
            yield Problem(("timeout",), "zero", "No exchange could ever end.", "Write a duration such as 3s.")


def unfit_authority(text: str) -> str:
    """Why a text is no certificate of an authority that others' can be verified with, or an empty text."""
    try:
        ssl.create_default_context(cadata=text)
    except ssl.SSLError:
        return "no certificate in PEM form"
    return ""
