"""How much of the disk a run holds: everything below its writable folders, and what it deleted and still has
open. Counted in slices, so that the run's other limits are looked at meanwhile; no symlink is followed.

Like memory.py, part of the process engine's supervisor too: it imports the standard library's smallest parts
only.
"""

from __future__ import annotations

import os
import stat

from services.compute.adapters.engines.memory import Gauge

TYPE_CHECKING = False  # typing costs more than all the rest of a supervisor's start
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

MAX_DEPTH = 200
ENTRY_BYTES = 256  # an inode is not free either
_SLICE = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TooDeep(Exception):
    """Nested deeper than anybody could collect."""


class Count:
    """One counting, from the start to the end: `for _ in count.slices()`, then `bytes`."""

    def __init__(self, folders: Sequence[str], gauge: Gauge | None) -> None:
        self._folders = folders
        self._gauge = gauge
        self._seen: set[tuple[int, int]] = set()
        self._entries = 0
        self.bytes = 0

    def slices(self) -> Iterator[None]:
        """Raises TooDeep."""
        for folder in self._folders:
            fd = _open_folder(folder, None)
            if fd is not None:
                yield from self._walk(fd)
        if self._gauge is not None:
            for name in self._gauge.processes():
                self._deleted(self._gauge.proc(), name)
                yield

    def _walk(self, top: int) -> Iterator[None]:
        levels: list[tuple[int, Any]] = [(top, os.scandir(top))]
        try:
            while levels:
                folder, entries = levels[-1]
                below = self._next_folder(folder, entries)
                if below is None:
                    os.close(folder)
                    levels.pop()
                elif below >= 0:
                    if len(levels) > MAX_DEPTH:
                        os.close(below)
                        raise TooDeep
                    levels.append((below, os.scandir(below)))
                else:
                    yield
        finally:
            for folder, entries in levels:
                entries.close()
                os.close(folder)

    def _next_folder(self, folder: int, entries: Any) -> int | None:
        """Count on until a folder comes: that, open; -1 after a slice; None at the end."""
        for entry in entries:
            self._entries += 1
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            self._add(found)
            if stat.S_ISDIR(found.st_mode) and (below := _open_folder(entry.name, folder)) is not None:
                return below
            if self._entries % _SLICE == 0:
                return -1
        entries.close()
        return None

    def _add(self, found: os.stat_result) -> None:
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in self._seen:
                return
            self._seen.add((found.st_dev, found.st_ino))
        self.bytes += found.st_blocks * 512 + ENTRY_BYTES

    def _deleted(self, proc: int | None, name: str) -> None:
        """Files that have no name any more (and memory files, which never had one) and are open."""
        try:
            fds = os.open(f"{name}/fd", _FOLDER, dir_fd=proc)
        except OSError:
            return
        try:
            for number in os.listdir(fds):
                self._add_deleted(number, fds)
        except OSError:  # it ended meanwhile
            return
        finally:
            os.close(fds)

    def _add_deleted(self, number: str, fds: int) -> None:
        try:
            found = os.stat(number, dir_fd=fds)
        except OSError:
            return
        key = (found.st_dev, found.st_ino)
        if found.st_nlink == 0 and stat.S_ISREG(found.st_mode) and key not in self._seen:
            self._seen.add(key)
            self.bytes += found.st_blocks * 512


def _open_folder(name: str, parent: int | None) -> int | None:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        return _open_locked(name, parent)
    except OSError:
        return None


def _open_locked(name: str, parent: int | None) -> int | None:
    """A folder that its owner (the run, and we with it) closed to itself."""
    try:
        held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return None
    try:
        os.chmod(f"/proc/self/fd/{held}", 0o700)
        return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    finally:
        os.close(held)
