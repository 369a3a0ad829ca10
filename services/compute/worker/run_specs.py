"""What an engine is told of one run: the task in its job's folders, with its limits.

The texts `${TIDEGATE_JOB_ID}`, `${TIDEGATE_WORKFLOW_ID}` and `${TIDEGATE_INSTANCE}` in a task's command,
variables and working folder become the numbers that only the job itself knows; no other `$` is touched. The
same are variables of every run, with TIDEGATE_JOB_UID. What belongs to a workflow, or to a sweep in one, is
empty, or not there, outside of it.
"""

from collections.abc import Callable
from typing import Final

from services.compute.domain import layout, mpi
from services.compute.domain.environments import Environment
from services.compute.domain.job import Job, Run
from services.compute.domain.spec import Task
from services.compute.ports.engines import Limits, RunSpec
from services.compute.worker.lanes import Lane
from services.compute.worker.workplace import Workplace

JOB_ID: Final = "TIDEGATE_JOB_ID"
JOB_UID: Final = "TIDEGATE_JOB_UID"
WORKFLOW_ID: Final = "TIDEGATE_WORKFLOW_ID"
INSTANCE: Final = "TIDEGATE_INSTANCE"
LEAST_WALL_SECONDS: Final = 0.001


def run_spec(
    job: Job, lane: Lane, run: Run, place: Workplace, environment: Environment, left_seconds: float
) -> RunSpec:
    task, resources = lane.task, lane.role.resources
    fill = _filler(job)
    return RunSpec(
        tag=run.tag,
        image=task.image,
        command=tuple(map(fill, _command(task, resources.cpus))),
        environment=_variables(job, task, fill),
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
    )


def log_name(run: Run) -> str:
    return layout.stream(run.role, run.index, run.task, "")[:-1]


def _command(task: Task, cpus: float) -> tuple[str, ...]:
    if task.mpi is None or not task.command:
        return task.command
    return mpi.launched(task.mpi, task.command, cpus)


def _variables(job: Job, task: Task, fill: Callable[[str], str]) -> dict[str, str]:
    """Ours cannot be forged by the task's own."""
    given = {name: fill(value) for name, value in task.environment.items()}
    known = {} if task.mpi is None else mpi.variables(task.mpi)
    numbers = {name: number for name, number in _numbers(job).items() if number}
    return {**known, **given, **numbers, JOB_UID: str(job.uid)}


def _numbers(job: Job) -> dict[str, str]:
    """Empty where there is none."""
    place = job.workflow
    return {
        JOB_ID: str(job.id),
        WORKFLOW_ID: "" if place is None else str(place.id),
        INSTANCE: "" if place is None or place.instance is None else str(place.instance),
    }


def _filler(job: Job) -> Callable[[str], str]:
    texts = {f"${{{name}}}": number for name, number in _numbers(job).items()}

    def fill(text: str) -> str:
        if "$" in text:
            for name, value in texts.items():
                text = text.replace(name, value)
        return text

    return fill
