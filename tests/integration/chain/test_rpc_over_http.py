"""RpcPool over real sockets: nodes that are down, slow, endless, wrong or gone meanwhile."""

import multiprocessing
import socket
import threading
import time
import traceback
from typing import Any

import pytest

from libs.chain.errors import AnswerTooLarge, RpcTimeout, RpcUnavailable
from libs.chain.rpc import RpcPool
from tests.fixtures_chain import free_port
from tests.integration.chain.stub_node import CHAIN_ID, StubNode, http, result


def pool(*urls: str, **settings: Any) -> RpcPool:
    return RpcPool(urls, CHAIN_ID, **{"timeout_seconds": 2.0, "budget_seconds": 4.0, **settings})


def ask(rpc: RpcPool) -> Any:
    return rpc.call("eth_chainId")


def test_connections_are_kept_and_used_again() -> None:
    with StubNode() as node:
        rpc = pool(node.url)
        for _ in range(20):
            assert ask(rpc) == hex(CHAIN_ID)
        assert node.connections == 1
        assert node.raw[0].startswith("POST /v3/APIKEY HTTP/1.1\r\n")
        assert f"Host: 127.0.0.1:{node.port}" in node.raw[0]


def test_a_connection_the_node_closed_meanwhile_is_replaced() -> None:
    with StubNode() as node:
        rpc = pool(node.url)
        ask(rpc)
        node.drop_connections()
        assert ask(rpc) == hex(CHAIN_ID)
        assert node.connections == 2


def test_credentials_of_the_url_travel_as_basic_auth() -> None:
    with StubNode() as node:
        rpc = pool(node.url.replace("http://", "http://user:p%40ss@"))
        ask(rpc)
        assert "Authorization: Basic dXNlcjpwQHNz" in node.raw[0]
        assert "user" not in node.raw[0].split("\r\n")[1]


def test_a_node_that_is_down_is_passed_over() -> None:
    with StubNode() as node:
        assert ask(pool(f"http://127.0.0.1:{free_port()}", node.url)) == hex(CHAIN_ID)


def test_a_slow_node_costs_one_timeout_and_then_nothing() -> None:
    def silent(_sock: socket.socket, _request: dict[str, Any]) -> None:
        slow.stopping.wait(10)

    with StubNode(silent) as slow, StubNode() as node:
        rpc = pool(slow.url, node.url, timeout_seconds=0.3)
        start = time.monotonic()
        assert ask(rpc) == hex(CHAIN_ID)
        assert 0.3 <= time.monotonic() - start < 1.5
        start = time.monotonic()
        assert ask(rpc) == hex(CHAIN_ID)
        assert time.monotonic() - start < 0.3


@pytest.mark.parametrize("part", ["headers", "body", "chunks"])
def test_a_node_that_drips_bytes_is_cut_at_the_deadline(part: str) -> None:
    def drip(sock: socket.socket, request: dict[str, Any]) -> None:
        whole = http(result(request, hex(CHAIN_ID)))
        if part == "body":
            head, _, whole = whole.partition(b"\r\n\r\n")
            sock.sendall(head + b"\r\n\r\n")
        elif part == "chunks":
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            whole = b"1\r\n{\r\n" * 1000
        for position in range(len(whole)):
            sock.sendall(whole[position : position + 1])
            if node.stopping.wait(0.05):
                return

    with StubNode(drip) as node:
        start = time.monotonic()
        with pytest.raises(RpcTimeout):
            ask(pool(node.url, timeout_seconds=0.4, budget_seconds=0.4))
        assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("framing", ["length", "chunks", "endless"])
def test_an_answer_past_the_cap_is_not_read(framing: str) -> None:
    def flood(sock: socket.socket, _request: dict[str, Any]) -> None:
        if framing == "length":
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        elif framing == "chunks":
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        else:
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        block = b"a" * 65536
        while not node.stopping.is_set():
            sock.sendall(b"10000\r\n" + block + b"\r\n" if framing == "chunks" else block)

    with StubNode(flood) as node, pytest.raises(AnswerTooLarge):
        ask(pool(node.url, max_answer_bytes=1 << 20))


def test_chunked_answers_are_understood() -> None:
    def chunked(sock: socket.socket, request: dict[str, Any]) -> None:
        body = result(request, hex(CHAIN_ID))
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(body), 7):
            piece = body[start : start + 7]
            sock.sendall(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
        sock.sendall(b"0\r\nTrailer: x\r\n\r\n")

    with StubNode(chunked) as node:
        rpc = pool(node.url)
        assert [ask(rpc) for _ in range(3)] == [hex(CHAIN_ID)] * 3
        assert node.connections == 1


def test_an_answer_that_ends_with_the_connection_is_understood() -> None:
    def closing(sock: socket.socket, request: dict[str, Any]) -> None:
        sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + result(request, hex(CHAIN_ID)))
        raise ConnectionError

    with StubNode(closing) as node:
        rpc = pool(node.url)
        assert ask(rpc) == ask(rpc) == hex(CHAIN_ID)
        assert node.connections == len(node.requests)


def test_connection_close_is_honoured() -> None:
    def closing(sock: socket.socket, request: dict[str, Any]) -> None:
        sock.sendall(http(result(request, hex(CHAIN_ID)), "Connection: Close"))

    with StubNode(closing) as node:
        rpc = pool(node.url)
        ask(rpc)
        assert node.connections == 2  # the chain id and the question


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20000,
        http(b"{}", status="429 Too Many Requests"),
        http(b"", "Location: http://127.0.0.1:1/", status="302 Found"),
        http(b"\xff\xfe"),
        b"",
    ],
    ids=["ssh", "status", "negative", "float", "chunk", "headers", "429", "redirect", "not json", "nothing"],
)
def test_what_is_no_answer_is_unavailable_and_names_no_url(answer: bytes) -> None:
    def send(sock: socket.socket, _request: dict[str, Any]) -> None:
        sock.sendall(answer)
        raise ConnectionError

    with StubNode(send) as node:
        with pytest.raises(RpcUnavailable) as caught:
            ask(pool(node.url))
        text = "".join(traceback.format_exception(caught.value)) + str(caught.value)
        assert "APIKEY" not in text
        assert str(node.port) not in str(caught.value)


def test_surplus_bytes_after_an_answer_end_the_connection() -> None:
    """Otherwise they would be read as the next answer."""

    def surplus(sock: socket.socket, request: dict[str, Any]) -> None:
        sock.sendall(http(result(request, hex(CHAIN_ID))) + http(b'{"id":1,"result":"0xbad"}'))

    with StubNode(surplus) as node:
        rpc = pool(node.url)
        assert [ask(rpc) for _ in range(3)] == [hex(CHAIN_ID)] * 3


def test_many_threads_share_a_pool() -> None:
    with StubNode() as node:
        rpc = pool(node.url)
        answers: list[Any] = []

        def work() -> None:
            answers.extend(ask(rpc) for _ in range(50))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [hex(CHAIN_ID)] * 400
        assert node.connections <= 8


def test_a_dead_node_does_not_hold_every_thread() -> None:
    def silent(_sock: socket.socket, _request: dict[str, Any]) -> None:
        node.stopping.wait(10)

    with StubNode(silent) as node:
        rpc = pool(node.url, timeout_seconds=0.5)
        with pytest.raises(RpcTimeout):
            ask(rpc)
        took: list[float] = []

        def work() -> None:
            start = time.monotonic()
            with pytest.raises(RpcUnavailable):
                ask(rpc)
            took.append(time.monotonic() - start)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(seconds < 0.25 for seconds in took) >= 6


def _ask_in_child(rpc: RpcPool, answers: Any) -> None:
    try:
        answers.put([ask(rpc) for _ in range(20)])
    except RpcUnavailable as error:
        answers.put([str(error)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forking with threads is the very point
def test_a_forked_worker_opens_its_own_connections() -> None:
    with StubNode() as node:
        rpc = pool(node.url)
        ask(rpc)
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        children = [context.Process(target=_ask_in_child, args=(rpc, answers)) for _ in range(2)]
        for child in children:
            child.start()
        mine = [ask(rpc) for _ in range(20)]
        found = [answers.get(), answers.get()]
        for child in children:
            child.join()
        assert [mine, *found] == [[hex(CHAIN_ID)] * 20] * 3
        assert node.connections == 3
