"""Bounded, thread-safe maps for chain facts: some hold for good, some only for one head."""

import os
import weakref
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_alive: "weakref.WeakSet[BoundedMap[Any, Any]]" = weakref.WeakSet()


def _one(_value: object) -> int:
    return 1


class BoundedMap(Generic[Key, Value]):
    """A least-recently-used map whose entries weigh at most `limit` together (each 1 unless weighed)."""

    def __init__(self, limit: int, weigh: Callable[[Value], int] = _one) -> None:
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()
        _alive.add(self)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._remove(key)
            self._entries[key] = value
            self._weight += self._weigh(value)
            while self._weight > self._limit:
                self._remove(next(iter(self._entries)))

    def drop(self, key: Key) -> None:
        with self._lock:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        if key in self._entries:
            self._weight -= self._weigh(self._entries.pop(key))

    def __len__(self) -> int:
        return len(self._entries)


class FactCache(Generic[Key, Value]):
    """Facts that are final, and facts that hold only while the chain's head is the block they were read at.

    Keying by head hash rather than number is what makes a reorganised chain visible: the new head
    has another hash, so nothing that was read on the abandoned branch is served again.
    """

    def __init__(self, limit: int, weigh: Callable[[Value], int] = _one) -> None:
        self._final: BoundedMap[Key, Value] = BoundedMap(limit, weigh)
        self._at_head: BoundedMap[Key, tuple[str, Value]] = BoundedMap(limit, lambda entry: weigh(entry[1]))

    def final(self, key: Key) -> Value | None:
        return self._final.get(key)

    def at(self, key: Key, head_hash: str) -> Value | None:
        entry = self._at_head.get(key)
        return entry[1] if entry is not None and entry[0] == head_hash else None

    def put(self, key: Key, value: Value, head_hash: str | None) -> None:
        """`head_hash` None: the fact is final."""
        if head_hash is None:
            self._final.put(key, value)
            self._at_head.drop(key)
        else:
            self._at_head.put(key, (head_hash, value))


def _forked() -> None:
    """In a forked child: the lock may have been held by a thread that does not exist here."""
    for entries in list(_alive):
        entries._lock = Lock()


os.register_at_fork(after_in_child=_forked)
