"""Where an answer came from: what the audit trail keeps of a verified token beside the chat user."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provenance:
    """Of one verified token. Personal data: no ``repr`` has it.

    Attributes:
        issuer: Who vouches for the subject; the token's ``iss`` where it has one.
        subject: The visitor's stable id there, exactly as it came.
        client: The application that the token was made for: ``azp``, else ``client_id``; empty where neither is said.
        issued_at: ``iat``, seconds since the epoch; ``None`` where it is not said.
    """

    issuer: str = field(repr=False)
    subject: str = field(repr=False)
    client: str
    issued_at: float | None
