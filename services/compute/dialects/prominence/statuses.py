"""The room's words for states and reasons (contract 4.1 to 4.3)."""

from collections.abc import Mapping
from typing import Final

from services.compute.domain.job import Job
from services.compute.domain.reasons import Reason
from services.compute.domain.states import ACTIVE, FINAL, WAITING, State
from services.compute.domain.workflow import FINAL_WORKFLOW, STOPPED_WITH_IT, Workflow, WorkflowState

PENDING, RUNNING, COMPLETED = "pending", "running", "completed"
FAILED, DELETED, KILLED = "failed", "deleted", "killed"
BY_USER: Final = "Job deleted by user"
WITH_WORKFLOW: Final = "Job part of a workflow which was deleted by user"
WORKFLOW_BY_USER: Final = "Workflow deleted by user"

STATUS: Final[Mapping[State, str]] = {
    **dict.fromkeys(WAITING, PENDING),
    **dict.fromkeys(ACTIVE, RUNNING),
    State.SUCCEEDED: COMPLETED,
    State.FAILED: FAILED,
    State.CANCELLED: DELETED,
}
LIMITS: Final = frozenset({"run_timeout", "memory_limit"})  # whom they end was killed

# What a caller may list by: the first two are what the command lines call them.
LISTED: Final[Mapping[str, frozenset[State]]] = {"idle": WAITING, "running": ACTIVE, "pending": WAITING}
ENDED: Final = FINAL
UNFINISHED: Final = WAITING | ACTIVE

WORKFLOW_STATUS: Final[Mapping[WorkflowState, str]] = {
    WorkflowState.PENDING: PENDING,
    WorkflowState.RUNNING: RUNNING,
    WorkflowState.SUCCEEDED: COMPLETED,
    WorkflowState.FAILED: FAILED,
    WorkflowState.CANCELLED: DELETED,
}
LISTED_WORKFLOWS: Final[Mapping[str, frozenset[WorkflowState]]] = {
    "idle": frozenset({WorkflowState.PENDING}),
    "running": frozenset({WorkflowState.RUNNING}),
    "pending": frozenset({WorkflowState.PENDING}),
}
ENDED_WORKFLOWS: Final = FINAL_WORKFLOW
UNFINISHED_WORKFLOWS: Final = frozenset(WorkflowState) - FINAL_WORKFLOW

_DOWNLOAD, _PULL = "Artifact download failed", "Container image pull failed"
_STORE = "Unable to stageout output to object storage"
_EXIT = "Executable exited with a non-zero exit code"
# The texts that clients know (contract 4.2). What is not here is told in the reason's own sentence.
TEXTS: Final[Mapping[str, str]] = {
    "waiting_for_place": "",
    "queue_timeout": "Maximum time queued was exceeded",
    "input_unavailable": _DOWNLOAD,
    "input_refused": _DOWNLOAD,
    "input_too_large": _DOWNLOAD,
    "input_mismatch": _DOWNLOAD,
    "stage_in_timeout": _DOWNLOAD,
    "input_not_unpacked": "Artifact uncompress failed",
    "image_not_found": _PULL,
    "image_refused": _PULL,
    "image_mismatch": _PULL,
    "pull_failed": _PULL,
    "pull_timeout": _PULL,
    "command_not_found": "Unable to execute task(s)",
    "engine_failed": "Unable to execute task(s)",
    "command_failed": _EXIT,
    "killed_by_signal": _EXIT,
    "memory_limit": "Job used too much memory",
    "run_timeout": "Walltime limit exceeded",
    "resources_refused": "No matching resources",
    "engine_lost": "Infrastructure failed before job completed",
    "output_missing": "Stageout failed due to no such file or directory",
    "output_too_large": _STORE,
    "output_refused": _STORE,
    "publish_failed": _STORE,
    "publish_timeout": _STORE,
    "jobs_failed": "One or more jobs failed",
}


def status_of(job: Job) -> str:
    if job.state is State.FAILED and job.reason is not None and job.reason.code in LIMITS:
        return KILLED
    return STATUS[job.state]


def status_reason(job: Job) -> str:
    """Empty when there is none to tell."""
    if job.state is State.CANCELLED:
        is_with = job.reason is not None and job.reason.sentence == STOPPED_WITH_IT
        return WITH_WORKFLOW if is_with else BY_USER
    return _text(job.reason)


def workflow_status(workflow: Workflow) -> str:
    return WORKFLOW_STATUS[workflow.state]


def workflow_reason(workflow: Workflow) -> str:
    return WORKFLOW_BY_USER if workflow.state is WorkflowState.CANCELLED else _text(workflow.reason)


def _text(reason: Reason | None) -> str:
    return "" if reason is None else TEXTS.get(reason.code, reason.sentence)
