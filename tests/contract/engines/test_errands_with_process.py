"""Commands and snapshots inside of jobs that run, from the asking to the answer, on the process engine."""

import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.adapters.clock import SystemClock
from services.compute.adapters.engines.process.engine import ProcessEngine, end_all
from services.compute.domain.errands import ErrandKind, ErrandState
from services.compute.domain.errors import NotRunning, OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.spec import Folder, Image, Resources, Role, Spec, Task
from services.compute.domain.states import State
from services.compute.usecases.errands import Ask, ErrandFailed
from services.compute.worker.errands import DIED, NO_PATH
from services.compute.worker.loop import Loop, Pace
from tests.fakes.compute_side import MemoryErrands
from tests.fakes.compute_site import Site
from tests.waiting import wait_for

HOME = "/home/user"
ALICE = "person:alice"


class Works:
    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.site.clock = SystemClock()  # type: ignore[assignment]
        self._state = folder / "engine"
        self.site.engine = ProcessEngine(self._state)  # type: ignore[assignment]
        self.errands = MemoryErrands(self.site.store)
        self.ask = Ask(self.errands, self.site.files, SystemClock(), 4)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.start()

    def start(self) -> None:
        self._stopping.clear()
        pace = Pace(worker="w1", lease_seconds=10, poll_seconds=0.05)
        loop = Loop(self.site.tools(), pace, self.errands)
        self._thread = threading.Thread(target=loop.run, args=(self._stopping.is_set,))
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        self.stop()
        end_all(self._state)

    def running(self, *lines: str) -> Job:
        task = Task(
            command=("/bin/sh", "-c", "\n".join(lines)),
            image=Image(name="debian"),
            working_folder=HOME,
            environment={"HOME": HOME, "SECRET": "of the job"},
            split_logs=True,
        )
        size = Resources(cpus=1, memory_bytes=256 << 20, disk_bytes=64 << 20)
        job = self.site.submit(
            Spec(
                environment="small",
                roles=(Role(tasks=(task,), resources=size),),
                folders=(Folder(path=HOME, writable=True),),
            )
        )
        wait_for(lambda: self._said(job) == b"ready\n", "the job to run")
        return self.site.job(job.uid)

    def _said(self, job: Job) -> bytes:
        try:
            return self.site.log(job.uid, "main.0.0.stdout")
        except OutputNotFound:
            return b""

    def release(self, job: Job) -> None:
        """Let the job end, by a command inside."""
        self.ask.execute(self.site.job(job.uid), "touch go", ALICE)
        wait_for(lambda: self.site.job(job.uid).is_final, "the job to end")


WAITS = ("mkdir -p d/e && echo deep > d/e/f", "echo ready", "until [ -e go ]; do sleep 0.02; done")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    works = Works(tmp_path)
    yield works
    works.close()


def test_a_command_runs_where_the_job_runs_and_leaves_its_log_alone(works: Works) -> None:
    job = works.running(*WAITS)
    done = works.ask.execute(job, "pwd; echo $SECRET | tr a-z A-Z; cat d/e/f; exit 4", ALICE)
    assert (done.exit_code, works.ask.output(done)) == (4, b"/home/user\nOF THE JOB\ndeep\n")
    (asked,) = works.ask.commands(job)
    assert asked.argument.startswith("pwd;")
    works.release(job)
    ended = works.site.job(job.uid)
    assert ended.state is State.SUCCEEDED
    assert works.site.log(job.uid, "main.0.0.stdout") == b"ready\n"
    with pytest.raises(NotRunning):
        works.ask.execute(ended, "true", ALICE)


def test_a_snapshot_is_what_stands_there_now_and_never_leads_out(works: Works, tmp_path: Path) -> None:
    job = works.running("ln -s /etc/passwd out", "ln -s d/e/f in", *WAITS)
    folder = works.ask.snapshot(job, HOME, ALICE)
    with tarfile.open(fileobj=io.BytesIO(works.ask.output(folder))) as packed:
        assert sorted(packed.getnames()) == ["user", "user/d", "user/d/e", "user/d/e/f", "user/in"]
    file = works.ask.snapshot(job, f"{HOME}/d/e/f", ALICE)
    with tarfile.open(fileobj=io.BytesIO(works.ask.output(file))) as packed:
        content = packed.extractfile("f")
        assert content is not None
        assert content.read() == b"deep\n"
    for path in ("/etc/passwd", f"{HOME}/none", f"{HOME}/out", f"{HOME}/../../etc/passwd"):
        with pytest.raises(ErrandFailed) as failed:
            works.ask.snapshot(job, path, ALICE)
        assert str(failed.value)
    works.release(job)


def test_what_does_not_end_is_ended_and_said(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.compute.worker.errands.EXEC_SECONDS", 1.0)
    job = works.running(*WAITS)
    with pytest.raises(ErrandFailed, match="did not end within 1 seconds"):
        works.ask.execute(job, "while :; do echo x >> beats; sleep 0.02; done", ALICE)
    with pytest.raises(ErrandFailed, match="wrote more than"):
        works.ask.execute(job, "head -c 2000000 /dev/zero", ALICE)
    works.release(job)


def test_what_a_dead_worker_had_taken_has_failed_and_is_not_done_again(works: Works) -> None:
    job = works.running(*WAITS)
    works.stop()
    now = SystemClock().now()
    asked = works.errands.ask(job.uid, ErrandKind.EXEC, "touch twice", ALICE, now, now + 60)
    taken = replace(asked, state=ErrandState.TAKEN)
    works.errands._errands[asked.uid] = taken  # as a worker that was killed at it left it
    works.start()
    wait_for(lambda: works.errands.errand(asked.uid).has_ended, "somebody to say that it is lost")
    assert (works.errands.errand(asked.uid).state, works.errands.errand(asked.uid).sentence) == (
        ErrandState.FAILED,
        DIED,
    )
    done = works.ask.execute(works.site.job(job.uid), "ls", ALICE)
    assert b"twice" not in works.ask.output(done)
    works.release(job)


def test_nothing_there_is_said(works: Works) -> None:
    job = works.running(*WAITS)
    with pytest.raises(ErrandFailed, match=NO_PATH.replace(".", r"\.")):
        works.ask.snapshot(job, f"{HOME}/none", ALICE)
    works.release(job)


def test_of_many_snapshots_the_last_two_are_kept(works: Works) -> None:
    job = works.running(*WAITS)
    taken = [works.ask.snapshot(job, f"{HOME}/d", ALICE) for _ in range(4)]
    kept = set(works.site.files.sizes(f"jobs/{job.uid}/errands"))
    assert kept == {errand.uid for errand in taken[-2:]}
    assert works.ask.last_snapshot(job).uid == taken[-1].uid
    with pytest.raises(OutputNotFound):
        works.ask.open(taken[0])
    works.release(job)
