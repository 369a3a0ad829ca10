"""Places for callers who follow, taken and given back by many threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.compute.usecases.streams import Streams, TooManyStreams


def test_there_are_never_more_than_allowed() -> None:
    streams = Streams(5, each=2)
    lock, held, most = threading.Lock(), [0], [0]

    def use(number: int) -> bool:
        try:
            give_back = streams.take(f"caller {number % 4}")
        except TooManyStreams:
            return False
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        with lock:
            held[0] -= 1
        give_back()
        give_back()
        return True

    with ThreadPoolExecutor(16) as pool:
        assert any(pool.map(use, range(2000)))
    assert most[0] <= 5
    taken = [streams.take(f"other {number}") for number in range(5)]
    with pytest.raises(TooManyStreams):
        streams.take("late")
    for give_back in taken:
        give_back()


def test_each_caller_has_a_share() -> None:
    streams = Streams(4)
    streams.take("a")
    first = streams.take("a")
    with pytest.raises(TooManyStreams):
        streams.take("a")
    streams.take("b")
    first()
    assert streams.take("a")
