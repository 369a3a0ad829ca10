"""Downloads through the real egress process, from a real origin with every bad habit."""

import json
import socket
import time
from pathlib import Path

import pytest

from services.provider.domain.origins import OriginRequest
from services.provider.egress.ticket import HEADER, SealedTickets
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.integration.egress.conftest import KEY, Egress, ticket, until
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.clause("ocean 2.6")

MEBIBYTE = 1024 * 1024
DATA = bytes(range(256)) * 4096 * 3  # 3 MiB, unlike at every offset


def open_raw(egress: Egress, url: str, *, receive_buffer: int | None = None) -> socket.socket:
    """A client socket that has sent its request and read nothing yet."""
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", egress.port))
    if egress.later:
        sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: egress\r\n\r\n")
        while not sock.recv(4096).endswith(b"}"):
            pass
    sealed = ticket(OriginRequest("GET", url))
    sock.sendall(f"GET / HTTP/1.1\r\nHost: egress\r\n{HEADER}: {sealed}\r\n\r\n".encode())
    return sock


class TestTickets:
    @pytest.mark.parametrize("text", [None, "", "nonsense", "A" * 500, "\u00ff"])
    def test_without_a_valid_ticket_there_is_nothing(self, text: str | None, egress: Egress) -> None:
        answer = egress.get(ticket=text)
        assert answer.status == 404
        assert json.loads(answer.body) == {"error": "Not found.", "context": None}
        assert answer.headers["access-control-allow-origin"] == "*"

    def test_a_huge_one_is_the_callers_mistake(self, egress: Egress) -> None:
        assert 400 <= egress.get(ticket="A" * 40_000).status < 500

    def test_tickets_of_another_key_and_old_ones_are_refused(self, origin: Origin, egress: Egress) -> None:
        plan = OriginRequest("GET", origin.url("/never"))
        foreign = SealedTickets("another-key-altogether").seal(plan)
        old = SealedTickets(KEY, lambda: time.time() - 120).seal(plan)
        for sealed in (foreign, old):
            assert egress.get(ticket=sealed).status == 404
        assert "/never" not in origin.paths()

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_other_methods(self, method: str, origin: Origin, egress: Egress) -> None:
        assert egress.get(ticket=ticket(OriginRequest("GET", origin.url("/x"))), method=method).status == 405
        assert egress.get(ticket=None, method=method).status == 404

    def test_large_tickets_pass(self, origin: Origin, egress: Egress) -> None:
        origin.route("/post", lambda e: e.respond(200, {"Content-Type": "text/plain"}, e.request.body))
        plan = OriginRequest("POST", origin.url("/post"), {"X-A": "b"}, b"x" * 20_000, "text/plain", "answer")
        answer = egress.get(ticket=ticket(plan))
        assert answer.body == b"x" * 20_000
        assert answer.headers["content-disposition"] == "attachment;filename=answer.txt"


class TestFiles:
    def test_exactly_the_bytes_with_one_get(self, origin: Origin, egress: Egress) -> None:
        origin.route("/f/data.csv", scripts.file(DATA, "text/csv; charset=utf-8"))
        answer = egress.file(origin.url("/f/data.csv?key=secret"))
        assert (answer.status, answer.body, answer.broken) == (200, DATA, False)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == "attachment;filename=data.csv"
        assert answer.headers["content-length"] == str(len(DATA))
        assert answer.headers["etag"] == '"v1"'
        assert origin.paths().count("/f/data.csv?key=secret") == 1
        assert "secret" not in egress.log()

    def test_range_if_range_and_head(self, origin: Origin, egress: Egress) -> None:
        origin.route("/r", scripts.file(DATA))
        url = origin.url("/r")
        part = egress.file(url, headers={"Range": "bytes=1000-2999"})
        assert (part.status, part.body) == (206, DATA[1000:3000])
        assert part.headers["content-range"] == f"bytes 1000-2999/{len(DATA)}"
        same = egress.file(url, headers={"Range": "bytes=-5", "If-Range": '"v1"'})
        assert (same.status, same.body) == (206, DATA[-5:])
        changed = egress.file(url, headers={"Range": "bytes=-5", "If-Range": '"v0"'})
        assert (changed.status, len(changed.body)) == (200, len(DATA))
        beyond = egress.file(url, headers={"Range": f"bytes={len(DATA)}-"})
        assert beyond.status == 416
        assert beyond.headers["content-range"] == f"bytes */{len(DATA)}"
        assert "error" in json.loads(beyond.body)
        head = egress.file(url, method="HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(DATA)))
        assert origin.requests[-1].method == "HEAD"

    @pytest.mark.parametrize("size", [0, 1, 100, 65_536, 70_000])
    def test_small_and_empty_files(self, size: int, origin: Origin, egress: Egress) -> None:
        origin.route(f"/s{size}", scripts.file(DATA[:size]))
        assert egress.file(origin.url(f"/s{size}")).body == DATA[:size]

    def test_chunked_and_close_delimited(self, origin: Origin, egress: Egress) -> None:
        origin.route("/chunked", scripts.chunked([DATA[:100_000], DATA[100_000:]]))
        origin.route("/close", scripts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA))
        for path in ("/chunked", "/close"):
            answer = egress.file(origin.url(path))
            assert (answer.body, answer.broken) == (DATA, False)
            assert answer.headers["transfer-encoding"] == "chunked"

    def test_an_origins_encoding_is_passed_through(self, origin: Origin, egress: Egress) -> None:
        origin.route("/gz", scripts.reply(200, {"Content-Encoding": "gzip"}, b"\x1f\x8bbomb"))
        answer = egress.file(origin.url("/gz"))
        assert (answer.body, answer.headers["content-encoding"]) == (b"\x1f\x8bbomb", "gzip")

    def test_connections_are_kept_on_both_sides(self, origin: Origin, egress: Egress) -> None:
        origin.route("/keep", scripts.file(DATA))
        connection = egress.connect()
        for _ in range(3):
            answer = egress.file(origin.url("/keep"), connection=connection)
            assert answer.body == DATA
        connection.close()
        used = {seen.connection for seen in origin.requests if seen.path == "/keep"}
        assert len(used) == 1

    def test_http_1_0_clients(self, origin: Origin, egress: Egress) -> None:
        origin.route("/old", scripts.chunked([b"abc", b"def"]))
        with socket.create_connection(("127.0.0.1", egress.port), timeout=10) as sock:
            sealed = ticket(OriginRequest("GET", origin.url("/old")))
            sock.sendall(f"GET / HTTP/1.0\r\n{HEADER}: {sealed}\r\n\r\n".encode())
            received = b""
            while piece := sock.recv(65536):
                received += piece
        assert received.endswith(b"\r\n\r\nabcdef")


class TestBrokenOrigins:
    @pytest.mark.parametrize(
        "script",
        [
            scripts.lying_length(DATA[:MEBIBYTE], 2 * MEBIBYTE),
            scripts.lying_length(b"", 10),
            scripts.chunked([DATA[:MEBIBYTE]], ended=False),
            scripts.reset(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + DATA[:100_000]),
            scripts.stalling_body(DATA[:MEBIBYTE], 2 * MEBIBYTE),
        ],
    )
    def test_a_cut_file_is_a_broken_transfer(
        self, script: scripts.Script, origin: Origin, egress: Egress
    ) -> None:
        origin.route("/cut", script)
        assert egress.file(origin.url("/cut")).broken

    @pytest.mark.parametrize(
        ("script", "status"),
        [
            (scripts.reply(404, {}, b"no"), 502),
            (scripts.reply(500, {}, b"secret stack trace"), 502),
            (scripts.reply(204), 502),
            (scripts.silent(), 504),
            (scripts.slow_head(), 504),
            (scripts.huge_headers(), 502),
            (scripts.reset(), 502),
            (scripts.raw(b"not http at all\r\n\r\n"), 502),
            (scripts.redirect("/e"), 502),
            (scripts.redirect("http://169.254.169.254/latest/meta-data/"), 502),
            (scripts.redirect("http://127.0.0.1:1/"), 502),
        ],
    )
    def test_errors_are_json_with_cors(
        self, script: scripts.Script, status: int, origin: Origin, egress: Egress
    ) -> None:
        origin.route("/e", script)
        answer = egress.file(origin.url("/e"))
        assert answer.status == status
        assert json.loads(answer.body) == {"error": "Asset URL not found, not available or invalid."}
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "file:///etc/passwd"]
    )
    def test_private_origins_are_refused(self, url: str, egress: Egress) -> None:
        assert egress.file(url).status == 502


class TestClients:
    def test_one_that_leaves_frees_the_origin_at_once(self, origin: Origin, egress: Egress) -> None:
        origin.hung_up.clear()
        origin.route("/long", scripts.sized(1 << 34))
        sock = open_raw(egress, origin.url("/long"))
        assert sock.recv(100_000)
        sock.close()
        assert origin.hung_up.wait(PATIENCE_SECONDS)

    def test_one_that_leaves_while_the_origin_is_silent_frees_it_too(
        self, origin: Origin, egress: Egress
    ) -> None:
        """The wait for the origin watches the client as well."""
        done: list[float] = []

        def stall(exchange: scripts.Exchange) -> None:
            exchange.head(200, {"Content-Length": "100"})
            exchange.send(b"abc")
            exchange.hang()
            done.append(time.monotonic())

        origin.route("/stall", stall)
        sock = open_raw(egress, origin.url("/stall"))
        while not sock.recv(100_000).endswith(b"abc"):
            pass
        left_at = time.monotonic()
        sock.close()
        assert until(lambda: done)
        assert done[0] - left_at < 0.9  # the origin's own silence would have ended it after a second

    def test_a_slow_one_is_waited_for(self, origin: Origin, egress: Egress) -> None:
        """Longer than the origin may be silent, with everything in between full."""
        origin.route("/slow", scripts.sized(8 * MEBIBYTE))
        sock = open_raw(egress, origin.url("/slow"), receive_buffer=4096)
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1000)
        assert not until(lambda: egress.process.poll() is not None, 2.5)  # we read nothing meanwhile
        received = len(head.partition(b"\r\n\r\n")[2])
        while piece := sock.recv(MEBIBYTE):
            received += len(piece)
            if received >= 8 * MEBIBYTE:
                break
        sock.close()
        assert received == 8 * MEBIBYTE

    def test_twenty_slow_downloads_cost_little_and_hinder_nobody(
        self, origin: Origin, egress: Egress
    ) -> None:
        origin.route("/huge", scripts.sized(100 * MEBIBYTE))
        origin.route("/quick", scripts.file(b"quick"))
        waiting = [open_raw(egress, origin.url("/huge"), receive_buffer=65536) for _ in range(20)]
        try:
            for sock in waiting:
                assert sock.recv(1000)
            started = time.monotonic()
            assert egress.file(origin.url("/quick")).body == b"quick"
            assert egress.get("/health/live", ticket=None).status == 200
            assert time.monotonic() - started < 5
            status = Path(f"/proc/{egress.worker_pid()}/status").read_text()
            resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
            assert resident < 80 * 1024
        finally:
            for sock in waiting:
                sock.close()


class TestOperation:
    def test_request_ids_and_log_lines(self, origin: Origin, egress: Egress) -> None:
        origin.route("/logged", scripts.file(b"12345"))
        answer = egress.file(origin.url("/logged"), headers={"X-Request-Id": "from-the-gateway"})
        assert answer.headers["x-request-id"] == "from-the-gateway"
        assert until(lambda: "from-the-gateway" in egress.log())  # written once the client has its file
        lines = [json.loads(line) for line in egress.log().splitlines()]
        line = next(line for line in lines if line.get("request_id") == "from-the-gateway")
        assert (line["status"], line["bytes"], line["outcome"]) == (200, 5, "complete")
        assert not any("logged" in str(value) for value in line.values())

    def test_health_and_metrics(self, egress: Egress) -> None:
        assert egress.get("/health/ready", ticket=None).status == 200
        assert b"egress_sent_bytes_total" in egress.get("/metrics", ticket=None).body

    def test_a_stop_lets_running_downloads_end(self, origin: Origin, tmp_path: Path) -> None:
        origin.route("/last", scripts.sized(64 * MEBIBYTE))
        own = Egress(tmp_path, origin.port)
        try:
            sock = open_raw(own, origin.url("/last"), receive_buffer=65536)
            received = len(sock.recv(1000))
            own.process.terminate()
            assert until(lambda: "Handling signal: term" in own.log() or "Shutting down" in own.log())
            while piece := sock.recv(MEBIBYTE):
                received += len(piece)
            sock.close()
            assert received > 64 * MEBIBYTE
        finally:
            code = own.stop()
        assert code == 0

    def test_it_does_not_start_without_its_key(self, origin: Origin, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match="EGRESS_KEY"):
            Egress(tmp_path, origin.port, EGRESS_KEY="")
