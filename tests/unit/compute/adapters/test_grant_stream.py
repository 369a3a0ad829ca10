"""A granted file over a real socket: whole, or an error in place of its end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from libs.web.http import PeerUnavailable
from services.compute.adapters.grant_stream import GrantStream
from services.compute.ports.provider import GrantRefused, InputUnavailable, ProviderUnavailable

JOB = "ab" * 16
PATH = "/internal/compute/grants/h"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


class Tokens:
    def __init__(self) -> None:
        self.count = 1

    def token(self) -> str:
        return f"token-{self.count}"

    def forget(self, token: str) -> None:
        if token == self.token():
            self.count += 1


class NoTokens:
    def token(self) -> str:
        raise PeerUnavailable("auth", "away")

    def forget(self, token: str) -> None: ...


@contextmanager
def peer(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Gives one answer to each connection, then closes it; yields its URL and what was asked."""
    asked: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += connection.recv(65536)
                    asked.append(head)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/base/", asked
        thread.join(10)


def fetched(answer: bytes) -> bytes:
    with peer(answer) as (url, _):
        return b"".join(GrantStream(url, None).open(PATH, JOB))


def sized(content: bytes, length: int | None = None) -> bytes:
    return HEAD + f"Content-Length: {len(content) if length is None else length}\r\n\r\n".encode() + content


def test_a_file_of_known_size() -> None:
    content = bytes(range(256)) * 4096
    assert fetched(sized(content)) == content
    assert fetched(sized(b"")) == b""


def test_a_file_in_chunks() -> None:
    assert fetched(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == b"abcde"


def test_the_job_and_the_token_are_shown() -> None:
    with peer(sized(b"x")) as (url, asked):
        assert list(GrantStream(url, Tokens()).open(PATH, JOB)) == [b"x"]
    lines = asked[0].split(b"\r\n")
    assert lines[0] == b"GET /base/internal/compute/grants/h HTTP/1.1"
    assert b"X-Tidegate-Job: " + JOB.encode() in lines
    assert b"Authorization: Bearer token-1" in lines


@pytest.mark.parametrize(
    "answer",
    [
        sized(b"abc", 10),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc",
        HEAD + b"\r\nabc",
    ],
)
def test_a_file_that_breaks_off_is_never_taken_for_whole(answer: bytes) -> None:
    with pytest.raises(InputUnavailable):
        fetched(answer)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("403 Forbidden", GrantRefused),
        ("502 Bad Gateway", InputUnavailable),
        ("503 Service Unavailable", ProviderUnavailable),
        ("500 Oops", ProviderUnavailable),
        ("404 Not Found", ProviderUnavailable),
        ("302 Found", ProviderUnavailable),
        ("206 Partial Content", ProviderUnavailable),
    ],
)
def test_any_other_status_is_an_error(status: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())


def test_a_refused_token_is_renewed_once() -> None:
    no = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with peer(no, sized(b"x")) as (url, asked):
        assert list(GrantStream(url, Tokens()).open(PATH, JOB)) == [b"x"]
    assert b"Bearer token-2" in asked[1]
    with peer(no, no) as (url, _), pytest.raises(ProviderUnavailable):
        list(GrantStream(url, Tokens()).open(PATH, JOB))


def test_nobody_there_and_no_token() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(ProviderUnavailable):
        list(GrantStream(url, None).open(PATH, JOB))
    with pytest.raises(ProviderUnavailable):
        list(GrantStream(url, NoTokens()).open(PATH, JOB))


def test_silence_ends_the_wait() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ProviderUnavailable):
            list(GrantStream(url, None, silence_seconds=0.05).open(PATH, JOB))


def test_nothing_is_asked_before_the_first_piece_is_wanted() -> None:
    GrantStream("http://127.0.0.1:1", None).open(PATH, JOB)
