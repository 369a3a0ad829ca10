"""Whose word about a client certificate is believed, and what is read from it."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from libs.web.client_certificate import (
    NO_CERTIFICATES,
    CertificateHeaders,
    ClientCertificate,
    configured_headers,
)
from libs.web.settings import Env
from services.auth.domain.certificates import parse_pem
from tests.fakes.certificates import Authority

SECRET = "shared with the gateway"
ISSUED = Authority().issue("Alice")
DER = ISSUED.certificate.public_bytes(serialization.Encoding.DER)
HEADERS = CertificateHeaders(secret=SECRET)
STANDARD = CertificateHeaders(secret=SECRET, takes_standard=True)
GOOD = {
    "X-Auth-Proxy-Secret": SECRET,
    "X-SSL-Client-Verify": "SUCCESS",
    "X-SSL-Client-Cert": ISSUED.escaped,
}
CLIENT_CERT = f":{base64.b64encode(DER).decode()}:"


def read(headers: dict[str, str], reader: CertificateHeaders = HEADERS) -> ClientCertificate | None:
    return reader.read(Headers(headers))


def test_what_the_gateway_says_is_believed() -> None:
    found = read(GOOD)
    assert found == ClientCertificate(ISSUED.pem.decode())
    assert found.thumbprint == parse_pem(found.pem.encode()).thumbprint


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Auth-Proxy-Secret": ""},
        {"X-Auth-Proxy-Secret": "another"},
        {"X-Auth-Proxy-Secret": SECRET + "x"},
        {"X-Auth-Proxy-Secret": "ü\udcff"},
        {"X-SSL-Client-Verify": "NONE"},
        {"X-SSL-Client-Verify": ""},
        {"X-SSL-Client-Verify": "success"},
        {"X-SSL-Client-Cert": ""},
        {"X-SSL-Client-Cert": "A" * 70_000},
    ],
)
def test_anything_less_is_no_certificate(changes: dict[str, str]) -> None:
    assert read({**GOOD, **changes}) is None


def test_without_a_secret_nobody_is_believed() -> None:
    assert read(GOOD, NO_CERTIFICATES) is None
    assert read({**GOOD, "X-Auth-Proxy-Secret": ""}, CertificateHeaders(secret="")) is None


def test_a_failed_chain_is_told_with_its_reason() -> None:
    found = read({**GOOD, "X-SSL-Client-Verify": "FAILED:certificate has expired"})
    assert found is not None
    assert found.failure == "certificate has expired"
    assert read({**GOOD, "X-SSL-Client-Verify": "FAILED"}) == ClientCertificate(found.pem, "not verified")
    odd = read({**GOOD, "X-SSL-Client-Verify": "FAILED:a\tb" + "x" * 900})
    assert odd is not None
    assert odd.failure == "ab" + "x" * 117


def test_the_headers_have_the_names_that_an_operator_gives_them() -> None:
    dirac = CertificateHeaders(secret=SECRET, verify="X-Ssl_client_verify", certificate="X-SSL-CERT")
    headers = {"X-Auth-Proxy-Secret": SECRET, "X-Ssl-Client-Verify": "SUCCESS", "X-SSL-CERT": ISSUED.escaped}
    assert read(headers, dirac) is not None  # WSGI folds the underscore
    assert read(headers) is None
    assert read({**GOOD, "X-SSL-CERT": ""}, dirac) is None


def test_the_standard_header_counts_when_it_is_asked_for() -> None:
    headers = {"X-Auth-Proxy-Secret": SECRET, "Client-Cert": CLIENT_CERT}
    found = read(headers, STANDARD)
    assert found is not None
    assert parse_pem(found.pem.encode()) == parse_pem(ISSUED.pem)
    assert read(headers) is None
    assert read({"Client-Cert": CLIENT_CERT}, STANDARD) is None


@pytest.mark.parametrize("text", ["", ":", "::", ":=:", ":not base64:", CLIENT_CERT[1:], CLIENT_CERT[:-1]])
def test_no_byte_sequence_is_no_certificate(text: str) -> None:
    assert read({"X-Auth-Proxy-Secret": SECRET, "Client-Cert": text}, STANDARD) is None


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=200))
def test_any_text_has_a_thumbprint_or_none(text: str) -> None:
    found = read({**GOOD, "X-SSL-Client-Cert": text})
    assert found is None or found.thumbprint is None


def test_headers_from_the_environment() -> None:
    env = Env({"CERTIFICATE_PROXY_SECRET": "s" * 16, "CERTIFICATE_HEADER": "X-SSL-CERT"})
    found = configured_headers(env)
    assert (found.secret, found.certificate, found.verify) == ("s" * 16, "X-SSL-CERT", "X-SSL-Client-Verify")
    assert configured_headers(Env({})) == NO_CERTIFICATES
    short = Env({"CERTIFICATE_PROXY_SECRET": "short"})
    configured_headers(short)
    assert short.problems == ["CERTIFICATE_PROXY_SECRET must have at least 16 characters."]


def test_a_certificate_is_not_shown_with_the_settings() -> None:
    assert SECRET not in repr(HEADERS)
