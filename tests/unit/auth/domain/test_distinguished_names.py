"""Names of certificates as administrators write them."""

import pytest
from cryptography import x509

from services.auth.domain.certificates import slash_form
from services.auth.domain.distinguished_names import parse_dn
from services.auth.domain.people import BadField

pytestmark = pytest.mark.clause("dirac 1.8")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("/DC=org/DC=example/CN=Ada Lovelace", "/DC=org/DC=example/CN=Ada Lovelace"),
        ("/dc=org/cn=Ada", "/DC=org/CN=Ada"),
        ("/Email=a@example.org/CN=a", "/emailAddress=a@example.org/CN=a"),
        ("/CN=a+UID=b", "/CN=a+UID=b"),
        (r"/CN=host\/a.example.org", r"/CN=host\/a.example.org"),
        (r"/CN=a\+b\\c\x0A", r"/CN=a\+b\\c\x0A"),
        ("/1.2.840.113549.1.9.1=x", "/1.2.840.113549.1.9.1=x"),
        ("/O=Universität/CN=Jörg=1, x", "/O=Universität/CN=Jörg=1, x"),
    ],
)
def test_names_have_one_spelling(text: str, stored: str) -> None:
    assert parse_dn(text) == stored
    assert parse_dn(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "CN=a", "a", "/CN", "/CN=", "/=a", "//CN=a", "/CN=a/", "/CN=a//DC=b", "+CN=a", "/CN=a\\",
        "/CN=a\\q", "/CN=a\\x0g", "/CN=a\\x0", "/CN= a", "/CN=a ", "/CN=a\nb", "/CN=a\0", "/XX=a", "/C N=a",
        "/3.1=a", "/1.=a", "/1..2=a", "/CN=" + "a" * 510, "CN=Ada,DC=org", "/CN=\ud800", "/CN=a\u202eb",
    ],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(BadField) as caught:
        parse_dn(text, "issuer")
    assert caught.value.field == "issuer"


def test_what_certificates_are_called_can_be_registered() -> None:
    name = x509.Name.from_rfc4514_string("CN=a/b\\+c,OU=x+O=y,DC=example,DC=org")
    assert parse_dn(slash_form(name)) == slash_form(name)
