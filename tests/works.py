"""A site with a true engine and a worker that runs."""

import threading
from collections.abc import Callable
from pathlib import Path

from services.compute.adapters.clock import SystemClock
from services.compute.domain.job import Job
from services.compute.domain.spec import Spec
from services.compute.ports.engines import Engine
from services.compute.worker.loop import Loop, Pace
from tests.fakes.compute_site import Site
from tests.waiting import wait_for


class Works:
    """`clear` ends whatever is left with the engine."""

    def __init__(self, folder: Path, engine: Engine, clear: Callable[[], object]) -> None:
        self.site = Site(folder)
        self.site.clock = SystemClock()  # type: ignore[assignment]
        self.site.engine = engine  # type: ignore[assignment]
        self._clear = clear
        self._stopping = threading.Event()
        self._loop = Loop(self.site.tools(), Pace(worker="w1", lease_seconds=10, poll_seconds=0.05))
        self._thread = threading.Thread(target=self._loop.run, args=(self._stopping.is_set,))
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._loop.wake()
        self._thread.join()
        self._clear()

    def run(self, spec: Spec) -> Job:
        job = self.site.submit(spec)
        self._loop.wake()
        wait_for(lambda: self.site.job(job.uid).is_final, "the job to end")
        return self.site.job(job.uid)
