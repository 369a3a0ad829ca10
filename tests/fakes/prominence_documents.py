"""Descriptions of jobs and workflows as PROMINENCE's clients send them, and whom they are read for."""

from typing import Any

import pytest

from services.compute.dialects.prominence.description import (
    BadDescription,
    Terms,
    describe_job,
    describe_workflow,
)
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.job import NewJob
from services.compute.domain.workflow import NewWorkflow
from services.compute.ports.engines import Abilities
from services.compute.usecases.placing import Placing

OWNER = "person:" + "a" * 32
GB = 1 << 30
SMALL = Environment(
    id="small", engine="process", cpus=4, memory_bytes=8 * GB, disk_bytes=16 * GB, max_job_seconds=86400
)
ENGINES = {
    "process": Abilities(pins_images=False),
    "cluster": Abilities(pins_images=True, nodes=4, network=True),
}


def terms(*environments: Environment, **more: Any) -> Terms:
    placing = Placing(EnvironmentBook(environments or (SMALL,)), ENGINES)
    given = {"owner": OWNER, "username": "ada", "groups": ("physics", "CCFE/JINTRAC"), "placing": placing}
    return Terms(**{**given, **more})


def a_task(**more: Any) -> dict[str, Any]:
    return {"image": "python:3.12", "runtime": "singularity", "cmd": "true", **more}


def a_job(**more: Any) -> dict[str, Any]:
    """As `create` sends it; a member that is ... is left out."""
    document = {
        "resources": {"nodes": 1, "disk": 10, "cpus": 1, "memory": 1},
        "name": "",
        "tasks": [a_task()],
        **more,
    }
    return {name: value for name, value in document.items() if value is not ...}


def a_workflow(*names: str, **more: Any) -> dict[str, Any]:
    return {"name": "wf", "jobs": [a_job(name=name) for name in names or ("a", "b")], **more}


def job(**more: Any) -> NewJob:
    return describe_job(a_job(**more), terms()).new


def task(**more: Any) -> NewJob:
    return job(tasks=[a_task(**more)])


def workflow(*names: str, **more: Any) -> NewWorkflow:
    return describe_workflow(a_workflow(*names, **more), terms()).new


def refusal(document: Any, given: Terms | None = None) -> str:
    """What a job is refused with."""
    with pytest.raises(BadDescription) as refused:
        describe_job(document, given or terms())
    return str(refused.value)


def workflow_refusal(document: Any) -> str:
    with pytest.raises(BadDescription) as refused:
        describe_workflow(document, terms())
    return str(refused.value)
