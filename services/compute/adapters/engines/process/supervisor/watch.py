"""One run from its start to the file that says how it ended."""

from __future__ import annotations

import os
import select
import time

from services.compute.adapters.engines.disk import Count, TooDeep
from services.compute.adapters.engines.memory import Gauge
from services.compute.adapters.engines.process import facts
from services.compute.adapters.engines.process.facts import Cause
from services.compute.adapters.engines.process.supervisor.capture import Capture, LogLost
from services.compute.adapters.engines.process.supervisor.sandbox import Sandbox, SetupFailed

TYPE_CHECKING = False  # typing costs more than all the rest of the supervisor's start
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MEMORY_SECONDS = 0.05
_DISK_SECONDS = 0.1
_SHARE = 10  # a measurement that takes long is made the more seldom: at most a tenth of our time
_NOT_EXECUTED = (b"setpriv: failed to execute", b"bwrap: execvp", b"/usr/bin/env: ")
_EXEC_CODES = (126, 127)


class Watch:
    """`order` is what launch.py made."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._folder: str = order["folder"]
        self._limits = order["limits"]
        self._cause: str | None = None
        self._evidence = ""
        self._started_at = time.time()
        self._begin = time.monotonic()
        self._capture = Capture(order["logs"], self._limits["log_bytes"])
        self._sandbox: Sandbox | None = None
        self._gauge = Gauge(0)
        self._memory_at = self._disk_at = self._begin
        self._counting: Iterator[None] | None = None
        self._count = Count((), None)
        self._count_began = self._begin

    def run(self) -> None:
        """Open the door for those who cancel before looking whether somebody has: one of the two is seen."""
        wake = os.open(f"{self._folder}/{facts.WAKE}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        cpus = ",".join(str(cpu) for cpu in self._order["cpus"])
        known = {"pid": os.getpid(), "started_at": self._started_at, "cpus": cpus, **self._limits}
        facts.write(self._folder, facts.STARTED, known)
        if self._is_cancelled():
            self._write_end(Cause.CANCELLED)
            return
        try:
            self._sandbox = Sandbox(self._order, self._capture.ends)
        except SetupFailed as failed:
            self._capture.close_ends()
            self._drain()
            self._write_end(Cause.SETUP, evidence=str(failed) or _text(self._capture.head))
            return
        self._capture.close_ends()
        self._gauge = Gauge(self._sandbox.init)
        inside = {"pid": self._sandbox.init, "cpus": cpus, "image": self._order["image"]}
        facts.write(self._folder, facts.INSIDE, inside)
        self._sandbox.let_go()
        self._attend(self._sandbox, wake)
        self._finish(self._sandbox)

    def _attend(self, sandbox: Sandbox, wake: int) -> None:
        """Until bubblewrap is gone."""
        end = os.pidfd_open(sandbox.pid)
        poller = select.poll()
        for fd in (end, wake, *self._capture.pipes):
            poller.register(fd, select.POLLIN)
        alive = True
        while alive:
            for fd, _ in poller.poll(self._patience() * 1000):
                if fd == end:
                    alive = False
                elif fd == wake:
                    os.read(wake, 4096)
                    if self._is_cancelled():
                        self._end(Cause.CANCELLED)
                elif not self._pump(fd):
                    poller.unregister(fd)
            self._check(time.monotonic())
        os.close(end)

    def _patience(self) -> float:
        if self._cause is not None:
            return 1.0
        if self._counting is not None:
            return 0.0
        due: float = min(self._memory_at, self._disk_at, self._begin + self._limits["wall_seconds"])
        return max(0.001, due - time.monotonic())

    def _pump(self, pipe: int) -> bool:
        try:
            more = self._capture.pump(pipe)
        except LogLost as error:
            self._end(Cause.LOG_LOST, str(error))
            return False
        if self._capture.is_over:
            self._end(Cause.LOG)
            return False
        return more

    def _check(self, now: float) -> None:
        if self._cause is not None:
            return
        if now - self._begin >= self._limits["wall_seconds"]:
            self._end(Cause.WALL)
        elif now >= self._memory_at:
            if self._gauge.measure(self._limits["memory_bytes"]) > self._limits["memory_bytes"]:
                self._end(Cause.MEMORY)
            took = time.monotonic() - now
            self._memory_at = now + max(_MEMORY_SECONDS, _SHARE * took)
        elif self._counting is not None or now >= self._disk_at:
            self._count_on(now)

    def _count_on(self, now: float) -> None:
        """One slice of the counting that is under way, or of a new one."""
        if self._counting is None:
            self._count = Count(self._order["counted"], self._gauge)
            self._counting, self._count_began = self._count.slices(), now
        try:
            next(self._counting)
        except StopIteration:
            self._counting = None
            ended = time.monotonic()
            self._disk_at = ended + max(_DISK_SECONDS, _SHARE * (ended - self._count_began))
        except TooDeep:
            self._end(Cause.DEPTH)
        if self._count.bytes > self._limits["disk_bytes"]:
            self._end(Cause.DISK)

    def _end(self, cause: str, evidence: str = "") -> None:
        """The first cause is the true one."""
        if self._cause is None:
            self._cause, self._evidence = cause, evidence
            if self._sandbox is not None:
                self._sandbox.kill()

    def _finish(self, sandbox: Sandbox) -> None:
        code, executed, usage = sandbox.wait()
        ended_at = time.time()
        by_itself = self._cause is None
        self._sandbox = None
        self._drain()
        if self._cause is None:
            self._last_count()
        head = self._capture.head
        if self._cause is None and (not executed or (code in _EXEC_CODES and head.startswith(_NOT_EXECUTED))):
            self._cause = Cause.EXEC if head.startswith(_NOT_EXECUTED) else Cause.SETUP
            self._evidence = _text(head)
        self._write_end(
            self._cause or Cause.EXIT,
            code=code if by_itself else None,
            evidence=self._evidence,
            ended_at=ended_at,
            cpu=usage.ru_utime + usage.ru_stime,
            memory=max(self._gauge.highest, usage.ru_maxrss * 1024),
        )

    def _drain(self) -> None:
        try:
            self._capture.drain()
        except LogLost as error:
            self._end(Cause.LOG_LOST, str(error))
        if self._capture.is_over:
            self._end(Cause.LOG)

    def _last_count(self) -> None:
        """What the last moment wrote counts too."""
        count = Count(self._order["counted"], None)
        try:
            for _ in count.slices():
                if count.bytes > self._limits["disk_bytes"]:
                    break
        except TooDeep:
            self._cause = Cause.DEPTH
        if count.bytes > self._limits["disk_bytes"]:
            self._cause = Cause.DISK

    def _is_cancelled(self) -> bool:
        return os.path.lexists(f"{self._folder}/{facts.CANCEL}")

    def _write_end(self, cause: str, **known: object) -> None:
        values = {"cause": cause, "started_at": self._started_at, "ended_at": time.time(), **known}
        values["wall"] = time.monotonic() - self._begin
        facts.write(self._folder, facts.ENDED, values)


def _text(head: bytes) -> str:
    lines = head.decode(errors="replace").splitlines()
    return lines[0][:500] if lines else ""
