"""Threads share questions about stamps, and none gets an answer from before it asked."""

import threading
from collections.abc import Mapping, Sequence

import pytest

from libs.web.http import PeerUnavailable
from libs.web.shared_stamps import MOST_BUCKETS, SharedStamps

SECONDS = 10


class Table:
    """The stamps at auth; a call waits at the gate while it is shut."""

    def __init__(self) -> None:
        self.now = dict.fromkeys(range(256), 1)
        self.calls: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.trouble: Exception | None = None

    def fetch(self, buckets: Sequence[int]) -> Mapping[int, int]:
        self.calls.append(list(buckets))
        values = {bucket: self.now[bucket] for bucket in buckets}
        self.begun.release()
        assert self.gate.wait(SECONDS)
        if self.trouble is not None:
            raise self.trouble
        return values


class Asking(threading.Thread):
    def __init__(self, stamps: SharedStamps, *buckets: int) -> None:
        super().__init__()
        self.stamps, self.buckets = stamps, buckets
        self.answer: tuple[int, ...] | None = None
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.stamps.values(self.buckets)
        except PeerUnavailable as error:
            self.failure = error


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def stamps(table: Table) -> SharedStamps:
    return SharedStamps(table.fetch)


def waiting(stamps: SharedStamps, buckets: int) -> None:
    """Until a round that has not begun holds that many buckets."""
    deadline = threading.Event()
    for _ in range(SECONDS * 100):
        with stamps._lock:
            if stamps._open is not None and len(stamps._open.buckets) == buckets:
                return
        deadline.wait(0.01)
    raise AssertionError("nobody waits")


def test_one_thread_asks_at_once_and_each_time_anew(table: Table, stamps: SharedStamps) -> None:
    assert stamps.values((7, 3)) == (1, 1)
    table.now[7] = 2
    assert stamps.values((7, 3)) == (2, 1)
    assert stamps.values((3, 7)) == (1, 2)
    assert table.calls == [[3, 7]] * 3


def test_those_who_come_during_a_call_share_the_next_one(table: Table, stamps: SharedStamps) -> None:
    table.gate.clear()
    first = Asking(stamps, 1)
    assert table.begun.acquire(timeout=SECONDS)
    later = [Asking(stamps, bucket) for bucket in (1, 2, 3, 3)]
    waiting(stamps, 3)
    table.gate.set()
    for thread in (first, *later):
        thread.join(SECONDS)
    assert [thread.answer for thread in (first, *later)] == [(1,)] * 5
    assert table.calls == [[1], [1, 2, 3]]


def test_an_event_before_a_request_is_seen_by_it_though_a_call_is_under_way(
    table: Table, stamps: SharedStamps
) -> None:
    """The call under way has read the old value already; who asks now must not get it."""
    table.gate.clear()
    first = Asking(stamps, 1)
    assert table.begun.acquire(timeout=SECONDS)
    table.now[1] = 2
    second = Asking(stamps, 1)
    waiting(stamps, 1)
    table.gate.set()
    first.join(SECONDS)
    second.join(SECONDS)
    assert (first.answer, second.answer) == ((1,), (2,))


def test_trouble_reaches_everyone_who_waited_and_nobody_else(table: Table, stamps: SharedStamps) -> None:
    table.gate.clear()
    table.trouble = PeerUnavailable("auth", "away")
    first = Asking(stamps, 1)
    assert table.begun.acquire(timeout=SECONDS)
    later = [Asking(stamps, bucket) for bucket in (1, 2)]
    waiting(stamps, 2)
    table.gate.set()
    for thread in (first, *later):
        thread.join(SECONDS)
        assert isinstance(thread.failure, PeerUnavailable)
    table.trouble = None
    assert stamps.values((1,)) == (1,)


def test_a_bug_in_the_call_leaves_nobody_waiting(table: Table, stamps: SharedStamps) -> None:
    table.trouble = KeyError("a bug")
    with pytest.raises(KeyError):
        stamps.values((1,))
    table.trouble = None
    assert stamps.values((1,)) == (1,)


def test_a_call_names_so_many_buckets_and_no_more(table: Table, stamps: SharedStamps) -> None:
    table.gate.clear()
    first = Asking(stamps, 0)
    assert table.begun.acquire(timeout=SECONDS)
    later = [Asking(stamps, bucket, bucket + 1) for bucket in range(0, 2 * MOST_BUCKETS, 2)]
    table.gate.set()
    for thread in (first, *later):
        thread.join(SECONDS)
    assert all(thread.answer == (1, 1) for thread in later)
    assert max(map(len, table.calls)) <= MOST_BUCKETS


def test_many_threads_never_see_a_value_from_before_they_asked(table: Table, stamps: SharedStamps) -> None:
    lock = threading.Lock()
    failures: list[str] = []

    def work() -> None:
        for _ in range(300):
            with lock:
                table.now[5] += 1
                least = table.now[5]
            if stamps.values((5,))[0] < least:
                failures.append("an old stamp")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
