"""What an engine is told of one run: the task in its job's folders, with its limits.

The texts `${TIDEGATE_JOB_ID}`, `${TIDEGATE_WORKFLOW_ID}`, `${TIDEGATE_INSTANCE}`, `${TIDEGATE_INDEX}` and
`${TIDEGATE_ADDRESS}` in a task's command, variables and working folder become what only the run itself
knows, and `${TIDEGATE_ADDRESS:<role>:<index>}` the address of another instance; no other `$` is touched. The
same are variables of every run, with TIDEGATE_JOB_UID. What belongs to a workflow, to a sweep in one, or to a
gathering is empty, or not there, outside of it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from services.compute.domain import layout, mpi
from services.compute.domain.environments import Environment
from services.compute.domain.job import Job, Run
from services.compute.domain.spec import Task
from services.compute.ports.engines import Limits, RunSpec
from services.compute.worker.gathering import NOWHERE, Gathered
from services.compute.worker.lanes import Lane
from services.compute.worker.workplace import Workplace

JOB_ID: Final = "TIDEGATE_JOB_ID"
JOB_UID: Final = "TIDEGATE_JOB_UID"
WORKFLOW_ID: Final = "TIDEGATE_WORKFLOW_ID"
INSTANCE: Final = "TIDEGATE_INSTANCE"  # of a sweep
INDEX: Final = "TIDEGATE_INDEX"  # of the instance in its role, from 0
ADDRESS: Final = "TIDEGATE_ADDRESS"  # at which the job's other instances reach this one
_TEXT = re.compile(r"\$\{(TIDEGATE_[A-Z_]+)(?::([a-z0-9-]{1,32}):([0-9]{1,6}))?\}")
LEAST_WALL_SECONDS: Final = 0.001


def run_spec(
    job: Job,
    lane: Lane,
    place: Workplace,
    environment: Environment,
    left_seconds: float,
    gathered: Gathered = NOWHERE,
) -> RunSpec:
    """Of the lane's run, which has been written down."""
    task, resources, run = lane.task, lane.role.resources, lane.run
    assert run is not None
    known = _known(job, run)
    fill = _filler(known, gathered)
    return RunSpec(
        tag=run.tag,
        image=task.image,
        command=tuple(map(fill, _command(task, resources.cpus))),
        environment=_variables(job, task, known, fill),
        working_folder=None if task.working_folder is None else fill(task.working_folder),
        mounts=place.mounts(job.spec),
        limits=Limits(
            cpus=resources.cpus,
            memory_bytes=resources.memory_bytes,
            disk_bytes=resources.disk_bytes,
            processes=resources.processes,
            log_bytes=environment.log_bytes,
            wall_seconds=max(left_seconds, LEAST_WALL_SECONDS),
        ),
        log_folder=place.logs,
        log_name=log_name(run),
        split_logs=task.split_logs,
        network=job.spec.network,
        nodes=resources.nodes,
        gpus=resources.gpus,
        options=environment.options,
        member=gathered.member((run.role, run.index)),
    )


def log_name(run: Run) -> str:
    return layout.stream(run.role, run.index, run.task, "")[:-1]


def _command(task: Task, cpus: float) -> tuple[str, ...]:
    if task.mpi is None or not task.command:
        return task.command
    return mpi.launched(task.mpi, task.command, cpus)


def _variables(job: Job, task: Task, known: Mapping[str, str], fill: Callable[[str], str]) -> dict[str, str]:
    """Ours cannot be forged by the task's own."""
    given = {name: fill(value) for name, value in task.environment.items()}
    launcher = {} if task.mpi is None else mpi.variables(task.mpi)
    own = {name: value for name, value in known.items() if value}
    return {**launcher, **given, **own, JOB_UID: str(job.uid)}


def _known(job: Job, run: Run) -> dict[str, str]:
    """Empty where there is none."""
    place = job.workflow
    return {
        JOB_ID: str(job.id),
        WORKFLOW_ID: "" if place is None else str(place.id),
        INSTANCE: "" if place is None or place.instance is None else str(place.instance),
        INDEX: str(run.index),
        ADDRESS: run.address or "",
    }


def _filler(known: Mapping[str, str], gathered: Gathered) -> Callable[[str], str]:
    def value(found: re.Match[str]) -> str:
        name, role, index = found.groups()
        if role is None:
            return known.get(name, found[0])
        address = gathered.address((role, int(index))) if name == ADDRESS else None
        return found[0] if address is None else address

    return lambda text: _TEXT.sub(value, text) if "$" in text else text
