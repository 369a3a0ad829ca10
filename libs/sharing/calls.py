"""Threads that ask the same at the same moment share one call. No network, no framework.

A thread joins a round only before the round's call begins. So each call begins after everyone who waits for
it asked: the answer is as fresh as one of its own would be. While a call is under way, those who come wait
for the next one, though not for longer than `patience_seconds`: a call that hangs holds nobody up but those
who joined it.
"""

import os
import weakref
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

_alive: "weakref.WeakSet[SharedCalls[Any]]" = weakref.WeakSet()


class _Round(Generic[Value]):
    """One call, made by the first thread of the round; the others wait until `done` is free."""

    __slots__ = ("done", "failure", "value")

    def __init__(self) -> None:
        self.done = Lock()
        self.done.acquire()
        self.value: Value
        self.failure: BaseException | None = None


class _Lane(Generic[Value]):
    """All that is under way about one key."""

    __slots__ = ("calling", "open", "threads")

    def __init__(self) -> None:
        self.calling = Lock()
        self.open: _Round[Value] | None = None  # whose call has not begun
        self.threads = 0


class SharedCalls(Generic[Value]):
    """Thread-safe and fork-safe. A call that fails fails for everyone who waited for it."""

    def __init__(self, patience_seconds: float = 0.1) -> None:
        self._patience_seconds = patience_seconds
        self._reset()
        _alive.add(self)

    def _reset(self) -> None:
        self._lock = Lock()
        self._lanes: dict[Hashable, _Lane[Value]] = {}

    def value(self, key: Hashable, call: Callable[[], Value]) -> Value:
        """What `call` gives, begun after this was asked; `key` says what is asked: equal keys mean calls that
        give the same. Raises what the call raises.
        """
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                lane = self._lanes[key] = _Lane()
            lane.threads += 1
            joined = lane.open
            led: _Round[Value] | None = None
            if joined is None:
                led = lane.open = _Round()
        try:
            if led is not None:
                return self._led(lane, led, call)
            assert joined is not None
            return _shared(joined)
        finally:
            with self._lock:
                lane.threads -= 1
                if not lane.threads:
                    del self._lanes[key]

    def _led(self, lane: _Lane[Value], led: _Round[Value], call: Callable[[], Value]) -> Value:
        in_turn = lane.calling.acquire(timeout=self._patience_seconds)
        with self._lock:
            lane.open = None  # from here on nobody joins
        try:
            led.value = call()
        except BaseException as failure:
            led.failure = failure
            raise
        finally:
            if in_turn:
                lane.calling.release()
            led.done.release()
        return led.value


def _shared(joined: _Round[Value]) -> Value:
    with joined.done:
        pass
    if joined.failure is not None:
        raise joined.failure
    return joined.value


def _forked() -> None:
    """In a forked child: whoever made a call, or held a lock, does not exist here."""
    for calls in list(_alive):
        calls._reset()


os.register_at_fork(after_in_child=_forked)
