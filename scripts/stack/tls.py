"""A certificate authority for one run folder: the gateway's TLS certificate, and certificates for people.

    python -m scripts.stack certificate alice

Development only: the authority's key lies beside it.
"""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 3650
_BASE = ((NameOID.DOMAIN_COMPONENT, "org"), (NameOID.DOMAIN_COMPONENT, "tidegate-development"))
_ZERO_BITS = dict.fromkeys(
    (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def ensure(folder: Path, host: str) -> None:
    """Make authority and server certificate if they are not there: `ca`, `server` with `.pem` and `.key`."""
    if (folder / "server.pem").exists():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Development CA")
    usage = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **_ZERO_BITS)
    extensions = [x509.BasicConstraints(ca=True, path_length=0), usage]
    authority = _certificate(name, name, key.public_key(), key, extensions)
    _write(folder / "ca", authority, key)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    if host not in ("localhost", "127.0.0.1", "0.0.0.0"):
        names.append(x509.DNSName(host))
    _issue(folder, "server", _name("localhost"), [x509.SubjectAlternativeName(names)])


def issue(folder: Path, common_name: str, stem: str) -> tuple[Path, Path]:
    """A client certificate of the authority in `folder`; its path and its key's."""
    return _issue(folder, stem, _name(common_name), [])


def _issue(
    folder: Path, stem: str, subject: x509.Name, extensions: list[x509.ExtensionType]
) -> tuple[Path, Path]:
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(subject, authority.subject, key.public_key(), signer, extensions)
    return _write(folder / stem, certificate, key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(*part) for part in (*_BASE, (NameOID.COMMON_NAME, common_name))])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    extensions: list[x509.ExtensionType],
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    for extension in extensions:
        critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _write(stem: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    """The key first: a certificate that is there has one."""
    key_path, path = stem.with_name(f"{stem.name}.key"), stem.with_name(f"{stem.name}.pem")
    descriptor = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path, key_path
