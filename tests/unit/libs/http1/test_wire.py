"""The bytes of requests and the heads of answers."""

import pytest

from libs.http1 import wire
from libs.http1.errors import BadHead, BadTarget


def head(*lines: str, status: str = "HTTP/1.1 200 OK", method: str = "GET") -> wire.Head:
    return wire.parse_head("\r\n".join((status, *lines)).encode("latin-1"), method)


def test_a_request_is_written_in_the_order_given() -> None:
    assert wire.request("GET", "/a?b=c", {"Host": "x:1", "If-None-Match": '"É"'}) == (
        b'GET /a?b=c HTTP/1.1\r\nHost: x:1\r\nIf-None-Match: "\xc9"\r\n\r\n'
    )
    assert wire.request("POST", "/", {}, b"{}") == b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("method", "stated"), [("GET", False), ("HEAD", False), ("POST", True), ("PUT", True)]
)
def test_a_request_without_a_body_says_so_where_one_is_expected(method: str, stated: bool) -> None:
    assert (b"Content-Length: 0" in wire.request(method, "/", {})) is stated


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\r\n b"])
def test_no_header_can_smuggle_another(bad: str) -> None:
    for headers in ({"X": bad}, {bad: "x"}):
        with pytest.raises(ValueError, match="no header may hold"):
            wire.request("GET", "/", headers)


@pytest.mark.parametrize("target", ["", "/a b", "/a\r\nX: 1", "/\0", "/é", "/\x7f"])
def test_no_target_can_leave_its_line(target: str) -> None:
    with pytest.raises(BadTarget):
        wire.request("GET", target, {})


def test_names_are_lower_case_and_values_as_they_came() -> None:
    found = head('ETag: W/"AbC"', "X-Empty:", "X-Wide: \t a b \t", "Content-Length: 3", "A: 1", "a: 2")
    assert found.headers == {
        "etag": 'W/"AbC"',
        "x-empty": "",
        "x-wide": "a b",
        "content-length": "3",
        "a": "2",
    }


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), wire.ENDLESS),
        (("Content-Length: 0",), 0),
        (("content-length:7 ",), 7),
        (("Content-Length: 7", "Content-Length: 7"), 7),
        (("Transfer-Encoding: Chunked",), wire.CHUNKED),
        (("Transfer-Encoding: chunked", "Content-Length: 7"), wire.CHUNKED),
    ],
)
def test_how_the_end_of_a_body_is_known(lines: tuple[str, ...], length: int) -> None:
    assert head(*lines).length == length


@pytest.mark.parametrize(
    ("status", "method"),
    [("HTTP/1.1 204 No Content", "GET"), ("HTTP/1.1 304 Not Modified", "GET"), ("HTTP/1.1 200 OK", "HEAD")],
)
def test_what_has_no_body_whatever_it_states(status: str, method: str) -> None:
    assert head("Content-Length: 9", status=status, method=method).length == 0
    assert head(status=status, method=method) == (int(status[9:12]), {}, 0, False)


@pytest.mark.parametrize(
    ("status", "lines", "is_last"),
    [
        ("HTTP/1.1 200 OK", (), False),
        ("HTTP/1.1 200 OK", ("Connection: keep-alive",), False),
        ("HTTP/1.1 200 OK", ("Connection: foo, Close",), True),
        ("HTTP/1.0 200 OK", (), True),
        ("HTTP/1.0 200 OK", ("Connection: Keep-Alive",), False),
    ],
)
def test_whether_the_connection_serves_on(status: str, lines: tuple[str, ...], is_last: bool) -> None:
    assert head("Content-Length: 1", *lines, status=status).is_last is is_last


def test_a_connection_on_which_lengths_are_told_twice_serves_no_more() -> None:
    assert head("Transfer-Encoding: chunked", "Content-Length: 7").is_last
    assert head().is_last


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -1",), ("Content-Length: +1",), ("Content-Length: 1e3",), ("Content-Length:",),
        ("Content-Length: 1_0",), ("Content-Length: ²",), ("Content-Length: 1, 1",),
        ("Content-Length: 12345678901234567",), ("Content-Length: 1", "Content-Length: 2"),
        ("Transfer-Encoding: gzip",), ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
        ("no colon",), ("Content-Length : 5",), (" folded: 1",), ("X: a\nY: b",), ("X: a\0b",), ("X: a\rb",),
        (": x",),
    ],
)  # fmt: skip
def test_malformed_heads_are_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadHead):
        head(*lines)


@pytest.mark.parametrize(
    "status", ["", "SSH-2.0-x", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 abc", "HTTP/2 200 OK"]
)
def test_what_is_no_status_line_is_refused(status: str) -> None:
    with pytest.raises(BadHead):
        head(status=status)
