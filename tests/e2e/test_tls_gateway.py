"""The gateway's TLS port: whose certificate gets through, and what nobody can pretend."""

import contextlib
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from libs.web.client_certificate import CertificateHeaders, ClientCertificate
from scripts.stack import tls
from scripts.stack.config import StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.gateway import command, render
from scripts.stack.processes import answers
from services.auth.domain.certificates import parse_pem
from tests.e2e.market import one, request
from tests.fakes.certificates import Authority, Issued
from tests.processes import end_group
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dirac 1.8")

SECRET = "SecretOfTheGateway"
HEADERS = CertificateHeaders(secret=SECRET)


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers it was sent, each name as WSGI would fold it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps([[name, value] for name, value in self.headers.items()]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@dataclass
class Gateway:
    plain: str
    tls: str
    folder: Path
    authority: Authority

    def get(
        self, issued: Issued | None, path: str = "/.well-known/jwks.json", **more: Any
    ) -> requests.Response:
        cert = None if issued is None else issued.write(self.folder, f"c{issued.certificate.serial_number}")
        ca = str(self.folder / "tls" / "ca.pem")
        return requests.get(self.tls + path, cert=cert, verify=ca, timeout=10, **more)


@contextlib.contextmanager
def starting(folder: Path, authority: Authority, **environment: str) -> Iterator[Gateway]:
    """The gateway with TLS, and one server behind it in the place of auth."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = free_ports()
    config = StackConfig(
        run_dir=folder,
        ports=replace(ports, auth=server.server_address[1]),
        tls_port=ports.indexer,
        environment={
            "CERTIFICATE_PROXY_SECRET": SECRET,
            "GATEWAY_TLS_CLIENT_CAS": str(folder / "cas.pem"),
            **environment,
        },
    )
    (folder / "cas.pem").write_bytes(authority.pem)
    conf = render(config)
    with (folder / "nginx.out").open("wb") as log:
        process = subprocess.Popen(command(conf), stdout=log, stderr=log, start_new_session=True)
    try:
        live = f"{config.gateway_url}/health/live"
        wait_for(lambda: process.poll() is not None or answers(live), live)
        assert process.poll() is None, (folder / "nginx.out").read_text()
        yield Gateway(config.gateway_url, str(config.tls_url), folder, authority)
    finally:
        end_group(process)
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with starting(tmp_path_factory.mktemp("tls"), Authority("Grid CA")) as started:
        yield started


def told(answer: requests.Response) -> ClientCertificate | None:
    """What a service behind the gateway believes."""
    assert answer.status_code == 200, answer.text
    return HEADERS.read(dict(answer.json()))


def test_a_good_certificate_reaches_the_service(gateway: Gateway) -> None:
    alice = gateway.authority.issue("Alice/Zoë + x")
    found = told(gateway.get(alice))
    assert found is not None
    assert found.failure is None
    assert found.pem.encode() == alice.pem


def test_without_a_certificate_tls_is_plain_tls(gateway: Gateway) -> None:
    answer = gateway.get(None)
    assert told(answer) is None
    assert SECRET not in answer.text


FORGED = (
    "X-SSL-Client-Verify: SUCCESS",
    "X-SSL-Client-Cert: forged",
    "X_SSL_Client_Verify: SUCCESS",
    "X_SSL_Client_Cert: forged",
    f"X-Auth-Proxy-Secret: {SECRET}",
    f"X_Auth_Proxy_Secret: {SECRET}",
    "Client-Cert: :Zm9yZ2Vk:",
    "X-Ssl-Client-Verify: SUCCESS",
)


def test_nobody_on_the_plain_port_can_pretend(gateway: Gateway) -> None:
    """Not even with the secret itself."""
    answer = one(gateway.plain, request("GET", "/.well-known/jwks.json", *FORGED))
    assert answer.status == 200
    names = {name.lower().replace("_", "-") for name, _ in answer.json()}
    assert not names & {"x-ssl-client-verify", "x-ssl-client-cert", "x-auth-proxy-secret", "client-cert"}
    assert b"forged" not in answer.body


def test_a_certificates_owner_cannot_pretend_to_be_another(gateway: Gateway) -> None:
    alice = gateway.authority.issue("Alice")
    forged = dict(line.split(": ", 1) for line in FORGED)
    found = told(gateway.get(alice, headers=forged))
    assert found is not None
    assert found.pem.encode() == alice.pem
    assert told(gateway.get(None, headers=forged)) is None


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("expired", "has expired"),
        ("future", "not valid yet"),
        ("foreign", "not trusted here"),
        ("proxy", "Proxy certificates"),
    ],
)
def test_a_certificate_that_does_not_pass_is_told_why(gateway: Gateway, case: str, text: str) -> None:
    if case == "proxy":
        answer = _with_proxy(gateway)
    else:
        issuer = Authority("Foreign CA") if case == "foreign" else gateway.authority
        days = {"expired": (-30, -1), "future": (1, 30)}.get(case, (-1, 30))
        answer = gateway.get(issuer.issue("Alice", days=days))
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["error"] == "invalid_client"
    assert text in body["detail"] == body["error_description"]


def _with_proxy(gateway: Gateway) -> requests.Response:
    """As grid-proxy-init makes it: Alice signs a certificate of her name and one part more."""
    alice = gateway.authority.issue("Alice")
    subject = x509.Name([*alice.certificate.subject, x509.NameAttribute(x509.NameOID.COMMON_NAME, "123")])
    key = ec.generate_private_key(ec.SECP256R1())
    info = bytes.fromhex("300c300a06082b06010505071501")
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    proxy = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(alice.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(alice.certificate.not_valid_before_utc)
        .not_valid_after(alice.certificate.not_valid_after_utc)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"), info), critical=True
        )
        .sign(alice.key, hashes.SHA256())
    )
    chain, keyfile = Issued(proxy, key).write(gateway.folder, "proxy")
    Path(chain).write_bytes(Issued(proxy, key).pem + alice.pem)
    ca = str(gateway.folder / "tls" / "ca.pem")
    return requests.get(f"{gateway.tls}/.well-known/jwks.json", cert=(chain, keyfile), verify=ca, timeout=10)


def test_a_revoked_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority("Grid CA")
    good, bad = authority.issue("Alice"), authority.issue("Mallory")
    (tmp_path / "crls.pem").write_bytes(authority.revoke(bad))
    crls = {"GATEWAY_TLS_CRL_CHECK": "on", "GATEWAY_TLS_CRLS": str(tmp_path / "crls.pem")}
    with starting(tmp_path, authority, **crls) as gateway:
        assert told(gateway.get(good)) is not None
        refused = gateway.get(bad)
        assert (refused.status_code, "was revoked" in refused.json()["detail"]) == (401, True)
        stranger = gateway.get(None)
        assert told(stranger) is None


def test_the_tls_port_serves_what_the_plain_one_does(gateway: Gateway) -> None:
    for path in ("/nope", "/internal/token", "/health/live"):
        plain = requests.get(gateway.plain + path, timeout=10)
        over_tls = gateway.get(None, path)
        assert (over_tls.status_code, over_tls.content) == (plain.status_code, plain.content)


def test_plain_http_on_the_tls_port_is_a_bad_request(gateway: Gateway) -> None:
    answer = one(gateway.tls.replace("https", "http"), request("GET", "/"))
    assert (answer.status, answer.json()["error"]) == (400, "The request is not valid HTTP.")


def test_neither_secret_nor_certificate_is_logged(gateway: Gateway) -> None:
    gateway.get(gateway.authority.issue("Alice"))
    gateway.get(Authority("Foreign CA").issue("Alice"))
    log = gateway.folder / "logs" / "gateway.log"
    wait_for(lambda: log.stat().st_size > 0, "the log")
    text = "".join(path.read_text() for path in log.parent.iterdir())
    assert SECRET not in text
    assert "BEGIN" not in text


def test_without_a_tls_port_no_page_of_it_is_read(tmp_path: Path) -> None:
    config = StackConfig(run_dir=tmp_path, ports=free_ports())
    conf = render(config)
    checked = subprocess.run([*command(conf), "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert not (tmp_path / "tls").exists()


def test_the_development_authority_issues_client_certificates(tmp_path: Path) -> None:
    own = tmp_path / "tls"
    with starting(tmp_path, Authority(), GATEWAY_TLS_CLIENT_CAS=str(own / "ca.pem")) as gateway:
        certificate, key = tls.issue(own, "Alice", "alice")
        assert key.stat().st_mode & 0o777 == 0o600
        found = told(
            requests.get(
                f"{gateway.tls}/.well-known/jwks.json",
                cert=(str(certificate), str(key)),
                verify=str(own / "ca.pem"),
                timeout=10,
            )
        )
        assert found is not None
        assert parse_pem(found.pem.encode()).subject == "/DC=org/DC=tidegate-development/CN=Alice"
