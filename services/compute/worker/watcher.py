"""Asks one engine about all runs that are watched, together, and says which jobs have something to do.

Just after a job was put under watch it asks often, since short jobs are over at once; then at its pace.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from services.compute.ports import Clock
from services.compute.ports.engines import Engine, EngineAway
from services.compute.worker import meters
from services.compute.worker.hold import Hold
from services.compute.worker.nexts import Watch

log = logging.getLogger(__name__)
QUICK_SECONDS: Final = 0.02
SLOWER_FACTOR: Final = 0.05  # of the time that a job is watched: the pause grows with it, up to the pace


class Watcher:
    """`stir` is called with a hold, out of this thread, whenever its job has something to do."""

    def __init__(
        self, engine: Engine, clock: Clock, poll_seconds: float, stir: Callable[[Hold], None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._stir = stir
        self._lock = threading.Lock()
        self._watched: dict[Hold, tuple[float, Watch]] = {}  # with when the watch began
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"watch-{engine.name}", daemon=True)
        meters.AWAY.labels(engine.name).set(0)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._news.set()
        self._thread.join()

    def watch(self, hold: Hold, until: Watch) -> None:
        with self._lock:
            self._watched[hold] = (time.monotonic(), until)
        self._news.set()

    def forget(self, hold: Hold) -> bool:
        """True when it was watched."""
        with self._lock:
            return self._watched.pop(hold, None) is not None

    def look(self) -> None:
        """Ask once, and stir those that have something to do."""
        with self._lock:
            watched = dict(self._watched)
        handles = [handle for hold in watched for handle in hold.handles()]
        try:
            seen = self._engine.observe(handles) if handles else {}
        except EngineAway as error:
            self._is_away(list(watched), str(error))
            return
        meters.AWAY.labels(self._engine.name).set(0)
        now = self._clock.now()
        for hold, (_, watch) in watched.items():
            is_news = hold.see(seen)
            if is_news or hold.is_given_up or now >= watch.until:
                self._let_go(hold)

    def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            with self._lock:
                began = [since for since, _ in self._watched.values()]
            if not began:
                self._news.wait()
                continue
            try:
                self.look()
            except Exception:  # the edge of a thread: whatever it was, the jobs must go on being watched
                log.exception("watching the engine failed", extra={"engine": self._engine.name})
                self._news.wait(self._poll_seconds)
            self._news.wait(self._pause(time.monotonic() - max(began)))

    def _pause(self, newest_seconds: float) -> float:
        return min(self._poll_seconds, max(QUICK_SECONDS, newest_seconds * SLOWER_FACTOR))

    def _is_away(self, holds: list[Hold], what_to_do: str) -> None:
        meters.AWAY.labels(self._engine.name).set(1)
        for hold in holds:
            hold.away = what_to_do
            self._let_go(hold)

    def _let_go(self, hold: Hold) -> None:
        if self.forget(hold):
            self._stir(hold)
