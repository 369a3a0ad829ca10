"""Ending processes that are known by a file they hold open, and by nothing else."""

import contextlib
import os
import signal
from pathlib import Path

_NAME = b"bwrap\n"


def kill_holders(path: Path) -> None:
    """Kill every bubblewrap that has the file open (others only look whether it is held). A number is looked
    at again when its process is held by a descriptor: it cannot become somebody else's in between.
    """
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                _kill_if_holder(int(name), (found.st_dev, found.st_ino))


def _kill_if_holder(pid: int, file: tuple[int, int]) -> None:
    if not _holds(pid, file):
        return
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            if _holds(pid, file):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)


def _holds(pid: int, file: tuple[int, int]) -> bool:
    try:
        if Path(f"/proc/{pid}/comm").read_bytes() != _NAME:
            return False
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    return any(_file(f"/proc/{pid}/fd/{number}") == file for number in numbers)


def _file(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
