"""The answer: who the visitor is, in the chat vendor's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid phone number in the forms that the vendor may be given.

    Attributes:
        country_code: The calling code with its plus sign: ``+84``.
        national: The national form with its trunk prefix, digits only: ``0901234567``.
        without_trunk: The national significant number: ``901234567``; after ``country_code`` it is E.164.
    """

    country_code: str
    national: str
    without_trunk: str

    @property
    def e164(self) -> str:
        """The number as ITU-T E.164 writes it: ``+84901234567``."""
        return self.country_code + self.without_trunk


@dataclass(frozen=True, slots=True)
class ChatUser:
    """The fields of CX Genie's ``data``; a field that is ``None`` could not be given.

    Attributes:
        id: ``data.id``, with the provider's ``id_prefix``.
        sends_id: Whether ``id`` belongs into the answer even where it is not the identity method, because the
            operator's own mapping names it (CONTRACT.md, "The answer").
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: Phone | None = None
    avatar: str | None = None
    label: str | None = None
    sends_id: bool = False
