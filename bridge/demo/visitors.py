"""Who can sign in at the demo provider: a few people as a shop has them, and what CX Genie should learn of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Visitor:
    """One account at the demo provider.

    Attributes:
        key: Its name in the sign-in form.
        about: What is special about it, a sentence for the page.
        profile: The claims of OpenID Connect Core section 5.1, as the provider's own records have them.
        roles: What Keycloak puts under ``realm_access.roles``.
        chat_user: The ``data`` that CX Genie should be given, with the configuration that the demo ships.
    """

    key: str
    about: str
    profile: Mapping[str, Any]
    roles: tuple[str, ...]
    chat_user: Mapping[str, str]

    @property
    def name(self) -> str:
        """The full name."""
        return str(self.profile["name"])

    @property
    def subject(self) -> str:
        """The claim ``sub``."""
        return str(self.profile["sub"])

    def get_user_id(self) -> str:
        """The subject, by the name under which Authlib's token generator asks for it."""
        return self.subject


def _visitor(key: str, about: str, *, roles: tuple[str, ...], chat_user: Mapping[str, str], **profile: Any) -> Visitor:
    return Visitor(key, about, MappingProxyType(profile), roles, MappingProxyType(dict(chat_user)))


_ALL = (
    _visitor(
        "an",
        "Vietnamese name and number, everything verified.",
        sub="3f0c1d9e-5a27-4c39-9d61-0c7be2a4a001",
        name="Nguyễn Văn An",
        given_name="An",
        family_name="Nguyễn Văn",
        email="an.nguyen@shop.example",
        email_verified=True,
        phone_number="+84901234567",
        phone_number_verified=True,
        picture="https://shop.example/people/an.png",
        roles=("customer",),
        chat_user={
            "id": "3f0c1d9e-5a27-4c39-9d61-0c7be2a4a001",
            "name": "Nguyễn Văn An",
            "phone_number": "0901234567",
            "country_code": "+84",
            "email": "an.nguyen@shop.example",
            "avatar": "https://shop.example/people/an.png",
            "label": "Customer",
        },
    ),
    _visitor(
        "grace",
        "A VIP: the role at the provider becomes the label in the chat.",
        sub="3f0c1d9e-5a27-4c39-9d61-0c7be2a4a002",
        name="Grace Weber",
        given_name="Grace",
        family_name="Weber",
        email="grace.weber@shop.example",
        email_verified=True,
        phone_number="+4915112345678",
        phone_number_verified=True,
        picture="https://shop.example/people/grace.png",
        roles=("customer", "vip"),
        chat_user={
            "id": "3f0c1d9e-5a27-4c39-9d61-0c7be2a4a002",
            "name": "Grace Weber",
            "phone_number": "015112345678",
            "country_code": "+49",
            "email": "grace.weber@shop.example",
            "avatar": "https://shop.example/people/grace.png",
            "label": "VIP",
        },
    ),
    _visitor(
        "marco",
        "E-mail address not verified: anybody could have typed it in, so CX Genie is not told it.",
        sub="3f0c1d9e-5a27-4c39-9d61-0c7be2a4a003",
        name="Marco Rossi",
        given_name="Marco",
        family_name="Rossi",
        email="marco.rossi@shop.example",
        email_verified=False,
        phone_number="+393123456789",
        phone_number_verified=True,
        picture="https://shop.example/people/marco.png",
        roles=("customer",),
        chat_user={
            "id": "3f0c1d9e-5a27-4c39-9d61-0c7be2a4a003",
            "name": "Marco Rossi",
            "phone_number": "3123456789",
            "country_code": "+39",
            "avatar": "https://shop.example/people/marco.png",
            "label": "Customer",
        },
    ),
    _visitor(
        "amelie",
        "No phone number: what the provider does not know is left out.",
        sub="3f0c1d9e-5a27-4c39-9d61-0c7be2a4a004",
        name="Amélie Laurent",
        given_name="Amélie",
        family_name="Laurent",
        email="amelie.laurent@shop.example",
        email_verified=True,
        picture="https://shop.example/people/amelie.png",
        roles=("customer",),
        chat_user={
            "id": "3f0c1d9e-5a27-4c39-9d61-0c7be2a4a004",
            "name": "Amélie Laurent",
            "email": "amelie.laurent@shop.example",
            "avatar": "https://shop.example/people/amelie.png",
            "label": "Customer",
        },
    ),
)

VISITORS: Mapping[str, Visitor] = MappingProxyType({visitor.key: visitor for visitor in _ALL})
"""The accounts by their key. A guest has none, and no token either."""
