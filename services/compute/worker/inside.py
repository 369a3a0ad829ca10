"""Folders that a job or an archive may have filled, used from outside: opened one below the other, by
descriptor, and never through a link.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotPlain(OSError):
    """What stands there is no plain file."""


def open_folder(base: Path, parts: Sequence[str], mode: int | None = None) -> int:
    """A descriptor, for the caller to close. With `mode`, folders that are missing are made with it. Raises
    OSError, also for a link on the way.
    """
    at = os.open(base, FOLDER)
    try:
        for part in parts:
            below = _open_one(at, part, mode)
            os.close(at)
            at = below
    except BaseException:
        os.close(at)
        raise
    return at


def make_folder(base: Path, parts: Sequence[str], mode: int) -> None:
    """Unless it is there. Raises OSError."""
    os.close(open_folder(base, parts, mode))


def open_file(base: Path, parts: Sequence[str]) -> BinaryIO:
    """For reading. Raises OSError; NotPlain for what is no plain file."""
    if not parts:
        raise NotPlain("it is a folder")
    at = open_folder(base, parts[:-1])
    try:
        opened = os.open(parts[-1], _READ, dir_fd=at)
    finally:
        os.close(at)
    return os.fdopen(_plain(opened), "rb")


def new_file(base: Path, parts: Sequence[str], mode: int, folder_mode: int) -> BinaryIO:
    """In the place of what was there, but for a folder; folders on the way are made. Raises OSError."""
    at = open_folder(base, parts[:-1], folder_mode)
    try:
        clear_place(at, parts[-1])
        opened = os.open(parts[-1], _NEW, 0o600, dir_fd=at)
    finally:
        os.close(at)
    os.fchmod(opened, mode)
    return os.fdopen(opened, "wb")


def append_file(base: Path, parts: Sequence[str], mode: int) -> BinaryIO:
    """A plain file that is there, or a new one with `mode`; what is written comes behind the rest. Raises
    OSError, NotPlain.
    """
    at = open_folder(base, parts[:-1])
    try:
        try:
            opened = os.open(parts[-1], _NEW | os.O_APPEND, 0o600, dir_fd=at)
            os.fchmod(opened, mode)
        except FileExistsError:
            opened = _plain(os.open(parts[-1], _APPEND, dir_fd=at))
    finally:
        os.close(at)
    return os.fdopen(opened, "ab", buffering=0)


def clear_place(folder: int, name: str) -> None:
    """Remove what stands there unless it is a folder. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _open_one(at: int, part: str, mode: int | None) -> int:
    if mode is not None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=at)
            made = os.open(part, FOLDER, dir_fd=at)
            os.fchmod(made, mode)
            return made
    return os.open(part, FOLDER, dir_fd=at)


def _plain(opened: int) -> int:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise NotPlain("it is no plain file")
    return opened
