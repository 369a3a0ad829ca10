"""A command inside a sandbox that runs: this module is a program of its own (`python -I -S`, see execute.py).

It steps into the namespaces of the sandbox's first process, takes that one's limits, gives up every privilege
and the right to get any, and becomes the command. Stdlib only, and of that little.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMESPACES = {
    "user": 0x10000000,
    "mnt": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
_LIMITS = (
    resource.RLIMIT_NPROC, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE,
    resource.RLIMIT_NOFILE,
)  # fmt: skip
_NICE = 5
_STAND_SECONDS = 5.0
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SIGKILL = 1, 38, 22, 9
_PR_CAPBSET_DROP = 24
_FILTER = 2  # SECCOMP_MODE_FILTER
NOT_FOUND, NOT_ENTERED = 121, 122  # codes that no program has by custom
TOLD = 3  # where the exit code is written


def main() -> None:
    order = _read_order()
    try:
        _enter(order)
        child = os.fork()  # the process namespace is for children
    except OSError:
        os.write(TOLD, b"0\n%d" % NOT_ENTERED)
        os._exit(1)
    if child == 0:
        _become(order)
    os.close(1)
    os.close(2)
    os.write(TOLD, b"%d\n" % child)
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    code = ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status
    os.write(TOLD, b"%d" % code)
    os.close(TOLD)
    os.read(0, 1)  # not waited for until then, its number stays its session's and nobody else's
    os._exit(0)


def _enter(order: dict[str, Any]) -> None:
    """The number is looked at before and after: what was opened is the sandbox that the caller means as long
    as its lock is held, which the caller asks once this has said so.
    """
    init = order["init"]
    handle = os.pidfd_open(init)
    os.write(TOLD, b".")
    if os.read(0, 1) != b"x":  # the caller has looked
        os._exit(1)
    _until_it_stands(init)
    kinds = 0
    for name, kind in _NAMESPACES.items():
        if os.stat(f"/proc/{init}/ns/{name}").st_ino != os.stat(f"/proc/self/ns/{name}").st_ino:
            kinds |= kind
    for limit in _LIMITS:
        resource.setrlimit(limit, resource.prlimit(init, limit))
    os.sched_setaffinity(0, os.sched_getaffinity(init))
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    os.closerange(TOLD + 1, handle)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(handle, kinds) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.closerange(TOLD + 1, handle + 1)


def _until_it_stands(init: int) -> None:
    """The sandbox is whole when its first process has started the run's command."""
    until = time.monotonic() + _STAND_SECONDS
    while time.monotonic() < until:
        with open(f"/proc/{init}/task/{init}/children", encoding="ascii") as children:
            if children.read():
                return
        time.sleep(0.005)
    raise OSError


def _become(order: dict[str, Any]) -> None:
    """As bubblewrap starts a command: a session of its own, the filter last."""
    try:
        os.close(TOLD)
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.setsid()
        os.umask(0o022)
        os.chdir(order["where"])
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            os._exit(NOT_ENTERED)
        if order["drops"]:
            _drop(libc)
        if order["seccomp"]:
            _filter(libc, order["seccomp"])
        argv = order["command"]
        os.execve(argv[0], argv, order["environment"])  # noqa: S606 - what the job's owner asked for
    except OSError:
        os._exit(NOT_FOUND)


def _drop(libc: Any) -> None:
    """Every capability: who entered a user namespace has all of them in it."""

    class Header(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))

    class Data(ctypes.Structure):
        _fields_ = (
            ("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)
        )  # fmt: skip

    for capability in range(64):  # of the bounding set; those that the kernel does not know are refused
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, nothing = Header(0x20080522, 0), (Data * 2)()
    if libc.capset(ctypes.byref(header), nothing) != 0:
        os._exit(NOT_ENTERED)


def _filter(libc: Any, rules: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    program = Program(len(rules) // 8, rules)
    if libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) != 0:
        os._exit(NOT_ENTERED)


def _read_order() -> dict[str, Any]:
    """The length in eight digits, then the order; what follows is the caller's word to go on."""
    length = int(os.read(0, 8))
    parts = b""
    while len(parts) < length:
        part = os.read(0, length - len(parts))
        if not part:
            os._exit(1)
        parts += part
    order: dict[str, Any] = marshal.loads(parts)  # noqa: S302 - from our own worker
    return order
