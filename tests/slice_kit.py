"""Sliced jobs on the process engine with a worker of the test's own, on SQLite."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.environments import Environment
from services.compute.domain.job import Job, NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.slices import Block, Form, NewSlices, SliceCounts, SliceResult, SliceState
from services.compute.slicework.spec import JAVASCRIPT, Place, Work, sliced_spec
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.tools import Tools
from tests.fault.job_workers import LEASE_SECONDS, POLL_SECONDS, Yard
from tests.waiting import wait_for

UNLIMITED = Quotas(principal=Quota())
OWNER = "person:1"
BLOCK = 1000
IMAGES = {"javascript": "node:22-bookworm-slim", "python": "python:3.12-slim-bookworm"}
DOUBLE = {"javascript": "(x) => x * 2", "python": "lambda x: x * 2"}


class SliceYard(Yard):
    """One deployment's folders."""

    environment = Environment(
        id="small", engine="process", max_jobs=3, image="debian", cpus=4, memory_bytes=8 << 30
    )
    workers = "tests.fault.slice_workers"

    def tools(self) -> Tools:
        tools = super().tools()
        assert isinstance(tools.store, SqlJobStore)
        return replace(tools, slices=tools.store.slices)


def items(values: Sequence[Any]) -> list[Block]:
    blocks = [values[at : at + BLOCK] for at in range(0, len(values), BLOCK)]
    return [Block(Form.ITEMS, len(block), json.dumps(list(block))) for block in blocks]


def submit(
    store: SqlJobStore,
    source: str,
    values: Sequence[Any] = (),
    *,
    blocks: Sequence[Block] | None = None,
    language: str = JAVASCRIPT,
    work: Mapping[str, Any] | None = None,
    **place: Any,
) -> Job:
    """`work` and `place` are fields of Work and Place."""
    spec = sliced_spec(
        Work(language=language, source=source, **(work or {})),
        Place(environment="small", image=IMAGES[language], **place),
    )
    slices = NewSlices(blocks=items(values) if blocks is None else blocks)
    new = NewJob(owner=OWNER, dialect="dcp", spec=spec, slices=slices)
    return store.submit(new, UNLIMITED, time.time()).job


class Results:
    """Of one job, as the store has them."""

    def __init__(self, store: SqlJobStore, job: Job) -> None:
        self._store = store
        self.job = job

    def counts(self) -> SliceCounts:
        return self._store.slices.counts([self.job.id])[self.job.id]

    def all(self) -> list[SliceResult]:
        return list(self._store.slices.results(self.job.id, (), 0, 1_000_000))

    def wait(self, seconds: float = 60.0) -> list[SliceResult]:
        """Until all are over."""
        wait_for(lambda: self.counts().are_all_over, "all slices to be over", seconds)
        return self.all()

    def values(self) -> dict[int, Any]:
        return {one.number: json.loads(one.body) for one in self.all() if one.state is SliceState.DONE}

    def errors(self) -> dict[int, dict[str, str]]:
        return {one.number: json.loads(one.body) for one in self.all() if one.state is SliceState.FAILED}

    def lines(self) -> list[tuple[int, str, str]]:
        return [
            (line.number, line.level, line.text)
            for _, line in self._store.slices.lines(self.job.id, 0, 100_000)
        ]

    def state(self) -> Job:
        return self._store.find(self.job.uid, None)


@contextlib.contextmanager
def yard_of(folder: Path) -> Iterator[SliceYard]:
    """Nothing of it runs afterwards."""
    yard = SliceYard(folder)
    yard.make()
    try:
        yield yard
    finally:
        yard.clear()


@contextlib.contextmanager
def worker_of(yard: SliceYard) -> Iterator[Tools]:
    """A worker in threads of this process."""
    tools = yard.tools()
    pace = Pace(worker="w-test", lease_seconds=20 * LEASE_SECONDS, poll_seconds=POLL_SECONDS)
    loop, stopping = Loop(tools, pace), threading.Event()
    thread = threading.Thread(target=loop.run, args=(stopping.is_set,))
    thread.start()
    try:
        yield tools
    finally:
        stopping.set()
        loop.wake()
        thread.join()
        assert isinstance(tools.store, SqlJobStore)
        tools.store.close()
