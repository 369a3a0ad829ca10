"""What a run prints, from its pipes into its log files as it comes, and not one byte more than allowed."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing costs more than all the rest of the supervisor's start
if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK_BYTES = 1 << 18
_HEAD_BYTES = 2000
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class LogLost(Exception):
    """The log file cannot be written; most likely the disk is full."""


class Capture:
    """One pipe for each of `paths`. The limit counts all of them together; `is_over` when more came.

    `head` is the first that was printed, for the sandbox's own complaints.
    """

    def __init__(self, paths: Sequence[str], limit: int) -> None:
        self._left = limit
        self._files: dict[int, int] = {}
        self.ends: list[int] = []
        self.is_over = False
        self.head = b""
        for path in paths:
            reading, writing = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(reading, False)
            self._files[reading] = os.open(path, _FLAGS, 0o640)
            self.ends.append(writing)

    @property
    def pipes(self) -> list[int]:
        return list(self._files)

    def close_ends(self) -> None:
        """The run has them now."""
        for end in self.ends:
            os.close(end)

    def pump(self, pipe: int) -> bool:
        """Take what is there, once; False when there is no more for ever. Raises LogLost."""
        try:
            data = os.read(pipe, _CHUNK_BYTES)
        except BlockingIOError:
            return True
        self._keep(pipe, data)
        return bool(data)

    def drain(self) -> None:
        """Take what is left, once nobody of the run lives: another run may hold the pipe open and must not
        keep us. Raises LogLost.
        """
        for pipe in self._files:
            while not self.is_over:
                try:
                    data = os.read(pipe, _CHUNK_BYTES)
                except BlockingIOError:
                    break
                if not data:
                    break
                self._keep(pipe, data)

    def _keep(self, pipe: int, data: bytes) -> None:
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        kept = data[: self._left]
        self.is_over = self.is_over or len(kept) < len(data)
        self._left -= len(kept)
        _write(self._files[pipe], kept)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except OSError as error:
            raise LogLost(str(error.strerror)) from error
