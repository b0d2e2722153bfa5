"""The domain list of CX Genie's V2.0: on which web sites the chat may be opened."""

from bridge.contract.response import Answer, success_answer
from bridge.contract.settings import DomainsSettings


def domain_list(settings: DomainsSettings) -> Answer:
    """The listed host names in the vendor's envelope; its form is ours, for the vendor documents none (CONTRACT.md)."""
    return success_answer(settings.allow)
