"""Certificate authorities and client certificates of our own making; keys are small and quick."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# (DC=org, DC=x, CN=Name) in the order of `/DC=org/DC=x/CN=Name`; a tuple of pairs is one RDN.
Part = tuple[x509.ObjectIdentifier, str]
ORG: Sequence[Part] = ((NameOID.DOMAIN_COMPONENT, "org"), (NameOID.DOMAIN_COMPONENT, "test"))


def name(common_name: str, base: Sequence[Part] = ORG) -> x509.Name:
    return x509.Name([x509.NameAttribute(*part) for part in (*base, (NameOID.COMMON_NAME, common_name))])


@dataclass(frozen=True, slots=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def escaped(self) -> str:
        """As nginx hands it on."""
        return quote(self.pem.decode(), safe="")

    def write(self, folder: Path, stem: str) -> tuple[str, str]:
        """Paths of certificate and key, as `curl --cert --key` and requests' `cert=` want them."""
        certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return str(certificate), str(key)


class Authority:
    """Signs whatever is asked of it."""

    def __init__(self, common_name: str = "Test CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(common_name)
        basics = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = self._sign(self.name, self.key, [(basics, True), (usage, True)])

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        subject: x509.Name | str,
        *,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        days: tuple[float, float] = (-1, 30),
        now: datetime | None = None,
    ) -> Issued:
        """`days`: from when to when it is valid, seen from `now`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = name(subject) if isinstance(subject, str) else subject
        return Issued(self._sign(subject, key, extensions, days, now), key)

    def revoke(self, *issued: Issued) -> bytes:
        """A revocation list, PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now - timedelta(days=1)).next_update(now + timedelta(days=30))
        for one in issued:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(hours=1)).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
        days: tuple[float, float] = (-1, 30),
        now: datetime | None = None,
    ) -> x509.Certificate:
        now = now or datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())
