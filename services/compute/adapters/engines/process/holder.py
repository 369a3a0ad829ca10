"""What keeps a gathering's network: a program of its own (`python -I -S`, see gatherings.py).

It makes a network namespace with a loopback and nothing else, as an ordinary user in a user namespace of its
own, says so, and waits for a word in its fifo. The network lives as long as it, and the runs in it, do. Of
the standard library little, and nothing else.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys

from services.compute.adapters.engines.process import facts

NEW_USER, NEW_NET = 0x10000000, 0x40000000
MADE, NOT_MADE = b".", b"!"
_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS
_UP = 1


def main() -> None:
    """Arguments: the gathering's folder, whose lock has been taken and is handed on. The first process ends
    when the second has said that the network stands; 1 and a line on standard error when it does not.
    """
    folder, lock = sys.argv[2], int(sys.argv[3])
    heard, say = os.pipe()
    if os.fork():
        os.close(say)
        os._exit(0 if os.read(heard, 1) == MADE else 1)
    os.close(heard)
    os.set_inheritable(lock, False)
    os.chdir("/")
    wake = os.open(f"{folder}/{facts.WAKE}", os.O_RDWR | os.O_CLOEXEC)  # before anybody can be told of us
    try:
        make_network()
        net = os.stat("/proc/self/ns/net").st_ino
        facts.write(folder, facts.INSIDE, {"pid": os.getpid(), "net": net})
    except OSError as error:
        os.write(2, f"{error.strerror or error}\n".encode())
        os._exit(1)
    os.write(say, MADE)
    os.close(say)
    nothing = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    if not os.path.lexists(f"{folder}/{facts.CANCEL}"):
        os.read(wake, 1)
    os._exit(0)


def try_out() -> None:
    """Ends with 0 where such a network can be made."""
    try:
        make_network()
    except OSError:
        os._exit(1)
    os._exit(0)


def make_network() -> None:
    """Of the calling process, which has one thread. Raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    kinds = NEW_NET if uid == 0 else NEW_NET | NEW_USER
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(kinds) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    if kinds & NEW_USER:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        named = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(asking, _GET_FLAGS, named), 16)
        fcntl.ioctl(asking, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
