"""RPC over TLS: the certificate is checked against the name in the URL."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.chain.errors import RpcUnavailable
from libs.chain.rpc import RpcPool


class Node(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        number = request.split(b'"id": ')[1].split(b",")[0]
        body = b'{"jsonrpc":"2.0","id":%b,"result":"0x2324"}' % number
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def certificate(folder: Path) -> Path:
    """A self-signed one for 127.0.0.1; one file with key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "node.pem"
    encoding = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(encoding)
    )
    return path


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    pem = certificate(tmp_path_factory.mktemp("tls"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.daemon_threads = True
    server.block_on_close = False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], pem
    server.shutdown()
    server.server_close()


def test_a_trusted_certificate_is_accepted(node: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    port, pem = node
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    pool = RpcPool([f"https://127.0.0.1:{port}/"], 8996)
    assert [pool.call("eth_chainId") for _ in range(3)] == ["0x2324"] * 3


def test_an_untrusted_certificate_is_refused(node: tuple[int, Path]) -> None:
    with pytest.raises(RpcUnavailable, match="SSLCertVerificationError"):
        RpcPool([f"https://127.0.0.1:{node[0]}/"], 8996).call("eth_chainId")


def test_a_certificate_for_another_name_is_refused(
    node: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, pem = node
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with pytest.raises(RpcUnavailable, match="SSLCertVerificationError"):
        RpcPool([f"https://localhost:{port}/"], 8996).call("eth_chainId")


def test_a_node_that_speaks_no_tls_is_unavailable() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Node) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(RpcUnavailable):
            RpcPool([f"https://127.0.0.1:{server.server_address[1]}/"], 8996).call("eth_chainId")
        server.shutdown()
