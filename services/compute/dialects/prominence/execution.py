"""The `execution` block of a job: what it took and how its tasks ended (contract 4.4)."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, Final

from services.compute.domain.errands import Errand
from services.compute.domain.job import Event, Job, Pull, Run
from services.compute.domain.reasons import Phase
from services.compute.domain.spec import Role, Spec
from services.compute.domain.states import State

Document = dict[str, Any]
GB: Final = 1 << 30
_ALGORITHM: Final = "sha256:"


def execution_of(
    job: Job, runs: Iterable[Run], events: Sequence[Event], commands: Sequence[Errand]
) -> Document:
    """Empty while nothing is known. `runs` are of the current attempt."""
    if not job.attempt:
        return {}
    role = main_role(job.spec)
    own = [run for run in runs if run.role == role.name and run.index == 0]
    found: Document = {"site": job.spec.environment, "provisionedResources": _provisioned(role)}
    memory = [run.usage.max_memory_bytes for run in own if run.usage.max_memory_bytes is not None]
    if memory:
        found["maxMemoryUsageKB"] = max(memory) // 1024
    for name, state in (("stageInTime", State.STAGING), ("stageOutTime", State.PUBLISHING)):
        if (seconds := _time_in(events, state)) is not None:
            found[name] = seconds
    if job.attempt > 1:
        found["retries"] = job.attempt - 1
    if commands:
        found["commands"] = [{"time": int(done.asked_at), "command": done.argument} for done in commands]
    found["tasks"] = _tasks(job, role, own)
    return found


def main_role(spec: Spec) -> Role:
    """The first that is no sidecar."""
    return next((role for role in spec.roles if not role.sidecar), spec.roles[0])


def _provisioned(role: Role) -> Document:
    asked = role.resources
    return {
        "cpus": ceil(asked.cpus),
        "memory": ceil(asked.memory_bytes / GB),
        "disk": ceil(asked.disk_bytes / GB),
        "nodes": asked.nodes,
    }


def _time_in(events: Sequence[Event], state: State) -> float | None:
    """Of all attempts together; None when it was never left."""
    spent, since = [], None
    for event in events:
        if event.state_to is state and event.state_from is not state:
            since = event.at
        elif event.state_from is state and since is not None and event.state_to is not state:
            spent.append(event.at - since)
            since = None
    return round(max(0.0, sum(spent)), 3) if spent else None


def _tasks(job: Job, role: Role, runs: Sequence[Run]) -> list[Document]:
    """The last run of each task tells: runs of a lane are numbered on, retries after all tasks."""
    count = len(role.tasks)
    pulled = _pulled(job, role)
    shown = []
    for number in range(count):
        tries = sorted((run for run in runs if run.task % count == number), key=lambda run: run.task)
        shown.append({**pulled[number], **(_ran(tries) if tries else {})})
    return shown


def _pulled(job: Job, role: Role) -> list[Document]:
    """By task. Images are made ready in the order of the tasks: the first that is not there failed."""
    failed = job.state is State.FAILED and job.reason is not None and job.reason.phase is Phase.PULL
    pulls = {pull.image: pull for pull in job.pulls}
    used: set[str] = set()
    shown: list[Document] = []
    for task in role.tasks:
        image = "" if task.image is None else task.image.name
        pull = pulls.get(image)
        if pull is None:
            shown.append({"imagePullStatus": "failed"} if failed else {})
            failed = False
        else:
            shown.append(_pull(pull, image in used))
        used.add(image)
    return shown


def _pull(pull: Pull, is_used: bool) -> Document:
    entry: Document = {}
    if pull.seconds is None or is_used:
        entry["imagePullStatus"] = "cached"
    else:
        entry |= {"imagePullStatus": "completed", "imagePullTime": pull.seconds}
    if pull.digest:
        entry["imageSha256"] = pull.digest.removeprefix(_ALGORITHM)
    return entry


def _ran(tries: Sequence[Run]) -> Document:
    last, usage = tries[-1], tries[-1].usage
    wall = usage.wall_seconds
    if wall is None and last.started_at is not None and last.ended_at is not None:
        wall = last.ended_at - last.started_at
    code = last.exit_code
    if code is None and last.signal is not None:
        code = -last.signal
    memory = None if usage.max_memory_bytes is None else usage.max_memory_bytes // 1024
    told = {
        "exitCode": code,
        "retries": len(tries) - 1,
        "wallTimeUsage": wall,
        "cpuTimeUsage": usage.cpu_seconds,
        "maxResidentSetSizeKB": memory,
    }
    return {name: value for name, value in told.items() if value is not None}
