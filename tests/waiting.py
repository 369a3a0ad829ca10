"""Waiting for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Long, since only a failure waits to its end: a busy machine takes tens of seconds for what else takes one.
PATIENCE_SECONDS = 60.0


def wait_for(condition: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is a true one, and return that; fails when time is up."""
    until = time.monotonic() + seconds
    pause = 0.01
    while not (answer := condition()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(pause)
        pause = min(0.1, pause * 1.2)  # asking takes time from whom is waited for
    return answer
