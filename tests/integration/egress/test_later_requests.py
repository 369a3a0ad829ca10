"""Connections that have had an answer already: the worker's short way, and from there back to gunicorn's."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.provider.domain.origins import OriginRequest
from services.provider.egress.ticket import HEADER
from services.provider.egress.worker import LINGER_MS
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.integration.egress import test_egress as first
from tests.integration.egress.conftest import Egress, ticket, until


@pytest.fixture
def egress(egress: Egress) -> Iterator[Egress]:
    egress.later = True
    yield egress
    egress.later = False


class TestTickets(first.TestTickets):
    """The same as for first requests."""


class TestFiles(first.TestFiles):
    """The same as for first requests."""


class TestBrokenOrigins(first.TestBrokenOrigins):
    """The same as for first requests."""


class TestClients(first.TestClients):
    """The same as for first requests."""


def exchange(sock: socket.socket, request: bytes) -> tuple[int, dict[str, str], bytes]:
    sock.sendall(request)
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def plain(url: str, *lines: str) -> bytes:
    head = [f"{HEADER}: {ticket(OriginRequest('GET', url))}", *lines]
    return ("GET / HTTP/1.1\r\nHost: egress\r\n" + "".join(f"{line}\r\n" for line in head) + "\r\n").encode()


@pytest.fixture
def sock(egress: Egress) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", egress.port), timeout=30) as used:
        assert exchange(used, b"GET /health/live HTTP/1.1\r\nHost: egress\r\n\r\n")[0] == 200
        yield used


@pytest.fixture
def url(origin: Origin) -> str:
    origin.route("/n", scripts.file(b"0123456789"))
    return origin.url("/n")


def test_plain_and_other_requests_take_turns_on_one_connection(sock: socket.socket, url: str) -> None:
    """Neither way of reading takes a byte from the other."""
    for lines in ((), ("Connection: keep-alive",), (), ("Content-Length: 0",), ("X-A: 1", "X-A: 2"), ()):
        status, headers, body = exchange(sock, plain(url, *lines))
        assert (status, body, headers["connection"]) == (200, b"0123456789", "keep-alive")


def test_one_after_a_pause_is_answered_too(sock: socket.socket, url: str) -> None:
    """By then the connection is back with the main thread."""
    time.sleep(LINGER_MS / 1000 * 1.5)
    assert exchange(sock, plain(url))[2] == b"0123456789"


def test_two_sent_at_once_are_answered_in_order(sock: socket.socket, url: str) -> None:
    sock.sendall(plain(url, "Range: bytes=0-2") + plain(url, "Range: bytes=7-9"))
    received = b""
    while not received.endswith(b"789"):
        received += sock.recv(65536)
    assert [part[-3:] for part in received.split(b"HTTP/1.1 206 ")[1:]] == [b"012", b"789"]


def test_one_that_arrives_byte_by_byte_is_answered(sock: socket.socket, url: str) -> None:
    request = plain(url)
    for at in range(len(request) - 1):
        sock.sendall(request[at : at + 1])
    assert exchange(sock, request[-1:])[2] == b"0123456789"


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_malformed_ones_end_the_connection(sock: socket.socket, request_text: bytes) -> None:
    sock.sendall(request_text)
    received = b""
    try:
        while piece := sock.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    assert b"HTTP/1.1 200" not in received
    assert received.count(b"\r\n\r\n<html>") <= 1


def test_a_stopping_worker_answers_what_comes_and_says_that_it_was_the_last(
    origin: Origin, url: str, tmp_path: Path
) -> None:
    own = Egress(tmp_path, origin.port)
    try:
        with socket.create_connection(("127.0.0.1", own.port), timeout=30) as sock:
            assert exchange(sock, plain(url))[2] == b"0123456789"
            own.process.terminate()
            assert until(lambda: "Handling signal: term" in own.log())
            until(lambda: False, 0.1)  # the worker is told after the line is written
            status, headers, body = exchange(sock, plain(url))
            assert (status, body, headers["connection"]) == (200, b"0123456789", "close")
            assert sock.recv(1) == b""
    finally:
        code = own.stop()
    assert code == 0
