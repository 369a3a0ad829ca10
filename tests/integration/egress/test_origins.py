"""The provider's `Origins` over the real fetcher: retries, and the domain's words for what goes wrong."""

from collections.abc import Iterator

import pytest

from services.provider.adapters.origins import GuardedOrigins, make_fetcher
from services.provider.domain.origins import OriginRefused, OriginRequest, OriginUnavailable
from tests.fakes import origin as scripts
from tests.fakes.origin import Exchange, Origin


@pytest.fixture
def own_origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
def origins(own_origin: Origin) -> Iterator[GuardedOrigins]:
    fetcher = make_fetcher(
        allow_non_public_ip=False,
        fetch_allow=f"127.0.0.1:{own_origin.port}",
        request_timeout=0.4,
        idle_seconds=0.4,
    )
    yield GuardedOrigins(fetcher, attempts=3)
    fetcher.close()


def failing(times: int, then: scripts.Script) -> scripts.Script:
    """Says nothing for the first `times` requests."""
    count = 0

    def script(exchange: Exchange) -> None:
        nonlocal count
        count += 1
        if count > times:
            then(exchange)
        else:
            exchange.keep = False

    return script


def test_an_open_reply(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", scripts.file(b"abc", "text/csv"))
    reply = origins.open(OriginRequest("GET", own_origin.url("/f")), {"Range": "bytes=1-"})
    assert (reply.status, reply.headers["content-type"], reply.url) == (206, "text/csv", own_origin.url("/f"))
    assert b"".join(reply.chunks()) == b"bc"
    reply.close()


def test_what_never_answered_is_tried_again(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", failing(2, scripts.file(b"abc")))
    reply = origins.open(OriginRequest("GET", own_origin.url("/f")))
    assert b"".join(reply.chunks()) == b"abc"
    assert len(own_origin.requests) == 3


def test_tries_end(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", failing(9, scripts.file(b"abc")))
    with pytest.raises(OriginUnavailable):
        origins.open(OriginRequest("GET", own_origin.url("/f")))
    assert len(own_origin.requests) == 3


def test_a_post_is_tried_once(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", failing(9, scripts.file(b"abc")))
    with pytest.raises(OriginUnavailable):
        origins.open(OriginRequest("POST", own_origin.url("/f"), {}, b"{}"))
    assert len(own_origin.requests) == 1


def test_an_answer_is_an_answer(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", scripts.reply(503))
    reply = origins.open(OriginRequest("GET", own_origin.url("/f")))
    assert reply.status == 503
    reply.discard()
    assert len(own_origin.requests) == 1


def test_time_outs_are_told_apart(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", scripts.silent())
    with pytest.raises(OriginUnavailable) as caught:
        origins.open(OriginRequest("GET", own_origin.url("/f")))
    assert caught.value.timed_out


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://10.0.0.1/", "ftp://h/", "http://127.1/"])
def test_refusals(url: str, origins: GuardedOrigins) -> None:
    with pytest.raises(OriginRefused) as caught:
        origins.open(OriginRequest("GET", url))
    assert url not in str(caught.value)


def test_unsendable_headers_are_refused(own_origin: Origin, origins: GuardedOrigins) -> None:
    with pytest.raises(OriginRefused):
        origins.open(OriginRequest("GET", own_origin.url("/f"), {"A": "x\r\nB: y"}))


def test_a_body_that_breaks_off(own_origin: Origin, origins: GuardedOrigins) -> None:
    own_origin.route("/f", scripts.lying_length(b"abc", 9))
    reply = origins.open(OriginRequest("GET", own_origin.url("/f")))
    with pytest.raises(OriginUnavailable):
        b"".join(reply.chunks())
