"""What a run's folder holds, and the small files in which its supervisor says how it stands.

    lock        held by the supervisor (and before by the one who starts it) as long as it lives
    sandbox     held by the sandbox's first process as long as it lives
    wake        a fifo: a byte in it makes the supervisor look for `cancel`
    cancel      somebody wants it ended
    started     written before the sandbox is started; ended: after it is gone, by rename
    inside      written when the sandbox stands, before its command begins: its first process
    order       (nowhere: the supervisor reads it from its standard input, for it holds secrets)
    scratch/    what the run writes outside its mounts

Lines `name=value`; a half-written file is as good as none.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing costs more than all the rest of the supervisor's start
if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK, SANDBOX, WAKE, CANCEL = "lock", "sandbox", "wake", "cancel"
STARTED, INSIDE, ENDED, SCRATCH = "started", "inside", "ended", "scratch"
_LAST = "whole"  # the last line of a whole file


class Cause:
    """Why a run ended."""

    EXIT = "exit"  # by itself
    CANCELLED = "cancelled"
    MEMORY = "memory"
    DISK = "disk"
    DEPTH = "depth"  # folders nested too deep to be counted
    LOG = "log"
    WALL = "wall"
    EXEC = "exec"  # the command is not there or cannot be executed
    SETUP = "setup"  # the sandbox could not be made
    LOG_LOST = "log_lost"  # its log could not be written


def write(folder: str, name: str, values: Mapping[str, object]) -> None:
    """Whole or not at all."""
    lines = [f"{key}={_quoted(str(value))}" for key, value in values.items() if value is not None]
    part = f"{folder}/.{name}"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, "\n".join([*lines, f"{_LAST}=1", ""]).encode())
    finally:
        os.close(fd)
    os.rename(part, f"{folder}/{name}")


def read(folder: str, name: str) -> dict[str, str] | None:
    """None for a file that is missing or not whole."""
    try:
        fd = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        text = os.read(fd, 65536).decode(errors="replace")
    finally:
        os.close(fd)
    values = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    if values.pop(_LAST, "") != "1":
        return None
    return {key: _unquoted(value) for key, value in values.items()}


def _quoted(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _unquoted(text: str) -> str:
    return text.encode("ascii", "replace").decode("unicode_escape", "replace")
