"""Waiting for slices: the store is asked again and again, since whoever computes them is another process."""

import time
from collections.abc import Callable
from typing import Final

from services.compute.ports import Clock

ASK_SECONDS: Final = 0.25


class SliceWaiting:
    def __init__(self, clock: Clock, pause: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._pause = pause

    def until(self, is_over: Callable[[], bool], seconds: float) -> None:
        """Returns then, or when the time is up."""
        until = self._clock.now() + seconds
        while not is_over():
            left = until - self._clock.now()
            if left <= 0:
                return
            self._pause(min(ASK_SECONDS, left))
