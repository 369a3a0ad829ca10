"""Starting a supervisor: a small Python of its own, in its own session, nobody's child after a moment."""

import contextlib
import marshal
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[5]
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from services.compute.adapters.engines.process.supervisor.__main__ import main; main()"
)
_PATIENCE_SECONDS = 60.0


class LaunchFailed(Exception):
    """No supervisor runs."""


def launch(
    order: Mapping[str, Any], lock: int, complaints: Path, joins: Sequence[tuple[int, int]] = ()
) -> None:
    """`lock` is taken and stays so as long as the supervisor lives; `joins` are namespaces that it joins,
    with their kinds. Returns when it has read the order.

    The interpreter is started without site and environment: it is up in a third of the time, and nothing
    that the worker was started with reaches it. Raises LaunchFailed.
    """
    order = {**order, "lock": lock, "joins": [list(each) for each in joins]}
    argv = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_ROOT)]
    try:
        with complaints.open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own program
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={},
                pass_fds=(lock, *(fd for fd, _ in joins)),
                start_new_session=True,
            )
    except OSError as error:
        raise LaunchFailed(str(error.strerror)) from error
    _hand_over(process, marshal.dumps(order))
    if process.returncode != 0:
        raise LaunchFailed(f"the supervisor ended with {process.returncode} at its start")


def _hand_over(process: subprocess.Popen[bytes], order: bytes) -> None:
    """Write the order and wait until it is taken; no polling, a run's start hangs on it."""
    assert process.stdin is not None
    end = os.pidfd_open(process.pid)
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(order)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        if not _is_over(end):
            process.kill()
    finally:
        os.close(end)
        process.wait()


def _is_over(process: int) -> bool:
    poller = select.poll()  # select takes no large descriptor
    poller.register(process, select.POLLIN)
    return bool(poller.poll(_PATIENCE_SECONDS * 1000))
