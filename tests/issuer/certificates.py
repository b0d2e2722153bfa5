"""Throw-away certificates: an authority that lives for one test run, and what it signs, rightly or not."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key.

    Attributes:
        pem: The certificate alone: what goes into ``ca_file``.
        with_key: Both: what a server presents.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def with_key(self) -> str:
        """The certificate and its key."""
        return self.pem + self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @classmethod
    def authority(cls, name: str) -> Self:
        """A certificate authority of its own."""
        return cls._made(name, None, x509.BasicConstraints(ca=True, path_length=0), [])

    @classmethod
    def self_signed(cls, host: str, *, begins: timedelta = -DAY, ends: timedelta = DAY) -> Self:
        """What a server makes for itself; times as ``issue`` has them."""
        return cls._made("self", None, x509.BasicConstraints(ca=False, path_length=None), [host], begins, ends)

    def issue(self, host: str, *, begins: timedelta = -DAY, ends: timedelta = DAY) -> Self:
        """A certificate for a host name or address, signed by this authority.

        Args:
            host: Who it is for.
            begins: When it becomes valid, from now on.
            ends: When it expires, from now on.
        """
        leaf = x509.BasicConstraints(ca=False, path_length=None)
        return self._made("server", self, leaf, [host], begins, ends)

    @classmethod
    def _made(
        cls,
        name: str,
        signer: "Certificate | None",
        constraints: x509.BasicConstraints,
        hosts: list[str],
        begins: timedelta = -DAY,
        ends: timedelta = DAY,
    ) -> Self:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(
            signer.certificate.subject if signer else subject,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            now + begins,
            now + ends,
        ).add_extension(constraints, critical=True)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), False)
        return cls(builder.sign(signer.key if signer else key, SHA256()), key)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
