"""The networks of gatherings: each is kept by a small process (holder.py) and has a folder beside the runs'.

    lock        held by the holder as long as it lives, and before by the one who starts it
    inside      written when the network stands: the holder and the number of its network
    wake        a fifo: a byte in it ends the holder; cancel: it is to end, should it not listen yet

All instances have one address: the loopback of that network.
"""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from services.compute.adapters.engines.process import facts, locks
from services.compute.adapters.engines.process.holder import NEW_NET, NEW_USER
from services.compute.adapters.engines.process.runs import TRASH, RunFolders
from services.compute.adapters.engines.process.trees import remove_tree
from services.compute.domain.errors import Refused
from services.compute.domain.ids import gathered_attempt
from services.compute.domain.reasons import Reason

ADDRESS: Final = "127.0.0.1"
MISSING: Final = "This machine's kernel lets the service make no network for a job's instances."
_ROOT: Final = Path(__file__).resolve().parents[5]
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from services.compute.adapters.engines.process.holder import {0}; {0}()"
)
_START_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.01
_WAKE: Final = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


@cache
def is_possible() -> bool:
    """Whether this machine lets us make them; tried once."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", "-c", _PROGRAM.format("try_out"), str(_ROOT)],
            env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_START_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class Gatherings:
    """In the folder of the runs. All may raise OSError."""

    def __init__(self, folders: RunFolders) -> None:
        self._folders = folders

    def gather(self, name: str) -> None:
        """Raises Refused (resources_refused, engine_failed)."""
        if gathered_attempt(name) is None:
            raise _failed("the gathering's name is none of ours")
        if not is_possible():
            raise Refused(Reason("resources_refused", MISSING))
        folder = self._folders.root / name
        until = time.monotonic() + _START_SECONDS
        while self._holder(folder) is None:
            lock = _prepare(folder)
            try:
                if locks.take(lock) and self._holder(folder) is None:
                    self._start(name, folder, lock)
            finally:
                os.close(lock)
            if time.monotonic() > until:
                raise _failed("its network did not come up in time")
            time.sleep(_PAUSE_SECONDS)  # another starts it this moment

    @contextlib.contextmanager
    def entry(self, name: str) -> Iterator[Sequence[tuple[int, int]]]:
        """Descriptors of the namespaces that a member joins one after the other, with their kinds. Raises
        Refused (engine_failed).
        """
        folder = self._folders.root / name
        holder = self._holder(folder) if gathered_attempt(name) is not None else None
        kinds = [("net", NEW_NET)] if os.geteuid() == 0 else [("user", NEW_USER), ("net", NEW_NET)]
        with contextlib.ExitStack() as stack:
            opened: list[tuple[int, int]] = []
            for kind, flag in kinds if holder is not None else []:
                with contextlib.suppress(FileNotFoundError):
                    fd = os.open(f"/proc/{holder}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                    stack.callback(os.close, fd)
                    opened.append((fd, flag))
            # Looked at once more: a number becomes another's only when its process is gone.
            if len(opened) < len(kinds) or self._holder(folder) != holder:
                raise _failed("the gathering is gone")
            yield opened

    def part(self, name: str) -> None:
        if gathered_attempt(name) is None:
            return
        folder = self._folders.root / name
        try:
            (folder / facts.CANCEL).touch(mode=0o600)
        except (FileNotFoundError, NotADirectoryError):
            return
        with contextlib.suppress(OSError):  # nobody listens: it looks at its start, or is gone
            fd = os.open(folder / facts.WAKE, _WAKE)
            try:
                os.write(fd, b"x")
            finally:
                os.close(fd)
        until = time.monotonic() + _END_SECONDS
        while locks.is_held(str(folder / facts.LOCK)) and time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)
        doomed = folder.with_name(f"{TRASH}{uuid.uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(doomed)
            remove_tree(doomed)

    def names(self) -> Sequence[str]:
        try:
            return [
                name for name in sorted(os.listdir(self._folders.root)) if gathered_attempt(name) is not None
            ]
        except FileNotFoundError:
            return []

    def _holder(self, folder: Path) -> int | None:
        """Its number; None for one that is not ready, or gone. What an earlier one wrote names a process that
        is gone, or one elsewhere.
        """
        inside = facts.read(str(folder), facts.INSIDE)
        if inside is None or not locks.is_held(str(folder / facts.LOCK)):
            return None
        try:
            net = os.stat(f"/proc/{inside['pid']}/ns/net").st_ino
        except (FileNotFoundError, PermissionError):
            return None
        return int(inside["pid"]) if net == int(inside["net"]) else None

    def _start(self, name: str, folder: Path, lock: int) -> None:
        """With the lock. A network in whose old one something runs is not made anew: it would be in two."""
        if any(tag.startswith(f"{name}.") and self._is_alive(tag) for tag in self._folders.tags()):
            raise _failed("the gathering was lost under its runs")
        argv = [sys.executable, "-I", "-S", "-c", _PROGRAM.format("main"), str(_ROOT), str(folder), str(lock)]
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                argv, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                pass_fds=(lock,), start_new_session=True, timeout=_START_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _failed("its network did not come up in time") from error
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _failed(said[-1][:200] if said else "its network did not come up")

    def _is_alive(self, tag: str) -> bool:
        run = self._folders.of(tag)
        return run is not None and run.ended() is None and run.is_alive


def _prepare(folder: Path) -> int:
    """Make the folder and open its lock, not yet taken."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkfifo(folder / facts.WAKE, 0o600)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(folder / facts.LOCK, flags, 0o600)


def _failed(evidence: str) -> Refused:
    return Refused(Reason("engine_failed", "The run's instances could not be gathered.", evidence))
