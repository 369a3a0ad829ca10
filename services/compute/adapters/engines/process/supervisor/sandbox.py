"""The sandbox's processes: started stopped, put under the kernel's limits, let go, ended, counted."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` takes longer to import than all the rest
import ctypes
import os
import resource

from services.compute.adapters.engines.process import facts, locks

TYPE_CHECKING = False  # typing costs more than all the rest of the supervisor's start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25
_NICE = 5  # the services of this machine come first
_DATA_SLACK = 1 << 30
_FILE_SLACK = 256 << 20  # so that the counting sees it first and says why
_OPEN_FILES = 4096


class SetupFailed(Exception):
    """The sandbox did not come up; it has said why on its standard error, or this says it."""


class Sandbox:
    """One bubblewrap. `init` is its first process inside, which takes everything with it when it dies; it
    dies with bubblewrap, and that with us.
    """

    def __init__(self, order: dict[str, Any], ends: Sequence[int]) -> None:
        self._order = order
        _join(order["joins"])
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # so that init's times come to us
        self._status, status = os.pipe2(os.O_CLOEXEC)
        info, info_end = os.pipe2(os.O_CLOEXEC)
        gate = _gate(order["folder"])
        self._gate = os.dup(gate)
        lock = _sandbox_lock(order["folder"])
        options = _as_file("\0".join(order["options"]).encode("utf-8", "surrogateescape"))
        rules = _as_file(order["seccomp"])
        argv = [
            *order["bwrap"], "--args", options, "--info-fd", info_end, "--json-status-fd", status,
            "--block-fd", gate, "--sync-fd", lock, *(["--seccomp", rules] if order["seccomp"] else []),
            "--", *order["command"],
        ]  # fmt: skip
        theirs = (options, rules, info_end, status, gate, lock)
        for fd in theirs:
            os.set_inheritable(fd, True)
        self.pid = _spawn([str(part) for part in argv], ends)
        for fd in theirs:
            os.close(fd)
        self.init = self._first_process(info)
        self._init_handle = _handle(self.init)
        os.close(info)

    def _times_of_all(self, usage: Any) -> Any:
        """Of the first process and all that it waited for; `usage` (bubblewrap's) if that waited for it."""
        try:
            return os.wait4(self.init, 0)[2]
        except ChildProcessError:
            return usage

    def _first_process(self, info: int) -> int:
        told = b""
        while part := os.read(info, 4096):
            told += part
        _, mark, rest = told.partition(b'"child-pid":')
        if not mark:
            os.waitpid(self.pid, 0)
            raise SetupFailed
        return int(rest.split(b",")[0].split(b"}")[0])

    def let_go(self) -> None:
        """Put the limits on its first process, which all others inherit, and open the gate."""
        limits = self._order["limits"]
        try:
            _limit(self.init, resource.RLIMIT_NPROC, limits["processes"] + 1)  # and the first process itself
            _limit(self.init, resource.RLIMIT_DATA, 4 * limits["memory_bytes"] + _DATA_SLACK)
            _limit(self.init, resource.RLIMIT_FSIZE, limits["disk_bytes"] + _FILE_SLACK)
            _limit(self.init, resource.RLIMIT_CORE, 0)
            _limit(self.init, resource.RLIMIT_NOFILE, _OPEN_FILES)
            os.setpriority(os.PRIO_PROCESS, self.init, _NICE)
            if self._order["cpus"]:
                os.sched_setaffinity(self.init, self._order["cpus"])
            os.write(self._gate, b"x")
        except (ProcessLookupError, BrokenPipeError):
            pass  # it failed meanwhile: its end tells
        os.close(self._gate)

    def kill(self) -> None:
        """Bubblewrap is our own child and not waited for yet: the number is still its own. Its first process
        asks for its parent's death a moment after it was let go: before that it has to be ended by itself.
        """
        os.kill(self.pid, _SIGKILL)
        if self._init_handle is not None:
            try:  # noqa: SIM105 - contextlib takes longer to import than the supervisor to start
                _signal.pidfd_send_signal(self._init_handle, _SIGKILL)
            except ProcessLookupError:
                pass

    def wait(self) -> tuple[int, bool, Any]:
        """(exit code, or 128 and the signal's number; whether the command was executed; what it used), when
        the last process is gone.
        """
        _, status, usage = os.wait4(self.pid, 0)
        usage = self._times_of_all(usage)
        told = b""
        while part := os.read(self._status, 4096):
            told += part
        code = os.waitstatus_to_exitcode(status)
        return (code if code >= 0 else 128 - code), b'"exit-code"' in told, usage


def _join(namespaces: Sequence[tuple[int, int]]) -> None:
    """One after the other; what is started afterwards lives in them. Raises SetupFailed."""
    libc = ctypes.CDLL(None, use_errno=True)
    for fd, kind in namespaces:
        if libc.setns(fd, kind) != 0:
            error = os.strerror(ctypes.get_errno())
            raise SetupFailed(f"the gathering's network cannot be joined: {error}")
        os.close(fd)


def _handle(pid: int) -> int | None:
    """None for a process that is gone already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _gate(folder: str) -> int:
    """Open to read and to write at once, so that it never ends: bubblewrap takes an end for a word to go on,
    and must not when we have died.
    """
    path = f"{folder}/gate"
    os.mkfifo(path, 0o600)
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    os.unlink(path)
    return fd


def _sandbox_lock(folder: str) -> int:
    fd = os.open(f"{folder}/{facts.SANDBOX}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    locks.take(fd)
    return fd


def _as_file(data: bytes) -> int:
    """Where nobody else reads it: environment variables may be secrets, and command lines are public."""
    fd = os.memfd_create("options")
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _spawn(argv: list[str], ends: Sequence[int]) -> int:
    """With nothing of our environment: it would choose libraries for bubblewrap itself."""
    nothing = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    actions = [
        (os.POSIX_SPAWN_DUP2, nothing, 0),
        (os.POSIX_SPAWN_DUP2, ends[0], 1),
        (os.POSIX_SPAWN_DUP2, ends[-1], 2),
    ]
    try:
        return os.posix_spawn(argv[0], argv, {}, file_actions=actions, setsigdef=[_SIGPIPE, _SIGXFSZ])
    except OSError as error:
        raise SetupFailed from error
    finally:
        os.close(nothing)


def _limit(pid: int, kind: int, value: int) -> None:
    """Never above what we have ourselves."""
    _, hard = resource.prlimit(pid, kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.prlimit(pid, kind, (value, value))
