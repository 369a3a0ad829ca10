"""The world outside, from a worker: real sockets, bad origins, and no way in."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from libs.fetch.guard import Guard
from services.compute.adapters.outside_http import OutsideHttp
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable
from tests.fakes.origin import Exchange, Origin, file

SECRET = "signature=canary"


@pytest.fixture(scope="module")
def one_origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def outside(one_origin: Origin) -> Iterator[OutsideHttp]:
    """Certificates take a while to read: once."""
    with closing(OutsideHttp(Guard(allow=frozenset({("127.0.0.1", one_origin.port)})))) as outside:
        yield outside


@pytest.fixture
def origin(one_origin: Origin) -> Origin:
    one_origin.requests.clear()
    one_origin.hung_up.clear()
    return one_origin


def answering(status: int, **headers: str) -> Callable[[Exchange], None]:
    words = b"" if status == 204 else b"words of the origin"
    return lambda exchange: exchange.respond(status, headers, words)


def cut(exchange: Exchange) -> None:
    exchange.head(200, {"Content-Length": "1000"})
    exchange.send(b"half")
    exchange.keep = False


def test_a_file_comes_in_pieces(origin: Origin, outside: OutsideHttp) -> None:
    data = bytes(range(256)) * 4096
    origin.route("/a", file(data))
    pieces = list(outside.open(origin.url(f"/a?{SECRET}")))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 256 * 1024
    assert origin.requests[0].path == f"/a?{SECRET}"


def test_a_redirect_is_followed_and_looked_at(origin: Origin, outside: OutsideHttp) -> None:
    origin.route("/a", answering(302, Location="/b"))
    origin.route("/b", file(b"1"))
    origin.route("/c", answering(302, Location="http://169.254.169.254/latest"))
    assert b"".join(outside.open(origin.url("/a"))) == b"1"
    with pytest.raises(OutsideRefused):
        outside.open(origin.url("/c"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, OutsideRefused),
        (401, OutsideRefused),
        (404, OutsideRefused),
        (204, OutsideRefused),
        (206, OutsideRefused),
        (300, OutsideRefused),
        (408, OutsideUnavailable),
        (429, OutsideUnavailable),
        (500, OutsideUnavailable),
        (503, OutsideUnavailable),
    ],
)
def test_answers_that_are_no_file(
    origin: Origin, outside: OutsideHttp, status: int, error: type[Exception]
) -> None:
    origin.route("/a", answering(status))
    with pytest.raises(error) as raised:
        outside.open(origin.url(f"/a?{SECRET}"))
    assert str(raised.value) == f"the origin answered {status}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]/x", "http://10.0.0.1/x",
        "file:///etc/passwd", "ftp://files.example/x", "http://169.254.169.254/", "http://user:hidden@files.example/",
        "nonsense", "",
        "http://2130706433/", "http://0x7f.1/",
    ],
)  # fmt: skip
def test_what_is_never_fetched(outside: OutsideHttp, url: str) -> None:
    with pytest.raises(OutsideRefused) as raised:
        outside.open(f"{url}?{SECRET}" if "://" in url else url)
    assert "canary" not in str(raised.value)
    assert "hidden" not in str(raised.value)


def test_a_body_that_breaks_off(origin: Origin, outside: OutsideHttp) -> None:
    origin.route("/a", cut)
    with pytest.raises(OutsideUnavailable):
        list(outside.open(origin.url("/a")))


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with closing(OutsideHttp(Guard(allow_all=True))) as outside, pytest.raises(OutsideUnavailable):
        outside.open(f"http://127.0.0.1:{port}/a")


def test_who_wants_no_more_hangs_up(origin: Origin, outside: OutsideHttp) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Length": str(1 << 40)})
        exchange.keep = False
        while True:
            exchange.send(bytes(65536))

    origin.route("/a", endless)
    pieces: Any = outside.open(origin.url("/a"))
    with closing(pieces):
        next(pieces)
    assert origin.hung_up.wait(10)


class TestPosting:
    def test_it_arrives(self, origin: Origin, outside: OutsideHttp) -> None:
        origin.route("/hook", answering(202))
        assert outside.post(origin.url("/hook"), b'{"a":1}', {"X-Signature": "s"}) == 202
        [seen] = origin.requests
        assert (seen.method, seen.body, seen.headers["x-signature"]) == ("POST", b'{"a":1}', "s")

    def test_no_redirect_is_followed(self, origin: Origin, outside: OutsideHttp) -> None:
        origin.route("/hook", answering(307, Location="/other"))
        with pytest.raises(OutsideRefused):
            outside.post(origin.url("/hook"), b"{}", {})
        assert origin.paths() == ["/hook"]

    def test_no_header_is_forged(self, origin: Origin, outside: OutsideHttp) -> None:
        with pytest.raises(OutsideRefused):
            outside.post(origin.url("/hook"), b"{}", {"X-A": "b\r\nX-Evil: 1"})
        assert origin.requests == []


def test_a_whole_body_with_its_kind(origin: Origin, outside: OutsideHttp) -> None:
    origin.route("/a", answering(200, **{"Content-Type": "application/json"}))
    assert outside.read(origin.url("/a"), 1000, 10) == ("application/json", b"words of the origin")
    origin.route("/b", file(b"x" * 1000))
    assert outside.read(origin.url("/b"), 1000, 10)[1] == b"x" * 1000
    with pytest.raises(OutsideRefused, match="more than 999 bytes"):
        outside.read(origin.url("/b"), 999, 10)
    with pytest.raises(OutsideUnavailable, match="within 0 seconds"):
        outside.read(origin.url("/b"), 1000, 0)
    origin.route("/c", cut)
    with pytest.raises(OutsideUnavailable):
        outside.read(origin.url("/c"), 1000, 10)
    with pytest.raises(OutsideRefused):
        outside.read("http://169.254.169.254/latest", 1000, 10)
