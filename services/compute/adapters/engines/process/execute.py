"""The engine's side of a command inside a run: starts enter.py, reads what it says, ends it in time."""

import contextlib
import marshal
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.compute.adapters.engines.process.enter import NOT_ENTERED, NOT_FOUND, TOLD
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import Executed

_ROOT = Path(__file__).resolve().parents[5]
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from services.compute.adapters.engines.process.enter import main; main()"
)
_PIECE = 65536
_START_SECONDS: Final = 20.0
_DRAIN_SECONDS: Final = 1.0  # for what a child that was left behind still holds open


class Entered:
    """One command. Use as a context: nothing of it is left afterwards but what hid from its session, and that
    lives under the run's own limits and ends with it.
    """

    def __init__(self, order: Mapping[str, Any]) -> None:
        told, self._tell = os.pipe2(os.O_CLOEXEC)
        self._told = told
        self._session = 0
        document = marshal.dumps(dict(order))
        self._process = _spawn(self._tell)
        os.close(self._tell)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"%08d" % len(document) + document)
            self._process.stdin.flush()

    def __enter__(self) -> "Entered":
        return self

    def __exit__(self, *_: object) -> None:
        if self._session:
            _end_session(self._session)
        self._process.kill()
        for file in (self._process.stdin, self._process.stdout):
            assert file is not None
            with contextlib.suppress(BrokenPipeError):
                file.close()
        self._process.wait()
        os.close(self._told)

    def is_ready(self) -> bool:
        """It holds the sandbox's first process: now is the time to see whether that is the right one."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._told, selectors.EVENT_READ)
            return bool(selector.select(_START_SECONDS)) and os.read(self._told, 1) == b"."

    def run(self, seconds: float, most_bytes: int) -> Executed:
        """Raises Refused."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"x")
            self._process.stdin.flush()
        until = time.monotonic() + seconds
        output, told = self._read(until, most_bytes)
        session, _, told_code = told.partition(b"\n")
        self._session = int(session or b"0")
        code = int(told_code) if told_code else None
        if code == NOT_ENTERED and not output:
            raise _refused("engine_failed", "The job's sandbox could not be entered.")
        if code is None and time.monotonic() < until:
            raise _refused("engine_failed", "The job ended meanwhile.")
        if code == NOT_FOUND and not output:
            raise _refused("command_not_found", "There is no such command in the job.")
        return Executed(code, output[:most_bytes], is_cut=len(output) > most_bytes)

    def _read(self, until: float, most_bytes: int) -> tuple[bytes, bytes]:
        """Until the command has ended or time is up; beyond `most_bytes` is read and dropped."""
        assert self._process.stdout is not None
        out, output, told = self._process.stdout.fileno(), b"", b""
        with selectors.DefaultSelector() as selector:
            for fd in (out, self._told):
                selector.register(fd, selectors.EVENT_READ)
            while selector.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    part = os.read(key.fd, _PIECE)
                    if not part:
                        selector.unregister(key.fd)
                        continue
                    if key.fd == out:
                        output = (output + part)[: most_bytes + 1]
                    else:
                        told += part
                        until = min(until, time.monotonic() + _DRAIN_SECONDS)
        return output, told


def order(
    *, init: int, command: list[str], environment: Mapping[str, str], where: str, drops: bool, seccomp: bytes
) -> dict[str, Any]:
    """What enter.py reads. `drops`: capabilities are to be given up (a user namespace is entered)."""
    return {
        "init": init,
        "command": command,
        "environment": dict(environment),
        "where": where,
        "drops": drops,
        "seccomp": seccomp,
    }


def _spawn(tell: int) -> subprocess.Popen[bytes]:
    """`tell` becomes the descriptor TOLD there."""
    program = f"import os; os.dup2({tell}, {TOLD}); {_PROGRAM}" if tell != TOLD else _PROGRAM
    try:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", "-c", program, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={},
            pass_fds=(tell,),
            start_new_session=True,
        )
    except OSError as error:
        raise _refused("engine_failed", "The command could not be started.", error.strerror or "") from error


def _end_session(session: int) -> None:
    """The command and what it started."""
    for _ in range(3):  # what is forking is found the next time
        found = [pid for pid in _processes() if _session_of(pid) == session]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if found in ([], [session]):
            return


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return 0


def _refused(code: str, sentence: str, evidence: str = "") -> Refused:
    return Refused(Reason(code, sentence, evidence))
