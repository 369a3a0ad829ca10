"""A described job as a spec for one environment (contract 6): folders, files, variables, clocks, retries."""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Final

from services.compute.dialects.prominence.description.commands import (
    INSTANCE,
    JOB_ID,
    WORKFLOW_ID,
    command_of,
    with_ids,
)
from services.compute.dialects.prominence.description.files import AskedArtifact
from services.compute.dialects.prominence.description.jobs import AskedJob
from services.compute.dialects.prominence.description.policies import Policies
from services.compute.dialects.prominence.description.resources import GB, USUAL_DISK, USUAL_WALLTIME
from services.compute.dialects.prominence.description.tasks import AskedTask
from services.compute.domain.environments import Environment
from services.compute.domain.objects import address_of
from services.compute.domain.reasons import CODES
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Input,
    MpiKind,
    OnTaskFailure,
    Output,
    Resources,
    Retry,
    Role,
    Source,
    Spec,
    Take,
    Task,
)
from services.compute.ports.engines import Abilities

HOME: Final = "/home/user"
TEMPORARY: Final = "/tmp"  # noqa: S108 -- a path inside the job
RETRIED: Final = frozenset(
    {"command_failed", "killed_by_signal", *(code for code, kind in CODES.items() if kind.transient)}
)
"""Reasons after which a job that may be tried again is."""

SIDECAR_SHARE: Final = 0.25  # of what the job asks for, each


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Whose job it is and where it stands. `parameters` are the names of those of a job that a factory makes
    many times, None of any other.
    """

    owner: str
    username: str
    groups: tuple[str, ...]
    url: str = ""
    failure_completes: bool = False
    in_workflow: bool = False
    parameters: tuple[str, ...] | None = None


def spec_of(job: AskedJob, circle: Circle, environment: Environment, abilities: Abilities) -> Spec:
    """Not checked yet: a name that no path can have is one here too."""
    asked, policies = job.resources, job.policies
    cpus = asked.cpus_within(environment.cpus / asked.nodes, environment.memory_bytes // asked.nodes)
    return Spec(
        environment=environment.id,
        roles=_roles(job, circle, cpus, environment),
        folders=_folders(job.files.artifacts),
        inputs=_inputs(job, circle),
        outputs=_outputs(job),
        clocks=_clocks(job, environment),
        retry=Retry(attempts=policies.retries + 1, on=RETRIED) if policies.retries else Retry(),
        priority=policies.priority,
        network=environment.network and abilities.network,
        on_task_failure=_on_failure(policies, circle),
    )


def inside(path: str) -> str:
    """An absolute path inside the job, of one that may be relative to the home folder."""
    return "/" + normpath(join(HOME, path)).lstrip("/")


# -- what runs ---------------------------------------------------------------------------------------
def _roles(job: AskedJob, circle: Circle, cpus: int, environment: Environment) -> tuple[Role, ...]:
    """All standard tasks are one role, in sequence; each sidecar is a role beside it."""
    sidecars = [task for task in job.tasks if task.is_sidecar]
    standard = [task for task in job.tasks if not task.is_sidecar]
    # Tasks are numbered as they are run, sidecars first.
    numbers = {task.number: place for place, task in enumerate([*sidecars, *standard])}
    memory = job.resources.memory_for(cpus)
    main, beside = _shares(job, cpus, memory, environment, len(sidecars))

    def task_of(task: AskedTask) -> Task:
        variables = _variables(job, circle, task, cpus, memory, numbers[task.number])
        return _task(task, circle, variables, job.policies.task_retries)

    roles = [Role(tasks=tuple(task_of(task) for task in standard), resources=main)]
    roles += [
        Role(name=f"sidecar-{task.number}", tasks=(task_of(task),), resources=beside, sidecar=True)
        for task in sidecars
    ]
    return tuple(roles)


def _task(task: AskedTask, circle: Circle, variables: Mapping[str, str], retries: int) -> Task:
    in_workflow = circle.in_workflow
    return Task(
        command=command_of(task.line, task.words, is_mpi=task.mpi is not None, in_workflow=in_workflow),
        image=task.image,
        environment=variables,
        working_folder=with_ids(inside(task.working_folder), in_workflow=in_workflow),
        split_logs=True,
        retries=0 if task.is_sidecar else retries,
        tee=inside(task.stdout) if task.stdout else None,
        mpi=task.mpi,
    )


def _shares(
    job: AskedJob, cpus: int, memory: int, environment: Environment, sidecars: int
) -> tuple[Resources, Resources]:
    """Of the standard tasks, and of each sidecar: on top where the environment has so much, out of the job's
    own otherwise. All see the same disk.
    """
    asked = job.resources
    disk = (
        min(USUAL_DISK * GB, environment.disk_bytes // asked.nodes) if asked.disk is None else asked.disk * GB
    )
    main_cpus, beside_cpus = _split(cpus, environment.cpus, sidecars)
    main_memory, beside_memory = _split(memory, environment.memory_bytes, sidecars)
    main = Resources(
        cpus=main_cpus,
        memory_bytes=int(main_memory),
        disk_bytes=disk,
        nodes=asked.nodes,
        processes=environment.max_processes,
    )
    beside = Resources(
        cpus=beside_cpus,
        memory_bytes=int(beside_memory),
        disk_bytes=disk,
        processes=environment.max_processes,
    )
    return main, beside


def _split(asked: float, most: float, sidecars: int) -> tuple[float, float]:
    share = asked * SIDECAR_SHARE
    if asked + share * sidecars <= most or not sidecars:
        return asked, share
    return asked - share, share / sidecars


def _variables(
    job: AskedJob, circle: Circle, task: AskedTask, cpus: int, memory: int, number: int
) -> dict[str, str]:
    """What the user sets wins."""
    found = {
        "HOME": HOME,
        "TMP": TEMPORARY,
        "TEMP": TEMPORARY,
        "TMPDIR": TEMPORARY,
        "USER": circle.username,
        "PROMINENCE_CPUS": str(cpus),
        "PROMINENCE_MEMORY": str(max(1, memory // GB)),
        "PROMINENCE_NODES": str(job.resources.nodes),
        "PROMINENCE_NODE_NUM": "0",
        "PROMINENCE_TASK_NUM": str(number),
        "PROMINENCE_CONTAINER_RUNTIME": task.runtime,
        "PROMINENCE_JOB_ID": JOB_ID,
    }
    if circle.url:
        found["PROMINENCE_URL"] = circle.url
    if circle.in_workflow:
        found["PROMINENCE_WORKFLOW_ID"] = WORKFLOW_ID
    if circle.parameters is not None:
        found["PROMINENCE_INSTANCE"] = INSTANCE
    for name in circle.parameters or ():
        found[f"PROMINENCE_PARAMETER_{name}"] = f"${{{name}}}"
    if task.mpi is not None and task.mpi.kind is MpiKind.INTEL:
        found |= {"I_MPI_JOB_STARTUP_TIMEOUT": "120", "I_MPI_HYDRA_BRANCH_COUNT": "0"}
    return {**found, **task.environment}


# -- what goes in and out ----------------------------------------------------------------------------
def _folders(artifacts: tuple[AskedArtifact, ...]) -> tuple[Folder, ...]:
    seen = {
        artifact.mount: Folder(path=artifact.mount, writable=True, shows=f"{HOME}/{artifact.folder}")
        for artifact in artifacts
        if artifact.mount
    }
    return (Folder(path=HOME, writable=True), Folder(path=TEMPORARY, writable=True), *seen.values())


def _inputs(job: AskedJob, circle: Circle) -> tuple[Input, ...]:
    inputs = [
        Input(
            source=Source.INLINE,
            path=f"{HOME}/{given.name}",
            value=given.content,
            encoded=True,
            executable=given.executable,
            label=given.name,
        )
        for given in job.files.inputs
    ]
    artifacts = [
        Input(
            source=Source.OBJECT if artifact.is_object else Source.URL,
            path=f"{HOME}/{artifact.name}",
            value=str(address_of(artifact.url, circle.owner, circle.groups))
            if artifact.is_object
            else artifact.url,
            executable=artifact.executable,
            label=artifact.name,
            unpack=artifact.is_archive,
        )
        for artifact in job.files.artifacts
    ]
    return (*inputs, *artifacts)


def _outputs(job: AskedJob) -> tuple[Output, ...]:
    kinds = ((Take.FIRST, job.files.output_files), (Take.ARCHIVE, job.files.output_dirs))
    found = [(take, _located(pattern, job.files.artifacts)) for take, names in kinds for pattern in names]
    return tuple(
        Output(folder=folder, pattern=pattern, required=True, take=take) for take, (folder, pattern) in found
    )


def _located(pattern: str, artifacts: tuple[AskedArtifact, ...]) -> tuple[str, str]:
    """Folder and pattern below it, of one that may be absolute."""
    path = inside(pattern)
    for artifact in artifacts:
        if artifact.mount and path.startswith(f"{artifact.mount}/"):
            return HOME, f"{artifact.folder}{path[len(artifact.mount) :]}"
    for folder in (HOME, TEMPORARY):
        if path == folder:
            return folder, "**"
        if path.startswith(f"{folder}/"):
            return folder, path[len(folder) + 1 :]
    folder, _, name = path.rpartition("/")
    return folder or "/", name


# -- how long, how often -----------------------------------------------------------------------------
def _clocks(job: AskedJob, environment: Environment) -> Clocks:
    """What nobody said is what the environment allows, and no more than is usual."""
    minutes = job.resources.walltime
    run = min(USUAL_WALLTIME * 60, environment.max_job_seconds) if minutes is None else minutes * 60
    waits = job.policies.queue_minutes
    return Clocks(
        run=float(run), queue=None if waits is None else min(waits * 60.0, environment.queue_seconds)
    )


def _on_failure(policies: Policies, circle: Circle) -> OnTaskFailure:
    if policies.ignores_failures:
        return OnTaskFailure.CONTINUE
    if policies.forgives_failures or circle.failure_completes:
        return OnTaskFailure.FORGIVE
    return OnTaskFailure.STOP
