"""kill -9 of workers and supervisors at seeded random times, 220 in all: every job ends once, in a true
state, no run happens twice, and nothing is left.
"""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.compute.adapters.engines.process import facts
from services.compute.adapters.engines.process.engine import end_all
from services.compute.adapters.files_local import LocalFiles
from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.job import Job, NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Folder, Image, Output, Retry, Role, Spec, Task
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Filter
from tests.fault.job_workers import ENVIRONMENT, OUTSIDE, Nursery, Yard
from tests.waiting import wait_for

UNLIMITED = Quotas(principal=Quota())
WORKER_KILLS = 120
MIXED_KILLS = 100
LONGEST_LIFE = 0.7  # seconds; a job takes about a third of that


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path)
    yard.make()
    yield yard
    end_all(yard.work / ".process")


@pytest.fixture
def nursery(yard: Yard) -> Iterator[Nursery]:
    nursery = Nursery(yard)
    yield nursery
    nursery.close()


@pytest.fixture
def store(yard: Yard) -> Iterator[SqlJobStore]:
    store = yard.store()
    yield store
    store.close()


def job(number: int, attempts: int) -> NewJob:
    """It leaves a line outside, takes a while, and leaves an output."""
    script = f"echo ran >> {OUTSIDE}/{number}; sleep 0.1; mkdir -p outputs; echo {number} > outputs/x"
    task = Task(command=("sh", "-c", script), image=Image(name="debian"), working_folder="/work")
    spec = Spec(
        environment=ENVIRONMENT.id,
        roles=(Role(tasks=(task,)),),
        folders=(Folder(path="/work", writable=True),),
        outputs=(Output(folder="/work/outputs", required=True),),
        retry=Retry(attempts=attempts),
    )
    return NewJob(owner="person:1", dialect="native", spec=spec, labels={"number": str(number)})


class Jobs:
    """Keeps a few jobs under way."""

    def __init__(self, store: SqlJobStore, attempts: int) -> None:
        self.store = store
        self._attempts = attempts
        self.all: list[Job] = []

    def fill(self, most: int = 6) -> None:
        left = most - (len(self.all) - self.ended())
        for _ in range(left):
            new = job(len(self.all), self._attempts)
            self.all.append(self.store.submit(new, UNLIMITED, time.time()).job)

    def ended(self) -> int:
        return self.store.count(Filter(owners=None, states=FINAL))

    def end(self) -> list[Job]:
        wait_for(lambda: self.ended() == len(self.all), "all jobs to end", 120)
        return [self.store.find(job.uid, None) for job in self.all]


def runs_of(yard: Yard, job: Job) -> int:
    with contextlib.suppress(FileNotFoundError):
        return len((yard.outside / job.labels["number"]).read_text().splitlines())
    return 0


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def supervisors(yard: Yard) -> list[int]:
    """Those that live now."""
    found = []
    for folder in (yard.work / ".process").glob("tg-*"):
        started = facts.read(str(folder), facts.STARTED)
        pid = int(started["pid"]) if started is not None else 0
        with contextlib.suppress(OSError):
            if pid and b"supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return sorted(found)


def assert_true(yard: Yard, store: SqlJobStore, job: Job) -> None:
    """The story of the job agrees with what really happened."""
    states = [event.state_to for event in store.events(job.uid)]
    assert sum(state in FINAL for state in states) == 1
    assert states[-1] is job.state
    kept = [file.path for file in store.files(job.uid)]
    if job.state is State.SUCCEEDED:
        assert "x" in kept
        content = b"".join(LocalFiles(yard.folder / "files").open(f"jobs/{job.uid}/outputs/x"))
        assert content == job.labels["number"].encode() + b"\n"
    assert "main.0.0.output" in kept or not store.runs(job.uid)


def assert_nothing_left(yard: Yard) -> None:
    engine = yard.engine()
    wait_for(lambda: not engine.tags(), "the engine to be empty", 30)
    wait_for(lambda: [path.name for path in yard.work.iterdir()] == [".process"], "no folders", 90)
    assert supervisors(yard) == []


def test_killed_workers_lose_and_double_nothing(yard: Yard, nursery: Nursery, store: SqlJobStore) -> None:
    dice, jobs = random.Random(20260), Jobs(store, attempts=1)
    for _ in range(WORKER_KILLS):
        jobs.fill()
        worker = nursery.start()
        time.sleep(dice.uniform(0, LONGEST_LIFE))
        kill(worker)
    nursery.start()
    for ended in jobs.end():
        assert ended.state is State.SUCCEEDED, (ended.uid, ended.reason)
        assert runs_of(yard, ended) == 1
        assert_true(yard, store, ended)
    assert len(jobs.all) > 20
    assert_nothing_left(yard)


def test_killed_supervisors_and_workers(yard: Yard, nursery: Nursery, store: SqlJobStore) -> None:
    dice, jobs = random.Random(77), Jobs(store, attempts=2)
    worker = nursery.start()
    for _ in range(MIXED_KILLS):
        jobs.fill()
        time.sleep(dice.uniform(0, LONGEST_LIFE / 2))
        alive = supervisors(yard)
        if alive and dice.random() < 0.7:
            kill(dice.choice(alive))
        else:
            kill(worker)
            worker = nursery.start()
    for ended in jobs.end():
        runs = store.runs(ended.uid)
        assert ended.state in (State.SUCCEEDED, State.FAILED)
        assert runs_of(yard, ended) <= len(runs) <= 2
        if ended.state is State.FAILED:
            assert ended.reason is not None
            assert ended.reason.code == "engine_lost"
            assert ended.attempt == 2
        assert_true(yard, store, ended)
    assert {job.state for job in jobs.end()} >= {State.SUCCEEDED}
    assert_nothing_left(yard)
