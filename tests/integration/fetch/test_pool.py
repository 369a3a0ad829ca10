"""Idle connections: bounded in number and in age."""

import socket
from collections.abc import Callable, Iterator

import pytest

from libs.fetch import connection
from libs.fetch.connection import Connection, Pool

KEY = ("http", "h", 80, "127.0.0.1")
Make = Callable[..., Connection]


@pytest.fixture
def made() -> Iterator[Make]:
    """Connections whose other ends stay open until the test is over."""
    ends: list[socket.socket] = []

    def make(host: str = "h") -> Connection:
        here, there = socket.socketpair()
        ends.extend((here, there))
        return Connection(here, ("http", host, 80, "127.0.0.1"))

    yield make
    for end in ends:
        end.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(connection, "monotonic", lambda: now[0])
    return now


def test_newest_first(made: Make) -> None:
    pool = Pool()
    old, new = made(), made()
    pool.give(old)
    pool.give(new)
    assert pool.take(KEY) is new
    assert pool.take(KEY) is old
    assert pool.take(KEY) is None
    assert new.reused


def test_old_ones_are_closed(made: Make, clock: list[float]) -> None:
    pool = Pool()
    first, second = made(), made()
    pool.give(first)
    clock[0] += 5
    pool.give(second)
    clock[0] += 60
    assert pool.take(KEY) is None
    assert first.sock.fileno() == second.sock.fileno() == -1


def test_other_origins_get_their_own(made: Make) -> None:
    pool = Pool()
    pool.give(made("other"))
    assert pool.take(KEY) is None


def test_one_that_says_something_or_hung_up_is_not_used(made: Make) -> None:
    pool = Pool()
    here, there = socket.socketpair()
    pool.give(Connection(here, KEY))
    there.sendall(b"unasked")
    assert pool.take(KEY) is None
    assert here.fileno() == -1
    there.close()


def test_bounded_per_origin_and_in_all(
    made: Make, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MAX_IDLE_PER_ORIGIN", 2)
    monkeypatch.setattr(connection, "_MAX_IDLE", 3)
    pool = Pool()
    kept = [made(), made(), made("b")]
    for one in kept:
        pool.give(one)
    for surplus in (made(), made("c")):
        pool.give(surplus)
        assert surplus.sock.fileno() == -1
    clock[0] += 60
    late = made("d")
    pool.give(late)  # no room yet, but what is too old makes way
    assert all(one.sock.fileno() == -1 for one in kept)
    newest = made("e")
    pool.give(newest)
    assert pool.take(("http", "e", 80, "127.0.0.1")) is newest
    pool.close()


def test_closing_the_pool(made: Make) -> None:
    pool = Pool()
    one = made()
    pool.give(one)
    pool.close()
    assert one.sock.fileno() == -1
    assert pool.take(KEY) is None
