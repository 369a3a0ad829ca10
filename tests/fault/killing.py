"""What suites that kill workers share: jobs that tell how often they ran, and what must be true at last."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

from services.compute.adapters.files_local import LocalFiles
from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.domain.job import Job, NewJob
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.spec import Folder, Image, Output, Retry, Role, Spec, Task
from services.compute.domain.states import FINAL, State
from services.compute.ports.store import Filter
from tests.fault.job_workers import OUTSIDE, Nursery, Yard
from tests.waiting import wait_for

UNLIMITED = Quotas(principal=Quota())


@dataclass(frozen=True, slots=True)
class Ground:
    yard: Yard
    nursery: Nursery
    store: SqlJobStore


@contextlib.contextmanager
def ground_of(yard: Yard) -> Iterator[Ground]:
    """Nothing of it runs afterwards."""
    yard.make()
    nursery, store = Nursery(yard), yard.store()
    try:
        yield Ground(yard, nursery, store)
    finally:
        nursery.close()
        store.close()
        yard.clear()


def job(yard: Yard, number: int, attempts: int) -> NewJob:
    """It leaves a line outside, takes a while, and leaves an output."""
    script = f"echo ran >> {OUTSIDE}/{number}; sleep 0.1; mkdir -p outputs; echo {number} > outputs/x"
    task = Task(command=("sh", "-c", script), image=_image(yard), working_folder="/work")
    spec = Spec(
        environment=yard.environment.id,
        roles=(Role(tasks=(task,)),),
        folders=(Folder(path="/work", writable=True),),
        outputs=(Output(folder="/work/outputs", required=True),),
        retry=Retry(attempts=attempts),
        gathered=number % 2 == 1,
    )
    return NewJob(owner="person:1", dialect="native", spec=spec, labels={"number": str(number)})


def _image(yard: Yard) -> Image:
    assert yard.environment.image is not None
    return Image(name=yard.environment.image)


class Jobs:
    """Keeps a few jobs under way."""

    def __init__(self, ground: "Ground", attempts: int) -> None:
        self.store = ground.store
        self._yard = ground.yard
        self._attempts = attempts
        self.all: list[Job] = []

    def fill(self, most: int = 6) -> None:
        left = most - (len(self.all) - self.ended())
        for _ in range(left):
            new = job(self._yard, len(self.all), self._attempts)
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


def assert_killed_workers_lose_and_double_nothing(
    ground: Ground, seed: int, kills: int, longest_life: float
) -> int:
    """How many jobs there were. Each worker lives for a random part of `longest_life` seconds, which is up to
    twice as long on a machine that takes longer for a job.
    """
    dice, jobs = random.Random(seed), Jobs(ground, attempts=1)
    longest_life = min(2 * longest_life, max(longest_life, 1.5 * _seconds_of_one_job(ground, jobs)))
    for _ in range(kills):
        jobs.fill()
        worker = ground.nursery.start()
        time.sleep(dice.uniform(0, longest_life))
        kill(worker)
    worker = ground.nursery.start()
    for ended in jobs.end():
        assert ended.state is State.SUCCEEDED, (ended.uid, ended.reason)
        assert runs_of(ground.yard, ended) == 1
        assert_true(ground.yard, ground.store, ended)
    kill(worker)
    assert_nothing_left(ground)
    return len(jobs.all)


def _seconds_of_one_job(ground: Ground, jobs: Jobs) -> float:
    """From the start of a worker that is left in peace."""
    jobs.fill(1)
    begun = time.monotonic()
    worker = ground.nursery.start()
    wait_for(lambda: jobs.ended() == 1, "the first job to end")
    kill(worker)
    return time.monotonic() - begun


def assert_nothing_left(ground: Ground) -> None:
    """A worker that comes new looks after everything at its start."""
    ground.nursery.start()
    wait_for(lambda: not ground.yard.left(), "nothing to be left", 90)
