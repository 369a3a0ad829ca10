"""What this room shows of workflows. Times in seconds since the epoch, UTC."""

from enum import StrEnum
from typing import Any, Final

from services.compute.dialects.native.sweeps import sweep_view
from services.compute.dialects.native.views import reason_view, shown_time, spec_view
from services.compute.domain.workflow import NewWorkflow, Step, StepState, Workflow, WorkflowState

PREFIX: Final = "/tidegate/v1/workflows"
Document = dict[str, Any]


class StepWord(StrEnum):
    """How a step stands, out of its numbers."""

    WAITING = "waiting"  # for steps before it, or for room
    RUNNING = "running"  # some of its jobs are under way, or still to be made after others
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # some of its jobs did not end well
    CANCELLED = "cancelled"  # its workflow was stopped before all was done
    SKIPPED = "skipped"  # a step before it did not go well


def receipt_view(workflow: Workflow) -> Document:
    """What a submit answers: nothing in it changes later, so that a replay gives the same."""
    return {
        "id": workflow.id,
        "uid": workflow.uid,
        "name": workflow.name,
        "jobs": workflow.progress.total,
        "submitted_at": shown_time(workflow.submitted_at),
        "url": f"{PREFIX}/{workflow.uid}",
    }


def summary_view(workflow: Workflow) -> Document:
    progress = workflow.progress
    return {
        "id": workflow.id,
        "uid": workflow.uid,
        "name": workflow.name,
        "labels": dict(workflow.labels),
        "owner": workflow.owner,
        "dialect": workflow.dialect,
        "state": workflow.state.value,
        "reason": reason_view(workflow.reason),
        "jobs": {
            "total": progress.total,
            "succeeded": progress.done,
            "failed": progress.failed,
            "unfinished": progress.queued,
            "waiting": progress.waiting,
        },
        "submitted_at": shown_time(workflow.submitted_at),
        "started_at": shown_time(workflow.started_at),
        "finished_at": shown_time(workflow.finished_at),
        "expires_at": shown_time(workflow.expires_at),
        "rerun_of": workflow.rerun_of,
        "url": f"{PREFIX}/{workflow.uid}",
    }


def workflow_view(workflow: Workflow) -> Document:
    return {
        **summary_view(workflow),
        "steps": [step_view(step, workflow.state) for step in workflow.steps],
        "links": {"jobs": f"{PREFIX}/{workflow.uid}/jobs"},
    }


def step_view(step: StepState, of: WorkflowState) -> Document:
    return {
        "name": step.name,
        "after": list(step.after),
        "is_swept": step.is_swept,
        "state": word_of(step, of).value,
        "jobs": {
            "total": step.count,
            "succeeded": step.succeeded,
            "failed": step.failed,
            "unfinished": step.queued,
            "waiting": step.waiting,
            "kept": step.kept,
        },
    }


def word_of(step: StepState, of: WorkflowState) -> StepWord:
    if step.is_done:
        return StepWord.SUCCEEDED
    if of is WorkflowState.CANCELLED:
        return StepWord.CANCELLED
    if step.queued:
        return StepWord.RUNNING
    if of is WorkflowState.FAILED:
        return StepWord.FAILED if step.failed else StepWord.SKIPPED
    if step.made > step.kept:
        return StepWord.RUNNING if step.waiting else StepWord.FAILED
    return StepWord.WAITING


def checked_view(new: NewWorkflow) -> Document:
    """What would be taken."""
    return {
        "name": new.name,
        "labels": dict(new.labels),
        "jobs": sum(step.count for step in new.steps),
        "steps": [_checked_step(step) for step in new.steps],
    }


def _checked_step(step: Step) -> Document:
    shown = {"name": step.name, "after": list(step.after), "labels": dict(step.labels), "jobs": step.count}
    swept = {} if step.sweep is None else {"sweep": sweep_view(step.sweep)}
    return {**shown, **swept, "spec": spec_view(step.spec)}
