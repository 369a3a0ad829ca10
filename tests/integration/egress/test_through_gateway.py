"""The real gateway in front: a service permits, nginx fetches from egress, the client gets the file.

The service here only does what the provider does once it has permitted a download: it hands out a ticket.
"""

import http.client
import http.server
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.stack.config import Ports, StackConfig
from scripts.stack.gateway import command, render
from services.provider.domain.origins import OriginRequest
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.integration.egress.conftest import Answer, Egress, ticket, until
from tests.processes import end_group
from tests.waiting import PATIENCE_SECONDS

DATA = bytes(range(256)) * 40_000  # 10 MB
PATH = "/api/services/download?documentId=x"


class Permitting(http.server.BaseHTTPRequestHandler):
    """Answers every request with a ticket for the server's `plan`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.server.seen.append(self.headers.get("X-Tidegate-Accel"))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("X-Accel-Redirect", "/_egress")
        self.send_header("X-Egress-Ticket", ticket(self.server.plan))  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_GET  # noqa: N815  (http.server names them so)

    def log_message(self, *arguments: object) -> None: ...


class Service(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Permitting)
        self.plan = OriginRequest("GET", "http://127.0.0.1:1/")
        self.seen: list[str | None] = []


@contextmanager
def serving(service: Service) -> Iterator[None]:
    thread = threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        service.shutdown()
        thread.join(10)
        service.server_close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running = Service()
    with serving(running):
        yield running


@pytest.fixture(scope="module")
def gateway(service: Service, egress: Egress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    port = free_port()
    ports = Ports(gateway=port, provider=service.server_address[1], egress=egress.port)
    conf = render(StackConfig(run_dir=folder, ports=ports))
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(command(conf), stdout=log, stderr=log, start_new_session=True)
    try:
        assert until(lambda: process.poll() is not None or is_open(port))
        assert process.poll() is None, (folder / "nginx.log").read_text()
        yield port
    finally:
        end_group(process)


def fetch(gateway: int, method: str = "GET", path: str = PATH, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", gateway, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): v for name, v in headers.items()})
        response = connection.getresponse()
        names = [name.lower() for name, _ in response.getheaders()]
        assert len(names) == len(set(names)), names  # nothing is said twice
        try:
            body, broken = response.read(), False
        except (http.client.IncompleteRead, ConnectionError) as error:
            body, broken = getattr(error, "partial", b""), True
        return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, body, broken)
    finally:
        connection.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_file(method: str, gateway: int, service: Service, origin: Origin) -> None:
    origin.route("/d/data.csv", scripts.file(DATA, "text/csv"))
    service.plan = OriginRequest("GET", origin.url("/d/data.csv"))
    answer = fetch(gateway, method)
    assert (answer.status, answer.body == DATA, answer.broken) == (200, True, False)
    assert answer.headers["content-disposition"] == "attachment;filename=data.csv"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["access-control-allow-origin"] == "*"
    assert not {"x-accel-redirect", "x-egress-ticket"} & set(answer.headers)
    assert service.seen[-1] == "1"


def test_ranges_and_head(gateway: int, service: Service, origin: Origin) -> None:
    origin.route("/r", scripts.file(DATA))
    service.plan = OriginRequest("GET", origin.url("/r"))
    part = fetch(gateway, Range="bytes=5-9")
    assert (part.status, part.body) == (206, DATA[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(DATA)}"
    changed = fetch(gateway, Range="bytes=5-9", If_Range='"old"')
    assert (changed.status, len(changed.body)) == (200, len(DATA))
    beyond = fetch(gateway, Range=f"bytes={len(DATA)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(DATA)}")
    head = fetch(gateway, "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(DATA)))


@pytest.mark.parametrize(
    "script",
    [
        scripts.lying_length(DATA[:2_000_000], 3_000_000),
        scripts.chunked([DATA[:2_000_000]], ended=False),
        scripts.stalling_body(DATA[:2_000_000], 3_000_000),
    ],
)
def test_a_cut_file_is_cut_for_the_client_too(
    script: scripts.Script, gateway: int, service: Service, origin: Origin
) -> None:
    origin.route("/cut", script)
    service.plan = OriginRequest("GET", origin.url("/cut"))
    assert fetch(gateway).broken


def test_an_origin_that_fails_is_a_json_error(gateway: int, service: Service, origin: Origin) -> None:
    for url in (origin.url("/missing"), "http://127.0.0.1:1/"):
        service.plan = OriginRequest("GET", url)
        answer = fetch(gateway)
        assert answer.status == 502
        assert answer.headers["content-type"].startswith("application/json")
        assert b'"error"' in answer.body
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_client_that_leaves_frees_the_origin(gateway: int, service: Service, origin: Origin) -> None:
    origin.hung_up.clear()
    origin.route("/long", scripts.sized(1 << 34))
    service.plan = OriginRequest("GET", origin.url("/long"))
    with socket.create_connection(("127.0.0.1", gateway), timeout=10) as sock:
        sock.sendall(f"GET {PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert sock.recv(1000)
    assert origin.hung_up.wait(PATIENCE_SECONDS)


def test_nobody_reaches_egress_by_name(gateway: int) -> None:
    for path in ("/_egress", "//_egress", "/_egress/", "/%5fegress"):
        assert fetch(gateway, path=path).status == 404


def test_a_client_cannot_bring_its_own_ticket(gateway: int, service: Service, origin: Origin) -> None:
    origin.route("/mine", scripts.file(b"permitted"))
    origin.route("/other", scripts.file(b"not permitted"))
    service.plan = OriginRequest("GET", origin.url("/mine"))
    stolen = ticket(OriginRequest("GET", origin.url("/other")))
    assert fetch(gateway, X_Egress_Ticket=stolen, X_Tidegate_Accel="0").body == b"permitted"
