"""Whose tokens a provider's are: its issuers, and the tenants that one of them may stand for."""

import re
from collections.abc import Iterator

from bridge.errors import Problem
from bridge.oidc.endpoint_settings import Texts
from bridge.oidc.issuer import ANY_TENANT, TEMPLATE, is_guid
from bridge.units import Settings


class IssuerSettings(Settings):
    """The issuers of one provider.

    Attributes:
        issuer: Exact spellings of ``iss``, of one namespace of subjects; the first is asked for discovery. A provider
            without one takes no JWTs.
        tenants: Entra's tenants that ``{tenantid}`` in an issuer stands for: GUIDs, or ``any``.
    """

    issuer: Texts = ()
    tenants: Texts = ()

    def tenant_problems(self) -> Iterator[Problem]:
        """What is wrong with the tenants and their template. Key paths are relative to the provider."""
        templates = [position for position, issuer in enumerate(self.issuer) if TEMPLATE in issuer]
        for position in templates:
            before, _, after = self.issuer[position].partition(TEMPLATE)
            # Not in the host, where it would say who is asked; not beside other text, where it would say nothing.
            if not re.fullmatch(r"[a-z]+://[^/{}]+/(?:[^{}]*/)?", before) or not re.fullmatch(r"(?:/[^{}]*)?", after):
                yield Problem(
                    ("issuer", position),
                    f"{TEMPLATE} that is no whole part of the path",
                    "It stands for the tenant's GUID between two slashes, once.",
                    "Write the template as Entra has it: https://login.microsoftonline.com/{tenantid}/v2.0",
                )
        if templates and not self.tenants:
            yield Problem(
                ("tenants",),
                f"missing, with {TEMPLATE} in the issuer",
                "Anybody can open a tenant, and would be your visitor with whatever address he gave himself there.",
                "Name the tenants that you take, tenants: [GUID], or write tenants: any.",
            )
        if self.tenants and not templates:
            yield Problem(
                ("tenants",),
                f"without {TEMPLATE} in the issuer",
                "An issuer without it is one tenant's already.",
                "Remove tenants, or write the issuer with {tenantid} in the tenant's place.",
                (("issuer",),),
            )
        if ANY_TENANT in self.tenants and len(self.tenants) > 1:
            yield Problem(("tenants",), "any beside others", "", "Write tenants: any alone, or name the tenants.")
        for position, tenant in enumerate(self.tenants):
            if tenant != ANY_TENANT and not is_guid(tenant):
                yield Problem(
                    ("tenants", position),
                    "not a GUID",
                    "It is compared with the token's tid, which is never a domain name.",
                    "Copy the Directory (tenant) ID from Entra's overview page.",
                )
