"""Which part of a description each part of its spec was made from."""

from services.compute.dialects.prominence.description.jobs import AskedJob
from services.compute.dialects.prominence.description.places import Places
from services.compute.dialects.prominence.description.resources import CPUS

_TASK = {
    "/command": "/cmd",
    "/environment": "/env",
    "/image": "/image",
    "/working_folder": "/workdir",
    "/tee": "/stdout",
    "/mpi": "/procsPerNode",
}


def places_of(job: AskedJob) -> Places:
    places = Places(job.path)
    for same in ("/name", "/labels"):
        places.note(same, same, deep=True)
    _note_policies(places)
    _note_roles(places, job)
    _note_files(places, job)
    return places


def _note_policies(places: Places) -> None:
    places.note("/environment", "/policies/placement")
    places.note("/clocks/run", "/resources/walltime")
    places.note("/clocks/queue", "/policies/maximumTimeInQueue")
    places.note("/retry", "/policies/maximumRetries")
    places.note("/priority", "/policies/priority")


def _note_roles(places: Places, job: AskedJob) -> None:
    """The standard tasks are one role, each sidecar another one."""
    standard = [task for task in job.tasks if not task.is_sidecar]
    sidecars = [task for task in job.tasks if task.is_sidecar]
    roles = [standard, *([task] for task in sidecars)]
    cpus = next(name for name in CPUS if name in job.document["resources"])
    memory = "memoryPerCpu" if job.resources.is_per_cpu else "memory"
    for number, tasks in enumerate(roles):
        here = f"/roles/{number}"
        places.note(here, "/resources")
        for name, member in (("cpus", cpus), ("memory", memory), ("disk", "disk"), ("nodes", "nodes")):
            for ending in ("", "_bytes"):
                places.note(f"{here}/resources/{name}{ending}", f"/resources/{member}")
        places.note(f"{here}/tasks", "/tasks")
        for place, task in enumerate(tasks):
            inner, outer = f"{here}/tasks/{place}", f"/tasks/{task.number}"
            places.note(inner, outer)
            places.note(f"{inner}/retries", "/policies/maximumTaskRetries")
            for part, member in _TASK.items():
                places.note(f"{inner}{part}", f"{outer}{member}", deep=part == "/environment")


def _note_files(places: Places, job: AskedJob) -> None:
    """Folders are the home, the temporary one, and one for each place that artifacts are seen at."""
    files = job.files
    mounts: dict[str, int] = {}
    for number, artifact in enumerate(files.artifacts):
        if artifact.mount:
            mounts.setdefault(artifact.mount, number)
    for place, number in enumerate(mounts.values()):
        places.note(f"/folders/{place + 2}", f"/artifacts/{number}/mountpoint")
    places.note("/inputs", "/inputs")
    inputs = [f"/inputs/{number}" for number in range(len(files.inputs))]
    artifacts = [f"/artifacts/{number}" for number in range(len(files.artifacts))]
    for place, where in enumerate([*inputs, *artifacts]):
        places.note(f"/inputs/{place}", where)
    files_kept = [f"/outputFiles/{number}" for number in range(len(files.output_files))]
    folders_kept = [f"/outputDirs/{number}" for number in range(len(files.output_dirs))]
    for place, where in enumerate([*files_kept, *folders_kept]):
        places.note(f"/outputs/{place}", where)
