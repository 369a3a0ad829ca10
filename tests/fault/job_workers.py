"""Workers that are made to be killed: forked from a process that has imported everything, ready in
milliseconds. Their jobs leave a line outside of everything a worker touches, for each time they run.

Run as `python -m tests.fault.job_workers <folder>`, or another module that calls `serve` with a yard of its
own; each line on its input starts one, and is answered with its pid.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from services.compute.adapters.clock import SystemClock
from services.compute.adapters.engines.process.engine import ProcessEngine, end_all
from services.compute.adapters.files_local import LocalFiles
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.ports.engines import Engine, Handle, Mount, RunSpec
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep

OUTSIDE = "/outside"
LEASE_SECONDS = 0.5
POLL_SECONDS = 0.05
ENVIRONMENT = Environment(id="small", engine="process", max_jobs=3, image="debian")


def marked(spec: RunSpec, outside: Path) -> RunSpec:
    """With a folder that no worker knows of."""
    return replace(spec, mounts=(*spec.mounts, Mount(host=outside, path=OUTSIDE, writable=True)))


class MarkingEngine(ProcessEngine):
    def __init__(self, root: Path, outside: Path) -> None:
        super().__init__(root)
        self._outside = outside

    def submit(self, spec: RunSpec) -> Handle:
        return super().submit(marked(spec, self._outside))


class Yard:
    """One deployment's folders; its engine is the process engine."""

    environment = ENVIRONMENT
    workers = "tests.fault.job_workers"  # the module that makes them

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.outside = folder / "outside"
        self.log = folder / "workers.log"

    def make(self) -> None:
        for path in (self.work, self.outside):
            path.mkdir()
        self.outside.chmod(0o777)

    def store(self) -> SqlJobStore:
        return open_store(f"sqlite:///{self.folder}/compute.db")

    def engine(self) -> Engine:
        return MarkingEngine(self.work / ".process", self.outside)

    def clear(self) -> None:
        """End whatever still runs."""
        end_all(self.work / ".process")

    def left(self) -> list[str]:
        """Runs and gatherings that the engine knows, and folders of jobs."""
        return [
            *self.engine().tags(),
            *self.engine().gatherings(),
            *(path.name for path in self.work.iterdir() if path.name != ".process"),
        ]

    def tools(self) -> Tools:
        absent: Any = None  # no job here has inputs from elsewhere
        store = self.store()
        return Tools(
            store=store,
            workflows=store,
            engines={self.environment.engine: self.engine()},
            files=LocalFiles(self.folder / "files"),
            site=absent,
            provider=absent,
            objects=absent,
            outside=absent,
            sheets=store.sheets,
            catalogue=absent,
            book=EnvironmentBook([self.environment]),
            clock=SystemClock(),
            work=self.work,
        )


def live(yard: Yard) -> None:
    """A worker, until SIGTERM or death."""
    logging.basicConfig(filename=yard.log, level=logging.INFO, format="%(process)d %(message)s %(exc_info)s")
    stopping = Event()
    tools = yard.tools()
    pace = Pace(worker=f"w-{os.getpid()}", lease_seconds=LEASE_SECONDS, poll_seconds=POLL_SECONDS)
    loop, upkeep = Loop(tools, pace), Upkeep(tools)

    def stop(*_: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    upkeep.start()
    loop.run(stopping.is_set)
    upkeep.stop()


class Nursery:
    """The other end: starts workers, and ends them."""

    def __init__(self, yard: Yard) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", yard.workers, str(yard.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def serve(yard: Yard) -> None:
    for _ in sys.stdin:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        pid = os.fork()
        if pid == 0:
            try:
                live(yard)
            except Exception:
                logging.exception("the worker broke")
                sys.stderr.write(f"a worker broke: see {yard.log}\n")
            finally:
                os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(Yard(Path(sys.argv[1])))
