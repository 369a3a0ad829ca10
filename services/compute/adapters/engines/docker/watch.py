"""What the engine does about a run while it runs: its log, its clock, its disk, what it used.

Docker itself holds memory, processes and cpus down. A worker that dies takes nothing with it: the next one
that asks about the run takes the watch up again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from services.compute.adapters.engines.disk import Count, TooDeep
from services.compute.adapters.engines.docker import notes
from services.compute.adapters.engines.docker.cgroup import Cgroup, cgroup_of
from services.compute.adapters.engines.docker.containers import OVER, Containers
from services.compute.adapters.engines.docker.daemon import Daemon
from services.compute.adapters.engines.docker.outcome import MEMORY_FULL, at
from services.compute.adapters.engines.docker.pump import Budget, Pump
from services.compute.adapters.engines.docker.record import Record
from services.compute.adapters.engines.memory import Gauge
from services.compute.domain.job import Usage
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import EngineAway

SLICE_SECONDS: Final = 0.05
COUNTING_PAUSE: Final = 10  # times as long as the counting took
STOP_SECONDS: Final = 5.0
FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0
SETTLING_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_log = logging.getLogger(__name__)


class Watch:
    """Its threads begin at once; `clock` tells UTC seconds."""

    def __init__(
        self,
        daemon: Daemon,
        containers: Containers,
        container: str,
        record: Record,
        clock: Callable[[], float],
    ) -> None:
        self.container = container
        self.record = record
        self.usage = Usage()
        self.started_at: float | None = None
        self._cgroup: Cgroup | None = None
        self._process = 0  # the container's first, on this machine
        self._scratch: list[str] = []
        self._containers = containers
        self._clock = clock
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._verdict = notes.read_verdict(record)
        self._next_disk = self._counting_seconds = 0.0
        self._count = Count([], None)
        self._slices: Iterator[None] | None = None
        budget = Budget(record.limits.log_bytes)
        self._pumps = [Pump(daemon, container, kind, file, budget) for kind, file in record.log_files.items()]
        self._threads = [
            threading.Thread(target=self._pump, args=(pump,), name=f"log {record.tag}", daemon=True)
            for pump in self._pumps
        ]
        for thread in self._threads:
            thread.start()

    @property
    def verdict(self) -> notes.Verdict | None:
        return self._verdict

    def is_complete(self, wait_seconds: float = 0) -> bool:
        """Whether the whole log is in its files."""
        until = time.monotonic() + wait_seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Follow no more; the run goes on. Returns when no thread is left that uses the connection."""
        self._stopped.set()
        for pump in self._pumps:
            pump.stop()
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def end(self, reason: Reason) -> None:
        """Kill it for a reason that is written down before; the first one stays."""
        with self._lock:
            if self._verdict is None:
                self._verdict = notes.Verdict(self._clock(), reason)
                notes.write_verdict(self.record, self._verdict)
        self._containers.kill(self.container)

    def started(self, state: Mapping[str, Any], scratch: Iterable[str]) -> None:
        """The container runs, or ran: what it says of itself, and its folders of its own."""
        process = int(state.get("Pid") or 0)
        if process:
            self._cgroup = cgroup_of(process, self.container)
        if self._cgroup is not None:
            self._process = process
            self._scratch = [f"/proc/{process}/root{path}" for path in scratch]
        self.started_at = at(state["StartedAt"])

    def look(self) -> None:
        """Hold it to its limits. Called again and again; EngineAway passes."""
        if self.started_at is None:
            return
        now, limits = self._clock(), self.record.limits
        if now > self.started_at + limits.wall_seconds:
            self.end(Reason("run_timeout", f"It ran longer than {limits.wall_seconds:g} s."))
            return
        if self._cgroup is not None:
            self._note_usage(self._cgroup)
        if now >= self._next_disk:
            self._look_at_disk()

    def _look_at_disk(self) -> None:
        """A part of the counting, or its end: large trees take many looks and are counted less often."""
        limit = self.record.limits.disk_bytes
        began = time.monotonic()
        if self._slices is None:
            gauge = Gauge(self._process) if self._process else None
            self._count = Count([*map(str, self.record.writable), *self._scratch], gauge)
            self._slices, self._counting_seconds = self._count.slices(), 0.0
        try:
            for _ in self._slices:
                if self._count.bytes > limit or time.monotonic() - began > SLICE_SECONDS:
                    break
            else:
                self._slices = None
        except TooDeep:
            self._slices = None
            self.end(Reason("disk_limit", "It made folders in folders deeper than anybody could collect."))
        self._counting_seconds += time.monotonic() - began
        if self._count.bytes > limit:
            self._slices = None
            self.end(Reason("disk_limit", f"It wrote more than the {limit} bytes that it may."))
        if self._slices is None:
            self._next_disk = self._clock() + COUNTING_PAUSE * self._counting_seconds

    def _note_usage(self, cgroup: Cgroup) -> None:
        usage = cgroup.usage()
        if usage.max_memory_bytes is not None:  # the group is gone with the container's end
            self.usage = usage
        if cgroup.memory_kills():
            self.end(MEMORY_FULL)

    def _pump(self, pump: Pump) -> None:
        """Until the container has ended, or is gone, and its log was read to the end after that."""
        wait = FIRST_WAIT_SECONDS
        while not self._stopped.is_set():
            try:
                if pump.follow(self._over) and self._is_full():
                    return
                found = self._settled()
                if found is None or (found["State"]["Status"] in OVER and pump.finish(self._over)):
                    return
            except EngineAway:
                _log.warning("the Docker Engine is away while %s runs", self.record.tag)
            self._stopped.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _settled(self) -> Mapping[str, Any] | None:
        """The container a moment after its streams ended: it ends itself a little later. None when it is
        gone.
        """
        for pause in SETTLING_SECONDS:
            found = self._containers.inspect(self.container)
            if found is None or found["State"]["Status"] in OVER or self._stopped.wait(pause):
                break
        return found

    def _over(self) -> None:
        limit = self.record.limits.log_bytes
        self.end(Reason("log_limit", f"It wrote more than the {limit} bytes of log that it may."))

    def _is_full(self) -> bool:
        return self._verdict is not None and self._verdict.reason.code == "log_limit"
