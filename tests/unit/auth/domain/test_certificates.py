"""Reading client certificates: names, times, thumbprints, proxies."""

import base64
import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from services.auth.domain.certificates import CertificateRefused, parse_pem, slash_form
from tests.fakes.certificates import Authority, name

pytestmark = pytest.mark.clause("dirac 1.2", "dirac 1.8")

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CA = Authority()


def named(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def test_what_a_certificate_says() -> None:
    issued = CA.issue("Alice Müller", now=NOW)
    found = parse_pem(issued.pem)
    assert found.subject == "/DC=org/DC=test/CN=Alice Müller"
    assert found.issuer == "/DC=org/DC=test/CN=Test CA"
    assert found.subject_rfc4514 == "CN=Alice Müller,DC=test,DC=org"
    der = issued.certificate.public_bytes(serialization.Encoding.DER)
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    assert found.thumbprint == digest
    assert not found.is_proxy
    assert found.not_before == (NOW - timedelta(days=1)).timestamp()


def test_line_ends_that_a_proxy_turned_into_blanks_are_no_matter() -> None:
    pem = CA.issue("Alice").pem
    for blank in (b" ", b"\t", b"\n\t", b"\r\n"):
        assert parse_pem(pem.replace(b"\n", blank)) == parse_pem(pem)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (name("host/node.test"), r"/DC=org/DC=test/CN=host\/node.test"),
        (name("x/CN=Root"), r"/DC=org/DC=test/CN=x\/CN=Root"),
        (name("a+b\\c"), r"/DC=org/DC=test/CN=a\+b\\c"),
        (name("tab\there"), r"/DC=org/DC=test/CN=tab\x09here"),
        (named((NameOID.EMAIL_ADDRESS, "a@b.c"), (NameOID.USER_ID, "u1")), "/emailAddress=a@b.c/UID=u1"),
        (named((x509.ObjectIdentifier("2.5.4.97"), "VAT-1")), "/2.5.4.97=VAT-1"),
    ],
)
def test_names_in_slash_form(subject: x509.Name, text: str) -> None:
    assert slash_form(subject) == text
    assert parse_pem(CA.issue(subject).pem).subject == text


def test_several_attributes_in_one_part_are_joined_by_a_plus() -> None:
    pair = [x509.NameAttribute(NameOID.COMMON_NAME, "A"), x509.NameAttribute(NameOID.USER_ID, "7")]
    country = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "CH")])
    subject = x509.Name([country, x509.RelativeDistinguishedName(pair)])
    assert parse_pem(CA.issue(subject).pem).subject == "/C=CH/CN=A+UID=7"


@given(st.text(max_size=40), st.text(max_size=40))
def test_two_names_never_have_one_slash_form(first: str, second: str) -> None:
    def form(*values: str) -> str:
        parts = [x509.NameAttribute(NameOID.USER_ID, value) for value in values]
        return slash_form(x509.Name(parts))

    assert form(first + second) != form(first, second)
    assert (form(first) == form(second)) == (first == second)


@pytest.mark.parametrize("subject", ["Alice", "Robot: x", "a, b", "Zoë"])
def test_plain_names_are_written_as_openssl_does(subject: str, tmp_path: Path) -> None:
    issued = CA.issue(subject)
    path, _ = issued.write(tmp_path, "c")
    command = ["openssl", "x509", "-in", path, "-noout", "-subject", "-nameopt", "compat"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    if subject.isascii():  # openssl writes other letters as bytes in this form
        assert shown.strip() == f"subject={parse_pem(issued.pem).subject}"


@pytest.mark.parametrize(
    "text",
    [
        "CN=Alice,DC=test,DC=org",
        "CN=Alice, DC=test, DC=org",
        "cn=Alice,dc=test,dc=org",
        "2.5.4.3=Alice,DC=test,DC=org",
        r"CN=\41lice,DC=test,DC=org",
    ],
)
def test_a_registered_name_is_compared_as_a_name(text: str) -> None:
    found = parse_pem(CA.issue("Alice").pem)
    assert found.is_named(text)
    assert not parse_pem(CA.issue("Alicf").pem).is_named(text)


@pytest.mark.parametrize(
    "text",
    ["", "Alice", "/DC=org/DC=test/CN=Alice", "DC=org,DC=test,CN=Alice", "CN=Alice", "CN=#zz", "CN=a\x00"],
)
def test_other_texts_name_nobody(text: str) -> None:
    assert not parse_pem(CA.issue("Alice").pem).is_named(text)


def test_a_certificate_counts_within_its_time() -> None:
    found = parse_pem(CA.issue("Alice", days=(-1, 1), now=NOW).pem)
    found.check(NOW.timestamp())
    found.check(found.not_before)
    found.check(found.not_after)
    with pytest.raises(CertificateRefused, match="not valid yet"):
        found.check(found.not_before - 1)
    with pytest.raises(CertificateRefused, match="expired"):
        found.check(found.not_after + 1)


def proxies() -> list[bytes]:
    """Made by the three generations of grid tools."""
    alice = Authority("Alice")  # signs her own proxies
    parts = [(attribute.oid, str(attribute.value)) for attribute in alice.name]
    info = [
        x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes.fromhex("300c300a06082b06010505071501"))
        for oid in ("1.3.6.1.5.5.7.1.14", "1.3.6.1.4.1.3536.1.222")
    ]
    return [
        alice.issue(named(*parts, (NameOID.COMMON_NAME, "12345")), extensions=[(info[0], True)]).pem,
        alice.issue(named(*parts, (NameOID.COMMON_NAME, "12345")), extensions=[(info[1], True)]).pem,
        alice.issue(named(*parts, (NameOID.COMMON_NAME, "proxy"))).pem,
        alice.issue(named(*parts, (NameOID.COMMON_NAME, "limited proxy"))).pem,
    ]


@pytest.mark.parametrize("pem", proxies(), ids=["rfc3820", "draft", "globus2", "globus2-limited"])
def test_proxies_are_told_what_to_use(pem: bytes) -> None:
    with pytest.raises(CertificateRefused, match="that the proxy was made from"):
        parse_pem(pem).check(datetime.now(UTC).timestamp())


def test_somebody_called_proxy_is_no_proxy() -> None:
    assert not parse_pem(CA.issue("proxy").pem).is_proxy


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"nonsense",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 4000,
        b"A" * 70_000,
        CA.issue("Alice").pem[:-200],
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_cannot_be_read_is_refused(pem: bytes) -> None:
    with pytest.raises(CertificateRefused):
        parse_pem(pem)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    body = base64.b64encode(data)
    with pytest.raises(CertificateRefused):
        parse_pem(b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n")


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.filterwarnings("ignore:Attribute's length")  # the library says so of names it reads all the same
@given(st.integers(0, 500), st.integers(0, 255))
def test_a_certificate_with_one_other_byte_is_read_or_refused(position: int, byte: int) -> None:
    der = bytearray(CERTIFICATE)
    der[position % len(der)] = byte
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(bytes(der)) + b"\n-----END CERTIFICATE-----\n"
    try:
        parse_pem(pem).check(0)
    except CertificateRefused:
        return


CERTIFICATE = CA.issue("Alice", days=(-20_000, 30)).certificate.public_bytes(serialization.Encoding.DER)


def test_a_nameless_certificate_is_refused() -> None:
    with pytest.raises(CertificateRefused, match="names"):
        parse_pem(CA.issue(x509.Name([])).pem)
