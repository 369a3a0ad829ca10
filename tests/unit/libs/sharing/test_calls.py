"""Threads share calls, and none gets an answer from before it asked."""

import os
import threading
from collections.abc import Hashable

import pytest

from libs.sharing.calls import SharedCalls

SECONDS = 10


class Peer:
    """What is asked; a call waits at the gate while it is shut."""

    def __init__(self) -> None:
        self.now = 1
        self.calls = 0
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.trouble: Exception | None = None

    def ask(self) -> int:
        self.calls += 1
        found = self.now
        self.begun.release()
        assert self.gate.wait(SECONDS)
        if self.trouble is not None:
            raise self.trouble
        return found


class Asking(threading.Thread):
    def __init__(self, shared: SharedCalls[int], peer: Peer, key: Hashable = "a") -> None:
        super().__init__()
        self.shared, self.peer, self.key = shared, peer, key
        self.answer: int | None = None
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.shared.value(self.key, self.peer.ask)
        except OSError as error:
            self.failure = error


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def shared() -> SharedCalls[int]:
    return SharedCalls(patience_seconds=SECONDS)


def waiting(shared: SharedCalls[int], threads: int, key: Hashable = "a") -> None:
    """Until so many are at it, whoever makes a call included."""
    pause = threading.Event()
    for _ in range(SECONDS * 100):
        with shared._lock:
            lane = shared._lanes.get(key)
            if lane is not None and lane.threads == threads:
                return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


def joined(threads: list[Asking]) -> None:
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_one_thread_asks_at_once_and_each_time_anew(peer: Peer, shared: SharedCalls[int]) -> None:
    assert shared.value("a", peer.ask) == 1
    peer.now = 2
    assert shared.value("a", peer.ask) == 2
    assert shared.value("a", peer.ask) == 2
    assert peer.calls == 3
    assert not shared._lanes


def test_those_who_come_during_a_call_share_the_next_one(peer: Peer, shared: SharedCalls[int]) -> None:
    peer.gate.clear()
    first = Asking(shared, peer)
    assert peer.begun.acquire(timeout=SECONDS)
    peer.now = 2  # the call under way has read the old value: who asks now must not get it
    later = [Asking(shared, peer) for _ in range(5)]
    waiting(shared, 6)
    peer.gate.set()
    joined([first, *later])
    assert [thread.answer for thread in (first, *later)] == [1, 2, 2, 2, 2, 2]
    assert peer.calls == 2
    assert not shared._lanes


def test_other_questions_wait_for_nothing(peer: Peer, shared: SharedCalls[int]) -> None:
    peer.gate.clear()
    first = Asking(shared, peer)
    assert peer.begun.acquire(timeout=SECONDS)
    assert shared.value("b", lambda: 7) == 7
    peer.gate.set()
    joined([first])


def test_a_call_that_hangs_holds_nobody_up(peer: Peer) -> None:
    shared: SharedCalls[int] = SharedCalls(patience_seconds=0.01)
    peer.gate.clear()
    hanging = Asking(shared, peer)
    assert peer.begun.acquire(timeout=SECONDS)
    assert shared.value("a", lambda: 5) == 5
    assert shared.value("a", lambda: 6) == 6
    peer.gate.set()
    joined([hanging])
    assert (hanging.answer, shared._lanes) == (1, {})


def test_trouble_reaches_everyone_who_waited_and_nobody_else(peer: Peer, shared: SharedCalls[int]) -> None:
    peer.gate.clear()
    peer.trouble = ConnectionError("away")
    first = Asking(shared, peer)
    assert peer.begun.acquire(timeout=SECONDS)
    later = [Asking(shared, peer) for _ in range(3)]
    waiting(shared, 4)
    peer.gate.set()
    joined([first, *later])
    assert all(thread.failure is peer.trouble for thread in (first, *later))
    assert peer.calls == 2
    peer.trouble = None
    assert shared.value("a", peer.ask) == 1


def test_a_bug_in_the_call_leaves_nobody_waiting(peer: Peer, shared: SharedCalls[int]) -> None:
    peer.trouble = KeyError("a bug")
    with pytest.raises(KeyError):
        shared.value("a", peer.ask)
    peer.trouble = None
    assert shared.value("a", peer.ask) == 1


def test_a_value_may_be_none(shared: SharedCalls[int | None]) -> None:
    assert shared.value("a", lambda: None) is None


def test_many_threads_each_see_what_was_true_when_they_asked(shared: SharedCalls[int]) -> None:
    counter, lock, stale = [0], threading.Lock(), []

    def work() -> None:
        for _ in range(200):
            with lock:
                counter[0] += 1
                mine = counter[0]
            if shared.value("a", lambda: counter[0]) < mine:
                stale.append(mine)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert (stale, shared._lanes) == ([], {})


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking beside threads is the point
def test_a_forked_child_waits_for_no_thread_of_its_parent(peer: Peer, shared: SharedCalls[int]) -> None:
    peer.gate.clear()
    first = Asking(shared, peer)
    assert peer.begun.acquire(timeout=SECONDS)
    child = os.fork()
    if child == 0:
        os._exit(0 if shared.value("a", lambda: 9) == 9 and not shared._lanes else 1)
    peer.gate.set()
    joined([first])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
