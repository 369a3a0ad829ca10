"""Bytes that compute keeps for the catalogue, over real connections that end in every way they can."""

import threading
from collections.abc import Callable, Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, cast

import pytest

from libs.web import request_ids
from services.catalogue.adapters.own_bytes_http import OwnBytesHttp
from services.catalogue.domain.files.errors import CatalogueUnavailable, NotThere

GUID = "01234567-89ab-5def-8123-456789abcdef"
BYTES = b"0123456789" * 100_000
Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]  # status, headers, as much of the body as comes


class Compute:
    """`answer` says what a request gets; `None` hangs up on it."""

    def __init__(self) -> None:
        self.answer: Callable[[Any], Answer | None] = lambda _: whole(BYTES)
        self.asked: list[tuple[str, str, Headers]] = []
        compute = self

        class Handler(BaseHTTPRequestHandler):
            timeout: ClassVar[float] = 10

            def do_GET(self) -> None:
                compute.asked.append((self.command, self.path, dict(self.headers)))
                answer = compute.answer(self)
                if answer is None:
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/base"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Tokens:
    def __init__(self) -> None:
        self.number = 1

    def token(self) -> str:
        return f"token{self.number}"

    def forget(self, token: str) -> None:
        assert token == self.token()
        self.number += 1


def whole(body: bytes, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Length": str(len(body)), "ETag": '"x"', "X-Other": "y", **headers}, body


@pytest.fixture
def compute() -> Iterator[Compute]:
    server = Compute()
    yield server
    server.close()
    request_ids.clear()


@pytest.fixture
def own(compute: Compute) -> OwnBytesHttp:
    return OwnBytesHttp(compute.url, Tokens(), silence_seconds=5.0)


def test_bytes_come_in_pieces_with_the_headers_that_count(compute: Compute, own: OwnBytesHttp) -> None:
    request_ids.bind("request-12345")
    opened = own.open(GUID, "GET", {"Range": "bytes=0-"})
    pieces = list(opened.pieces)
    assert (opened.status, b"".join(pieces), len(pieces) > 1) == (200, BYTES, True)
    assert opened.headers == {"Content-Length": str(len(BYTES)), "ETag": '"x"'}
    ((method, path, headers),) = compute.asked
    assert (method, path) == ("GET", f"/base/internal/files/{GUID}")
    assert (headers["Authorization"], headers["Range"]) == ("Bearer token1", "bytes=0-")
    assert headers["X-Request-Id"] == "request-12345"


@pytest.mark.parametrize("status", [206, 416])
def test_ranges_are_answered_as_they_were(compute: Compute, own: OwnBytesHttp, status: int) -> None:
    compute.answer = lambda _: whole(b"12", status, **{"Content-Range": "bytes 1-2/10"})
    opened = own.open(GUID, "GET", {"Range": "bytes=1-2"})
    assert (opened.status, opened.headers["Content-Range"]) == (status, "bytes 1-2/10")
    assert b"".join(opened.pieces) == b"12"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
def test_without_a_body_nothing_stays_open(
    compute: Compute, own: OwnBytesHttp, method: str, status: int
) -> None:
    compute.answer = lambda _: (status, {"ETag": '"x"'}, b"")
    opened = own.open(GUID, method, {})
    assert (opened.status, list(opened.pieces), compute.asked[0][0]) == (status, [], method)


def test_what_breaks_off_is_not_taken_for_whole(compute: Compute, own: OwnBytesHttp) -> None:
    compute.answer = lambda _: (200, {"Content-Length": str(len(BYTES))}, BYTES[:-1])
    got: list[bytes] = []
    with pytest.raises(CatalogueUnavailable):
        got.extend(own.open(GUID, "GET", {}).pieces)
    assert sum(map(len, got)) == len(BYTES) - 1


def test_a_reader_who_goes_half_way_leaves_nothing_open(compute: Compute, own: OwnBytesHttp) -> None:
    pieces = own.open(GUID, "GET", {}).pieces
    assert next(pieces)
    cast(
        Generator[bytes, None, None], pieces
    ).close()  # an unclosed socket would be told of, which is an error here
    assert list(pieces) == []


def test_a_refused_token_is_asked_for_anew_once(compute: Compute, own: OwnBytesHttp) -> None:
    compute.answer = lambda asked: whole(b"", 401) if "token1" in str(asked.headers) else whole(b"x")
    assert b"".join(own.open(GUID, "GET", {}).pieces) == b"x"
    compute.answer = lambda _: whole(b"", 401)
    with pytest.raises(CatalogueUnavailable):
        own.open(GUID, "GET", {})


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (whole(b"", 404), NotThere),
        (whole(b"secret words", 500), CatalogueUnavailable),
        (whole(b"", 302, Location="http://127.0.0.1:1/"), CatalogueUnavailable),
        (None, CatalogueUnavailable),
    ],
)
def test_other_answers_are_told_in_words_of_ours(
    compute: Compute, own: OwnBytesHttp, answer: Answer | None, trouble: type[Exception]
) -> None:
    compute.answer = lambda _: answer
    with pytest.raises(trouble) as caught:
        own.open(GUID, "GET", {})
    assert compute.url not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nobody_there(own: OwnBytesHttp, compute: Compute) -> None:
    with pytest.raises(CatalogueUnavailable):
        OwnBytesHttp("http://127.0.0.1:1", Tokens()).open(GUID, "GET", {})


def test_a_guid_is_one_part_of_the_path(compute: Compute, own: OwnBytesHttp) -> None:
    own.open("../x?y#z", "HEAD", {})
    assert compute.asked[0][1] == "/base/internal/files/..%2Fx%3Fy%23z"
