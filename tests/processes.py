"""Ending what a test started."""

import contextlib
import os
import signal
import subprocess


def end_group(process: "subprocess.Popen[bytes]", grace_seconds: float = 20) -> None:
    """Stop a process that was started in a session of its own, and whatever workers it leaves behind."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
