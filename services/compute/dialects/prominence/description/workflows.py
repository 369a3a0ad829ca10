"""A whole workflow as it was described (contract 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.prominence.description.factories import read_factories
from services.compute.dialects.prominence.description.jobs import AskedJob, read_job
from services.compute.dialects.prominence.description.names import read_labels, read_name
from services.compute.dialects.prominence.description.policies import (
    Policies,
    read_notices,
    read_workflow_policies,
)
from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.dialects.prominence.description.values import known_only
from services.compute.domain.notices import Notice
from services.compute.domain.spec_json import pointer
from services.compute.domain.sweep import Sweep
from services.compute.domain.workflow import MAX_JOBS, MAX_STEPS, cycle

MEMBERS: Final = (
    "name",
    "labels",
    "jobs",
    "dependencies",
    "factories",
    "factory",
    "policies",
    "notifications",
)
READ_ONLY: Final = frozenset({"statusReason"})
WORKFLOW_EVENT: Final = "workflowFinished"
_SHOWN_CYCLE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWorkflow:
    """`after`: the jobs before each, by name; `sweeps` of those that a factory names."""

    document: Mapping[str, Any]
    name: str
    labels: Mapping[str, str]
    jobs: tuple[AskedJob, ...]
    after: Mapping[str, tuple[str, ...]]
    sweeps: Mapping[str, Sweep]
    policies: Policies
    notices: tuple[Notice, ...]


def read_workflow(given: Any, notes: Notes) -> AskedWorkflow | None:
    if type(given) is not dict:
        notes.add("", "a workflow must be described by a JSON object")
        return None
    document = {name: value for name, value in given.items() if name not in READ_ONLY and value is not None}
    known_only(document, MEMBERS, "", "in workflow description", notes)
    jobs = _jobs(document, notes)
    names = [job.name for job in jobs if job.name]
    sweeps = read_factories(document, names, notes)
    _clashes(names, sweeps, notes)
    if sum(sweeps[name].count if name in sweeps else 1 for name in names) > MAX_JOBS:
        notes.add("", f"a workflow must not have more than {MAX_JOBS} jobs")
    return AskedWorkflow(
        document=document,
        name=read_name(document, "", "workflow", notes),
        labels=read_labels(document, "", notes),
        jobs=jobs,
        after=_after(document, names, notes),
        sweeps=sweeps,
        policies=read_workflow_policies(document, notes),
        notices=read_notices(document, "", WORKFLOW_EVENT, notes),
    )


def _jobs(document: Mapping[str, Any], notes: Notes) -> tuple[AskedJob, ...]:
    given = document.get("jobs")
    if given is None or given == []:
        notes.add("", "a workflow must contain jobs")
        return ()
    if type(given) is not list:
        notes.add("/jobs", "an array of jobs must be provided")
        return ()
    if len(given) > MAX_STEPS:
        notes.add("/jobs", f"a workflow must not describe more than {MAX_STEPS} jobs")
        return ()
    jobs = [read_job(entry, pointer("/jobs", number), notes) for number, entry in enumerate(given)]
    found = [job for job in jobs if job is not None]
    seen: set[str] = set()
    for job in found:
        if "name" not in job.document:
            notes.add(job.path, "all jobs must have names")
        elif job.document["name"] == "":
            notes.add(f"{job.path}/name", "names of jobs in workflows cannot be empty")
        elif job.name in seen:
            notes.add(
                f"{job.path}/name",
                f"all jobs must have unique names: {quoted(job.name)} is used more than once",
            )
        if job.name:
            seen.add(job.name)
    return tuple(found)


def _clashes(names: Sequence[str], sweeps: Mapping[str, Sweep], notes: Notes) -> None:
    """`a/1` is the second instance of a factory's job `a`, and can be no other job."""
    for name in names:
        before, _, last = name.rpartition("/")
        if before in sweeps and last.isdigit():
            notes.add("/jobs", f"job {quoted(name)} has the name of an instance of job {quoted(before)}")


def _after(document: Mapping[str, Any], names: Sequence[str], notes: Notes) -> dict[str, tuple[str, ...]]:
    given = document.get("dependencies")
    if given is None:
        return {}
    if type(given) is not dict:
        notes.add("/dependencies", "dependencies must be a dict")
        return {}
    parents: dict[str, dict[str, None]] = {name: {} for name in names}
    for parent, children in given.items():
        here = pointer("/dependencies", parent[:64])
        if parent not in parents:
            notes.add(here, f"parent job {quoted(parent)} is not actually defined")
        if type(children) is not list:
            notes.add(here, "children of parent job must be in the form of a list")
            continue
        for child in children:
            if type(child) is not str or child not in parents:
                notes.add(here, f"child job {quoted(child)} is not actually defined")
            elif parent in parents:
                parents[child][parent] = None
    after = {name: tuple(before) for name, before in parents.items()}
    if found := cycle(after):
        shown = [*found[:_SHOWN_CYCLE], "…"] if len(found) > _SHOWN_CYCLE else found
        notes.add("/dependencies", f"jobs wait for each other in a circle: {' -> '.join(shown)}")
    return after
