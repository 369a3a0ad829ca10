"""A worker of a deployment with several: `python -m tests.integration.compute.many_workers <database URL>
<folder> <name>`.
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
from services.compute.domain.spec import Image
from services.compute.ports.engines import Abilities, Activity, Handle, Observed, Ready, RunSpec
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep
from tests.nursery import Fork, fork

ENVIRONMENT = Environment(id="small", engine="process", max_jobs=20)
ENVIRONMENTS = '[[environment]]\nid = "small"\nengine = "process"\nimage = "debian"\nmax_jobs = 20\n'
"""The same in the words of the operator's file."""


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

    def pull(self, image: Image | None, say: Callable[[str], None]) -> Ready:
        return Ready()

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

    def gather(self, name: str, count: int) -> Sequence[str]:
        raise AssertionError("no job here is gathered")

    def part(self, name: str) -> None: ...

    def gatherings(self) -> Sequence[str]:
        return ()


def start_worker(url: str, folder: Path, name: str) -> Fork:
    """One, in the environment of this process; its log goes to the folder."""
    arguments = (url, str(folder), name)
    return fork("tests.integration.compute.many_workers", arguments, os.environ, folder / f"{name}.log")


def work(url: str, folder: Path, name: str) -> None:
    stopping = Event()
    absent: Any = None  # no job here has inputs from elsewhere
    store = open_store(url)
    tools = Tools(
        store=store,
        workflows=store,
        engines={"process": FolderEngine(folder / "engine")},
        files=LocalFiles(folder / "files"),
        site=absent,
        provider=absent,
        objects=absent,
        outside=absent,
        sheets=store.sheets,
        catalogue=absent,
        book=EnvironmentBook([ENVIRONMENT]),
        clock=SystemClock(),
        work=folder / "work",
    )
    loop, upkeep = Loop(tools, Pace(worker=name, lease_seconds=20, poll_seconds=0.05)), Upkeep(tools)
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    upkeep.start()
    loop.run(stopping.is_set)
    upkeep.stop()


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
