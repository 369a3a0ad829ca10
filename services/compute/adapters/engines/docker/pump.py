"""Copies what a container writes into its log file, as it comes.

Where a copy broke off, or its worker died, the next one goes on: the engine's log is read from its start and
what the file holds already is passed over. Two copies at once write the same bytes to the same places.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import urllib3.response

from services.compute.adapters.engines.docker.daemon import BROKEN, Daemon
from services.compute.adapters.engines.docker.frames import Frame, Text, body_of, frames
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    OUTPUT: {"stdout": "1", "stderr": "1"},
    STDOUT: {"stdout": "1", "stderr": "0"},
    STDERR: {"stdout": "0", "stderr": "1"},
}
_TAIL_FRAMES: Final = 256  # more than the engine ever keeps back from those who follow


class Budget:
    """How many bytes all streams of a run may hold together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, kind: str) -> None:
        """The stream is read from its start."""
        with self._lock:
            self._taken[kind] = 0

    def take(self, kind: str, size: int) -> int:
        """How many of `size` more bytes may be kept."""
        with self._lock:
            free = self._limit - sum(self._taken.values())
            self._taken[kind] += min(size, free)
            return min(size, free)


class Pump:
    """One stream of one container."""

    def __init__(self, daemon: Daemon, container: str, kind: str, file: Path, budget: Budget) -> None:
        self._daemon = daemon
        self._path = f"/containers/{container}/logs"
        self._kind = kind
        self._file = file
        self._budget = budget
        self._text = Text()
        self._position = 0
        self._source: urllib3.response.BaseHTTPResponse | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Break the copy off, from another thread; there will be none after it."""
        with self._lock:
            self._stopped = True
            if self._source is not None:
                with contextlib.suppress(OSError, ValueError):  # it broke by itself meanwhile
                    self._source.shutdown()

    def follow(self, over: Callable[[], None]) -> bool:
        """From the start of the log and on while the container runs, until the engine says that this was all:
        True; False when the connection broke before. Calls `over` and ends, True, at the log limit.
        """
        return self._copy({"follow": "1"}, over)

    def finish(self, over: Callable[[], None]) -> bool:
        """After `follow`, when the container has ended: what the engine wrote down last is not always given
        to those who follow. As there.
        """
        try:
            missing = self._text.missing(self._tail())
            if missing is not None:
                with self._opened() as target:
                    self._keep(missing, target, over)
                return True
        except BROKEN:
            return False
        return self._copy({"follow": "0"}, over)

    def _tail(self) -> Sequence[Frame]:
        with self._stream({"follow": "0", "tail": str(_TAIL_FRAMES)}) as body:
            return [frame for some in frames(body) for frame in some]

    def _copy(self, options: Mapping[str, str], over: Callable[[], None]) -> bool:
        self._text, self._position = Text(), 0
        self._budget.begin(self._kind)
        try:
            with self._opened() as target, self._stream(options) as body:
                for some in frames(body):
                    if not self._keep(some, target, over):
                        break
        except BROKEN:
            return False
        return True

    def _keep(self, found: Sequence[Frame], target: int, over: Callable[[], None]) -> bool:
        """Whether there is room for more."""
        text = self._text.of(found)
        size = self._budget.take(self._kind, len(text))
        skip = max(0, os.fstat(target).st_size - self._position)
        _write(target, text[skip:size], self._position + skip)
        self._position += size
        if size < len(text):
            over()
            return False
        return True

    @contextlib.contextmanager
    def _stream(self, options: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        wanted = {**options, **KINDS[self._kind], "timestamps": "1"}
        with self._daemon.stream(self._path, wanted) as source:
            with self._lock:
                if self._stopped:
                    raise OSError("the copy was stopped")
                self._source = source
            try:
                yield body_of(source)
            finally:
                with self._lock:
                    self._source = None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        target = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            yield target
        finally:
            os.close(target)


def _write(target: int, data: bytes, position: int) -> None:
    while data:
        written = os.pwrite(target, data, position)
        data, position = data[written:], position + written


def last_line(file: Path, most: int = 400) -> str:
    """Of a log, for a reason's evidence."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - most))
            lines = log.read(most).decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
