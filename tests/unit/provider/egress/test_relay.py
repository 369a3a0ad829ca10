"""Which requests pass to the origin, and which of its headers come back (contract 2.6)."""

import pytest

from services.provider.domain.origins import OriginRefused, OriginRequest, OriginUnavailable
from services.provider.egress import relay
from services.provider.egress.relay import OriginRelay, TransferBroken
from services.provider.ports import RelayReply
from tests.fakes.origins import FakeOrigins, FakeReply

URL = "https://files.test/data.csv"
PLAN = OriginRequest("GET", URL)


def opened(reply: FakeReply, method: str = "GET", plan: OriginRequest = PLAN, **headers: str) -> RelayReply:
    return OriginRelay(FakeOrigins({plan.url: reply})).open(plan, headers, method)


def test_headers_come_back_through_an_allow_list() -> None:
    origin = {
        "content-type": "text/csv; charset=utf-8",
        "content-length": "3",
        "etag": '"v1"',
        "last-modified": "Sat, 21 Nov 2026 00:00:00 GMT",
        "accept-ranges": "bytes",
        "content-encoding": "gzip",
        "set-cookie": "a=b",
        "server": "secret-host",
        "location": "https://files.test/secret",
        "www-authenticate": "Basic",
        "x-amz-request-id": "1",
        "access-control-allow-origin": "https://only.me",
        "connection": "keep-alive",
    }
    reply = opened(FakeReply(200, origin, b"1,2"))
    shown = dict(reply.headers)
    assert reply.status == 200
    assert b"".join(reply.body) == b"1,2"
    assert len(shown) == len(reply.headers)
    assert shown == {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": "attachment;filename=data.csv",
        "Content-Length": "3",
        "Content-Encoding": "gzip",
        "Accept-Ranges": "bytes",
        "ETag": '"v1"',
        "Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT",
        "Cache-Control": "private, no-transform",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": shown["Access-Control-Expose-Headers"],
    }
    for name in ("Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag"):
        assert name in shown["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("value", ["x\r\nSet-Cookie: a", "x\x00", "\u20ac", "y" * 2000])
def test_origin_values_that_no_header_can_hold_are_dropped(value: str) -> None:
    reply = opened(FakeReply(200, {"etag": value, "content-type": value, "content-length": "0"}))
    assert "ETag" not in dict(reply.headers)
    assert dict(reply.headers)["Content-Type"] == "text/csv"


def test_a_content_disposition_cannot_be_steered() -> None:
    hostile = 'attachment; filename="../../.ssh/authorized_keys"; x="y"'
    reply = opened(FakeReply(200, {"content-disposition": hostile, "content-length": "0"}))
    assert dict(reply.headers)["Content-Disposition"] == "attachment;filename=authorized_keys"


class TestRange:
    def test_passed_on_and_back(self) -> None:
        origins = FakeOrigins(
            {URL: FakeReply(206, {"content-range": "bytes 0-1/9", "content-length": "2"}, b"ab")}
        )
        reply = OriginRelay(origins).open(PLAN, {"range": "bytes=0-1", "IF-RANGE": '"v1"', "Cookie": "x"})
        assert origins.asked[0][1] == {"Range": "bytes=0-1", "If-Range": '"v1"'}
        assert reply.status == 206
        assert dict(reply.headers)["Content-Range"] == "bytes 0-1/9"
        assert dict(reply.headers)["Content-Disposition"] == "attachment;filename=data.csv"

    @pytest.mark.parametrize("text", ["bytes=0-", "bytes=-5", "bytes=0-1,5-6", "bytes=0-1, 5-6"])
    def test_valid_forms(self, text: str) -> None:
        origins = FakeOrigins({URL: FakeReply(206, {"content-length": "0"})})
        OriginRelay(origins).open(PLAN, {"Range": text})
        assert origins.asked[0][1] == {"Range": text}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "lines=1-2",
            "bytes=0-1\r\nX: y",
            "bytes=" + "0-1," * 20 + "0-1",
            "bytes=" + "9" * 40 + "-",
        ],
    )
    def test_what_is_no_range_is_ignored(self, text: str) -> None:
        origins = FakeOrigins({URL: FakeReply(200, {"content-length": "0"})})
        OriginRelay(origins).open(PLAN, {"Range": text, "If-Range": '"v1"'})
        assert origins.asked[0][1] == {}

    def test_the_file_objects_own_range_stays_put(self) -> None:
        plan = OriginRequest("GET", URL, {"rAnge": "bytes=0-4"})
        origins = FakeOrigins({URL: FakeReply(206, {"content-length": "5"}, b"01234")})
        assert OriginRelay(origins).open(plan, {"Range": "bytes=0-99"}).status == 206
        assert origins.asked[0][1] == {}

    def test_unsatisfiable_is_passed_through_with_json(self) -> None:
        origin = FakeReply(416, {"content-range": "bytes */9", "content-type": "text/html"}, b"<h1>no</h1>")
        reply = opened(origin, Range="bytes=99-")
        assert reply.status == 416
        assert dict(reply.headers)["Content-Range"] == "bytes */9"
        assert dict(reply.headers)["Content-Type"] == "application/json"
        assert b"".join(reply.body) == relay.UNSATISFIABLE
        assert origin.closed

    def test_416_that_nobody_asked_for_is_an_error(self) -> None:
        with pytest.raises(OriginUnavailable):
            opened(FakeReply(416))


class TestHead:
    def test_asks_the_origin_for_its_head(self) -> None:
        origins = FakeOrigins({f"HEAD {URL}": FakeReply(200, {"content-length": "12345"})})
        reply = OriginRelay(origins).open(PLAN, {}, "HEAD")
        assert [request.method for request, _ in origins.asked] == ["HEAD"]
        assert dict(reply.headers)["Content-Length"] == "12345"
        assert b"".join(reply.body) == b""

    @pytest.mark.parametrize("status", [403, 404, 405, 501])
    def test_origins_that_know_no_head_are_asked_properly(self, status: int) -> None:
        get = FakeReply(200, {"content-length": "5"}, b"abcde")
        origins = FakeOrigins({f"HEAD {URL}": FakeReply(status), f"GET {URL}": get})
        reply = OriginRelay(origins).open(PLAN, {}, "HEAD")
        assert dict(reply.headers)["Content-Length"] == "5"
        assert b"".join(reply.body) == b""
        assert get.closed

    def test_a_post_stays_a_post(self) -> None:
        plan = OriginRequest("POST", URL, {}, b"{}")
        origins = FakeOrigins({URL: FakeReply(200, {"content-length": "1"}, b"x")})
        OriginRelay(origins).open(plan, {}, "HEAD")
        assert [request.method for request, _ in origins.asked] == ["POST"]


@pytest.mark.parametrize("status", [201, 204, 301, 304, 401, 403, 404, 418, 500, 503])
def test_other_answers_are_no_file(status: int) -> None:
    origin = FakeReply(status, {}, b"reason with secrets")
    with pytest.raises(OriginUnavailable) as caught:
        opened(origin)
    assert "secret" not in str(caught.value)
    assert origin.closed


def test_one_get_per_download() -> None:
    origins = FakeOrigins({URL: FakeReply(200, {"content-length": "1"}, b"x")})
    b"".join(OriginRelay(origins).open(PLAN, {}).body)
    assert [request.method for request, _ in origins.asked] == ["GET"]


def test_refusals_pass() -> None:
    with pytest.raises(OriginRefused):
        OriginRelay(FakeOrigins({URL: OriginRefused("no")})).open(PLAN, {})


def test_a_body_that_breaks_off_breaks_the_transfer() -> None:
    origin = FakeReply(200, {"content-length": "9"}, b"abc", breaks=True)
    reply = opened(origin)
    with pytest.raises(TransferBroken):
        b"".join(reply.body)
    assert issubclass(TransferBroken, ConnectionResetError)
    assert origin.closed


class TestUnknownLength:
    def test_the_length_is_found_out_first(self) -> None:
        origin = FakeReply(200, {"transfer-encoding": "chunked", "content-length": "1"}, b"x" * 300_000)
        reply = opened(origin)
        assert dict(reply.headers)["Content-Length"] == "300000"
        assert b"".join(reply.body) == b"x" * 300_000
        reply.close()
        assert origin.closed

    def test_a_cut_one_never_starts(self) -> None:
        with pytest.raises(OriginUnavailable):
            opened(FakeReply(200, {}, b"abc", breaks=True))

    def test_an_endless_one_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(relay, "MAX_SPOOL_BYTES", 1000)
        with pytest.raises(OriginUnavailable):
            opened(FakeReply(200, {}, b"x" * 2000))
