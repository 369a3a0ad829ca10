"""Folders in which a job wrote, handled from outside: no link is followed, no depth and no mode is a trap."""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEPTH = 64  # what lies deeper is moved up first


def make_folder(top: Path, parts: Sequence[str], owner: tuple[int, int] | None) -> None:
    """`top` exists; every part below is a true folder or is made one. Raises OSError for what is a link or
    file.
    """
    folder = os.open(top, _FOLDER)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=folder)
                if owner is not None:
                    os.chown(part, *owner, dir_fd=folder, follow_symlinks=False)
            below = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
    finally:
        os.close(folder)


def remove_tree(top: Path) -> None:
    """Everything at `top`, whatever a job made of it. A missing one is fine. Raises OSError."""
    try:
        with contextlib.suppress(PermissionError):
            os.chmod(top, 0o700, follow_symlinks=True) if not top.is_symlink() else None
        folder = os.open(top, _FOLDER)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        top.unlink(missing_ok=True)
        return
    try:
        _empty(folder)
    finally:
        os.close(folder)
    top.rmdir()


def _empty(top: int) -> None:
    """Walk with the folders' descriptors; a folder that lies too deep moves up to `top`, whose turn comes
    again.
    """
    moved = 0
    while names := os.listdir(top):
        levels = [(top, "", names)]
        while levels:
            folder, own_name, left = levels[-1]
            if not left:
                levels.pop()
                if levels:
                    os.close(folder)
                    os.rmdir(own_name, dir_fd=levels[-1][0])
                continue
            name = left.pop()
            below = _remove_or_open(name, folder)
            if below is None:
                continue
            if len(levels) >= _DEPTH:
                os.close(below)
                moved += 1
                os.rename(name, f".deep-{os.getpid()}-{moved}", src_dir_fd=folder, dst_dir_fd=top)
            else:
                levels.append((below, name, os.listdir(below)))


def _remove_or_open(name: str, folder: int) -> int | None:
    """Remove what is no folder; open a folder, which its owner may have closed."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            return None
    except FileNotFoundError:
        return None
    held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{held}", 0o700)
        return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(held)
