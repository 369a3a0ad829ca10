"""All watches of this process, and the one thread that holds their runs to their limits."""

import logging
import threading
from collections.abc import Callable
from typing import Final

import docker.errors

from services.compute.adapters.engines.docker.watch import Watch
from services.compute.ports.engines import EngineAway, Handle

LOOK_SECONDS: Final = 0.25
_log = logging.getLogger(__name__)


class Watches:
    """The thread lives while there is something to watch."""

    def __init__(self) -> None:
        self._watches: dict[Handle, Watch] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def get(self, handle: Handle) -> Watch | None:
        with self._lock:
            return self._watches.get(handle)

    def add(self, handle: Handle, make: Callable[[], Watch]) -> Watch:
        """The watch that is there wins."""
        with self._lock:
            watch = self._watches.get(handle)
            if watch is None:
                watch = self._watches[handle] = make()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="docker limits", daemon=True)
                self._thread.start()
            return watch

    def drop(self, handle: Handle) -> None:
        with self._lock:
            watch = self._watches.pop(handle, None)
        if watch is not None:
            watch.stop()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            watches = list(self._watches.values())
            self._watches.clear()
        for watch in watches:
            watch.stop()

    def _run(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                watches = list(self._watches.values())
                if not watches:
                    self._thread = None
                    return
            for watch in watches:
                if not watch.is_complete():
                    _look(watch)


def _look(watch: Watch) -> None:
    try:
        watch.look()
    except (EngineAway, docker.errors.APIError) as error:
        _log.warning("the limits of %s could not be looked at: %s", watch.record.tag, type(error).__name__)
