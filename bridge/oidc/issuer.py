"""Who a provider says it is: exact issuers, and Entra's template that stands for one issuer per tenant.

Exact is exact, letter by letter (RFC 8725 section 3.8). A template, such as Entra's
``https://login.microsoftonline.com/{tenantid}/v2.0``, is filled in with the token's own ``tid`` and must then be its
``iss``, letter by letter too, of a tenant that the operator takes. Text of a token is only compared, never a pattern.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

TEMPLATE = "{tenantid}"
"""What stands for the tenant, as Entra's own discovery document has it."""

ANY_TENANT = "any"
"""What an operator writes to take every tenant's visitors."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def is_guid(text: str) -> bool:
    """Whether a text is a GUID as Entra writes tenants, of either case."""
    return _GUID.fullmatch(text) is not None


_BOTH = "In a token of Entra's iss and tid name the same tenant, in the same letters."


class Issuers:
    """The issuers of one provider.

    Args:
        spellings: Exact issuers and templates.
        tenants: GUIDs, or ``any`` alone: whose issuers a template stands for.
    """

    def __init__(self, spellings: Iterable[str], tenants: Iterable[str] = ()) -> None:
        spellings = tuple(spellings)
        self.exact = frozenset(issuer for issuer in spellings if TEMPLATE not in issuer)
        self.templates = tuple(issuer for issuer in spellings if TEMPLATE in issuer)
        self._tenants = frozenset(tenant.lower() for tenant in tenants)

    def include(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claims name one of these issuers: ``iss`` alone, or ``iss`` and ``tid`` together."""
        issuer = claims.get("iss")
        if not isinstance(issuer, str):
            return False
        return issuer in self.exact or any(issuer == filled_in(template, claims) for template in self._taken(claims))

    def unknown_tenant(self, claims: Mapping[str, Any]) -> tuple[str, str] | None:
        """Why claims whose ``iss`` has the shape of a template are of no tenant that is taken, and what to do about it.

        ``None`` where ``iss`` has another shape. ``tid`` is named only where it is a GUID: no text of a stranger's.
        """
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or not any(_has_shape(issuer, template) for template in self.templates):
            return None
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not is_guid(tenant):
            return "tid, which says the tenant, is missing or no GUID", _BOTH
        if tenant.lower() not in self._tenants and ANY_TENANT not in self._tenants:
            return f"its tenant {tenant} is not among tenants", "Add it to tenants if its visitors may chat."
        return f"tid is {tenant}, and iss names another tenant", _BOTH

    def allow_key(self, key_issuer: str | None, claims: Mapping[str, Any]) -> bool:
        """Whether a key that its set reserves for an issuer may sign these claims.

        One set has the keys of many tenants and of Microsoft's personal accounts; its ``issuer`` says which a key
        speaks for. Providers without a template have one issuer, and nothing to tell apart.
        """
        if key_issuer is None or not self.templates or claims.get("iss") in self.exact:
            return True
        return claims.get("iss") == filled_in(key_issuer, claims)

    def _taken(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The templates, if the claims are of a tenant that is taken."""
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not is_guid(tenant):
            return ()
        return self.templates if ANY_TENANT in self._tenants or tenant.lower() in self._tenants else ()


def _has_shape(issuer: str, template: str) -> bool:
    before, _, behind = template.partition(TEMPLATE)
    tenant = issuer.removeprefix(before).removesuffix(behind)
    return is_guid(tenant) and before + tenant + behind == issuer


def filled_in(template: str, claims: Mapping[str, Any]) -> str | None:
    """A template with the claims' tenant in it, or the same text where there is nothing to fill in."""
    if TEMPLATE not in template:
        return template
    tenant = claims.get("tid")
    return template.replace(TEMPLATE, tenant) if isinstance(tenant, str) and is_guid(tenant) else None
