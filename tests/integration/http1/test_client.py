"""The client over real sockets, against a peer that sends whatever a test says."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from libs.http1 import client as client_module
from libs.http1 import wire
from libs.http1.client import Answer, Client
from libs.http1.errors import AnswerTooBig, BadHead, ClosedUnanswered, CutShort, HttpFailure, OtherStatus
from tests.waiting import PATIENCE_SECONDS, wait_for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = Callable[[socket.socket, int], bytes | None]


class Peer:
    """Answers request number n of all with `script(socket, n)`; None closes the connection."""

    def __init__(self) -> None:
        self.script: Script = lambda _sock, _number: OK
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        for sock in self._open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            try:
                while request := sock.recv(65536):
                    self.requests.append(request)
                    answer = self.script(sock, len(self.requests))
                    if answer is None:
                        return
                    sock.sendall(answer)
            except OSError:
                return


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer()
    yield server
    server.close()


def to(peer: Peer, max_body_bytes: int = 1000, max_idle: int = 4) -> Client:
    return Client(urlsplit(peer.url), max_body_bytes=max_body_bytes, max_idle=max_idle)


def ask(client: Client, method: str = "GET", seconds: float = 5.0, only: int | None = None) -> Answer:
    request = wire.request(method, "/x", {"Host": "peer"})
    return client.exchange(method, request, seconds, repeatable=method != "POST", only=only)


def test_one_connection_serves_call_after_call(peer: Peer) -> None:
    client = to(peer)
    assert [ask(client) for _ in range(5)] == [Answer(200, {"content-length": "2"}, b"ok")] * 5
    assert peer.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b'HTTP/1.1 304 Not Modified\r\nETag: "A"\r\nContent-Length: 99\r\n\r\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    ],
    ids=["204", "304", "chunked", "announced"],
)
def test_the_connection_is_in_step_after_every_kind_of_answer(peer: Peer, answer: bytes) -> None:
    peer.script = lambda _sock, number: answer if number % 2 else OK
    client = to(peer)
    found = [ask(client) for _ in range(4)]
    assert (found[0], found[1].body) == (found[2], b"ok")
    assert peer.connections == 1


def test_an_answer_to_head_has_no_body(peer: Peer) -> None:
    peer.script = lambda _sock, _number: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    client = to(peer)
    assert [ask(client, "HEAD").body for _ in range(2)] == [b"", b""]
    assert peer.connections == 1


def test_an_answer_may_end_with_the_connection(peer: Peer) -> None:
    def endless(sock: socket.socket, _number: int) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    peer.script = endless
    client = to(peer)
    assert [ask(client).body for _ in range(2)] == [b"all of it"] * 2
    assert peer.connections == 2


@pytest.mark.parametrize(
    "answer",
    [OK + b"more", OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), OK.replace(b"1.1", b"1.0")],
    ids=["surplus", "close", "http/1.0"],
)
def test_what_does_not_end_in_step_is_not_kept(peer: Peer, answer: bytes) -> None:
    peer.script = lambda _sock, _number: answer
    client = to(peer)
    assert [ask(client).body for _ in range(2)] == [b"ok"] * 2
    assert peer.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_closed_while_idle_is_seen_before_anything_is_sent(peer: Peer, method: str) -> None:
    client = to(peer)
    ask(client, method)
    peer.hang_up()
    wait_for(lambda: not client._idle[-1].is_quiet, "the end of the stream to cross the loopback")
    assert ask(client, method).body == b"ok"
    assert (len(peer.requests), peer.connections) == (2, 2)


def test_a_late_word_on_an_idle_connection_is_not_the_next_answer(peer: Peer) -> None:
    said = threading.Event()

    def speak_up(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 500 No\r\n\r\n")
        said.set()

    def late(sock: socket.socket, number: int) -> bytes:
        if number == 1:
            threading.Timer(0.05, speak_up, (sock,)).start()
        return OK

    peer.script = late
    client = to(peer)
    ask(client)
    assert said.wait(PATIENCE_SECONDS)
    wait_for(lambda: not client._idle[-1].is_quiet, "the word to cross the loopback")
    assert ask(client).status == 200


def test_a_break_before_the_answer_repeats_what_is_repeatable_once(peer: Peer) -> None:
    peer.script = lambda _sock, number: None if number == 2 else OK
    client = to(peer)
    assert [ask(client).body for _ in range(2)] == [b"ok"] * 2
    assert len(peer.requests) == 3
    peer.script = lambda _sock, _number: None
    with pytest.raises((ClosedUnanswered, ConnectionError)):
        ask(client)
    assert len(peer.requests) == 5


def test_a_break_before_the_answer_repeats_nothing_else(peer: Peer) -> None:
    peer.script = lambda _sock, number: None if number == 2 else OK
    client = to(peer)
    ask(client, "POST")
    with pytest.raises((ClosedUnanswered, ConnectionError)):
        ask(client, "POST")
    assert len(peer.requests) == 2


@pytest.mark.parametrize(
    "part",
    [
        b"H",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    ],
)
def test_half_an_answer_is_none_and_is_not_asked_for_again(peer: Peer, part: bytes) -> None:
    def half(sock: socket.socket, _number: int) -> None:
        sock.sendall(part)

    peer.script = half
    with pytest.raises(CutShort):
        ask(to(peer))
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", OK[:-2]],
    ids=["silent", "head", "chunks", "body"],
)
def test_the_time_limit_holds_over_all_however_the_bytes_drip(peer: Peer, start: bytes) -> None:
    def drip(sock: socket.socket, _number: int) -> None:
        sock.sendall(start)
        while not peer.stopping.wait(0.05):
            if start == OK[:-2]:
                continue
            if start:
                sock.sendall(b"1\r\na\r\n" if b"chunked" in start else b"a")

    peer.script = drip
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        ask(to(peer), seconds=0.4)
    assert time.monotonic() - started < 1.5
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 1001\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", b"\r\n" + b"x" * 1001],
)
def test_a_body_past_the_cap_is_not_read(peer: Peer, head: bytes) -> None:
    peer.script = lambda _sock, _number: b"HTTP/1.1 200 OK\r\n" + head
    with pytest.raises(AnswerTooBig):
        ask(to(peer))


def test_a_body_as_long_as_the_cap_is(peer: Peer) -> None:
    peer.script = lambda _sock, _number: b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
    assert len(ask(to(peer)).body) == 1000


def test_a_head_past_the_cap_is_refused(peer: Peer) -> None:
    peer.script = lambda _sock, _number: b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20000
    with pytest.raises(BadHead, match="too long"):
        ask(to(peer))


def test_only_the_status_asked_for_is_read(peer: Peer) -> None:
    peer.script = lambda _sock, _number: b"HTTP/1.1 429 No\r\nContent-Length: 99999\r\n\r\n"
    with pytest.raises(OtherStatus, match=r"^HTTP 429$"):
        ask(to(peer), only=200)


def test_old_connections_are_not_used(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = to(peer)
    ask(client)
    monkeypatch.setattr(client_module, "IDLE_SECONDS", 0.0)
    ask(client)
    assert peer.connections == 2


def test_threads_share_and_no_more_than_the_limit_stay(peer: Peer) -> None:
    client = to(peer, max_idle=2)
    answers: list[bytes] = []
    together = threading.Barrier(6)

    def work() -> None:
        together.wait()
        answers.extend(ask(client).body for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"ok"] * 300
    assert len(client._idle) <= 2 + len(threads)  # the limit is looked at without a lock


def test_nobody_there_is_an_os_error() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = urlsplit(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(ConnectionRefusedError):
            ask(Client(url, max_body_bytes=1000, max_idle=4))


def test_failures_name_no_address(peer: Peer) -> None:
    peer.script = lambda _sock, _number: b"nonsense\r\n\r\n"
    with pytest.raises(HttpFailure) as caught:
        ask(to(peer))
    assert "127.0.0.1" not in str(caught.value)


def _in_child(client: Client, answers: Any) -> None:
    answers.put([ask(client).body for _ in range(10)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking with threads is the very point
def test_a_forked_child_opens_its_own_connection(peer: Peer) -> None:
    client = to(peer)
    ask(client)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(client, answers))
    child.start()
    mine = [ask(client).body for _ in range(10)]
    assert [mine, answers.get()] == [[b"ok"] * 10] * 2
    child.join()
    assert peer.connections == 2
