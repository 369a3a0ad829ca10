"""Locks of open file descriptions: held as long as anybody has that very opening of the file, over fork and
exec, gone with the last of them. No process ids, so none that is used again.
"""

import errno
import fcntl
import os
import struct

_SHAPE = "hhqqiI"  # struct flock: type, whence, start, length, pid, filling


def take(fd: int) -> bool:
    """Lock the whole file, if nobody else has; `fd` is open for writing."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack(_SHAPE, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def is_held(path: str) -> bool:
    """Whether anybody holds it, without taking it; a missing file is held by nobody."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        asked = struct.pack(_SHAPE, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0, 0)
        found = struct.unpack(_SHAPE, fcntl.fcntl(fd, fcntl.F_OFD_GETLK, asked))
    finally:
        os.close(fd)
    return bool(found[0] != fcntl.F_UNLCK)
