"""Client certificates: reading one, its names in DIRAC's and in RFC 4514's spelling, and whether it counts.

Whoever ended TLS has checked the chain. What is said here about a certificate is read from the certificate.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from services.auth.domain.errors import AuthError

MAX_PEM_CHARS: Final = 64 * 1024
MAX_NAME_CHARS: Final = 512  # of the columns that names are kept in
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
# As OpenSSL writes them in `/DC=org/CN=Name`; what is missing here is written as its number.
_SHORT: Final = {
    NameOID.COMMON_NAME: "CN",
    NameOID.COUNTRY_NAME: "C",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.GIVEN_NAME: "GN",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.STREET_ADDRESS: "street",
    NameOID.SURNAME: "SN",
    NameOID.TITLE: "title",
    NameOID.USER_ID: "UID",
}
_PROXY_OIDS: Final = (
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"),  # RFC 3820
    x509.ObjectIdentifier("1.3.6.1.4.1.3536.1.222"),  # its draft, Globus Toolkit 3
)
_PROXY_NAMES: Final = ("proxy", "limited proxy")  # Globus Toolkit 2: no extension, one more CN


class CertificateRefused(AuthError):
    """A certificate was presented and does not count; `reason` is for its owner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CertificateMissing(AuthError):
    """The connection came without a client certificate, or through no gateway of ours."""


class CertificateUnknown(AuthError):
    """Nobody's: the subject is not registered, or its person is disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Times in UTC seconds."""

    subject: str  # /DC=org/DC=x/CN=Name
    issuer: str
    subject_rfc4514: str  # CN=Name,DC=x,DC=org
    thumbprint: str  # SHA-256 of the DER form in base64url: `x5t#S256` of RFC 8705 3.1
    not_before: float
    not_after: float
    is_proxy: bool

    def check(self, now: float) -> None:
        """Raises CertificateRefused outside its time, and for proxies."""
        if self.is_proxy:
            raise CertificateRefused(
                "Proxy certificates are not accepted: use the certificate that the proxy was made from."
            )
        if now < self.not_before:
            raise CertificateRefused("The certificate is not valid yet.")
        if now > self.not_after:
            raise CertificateRefused("The certificate has expired.")

    def is_named(self, rfc4514: str) -> bool:
        """Whether `rfc4514` is this subject in any spelling of RFC 4514 (RFC 8705 2.1.2)."""
        try:
            expected = x509.Name.from_rfc4514_string(_AFTER_COMMA.sub(",", rfc4514), _NAMES)
            return expected == x509.Name.from_rfc4514_string(self.subject_rfc4514)
        except (ValueError, KeyError):
            return False


# More than RFC 4514 asks for: other tools' short names, any case, blanks behind commas.
_NAMES: Final = {
    "E": NameOID.EMAIL_ADDRESS,
    **{spelling: oid for oid, short in _SHORT.items() for spelling in (short, short.lower(), short.upper())},
}
_AFTER_COMMA: Final = re.compile(r"(?<!\\),\s+")


def parse_pem(pem: bytes) -> Certificate:
    """The first certificate of `pem`. Raises CertificateRefused for whatever cannot be read."""
    if len(pem) > MAX_PEM_CHARS:
        raise CertificateRefused("The certificate is too large.")
    # Some proxies turn line ends into blanks or tabs.
    _, begin, rest = pem.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    lines = b"\n".join(body.split())
    try:
        return _described(x509.load_pem_x509_certificate(b"\n".join((begin, lines, end, b""))))
    except (ValueError, TypeError, x509.UnsupportedGeneralNameType, x509.InvalidVersion):
        raise CertificateRefused("The certificate cannot be read.") from None


def _described(certificate: x509.Certificate) -> Certificate:
    subject, issuer = slash_form(certificate.subject), slash_form(certificate.issuer)
    if not subject or max(len(subject), len(issuer)) > MAX_NAME_CHARS:
        raise CertificateRefused("The certificate's names are empty or too long.")
    return Certificate(
        subject=subject,
        issuer=issuer,
        subject_rfc4514=certificate.subject.rfc4514_string(),
        thumbprint=_base64url(certificate.fingerprint(SHA256())),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        is_proxy=_is_proxy(certificate),
    )


def slash_form(name: x509.Name) -> str:
    r"""`/DC=org/DC=x/CN=Name`, parts of one RDN joined by `+`; `/`, `+` and `\` inside values are escaped.

    OpenSSL's old one-line form leaves them as they are, so that a CN of `x/CN=Somebody` reads as two parts:
    nobody may take another's name by that.
    """
    return "".join("/" + "+".join(_attributes(part)) for part in name.rdns)


def _attributes(part: x509.RelativeDistinguishedName) -> Iterable[str]:
    for attribute in part:
        label = _SHORT.get(attribute.oid, attribute.oid.dotted_string)
        value = attribute.value if isinstance(attribute.value, str) else attribute.value.hex()
        yield f"{label}={_escaped(value)}"


def _escaped(value: str) -> str:
    return "".join(map(_escaped_character, value))


def _escaped_character(character: str) -> str:
    if character in "/+\\":
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _is_proxy(certificate: x509.Certificate) -> bool:
    if any(extension.oid in _PROXY_OIDS for extension in certificate.extensions):
        return True
    subject, issuer = certificate.subject.rdns, certificate.issuer.rdns
    if subject[:-1] != issuer:
        return False
    return any(
        attribute.oid == NameOID.COMMON_NAME and attribute.value in _PROXY_NAMES for attribute in subject[-1]
    )


def _base64url(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
