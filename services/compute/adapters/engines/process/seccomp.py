"""System calls that a job does not need and that would take it past its walls or its counters, as a program
for the kernel's filter.

New namespaces would give it mounts of its own, and memory in them that nobody counts; shared segments of the
old kind (shmget) are counted for nobody either; its processors are chosen for it. What is refused here fails
inside the job with EPERM, or with ENOSYS where libraries know another way.
"""

import struct
from collections.abc import Mapping
from typing import Final

_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data; both machines are little-endian
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEW*
_X32 = 0x40000000

_ARCHES: Final[Mapping[str, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE: Final[Mapping[str, int]] = {"x86_64": 56, "aarch64": 220}
_PINNING: Final[Mapping[str, int]] = {"x86_64": 203, "aarch64": 122}  # sched_setaffinity
_SAME: Final[Mapping[str, int]] = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442,
}  # fmt: skip
_FORBIDDEN: Final[Mapping[str, Mapping[str, int]]] = {
    "x86_64": {
        **_SAME, "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308,
        "add_key": 248, "request_key": 249, "keyctl": 250, "perf_event_open": 298, "bpf": 321,
        "userfaultfd": 323, "open_by_handle_at": 304,
    },
    "aarch64": {
        **_SAME, "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268, "add_key": 217,
        "request_key": 218, "keyctl": 219, "perf_event_open": 241, "bpf": 280, "userfaultfd": 282,
        "open_by_handle_at": 265,
    },
}  # fmt: skip
_UNKNOWN: Final[Mapping[str, Mapping[str, int]]] = {
    "x86_64": {"clone3": 435, "io_uring_setup": 425, "memfd_secret": 447, "shmget": 29},
    "aarch64": {"clone3": 435, "io_uring_setup": 425, "memfd_secret": 447, "shmget": 194},
}


def program(machine: str, *, is_pinned: bool) -> bytes:
    """Empty for a machine whose system calls we have no table of. `is_pinned`: it may not leave its
    processors.
    """
    if machine not in _ARCHES:
        return b""
    words = [
        _word(_LOAD, _ARCH_AT),
        _word(_EQUAL, _ARCHES[machine], yes=1),
        _refuse(_ENOSYS),  # another instruction set has other numbers
        _word(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        words += [_word(_AT_LEAST, _X32, no=1), _refuse(_ENOSYS)]
    forbidden = [*_FORBIDDEN[machine].values(), *([_PINNING[machine]] if is_pinned else [])]
    for numbers, error in ((forbidden, _EPERM), (_UNKNOWN[machine].values(), _ENOSYS)):
        for number in numbers:
            words += [_word(_EQUAL, number, no=1), _refuse(error)]
    words += [
        _word(_EQUAL, _CLONE[machine], no=3),
        _word(_LOAD, _FIRST_ARGUMENT_AT),
        _word(_ANY_BIT, _NEW_NAMESPACES, no=1),
        _refuse(_EPERM),
        _word(_RETURN, _ALLOW),
    ]
    return b"".join(words)


def _word(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _refuse(error: int) -> bytes:
    return _word(_RETURN, _ERRNO | error)
