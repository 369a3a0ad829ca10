"""Jobs for tests, with as little said of them as each test needs."""

from collections.abc import Mapping
from typing import Any

from services.compute.domain.ids import JobUid, tag_of
from services.compute.domain.job import NewJob, Run, RunState, Stored, StoredFile
from services.compute.domain.spec import Clocks, Resources, Role, Spec, Task

NOW = 1_700_000_000.5
ALICE, BOB = "person:alice", "person:bob"
SPACE = "python-small"


def spec(environment: str = SPACE, **changes: Any) -> Spec:
    """One role with one task; the rest as `changes` say."""
    return Spec(environment=environment, **{"roles": (Role(tasks=(Task(command=("true",)),)),), **changes})


def sized(cpus: float, memory_bytes: int) -> Spec:
    resources = Resources(cpus=cpus, memory_bytes=memory_bytes)
    return spec(roles=(Role(tasks=(Task(command=("true",)),), resources=resources),))


def patient(seconds: float) -> Spec:
    """It waits no longer in the queue."""
    return spec(clocks=Clocks(queue=seconds))


def new_job(owner: str = ALICE, **changes: Any) -> NewJob:
    return NewJob(owner=owner, **{"dialect": "native", "spec": spec(), **changes})


def run_of(uid: JobUid, attempt: int = 1, task: int = 0, **changes: Any) -> Run:
    values: Mapping[str, Any] = {"state": RunState.INTENDED, "handle": None, **changes}
    tag = tag_of(uid, attempt, "main", 0, task)
    return Run(tag=tag, attempt=attempt, role="main", index=0, task=task, **values)


def kept(path: str, size: int = 10, kind: Stored = Stored.OUTPUT) -> StoredFile:
    return StoredFile(kind=kind, path=path, size=size, media_type="text/plain", sha256="ab" * 32)
