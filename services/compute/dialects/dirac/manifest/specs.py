"""What a manifest asks for as a spec for one environment: one role with one task."""

from typing import Final

from services.compute.dialects.dirac.manifest.asked import Asked
from services.compute.dialects.dirac.manifest.commands import command_of
from services.compute.dialects.dirac.manifest.files import WORK, output_name
from services.compute.domain.environments import Environment
from services.compute.domain.numbering import JOB_ID
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Image,
    Input,
    Output,
    Resources,
    Role,
    Source,
    Spec,
    Task,
)
from services.compute.ports.engines import Abilities

TEMPORARY: Final = "/tmp"  # noqa: S108 -- a path inside the job
USUAL_MEMORY: Final = 2 << 30
USUAL_DISK: Final = 10 << 30
INPUT_DATA: Final = "InputData"
"""The group of inputs that InputData names."""

# Where a part of the spec stands in the manifest; the longest beginning decides.
PLACES: Final = {
    "/environment": "Site",
    "/name": "JobName",
    "/network": "Site",
    "/clocks": "CPUTime",
    "/priority": "Priority",
    "/inputs": "InputSandbox",
    "/outputs": "OutputSandbox",
    "/roles/0/resources": "NumberOfProcessors",
    "/roles/0/resources/memory": "MinRAM",
    "/roles/0/resources/memory_bytes": "MinRAM",
    "/roles/0/tasks/0": "Arguments",
    "/roles/0/tasks/0/command/0": "Executable",
    "/roles/0/tasks/0/environment": "ExecutionEnvironment",
    "/roles/0/tasks/0/image": "ContainerImage",
}


def spec_of(asked: Asked, environment: Environment, abilities: Abilities, *, is_cut: bool = False) -> Spec:
    """Not checked yet. What nobody asked for is what is usual, as far as the environment has it. `is_cut`:
    it may take no longer than the environment allows, whatever it asks for.
    """
    return Spec(
        environment=environment.id,
        roles=(Role(tasks=(_task(asked, environment),), resources=_resources(asked, environment)),),
        folders=(Folder(path=WORK, writable=True), Folder(path=TEMPORARY, writable=True)),
        inputs=_inputs(asked),
        outputs=_outputs(asked),
        clocks=Clocks(run=_run_seconds(asked, environment, is_cut)),
        priority=asked.priority,
        network=environment.network and abilities.network,
    )


def attribute_of(place: str) -> str:
    """The attribute that a place in the spec comes from; empty for the whole."""
    while place and place not in PLACES:
        place = place.rpartition("/")[0]
    return PLACES.get(place, "")


def _run_seconds(asked: Asked, environment: Environment, is_cut: bool) -> float | None:
    if asked.cpu_seconds is None:
        return None
    return float(min(asked.cpu_seconds, environment.max_job_seconds) if is_cut else asked.cpu_seconds)


def _task(asked: Asked, environment: Environment) -> Task:
    files = asked.files
    return Task(
        command=command_of(asked),
        image=Image(name=asked.image) if asked.image else None,
        environment={
            "HOME": WORK,
            "TMPDIR": TEMPORARY,
            **asked.variables,
            "DIRACJOBID": JOB_ID,
            "JOBID": JOB_ID,
            "DIRACSITE": asked.choice.site_of(environment.id),
        },
        working_folder=WORK,
        split_logs=files.std_output != files.std_error,
    )


def _resources(asked: Asked, environment: Environment) -> Resources:
    size = asked.size
    cpus = float(size.processors or 1)
    if size.whole_node:
        cpus = max(cpus, environment.cpus)
    elif size.most_processors is not None:
        cpus = max(cpus, min(float(size.most_processors), float(int(environment.cpus))))
    elif size.processors is None:
        cpus = min(cpus, environment.cpus)
    usual = min(USUAL_MEMORY, environment.memory_bytes)
    return Resources(
        cpus=cpus,
        memory_bytes=usual if size.memory is None else size.memory,
        disk_bytes=min(USUAL_DISK, environment.disk_bytes),
        processes=environment.max_processes,
    )


def _inputs(asked: Asked) -> tuple[Input, ...]:
    files = asked.files
    archives = [
        Input(
            source=Source.SANDBOX,
            path=f"{WORK}/{name}",
            value=name,
            executable=True,
            label=reference,
            unpack=True,
        )
        for name, reference in zip(files.sandboxes, files.references, strict=False)
    ]
    return (
        *archives,
        *(_logical(path, asked) for path in files.inputs),
        *(_logical(path, asked, INPUT_DATA) for path in files.data if path not in files.inputs),
    )


def _logical(path: str, asked: Asked, group: str = "") -> Input:
    name = path.rpartition("/")[2]
    is_program = name == asked.executable.removeprefix("./")
    return Input(
        source=Source.LFN,
        path=f"{WORK}/{name}",
        value=path,
        executable=is_program,
        label=f"LFN:{path}"[:1024],
        group=group,
    )


def _outputs(asked: Asked) -> tuple[Output, ...]:
    """A name may be that of a folder."""
    streams = (asked.files.std_output, asked.files.std_error)
    named = [pattern for pattern in asked.files.patterns if pattern not in streams]
    named += [output_name(entry) for entry in asked.files.registered]
    found = [shape for pattern in dict.fromkeys(named) for shape in (pattern, f"{pattern}/**")]
    return tuple(Output(folder=WORK, pattern=pattern) for pattern in found if not pattern.endswith("**/**"))
