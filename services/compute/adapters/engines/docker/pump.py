"""Copies what a container writes into its log file, as it comes.

Where a copy broke off, or its worker died, the next one goes on: the engine's log is read from its start and
what the file holds already is passed over. Two copies at once write the same bytes to the same places.
"""

import contextlib
import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import urllib3.response

from services.compute.adapters.engines.docker.daemon import BROKEN, Daemon
from services.compute.domain.layout import OUTPUT, STDERR, STDOUT

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    OUTPUT: {"stdout": "1", "stderr": "1"},
    STDOUT: {"stdout": "1", "stderr": "0"},
    STDERR: {"stdout": "0", "stderr": "1"},
}
_HEADER: Final = struct.Struct(">BxxxL")
_PIECE_BYTES: Final = 256 << 10


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
        self._container = container
        self._kind = kind
        self._file = file
        self._budget = budget
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

    def copy(self, over: Callable[[], None], follow: bool) -> bool:
        """Until the engine says that this was all: True; False when the connection broke before. Calls `over`
        and ends, True, at the log limit.

        With `follow` it goes on while the container runs, and may miss the last that was written: ask without
        when the container has ended.
        """
        path = f"/containers/{self._container}/logs"
        options = {"follow": str(int(follow)), "timestamps": "0", **KINDS[self._kind]}
        try:
            with (
                self._opened() as target,
                self._daemon.stream(path, options) as source,
                self._stoppable(source),
            ):
                return self._copy(source, target, over)
        except BROKEN:
            return False

    @contextlib.contextmanager
    def _stoppable(self, source: urllib3.response.BaseHTTPResponse) -> Iterator[None]:
        with self._lock:
            if self._stopped:
                raise OSError("the copy was stopped")
            self._source = source
        try:
            yield
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

    def _copy(self, source: urllib3.response.BaseHTTPResponse, target: int, over: Callable[[], None]) -> bool:
        kept = os.fstat(target).st_size
        position = 0
        self._budget.begin(self._kind)
        for piece in frames(source):
            size = self._budget.take(self._kind, len(piece))
            if position + size > kept:
                skip = max(0, kept - position)
                _write(target, piece[skip:size], position + skip)
            position += size
            if size < len(piece):
                over()
                return True
        return True


def frames(source: urllib3.response.BaseHTTPResponse) -> Iterator[bytes]:
    """The payloads of Docker's frames, joined as they come: a frame is a line, and lines are short. Raises
    OSError when the stream ends inside one.
    """
    held, left = b"", 0  # what of a header was not whole yet; what is to come of a payload
    while data := source.read1(_PIECE_BYTES):
        data, at, parts = held + data, 0, []
        while at < len(data):
            if not left:
                if len(data) - at < _HEADER.size:
                    break
                left = _HEADER.unpack_from(data, at)[1]
                at += _HEADER.size
            part = data[at : at + left]
            parts.append(part)
            at += len(part)
            left -= len(part)
        held = data[at:]
        if parts:
            yield b"".join(parts)
    if held or left:
        raise OSError("the engine's log stream ended inside a frame")


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
