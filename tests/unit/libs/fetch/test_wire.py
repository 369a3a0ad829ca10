import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.fetch.errors import BadResponse, RequestRefused
from libs.fetch.wire import Framing, Head, end_of_head, parse_head, request_head, sendable, stated_length


def head(*lines: str, method: str = "GET") -> Head:
    return parse_head(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), method)


def test_plain_head() -> None:
    parsed = head(
        "HTTP/1.1 200 OK", "Content-Type: text/csv; charset=utf-8", "CONTENT-LENGTH:  12 ", "X-A: 1", "x-a: 2"
    )
    assert parsed.status == 200
    assert parsed.headers == {
        "content-type": "text/csv; charset=utf-8",
        "content-length": "12",
        "x-a": "1, 2",
    }
    assert (parsed.framing, parsed.length, parsed.reusable) == (Framing.LENGTH, 12, True)


def test_bare_line_feeds_and_folding() -> None:
    parsed = parse_head(b"HTTP/1.0 206\nA: one\n two\nB:\n\n", "GET")
    assert parsed.headers == {"a": "one two", "b": ""}
    assert (parsed.framing, parsed.reusable) == (Framing.CLOSE, False)


@pytest.mark.parametrize(
    ("lines", "framing"),
    [
        (["HTTP/1.1 200 OK"], Framing.CLOSE),
        (["HTTP/1.1 204 No"], Framing.NONE),
        (["HTTP/1.1 304 No", "Content-Length: 9"], Framing.NONE),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"], Framing.CHUNKED),
        (["HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", "Content-Length: 9"], Framing.CHUNKED),
        (["HTTP/1.1 200 OK", "Content-Length: 9, 9"], Framing.LENGTH),
    ],
)
def test_framing(lines: list[str], framing: Framing) -> None:
    assert head(*lines).framing is framing


def test_two_framings_end_the_connection() -> None:
    assert not head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Content-Length: 9").reusable


def test_no_body_after_head() -> None:
    assert head("HTTP/1.1 200 OK", "Content-Length: 9", method="HEAD").framing is Framing.NONE


@pytest.mark.parametrize(
    "lines",
    [
        ["HTTP/2 200 OK"],
        ["HTTP/1.1 20 OK"],
        ["HTTP/1.1 600 OK"],
        ["HTTP/1.1  200 OK"],
        ["ICY 200 OK"],
        ["<html>"],
        ["HTTP/1.1 200 OK", "no colon"],
        ["HTTP/1.1 200 OK", ": nameless"],
        ["HTTP/1.1 200 OK", "Sp ace: x"],
        ["HTTP/1.1 200 OK", "A: \x00"],
        ["HTTP/1.1 200 OK", "A: x\ry"],
        ["HTTP/1.1 200 OK", "Content-Length: -1"],
        ["HTTP/1.1 200 OK", "Content-Length: 1e3"],
        ["HTTP/1.1 200 OK", "Content-Length: 5, 6"],
        ["HTTP/1.1 200 OK", "Content-Length: 99999999999999999999"],
        ["HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"],
        ["HTTP/1.1 200 OK", " folded first"],
    ],
)
def test_malformed_heads(lines: list[str]) -> None:
    with pytest.raises(BadResponse):
        head(*lines)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    for block in (data, b"HTTP/1.1 200 OK\r\n" + data):
        end = end_of_head(block)
        assert -1 <= end <= len(block)
        with contextlib.suppress(BadResponse):
            parse_head(block, "GET")


@pytest.mark.parametrize(
    ("data", "end"),
    [(b"", -1), (b"a\r\n", -1), (b"a\r\n\r\nrest", 5), (b"a\n\nrest\r\n\r\n", 3), (b"a\r\n\r\n\n\n", 5)],
)
def test_end_of_head(data: bytes, end: int) -> None:
    assert end_of_head(data) == end


def test_request_head() -> None:
    assert (
        request_head("GET", "/x?y", {"Host": "h", "X": "\u00fc"})
        == b"GET /x?y HTTP/1.1\r\nHost: h\r\nX: \xc3\xbc\r\n\r\n"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"A": "x\r\nB: y"},
        {"A": "x\ny"},
        {"A\r\nB": "x"},
        {"A B": "x"},
        {"": "x"},
        {"A": "\x00"},
        {"A": "\ud800"},
    ],
)
def test_headers_cannot_be_smuggled(headers: dict[str, str]) -> None:
    with pytest.raises(RequestRefused):
        request_head("GET", "/", headers)


def test_a_method_is_a_token() -> None:
    with pytest.raises(RequestRefused):
        request_head("GET / HTTP/1.1\r\nX:", "/", {})


def test_connection_headers_are_ours() -> None:
    given_headers = {
        "Host": "x",
        "TE": "x",
        "content-length": "5",
        "Transfer-Encoding": "chunked",
        "Accept-Encoding": "gzip",
    }
    assert sendable({**given_headers, "Authorization": "kept"}) == {"Authorization": "kept"}


@pytest.mark.parametrize(
    ("text", "length"),
    [("5", 5), ("5,5", 5), (" 5 , 5 ", 5), ("", None), ("5,6", None), ("+5", None), ("\u0665", None)],
)
def test_stated_length(text: str, length: int | None) -> None:
    assert stated_length(text) == length
