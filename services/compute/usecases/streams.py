"""How many callers may be followed at a time: each holds a thread of this process as long as it lasts."""

import threading
from collections import Counter
from collections.abc import Callable

from services.compute.domain.errors import ComputeError


class TooManyStreams(ComputeError):
    """This process follows as many jobs for callers as it may."""


class Streams:
    """`most` in this process, of which one caller has `each` at most."""

    def __init__(self, most: int, each: int | None = None) -> None:
        self._most = most
        self._each = max(1, most // 2) if each is None else each
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, subject: str) -> Callable[[], None]:
        """A place, and the way to give it back (twice is once). Raises TooManyStreams."""
        with self._lock:
            if self._held.total() >= self._most or self._held[subject] >= self._each:
                raise TooManyStreams
            self._held[subject] += 1
        is_held = [True]

        def give_back() -> None:
            with self._lock:
                if is_held and is_held.pop():
                    self._held[subject] -= 1
                    self._held += Counter()  # forgets who holds none

        return give_back
