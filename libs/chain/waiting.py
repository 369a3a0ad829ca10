"""Waiting for receipts without letting made-up hashes hold threads."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore

from libs.chain.cache import BoundedMap
from libs.chain.types import Receipt, Transaction

_LONGEST_WAIT_SECONDS = 10.0
_UNKNOWN_WAIT_SECONDS = 2.0
_REMEMBER_SECONDS = 30.0
_MAX_WAITERS = 8
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0


class ReceiptWaiter:
    """A transaction that a node holds as pending is worth waiting for. A hash nobody has heard of gets a
    short wait (our node may be a moment behind the caller's) and is then remembered for a while, so that
    asking again costs one look-up. All waiters together are bounded: past that, nobody waits."""

    def __init__(
        self,
        receipt: Callable[[str], Receipt | None],
        transaction: Callable[[str], Transaction | None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receipt = receipt
        self._transaction = transaction
        self._sleep = sleep
        self._clock = clock
        self._slots = BoundedSemaphore(_MAX_WAITERS)
        self._made_up: BoundedMap[str, float] = BoundedMap(16384)

    def wait(self, tx_hash: str, seconds: float) -> Receipt | None:
        """The receipt or None; the caller has looked once already."""
        forgotten_at = self._made_up.get(tx_hash)
        if forgotten_at is not None and self._clock() < forgotten_at:
            return None
        if not self._slots.acquire(blocking=False):
            return None
        try:
            return self._poll(tx_hash, min(seconds, _LONGEST_WAIT_SECONDS))
        finally:
            self._slots.release()

    def _poll(self, tx_hash: str, seconds: float) -> Receipt | None:
        start = self._clock()
        pause = _FIRST_PAUSE_SECONDS
        while True:
            pending = self._transaction(tx_hash) is not None
            allowed = seconds if pending else min(seconds, _UNKNOWN_WAIT_SECONDS)
            left = start + allowed - self._clock()
            if left <= 0:
                if not pending:
                    self._made_up.put(tx_hash, self._clock() + _REMEMBER_SECONDS)
                return None
            self._sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
            receipt = self._receipt(tx_hash)
            if receipt is not None:
                return receipt
