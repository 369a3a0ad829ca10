"""Moving a body between two sockets: by splice, by copying, and when either end gives up."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Any

import pytest

from libs.fetch.fetcher import Fetcher, Limits, Reply
from libs.fetch.guard import Guard
from services.provider.domain.origins import OriginRequest
from services.provider.egress.relay import TransferBroken
from services.provider.egress.stream import Patience, send_body
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.waiting import PATIENCE_SECONDS

DATA = bytes(range(256)) * 20_000  # 5 MB
Open = Callable[[Origin, scripts.Script], Reply]


@pytest.fixture
def own_origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
def opened(own_origin: Origin) -> Iterator[Callable[[scripts.Script], Reply]]:
    with closing(Fetcher(Guard(allow_all=True), Limits(read_seconds=0.5))) as fetcher:

        def open_one(script: scripts.Script) -> Reply:
            own_origin.route("/f", script)
            return fetcher.open(OriginRequest("GET", own_origin.url("/f")))

        yield open_one


class Client:
    """Reads in a thread what is sent to `here`."""

    def __init__(self, stack: ExitStack, *, reads: bool = True) -> None:
        self.here, self.there = socket.socketpair()
        self.received = bytearray()
        stack.callback(self.there.close)
        stack.callback(self.end)
        self._thread = threading.Thread(target=self._read if reads else lambda: None, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := self.there.recv(65536):
            self.received += piece

    def end(self) -> bytes:
        self.here.close()
        self._thread.join(10)
        return bytes(self.received)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


QUICK = Patience(origin_seconds=0.3, client_seconds=0.3)
SCRIPTS: Mapping[str, Callable[[], scripts.Script]] = {
    "length": lambda: scripts.file(DATA),
    "chunked": lambda: scripts.chunked([DATA[:10], DATA[10:]]),
    "close": lambda: scripts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA),
    "empty": lambda: scripts.reply(200),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_byte_in_order(name: str, opened: Any, stack: ExitStack) -> None:
    client = Client(stack)
    sent = send_body(opened(SCRIPTS[name]()).body, client.here, client.here.sendall, QUICK)
    expected = b"" if name == "empty" else DATA
    assert sent == len(expected)
    assert client.here.getblocking()
    assert client.end() == expected


def test_where_the_kernel_cannot_splice_the_bytes_are_copied(
    opened: Any, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **more: object) -> int:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "splice", refuse)
    client = Client(stack)
    assert send_body(opened(scripts.file(DATA)).body, client.here, client.here.sendall, QUICK) == len(DATA)
    assert client.end() == DATA


def test_systems_without_splice_copy(opened: Any, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "splice")
    client = Client(stack)
    send_body(opened(scripts.file(DATA)).body, client.here, client.here.sendall, QUICK)
    assert client.end() == DATA


def test_the_origins_connection_is_used_again(own_origin: Origin, opened: Any, stack: ExitStack) -> None:
    for _ in range(2):
        client = Client(stack)
        send_body(opened(scripts.file(DATA)).body, client.here, client.here.sendall, QUICK)
    assert {seen.connection for seen in own_origin.requests} == {1}


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (scripts.lying_length(DATA[:1000], 2000), "origin"),
        (scripts.stalling_body(DATA[:1000], 2000), "origin: stalled"),
        (scripts.chunked([b"abc"], ended=False), "origin"),
        (scripts.reset(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 1000), "origin"),
    ],
)
def test_an_origin_that_breaks_off(script: scripts.Script, cause: str, opened: Any, stack: ExitStack) -> None:
    client = Client(stack)
    with pytest.raises(TransferBroken) as caught:
        send_body(opened(script).body, client.here, client.here.sendall, QUICK)
    assert caught.value.cause.startswith(cause)
    assert caught.value.sent == len(client.end())


@pytest.mark.parametrize("script", [scripts.sized(1 << 30), scripts.endless()])
def test_a_client_that_reads_nothing_is_given_up_in_the_end(
    script: scripts.Script, own_origin: Origin, opened: Any, stack: ExitStack
) -> None:
    client = Client(stack, reads=False)
    with pytest.raises(TransferBroken) as caught:
        send_body(opened(script).body, client.here, client.here.sendall, QUICK)
    assert caught.value.cause == "client: stalled"
    assert own_origin.hung_up.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("script", [scripts.sized(1 << 30), scripts.endless()])
def test_a_client_that_leaves(
    script: scripts.Script, own_origin: Origin, opened: Any, stack: ExitStack
) -> None:
    client = Client(stack, reads=False)
    reply = opened(script)
    client.there.close()
    with pytest.raises(TransferBroken) as caught:
        send_body(reply.body, client.here, client.here.sendall, QUICK)
    assert caught.value.cause == "client: gone"
    assert own_origin.hung_up.wait(PATIENCE_SECONDS)
