"""Jobs of a workflow by their place in it: `<job>`, or `<job>/<instance>` of one that is swept."""

from dataclasses import dataclass

from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import viewer
from services.compute.domain.errors import WorkflowNotFound
from services.compute.domain.job import Job
from services.compute.domain.workflow import StepState, Workflow

MAX_RERUNS = 100  # that are followed back to where a job was kept from
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class At:
    """`job` is None of a place that is there and has no job yet."""

    is_there: bool
    job: Job | None = None


def job_at(parts: ProminenceParts, workflow: Workflow, place: str) -> At:
    """A job that a rerun kept is looked for where it was run."""
    step = _step(workflow, place)
    if step is None:
        return At(is_there=False)
    for _ in range(MAX_RERUNS):
        job = parts.workflows.job(workflow.uid, viewer(), *step)
        if job is not None and job.deleted_at is None:
            return At(is_there=True, job=job)
        if workflow.rerun_of is None:
            break
        try:
            workflow = parts.workflows.find(workflow.rerun_of, viewer())
        except WorkflowNotFound:
            break
    return At(is_there=True)


def _step(workflow: Workflow, place: str) -> tuple[str, int | None] | None:
    """Names of steps may hold slashes: the whole place is looked for first."""
    steps: dict[str, StepState] = {step.name: step for step in workflow.steps}
    own = steps.get(place)
    if own is not None and not own.is_swept:
        return place, None
    name, _, number = place.rpartition("/")
    swept = steps.get(name)
    if swept is None or not swept.is_swept or not _is_instance(number):
        return None
    return (name, int(number)) if int(number) < swept.count else None


def _is_instance(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
