"""Jobs of other windows in this room's words, made of their specs alone: enough to list, follow and fetch."""

import shlex
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from services.compute.dialects.prominence.execution import GB, main_role
from services.compute.domain.spec import Role, Spec, Task

Document = dict[str, Any]
RUNTIME = "singularity"  # a word that clients know; whatever engine it is


def described(spec: Spec, name: str, labels: Mapping[str, str]) -> Document:
    """A description as if it had been submitted here, without what was brought to the job."""
    document: Document = {
        "name": name,
        "resources": _resources(spec),
        "tasks": [_task(task) for role in _roles(spec) for task in role.tasks],
    }
    return {**document, "labels": dict(labels)} if labels else document


def _roles(spec: Spec) -> Iterator[Role]:
    own = [role for role in spec.roles if not role.sidecar]
    yield from own or spec.roles


def _resources(spec: Spec) -> Document:
    asked, clock = main_role(spec).resources, spec.clocks.run
    found: Document = {
        "nodes": asked.nodes,
        "cpus": ceil(asked.cpus),
        "memory": ceil(asked.memory_bytes / GB),
        "disk": ceil(asked.disk_bytes / GB),
    }
    return found if clock is None else {**found, "walltime": max(1, ceil(clock / 60))}


def _task(task: Task) -> Document:
    shown: Document = {"image": "" if task.image is None else task.image.name, "runtime": RUNTIME}
    return {**shown, "cmd": shlex.join(task.command)} if task.command else shown
