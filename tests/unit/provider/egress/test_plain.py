"""Reading the gateway's one shape of request, and writing an answer to it."""

import socket
from collections.abc import Iterator

import pytest

from services.provider.egress import plain

HOST = b"Host: egress\r\n"


def request(line: bytes = b"GET / HTTP/1.1\r\n", *headers: bytes) -> bytes:
    return line + HOST + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


def test_what_the_gateway_sends_is_read() -> None:
    found = plain.parse(request(b"HEAD /a/b-1 HTTP/1.1\r\n", b"X-Egress-Ticket: t=", b"Range:\tbytes=0-1 "))
    assert found is not None
    told = {name: found[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")}
    assert told == {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/a/b-1", "QUERY_STRING": ""}
    assert (found["HTTP_X_EGRESS_TICKET"], found["HTTP_RANGE"]) == ("t=", "bytes=0-1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",  # no host
        request()[:-1],
        request() + b"G",
        request(b"GET / HTTP/1.0\r\n"),
        request(b"POST / HTTP/1.1\r\n"),
        request(b"get / HTTP/1.1\r\n"),
        request(b"GET  / HTTP/1.1\r\n"),
        request(b"GET /?a HTTP/1.1\r\n"),
        request(b"GET /%2f HTTP/1.1\r\n"),
        request(b"GET http://a/ HTTP/1.1\r\n"),
        request(b"GET / HTTP/1.1\n"),
        request(b"GET / HTTP/1.1\r\n", b"X: a\nY: b"),
        request(b"GET / HTTP/1.1\r\n", b"X: a\rY: b"),
        request(b"GET / HTTP/1.1\r\n", b"X : a"),
        request(b"GET / HTTP/1.1\r\n", b" X: a"),
        request(b"GET / HTTP/1.1\r\n", b"X"),
        request(b"GET / HTTP/1.1\r\n", b": a"),
        request(b"GET / HTTP/1.1\r\n", b"X_Egress_Ticket: a"),
        request(b"GET / HTTP/1.1\r\n", b"X: \x00"),
        request(b"GET / HTTP/1.1\r\n", b"X: \xff"),
        request(b"GET / HTTP/1.1\r\n", b"host: twice"),
        request(b"GET / HTTP/1.1\r\n", b"content-length: 0"),
        request(b"GET / HTTP/1.1\r\n", b"Transfer-Encoding: chunked"),
        request(b"GET / HTTP/1.1\r\n", b"Connection: close"),
        request(b"GET / HTTP/1.1\r\n", b"Upgrade: h2c"),
        request(b"GET / HTTP/1.1\r\n", b"Expect: 100-continue"),
    ],
)
def test_any_other_shape_is_left_to_the_server(data: bytes) -> None:
    assert plain.parse(data) is None


def test_long_nonsense_takes_no_time() -> None:
    assert plain.parse(request(b"GET / HTTP/1.1\r\n", b"X:" + b" \t" * 30_000 + b"\x00")) is None
    assert plain.parse(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 12_000) is None


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    ("method", "headers", "pieces", "expected"),
    [
        ("GET", [("Content-Length", "2")], [b"ab"], b"Content-Length: 2\r\n\r\nab"),
        ("GET", [("Content-Length", "2")], [b"", b"a", b"b"], b"Content-Length: 2\r\n\r\nab"),
        ("GET", [], [b"", b"ab", b"", b"c"], b"chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        ("GET", [], [], b"chunked\r\n\r\n0\r\n\r\n"),
        ("HEAD", [("Content-Length", "9")], [b"never"], b"Content-Length: 9\r\n\r\n"),
        ("HEAD", [], [], b"Connection: keep-alive\r\n\r\n"),
    ],
)
def test_answers_are_framed(
    pair: tuple[socket.socket, socket.socket],
    method: str,
    headers: list[tuple[str, str]],
    pieces: list[bytes],
    expected: bytes,
) -> None:
    answer = plain.Answer(pair[0], method, ends_connection=False)
    write = answer.start("200 OK", headers)
    for piece in pieces:
        write(piece)
    answer.end()
    sent = pair[1].recv(4096)
    assert sent.startswith(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n")
    assert sent.endswith(expected)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "\u20ac"])
def test_no_header_ends_its_line(pair: tuple[socket.socket, socket.socket], value: str) -> None:
    answer = plain.Answer(pair[0], "GET", ends_connection=False)
    with pytest.raises(ValueError, match=r"no header may hold|codec"):
        answer.start("200 OK", [("X-A", value)])
    assert not answer.begun
