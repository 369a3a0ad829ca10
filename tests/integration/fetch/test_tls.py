"""TLS is verified against the name while the connection goes to the pinned address."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.fetch.errors import ConnectFailed, TruncatedBody
from libs.fetch.fetcher import Fetcher, default_tls
from libs.fetch.guard import Guard

NAME = "files.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for NAME with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class TlsServer:
    """Answers each connection with `answer`, then closes it, orderly or by cutting it off."""

    def __init__(self, certificate: Path) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self.orderly = True
        self.names: list[str | None] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.sni_callback = lambda sock, name, context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _run(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(raw, server_side=True) as sock:
                    sock.recv(65536)
                    sock.sendall(self.answer)
                    if self.orderly:
                        sock.unwrap()
            except OSError:
                raw.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def server(certificate: Path) -> Iterator[TlsServer]:
    running = TlsServer(certificate)
    yield running
    running.close()


@pytest.fixture
def trusting(certificate: Path) -> Iterator[Fetcher]:
    context = default_tls()
    context.load_verify_locations(certificate)
    guard = Guard(allow_all=True, resolver=lambda host, port: ["127.0.0.1"])
    with closing(Fetcher(guard, tls=context)) as made:
        yield made


def test_the_name_is_verified_at_the_pinned_address(
    server: TlsServer, trusting: Fetcher, ask: Callable[..., Any]
) -> None:
    reply = trusting.open(ask(f"https://{NAME}:{server.port}/"))
    assert reply.read_limited(10) == b"ok"
    assert server.names == [NAME]


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_refused(
    host: str, server: TlsServer, trusting: Fetcher, ask: Callable[..., Any]
) -> None:
    with pytest.raises(ConnectFailed):
        trusting.open(ask(f"https://{host}:{server.port}/"))


def test_an_unknown_authority_is_refused(server: TlsServer, ask: Callable[..., Any]) -> None:
    guard = Guard(allow_all=True, resolver=lambda host, port: ["127.0.0.1"])
    with pytest.raises(ConnectFailed):
        Fetcher(guard).open(ask(f"https://{NAME}:{server.port}/"))


def test_a_cut_connection_is_not_the_end_of_a_file(
    server: TlsServer, trusting: Fetcher, ask: Callable[..., Any]
) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\n\r\nall of it, or is it?"
    url = f"https://{NAME}:{server.port}/"
    assert trusting.open(ask(url)).read_limited(100) == b"all of it, or is it?"
    server.orderly = False
    with pytest.raises(TruncatedBody):
        trusting.open(ask(url)).read_limited(100)
