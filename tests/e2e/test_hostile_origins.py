"""Origins that lie, stall or never end, and addresses that are none of our business."""

import contextlib
import gzip
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.market import Market
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.stack import Stack
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.clause("ocean 12")

DATA = b"tide,height\n" * 1000


class Trap:
    """A listener nobody may connect to; `touched` counts who did."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        self._listener.setblocking(False)

    def touched(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    yield made
    made.close()


def fileinfo(stack: Stack, **file: Any) -> requests.Response:
    return requests.post(f"{stack.gateway}/api/services/fileinfo", json=file, timeout=30)


def spellings(port: int) -> list[str]:
    """Names of this machine and its neighbours, in every spelling a resolver may take."""
    hosts = [
        "127.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.1", "127.0.1", "0", "0.0.0.0",
        "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "%6c%6f%63alhost", "127。0。0。1",
        "①②⑦.0.0.1", "ip6-localhost", "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1",
        "172.16.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "metadata.google.internal",
        "user@127.0.0.1", "user:secret@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com",
        "127.0.0.1\\@example.com", "example.com\\@127.0.0.1", "127.0.0.1%00.example.com",
    ]  # fmt: skip
    return [f"http://{host}:{port}/" for host in hosts]


def test_no_spelling_of_a_private_address_is_asked(stack: Stack, trap: Trap) -> None:
    for url in spellings(trap.port):
        reply = fileinfo(stack, type="url", url=url, method="GET")
        assert reply.elapsed.total_seconds() < 8, url
        if reply.status_code == 200:
            assert [entry["valid"] for entry in reply.json()] == [False], url
        else:
            assert reply.status_code == 400, (url, reply.text)
            assert url not in reply.text
    assert trap.touched() == 0


@pytest.mark.parametrize(
    "scheme", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/_", "//"]
)
def test_no_other_scheme_is_followed(stack: Stack, scheme: str) -> None:
    reply = fileinfo(stack, type="url", url=scheme, method="GET")
    assert reply.status_code == 400 or not reply.json()[0]["valid"]
    assert "root:" not in reply.text


def test_identifiers_are_no_way_around_the_guard(stack: Stack, trap: Trap) -> None:
    here = f"http://127.0.0.1:{trap.port}/"
    for file in (
        {"type": "ipfs", "hash": here},
        {"type": "ipfs", "hash": f"/{here}"},
        {"type": "ipfs", "hash": f"//127.0.0.1:{trap.port}/"},
        {"type": "ipfs", "hash": "../../../etc/passwd"},
        {"type": "arweave", "transactionId": here},
        {"type": "arweave", "transactionId": f"//127.0.0.1:{trap.port}/"},
        {"type": "graphql", "url": here, "query": "{a}"},
    ):
        reply = fileinfo(stack, **file)
        assert reply.status_code in (200, 400), reply.text
        assert reply.status_code == 400 or not reply.json()[0]["valid"]
    assert trap.touched() == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_to_other_ports_of_this_machine_are_not_followed(
    stack: Stack, origin: Origin, trap: Trap, status: int
) -> None:
    for number, target in enumerate(spellings(trap.port)[:24]):
        path = f"/away/{status}/{number}"
        origin.route(path, scripts.redirect(target.encode("utf-8", "replace").decode("latin-1"), status))
        reply = fileinfo(stack, type="url", url=origin.url(path), method="GET")
        assert reply.status_code == 200
        assert not reply.json()[0]["valid"], target
        assert path in origin.paths()
    assert trap.touched() == 0


def test_redirects_are_not_followed_for_ever(stack: Stack, origin: Origin) -> None:
    origin.route("/round", scripts.redirect("/round"))
    assert not fileinfo(stack, type="url", url=origin.url("/round"), method="GET").json()[0]["valid"]
    assert origin.paths().count("/round") < 20


BAD_ANSWERS = {
    "silent": scripts.silent(),
    "slow-head": scripts.slow_head(),
    "header-bomb": scripts.huge_headers(50_000),
    "one-endless-header": scripts.raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5_000_000),
    "not-http": scripts.raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": scripts.raw(b""),
    "reset": scripts.reset(),
    "interim-for-ever": scripts.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000),
    "two-lengths": scripts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "negative-length": scripts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab"),
    "status-999": scripts.raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
    "status-text": scripts.raw(b"HTTP/1.1 OK\r\n\r\n"),
    "missing": scripts.reply(404, {}, b"no"),
    "forbidden": scripts.reply(403, {}, b"no"),
    "failing": scripts.reply(500, {}, b"no"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_origins_that_give_no_answer_are_unreachable_and_no_more(
    stack: Stack, origin: Origin, name: str
) -> None:
    origin.route(f"/bad/{name}", BAD_ANSWERS[name])
    began = time.monotonic()
    reply = fileinfo(stack, type="url", url=origin.url(f"/bad/{name}"), method="GET", checksum=True)
    assert time.monotonic() - began < 8
    assert reply.status_code == 200
    assert reply.json() == [{"index": 0, "type": "url", "valid": False}]


LYING_BODIES = {
    "endless": scripts.endless(),
    "too-short": scripts.lying_length(DATA, len(DATA) + 1000),
    "too-long": scripts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + DATA),
    "stalls": scripts.stalling_body(DATA, len(DATA) + 1000),
    "bad-chunks": scripts.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n"),
    "huge-chunk": scripts.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 40 + b"\r\nabc"
    ),
    "unfinished-chunks": scripts.chunked([DATA], ended=False),
}


@pytest.mark.parametrize("name", LYING_BODIES)
def test_a_checksum_is_of_what_was_announced_or_is_not_given(stack: Stack, origin: Origin, name: str) -> None:
    origin.route(f"/lying/{name}", LYING_BODIES[name])
    began = time.monotonic()
    reply = fileinfo(stack, type="url", url=origin.url(f"/lying/{name}"), method="GET", checksum=True)
    assert time.monotonic() - began < 12
    assert reply.status_code == 200
    (entry,) = reply.json()
    if name == "too-long":  # the ten bytes that were announced
        assert entry["checksum"] == hashlib.sha256(DATA[:10]).hexdigest()
    else:
        assert "checksum" not in entry


@pytest.fixture(scope="module")
def bombs(market: Market, origin: Origin) -> Any:
    """One asset whose files are hostile; its order."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    accel = {
        "X-Accel-Redirect": "/internal/nonces/last",
        "X-Accel-Buffering": "no",
        "X-Egress-Ticket": "forged",
        "Set-Cookie": "a=b",
        "Access-Control-Allow-Origin": "http://evil.example",
        "Content-Disposition": 'attachment; filename="../../etc/pass\\"wd;x.csv"',
        "Content-Encoding": "gzip",
        "Location": "http://127.0.0.1:1/",
    }
    origin.route("/dl/gzip", scripts.file(bomb, "application/gzip", headers={"Content-Encoding": "gzip"}))
    origin.route("/dl/accel", scripts.file(DATA, "text/csv", headers=accel))
    origin.route("/dl/short", LYING_BODIES["too-short"])
    origin.route("/dl/long", LYING_BODIES["too-long"])
    origin.route("/dl/redirect", scripts.redirect("http://127.0.0.1:1/"))
    origin.route("/dl/endless", scripts.endless())
    origin.route("/dl/bad", BAD_ANSWERS["header-bomb"])
    origin.route("/dl/slow", BAD_ANSWERS["slow-head"])
    names = ("gzip", "accel", "short", "long", "redirect", "endless", "bad", "slow")
    bought = market.buy(*[origin.url(f"/dl/{name}") for name in names])
    return bought, {name: index for index, name in enumerate(names)}


def test_a_gzip_bomb_goes_through_unopened(market: Market, bombs: Any) -> None:
    bought, index = bombs
    params = market.params(bought, index["gzip"])
    with market.client.download(params, stream=True) as reply:
        assert reply.status_code == 200
        assert len(reply.raw.read(decode_content=False)) < 100_000


def test_an_origin_steers_neither_gateway_nor_browser(market: Market, bombs: Any) -> None:
    bought, index = bombs
    with market.client.download(market.params(bought, index["accel"]), stream=True) as reply:
        body = reply.raw.read(decode_content=False)
    assert (reply.status_code, body) == (200, DATA)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    name = reply.headers["Content-Disposition"].removeprefix("attachment;filename=")
    assert not set(name) & set('/\\";\r\n')
    unwanted = {"set-cookie", "x-accel-redirect", "x-egress-ticket", "location"}
    assert not unwanted & {header.lower() for header in reply.headers}


def test_a_body_that_ends_early_ends_in_an_error_for_the_client(market: Market, bombs: Any) -> None:
    bought, index = bombs
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        market.download(bought, index["short"])


def test_more_than_was_announced_is_not_passed_on(market: Market, bombs: Any) -> None:
    bought, index = bombs
    assert market.download(bought, index["long"]).content == DATA[:10]


@pytest.mark.parametrize("name", ["redirect", "bad", "slow"])
def test_a_download_that_cannot_begin_is_a_gateway_error_without_the_url(
    market: Market, origin: Origin, bombs: Any, name: str
) -> None:
    bought, index = bombs
    reply = market.download(bought, index[name])
    assert reply.status_code in (502, 504)
    assert next(iter(reply.json())) == "error"
    assert str(origin.port) not in reply.text
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_who_leaves_an_endless_body_frees_its_origin(market: Market, origin: Origin, bombs: Any) -> None:
    bought, index = bombs
    origin.hung_up.clear()
    with market.client.download(market.params(bought, index["endless"]), stream=True) as reply:
        assert len(reply.raw.read(1_000_000)) == 1_000_000
    assert origin.hung_up.wait(PATIENCE_SECONDS)


def test_initialize_says_no_more_than_that_the_file_is_not_there(
    market: Market, origin: Origin, bombs: Any
) -> None:
    bought, index = bombs
    query = {
        "documentId": bought.did,
        "serviceId": "service-0",
        "consumerAddress": market.buyer.address,
        "fileIndex": index["redirect"],
    }
    reply = requests.get(f"{market.stack.gateway}/api/services/initialize", params=query, timeout=20)
    assert reply.status_code == 400
    assert str(origin.port) not in json.dumps(reply.json())


def test_silent_origins_stop_nobody_else(stack: Stack, origin: Origin) -> None:
    origin.route("/hang", scripts.silent())
    results: list[int] = []

    def look() -> None:
        reply = fileinfo(stack, type="url", url=origin.url("/hang"), method="GET")
        results.append(reply.status_code)

    threads = [threading.Thread(target=look) for _ in range(40)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        query = {"userAddress": "0x" + "1" * 40}
        reply = requests.get(f"{stack.gateway}/api/services/nonce", params=query, timeout=10)
        assert reply.status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    for thread in threads:
        thread.join()
    assert set(results) <= {200, 429}
    assert slowest < 2
