"""What this room shows of jobs and workflows (contract 4.4). What is not there is left out, never null."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from services.compute.dialects.prominence.execution import execution_of
from services.compute.dialects.prominence.kept import Link, all_outputs, outputs_of
from services.compute.dialects.prominence.plain import described
from services.compute.dialects.prominence.statuses import (
    status_of,
    status_reason,
    workflow_reason,
    workflow_status,
)
from services.compute.domain.errands import Errand
from services.compute.domain.job import Event, Job, Run, StoredFile
from services.compute.domain.spec import Input, Source
from services.compute.domain.workflow import Step, Workflow

Document = dict[str, Any]
FACTS: Final = "prominence"  # under which a job's facts have its description
_MEMBERS: Final = ("resources", "labels", "policies", "notifications", "artifacts", "storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What hangs on one job. `link` makes the URL of a kept output."""

    runs: Sequence[Run]
    events: Sequence[Event]
    files: Sequence[StoredFile]
    commands: Sequence[Errand]
    link: Link


def description_of(facts: Mapping[str, Any]) -> Document | None:
    """As it was submitted here; None for jobs and workflows of other windows."""
    found = facts.get(FACTS)
    return found if isinstance(found, dict) else None


def summary_view(job: Job) -> Document:
    return _summary(job, _asked(job))


def detailed_view(job: Job, details: Details) -> Document:
    own, asked = description_of(job.facts), _asked(job)
    shown = _summary(job, asked)
    shown |= {name: asked[name] for name in _MEMBERS if asked.get(name) is not None}
    if asked.get("inputs"):
        shown["inputs"] = _inputs(asked["inputs"], job.spec.inputs)
    if own is None:
        shown |= all_outputs(details.files, details.link)
    else:
        shown |= outputs_of(job, own, details.files, details.link)
    runs = [run for run in details.runs if run.attempt == job.attempt]
    execution = execution_of(job, runs, details.events, details.commands)
    return {**shown, "execution": execution} if execution else shown


def workflow_summary(workflow: Workflow) -> Document:
    progress = workflow.progress
    shown: Document = {
        "id": workflow.id,
        "name": workflow.name,
        "status": workflow_status(workflow),
        "events": _times(workflow),
        "progress": {
            "total": progress.total,
            "done": progress.done,
            "failed": progress.failed,
            "queued": progress.queued,
            "waiting": progress.waiting,
        },
    }
    reason = workflow_reason(workflow)
    return {**shown, "statusReason": reason} if reason else shown


def workflow_view(workflow: Workflow, steps: Sequence[Step]) -> Document:
    asked = description_of(workflow.facts) or {}
    return {**asked, "jobs": [_step(step) for step in steps], **workflow_summary(workflow)}


def _step(step: Step) -> Document:
    own = description_of(step.facts)
    if own is None:
        return described(step.spec, step.name, step.labels)
    return {**own, "inputs": _inputs(own["inputs"], step.spec.inputs)} if own.get("inputs") else own


def _asked(job: Job) -> Document:
    own = description_of(job.facts)
    return described(job.spec, job.name, job.labels) if own is None else own


def _summary(job: Job, asked: Mapping[str, Any]) -> Document:
    shown: Document = {
        "id": job.id,
        "name": job.name,
        "status": status_of(job),
        "tasks": asked.get("tasks", []),
        "events": _times(job),
    }
    if reason := status_reason(job):
        shown["statusReason"] = reason
    if job.workflow is not None and job.workflow.instance is not None:
        shown["parameters"] = dict(job.workflow.parameters)
    return shown


def _times(of: Job | Workflow) -> Document:
    times = {"createTime": of.submitted_at, "startTime": of.started_at, "endTime": of.finished_at}
    return {name: int(at) for name, at in times.items() if at is not None}


def _inputs(asked: Sequence[Mapping[str, Any]], inputs: Sequence[Input]) -> list[Document]:
    """With their content, which the description leaves to the spec."""
    brought = {PurePosixPath(given.path).name: given for given in inputs if given.source is Source.INLINE}
    shown: list[Document] = []
    for entry in asked:
        given = brought.get(PurePosixPath(str(entry.get("filename", ""))).name)
        content = "" if given is None else _content(given)
        shown.append({**entry, "content": content})
    return shown


def _content(given: Input) -> str:
    return given.value if given.encoded else b64encode(given.value.encode()).decode()
