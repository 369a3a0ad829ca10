"""Ending what a test started."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any, Protocol


class Process(Protocol):
    """What it takes to end one: a subprocess.Popen or a fork of the nursery's."""

    @property
    def pid(self) -> int: ...

    def terminate(self) -> None: ...

    def wait(self, timeout: float | None = None) -> Any: ...


def end_group(process: Process, grace_seconds: float = 20) -> None:
    """Stop a process that was started in a session of its own, and whatever workers it leaves behind."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def none_left(processes: "Iterable[subprocess.Popen[str]]") -> Iterator[None]:
    """Kills at the end whichever still runs, as after a test that failed."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()
