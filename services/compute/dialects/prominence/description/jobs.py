"""A whole job as it was described (contract 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.prominence.description.files import Files, read_files
from services.compute.dialects.prominence.description.names import read_labels, read_name
from services.compute.dialects.prominence.description.policies import (
    Policies,
    read_job_policies,
    read_notices,
)
from services.compute.dialects.prominence.description.problems import Notes
from services.compute.dialects.prominence.description.resources import MAX_CPUS, Asked, read_resources
from services.compute.dialects.prominence.description.tasks import AskedTask, read_tasks
from services.compute.dialects.prominence.description.values import known_only
from services.compute.domain.notices import Notice

READ_ONLY: Final = frozenset({"statusReason", "parameters", "preemptible"})
"""What `describe -i` leaves in, so that what it printed can be handed in again."""

MEMBERS: Final = (
    "name",
    "labels",
    "tasks",
    "resources",
    "policies",
    "notifications",
    "inputs",
    "artifacts",
    "outputFiles",
    "outputDirs",
    "storage",
)
JOB_EVENT: Final = "jobFinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedJob:
    """`path` is its place in the document; `document` what was sent, without what is only read."""

    path: str
    document: Mapping[str, Any]
    name: str
    labels: Mapping[str, str]
    resources: Asked
    tasks: tuple[AskedTask, ...]
    files: Files
    policies: Policies
    notices: tuple[Notice, ...]


def read_job(given: Any, path: str, notes: Notes) -> AskedJob | None:
    """None for what is no object at all."""
    if type(given) is not dict:
        notes.add(path, "a job must be described by a JSON object")
        return None
    document = {name: value for name, value in given.items() if name not in READ_ONLY and value is not None}
    known_only(document, MEMBERS, path, "in job description", notes)
    resources = read_resources(document, path, notes)
    most_cpus = resources.choices[0] if len(resources.choices) == 1 else MAX_CPUS
    return AskedJob(
        path=path,
        document=document,
        name=read_name(document, path, "job", notes),
        labels=read_labels(document, path, notes),
        resources=resources,
        tasks=read_tasks(document, path, most_cpus, notes),
        files=read_files(document, path, notes),
        policies=read_job_policies(document, path, notes),
        notices=read_notices(document, path, JOB_EVENT, notes),
    )
