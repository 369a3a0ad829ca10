"""The gateway in front of every service: errors as JSON, paths, limits, logs, reload."""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from scripts.stack import up as stack_commands
from scripts.stack.processes import children, find
from tests.e2e.market import Bought, Market, assert_json_error, one, request, send_raw
from tests.e2e.nginx import gateway_alone
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.stack import Stack
from tests.waiting import wait_for

ADDRESS = "0x" + "1" * 40
NONCE = f"/api/services/nonce?userAddress={ADDRESS}"
# method, path, and the service that answers there
ROUTES = [
    ("GET", "/", "provider"),
    ("GET", NONCE, "provider"),
    ("POST", "/api/services/encrypt", "provider"),
    ("POST", "/api/services/decrypt", "provider"),
    ("POST", "/api/services/fileinfo", "provider"),
    ("GET", "/api/services/initialize", "provider"),
    ("GET", "/api/services/download", "provider"),
    ("GET", "/api/services/createAuthToken", "auth"),
    ("DELETE", "/api/services/deleteAuthToken", "auth"),
    ("GET", "/.well-known/jwks.json", "auth"),
    ("GET", "/api/services/compute", "compute"),
    ("POST", "/api/compute", "compute"),
    ("GET", "/api/services/computeResult", "compute"),
    ("GET", "/api/services/computeEnvironments", "compute"),
    ("POST", "/api/services/initializeCompute", "compute"),
    ("POST", "/api/services/validateContainer", "compute"),
    ("GET", "/tidegate/v1/status", "compute"),
    ("POST", "/tidegate/v1/jobs", "compute"),
    ("POST", "/tidegate/v1/jobs/validate", "compute"),
    ("GET", "/tidegate/v1/jobs/1", "compute"),
    ("GET", "/tidegate/v1/jobs/1/logs", "compute"),
    ("GET", "/tidegate/v1/jobs/1/events", "compute"),
    ("GET", "/tidegate/v1/sandboxes", "compute"),
    ("PUT", "/tidegate/v1/sandboxes/a", "compute"),
    ("GET", "/tidegate/v1/environments", "compute"),
    ("GET", "/tidegate/v1/quotas", "compute"),
    ("GET", "/tidegate/v1/dead-letters", "compute"),
    ("POST", "/tidegate/v1/dead-letters/1/replay", "compute"),
    ("POST", "/prominence/oidc/devicecode", "auth"),
    ("POST", "/prominence/oidc/token", "auth"),
    ("GET", "/prominence/oidc/userinfo", "auth"),
    ("GET", "/prominence/v1/jobs", "compute"),
    ("GET", "/api/v1/workflows", "compute"),
    ("GET", "/api/aquarius", "catalogue"),
    ("GET", "/api/aquarius/assets/ddo/did:op:0", "catalogue"),
    ("POST", "/api/aquarius/assets/names", "catalogue"),
    ("POST", "/api/aquarius/assets/query", "catalogue"),
    ("POST", "/api/aquarius/assets/ddo/validate", "catalogue"),
    ("GET", "/api/aquarius/chains/list", "catalogue"),
    ("GET", "/api/aquarius/state/ddo", "catalogue"),
]
PATHS = sorted({path for _, path, _ in ROUTES})


# --- paths -------------------------------------------------------------------------------------


def without_moment(body: bytes) -> bytes:
    """Environments say when they were seen last, problems whose request they answer."""
    return re.sub(rb'"(lastSeen|request_id)":"[0-9a-f]+"', b"", body)


@pytest.mark.parametrize(("method", "path", "service"), ROUTES)
def test_doubled_slashes_are_the_same_route_without_a_redirect(
    stack: Stack, method: str, path: str, service: str
) -> None:
    plain = one(stack.gateway, request(method, path))
    assert plain.headers["x-request-id"]
    for doubled in ("/" + path, path.replace("/", "//"), "//" + path):
        answer = one(stack.gateway, request(method, doubled))
        assert answer.status == plain.status, doubled
        assert without_moment(answer.body) == without_moment(plain.body), doubled
        assert "location" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_preflights_are_answered_on_every_route(stack: Stack, path: str) -> None:
    asked = ("Origin: https://dapp.example", "Access-Control-Request-Method: PUT",
             "Access-Control-Request-Headers: content-type,authtoken,x-custom")  # fmt: skip
    answer = one(stack.gateway, request("OPTIONS", path, *asked))
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://dapp.example"
    assert "PUT" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"content-type", "authtoken", "range", "authorization", "x-custom"} <= allowed


@pytest.mark.parametrize(
    "path",
    [
        "/internal", "/internal/", "/internal/token", "//internal/token", "/%69nternal/token",
        "/api/../internal/token", "/api/%2e%2e/internal/token", "/api/services/../../internal/token",
        "/api/services/..%2f..%2finternal/token", "/api/services/%2e%2e/%2e%2e/internal/nonces/last",
        "/internal;x/token", "/internal%2ftoken", "/internal\\token", "/./internal/token", "/INTERNAL/token",
        "/api/services/..;/internal/token", "/api/services/internal/token", "/api/aquarius/../../internal/x",
        "/api/aquarius/..%2f..%2finternal%2fx", "/api/services/%252e%252e/%252e%252e/internal/token",
        "http://elsewhere/internal/token", "/internal/token?x=/api/services/nonce",
        "/_egress", "/%5fegress", "//_egress", "/_egress/", "/_EGRESS", "/api/services/_egress",
        "/_error/400", "/_error/414", "/metrics", "/health/ready", "/api/services/../../metrics",
        "/api/services/metrics", "/api/services/%2e%2e/%2e%2e/metrics", "/nope", "/api/services/nonce/",
        "/api/services", "/api/services/", "//api//services",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_there(stack: Stack, path: str) -> None:
    for method in ("GET", "POST"):
        assert_json_error(one(stack.gateway, request(method, path, "X-Egress-Ticket: forged")), 404)


def test_headers_of_ours_that_a_client_sends_mean_nothing(stack: Stack) -> None:
    forged = ("X-Accel-Redirect: /_egress", "X-Accel-Buffering: yes", "X-Egress-Ticket: forged",
              "X-Tidegate-Accel: 1", "X-Client-Certificate: forged", "X-Forwarded-For: 10.0.0.1",
              "X-Original-URL: /internal/token", "X-Rewrite-URL: /internal/token",
              "X-HTTP-Method-Override: DELETE")  # fmt: skip
    for method, path, _ in ROUTES:
        plain, dressed = (one(stack.gateway, request(method, path, *lines)) for lines in ((), forged))
        assert dressed.status == plain.status, path
        assert without_moment(dressed.body) == without_moment(plain.body), path


# --- HTTP that is odd or wrong -------------------------------------------------------------------


def test_absolute_form_is_routed_by_its_path(stack: Stack) -> None:
    answer = one(stack.gateway, request("GET", f"http://elsewhere.example{NONCE}"))
    assert (answer.status, answer.json()) == (200, {"nonce": 1})


def test_http_1_0_is_understood(stack: Stack) -> None:
    answer = one(stack.gateway, f"GET {NONCE} HTTP/1.0\r\n\r\n".encode())
    assert (answer.status, answer.json()) == (200, {"nonce": 1})


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "PROPFIND", "FOO"])
def test_methods_that_nobody_takes_are_405(stack: Stack, method: str) -> None:
    for path in ("/", NONCE, "/api/services/createAuthToken", "/api/aquarius/assets/names"):
        assert_json_error(one(stack.gateway, request(method, path)), 405)


HOST = b"Host: gateway\r\n"
POST = b"POST /api/services/nonce HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /internal/token HTTP/1.1\r\nHost: gateway\r\n\r\n"
EMPTY = b"0\r\n\r\n"  # a chunked body's end
UNREADABLE = {
    "connect": b"CONNECT elsewhere:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "space in path": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no slash": b"GET nope HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "nul in path": b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n",
    "escaped nul": b"GET /api/services/%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "tls": b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + b"\x00" * 20 + b"\r\n\r\n",
    "http/2.0": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 58\r\n\r\n" + SMUGGLED,
    "one length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + EMPTY + SMUGGLED,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + EMPTY + SMUGGLED,
    "two codings": POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + EMPTY + SMUGGLED,
    "odd coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + EMPTY + SMUGGLED,
    "two in one": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + EMPTY + SMUGGLED,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "signed length": POST + b"Content-Length: +5\r\n\r\nhello" + SMUGGLED,
    "hex length": POST + b"Content-Length: 0x5\r\n\r\nhello" + SMUGGLED,
    "enormous length": POST + b"Content-Length: 99999999999999999999\r\n\r\n" + SMUGGLED,
    "bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + SMUGGLED,
    "space before colon": b"GET / HTTP/1.1\r\nHost : gateway\r\n\r\n" + SMUGGLED,
    "folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n" + SMUGGLED,
    "cr in header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rContent-Length: 5\r\n\r\n" + SMUGGLED,
    "nul in header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n" + SMUGGLED,
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_be_read_in_two_ways_is_refused_and_ends_the_connection(stack: Stack, name: str) -> None:
    assert_json_error(one(stack.gateway, UNREADABLE[name]), 400)


def test_a_bare_line_feed_ends_a_line_for_the_gateway_and_so_for_everyone(stack: Stack) -> None:
    first = b"POST /api/services/nonce HTTP/1.1\nHost: gateway\nX: a\nTransfer-Encoding: chunked\n\n0\r\n\r\n"
    answers = send_raw(stack.gateway, first + request("GET", "/internal/token"))
    assert [answer.status for answer in answers] == [400, 404]  # two requests, each judged by itself


def test_pipelined_requests_are_answered_in_order(stack: Stack) -> None:
    data = request("GET", NONCE, close=False) + request("GET", "/nope", close=False) + request("GET", "/")
    assert [answer.status for answer in send_raw(stack.gateway, data)] == [200, 404, 200]


def test_a_request_that_is_too_large_is_told_so(stack: Stack) -> None:
    assert_json_error(one(stack.gateway, request("GET", "/?" + "a" * 70_000)), 414)
    assert_json_error(one(stack.gateway, request("GET", "/", "X-Long: " + "a" * 70_000)), 414)
    many = [f"X-{number}: " + "a" * 8_000 for number in range(60)]
    assert_json_error(one(stack.gateway, request("GET", "/", *many)), 414)
    said = [f"Content-Length: {3 << 20}"]
    for path in ("/api/services/nonce", "/api/services/fileinfo", "/api/aquarius/assets/query"):
        assert_json_error(one(stack.gateway, request("POST", path, *said)), 413)
    assert_json_error(
        one(stack.gateway, request("POST", "/api/services/encrypt", "Content-Length: 99999999")), 413
    )


def test_an_upload_that_proves_too_large_is_told_so(stack: Stack) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    start = request("POST", "/api/services/nonce", "Transfer-Encoding: chunked")
    assert_json_error(one(stack.gateway, start + chunk * 20 + b"0\r\n\r\n"), 413)


@pytest.mark.parametrize(("method", "path", "service"), ROUTES)
def test_head_is_get_without_a_body(stack: Stack, method: str, path: str, service: str) -> None:
    head = one(stack.gateway, request("HEAD", path))
    assert head.body == b""
    assert head.headers["access-control-allow-origin"] == "*"
    if method == "GET" and "AuthToken" not in path:
        get = one(stack.gateway, request("GET", path))
        assert head.status == get.status
        assert head.headers.get("content-length") == get.headers.get("content-length")
    else:
        assert head.status in (400, 401, 404, 405)


# --- limits and failures behind ------------------------------------------------------------------


def test_too_many_requests_are_429_with_a_time_to_wait(tmp_path: Path) -> None:
    with gateway_alone(tmp_path, {"GATEWAY_RATE": "1r/m", "GATEWAY_BURST": "1"}) as url:
        answers = [one(url, request("HEAD" if last else "GET", "/")) for last in (0, 0, 0, 0, 1)]
        assert_json_error(answers[3], 429)
        assert answers[3].headers["retry-after"] == "1"
        assert_json_error(answers[4], 429)


def test_too_many_connections_of_one_caller_are_429(tmp_path: Path) -> None:
    with _silent() as silent, gateway_alone(tmp_path, {"GATEWAY_CONNECTIONS": "2"}, provider=silent) as url:
        address = urlsplit(url)
        held = [socket.create_connection((address.hostname, address.port)) for _ in range(2)]
        for sock in held:
            sock.sendall(request("GET", NONCE))
        # Of a service that is not there: the gateway may take up the held two a moment later.
        refused = one(url, request("GET", "/.well-known/jwks.json"))
        until = time.monotonic() + 60
        while refused.status != 429 and time.monotonic() < until:
            refused = one(url, request("GET", "/.well-known/jwks.json"))
        assert_json_error(refused, 429)
        for sock in held:
            sock.close()


def _silent() -> "_Silent":
    return _Silent()


class _Silent:
    """A port that takes connections and says nothing."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        return int(self._listener.getsockname()[1])

    def __exit__(self, *raised: object) -> None:
        self._listener.close()


@pytest.mark.parametrize(("method", "path", "service"), ROUTES)
def test_a_service_that_is_gone_or_silent_is_a_json_error(
    broken: dict[str, str], method: str, path: str, service: str
) -> None:
    for kind, status in (("gone", 502), ("silent", 504)):
        answer = one(broken[kind], request(method, path))
        assert_json_error(answer, status)
        assert answer.headers["retry-after"] == "2"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Gateways before services that refuse connections, and before such as never answer."""
    names = ("provider", "auth", "catalogue", "compute")
    patience = {"GATEWAY_READ_TIMEOUT": "150ms"}
    with (
        _silent() as port,
        gateway_alone(tmp_path_factory.mktemp("gone"), {}) as gone,
        gateway_alone(tmp_path_factory.mktemp("silent"), patience, **dict.fromkeys(names, port)) as silent,
    ):
        yield {"gone": gone, "silent": silent}


def test_a_stopped_service_takes_nothing_else_with_it(stack: Stack) -> None:
    process = find(stack.config.run_dir, "compute")
    assert process is not None
    stack_commands.stop(stack.config.run_dir, "compute")
    try:
        assert_json_error(one(stack.gateway, request("GET", "/api/services/compute")), 502)
        assert one(stack.gateway, request("GET", NONCE)).status == 200
    finally:
        stack_commands.restart(stack.config, "compute")
    assert one(stack.gateway, request("GET", "/api/services/compute")).status == 400


# --- bytes pass through ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(market: Market, origin: Origin) -> Bought:
    """An ordered file of 6 MB whose origin sends it in pieces, twenty a second."""
    piece = bytes(range(256)) * 256

    def dribble(exchange: scripts.Exchange) -> None:
        exchange.head(200, {"Content-Length": str(len(piece) * 96), "Content-Type": "application/x-tide"})
        for _ in range(96):
            exchange.send(piece)
            exchange.wait(0.02)

    origin.route("/slow", dribble)
    return market.buy(origin.url("/slow"))


def test_a_reload_leaves_running_downloads_whole(stack: Stack, market: Market, slow: Bought) -> None:
    gateway = find(stack.config.run_dir, "gateway")
    assert gateway is not None
    with market.client.download(market.params(slow), stream=True) as reply:
        first = reply.raw.read(1000)
        assert stack_commands.reload(stack.config).pid == gateway.pid
        assert one(stack.gateway, request("GET", NONCE)).status == 200
        rest = reply.raw.read()
    assert first + rest == bytes(range(256)) * 256 * 96


def test_a_bare_hangup_is_a_reload_too(stack: Stack, market: Market, slow: Bought) -> None:
    gateway = find(stack.config.run_dir, "gateway")
    assert gateway is not None
    before = set(children(gateway.pid))
    with market.client.download(market.params(slow), stream=True) as reply:
        first = reply.raw.read(1000)
        os.kill(gateway.pid, signal.SIGHUP)
        wait_for(lambda: set(children(gateway.pid)) - before, "new workers")
        rest = reply.raw.read()
    assert len(first + rest) == 256 * 256 * 96


def test_a_configuration_that_nginx_refuses_changes_nothing(stack: Stack) -> None:
    bad = replace(stack.config, environment={**stack.config.environment, "GATEWAY_READ_TIMEOUT": "soon"})
    with pytest.raises(stack_commands.StartFailed, match="proxy_read_timeout"):
        stack_commands.reload(bad)
    assert one(stack.gateway, request("GET", NONCE)).status == 200
    stack_commands.reload(stack.config)


def test_uploads_and_slow_downloads_never_touch_the_disk(
    stack: Stack, market: Market, origin: Origin
) -> None:
    """nginx without its folders for temporary files still carries everything."""
    size = 40 << 20
    origin.route("/big", scripts.sized(size))
    bought = market.buy(origin.url("/big"))
    folder = stack.config.run_dir / "gateway" / "tmp"
    away = folder.with_name("tmp-away")
    folder.rename(away)
    try:
        for body in (os.urandom(15 << 20), iter([os.urandom(1 << 20)] * 12)):
            reply = requests.post(
                f"{stack.gateway}/api/services/encrypt?chainId=8996",
                data=body,
                headers={"Content-Type": "application/octet-stream"},
                timeout=60,
            )
            assert reply.status_code == 201, reply.text[:200]
        text = b'{"query":{"match_all":{}},"size":1,"x":"' + b"a" * 1_900_000 + b'"}'
        assert (
            requests.post(f"{stack.gateway}/api/aquarius/assets/query", data=text, timeout=30).status_code
            < 500
        )
        with market.client.download(market.params(bought), stream=True) as reply:
            seen = len(reply.raw.read(1000))
            threading.Event().wait(0.5)  # everything between the origin and us fills up
            while piece := reply.raw.read(1 << 20):
                seen += len(piece)
        assert seen == size
        assert not [path for path in away.rglob("*") if path.is_file()]
    finally:
        away.rename(folder)
