"""The `execution` block: units, attempts, retries of tasks, images."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.dialects.prominence.execution import execution_of
from services.compute.domain.ids import tag_of
from services.compute.domain.job import Event, Job, Pull, Run, RunState, Usage
from services.compute.domain.quotas import Quotas
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image, Resources, Role, Task
from services.compute.domain.states import State
from tests.fakes.compute_jobs import NOW, new_job, spec
from tests.fakes.compute_store import MemoryJobStore

pytestmark = pytest.mark.clause("prominence 4.4")

DIGEST = "sha256:" + "ab" * 32
A, B = Task(image=Image(name="a")), Task(image=Image(name="b"))


def job_of(*tasks: Task, **changes: Any) -> Job:
    resources = Resources(cpus=1.5, memory_bytes=3 << 29, disk_bytes=10 << 30)
    roles = (
        Role(name="sidecar-0", tasks=(A,), sidecar=True),
        Role(tasks=tasks or (A,), resources=resources),
    )
    job = MemoryJobStore().submit(new_job(spec=spec(roles=roles)), Quotas(), NOW).job
    return replace(job, **{"state": State.SUCCEEDED, "attempt": 1, **changes})


def run_of(job: Job, task: int, role: str = "main", **changes: Any) -> Run:
    tag = tag_of(job.uid, 1, role, 0, task)
    ended = {"state": RunState.ENDED, "handle": "h", "exit_code": 0, **changes}
    return Run(tag=tag, attempt=1, role=role, index=0, task=task, **ended)


def event(at: float, before: State | None, to: State) -> Event:
    return Event(seq=1, at=at, state_from=before, state_to=to, by="worker", attempt=1, reason=None)


def test_nothing_is_known_of_a_job_that_never_began() -> None:
    assert execution_of(job_of(attempt=0), [], [], []) == {}


def test_sizes_are_whole_gigabytes_of_the_main_role() -> None:
    found = execution_of(job_of(), [], [], [])
    assert found == {
        "site": "python-small",
        "provisionedResources": {"cpus": 2, "memory": 2, "disk": 10, "nodes": 1},
        "tasks": [{}],
    }


def test_what_a_task_took() -> None:
    job = job_of()
    usage = Usage(wall_seconds=1.5, cpu_seconds=0.25, max_memory_bytes=2048 * 1024)
    found = execution_of(job, [run_of(job, 0, usage=usage), run_of(job, 0, "sidecar-0")], [], [])
    assert found["maxMemoryUsageKB"] == 2048
    assert found["tasks"] == [
        {
            "exitCode": 0,
            "retries": 0,
            "wallTimeUsage": 1.5,
            "cpuTimeUsage": 0.25,
            "maxResidentSetSizeKB": 2048,
        }
    ]


def test_the_last_try_of_a_task_tells() -> None:
    job = job_of(A, A)
    runs = [run_of(job, 0, exit_code=1), run_of(job, 2, exit_code=7), run_of(job, 1)]
    first, second = execution_of(job, runs, [], [])["tasks"]
    assert (first["exitCode"], first["retries"]) == (7, 1)
    assert (second["exitCode"], second["retries"]) == (0, 0)


def test_a_signal_is_a_negative_exit_code() -> None:
    job = job_of()
    run = run_of(job, 0, exit_code=None, signal=9, started_at=10.0, ended_at=12.0)
    (task,) = execution_of(job, [run], [], [])["tasks"]
    assert task == {"exitCode": -9, "retries": 0, "wallTimeUsage": 2.0}


def test_images_are_fetched_once() -> None:
    pulls = (Pull("a", 2.5, DIGEST), Pull("b", None))
    found = execution_of(job_of(A, B, A, pulls=pulls), [], [], [])["tasks"]
    assert found == [
        {"imagePullStatus": "completed", "imagePullTime": 2.5, "imageSha256": "ab" * 32},
        {"imagePullStatus": "cached"},
        {"imagePullStatus": "cached", "imageSha256": "ab" * 32},
    ]


def test_the_image_that_could_not_be_fetched() -> None:
    failed = {"state": State.FAILED, "reason": Reason("image_not_found", "No.")}
    found = execution_of(job_of(A, B, A, pulls=(Pull("a", 1.0),), **failed), [], [], [])["tasks"]
    assert [task["imagePullStatus"] for task in found] == ["completed", "failed", "cached"]


def test_staging_is_summed_over_attempts() -> None:
    events = [
        event(0, None, State.QUEUED),
        event(1, State.QUEUED, State.STAGING),
        event(3, State.STAGING, State.PULLING),
        event(9, State.RUNNING, State.QUEUED),
        event(10, State.QUEUED, State.STAGING),
        event(11.5, State.STAGING, State.PULLING),
        event(20, State.RUNNING, State.PUBLISHING),
    ]
    found = execution_of(job_of(attempt=2), [], events, [])
    assert (found["stageInTime"], found["retries"]) == (3.5, 1)
    assert "stageOutTime" not in found
