"""The process that runs slices: started, told what to do, looked at, ended with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_ROUNDS = 100  # of looking for what is left
_CHUNK = 1 << 18


def adopt_orphans() -> None:
    """What a killed child started becomes this process's, which can find it then."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


class Child:
    def __init__(self, folder: str) -> None:
        command = [sys.executable, "-I", f"{folder}/main.py", folder, "executor"]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.input, self.output = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self.input, False)
        os.set_blocking(self.output, False)
        self.served = 0  # slices
        self.unsent = b""
        self._rest = b""

    def send(self, data: bytes) -> None:
        """As much as it takes now; the rest stays in `unsent`."""
        self.unsent += data
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self.unsent:
                self.unsent = self.unsent[os.write(self.input, self.unsent[:_CHUNK]) :]

    def lines(self) -> list[bytes] | None:
        """What it said by now; None when it has ended and said all."""
        parts = [self._rest]
        is_over = False
        with contextlib.suppress(BlockingIOError):
            part = os.read(self.output, _CHUNK)
            is_over = not part
            parts.append(part)
        *lines, self._rest = b"".join(parts).split(b"\n")
        return None if is_over and not lines else lines

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait()
        _end_orphans()

    def look(self) -> tuple[int, float]:
        """Resident bytes and processor seconds so far."""
        try:
            with open(f"/proc/{self._process.pid}/statm", encoding="ascii") as file:
                pages = int(file.read().split()[1])
            with open(f"/proc/{self._process.pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(") ")[2].split()
        except (OSError, IndexError, ValueError):
            return 0, 0.0
        ticks = int(fields[11]) + int(fields[12])
        return pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")


def _end_orphans() -> None:
    """All that is still ours, round by round: killing one brings those that it had started."""
    for _ in range(_ROUNDS):
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                found = [int(pid) for pid in file.read().split()]
        except OSError:
            return
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
