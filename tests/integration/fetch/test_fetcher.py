"""The fetcher against a real origin with every bad habit."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from libs.fetch.errors import (
    BadResponse,
    ConnectFailed,
    FetchTimedOut,
    RequestRefused,
    TooManyRedirects,
    TruncatedBody,
    UrlRefused,
)
from libs.fetch.fetcher import Fetcher
from libs.fetch.guard import Guard
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.waiting import PATIENCE_SECONDS

Ask = Callable[..., Any]
Fetching = Callable[..., Fetcher]


def body(fetcher: Fetcher, request: Any, **extra: str) -> bytes:
    return b"".join(fetcher.open(request, extra).chunks())


def test_a_file_arrives_as_it_is(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    data = bytes(range(256)) * 4000
    origin.route("/f", scripts.file(data, "text/csv"))
    reply = fetcher.open(ask(origin.url("/f?q=1")))
    assert (reply.status, reply.headers["content-type"], reply.url) == (200, "text/csv", origin.url("/f?q=1"))
    assert b"".join(reply.chunks(1000)) == data
    sent = origin.requests[0]
    assert (sent.path, sent.headers["host"]) == ("/f?q=1", f"127.0.0.1:{origin.port}")
    assert sent.headers["accept-encoding"] == "identity"


def test_post_with_body(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.reply(200, {}, b"ok"))
    request = ask(
        origin.url("/f"), "POST", {"X-Key": "1", "content-type": "x"}, b'{"a":1}', "application/json"
    )
    assert body(fetcher, request) == b"ok"
    seen = origin.requests[0]
    assert (seen.method, seen.body, seen.headers["x-key"]) == ("POST", b'{"a":1}', "1")
    assert seen.headers["content-type"] == "application/json"


def test_other_methods_are_not_sent(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    with pytest.raises(RequestRefused):
        fetcher.open(ask(origin.url("/"), "DELETE"))
    assert origin.requests == []


def test_encoded_bodies_are_passed_through_untouched(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    packed = b"\x1f\x8b not really gzip"
    origin.route("/z", scripts.reply(200, {"Content-Encoding": "gzip"}, packed))
    reply = fetcher.open(ask(origin.url("/z"), headers={"Accept-Encoding": "gzip"}))
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.read_limited(1000) == packed
    assert origin.requests[0].headers["accept-encoding"] == "identity"


def test_chunked_and_close_delimited_bodies(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    pieces = [b"a", b"b" * 70_000, b"c" * 3]
    origin.route("/chunked", scripts.chunked(pieces))
    origin.route("/close", scripts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(pieces)))
    origin.route(
        "/odd", scripts.raw(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\nabc\n0\nTrailer: x\n\n")
    )
    assert body(fetcher, ask(origin.url("/chunked"))) == b"".join(pieces)
    assert body(fetcher, ask(origin.url("/close"))) == b"".join(pieces)
    assert body(fetcher, ask(origin.url("/odd"))) == b"abc"


@pytest.mark.parametrize(
    "script",
    [
        scripts.lying_length(b"abc", 10),
        scripts.lying_length(b"", 10),
        scripts.chunked([b"abc"], ended=False),
        scripts.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc"),
        scripts.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        scripts.reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
    ],
)
def test_a_body_cut_short_is_an_error(
    script: scripts.Script, origin: Origin, fetcher: Fetcher, ask: Ask
) -> None:
    origin.route("/f", script)
    with pytest.raises(TruncatedBody):
        body(fetcher, ask(origin.url("/f")))


@pytest.mark.parametrize(
    "junk", [b"x\r\n", b"-1\r\n", b"5" * 5000, b"1\r\naXX", b"0\r\n" + b"T: x\r\n" * 5000]
)
def test_malformed_chunks(junk: bytes, origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + junk))
    with pytest.raises((BadResponse, TruncatedBody)):
        body(fetcher, ask(origin.url("/f")))


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)
def test_what_is_not_http_is_refused(answer: bytes, origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.raw(answer))
    with pytest.raises(BadResponse):
        fetcher.open(ask(origin.url("/f")))


def test_huge_headers_are_refused(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.huge_headers())
    with pytest.raises(BadResponse):
        fetcher.open(ask(origin.url("/f")))


def test_interim_answers_are_skipped(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route(
        "/f",
        scripts.raw(b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    )
    reply = fetcher.open(ask(origin.url("/f")))
    assert "link" not in reply.headers
    assert reply.read_limited(9) == b"ok"


@pytest.mark.parametrize("script", [scripts.silent(), scripts.slow_head()])
def test_slow_loris_headers_have_one_deadline(
    script: scripts.Script, origin: Origin, fetcher: Fetcher, ask: Ask
) -> None:
    origin.route("/f", script)
    started = time.monotonic()
    with pytest.raises(FetchTimedOut):
        fetcher.open(ask(origin.url("/f")))
    assert time.monotonic() - started < 2


def test_a_stalled_body_times_out(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.stalling_body(b"abc", 10))
    reply = fetcher.open(ask(origin.url("/f")))
    with pytest.raises(FetchTimedOut):
        b"".join(reply.chunks())


def test_endless_bodies_stop_at_the_cap(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/endless", scripts.endless())
    origin.route("/announced", scripts.sized(10_000))
    assert fetcher.open(ask(origin.url("/endless"))).read_limited(100_000) is None
    assert fetcher.open(ask(origin.url("/announced"))).read_limited(9_999) is None
    assert fetcher.open(ask(origin.url("/announced"))).read_limited(10_000) == b"x" * 10_000
    assert origin.hung_up.wait(PATIENCE_SECONDS)


def test_closing_hangs_up_at_once(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.sized(1 << 30))
    reply = fetcher.open(ask(origin.url("/f")))
    next(reply.chunks())
    reply.close()
    assert origin.hung_up.wait(PATIENCE_SECONDS)


def test_connections_are_used_again(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    origin.route("/f", scripts.file(b"abc"))
    origin.route("/big", scripts.sized(10 << 20))
    for _ in range(3):
        assert body(fetcher, ask(origin.url("/f"))) == b"abc"
        fetcher.open(ask(origin.url("/f"))).discard()
    assert {seen.connection for seen in origin.requests} == {1}
    fetcher.open(ask(origin.url("/big"))).discard()
    assert body(fetcher, ask(origin.url("/f"))) == b"abc"
    assert origin.requests[-1].connection == 2


def test_bytes_beyond_the_length_never_answer_the_next_request(
    origin: Origin, fetcher: Fetcher, ask: Ask
) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    origin.route("/a", lambda e: e.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + smuggled))
    origin.route("/b", scripts.reply(200, {}, b"good"))
    assert body(fetcher, ask(origin.url("/a"))) == b"ok"
    assert body(fetcher, ask(origin.url("/b"))) == b"good"


def test_a_connection_closed_while_idle_costs_a_get_nothing(
    origin: Origin, fetcher: Fetcher, ask: Ask
) -> None:
    def once(exchange: scripts.Exchange) -> None:
        if exchange.request.connection == 1 and len(origin.requests) > 1:
            exchange.keep = False  # takes the second request on this connection and says nothing
            return
        exchange.respond(200, {}, b"ok")

    origin.route("/f", once)
    assert body(fetcher, ask(origin.url("/f"))) == b"ok"
    assert body(fetcher, ask(origin.url("/f"))) == b"ok"
    assert [seen.connection for seen in origin.requests] == [1, 1, 2]


def test_a_post_is_never_sent_twice(origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
    def silent_close(exchange: scripts.Exchange) -> None:
        exchange.keep = False

    origin.route("/f", scripts.file(b"x"))
    origin.route("/post", silent_close)
    body(fetcher, ask(origin.url("/f")))
    with pytest.raises(ConnectFailed):
        fetcher.open(ask(origin.url("/post"), "POST", {}, b"x"))
    assert origin.paths().count("/post") == 1


def test_a_closed_port_is_a_failed_connection(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectFailed):
        Fetcher(Guard(allow_all=True)).open(ask(f"http://127.0.0.1:{port}/"))


def test_the_next_address_is_tried_within_one_time_out(origin: Origin, fetching: Fetching, ask: Ask) -> None:
    origin.route("/f", scripts.file(b"ok"))
    guard = Guard(allow_all=True, resolver=lambda host, port: ["127.0.0.99", "127.0.0.1"])
    assert body(fetching(guard), ask(origin.url("/f", "files.example"))) == b"ok"
    assert origin.requests[0].headers["host"] == f"files.example:{origin.port}"


class TestGuard:
    def test_private_addresses_are_refused(self, origin: Origin, ask: Ask) -> None:
        with pytest.raises(UrlRefused):
            Fetcher(Guard()).open(ask(origin.url("/")))
        assert origin.requests == []

    def test_dns_that_changes_its_answer_is_asked_once(
        self, origin: Origin, fetching: Fetching, ask: Ask
    ) -> None:
        """Check and connection use the one answer; the second would lead to another machine."""
        origin.route("/f", scripts.file(b"the checked one"))
        answers = iter([["127.0.0.1"], ["127.0.0.66"]])
        guard = Guard(
            allow=frozenset({("rebind.example", origin.port)}), resolver=lambda host, port: next(answers)
        )
        assert body(fetching(guard), ask(origin.url("/f", "rebind.example"))) == b"the checked one"
        assert next(answers) == ["127.0.0.66"]

    def test_the_pinned_address_is_the_one_connected_to(
        self, origin: Origin, fetching: Fetching, ask: Ask
    ) -> None:
        """A name that resolves nowhere in this world still reaches the address that the resolver gave."""
        origin.route("/f", scripts.file(b"pinned"))
        guard = Guard(
            allow=frozenset({("pinned.invalid", origin.port)}), resolver=lambda host, port: ["127.0.0.1"]
        )
        assert body(fetching(guard), ask(origin.url("/f", "pinned.invalid"))) == b"pinned"

    @pytest.mark.parametrize(
        "location",
        [
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "//10.0.0.1/x",
            "http://user:pw@8.8.8.8/",
        ],
    )
    def test_redirects_to_private_places_are_refused(
        self, location: str, origin: Origin, fetcher: Fetcher, ask: Ask
    ) -> None:
        origin.route("/r", scripts.redirect(location))
        with pytest.raises(UrlRefused):
            fetcher.open(ask(origin.url("/r")))
        assert origin.paths() == ["/r"]


class TestRedirects:
    def test_followed_relative_and_absolute(self, origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
        origin.route("/a/b", scripts.redirect("../c?x=1"))
        origin.route("/c", scripts.redirect(origin.url("/d#frag"), 308))
        origin.route("/d", scripts.file(b"there"))
        reply = fetcher.open(ask(origin.url("/a/b")))
        assert reply.url == origin.url("/d")
        assert reply.read_limited(10) == b"there"

    def test_circles_end(self, origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
        origin.route("/r", scripts.redirect("/r"))
        with pytest.raises(TooManyRedirects):
            fetcher.open(ask(origin.url("/r")))
        assert len(origin.requests) == 6

    def test_credentials_stay_with_their_origin(self, origin: Origin, fetching: Fetching, ask: Ask) -> None:
        with Origin() as other:
            other.route("/f", scripts.file(b"0123456789"))
            origin.route("/same", scripts.redirect("/leave"))
            origin.route("/leave", scripts.redirect(other.url("/f")))
            fetcher = fetching(Guard(allow_all=True))
            secrets = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k"}
            reply = fetcher.open(ask(origin.url("/same"), headers=secrets), {"Range": "bytes=0-1"})
            assert reply.read_limited(10) == b"01"
            assert all(seen.headers["authorization"] == "Bearer x" for seen in origin.requests)
            leaked = {"authorization", "cookie", "x-api-key"} & set(other.requests[0].headers)
            assert leaked == set()
            assert other.requests[0].headers["range"] == "bytes=0-1"

    @pytest.mark.parametrize(
        ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
    )
    def test_methods_after_a_redirect(
        self, status: int, method: str, origin: Origin, fetcher: Fetcher, ask: Ask
    ) -> None:
        origin.route("/r", scripts.redirect("/f", status))
        origin.route("/f", scripts.reply(200, {}, b"ok"))
        body(fetcher, ask(origin.url("/r"), "POST", {}, b"data", "text/plain"))
        last = origin.requests[-1]
        assert (last.method, last.body) == (method, b"data" if method == "POST" else b"")
        assert ("content-type" in last.headers) == (method == "POST")

    def test_a_redirect_without_location_is_just_an_answer(
        self, origin: Origin, fetcher: Fetcher, ask: Ask
    ) -> None:
        origin.route("/r", scripts.reply(302, {}, b""))
        assert fetcher.open(ask(origin.url("/r"))).status == 302

    def test_the_whole_chain_has_one_deadline(self, origin: Origin, fetcher: Fetcher, ask: Ask) -> None:
        def slow(exchange: scripts.Exchange) -> None:
            exchange.wait(0.2)
            exchange.respond(302, {"Location": "/r"}, b"")

        origin.route("/r", slow)
        started = time.monotonic()
        with pytest.raises(FetchTimedOut):
            fetcher.open(ask(origin.url("/r")))
        assert time.monotonic() - started < 1.5
