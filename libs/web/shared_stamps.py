"""Threads that ask for stamps at the same moment share one call.

A thread joins a round only before the round's call begins. So each call begins after everyone who waits for
it asked, and reads at least what was committed by then: the answer is as fresh as one of its own would be.
While a call is under way, those who come wait for the next one.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from libs.web.http import PeerUnavailable

Values = Mapping[int, int]
MOST_BUCKETS: Final = 64  # of one call


class _Round:
    __slots__ = ("buckets", "done", "failure", "values")

    def __init__(self) -> None:
        self.buckets: set[int] = set()
        self.done = threading.Event()
        self.values: Values | None = None
        self.failure: PeerUnavailable | None = None


class SharedStamps:
    """`fetch` asks for the values of some buckets, and raises PeerUnavailable."""

    def __init__(self, fetch: Callable[[Sequence[int]], Values]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._calling = threading.Lock()
        self._open: _Round | None = None  # whose call has not begun

    def values(self, buckets: Sequence[int]) -> tuple[int, ...]:
        """The stamps of `buckets`, read after this was called. Raises PeerUnavailable."""
        with self._lock:
            joined = self._open
            leads = joined is None or len(joined.buckets) + len(buckets) > MOST_BUCKETS
            if joined is None or leads:
                joined = self._open = _Round()
            joined.buckets.update(buckets)
        if leads:
            self._call(joined)
        else:
            joined.done.wait()
        if joined.values is None:
            raise PeerUnavailable("auth", "no stamps") from joined.failure
        return tuple(joined.values[bucket] for bucket in buckets)

    def _call(self, led: _Round) -> None:
        try:
            with self._calling:
                with self._lock:
                    if self._open is led:
                        self._open = None
                led.values = self._fetch(sorted(led.buckets))
        except PeerUnavailable as error:
            led.failure = error
        finally:
            led.done.set()
