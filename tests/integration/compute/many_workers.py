"""A process of a deployment with several: a worker, or whoever submits jobs.

`python -m tests.integration.compute.many_workers worker|submit <database URL> <folder> <name> [<jobs>]`
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from services.compute.adapters.clock import SystemClock
from services.compute.adapters.files_local import LocalFiles
from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.ids import Tag
from services.compute.domain.job import NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Image, Role, Spec, Task
from services.compute.ports.engines import Abilities, Activity, Handle, Observed, RunSpec
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep

ENVIRONMENT = Environment(id="small", engine="process", max_jobs=20)


class FolderEngine:
    """Runs are files that all workers see. A run that is started adds a line, and has ended well."""

    name = "process"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._runs = root / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)

    def abilities(self) -> Abilities:
        return Abilities(pins_images=False)

    def ping(self) -> None: ...

    def check(self, spec: RunSpec) -> None: ...

    def pull(self, image: Image | None, say: Callable[[str], None]) -> None: ...

    def submit(self, spec: RunSpec) -> Handle:
        try:
            (self._runs / spec.tag).touch(exist_ok=False)
        except FileExistsError:
            return Handle(spec.tag)
        with (self._root / "starts").open("a") as starts:
            starts.write(f"{spec.tag} {os.getpid()}\n")
        return Handle(spec.tag)

    def find(self, tag: Tag) -> Handle | None:
        return Handle(tag) if (self._runs / tag).exists() else None

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        now = time.time()
        return {
            handle: Observed(activity=Activity.ENDED, started_at=now, ended_at=now, exit_code=0)
            for handle in handles
        }

    def cancel(self, handle: Handle) -> None: ...

    def remove(self, handle: Handle) -> None:
        (self._runs / handle).unlink(missing_ok=True)

    def tags(self) -> Sequence[Tag]:
        return [Tag(path.name) for path in self._runs.iterdir()]


def work(url: str, folder: Path, name: str) -> None:
    stopping = Event()
    provider: Any = None  # no job here has grants
    tools = Tools(
        store=open_store(url),
        engines={"process": FolderEngine(folder / "engine")},
        files=LocalFiles(folder / "files"),
        provider=provider,
        book=EnvironmentBook([ENVIRONMENT]),
        clock=SystemClock(),
        work=folder / "work",
    )
    loop, upkeep = Loop(tools, Pace(worker=name, lease_seconds=20, poll_seconds=0.05)), Upkeep(tools)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    upkeep.start()
    loop.run(stopping.is_set)
    upkeep.stop()


def submit(url: str, name: str, count: int) -> None:
    store, quotas = open_store(url), Quotas(principal=Quota())
    for number in range(count):
        spec = Spec(environment=ENVIRONMENT.id, roles=(Role(tasks=(Task(command=("true",)),)),))
        new = NewJob(owner=f"person:{number % 7}", dialect="native", spec=spec, name=f"{name}-{number}")
        store.submit(new, quotas, time.time())
    store.close()


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        work(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        submit(sys.argv[2], sys.argv[4], int(sys.argv[5]))
